"""Step decide: what becomes of each document, a row per document in the order of documents/."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dedup.rehydration import WeightTable
from pipeline.clustering.exchange import receive_all
from pipeline.clustering.nodes import Block, ClusterJob, ShardNodes, rows_of
from pipeline.deciding.elect import STAGE as ELECTED
from pipeline.deciding.judge import STAGE as JUDGED
from pipeline.deciding.weights import read_weights, weights_of
from pipeline.schema import KEY
from pipeline.shards import Done, check_same_documents, commit, read_table, write_table

STAGE = "decisions"
DUPLICATE = "duplicate"
SHOWN = (KEY.name, "id", "file_path", "language", "text_characters")
DECISIONS = pa.schema(
    [
        KEY,
        ("id", pa.string()),
        ("file_path", pa.string()),
        ("language", pa.string()),
        ("text_characters", pa.int64()),
        ("minhash_cluster_id", pa.string()),
        ("minhash_cluster_size", pa.int64()),
        ("minhash_similarity", pa.float32()),
        ("keep", pa.bool_()),
        ("reject_reasons", pa.list_(pa.string())),
        ("duplicate_of", pa.string()),
        ("duplicate_kind", pa.string()),
        ("upsample_weight", pa.int64()),
    ]
)


def decide(block: Block, work: ClusterJob) -> dict[str, Any]:
    """Write decisions/ of the block's shards."""
    names = [f"{ELECTED}/{part.name}.parquet" for part in work.nodes.parts]
    elected = receive_all(work.job.folder, names, block.number)
    weights = read_weights(work.job)
    for shard in block.shards:
        table = decide_shard(shard, elected, weights, work)
        name = f"{STAGE}/{shard.name}.parquet"
        write_table(work.job.folder, name, table)
        commit(work.job.folder, Done(STAGE, shard.name, work.fingerprint, [name]), {"documents": table.num_rows})
    return {"documents": block.count}


def decide_shard(
    shard: ShardNodes, elected: pa.Table, weights: Mapping[str, WeightTable], work: ClusterJob
) -> pa.Table:
    """The rows of decisions/ of a shard. Raises ShardError if the steps hold different documents."""
    folder = work.job.folder
    documents = read_table(folder, f"documents/{shard.name}.parquet", SHOWN)
    clusters = read_table(folder, f"clusters/{shard.name}.parquet")
    judged = read_table(folder, f"{JUDGED}/{shard.name}.parquet")
    for table in (clusters, judged):
        check_same_documents(shard.name, documents, table, "clusters/")
    found = rows_of(shard, elected)
    copy_of, kind = found.column("duplicate_of"), found.column("duplicate_kind")
    if work.job.configuration.settings.deduplication.remove:
        copy_of = pc.coalesce(copy_of, clusters.column("released_id"))
        kind = pc.coalesce(kind, clusters.column("released_kind"))
    reasons = [
        [*failed, *[DUPLICATE] * copy]
        for failed, copy in zip(judged.column("reasons").to_pylist(), copy_of.is_valid().to_pylist(), strict=True)
    ]
    columns = {name: documents.column(name) for name in SHOWN}
    columns |= {name: clusters.column(name) for name in DECISIONS.names if name in clusters.column_names}
    similarity = pc.coalesce(found.column("minhash_similarity"), clusters.column("minhash_similarity"))
    columns |= {
        "minhash_similarity": similarity,
        "keep": pa.array([not failed for failed in reasons], pa.bool_()),
        "reject_reasons": pa.array(reasons, pa.list_(pa.string())),
        "duplicate_of": copy_of,
        "duplicate_kind": kind,
    }
    columns["upsample_weight"] = weights_of(pa.table(columns), weights)
    return pa.table({name: columns[name] for name in DECISIONS.names}, schema=DECISIONS)
