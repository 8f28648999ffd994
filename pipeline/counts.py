"""Sums over a finished run's documents for its report and card: what each rule rejects, what personal data there is.

Only the columns that are counted are read, a row group or shard at a time.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.deciding.decide import DUPLICATE
from pipeline.shards import open_parquet, read_table
from pipeline.storage import Folder

# Of fewer documents the share that a rule rejects says little about a language.
LEAST_DOCUMENTS = 20
REJECTED = "dataset/rejected/"
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RuleCount:
    """What one rule is against: documents that fail it, that fail it first, and that fail nothing else."""

    name: str
    failed: int
    first: int
    alone: int
    hardest: tuple[tuple[str, float], ...]
    """Languages of which it is against the largest shares, with the shares (0-1); of enough documents only."""


@dataclass(frozen=True)
class SpanCount:
    """Spans of one kind of personal data, and the documents that have them, kept and rejected."""

    kind: str
    kept: int
    kept_documents: int
    rejected: int
    rejected_documents: int


def count_rules(folder: Folder, rules: Iterable[str], shown: int = 3) -> list[RuleCount]:
    """What each rule is against in decisions/, most documents first; rules that are against nothing come last."""
    failed: Counter[tuple[str, str]] = Counter()
    documents: Counter[str] = Counter()
    first: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for name in folder.names("decisions", ".parquet"):
        table = read_table(folder, name, ["language", "reject_reasons"]).combine_chunks()
        languages = table.column("language")
        documents.update(_value_counts(languages))
        reasons, rows, places = _flat(table.column("reject_reasons").combine_chunks())
        is_rule = pc.not_equal(reasons, DUPLICATE).to_numpy(zero_copy_only=False)
        failing = np.bincount(rows[is_rule], minlength=len(languages))
        failed.update(_pairs(languages.take(pa.array(rows)), reasons))
        first.update(_value_counts(reasons.filter(pa.array(places == 0))))
        alone.update(_value_counts(reasons.filter(pa.array(is_rule & (failing[rows] == 1)))))
    found = [
        RuleCount(
            name,
            sum(count for (_, rule), count in failed.items() if rule == name),
            first[name],
            alone[name],
            tuple(_hardest(name, failed, documents))[:shown],
        )
        for name in dict.fromkeys([*rules, *(rule for _, rule in failed if rule != DUPLICATE)])
    ]
    return sorted(found, key=lambda rule: (-rule.failed, rule.name))


def _hardest(rule: str, failed: Counter[tuple[str, str]], documents: Counter[str]) -> list[tuple[str, float]]:
    """The languages that a rule hits, by the share of their documents."""
    shares = [
        (language, count / documents[language])
        for (language, name), count in failed.items()
        if name == rule and documents[language] >= LEAST_DOCUMENTS
    ]
    return sorted(shares, key=lambda entry: (-entry[1], entry[0]))


def _flat(lists: pa.Array) -> tuple[pa.Array, Ints, Ints]:
    """The entries of lists in one row, the list that each is of, and its place there."""
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(lists)), lengths)
    starts = np.cumsum(lengths) - lengths
    return pc.list_flatten(lists), rows, np.arange(len(rows)) - starts[rows]


def _value_counts(values: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in values.value_counts().to_pylist()}


def _pairs(ones: pa.ChunkedArray, others: pa.Array) -> dict[tuple[str, str], int]:
    """How often each pair of values stands side by side."""
    table = pa.table({"one": ones, "other": others}).group_by(["one", "other"]).aggregate([([], "count_all")])
    return {(row["one"], row["other"]): row["count_all"] for row in table.to_pylist()}


def count_spans(folder: Folder) -> list[SpanCount]:
    """The spans of personal data in the dataset by kind; none where they were not looked for."""
    spans = {True: Counter[str](), False: Counter[str]()}
    documents = {True: Counter[str](), False: Counter[str]()}
    for name in folder.names("dataset", ".parquet"):
        kept = not name.startswith(REJECTED)
        for column in _batches(folder, name, "pii"):
            entries, rows, _ = _flat(column)
            of_kind = entries.field("kind")
            spans[kept].update(_value_counts(of_kind))
            distinct = pa.table({"row": rows, "kind": of_kind}).group_by(["row", "kind"]).aggregate([])
            documents[kept].update(_value_counts(distinct.column("kind")))
    kinds = sorted(spans[True].keys() | spans[False].keys(), key=lambda kind: (-spans[True][kind], kind))
    return [
        SpanCount(kind, spans[True][kind], documents[True][kind], spans[False][kind], documents[False][kind])
        for kind in kinds
    ]


def count_values(folder: Folder, column: str) -> list[tuple[str, int]]:
    """How many kept documents have each value of a column of strings, most first; nulls are left out."""
    counts: Counter[str] = Counter()
    for name in folder.names("dataset", ".parquet"):
        if not name.startswith(REJECTED):
            for values in _batches(folder, name, column):
                counts.update(_value_counts(values.drop_null()))
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _batches(folder: Folder, name: str, column: str) -> Iterator[pa.Array]:
    """A column of a file, a batch at a time; nothing where the file has no such column."""
    with open_parquet(folder, name) as file:
        if column in file.schema_arrow.names:
            for batch in file.iter_batches(columns=[column], use_threads=False):
                yield batch.column(0)
