"""Step edges: the links between blocks, from the keys of all blocks and of the index, a hash range a task."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from dedup.bands import link_equal_keys
from dedup.components import contract
from dedup.kernels import Uint64Array
from pipeline.clustering.exchange import receive, rows_for
from pipeline.clustering.keys import STAGE as KEYS
from pipeline.clustering.keys import send_edges
from pipeline.clustering.nodes import ClusterJob, Int64Array, Part, in_piece
from pipeline.shards import Done, commit

STAGE = "work/edges"
# A key with its node, the order that sorts them, the sorted copy, and the edges with what contracts them.
BYTES_A_KEY = 128


def make_edges(part: Part, work: ClusterJob) -> dict[str, Any]:
    """Write the links that the keys of a hash range make, for the blocks of both ends.

    Where a range has more keys than a task's memory holds, it is worked through in equal pieces of the range.
    """
    rows = _rows(part, work)
    pieces = 1 + rows * BYTES_A_KEY // work.memory
    forests = [link_blocks(*_keys(part, work, piece, pieces), work.nodes.documents) for piece in range(pieces)]
    edges = contract(np.concatenate(forests))
    name = f"{STAGE}/{part.name}.parquet"
    send_edges(name, edges, work)
    facts = {"keys": rows, "edges": len(edges)}
    commit(work.job.folder, Done(STAGE, part.name, work.fingerprint, [name]), facts)
    return facts


def link_blocks(keys: Uint64Array, nodes: Int64Array, documents: int) -> Int64Array:
    """Edges (smallest, other) between the nodes of equal keys; nodes from `documents` on are released ones.

    Released documents are what they are: a key that no document of this run has links nothing.
    """
    edges, _, _ = link_equal_keys(keys, nodes)
    forest: Int64Array = contract(edges[edges[:, 0] < documents])
    return forest


def _rows(part: Part, work: ClusterJob) -> int:
    released = work.index.rows(part.number, work.nodes.part_count) if work.index else 0
    return rows_for(work.job.folder, work.files(KEYS), part.number) + released


def _keys(part: Part, work: ClusterJob, piece: int, pieces: int) -> tuple[Uint64Array, Int64Array]:
    """Keys and nodes of one piece of a range."""
    keys, nodes = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for key, node in _received(part, work):
        wanted = in_piece(key, piece, pieces)
        keys.append(key[wanted])
        nodes.append(node[wanted])
    return np.concatenate(keys), np.concatenate(nodes)


def _received(part: Part, work: ClusterJob) -> Iterator[tuple[Uint64Array, Int64Array]]:
    for table in receive(work.job.folder, work.files(KEYS), part.number):
        yield _column(table, "key"), _column(table, "node")
    if work.index:
        for table in work.index.keys(part.number, work.nodes.part_count):
            yield _column(table, "key"), _column(table, "entry") + work.nodes.documents


def _column(table: pa.Table, name: str) -> Any:
    return table.column(name).to_numpy()
