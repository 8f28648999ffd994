"""The compiled loops of deduplication: integer arithmetic only, so that every machine computes the same
values.

They share one file because numba's cache is renewed when the file of a kernel changes, but not when a
function that it calls in another file does: an outdated kernel would silently compute different signatures.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Uint32Array = npt.NDArray[np.uint32]
Uint64Array = npt.NDArray[np.uint64]
Function = TypeVar("Function", bound=Callable[..., object])

HALF = np.uint64(32)
EMPTY = np.uint32(0xFFFFFFFF)

# An entry of the folding table: a code point with its combining class above it, or one of these two.
CODE_POINT = np.uint32(0x1FFFFF)
CLASS_SHIFT = np.uint32(21)
FIRST_MARK = np.uint32(1 << 21)
SEQUENCE = np.uint32(1 << 30)  # plus the place of several entries
UNKNOWN = np.uint32(1 << 31)
NOTHING = np.uint32(0)

# Of XXH64 (Yann Collet): primes number 5, the start, and 1.
HASH_START = np.uint64(0x27D4EB2F165667C5)
HASH_MULTIPLIER = np.uint64(0x9E3779B185EBCA87)

# Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, figure 16 (variant 13 of
# mix64).
GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
SHIFT_30, SHIFT_27, SHIFT_31 = np.uint64(30), np.uint64(27), np.uint64(31)


def compiled(function: Function) -> Function:
    """Compile a function with numba; the machine code is kept on disk where a folder for it can be written.

    numba tries `NUMBA_CACHE_DIR`, `__pycache__` beside the source, then the user's cache folder, and raises
    where it may write to none of them, as in a read-only container: there every process compiles for itself.
    """
    try:
        return cast(Function, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(Function, numba.njit(nogil=True)(function))


@compiled
def mix64(value: np.uint64) -> np.uint64:
    """The finalizer of splitmix64: a bijection, every bit of whose result depends on every bit given."""
    value = (value ^ (value >> SHIFT_30)) * MIX_1
    value = (value ^ (value >> SHIFT_27)) * MIX_2
    return value ^ (value >> SHIFT_31)


@compiled
def splitmix64(seed: np.uint64, count: int) -> Uint64Array:
    """The first `count` values of the generator splitmix64, uint64 of shape (count,)."""
    values = np.empty(count, np.uint64)
    state = seed
    for i in range(count):
        state += GOLDEN_GAMMA
        values[i] = mix64(state)
    return values


@compiled
def absorb(value: np.uint64, entry: np.uint32) -> np.uint64:
    """One more code point of a word, hashed in the shape of FNV-1a."""
    return (value ^ np.uint64(entry & CODE_POINT)) * HASH_MULTIPLIER


@compiled
def in_order(previous: np.uint32, entry: np.uint32) -> bool:
    """Whether an entry may follow another in canonical order: marks by rising class, letters anywhere."""
    return bool(entry < FIRST_MARK or entry >> CLASS_SHIFT >= previous >> CLASS_SHIFT)


@compiled
def hash_words(codes: Uint32Array, entries: Uint32Array, sequences: Uint32Array) -> tuple[Uint64Array, np.int64, bool]:
    """Hashes of the words of a text after folding; a word ends at code point 0.

    `entries` and `sequences` are those of `folding.FoldingTable`. Returns the hashes of the words of which
    folding leaves something; the first code point that the table does not know yet, or -1; and whether all
    marks are in canonical order.
    """
    hashes = np.empty(len(codes) // 2 + 1, np.uint64)
    words, length, value, previous, ordered = 0, 0, HASH_START, NOTHING, True
    for code in codes:
        entry = entries[code]
        if entry == NOTHING:
            if code == 0 and length:
                hashes[words] = mix64(value)
                words, length, value, previous = words + 1, 0, HASH_START, NOTHING
        elif entry < FIRST_MARK:
            value, previous, length = absorb(value, entry), entry, length + 1
        elif entry < SEQUENCE:
            ordered &= in_order(previous, entry)
            value, previous, length = absorb(value, entry), entry, length + 1
        elif entry == UNKNOWN:
            return hashes[:0], np.int64(code), ordered
        else:
            place = np.int64(entry ^ SEQUENCE)
            for part in sequences[place + 1 : place + 1 + np.int64(sequences[place])]:
                ordered &= in_order(previous, part)
                value, previous, length = absorb(value, part), part, length + 1
    if length:
        hashes[words] = mix64(value)
        words += 1
    return hashes[:words], np.int64(-1), ordered


@compiled
def combine(word_hashes: Uint64Array, size: int) -> Uint64Array:
    """Hashes of all runs of `size` words: each run is a polynomial in GOLDEN_GAMMA over its words, then
    mixed.

    Fewer words than `size` are one run. Shape (max(words - size, 0) + 1,), or (0,) without words.
    """
    words = len(word_hashes)
    size = min(size, words)
    shingles = np.zeros(words - size + 1 if words else 0, np.uint64)
    for place in range(size):
        for start in range(len(shingles)):
            shingles[start] = shingles[start] * GOLDEN_GAMMA + word_hashes[start + place]
    for start in range(len(shingles)):
        shingles[start] = mix64(shingles[start])
    return shingles


@compiled
def minima(shingles: Uint64Array, multipliers: Uint64Array, addends: Uint64Array) -> Uint32Array:
    """Smallest value of each hash function over the shingles, uint32 of shape (functions,)."""
    keys = (shingles >> HALF).astype(np.uint32)
    smallest = np.empty(len(multipliers), np.uint32)
    for i in range(len(multipliers)):
        multiplier, addend, best = multipliers[i], addends[i], EMPTY
        for key in keys:
            best = min(best, np.uint32((multiplier * np.uint64(key) + addend) >> HALF))
        smallest[i] = best
    return smallest


@compiled
def hash_bands(signatures: Uint32Array, bands: int) -> Uint64Array:
    """One 64-bit key for each band of each signature, uint64 of shape (signatures, bands)."""
    rows = signatures.shape[1] // bands
    keys = np.empty((len(signatures), bands), np.uint64)
    for i in range(len(signatures)):
        for band in range(bands):
            key = GOLDEN_GAMMA
            for j in range(band * rows, (band + 1) * rows):
                key = mix64(key ^ np.uint64(signatures[i, j]))
            keys[i, band] = key
    return keys
