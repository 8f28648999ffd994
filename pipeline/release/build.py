"""Write the files of one release, in one pass over the run's shards and one over each range of hashes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.clustering.keys import document_keys
from pipeline.errors import RunError, UsageError
from pipeline.release.delta import MATCHES_SCHEMA, write_delta
from pipeline.release.files import FilesWriter, regroup
from pipeline.release.finished import FinishedRun, Place, ShardTables, ledger_counts, read_shards
from pipeline.release.index import ReleaseIndex
from pipeline.release.layout import (
    ENTRIES,
    ENTRIES_A_GROUP,
    HASHES_A_GROUP,
    IDS,
    IDS_SCHEMA,
    KEYS,
    KEYS_SCHEMA,
    entries_schema,
    id_hashes,
    range_of,
    sort_by_hash,
)
from pipeline.release.manifest import RELEASES, Release
from pipeline.release.spill import Spill, ranges_for
from pipeline.schema import IDENTITIES

SHOWN_IDS = 5
# Sorted numbers are stored as differences: shorter than what a compressor makes of them, and quicker to read.
KEYS_OPTIONS = {
    "compression": "none",
    "use_dictionary": False,
    "column_encoding": {"key": "DELTA_BINARY_PACKED", "entry": "DELTA_BINARY_PACKED"},
    "write_statistics": ["key"],
}
IDS_OPTIONS = {
    "compression": "none",
    "use_dictionary": False,
    "column_encoding": {"high": "DELTA_BINARY_PACKED", "low": "PLAIN", "entry": "DELTA_BINARY_PACKED"},
    "write_statistics": ["high"],
}
ENTRIES_OPTIONS = {"compression": "zstd", "use_dictionary": ["dump", "language"], "write_statistics": False}


@dataclass(frozen=True)
class Collected:
    """What one pass over the shards puts aside, and how it counted their documents."""

    keys: Spill
    ids: Spill
    matches: Spill
    counts: Counter[Place] = field(default_factory=Counter)


def build_release(run: FinishedRun, index: ReleaseIndex, name: str, date: str | None) -> Release:
    """Write all files of a release into its folder; what the manifest says of it.

    Raises UsageError where ids are released already, or documents are copies of themselves; LedgerError where counts
    differ from the run's own.
    """
    writer = FilesWriter(index.folder, f"{RELEASES}/{name}")
    work = f"{writer.place}/work"
    ledger = ledger_counts(run.folder)
    kept = ledger["kept", "kept"]
    keys_a_document = run.settings.bands + len(run.settings.exact)
    collected = Collected(
        Spill(index.folder, f"{work}/keys", KEYS_SCHEMA, ranges_for(kept * keys_a_document)),
        Spill(index.folder, f"{work}/ids", IDS_SCHEMA.append(pa.field("id", pa.string())), ranges_for(kept)),
        Spill(index.folder, f"{work}/matches", MATCHES_SCHEMA, ranges_for(ledger.total())),
    )
    write_entries(writer, run, collected)
    keys = write_keys(writer, collected.keys)
    write_ids(writer, collected.ids, index)
    delta = write_delta(writer, index, collected.matches, ledger, collected.counts)
    index.folder.remove(work)
    return Release(
        name=name,
        date=date,
        documents=collected.counts["kept", "kept"],
        keys=keys,
        grown=delta.grown,
        run=run.fingerprint,
        versions=run.versions,
        files=writer.files,
        removals=delta.removals,
    )


def write_entries(writer: FilesWriter, run: FinishedRun, collected: Collected) -> None:
    """Write entries.parquet in the order of shards and rows, and put aside what needs another order."""
    schema = entries_schema(run.settings.size)
    with writer.parquet(ENTRIES, schema, **ENTRIES_OPTIONS) as file:
        for table in regroup(_entries(run, schema, collected), ENTRIES_A_GROUP):
            file.write_table(table, row_group_size=ENTRIES_A_GROUP)


def _entries(run: FinishedRun, schema: pa.Schema, collected: Collected) -> Iterator[pa.Table]:
    first = 0
    for shard in read_shards(run):
        collected.counts.update(shard.outcomes)
        table = _shard_entries(shard, schema, first)
        first += table.num_rows
        _collect_keys(shard.signatures.filter(shard.keep), table, run, collected.keys)
        _collect_ids(table, collected.ids)
        _collect_matches(shard, run, collected.matches)
        yield table


def _shard_entries(shard: ShardTables, schema: pa.Schema, first: int) -> pa.Table:
    """The kept documents of a shard as entries from number `first` on."""
    documents, signatures, clusters = (
        table.filter(shard.keep) for table in (shard.documents, shard.signatures, shard.clusters)
    )
    columns = {name: documents.column(name) for name in ("id", "url", "dump", "language")}
    columns["entry"] = pa.array(np.arange(first, first + documents.num_rows))
    columns["cluster_id"] = clusters.column("minhash_cluster_id")
    columns["cluster_size"] = clusters.column("minhash_cluster_size")
    columns |= {name: signatures.column(name) for name in ("signature", *IDENTITIES.names)}
    return pa.table({name: columns[name] for name in schema.names}).cast(schema)


def _collect_keys(signatures: pa.Table, entries: pa.Table, run: FinishedRun, spill: Spill) -> None:
    keys, exists = document_keys(signatures, run.settings)
    rows, _ = np.nonzero(exists)
    found = keys[exists]
    spill.add(
        pa.table({"key": found, "entry": entries.column("entry").to_numpy()[rows]}), range_of(found, spill.ranges)
    )


def _collect_ids(entries: pa.Table, spill: Spill) -> None:
    high, low = id_hashes(entries.column("id").to_pylist())
    table = pa.table({"high": high, "low": low, "entry": entries.column("entry"), "id": entries.column("id")})
    spill.add(table, range_of(high, spill.ranges))


def _collect_matches(shard: ShardTables, run: FinishedRun, spill: Spill) -> None:
    """Put aside the documents whose cluster has a released one.

    Raises RunError where the run keeps one of them, UsageError where a document is a copy of itself.
    """
    _check_not_itself(shard, run)
    matched = shard.clusters.column("released_id").is_valid()
    clusters, languages = shard.clusters.filter(matched), shard.documents.column("language").filter(matched)
    outcomes = [outcome for (outcome, _), known in zip(shard.outcomes, matched.to_pylist(), strict=True) if known]
    if "kept" in outcomes:
        raise RunError(f"{run.folder.url}: decisions/ keeps a document of which a copy is released; run it again")
    high, low = id_hashes(clusters.column("released_id").to_pylist())
    columns = {
        "high": high,
        "low": low,
        "released_id": clusters.column("released_id"),
        "id": clusters.column("id"),
        "language": languages,
        "duplicate": pa.array([outcome == "duplicate" for outcome in outcomes], pa.bool_()),
        "kind": clusters.column("released_kind"),
        "similarity": clusters.column("minhash_similarity"),
    }
    spill.add(pa.table(columns), range_of(high, spill.ranges))


def _check_not_itself(shard: ShardTables, run: FinishedRun) -> None:
    """Raise UsageError where a document is recorded as a copy of itself: then it was released before the run."""
    same = pc.equal(shard.clusters.column("released_id"), shard.clusters.column("id"))
    ids = shard.clusters.filter(same).column("id").to_pylist()
    if ids:
        raise UsageError(
            f"{run.folder.url}: the run was compared with an index that holds this run's own release, or the same "
            f"documents from a release of the same files: {', '.join(ids[:SHOWN_IDS])} would be copies of themselves; "
            "use another output folder for each run, and inputs that are not released"
        )


def write_keys(writer: FilesWriter, spill: Spill) -> int:
    """Write keys.parquet, sorted by key and entry; how many there are."""
    count = 0
    with writer.parquet(KEYS, KEYS_SCHEMA, **KEYS_OPTIONS) as file:
        for table in spill.read():
            order = np.lexsort((table.column("entry").to_numpy(), table.column("key").to_numpy()))
            count += len(order)
            if len(order):
                file.write_table(table.take(pa.array(order)), row_group_size=HASHES_A_GROUP)
    return count


def write_ids(writer: FilesWriter, spill: Spill, index: ReleaseIndex) -> None:
    """Write ids.parquet, sorted by hash. Raises UsageError, which names some, for ids that are released already."""
    known: list[str] = []
    with writer.parquet(IDS, IDS_SCHEMA, **IDS_OPTIONS) as file:
        for number, unsorted in enumerate(spill.read()):
            table, first = sort_by_hash(unsorted)
            high, low = (table.column(name).to_numpy() for name in ("high", "low"))
            released = index.find(high, low, number, spill.ranges) >= 0
            known += table.filter(pa.array(released | ~first)).column("id").to_pylist()
            if table.num_rows:
                file.write_table(table.select(IDS_SCHEMA.names), row_group_size=HASHES_A_GROUP)
    if known:
        more = f" and {len(known) - SHOWN_IDS} more" if len(known) > SHOWN_IDS else ""
        raise UsageError(
            f"{index.folder.url}: ids that are released already, or that two kept documents share: "
            f"{', '.join(sorted(known)[:SHOWN_IDS])}{more}; is a file of an earlier release, or one file twice, among "
            "the inputs?"
        )
