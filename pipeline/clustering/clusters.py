"""Step clusters: what was settled comes back to the shards, a row per document in the order of documents/."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.clustering.exchange import receive_all
from pipeline.clustering.nodes import Block, ClusterJob, ShardNodes, rows_of
from pipeline.clustering.settle import STAGE as SETTLED
from pipeline.clustering.settle import VERDICTS
from pipeline.schema import KEY
from pipeline.shards import Done, commit, read_table, write_table

STAGE = "clusters"
# What settle says of a document's node, of the document.
CLUSTERS = pa.schema([KEY, ("id", pa.string()), *(field for field in VERDICTS if field.name != "node")])


def make_clusters(block: Block, work: ClusterJob) -> dict[str, int]:
    """Write clusters/ of the block's shards."""
    names = [f"{SETTLED}/{part.name}.parquet" for part in work.nodes.parts]
    verdicts = receive_all(work.job.folder, names, block.number)
    for shard in block.shards:
        table = shard_clusters(shard, verdicts, work)
        name = f"{STAGE}/{shard.name}.parquet"
        write_table(work.job.folder, name, table)
        commit(work.job.folder, Done(STAGE, shard.name, work.fingerprint, [name]), {"documents": table.num_rows})
    return {"documents": block.count}


def shard_clusters(shard: ShardNodes, verdicts: pa.Table, work: ClusterJob) -> pa.Table:
    """The rows of clusters/ of a shard; a document without a verdict is alone in its cluster."""
    documents = read_table(work.job.folder, f"documents/{shard.name}.parquet", ["key", "id"])
    found = rows_of(shard, verdicts)
    alone = {
        "cluster": documents.column("key"),
        "minhash_cluster_id": documents.column("id"),
        "minhash_cluster_size": pa.array(np.ones(shard.count, np.int64)),
        "rank": pa.array(np.zeros(shard.count, np.int64)),
    }
    columns = {name: documents.column(name) for name in ("key", "id")}
    columns |= {name: found.column(name) for name in CLUSTERS.names if name not in columns}
    # A copy of a released document has a verdict, and no cluster of this run.
    settled = pc.is_valid(columns["rank"])
    for name, values in alone.items():
        columns[name] = pc.if_else(settled, columns[name], values)
    return pa.table(columns, schema=CLUSTERS)
