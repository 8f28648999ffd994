"""Is a text in a run, or nearly: where, how similar, and what became of the documents that are like it.

The text is compared with every document of every language, by the digest of its text and by its signature: one pass
over signatures/, shard by shard, whatever the size of the run. A text in another language than its label says
is found all the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from configs.configuration import Configuration
from configs.model import Deduplication
from dedup.exact import text_digest
from dedup.kernels import Uint32Array
from dedup.minhash import document_signature
from filters.text import Text
from langid.identify import identify
from langid.labels import split_label
from langid.models import load_model
from pipeline.clustering.keys import content_digest
from pipeline.errors import OutputError, UsageError
from pipeline.plan import Plan
from pipeline.schema import KEY
from pipeline.shards import COMMITS, open_parquet, read_commits, read_group, read_table
from pipeline.signatures import signature_matrix, signature_type
from pipeline.storage import Folder

STAGE = "documents"
DOCUMENT = ("id", "url", "title", "date", "language", "text_characters", "file_path", "offset", "length")
CLUSTER = ("minhash_cluster_id", "minhash_cluster_size")
DECISION = (*CLUSTER, "keep", "reject_reasons", "duplicate_of", "duplicate_kind")


@dataclass(frozen=True)
class Query:
    """A text to look for: its name, its language, and what it is compared by."""

    name: str
    language: str
    digest: bytes
    signature: Uint32Array


@dataclass(frozen=True, order=True)
class Place:
    """A document like a query; ordered the most similar first, then by what survives re-sharding."""

    order: tuple[bool, float, bytes]
    shard: str
    row: int

    @property
    def exact(self) -> bool:
        """Whether it has the very text."""
        return not self.order[0]

    @property
    def similarity(self) -> float:
        """Jaccard similarity of the shingles, estimated; 1 for the same text."""
        return -self.order[1]

    @property
    def key(self) -> bytes:
        """The document's key."""
        return self.order[2]


@dataclass
class Found:
    """The places most like a query, and how many there are that are similar enough."""

    count: int = 0
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True)
class Hit:
    """A document like a query: how similar it is, and its columns as far as the run has decided on them."""

    similarity: float
    exact: bool
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """What was found for a query: how many documents, and the most similar of them."""

    query: Query
    count: int
    hits: tuple[Hit, ...]


def make_query(name: str, text: str, configuration: Configuration, language: str | None = None) -> Query:
    """A text as the run would compare it; the language is the run's model's unless it is given.

    Raises UsageError for a text without words.
    """
    settings = configuration.settings
    if language is None:
        (found,) = identify([text], load_model(settings.identification.model), 1)
        language = found.language
    words = Text(text, language).words
    values = document_signature(text, words, split_label(language)[1], settings.deduplication)
    if values is None:
        raise UsageError(f"{name}: no words in it")
    return Query(name, language, text_digest(text), values)


def finished_shards(plan: Plan) -> list[str]:
    """The shards whose documents and signatures are there in full. Raises OutputError where none is."""
    folder = plan.job.folder
    wanted = {split.name: plan.job.fingerprints.documents(split) for split in plan.splits}
    shards = sorted(read_commits(folder, STAGE, wanted))
    if not shards and folder.names(f"{COMMITS}/{STAGE}"):
        raise OutputError(
            f"{folder.url}: the documents are of other settings than run.json says, or of another version of glotmill; "
            "`glotmill run` makes them anew"
        )
    if not shards:
        raise OutputError(f"{folder.url}: this run has no documents yet; `glotmill run` makes them")
    return shards


def look_up(plan: Plan, shards: Sequence[str], queries: Sequence[Query], top: int, minimum: float) -> list[Result]:
    """For each query the `top` most similar documents with a similarity of at least `minimum`, or the same text.

    Raises OutputError for signatures of other parameters and for files of different documents, ShardError for damaged
    ones.
    """
    folder, settings = plan.job.folder, plan.job.configuration.settings.deduplication
    found = [Found() for _ in queries]
    for shard in shards:
        compare(_signatures(folder, shard, settings), shard, queries, found, settings, top, minimum)
    places = sorted({(place.shard, place.row, place.key) for each in found for place in each.places})
    rows = dict(_rows(folder, places))
    return [
        Result(
            query,
            each.count,
            tuple(Hit(place.similarity, place.exact, rows[place.shard, place.row]) for place in each.places),
        )
        for query, each in zip(queries, found, strict=True)
    ]


