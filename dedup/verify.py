"""Verified clusters: what a chain of collisions put together is split where the signatures do not agree.

A connected component holds documents that are similar only through others: a chain of neighbours, or pages
that share a template and nothing else. Here the members of a component come best first. Each is compared with
the leaders that it could belong to, joins the most similar one whose similarity reaches a minimum, and leads a
new cluster where there is none. So every member is similar to the best copy of its cluster, for which alone it
may be removed; what cannot be verified leads a cluster of its own, and stays.

A leader is tried if it leads some earlier document that shares a band, not only if it shares one itself:
otherwise a candidate pair could be separated although both are similar to the same leader.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dedup.components import connected_components
from dedup.kernels import GOLDEN_GAMMA, Uint32Array, Uint64Array, compiled, hash_bands
from dedup.parameters import MinHashParameters

BoolArray = npt.NDArray[np.bool_]
Float64Array = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

# Leaders that a document is compared with at most, and leaders that a bucket of equal bands remembers, the
# best-ranked ones. A bound, so that a template that a million pages share costs as many steps times this number.
LEADERS_TRIED = 64
UNSHARED = -1
ROWS_AT_ONCE = 65_536


def split_clusters(
    signatures: Uint32Array,
    parameters: MinHashParameters,
    clusters: Int64Array,
    ranks: Int64Array,
    *,
    signed: BoolArray | None = None,
    identities: Sequence[npt.NDArray[np.integer]] = (),
    minimum_similarity: float = 0.6,
    above: int = 10,
) -> Int64Array:
    """The row of the best-ranked member of each row's verified cluster, int64 of shape (n,).

    `clusters` numbers the connected components and `ranks` the members of each, 0 the best, all different
    within a cluster. Only clusters of more than `above` members are checked. `signed` is false for rows
    without signature, whose row of `signatures` is not read. Each array of `identities` is a kind of
    identity (payload, text, URL): rows of a cluster with equal numbers always stay together, as do rows with
    equal signatures, and the best-ranked of them that is signed stands for all; a row without identity has a
    number of its own. Rows that nothing links to a signed one are a cluster of their own.

    The result depends on ranks, not on the order of rows nor on the numbering of clusters. ValueError where
    shapes or ranks do not fit.
    """
    _check(signatures, parameters, clusters, ranks, [signed, *identities], minimum_similarity)
    signed = np.ones(len(clusters), np.bool_) if signed is None else signed
    order = np.lexsort((ranks, clusters))
    firsts, sizes = _runs(clusters[order])
    if np.any((np.diff(ranks[order]) == 0) & (np.diff(clusters[order]) == 0)):
        raise ValueError("two members of a cluster have the same rank; ranks are all different within a cluster")
    leaders = np.empty(len(clusters), np.int64)
    leaders[order] = np.repeat(order[firsts], sizes)
    rows = order[np.repeat(sizes > above, sizes)]  # from here on a place among these rows, best first, is a member
    units = _units(signatures, clusters, rows, signed[rows], identities)
    readable = np.flatnonzero(signed[rows])
    firsts_of_units, places = np.unique(units[readable], return_index=True)
    read_at = rows[readable[places]]
    keys = _band_keys(signatures, read_at, parameters.bands)
    least = _least_agreeing(minimum_similarity, parameters.size)
    leading = _assign(signatures, read_at, *_buckets(keys, clusters[read_at]), least, LEADERS_TRIED)
    leading_place = np.arange(len(rows))
    leading_place[firsts_of_units] = firsts_of_units[leading]
    leaders[rows] = rows[leading_place[units]]
    return leaders


def similarity_to(signatures: Uint32Array, leaders: Int64Array, signed: BoolArray | None = None) -> Float64Array:
    """Estimated Jaccard similarity of each row to the row that leads it, float64 of shape (n,).

    NaN where either has no signature: there it is not measurable. A leader has a similarity of 1 to itself.
    """
    similarity: Float64Array = _agreement(signatures, leaders) / signatures.shape[1]
    if signed is not None:
        similarity[~(signed & signed[leaders])] = np.nan
    return similarity


def _check(
    signatures: Uint32Array,
    parameters: MinHashParameters,
    clusters: Int64Array,
    ranks: Int64Array,
    others: Sequence[npt.NDArray[np.generic] | None],
    minimum_similarity: float,
) -> None:
    if signatures.shape != (len(clusters), parameters.size):
        raise ValueError(f"signatures of shape {signatures.shape}, not ({len(clusters)}, {parameters.size})")
    for array in (ranks, *others):
        if array is not None and array.shape != clusters.shape:
            raise ValueError(f"an array of shape {array.shape} for {len(clusters)} members of clusters")
    if not 0 <= minimum_similarity <= 1:
        raise ValueError(f"a minimum similarity of {minimum_similarity}, which is not from 0 to 1")


def _runs(values: npt.NDArray[np.generic]) -> tuple[Int64Array, Int64Array]:
    """Where runs of equal values start, and their lengths."""
    starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1]))) if len(values) else np.arange(0)
    return starts, np.diff(starts, append=len(values))


def _units(
    signatures: Uint32Array,
    clusters: Int64Array,
    rows: Int64Array,
    signed: BoolArray,
    identities: Sequence[npt.NDArray[np.integer]],
) -> Int64Array:
    """What stays together whatever the similarities: for each of the rows, the place of the first of its unit."""
    edges = [_links(identity[rows], clusters[rows]) for identity in identities]
    places = np.flatnonzero(signed)
    whole = _band_keys(signatures, rows[places], 1)[:, 0]
    edges.append(places[_links(whole, clusters[rows[places]])])
    return connected_components(len(rows), np.concatenate(edges))


def _links(numbers: npt.NDArray[np.integer], clusters: Int64Array) -> Int64Array:
    """Edges between neighbours among the places of equal number and cluster, int64 of shape (m, 2)."""
    order = np.lexsort((numbers, clusters))
    same = (np.diff(clusters[order]) == 0) & (numbers[order][1:] == numbers[order][:-1])
    return np.column_stack((order[:-1][same], order[1:][same]))


def _band_keys(signatures: Uint32Array, rows: Int64Array, bands: int) -> Uint64Array:
    """Keys of the bands of some rows, uint64 of shape (rows, bands), without a copy of all their signatures."""
    keys = np.empty((len(rows), bands), np.uint64)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = slice(start, start + ROWS_AT_ONCE)
        keys[some] = hash_bands(signatures[rows[some]], bands)
    return keys


def _buckets(keys: Uint64Array, clusters: Int64Array) -> tuple[Int32Array, Int64Array]:
    """The buckets of each unit by ascending size, int32 of shape (units, bands), and the size of each bucket.

    A bucket is what one key of one band and one cluster holds. Rare ones come first, since sharing them says
    most; UNSHARED stands for those of one unit.
    """
    # Keys are hashes: with the cluster mixed in, equal bands of two clusters are two buckets.
    of_cluster = clusters.astype(np.uint64) * GOLDEN_GAMMA
    buckets = np.full(keys.shape, UNSHARED, np.int32)
    sizes: list[Int64Array] = [np.empty(0, np.int64)]
    numbered = 0
    for band in range(keys.shape[1]):
        _, bucket, count = np.unique(keys[:, band] ^ of_cluster, return_inverse=True, return_counts=True)
        shared = count > 1
        numbers = np.where(shared, numbered + np.cumsum(shared) - 1, UNSHARED)
        buckets[:, band] = numbers[bucket]
        sizes.append(count[shared])
        numbered += len(sizes[-1])
    all_sizes = np.concatenate(sizes)
    # Renumbered by size, then band: a unit has one bucket a band, so no tie is left to the values of keys.
    order = np.argsort(all_sizes, kind="stable")
    by_size = np.full(numbered + 1, UNSHARED, np.int32)  # the last entry is that of UNSHARED, -1
    by_size[order] = np.arange(numbered)
    return np.sort(by_size[buckets], axis=1), all_sizes[order]


def _least_agreeing(minimum_similarity: float, size: int) -> int:
    """The least number of equal values whose share of a signature, as a float, reaches the minimum."""
    return int(np.searchsorted(np.arange(size + 1) / size, minimum_similarity))


@compiled
def _agreeing(a: Uint32Array, b: Uint32Array) -> int:
    equal = 0
    for i in range(len(a)):
        equal += a[i] == b[i]
    return equal


@compiled
def _agreement(signatures: Uint32Array, leaders: Int64Array) -> Int64Array:
    equal = np.empty(len(leaders), np.int64)
    for row in range(len(leaders)):
        equal[row] = _agreeing(signatures[row], signatures[leaders[row]])
    return equal


@compiled
def _assign(
    signatures: Uint32Array, rows: Int64Array, buckets: Int32Array, sizes: Int64Array, least: int, limit: int
) -> Int64Array:
    """The unit that leads each unit, int64 of shape (units,); units come best first and are read at `rows`."""
    capacities = np.minimum(sizes, limit)
    ends = np.cumsum(capacities) - capacities
    starts = ends.copy()
    remembered = np.empty(capacities.sum(), np.int32)
    leaders = np.arange(len(rows))
    tried = np.full(len(rows), -1, np.int32)
    for unit in range(len(rows)):
        shared = buckets[unit][buckets[unit] != UNSHARED]
        most, count = least, 0
        for bucket in shared:
            for leader in remembered[starts[bucket] : ends[bucket]]:
                if tried[leader] == unit or count == limit:
                    continue
                tried[leader] = unit
                count += 1
                equal = _agreeing(signatures[rows[unit]], signatures[rows[leader]])
                # `unit` itself is larger than every leader: the first that reaches the least wins over it.
                if equal > most or (equal == most and leader < leaders[unit]):
                    most, leaders[unit] = equal, leader
        for bucket in shared:
            known = remembered[starts[bucket] : ends[bucket]]
            if len(known) < capacities[bucket] and not np.any(known == leaders[unit]):
                remembered[ends[bucket]] = leaders[unit]
                ends[bucket] += 1
    return leaders
