"""Step settle: components become clusters: large ones are checked and split, copies are ranked, ids and sizes given."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from configs.model import Deduplication
from dedup.keep import rank_members
from dedup.verify import similarity_to, split_clusters
from pipeline.clustering.exchange import receive, rows_for, send
from pipeline.clustering.keys import EXACT_COLUMNS, digest_keys, duplicate_kinds, mix
from pipeline.clustering.largest import largest_clusters
from pipeline.clustering.members import empty_members, member_files, policy_name
from pipeline.clustering.nodes import ClusterJob, Int64Array, Part, in_piece
from pipeline.errors import ShardError
from pipeline.schema import KEY
from pipeline.shards import Done, commit
from pipeline.signatures import signature_matrix

STAGE = "work/verdicts"
# A signature twice, ids and places, and the keys that sort them.
BYTES_A_MEMBER = 2000
VERDICTS = pa.schema(
    [
        ("node", pa.int64()),
        ("cluster", pa.binary(16)),
        ("minhash_cluster_id", pa.string()),
        ("minhash_cluster_size", pa.int64()),
        ("minhash_similarity", pa.float32()),
        ("rank", pa.int64()),
        ("released_id", pa.string()),
        ("released_kind", pa.string()),
    ]
)


def settle(part: Part, work: ClusterJob) -> dict[str, Any]:
    """Write what becomes of the members of a part's clusters, for the blocks of their documents."""
    settings = work.job.configuration.settings.deduplication
    rows = rows_for(work.job.folder, member_files(work), part.number)
    pieces = 1 + rows * BYTES_A_MEMBER // work.memory
    settled = [settle_members(_members(part, work, piece, pieces), settings) for piece in range(pieces)]
    table = pa.concat_tables([verdicts for verdicts, _ in settled])
    nodes = table.column("node").to_numpy()
    of_run = nodes < work.nodes.documents
    table, nodes = table.filter(pa.array(of_run)), nodes[of_run]
    name = f"{STAGE}/{part.name}.parquet"
    send(work.job.folder, name, table, work.nodes.block_of(nodes), len(work.nodes.blocks))
    facts = _sum_facts([facts for _, facts in settled])
    commit(work.job.folder, Done(STAGE, part.name, work.fingerprint, [name]), facts)
    return facts


def _sum_facts(pieces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "checked": sum(facts["checked"] for facts in pieces),
        "split": sum(facts["split"] for facts in pieces),
        "largest": [entry for facts in pieces for entry in facts["largest"]],
    }


def _members(part: Part, work: ClusterJob, piece: int, pieces: int) -> pa.Table:
    """Whole clusters of a part, as many as a task's memory holds. Raises ShardError for one that is larger alone."""
    tables = [empty_members(work.job)]
    for table in receive(work.job.folder, member_files(work), part.number):
        hashes = mix(table.column("root").to_numpy().astype(np.uint64))
        tables.append(table.filter(pa.array(in_piece(hashes, piece, pieces))))
    members = pa.concat_tables(tables)
    if members.num_rows:
        largest = int(np.unique(members.column("root").to_numpy(), return_counts=True)[1].max())
        memory = work.memory
        if largest * BYTES_A_MEMBER > memory and pieces > 1:
            raise ShardError(
                f"a cluster of {largest:,} documents needs more than deduplication.memory_megabytes "
                f"({memory // 10**6:,}); set it to {largest * BYTES_A_MEMBER // 10**6 + 1:,} or more"
            )
    return members


