"""Clusters of near-duplicates: the connected components of the graph of candidates."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

Int64Array = npt.NDArray[np.int64]


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
