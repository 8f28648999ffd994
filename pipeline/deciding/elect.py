"""Step elect: of each cluster the best-ranked copy that passes every rule is kept.

Members of a cluster resemble its best copy, and each other less. So where the best copy fails a rule, the others are
compared again with those that may stand for them, and the cluster may keep several that are no copies of each other.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from configs.model import Deduplication
from dedup.verify import similarity_to, split_clusters
from pipeline.clustering.exchange import receive, receive_all, rows_for, send
from pipeline.clustering.keys import digest_keys, duplicate_kinds
from pipeline.clustering.nodes import ClusterJob, Part, in_piece
from pipeline.clustering.settle import BYTES_A_MEMBER, identities_of, places_within
from pipeline.deciding.judge import CANDIDATES
from pipeline.shards import Done, commit
from pipeline.signatures import signature_matrix

STAGE = "work/elected"
Int64Array = npt.NDArray[np.int64]


def elect(part: Part, work: ClusterJob) -> dict[str, Any]:
    """Write the copy that each member's cluster keeps, for the blocks of the members."""
    settings = work.job.configuration.settings.deduplication
    elected = pa.concat_tables([elect_copies(candidates, settings) for candidates in _pieces(part, work)])
    name = f"{STAGE}/{part.name}.parquet"
    receivers = work.nodes.block_of(elected.column("node").to_numpy())
    send(work.job.folder, name, elected, receivers, len(work.nodes.blocks))
    facts = {"documents": elected.num_rows}
    commit(work.job.folder, Done(STAGE, part.name, work.fingerprint, [name]), facts)
    return facts


def _pieces(part: Part, work: ClusterJob) -> Iterator[pa.Table]:
    """Whole clusters of a part, as many at a time as a task's memory holds."""
    folder, names = work.job.folder, work.files(CANDIDATES)
    pieces = 1 + rows_for(folder, names, part.number) * BYTES_A_MEMBER // work.memory
    if pieces == 1:
        yield receive_all(folder, names, part.number)
        return
    for piece in range(pieces):
        tables = []
        for table in receive(folder, names, part.number):
            hashes, _ = digest_keys(table.column("cluster"))
            tables.append(table.filter(pa.array(in_piece(hashes, piece, pieces))))
        yield pa.concat_tables(tables)


def elect_copies(candidates: pa.Table, settings: Deduplication) -> pa.Table:
    """For each member that is not kept, though a copy of it is: which one, in what they are equal, and how similar."""
    signatures, signed = signature_matrix(candidates, settings)
    keeper = keepers(candidates, signatures, signed, settings)
    rows = np.flatnonzero((keeper >= 0) & (keeper != np.arange(len(keeper))))
    copies, kept = candidates.take(pa.array(rows)), candidates.take(pa.array(keeper[rows]))
    similarity = similarity_to(signatures, np.maximum(keeper, 0), signed)[rows]
    return pa.table(
        {
            "node": copies.column("node"),
            "duplicate_of": kept.column("id"),
            "duplicate_kind": duplicate_kinds(copies, kept, settings.exact),
            "minhash_similarity": pa.array(similarity, from_pandas=True).cast(pa.float32()),
        }
    )


def keepers(
    candidates: pa.Table, signatures: npt.NDArray[np.uint32], signed: npt.NDArray[np.bool_], settings: Deduplication
) -> Int64Array:
    """For each member the row of the copy that is kept for it, int64 of shape (n,); -1 where there is none."""
    clusters = candidates.column("cluster").combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    rank, passes = candidates.column("rank").to_numpy(), candidates.column("passes").to_numpy()
    passing_first = places_within(clusters, np.where(passes, rank, rank + len(rank) + rank.max(initial=0)))
    first = np.empty(int(clusters.max(initial=-1)) + 1, np.int64)
    first[clusters[passing_first == 0]] = np.flatnonzero(passing_first == 0)
    leader = first[clusters]
    # Members were compared with the copy of rank 0 when the cluster was settled.
    rows = np.flatnonzero(rank[leader] > 0)
    apart = split_clusters(
        signatures[rows],
        settings,
        clusters[rows],
        passing_first[rows],
        signed=signed[rows],
        identities=[numbers[rows] for numbers in identities_of(candidates, settings)],
        minimum_similarity=settings.minimum_similarity,
        above=settings.verify_above,
    )
    leader[rows] = rows[apart]
    return np.where(passes[leader], leader, -1)
