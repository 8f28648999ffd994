"""A finished run, as far as a release needs it: its documents shard by shard, and what it counted."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from configs.model import Deduplication
from pipeline.clustering.keys import content_digest
from pipeline.errors import OutputError, ShardError, UsageError
from pipeline.ledger import NAME as LEDGER_NAME
from pipeline.ledger import outcome_of
from pipeline.plan import NAME as RUN_NAME
from pipeline.plan import read_plan
from pipeline.run import is_done
from pipeline.schema import KEY
from pipeline.shards import COMMITS, check_same_documents, read_table
from pipeline.storage import Folder

DOCUMENT_COLUMNS = (KEY.name, "id", "url", "dump", "language")
REASONS = ("reject_reasons", "duplicate_kind")
# Outcome and reason, as the ledger counts them.
Place = tuple[str, str]


@dataclass(frozen=True)
class FinishedRun:
    """A run all of whose shards are decided.

    `index` is what run.json says of the index that the run was deduplicated against: its digest, null where there was
    none, and what made the run's keys comparable.
    """

    folder: Folder
    settings: Deduplication
    shards: tuple[str, ...]
    index: Mapping[str, Any]
    fingerprint: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class ShardTables:
    """A shard's tables, row by row of the same documents, and each document's outcome with its reason."""

    documents: pa.Table
    signatures: pa.Table
    clusters: pa.Table
    keep: pa.ChunkedArray
    outcomes: list[Place]


def read_finished(output: str) -> FinishedRun:
    """The run in a folder. Raises UsageError where it is not finished, or released several copies of a document."""
    plan = read_plan(output)
    folder = plan.job.folder
    settings = plan.job.configuration.settings.deduplication
    if not folder.exists(LEDGER_NAME) or not is_done(plan):
        raise UsageError(f"{output}: the run is not finished; `glotmill run CONFIG -o {output}` continues it")
    if not settings.remove:
        raise UsageError(f"{output}: the run kept copies (deduplication.remove: false); only one of each is released")
    facts = folder.read_json(RUN_NAME).get("index")
    if facts is None:
        raise OutputError(f"{output}: its run.json says nothing of an index; run it again with this version")
    fingerprint = plan.job.fingerprints.cluster
    names = tuple(sorted(split.name for split in plan.splits))
    return FinishedRun(folder, settings, names, facts, fingerprint, plan.facts["versions"])


def read_shards(run: FinishedRun) -> Iterator[ShardTables]:
    """The run's shards in name order.

    Raises ShardError where files of a shard are not of the same documents, or signatures not those of the run.
    """
    for shard in run.shards:
        documents = read_table(run.folder, f"documents/{shard}.parquet", DOCUMENT_COLUMNS)
        signatures = read_table(run.folder, f"signatures/{shard}.parquet")
        clusters = read_table(run.folder, f"clusters/{shard}.parquet")
        decisions = read_table(run.folder, f"decisions/{shard}.parquet", [KEY.name, "keep", *REASONS])
        for other, place in ((signatures, "signatures/"), (clusters, "clusters/"), (decisions, "decisions/")):
            check_same_documents(shard, documents, other, f"{place}{shard}.parquet")
        _check_content(run.folder, shard, signatures)
        outcomes = list(map(outcome_of, *(decisions.column(name).to_pylist() for name in REASONS)))
        yield ShardTables(documents, signatures, clusters, decisions.column("keep"), outcomes)


def _check_content(folder: Folder, shard: str, signatures: pa.Table) -> None:
    """Raise ShardError where signatures are not those that were committed: clusters were made of others."""
    facts = folder.read_json(f"{COMMITS}/documents/{shard}.json")
    if facts is None or facts.get("content") != content_digest(signatures):
        raise ShardError(
            f"{folder.path(f'signatures/{shard}.parquet')}: not the signatures that the run made; "
            "remove it and run again to make it anew"
        )


def ledger_counts(folder: Folder) -> Counter[Place]:
    """Records of a run by outcome and reason."""
    counts: Counter[Place] = Counter()
    for row in read_table(folder, LEDGER_NAME, ["outcome", "reason", "records"]).to_pylist():
        counts[row["outcome"], row["reason"]] += row["records"]
    return counts
