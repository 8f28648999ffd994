"""Step elect: of each cluster the best-ranked copy that passes every rule is kept."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.clustering.exchange import receive_all, send
from pipeline.clustering.keys import duplicate_kinds
from pipeline.clustering.nodes import ClusterJob, Part
from pipeline.deciding.judge import CANDIDATES
from pipeline.shards import Done, commit

STAGE = "work/elected"
Int64Array = npt.NDArray[np.int64]


def elect(part: Part, work: ClusterJob) -> dict[str, Any]:
    """Write the copy that each member's cluster keeps, for the blocks of the members."""
    table = receive_all(work.job.folder, work.files(CANDIDATES), part.number)
    elected = elect_copies(table, work.job.configuration.settings.deduplication.exact)
    name = f"{STAGE}/{part.name}.parquet"
    receivers = work.nodes.block_of(elected.column("node").to_numpy())
    send(work.job.folder, name, elected, receivers, len(work.nodes.blocks))
    facts = {"documents": elected.num_rows}
    commit(work.job.folder, Done(STAGE, part.name, work.fingerprint, [name]), facts)
    return facts


def elect_copies(candidates: pa.Table, exact: tuple[str, ...]) -> pa.Table:
    """For each member that is not kept, though its cluster keeps a copy: which one, and in what they are equal."""
    clusters = candidates.column("cluster").combine_chunks().dictionary_encode().indices.to_numpy()
    keeper = keepers(clusters, candidates.column("rank").to_numpy(), candidates.column("passes").to_numpy())
    rows = np.flatnonzero((keeper >= 0) & (keeper != np.arange(len(keeper))))
    copies, kept = candidates.take(pa.array(rows)), candidates.take(pa.array(keeper[rows]))
    return pa.table(
        {
            "node": copies.column("node"),
            "duplicate_of": kept.column("id"),
            "duplicate_kind": duplicate_kinds(copies, kept, exact),
        }
    )


def keepers(clusters: Int64Array, rank: Int64Array, passes: npt.NDArray[np.bool_]) -> Int64Array:
    """For each document the row of its cluster's kept copy, int64 of shape (n,); -1 where no copy passes.

    >>> keepers(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([False, True, False])).tolist()
    [1, 1, -1]
    """
    best = np.full(int(clusters.max()) + 1 if len(clusters) else 0, -1, np.int64)
    order = np.lexsort((rank, ~passes, clusters))
    first = order[np.concatenate((np.ones(min(len(order), 1), np.bool_), np.diff(clusters[order]) != 0))]
    first = first[passes[first]]
    best[clusters[first]] = first
    return best[clusters]
