"""Clusters of near-duplicates: the connected components of the graph of candidates.

A graph that fits one task is contracted at once. A larger one is contracted in rounds, each task working on the edges
of its own block of nodes: every node chooses the first of its neighbours and itself as its representative, edges
between nodes become edges between representatives, and those within one vanish. Nodes that are represented leave the
graph, so it shrinks in every round, and answers travel back the same way (Hirschberg, Chandra, Sarwate, *Computing
connected components on parallel computers*, CACM 1979; for leaving nodes out: Lulli et al., *Fast connected components
computation in large graphs by vertex pruning*, TPDS 2017). Large-star/small-star (Kiveris et al., SoCC 2014) would keep
and move an edge for every node until its last round.

Any choice among neighbours keeps the components. By number, the star of a cluster, whose root is its smallest node,
vanishes in one round, but a chain of ascending numbers loses one node a round. So every other round goes by the
reversed bits of the numbers: along any arithmetic progression the lowest bit that changes does so at every step, and
half of the nodes leave.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from dedup.kernels import compiled

BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]
Uint64Array = npt.NDArray[np.uint64]

# Numbers that are at least one of this many of their range are marked in an array of the range, instead of sorted.
DENSE = 8
# Bits at even places, at even pairs of places, at even fours: what is swapped to reverse a byte.
SWAPS = ((1, 0x5555_5555_5555_5555), (2, 0x3333_3333_3333_3333), (4, 0x0F0F_0F0F_0F0F_0F0F))


def connected_components(n: int, edges: Int64Array) -> Int64Array:
    """The smallest row of each row's component, int64 of shape (n,), from undirected edges of shape (m, 2).

    A row without edges is its own component. ValueError where an edge names a row outside 0..n-1.
    """
    if len(edges) and not 0 <= edges.min() <= edges.max() < n:
        raise ValueError(f"edges name rows {edges.min()} to {edges.max()} of a graph of {n} rows")
    if len(edges) == 0:
        return np.arange(n, dtype=np.int64)
    graph = sparse.coo_matrix((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), shape=(n, n))
    count, labels = sparse.csgraph.connected_components(graph, directed=False)
    smallest = np.full(count, n, np.int64)
    np.minimum.at(smallest, labels, np.arange(n))
    clusters: Int64Array = smallest[labels]
    return clusters


def contract(edges: Int64Array) -> Int64Array:
    """The components of undirected edges as a star forest: rows (root, other), sorted, int64 of shape (k, 2).

    The edges, int64 of shape (m, 2), are between any numbers. A root is the smallest node of its component and stands
    with each other node of it once, so the forest has fewer edges than nodes, and is never larger than the edges.
    """
    nodes, places = _number(edges.ravel())
    roots: Int64Array = _union_find(places.reshape(-1, 2), len(nodes))
    others = np.flatnonzero(roots != np.arange(len(nodes)))
    others = others[np.argsort(roots[others], kind="stable")]
    return np.column_stack((nodes[roots[others]], nodes[others]))


def _number(values: Int64Array) -> tuple[Int64Array, Int64Array]:
    """The distinct values, sorted, and the place of each value among them: np.unique with its inverse, but faster."""
    if len(values) == 0:
        return values, values
    low, span = int(values.min()), int(values.max()) - int(values.min()) + 1
    if span <= DENSE * len(values):
        present = np.zeros(span, np.bool_)
        present[values - low] = True
        return np.flatnonzero(present) + low, (np.cumsum(present) - 1)[values - low]
    bits = len(values).bit_length()
    if span.bit_length() + bits <= 63:  # the value and where it stood, in one number, are sorted without an index
        packed = ((values - low) << bits) | np.arange(len(values))
        packed.sort()
        order, in_order = packed & ((1 << bits) - 1), (packed >> bits) + low
    else:
        order = np.argsort(values)
        in_order = values[order]
    first = _changes(in_order)
    places = np.empty(len(values), np.int64)
    places[order] = np.cumsum(first) - 1
    return in_order[first], places


@compiled
def _union_find(edges: Int64Array, count: int) -> Int64Array:
    """The smallest node of each node's component, int64 of shape (count,): union by number, paths halved."""
    parent = np.arange(count)
    for i in range(len(edges)):
        a, b = edges[i, 0], edges[i, 1]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    for node in range(count):  # parents are smaller, so those of earlier nodes are roots by now
        parent[node] = parent[parent[node]]
    return parent


def distinct_pairs(pairs: Int64Array) -> Int64Array:
    """Each row of pairs of numbers from 0 on once, sorted, int64 of shape (k, 2)."""
    if len(pairs) == 0:
        return pairs
    low = pairs.min(axis=0)
    bits = [int(span).bit_length() for span in pairs.max(axis=0) - low]
    if sum(bits) > 63:  # two columns are sorted several times slower than one
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        return np.asarray(pairs[_changes(pairs[:, 0]) | _changes(pairs[:, 1])])
    packed = ((pairs[:, 0] - low[0]) << bits[1]) | (pairs[:, 1] - low[1])
    packed.sort()
    packed = packed[_changes(packed)]
    return np.asarray(np.column_stack((packed >> bits[1], packed & ((1 << bits[1]) - 1))) + low)


def _changes(values: Int64Array) -> BoolArray:
    """Whether each value differs from the one before it, bool of shape (n,)."""
    return np.concatenate((np.ones(min(len(values), 1), np.bool_), values[1:] != values[:-1]))


def choose_representatives(
    first: int, count: int, pieces: Iterable[Int64Array], by_bits: bool
) -> tuple[Int64Array, BoolArray]:
    """The representative of each node of the block first..first+count-1, and whether the node has edges at all.

    `pieces` holds all edges of the block, as rows (node of the block, neighbour), int64 of shape (m, 2); memory is that
    of the block and of one piece, however many neighbours a node has. A representative is the first among a node and
    its neighbours: by number, or with `by_bits` by the reversed bits of the number. ValueError for a node that is not
    of the block.
    """
    best = _order(np.arange(first, first + count), by_bits)
    linked = np.zeros(count, np.bool_)
    for edges in pieces:
        rows = rows_of_block(edges[:, 0], first, count)
        np.minimum.at(best, rows, _order(edges[:, 1], by_bits))
        linked[rows] = True
    return _order(best, by_bits).astype(np.int64), linked


def rows_of_block(nodes: Int64Array, first: int, count: int) -> Int64Array:
    """The places of nodes within their block. ValueError for a node that is not of it."""
    rows = nodes - first
    if len(rows) and not 0 <= rows.min() <= rows.max() < count:
        raise ValueError(f"nodes {nodes.min()} to {nodes.max()} for the block {first} to {first + count - 1}")
    return rows


def _order(nodes: npt.NDArray[np.int64 | np.uint64], by_bits: bool) -> Uint64Array:
    """A number by which nodes are compared, uint64 of shape (n,); the order of an order is the node again."""
    values = nodes.astype(np.uint64)
    if not by_bits:
        return values
    for places, mask in SWAPS:
        values = ((values >> np.uint64(places)) & np.uint64(mask)) | ((values & np.uint64(mask)) << np.uint64(places))
    reverse: Uint64Array = values.byteswap()
    return reverse
