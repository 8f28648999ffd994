"""The compiled loops of deduplication: integer arithmetic only, so that every machine computes the same
values.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]
Uint32Array = npt.NDArray[np.uint32]
Uint64Array = npt.NDArray[np.uint64]
Function = TypeVar("Function", bound=Callable[..., object])

HALF = np.uint64(32)
EMPTY = np.uint32(0xFFFFFFFF)
LANES = 32  # four vectors of eight 32-bit values

# Of UTF-8: bytes below the first are characters; a byte that continues a code point holds six bits of it.
ASCII = np.uint8(0x80)
SIX, CONTINUED = np.uint32(6), np.uint32(0x3F)

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

    It is kept under the function's name and a digest of the sources in its folder: numba itself looks at the file of
    a kernel only, not at those of the functions and constants that are compiled into it. So a kernel may use those of
    its own folder, and no others.

    numba tries `NUMBA_CACHE_DIR`, `__pycache__` beside the source, then the user's cache folder, and raises
    where it may write to none of them, as in a read-only container: there every process compiles for itself.
    """
    function.__qualname__ += f"_{_digest_of_sources(Path(function.__code__.co_filename).parent)}"
    try:
        return cast(Function, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(Function, numba.njit(nogil=True)(function))


@cache
def _digest_of_sources(folder: Path) -> str:
    digest = hashlib.sha256()
    for source in sorted(folder.glob("*.py")):
        digest.update(f"{source.name} {source.stat().st_size}\n".encode() + source.read_bytes())
    return digest.hexdigest()[:16]


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
def code_point(text: Bytes, place: int) -> tuple[np.uint32, int]:
    """The code point that begins at a place of valid UTF-8, and the place behind it."""
    lead = np.uint32(text[place])
    if lead < ASCII:
        return lead, place + 1
    code = np.uint32(text[place + 1]) & CONTINUED
    if lead < 0xE0:
        return np.uint32((lead & np.uint32(0x1F)) << SIX | code), place + 2
    code = code << SIX | np.uint32(text[place + 2]) & CONTINUED
    if lead < 0xF0:
        return np.uint32((lead & np.uint32(0x0F)) << SIX + SIX | code), place + 3
    code = code << SIX | np.uint32(text[place + 3]) & CONTINUED
    return np.uint32((lead & np.uint32(0x07)) << SIX + SIX + SIX | code), place + 4


@compiled
def hash_words(
    text: Bytes, entries: Uint32Array, sequences: Uint32Array, separator: np.uint8
) -> tuple[Uint64Array, np.int64, bool]:
    """Hashes of the words of a UTF-8 text after folding; a word ends at the separator, in ASCII no letter or digit.

    `entries` and `sequences` are those of `folding.FoldingTable`. Returns the hashes of the words of which
    folding leaves something; the first code point that the table does not know yet, or -1; and whether all
    marks are in canonical order.
    """
    hashes = np.empty(len(text) // 2 + 1, np.uint64)
    words, length, value, previous, ordered = 0, 0, HASH_START, NOTHING, True
    place = 0
    while place < len(text):
        byte = text[place]
        if byte < ASCII:  # a third faster on its own way, where there are no marks and the table is full
            place += 1
            if entries[byte] != NOTHING:
                value, previous, length = absorb(value, entries[byte]), entries[byte], length + 1
            elif byte == separator and length:
                hashes[words] = mix64(value)
                words, length, value, previous = words + 1, 0, HASH_START, NOTHING
            continue
        code, place = code_point(text, place)
        entry = entries[code]
        if entry == UNKNOWN:
            return hashes[:0], np.int64(code), ordered
        if entry >= SEQUENCE:
            first = np.int64(entry ^ SEQUENCE) + 1
            for part in sequences[first : first + np.int64(sequences[first - 1])]:
                ordered &= in_order(previous, part)
                value, previous, length = absorb(value, part), part, length + 1
        elif entry != NOTHING:
            ordered &= in_order(previous, entry)
            value, previous, length = absorb(value, entry), entry, length + 1
    if length:
        hashes[words] = mix64(value)
        words += 1
    return hashes[:words], np.int64(-1), ordered


@compiled
def hash_characters(text: Bytes, entries: Uint32Array, sequences: Uint32Array) -> tuple[Uint64Array, np.int64, bool]:
    """Hashes of the code points that folding leaves of a text, each that of a word of this one alone.

    Takes and returns what `hash_words` does, without a separator. Folding removes white space.
    """
    hashes = np.empty(len(text), np.uint64)
    filled, previous, ordered = 0, NOTHING, True
    place = 0
    while place < len(text):
        code, place = code_point(text, place)
        entry = entries[code]
        if entry == NOTHING:
            continue
        if entry == UNKNOWN:
            return hashes[:0], np.int64(code), ordered
        parts = entries[code : code + np.uint32(1)]
        if entry >= SEQUENCE:
            first = np.int64(entry ^ SEQUENCE) + 1
            parts = sequences[first : first + np.int64(sequences[first - 1])]
        if filled + len(parts) > len(hashes):  # some ligatures fold to more code points than they have bytes
            hashes = np.concatenate((hashes, np.empty(len(hashes) + len(parts), np.uint64)))
        for part in parts:
            ordered &= in_order(previous, part)
            hashes[filled] = mix64(absorb(HASH_START, part))
            previous, filled = part, filled + 1
    return hashes[:filled], np.int64(-1), ordered


@compiled
def combine(hashes: Uint64Array, size: int) -> Uint64Array:
    """Hashes of all runs of `size` words, or characters: a polynomial in GOLDEN_GAMMA over each run, then mixed.

    Fewer of them than `size` are one run. Shape (max(words - size, 0) + 1,), or (0,) without words.
    """
    words = len(hashes)
    size = min(size, words)
    shingles = np.zeros(words - size + 1 if words else 0, np.uint64)
    for place in range(size):
        for start in range(len(shingles)):
            shingles[start] = shingles[start] * GOLDEN_GAMMA + hashes[start + place]
    for start in range(len(shingles)):
        shingles[start] = mix64(shingles[start])
    return shingles


@compiled
def minima(shingles: Uint64Array, factors: Uint32Array) -> Uint32Array:
    """Smallest value of each hash function over the shingles, uint32 of shape (functions,), or (0,) without any.

    A function's value is lower half + factor * upper half of a shingle's hash, mod 2^32: in 32 bits throughout,
    so that the compiler computes eight values at once on any machine of today.
    """
    count = len(shingles)
    padded = (count + LANES - 1) // LANES * LANES  # whole steps of the compiled loop; the last shingle is repeated
    lower, upper = np.empty(padded, np.uint32), np.empty(padded, np.uint32)
    for j in range(padded):
        shingle = shingles[min(j, count - 1)]
        lower[j], upper[j] = np.uint32(shingle), np.uint32(shingle >> HALF)
    smallest = np.empty(len(factors) if count else 0, np.uint32)
    for i in range(len(smallest)):
        factor, best = factors[i], EMPTY
        for j in range(padded):
            best = min(best, np.uint32(lower[j] + factor * upper[j]))
        smallest[i] = best
    return smallest


@compiled
def sign_characters(
    text: Bytes, entries: Uint32Array, sequences: Uint32Array, size: int, factors: Uint32Array
) -> tuple[Uint32Array, np.int64, bool]:
    """`minima` over the runs of `size` characters of a text, and what else `hash_characters` returns."""
    hashes, unknown, ordered = hash_characters(text, entries, sequences)
    return minima(combine(hashes, size), factors), unknown, ordered


@compiled
def sign_words(
    text: Bytes, entries: Uint32Array, sequences: Uint32Array, separator: np.uint8, size: int, factors: Uint32Array
) -> tuple[Uint32Array, np.int64, bool]:
    """`minima` over the runs of `size` words of a text, and what else `hash_words` returns."""
    hashes, unknown, ordered = hash_words(text, entries, sequences, separator)
    return minima(combine(hashes, size), factors), unknown, ordered


@compiled
def sign_documents(
    text: Bytes,
    entries: Uint32Array,
    sequences: Uint32Array,
    ends: Int64Array,
    separator: np.uint8,
    size: int,
    factors: Uint32Array,
) -> tuple[Uint32Array, npt.NDArray[np.bool_], np.int64]:
    """Signatures of documents that stand one behind another, each up to its end: shape (documents, functions).

    Returns also which rows are filled, and the first code point that the table does not know yet, or -1. Rows
    stay unfilled of a document without folded words, or with marks out of canonical order.
    """
    signatures = np.zeros((len(ends), len(factors)), np.uint32)
    filled = np.zeros(len(ends), np.bool_)
    start = 0
    for number in range(len(ends)):
        smallest, unknown, ordered = sign_words(
            text[start : ends[number]], entries, sequences, separator, size, factors
        )
        if unknown >= 0:
            return signatures, filled, unknown
        if ordered and len(smallest):
            signatures[number] = smallest
            filled[number] = True
        start = ends[number]
    return signatures, filled, np.int64(-1)


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
