"""Which documents a finished run would keep if other rules had judged them, without writing anything.

Of the clusters only those elect again of which a document fails or passes now as it did not before; signatures are read
only where their best copy fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from configs.configuration import Configuration
from pipeline.deciding.elect import elect_copies
from pipeline.deciding.judge import COMPARED
from pipeline.shards import Job, read_table

BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Judged:
    """The documents of a shard, row by row: whether they pass the rules and are kept, before and after."""

    shard: str
    order: npt.NDArray[np.uint64]
    languages: pa.ChunkedArray
    characters: Int64Array
    kept: BoolArray
    passed: BoolArray
    passes: BoolArray
    clustered: BoolArray


def kept_after(judged: Sequence[Judged], before: Configuration, after: Job) -> list[BoolArray]:
    """Which documents of each shard are kept after the change."""
    keep = [shard.passes.copy() for shard in judged]
    if not after.configuration.settings.deduplication.remove:
        return keep
    members = [_members(number, shard, keep[number], after) for number, shard in enumerate(judged)]
    found = pa.concat_tables(members) if members else None
    if found is None or not found.num_rows:
        return keep
    elected = _elect(found, judged, after, anew=not before.settings.deduplication.remove)
    shards, rows = found.column("shard").to_numpy(), found.column("row").to_numpy()
    for number, each in enumerate(keep):
        mine = shards == number
        each[rows[mine]] = elected[mine]
    return keep


def _members(number: int, shard: Judged, keep: BoolArray, after: Job) -> pa.Table:
    """The documents of a shard that stand for election; those whose copy was released before are not kept."""
    schema = pa.schema(
        [("shard", pa.int64()), ("row", pa.int64()), ("cluster", pa.binary(16)), ("rank", pa.int64())]
        + [(name, pa.bool_()) for name in ("passed", "passes", "kept")]
    )
    # A cluster that continues a released one has a size above one, too.
    if not shard.clustered.any():
        return schema.empty_table()
    table = read_table(after.folder, f"clusters/{shard.shard}.parquet", ["cluster", "rank", "released_id"])
    released = table.column("released_id").is_valid().to_numpy()
    keep[released] = False
    rows = np.flatnonzero(shard.clustered & ~released)
    found = table.take(pa.array(rows))
    columns = {
        "shard": np.full(len(rows), number),
        "row": rows,
        "cluster": found.column("cluster"),
        "rank": found.column("rank"),
        "passed": shard.passed[rows],
        "passes": shard.passes[rows],
        "kept": shard.kept[rows],
    }
    return pa.table(columns, schema=schema)


def _elect(members: pa.Table, judged: Sequence[Judged], after: Job, anew: bool) -> BoolArray:
    """Which members their clusters keep: the best copy where it passes, else what signatures say."""
    clusters = members.column("cluster").combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    rank, passes = members.column("rank").to_numpy(), members.column("passes").to_numpy(zero_copy_only=False)
    passed, kept = (members.column(name).to_numpy(zero_copy_only=False) for name in ("passed", "kept"))
    leader = np.full(int(clusters.max()) + 1, NEVER)
    np.minimum.at(leader, clusters[passes], rank[passes])
    touched = np.bincount(clusters, passed != passes, len(leader)) > 0
    keep = np.where(touched[clusters] | anew, passes & (rank == 0), kept)
    rows = np.flatnonzero(((touched | anew) & (leader > 0) & (leader < NEVER))[clusters])
    if len(rows):
        candidates = _candidates(members.take(pa.array(rows)), rows, judged, after)
        copies = elect_copies(candidates, after.configuration.settings.deduplication).column("node").to_numpy()
        keep[rows] = passes[rows]
        keep[copies] = False
    return np.asarray(keep, np.bool_)


def _candidates(members: pa.Table, nodes: Int64Array, judged: Sequence[Judged], after: Job) -> pa.Table:
    """Members with what they are compared by."""
    shards, rows = members.column("shard").to_numpy(), members.column("row").to_numpy()
    tables = []
    for number in np.unique(shards).tolist():
        mine = np.flatnonzero(shards == number)
        name = f"signatures/{judged[number].shard}.parquet"
        compared = read_table(after.folder, name, COMPARED).take(pa.array(rows[mine]))
        columns = {name: members.column(name).take(pa.array(mine)) for name in ("cluster", "rank", "passes")}
        columns |= {name: compared.column(name) for name in compared.column_names}
        # Who the keeper is matters to nobody here, so that its number does for its id.
        tables.append(pa.table({"node": nodes[mine], "id": nodes[mine].astype(str), **columns}))
    return pa.concat_tables(tables)