def compare(
    table: pa.Table,
    shard: str,
    queries: Sequence[Query],
    found: Sequence[Found],
    settings: Deduplication,
    top: int,
    minimum: float,
) -> None:
    """Add the documents of a shard's signatures to what was found."""
    matrix, valid = signature_matrix(table, settings)
    for query, each in zip(queries, found, strict=True):
        similarity = np.count_nonzero(matrix == query.signature, axis=1) / settings.size * valid
        exact = _equal(table.column("text_digest"), query.digest)
        similarity[exact] = 1
        rows = np.flatnonzero(exact | (valid & (similarity >= minimum)))
        each.count += len(rows)
        keys = table.column(KEY.name).take(pa.array(rows)).to_pylist()
        places = (
            Place((not exact[row], -float(similarity[row]), key), shard, row)
            for row, key in zip(rows.tolist(), keys, strict=True)
        )
        each.places = sorted([*each.places, *places])[:top]


def _equal(digests: pa.ChunkedArray, digest: bytes) -> npt.NDArray[np.bool_]:
    equal = pc.equal(digests, pa.scalar(digest, digests.type)).fill_null(False)
    return np.asarray(equal.to_numpy(), np.bool_)


def _signatures(folder: Folder, shard: str, settings: Deduplication) -> pa.Table:
    """A shard's signatures, which are those that were committed, of the configured parameters."""
    name, remedy = f"signatures/{shard}.parquet", "run again to make them anew"
    table = read_table(folder, name)
    kind = table.schema.field("signature").type
    if kind != signature_type(settings.size):
        raise OutputError(
            f"{folder.path(name)}: signatures of type {kind}, and the run's configuration has "
            f"{settings.bands} × {settings.rows}; {remedy}"
        )
    if content_digest(table) != folder.read_json(f"{COMMITS}/documents/{shard}.json")["content"]:
        raise OutputError(f"{folder.path(name)}: changed since it was made; remove it and {remedy}")
    return table


def _rows(folder: Folder, places: Sequence[tuple[str, int, bytes]]) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
    """The columns of documents, as far as the run has come with them, by shard and row."""
    for shard in dict.fromkeys(shard for shard, _, _ in places):
        keys = {row: key for place, row, key in places if place == shard}
        rows = _read(folder, f"documents/{shard}.parquet", keys, DOCUMENT)
        for stage, columns in (("decisions", DECISION), ("clusters", CLUSTER)):
            name = f"{stage}/{shard}.parquet"
            if folder.exists(name):
                later = _read(folder, name, keys, columns)
                rows = {row: values | later[row] for row, values in rows.items()}
                break
        for row, values in rows.items():
            yield (shard, row), values


def _read(folder: Folder, name: str, keys: Mapping[int, bytes], columns: Iterable[str]) -> dict[int, dict[str, Any]]:
    """Some rows of a Parquet file, which must be those of the keys. Raises OutputError where they are others."""
    rows: dict[int, dict[str, Any]] = {}
    with open_parquet(folder, name) as file:
        first = 0
        for group in range(file.num_row_groups):
            end = first + file.metadata.row_group(group).num_rows
            wanted = [row for row in keys if first <= row < end]
            if wanted:
                table = read_group(file, group, (KEY.name, *columns))
                found = table.take(pa.array([row - first for row in wanted])).to_pylist()
                rows |= zip(wanted, found, strict=True)
            first = end
    if any(row not in rows or rows[row].pop(KEY.name) != key for row, key in keys.items()):
        raise OutputError(f"{folder.path(name)}: not the documents of signatures/; run again to make them anew")
    return rows
