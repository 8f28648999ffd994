"""Step members: documents that are not alone go, with what checks and ranks them, to the part of their cluster."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.clustering.components import RESULT
from pipeline.clustering.exchange import send
from pipeline.clustering.keys import EXACT_COLUMNS, mix, read_signatures
from pipeline.clustering.nodes import Block, ClusterJob, Int64Array, ShardNodes
from pipeline.schema import KEY
from pipeline.shards import Done, Job, check_same_documents, commit, read_table
from pipeline.signatures import signature_type

STAGE = "work/members"


def member_schema(job: Job) -> pa.Schema:
    """The columns of a member: places, digests, the signature, what ranks copies, and what is known of released ones.

    Columns of the policy have names of their own, since they may be any column.
    """
    settings = job.configuration.settings.deduplication
    types = {column.name: column.type for column in job.configuration.columns}
    return pa.schema(
        [
            ("node", pa.int64()),
            KEY,
            ("id", pa.string()),
            ("file_path", pa.string()),
            ("offset", pa.int64()),
            ("language", pa.string()),
            *((EXACT_COLUMNS[kind], pa.binary(16)) for kind in settings.exact),
            ("signature", signature_type(settings.size)),
            *((policy_name(name), types[name]) for name in settings.keep_columns),
            ("released_id", pa.string()),
            ("released_cluster", pa.string()),
            ("released_size", pa.int64()),
        ]
    )


def empty_members(job: Job) -> pa.Table:
    """No members: the table that `make_members` writes, without rows."""
    return member_schema(job).append(pa.field("root", pa.int64())).empty_table()


def policy_name(column: str) -> str:
    """A column of the policy among those of a member."""
    return f"policy.{column}"


def make_members(block: Block, work: ClusterJob) -> dict[str, Any]:
    """Write the block's members of clusters for the parts of their roots."""
    nodes, roots = _roots(block, work)
    tables = _documents(block, work, nodes) if block.shards else [_released(block, work, nodes)]
    table = pa.concat_tables(tables).append_column("root", pa.array(roots))
    name = f"{STAGE}/{block.name}.parquet"
    parts = work.nodes.part_of(mix(roots.astype(np.uint64)))
    send(work.job.folder, name, table, parts, work.nodes.part_count)
    facts = {"members": table.num_rows}
    commit(work.job.folder, Done(STAGE, block.name, work.fingerprint, [name]), facts)
    return facts


def _roots(block: Block, work: ClusterJob) -> tuple[Int64Array, Int64Array]:
    """The block's nodes that are not alone, ascending, and their roots."""
    table = read_table(work.job.folder, f"{RESULT}/{block.name}.parquet", ["node", "root"])
    node, root = (table.column(name).to_numpy() for name in ("node", "root"))
    order = np.argsort(node)
    return node[order], root[order]


def _documents(block: Block, work: ClusterJob, nodes: Int64Array) -> Iterator[pa.Table]:
    """Members among the documents of the run, shard by shard."""
    for shard in block.shards:
        yield _of_shard(shard, work, nodes[(nodes >= shard.first) & (nodes < shard.first + shard.count)])


def _of_shard(shard: ShardNodes, work: ClusterJob, nodes: Int64Array) -> pa.Table:
    schema = member_schema(work.job)
    policy = work.job.configuration.settings.deduplication.keep_columns
    names = list(dict.fromkeys(["key", "id", "file_path", "offset", "language", *policy]))
    documents = read_table(work.job.folder, f"documents/{shard.name}.parquet", names)
    signatures = read_signatures(shard, work)
    check_same_documents(shard.name, documents, signatures, "documents/ and signatures/")
    rows = pa.array(nodes - shard.first)
    documents, signatures = documents.take(rows), signatures.take(rows)
    columns = {name: signatures.column(name) for name in schema.names if name in signatures.column_names}
    columns |= {name: documents.column(name) for name in ("id", "file_path", "offset", "language")}
    columns |= {policy_name(name): documents.column(name) for name in policy}
    return _members(columns | {"node": nodes}, schema)


def _released(block: Block, work: ClusterJob, nodes: Int64Array) -> pa.Table:
    """Members among the released documents of the index."""
    assert work.index is not None
    entries = work.index.take(nodes - work.nodes.documents)
    schema = member_schema(work.job)
    columns = {name: entries.column(name) for name in schema.names if name in entries.column_names}
    released = {"released_id": "id", "released_cluster": "cluster_id", "released_size": "cluster_size"}
    columns |= {name: entries.column(other) for name, other in released.items()}
    return _members(columns | {"node": nodes}, schema)


def _members(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    """Columns as a table of the schema; what is missing is null."""
    rows = len(columns["node"])
    return pa.table(
        {field.name: columns.get(field.name, pa.nulls(rows, field.type)) for field in schema}, schema=schema
    )


def member_files(work: ClusterJob) -> list[str]:
    """The files that this step writes, in order."""
    return [f"{STAGE}/{block.name}.parquet" for block in work.nodes.blocks]
