"""Candidates for near-duplicates: documents whose signatures agree in all rows of at least one band.

Leskovec, Rajaraman, Ullman, *Mining of Massive Datasets*, section 3.4.
"""

import numpy as np
import numpy.typing as npt

from dedup.kernels import Uint32Array, Uint64Array, hash_bands
from dedup.parameters import MinHashParameters

Int64Array = npt.NDArray[np.int64]


def band_keys(signatures: Uint32Array, parameters: MinHashParameters) -> Uint64Array:
    """A 64-bit key of each band, uint64 of shape (n, bands), of signatures of shape (n, bands * rows).

    ValueError where the signatures have another size than the parameters say.
    """
    if signatures.ndim != 2 or signatures.shape[1] != parameters.size:
        raise ValueError(f"signatures of shape {signatures.shape}, not (n, {parameters.size})")
    return hash_bands(signatures, parameters.bands)


def link_equal_keys(keys: Uint64Array, nodes: Int64Array) -> tuple[Int64Array, Uint64Array, Int64Array]:
    """Edges between the nodes of each key, the distinct keys in order, and the smallest node of each.

    `keys` and `nodes` are of shape (n,), edges (smallest, other) int64 of shape (m, 2). The nodes of a key are linked
    to the smallest of them, not to each other, so a bucket of k documents costs k - 1 edges and not k·(k - 1)/2; the
    connected components are the same.
    """
    if len(keys) == 0:
        return np.empty((0, 2), np.int64), keys, nodes
    order = np.argsort(keys)
    keys, nodes = keys[order], nodes[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    smallest = np.minimum.reduceat(nodes, starts)
    sizes = np.diff(starts, append=len(nodes))
    shared = np.repeat(sizes > 1, sizes)  # most keys are of one document
    edges = np.column_stack((np.repeat(smallest, sizes)[shared], nodes[shared]))
    return edges[edges[:, 0] != edges[:, 1]], keys[starts], smallest
