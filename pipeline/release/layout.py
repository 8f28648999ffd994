"""Files of a release: their names, columns, and how 64-bit hashes are cut into ranges."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from pipeline.schema import IDENTITIES
from pipeline.signatures import signature_type

Uint64Array = npt.NDArray[np.uint64]
Int64Array = npt.NDArray[np.int64]

ENTRIES = "entries.parquet"
KEYS = "keys.parquet"
IDS = "ids.parquet"
GROWTH = "growth.parquet"
DELTA = "delta.parquet"
TOTALS = "delta.json"

# A row group of a sorted file holds hashes of one of these ranges, so that a run of up to as many parts reads its own.
RANGES = 256
# 34 MB with signatures of 448 bytes: what a reader of entries holds at once, and few enough groups of a file's footer.
ENTRIES_A_GROUP = 1 << 16
# 8 MB of keys with their entries.
HASHES_A_GROUP = 1 << 19


def entries_schema(size: int) -> pa.Schema:
    """Columns of entries.parquet, given how many values a signature has. A row is a released document."""
    return pa.schema(
        [
            ("entry", pa.int64()),
            ("id", pa.string()),
            ("url", pa.string()),
            ("dump", pa.string()),
            ("language", pa.string()),
            ("cluster_id", pa.string()),
            ("cluster_size", pa.int64()),
            *IDENTITIES,
            ("signature", signature_type(size)),
        ]
    )


KEYS_SCHEMA = pa.schema([("key", pa.uint64()), ("entry", pa.int64())])
# The two halves of a 128-bit hash of an id, sorted by both.
IDS_SCHEMA = pa.schema([("high", pa.uint64()), ("low", pa.uint64()), ("entry", pa.int64())])
# Documents that a run added to the cluster of an earlier release's entry; entries are numbered within that release.
GROWTH_SCHEMA = pa.schema(
    [("release", pa.string()), ("entry", pa.int64()), ("cluster_id", pa.string()), ("documents", pa.int64())]
)
REMOVALS_SCHEMA = pa.schema(
    [("id", pa.string()), ("release", pa.string()), ("entry", pa.int64()), ("reason", pa.string())]
)
DELTA_SCHEMA = pa.schema(
    [
        ("change", pa.string()),
        ("id", pa.string()),
        ("language", pa.string()),
        ("cluster_id", pa.string()),
        ("duplicate_of", pa.string()),
        ("release", pa.string()),
        ("kind", pa.string()),
        ("similarity", pa.float32()),
        ("reason", pa.string()),
    ]
)


def range_of(hashes: Uint64Array, ranges: int) -> Int64Array:
    """The range of each hash by its upper bits, int64 of shape (n,); `ranges` is a power of two.

    >>> range_of(np.array([0, 2**63, 2**64 - 1], np.uint64), 4).tolist()
    [0, 2, 3]
    """
    bits = ranges.bit_length() - 1
    if bits == 0:
        return np.zeros(len(hashes), np.int64)
    return (hashes >> np.uint64(64 - bits)).astype(np.int64)


def bounds_of(part: int, part_count: int) -> tuple[int, int]:
    """Smallest and largest hash of a range. ValueError where the number of ranges is no power of two.

    >>> bounds_of(1, 2) == (2**63, 2**64 - 1)
    True
    """
    if part_count < 1 or part_count & (part_count - 1) or not 0 <= part < part_count:
        raise ValueError(f"part {part} of {part_count}: the number of parts is a power of two")
    width = 2**64 // part_count
    return part * width, (part + 1) * width - 1


def id_hashes(ids: Sequence[str]) -> tuple[Uint64Array, Uint64Array]:
    """XXH3-128 of each id as two halves: the upper, the lower, uint64 of shape (n,)."""
    data = b"".join(xxhash.xxh3_128_digest(identifier.encode()) for identifier in ids)
    halves = np.frombuffer(data, ">u8").astype(np.uint64).reshape(-1, 2)
    return halves[:, 0].copy(), halves[:, 1].copy()


def sort_by_hash(table: pa.Table) -> tuple[pa.Table, npt.NDArray[np.bool_]]:
    """Rows ordered by their columns `high` and `low`, and which of them are the first of their hash."""
    high, low = (table.column(name).to_numpy() for name in ("high", "low"))
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return table.take(pa.array(order)), first


def find_hashes(high: Uint64Array, low: Uint64Array, in_high: Uint64Array, in_low: Uint64Array) -> Int64Array:
    """The place of each 128-bit hash among distinct hashes sorted by their upper half, -1 where it is not there.

    >>> halves = np.array([1, 1, 5], np.uint64), np.array([7, 9, 2], np.uint64)
    >>> find_hashes(np.array([1, 5, 6], np.uint64), np.array([9, 3, 0], np.uint64), *halves).tolist()
    [1, -1, -1]
    """
    left, right = (np.searchsorted(in_high, high, side=side) for side in ("left", "right"))
    found = np.full(len(high), -1, np.int64)
    for step in range(int((right - left).max(initial=0))):
        place = np.minimum(left + step, len(in_high) - 1)
        same = (left + step < right) & (in_low[place] == low)
        found[same] = place[same]
    return found
