"""Word n-grams of one text, counted by machine code over character codes.

An n-gram is a slice of the joined words. Slices are found by a polynomial hash in an open table and then
compared character by character, so the counts are exact: a collision costs time, never a wrong value.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so multiplying by it loses nothing modulo 2^64
_ONE = np.uint64(1)
_HALF = np.uint64(32)
_EMPTY = -1


class Joined(NamedTuple):
    """Words written one after the other; with prefix hashes any slice is hashed in constant time."""

    codes: NDArray[np.uint32]
    """Code point of each character."""
    bounds: NDArray[np.int64]
    """Character at which each word starts, and the number of characters."""
    hashes: NDArray[np.uint64]
    """Polynomial hash of each prefix modulo 2^64."""
    powers: NDArray[np.uint64]
    """Powers of the base."""


class Table(NamedTuple):
    """An open hash table of n-grams by the word at which each was first seen."""

    words: NDArray[np.int64]
    hashes: NDArray[np.uint64]


def join_words(words: list[str], separator: str) -> Joined:
    """The words, each followed by `separator`.

    >>> joined = join_words(["ab", "ก"], " ")
    >>> joined.codes.tolist(), joined.bounds.tolist()
    ([97, 98, 32, 3585, 32], [0, 3, 5])
    """
    text = separator.join(words) + separator if words else ""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    bounds = np.zeros(len(words) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, words), np.int64, len(words)) + len(separator), out=bounds[1:])
    return Joined(codes, bounds, *_prefix_hashes(codes))


@njit(cache=True)
def duplicate_ngram_characters(joined: Joined, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Characters in duplicate n-grams for each n in `sizes`, by a greedy scan.

    At an n-gram seen before, its characters are counted and the scan jumps behind it; otherwise it is noted,
    and the scan goes on with the next word (Rae et al. 2021, table A1, as datatrove reads it). Joined without
    separators, two n-grams are equal when their characters are, wherever their words begin.
    """
    bounds = joined.bounds
    words = len(bounds) - 1
    table = _table(words)
    result = np.zeros(len(sizes), np.int64)
    for k, n in enumerate(sizes):
        table.words[:] = _EMPTY
        word = 0
        while word + n <= words:
            if _first_like(joined, table, word, n) == word:
                word += 1
            else:
                result[k] += bounds[word + n] - bounds[word]
                word += n
    return result


@njit(cache=True)
def top_ngram_characters(joined: Joined, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Length × occurrences of the most frequent n-gram for each n in `sizes`; -1 where no n-gram fits.

    Of equally frequent n-grams the first in the text counts. Words are joined with one separator, and the one
    after the last word is not part of the n-gram's length.
    """
    bounds = joined.bounds
    words = len(bounds) - 1
    table = _table(words)
    result = np.full(len(sizes), -1, np.int64)
    for k, n in enumerate(sizes):
        if words < n:
            continue
        table.words[:] = _EMPTY
        counts = np.zeros(words, np.int64)
        for word in range(words - n + 1):
            counts[_first_like(joined, table, word, n)] += 1
        top = np.argmax(counts)
        result[k] = counts[top] * (bounds[top + n] - bounds[top] - 1)
    return result


@njit(cache=True)
def _prefix_hashes(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    hashes = np.zeros(len(codes) + 1, np.uint64)
    powers = np.ones(len(codes) + 1, np.uint64)
    for i in range(len(codes)):
        hashes[i + 1] = hashes[i] * _BASE + np.uint64(codes[i]) + _ONE
        powers[i + 1] = powers[i] * _BASE
    return hashes, powers


@njit(cache=True)
def _table(words: int) -> Table:
    """Room for as many n-grams as there are words, at most half full; a power of two, to wrap by masking."""
    size = 16
    while size < 2 * words:
        size *= 2
    return Table(np.full(size, _EMPTY, np.int64), np.empty(size, np.uint64))


@njit(cache=True)
def _first_like(joined: Joined, table: Table, word: int, n: int) -> int:
    """Word at which an equal n-gram was first seen; `word` itself, which is then noted, if none was."""
    start, end = joined.bounds[word], joined.bounds[word + n]
    code = joined.hashes[end] - joined.hashes[start] * joined.powers[end - start]
    mask = np.uint64(len(table.words) - 1)
    slot = (code ^ (code >> _HALF)) & mask
    while table.words[slot] != _EMPTY:
        first = int(table.words[slot])
        if table.hashes[slot] == code and _same(joined, first, word, n):
            return first
        slot = (slot + _ONE) & mask
    table.words[slot] = word
    table.hashes[slot] = code
    return word


@njit(cache=True)
def _same(joined: Joined, a: int, b: int, n: int) -> bool:
    start, other = joined.bounds[a], joined.bounds[b]
    length = joined.bounds[a + n] - start
    if joined.bounds[b + n] - other != length:
        return False
    for i in range(length):  # noqa: SIM110 - compiled code takes no generator
        if joined.codes[start + i] != joined.codes[other + i]:
            return False
    return True