def settle_members(members: pa.Table, settings: Deduplication) -> tuple[pa.Table, dict[str, Any]]:
    """Verdicts on the members of whole components, and facts: components checked and split, the largest clusters."""
    signatures, signed = signature_matrix(members, settings)
    roots = members.column("root").to_numpy()
    rank = rank_in_component(members, settings)
    best = split_clusters(
        signatures,
        settings,
        roots,
        rank,
        signed=signed,
        identities=identities_of(members, settings),
        minimum_similarity=settings.minimum_similarity,
        above=settings.verify_above,
    )
    copies = members.take(pa.array(best))
    released = copies.column("released_id").combine_chunks()
    kinds = duplicate_kinds(members, copies, settings.exact)
    similarity = similarity_to(signatures, best, signed)
    verdicts = pa.table(
        {
            "node": members.column("node"),
            "cluster": copies.column(KEY.name),
            "minhash_cluster_id": cluster_ids(members, copies, best),
            "minhash_cluster_size": cluster_sizes(members, copies, best),
            "minhash_similarity": pa.array(similarity, from_pandas=True).cast(pa.float32()),
            "rank": places_within(best, rank),
            "released_id": released,
            "released_kind": pc.if_else(released.is_valid(), kinds, None),
        },
        schema=VERDICTS,
    )
    facts = count_splits(roots, best, settings.verify_above)
    largest = largest_clusters(members, verdicts, best, settings.largest_cluster_documents)
    return verdicts, facts | {"largest": largest}


def places_within(clusters: Int64Array, rank: Int64Array) -> Int64Array:
    """The place of each row in its cluster by rank, 0 the best."""
    order = np.lexsort((rank, clusters))
    starts, sizes = _groups(clusters[order])
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return places


def count_splits(roots: Int64Array, best: Int64Array, above: int) -> dict[str, Any]:
    """How many components were checked, and how many of them fell apart."""
    _, component, sizes = np.unique(roots, return_inverse=True, return_counts=True)
    pairs = np.unique(np.column_stack((component, best)), axis=0)
    pieces = np.bincount(pairs[:, 0], minlength=len(sizes))
    return {"checked": int(np.sum(sizes > above)), "split": int(np.sum(pieces > 1))}


def rank_in_component(members: pa.Table, settings: Deduplication) -> Int64Array:
    """Place of each member within its component: released documents first, then by the policy."""
    columns = {"released": members.column("released_id").is_valid().to_numpy()}
    columns |= {name: members.column(policy_name(name)) for name in settings.keep_columns}
    # Two records may share an id; with file and offset behind it the order is the same in every run.
    places = zip(*(members.column(name).to_pylist() for name in ("id", "file_path", "offset")), strict=True)
    ids = [f"{identifier}\0{path}\0{offset or 0:020d}" for identifier, path, offset in places]
    return rank_members(members.column("root").to_numpy(), columns, ["-released", *settings.keep], ids)


def identities_of(members: pa.Table, settings: Deduplication) -> list[Int64Array]:
    """For each configured identity the number of each row's group; rows without a digest are alone in theirs."""
    groups = []
    for kind in settings.exact:
        keys, valid = digest_keys(members.column(EXACT_COLUMNS[kind]))
        numbers = np.arange(len(keys)) + len(keys)
        numbers[valid] = np.unique(keys[valid], return_inverse=True)[1]
        groups.append(numbers)
    return groups


def cluster_ids(members: pa.Table, copies: pa.Table, best: Int64Array) -> pa.Array:
    """A released cluster's id where the best copy is released; else the smallest id, whatever the order of rows."""
    ids = pa.table({"cluster": best, "id": members.column("id")})
    smallest = ids.group_by("cluster").aggregate([("id", "min")])
    places = pc.index_in(pa.array(best), smallest.column("cluster"))
    released = copies.column("released_cluster").combine_chunks()
    return pc.coalesce(released, smallest.column("id_min").combine_chunks().take(places))


def cluster_sizes(members: pa.Table, copies: pa.Table, best: Int64Array) -> Int64Array:
    """Documents of each member's cluster in this run, and of the released cluster that it continues."""
    of_run = ~members.column("released_id").is_valid().to_numpy()
    _, number = np.unique(best, return_inverse=True)
    sizes = np.bincount(number, weights=of_run).astype(np.int64)
    released = copies.column("released_size").fill_null(0).to_numpy()
    return np.asarray(sizes[number] + released, np.int64)


def _groups(values: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Starts and sizes of the runs of equal values."""
    first = np.concatenate((np.ones(min(len(values), 1), np.bool_), values[1:] != values[:-1]))
    starts = np.flatnonzero(first)
    return starts, np.diff(starts, append=len(values))
