"""Finished runs as their folders, written without the pipeline: what they hold is known to the byte."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xxhash

from configs.model import Deduplication
from pipeline.clustering.keys import content_digest
from pipeline.ledger import NAME as LEDGER_NAME
from pipeline.ledger import outcome_of
from pipeline.release.comparable import comparable
from pipeline.release.finished import FinishedRun
from pipeline.schema import IDENTITIES, LEDGER
from pipeline.shards import COMMITS, write_table
from pipeline.signatures import signature_bytes, signature_type
from pipeline.storage import Folder

SETTINGS = Deduplication(bands=3, rows=2)


@dataclass(frozen=True)
class Page:
    """A document of a run; one without reasons is kept."""

    id: str
    language: str = "deu_Latn"
    dump: str | None = "CC-MAIN-2026-30"
    reasons: tuple[str, ...] = ()
    cluster: str | None = None
    size: int = 1
    released: str | None = None
    kind: str | None = None
    similarity: float | None = None
    empty: bool = False

    @property
    def key(self) -> bytes:
        return xxhash.xxh3_128_digest(f"key {self.id}".encode())

    @property
    def signature(self) -> np.ndarray | None:
        seed = xxhash.xxh3_64_intdigest(self.id.encode())
        return None if self.empty else np.random.default_rng(seed).integers(0, 2**32, SETTINGS.size, np.uint32)

    def identity(self, kind: str) -> bytes | None:
        return None if self.empty else xxhash.xxh3_128_digest(f"{kind} {self.id}".encode())

    @property
    def duplicate_kind(self) -> str | None:
        return (self.kind or "near") if "duplicate" in self.reasons else None


def documents_table(pages: Sequence[Page]) -> pa.Table:
    return pa.table(
        {
            "key": pa.array([page.key for page in pages], pa.binary(16)),
            "id": pa.array([page.id for page in pages], pa.string()),
            "url": pa.array([f"https://example.org/{page.id}" for page in pages], pa.string()),
            "dump": pa.array([page.dump for page in pages], pa.string()),
            "language": pa.array([page.language for page in pages], pa.string()),
            "text": pa.array(["…" for _ in pages], pa.string()),
        }
    )


def signatures_table(pages: Sequence[Page]) -> pa.Table:
    identities = {name: pa.array([page.identity(name) for page in pages], pa.binary(16)) for name in IDENTITIES.names}
    vectors = pa.array([signature_bytes(page.signature) for page in pages], signature_type(SETTINGS.size))
    return (
        documents_table(pages)
        .select(["key", "language", "dump"])
        .append_column("signature", vectors)
        .append_column("text_digest", identities["text_digest"])
        .append_column("payload_identity", identities["payload_identity"])
        .append_column("url_identity", identities["url_identity"])
    )


def clusters_table(pages: Sequence[Page]) -> pa.Table:
    return (
        documents_table(pages)
        .select(["key", "id"])
        .append_column("minhash_cluster_id", pa.array([page.cluster or page.id for page in pages], pa.string()))
        .append_column("minhash_cluster_size", pa.array([page.size for page in pages], pa.int64()))
        .append_column("minhash_similarity", pa.array([page.similarity for page in pages], pa.float32()))
        .append_column("released_id", pa.array([page.released for page in pages], pa.string()))
        .append_column("released_kind", pa.array([page.kind if page.released else None for page in pages], pa.string()))
    )


def decisions_table(pages: Sequence[Page]) -> pa.Table:
    return (
        documents_table(pages)
        .select(["key"])
        .append_column("keep", pa.array([not page.reasons for page in pages], pa.bool_()))
        .append_column("reject_reasons", pa.array([list(page.reasons) for page in pages], pa.list_(pa.string())))
        .append_column("duplicate_kind", pa.array([page.duplicate_kind for page in pages], pa.string()))
    )


def ledger_table(pages: Sequence[Page]) -> pa.Table:
    """The documents, and three records that became none."""
    counts = Counter(outcome_of(list(page.reasons), page.duplicate_kind) for page in pages)
    counts |= {("skipped", "not_html"): 2, ("failed", "undecodable"): 1}
    rows = [
        {"file": "a.warc.gz", "outcome": outcome, "reason": reason, "records": count}
        for (outcome, reason), count in counts.items()
    ]
    return pa.Table.from_pylist(rows, schema=LEDGER)


TABLES = {
    "documents": documents_table,
    "signatures": signatures_table,
    "clusters": clusters_table,
    "decisions": decisions_table,
}

MakeRun = Callable[..., FinishedRun]


@pytest.fixture
def page() -> type[Page]:
    return Page


@pytest.fixture
def signed() -> Callable[[Sequence[Page]], pa.Table]:
    """signatures/ of pages."""
    return signatures_table


@pytest.fixture
def make_run(tmp_path) -> MakeRun:
    """A finished run of shards (name: pages), compared with an index of this digest."""

    def make(
        name: str, shards: Mapping[str, Sequence[Page]], state: str | None = None, settings: Deduplication = SETTINGS
    ) -> FinishedRun:
        folder = Folder(str(tmp_path / name))
        for shard, pages in shards.items():
            for place, table in TABLES.items():
                write_table(folder, f"{place}/{shard}.parquet", table(pages))
            folder.write_json(f"{COMMITS}/documents/{shard}.json", {"content": content_digest(signatures_table(pages))})
        every = [page for pages in shards.values() for page in pages]
        write_table(folder, LEDGER_NAME, ledger_table(every))
        index: dict[str, Any] = {"url": "releases", "digest": state, "comparable": comparable(settings)}
        return FinishedRun(folder, settings, tuple(sorted(shards)), index, f"run {name}", {"glotmill": "1"})

    return make


@pytest.fixture
def folder(tmp_path) -> Folder:
    """The folder of an index that is not there yet."""
    return Folder(str(tmp_path / "index"))


@pytest.fixture
def many(page) -> Callable[[str, int], dict[str, list[Page]]]:
    """Shards of pages in several languages, some of which are rejected, and one of which is empty."""

    def make(prefix: str, count: int) -> dict[str, list[Page]]:
        languages = ("deu_Latn", "hin_Deva", "tha_Thai")
        pages = [
            Page(
                f"<{prefix}:{number}>",
                language=languages[number % 3],
                reasons=("gopher_word_count",) if number % 5 == 4 else (),
                empty=number == 2,
                size=1 + number % 4,
            )
            for number in range(count)
        ]
        pages.sort(key=lambda page: page.language)
        return {"000000": pages[: count // 3], "000001": [], "000002": pages[count // 3 :]}

    return make
