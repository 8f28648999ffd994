"""What a release changes: documents added, copies of released ones left out, clusters that grew, removals."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.deciding.decide import DUPLICATE
from pipeline.errors import LedgerError, RunError
from pipeline.release.files import FilesWriter
from pipeline.release.finished import Place
from pipeline.release.index import ReleaseIndex
from pipeline.release.layout import (
    DELTA,
    DELTA_SCHEMA,
    ENTRIES,
    ENTRIES_A_GROUP,
    GROWTH,
    GROWTH_SCHEMA,
    TOTALS,
    Int64Array,
    sort_by_hash,
)
from pipeline.release.removal import pending_removals
from pipeline.release.spill import Spill

# Documents whose cluster has a released one, found by the hash of its id.
MATCHES_SCHEMA = pa.schema(
    [
        ("high", pa.uint64()),
        ("low", pa.uint64()),
        ("released_id", pa.string()),
        ("id", pa.string()),
        ("language", pa.string()),
        ("duplicate", pa.bool_()),
        ("kind", pa.string()),
        ("similarity", pa.float32()),
    ]
)
RESOLVED_SCHEMA = MATCHES_SCHEMA.append(pa.field("entry", pa.int64()))
DOCUMENT_OUTCOMES = frozenset({"kept", DUPLICATE, "rejected"})


@dataclass(frozen=True)
class Delta:
    """Rows of growth.parquet, and the lists of removals that the delta manifest reports."""

    grown: int
    removals: tuple[str, ...]


def write_delta(
    writer: FilesWriter, index: ReleaseIndex, matches: Spill, ledger: Counter[Place], counts: Counter[Place]
) -> Delta:
    """Write growth.parquet, delta.parquet and delta.json.

    Raises LedgerError where the documents of decisions/ are not those that the ledger counts.
    """
    resolved = resolve(index, matches, f"{writer.place}/work/resolved")
    removed = pending_removals(index)
    found: Counter[tuple[str, str]] = Counter()
    grown, documents = 0, 0
    with (
        writer.parquet(GROWTH, GROWTH_SCHEMA, compression="zstd") as growth_file,
        writer.parquet(DELTA, DELTA_SCHEMA, compression="zstd") as delta_file,
    ):
        for table in writer.groups(ENTRIES, ["id", "language", "cluster_id"]):
            delta_file.write_table(delta_rows("added", _columns(table), table.num_rows))
        for unsorted in resolved.read():
            rows = unsorted.sort_by([("entry", "ascending"), ("id", "ascending")])
            for growth in growth_of(rows.column("entry").to_numpy(), index):
                growth_file.write_table(growth)
                grown += growth.num_rows
                documents += pc.sum(growth.column("documents")).as_py()
            duplicates = duplicates_of(rows.filter(rows.column("duplicate")), index)
            found.update(zip(*(duplicates.column(name).to_pylist() for name in ("release", "kind")), strict=True))
            delta_file.write_table(duplicates)
        delta_file.write_table(delta_rows("removed", _columns(removed.rows), removed.rows.num_rows))
    totals = totals_of(ledger, counts, found)
    clusters = {"grown": grown, "documents": documents}
    writer.json(TOTALS, {"before": index.digest, **totals, "clusters": clusters, "removed": removed.rows.num_rows})
    return Delta(grown, removed.files)


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {name: table.column(name) for name in table.column_names if name in DELTA_SCHEMA.names}


def resolve(index: ReleaseIndex, matches: Spill, place: str) -> Spill:
    """The matches with the numbers of their entries, put aside by ranges of those.

    Raises RunError, with an id, where the index has no such document.
    """
    ranges = min(1 << (max(index.count // ENTRIES_A_GROUP, 1) - 1).bit_length(), 4096)
    resolved = Spill(index.folder, place, RESOLVED_SCHEMA, ranges)
    for number, unsorted in enumerate(matches.read()):
        table, first = sort_by_hash(unsorted)
        high, low = (table.column(name).to_numpy()[first] for name in ("high", "low"))
        entry = index.find(high, low, number, matches.ranges)[np.cumsum(first) - 1]
        if (entry < 0).any():
            missing = table.column("released_id")[int(np.argmin(entry))]
            raise RunError(f"{index.folder.url}: clusters/ names {missing} as released, and the index does not hold it")
        resolved.add(table.append_column("entry", pa.array(entry, pa.int64())), entry * ranges // max(index.count, 1))
    return resolved


def growth_of(entries: Int64Array, index: ReleaseIndex) -> Iterator[pa.Table]:
    """Rows of growth.parquet, a table per release, given the entry that each document is a copy of, ascending."""
    distinct, documents = np.unique(entries, return_counts=True)
    cluster_ids = index.take(distinct, ["cluster_id"]).column("cluster_id")
    releases = index.release_of(distinct)
    firsts = index.manifest.first_entries()
    for number in np.unique(releases).tolist():
        mine = np.flatnonzero(releases == number)
        columns = {
            "release": pa.array([index.manifest.releases[number].name] * len(mine), pa.string()),
            "entry": distinct[mine] - firsts[number],
            "cluster_id": cluster_ids.take(pa.array(mine)),
            "documents": documents[mine],
        }
        yield pa.table(columns, schema=GROWTH_SCHEMA)


def duplicates_of(rows: pa.Table, index: ReleaseIndex) -> pa.Table:
    """Rows of delta.parquet for documents that are left out for a released copy, in the order of entries."""
    distinct, place = np.unique(rows.column("entry").to_numpy(), return_inverse=True)
    cluster_ids = index.take(distinct, ["cluster_id"]).column("cluster_id")
    names = pa.array([release.name for release in index.manifest.releases], pa.string())
    columns = {
        "id": rows.column("id"),
        "language": rows.column("language"),
        "cluster_id": cluster_ids.take(pa.array(place)),
        "duplicate_of": rows.column("released_id"),
        "release": names.take(pa.array(index.release_of(rows.column("entry").to_numpy()))),
        "kind": rows.column("kind"),
        "similarity": rows.column("similarity"),
    }
    return delta_rows("duplicate", columns, rows.num_rows)


def delta_rows(change: str, columns: Mapping[str, Any], count: int) -> pa.Table:
    """Rows of delta.parquet; columns that are not given are null."""
    filled = dict(columns) | {"change": pa.array([change] * count, pa.string())}
    nothing = {field.name: pa.nulls(count, field.type) for field in DELTA_SCHEMA if field.name not in filled}
    return pa.table({name: (filled | nothing)[name] for name in DELTA_SCHEMA.names}).cast(DELTA_SCHEMA)


def totals_of(ledger: Counter[Place], counts: Counter[Place], released: Counter[tuple[str, str]]) -> dict[str, Any]:
    """The run's records by what became of them: their sum is that of the ledger.

    `released` counts the copies of released documents by release and kind. Raises LedgerError where decisions/ and
    the ledger differ.
    """
    documents = Counter({place: count for place, count in ledger.items() if place[0] in DOCUMENT_OUTCOMES})
    if +documents != +counts:
        (outcome, reason), count = min((documents - counts or counts - documents).items())
        raise LedgerError(
            f"decisions/ and ledger.parquet differ by {count:,} documents of {outcome} ({reason}); run it again"
        )
    of_released: dict[str, dict[str, int]] = {}
    for (release, kind), count in sorted(released.items()):
        of_released.setdefault(release, {})[kind] = count
    duplicates = sum(count for (outcome, _), count in ledger.items() if outcome == DUPLICATE)
    reasons = {
        outcome: {reason: count for (of, reason), count in sorted(ledger.items()) if of == outcome}
        for outcome in ("rejected", "skipped", "failed")
    }
    return {
        "records": ledger.total(),
        "added": ledger["kept", "kept"],
        "duplicates_of_releases": of_released,
        "duplicates_within_the_run": duplicates - released.total(),
        **reasons,
    }
