"""Word n-grams of one text, counted in compiled code over the places of its words.

Equality is by characters, never by hash alone: a collision costs time, not a wrong value.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import compiled

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so multiplying by it loses nothing modulo 2^64
_ONE = np.uint64(1)
_HALF = np.uint64(32)
_EMPTY = -1

Numbers = NDArray[np.int64]


class Chain(NamedTuple):
    """The words of a text written one after the other; with prefix hashes any slice is hashed in constant time."""

    codes: NDArray[np.uint32]
    """Code point of each character."""
    bounds: Numbers
    """Character at which each word starts, and the number of characters."""
    hashes: NDArray[np.uint64]
    """Polynomial hash of each prefix modulo 2^64."""
    powers: NDArray[np.uint64]
    """Powers of the base, at least as many as characters."""


def chain(codes: NDArray[np.uint32], starts: Numbers, ends: Numbers) -> Chain:
    """The words between `starts` and `ends` of a text's code points, without what stands between them."""
    return _chain(codes, starts, ends, _powers(len(codes).bit_length()))


@cache
def _powers(bits: int) -> NDArray[np.uint64]:
    """The first 2^bits powers of the base: as they are the same for every text, they are kept."""
    with np.errstate(over="ignore"):
        return np.cumprod(np.append(_ONE, np.full((1 << bits) - 1, _BASE)), dtype=np.uint64)


@compiled
def _chain(codes: NDArray[np.uint32], starts: Numbers, ends: Numbers, powers: NDArray[np.uint64]) -> Chain:
    bounds = np.zeros(len(starts) + 1, np.int64)
    for word in range(len(starts)):
        bounds[word + 1] = bounds[word] + ends[word] - starts[word]
    length = bounds[-1]
    joined = np.empty(length, np.uint32)
    hashes = np.zeros(length + 1, np.uint64)
    place = 0
    for word in range(len(starts)):
        for i in range(starts[word], ends[word]):
            joined[place] = codes[i]
            hashes[place + 1] = hashes[place] * _BASE + np.uint64(codes[i]) + _ONE
            place += 1
    return Chain(joined, bounds, hashes, powers)


@compiled
def first_occurrences(words: Chain) -> Numbers:
    """For each word the place in the list of the first one that is equal."""
    count = len(words.bounds) - 1
    table = _table(count)
    first = np.empty(count, np.int64)
    for word in range(count):
        first[word] = _first_like(words, table, word, 1)
    return first


@compiled
def listed_words(words: Chain, first: Numbers, listed: NDArray[np.uint64]) -> Numbers:
    """First occurrences of the words that have one of the hashes `listed`, which `chain` gives to a single word."""
    found = np.empty(len(first), np.int64)
    count = 0
    for word in range(len(first)):
        if first[word] != word:
            continue
        start, end = words.bounds[word], words.bounds[word + 1]
        code = words.hashes[end] - words.hashes[start] * words.powers[end - start]
        for other in listed:
            if code == other:
                found[count] = word
                count += 1
    return found[:count]


@compiled
def top_ngram_characters(words: Chain, first: Numbers, longest: int) -> Numbers:
    """Length × occurrences of the most frequent n-gram, n from 2 to `longest`; -1 where no n-gram fits.

    Of equally frequent n-grams the first in the text counts. An n-gram's words have one space between them. `first`
    are the words' first occurrences. An n-gram occurs again only if its first and last (n - 1)-grams do, so that only
    those are looked up; a pair of their numbers is the key, which is exact.
    """
    result = np.full(longest - 1, -1, np.int64)
    count = len(first)
    # The gram that starts at a word has as its number the word at which it was first seen.
    grams, times = first.copy(), _times(first, count)
    mask = _size(count) - 1
    keys, values = np.empty(mask + 1, np.int64), np.empty(mask + 1, np.int64)
    for n in range(2, longest + 1):
        last = count - n
        if last < 0:
            break
        values[:] = _EMPTY
        longer = np.arange(last + 1)
        for word in range(last + 1):
            if times[grams[word]] > 1 and times[grams[word + 1]] > 1:
                longer[word] = _number_of(keys, values, grams[word] * count + first[word + n - 1], word)
        grams, times = longer, _times(longer, last + 1)
        top = np.argmax(times)
        result[n - 2] = times[top] * (words.bounds[top + n] - words.bounds[top] + n - 1)
    return result


@compiled
def duplicate_ngram_characters(words: Chain, shortest: int, longest: int) -> Numbers:
    """Characters in duplicate n-grams for n from `shortest` to `longest`, by a greedy scan.

    At an n-gram seen before, its characters are counted and the scan jumps behind it; otherwise it is noted, and the
    scan goes on with the next word (Rae et al. 2021, table A1, as datatrove reads it). Joined without separators, two
    n-grams are equal when their characters are, wherever their words begin.
    """
    bounds = words.bounds
    count = len(bounds) - 1
    result = np.zeros(longest - shortest + 1, np.int64)
    if count < shortest:
        return result
    hopeful = _same_beginnings(words, shortest)
    table = _table(count)
    for n in range(shortest, longest + 1):
        table.words[:] = _EMPTY
        word = 0
        while word + n <= count:
            if not hopeful[word] or _first_like(words, table, word, n) == word:
                word += 1
            else:
                result[n - shortest] += bounds[word + n] - bounds[word]
                word += n
    return result


@compiled
def _same_beginnings(words: Chain, n: int) -> NDArray[np.bool_]:
    """Whether as many characters as the shortest n-gram has begin alike at another word: if not, no n-gram does.

    By hash alone: a collision only keeps a word that needs no look.
    """
    bounds, hashes, powers = words.bounds, words.hashes, words.powers
    starts = len(bounds) - n
    length = np.min(bounds[n:] - bounds[:-n])
    mask = np.uint64(_size(starts) - 1)
    codes, owners = np.empty(mask + _ONE, np.uint64), np.full(mask + _ONE, _EMPTY, np.int64)
    hopeful = np.zeros(starts, np.bool_)
    for word in range(starts):
        start = bounds[word]
        code = hashes[start + length] - hashes[start] * powers[length]
        slot = (code ^ (code >> _HALF)) & mask
        while owners[slot] != _EMPTY and codes[slot] != code:
            slot = (slot + _ONE) & mask
        if owners[slot] == _EMPTY:
            owners[slot] = word
            codes[slot] = code
        else:
            hopeful[word] = hopeful[owners[slot]] = True
    return hopeful


@compiled
def _times(grams: Numbers, count: int) -> Numbers:
    times = np.zeros(count, np.int64)
    for gram in grams:
        times[gram] += 1
    return times


@compiled
def _number_of(keys: Numbers, values: Numbers, key: int, word: int) -> int:
    """The number under a key of an open table; `word`, which is then noted, if there was none."""
    mask = np.uint64(len(keys) - 1)
    mixed = np.uint64(key) * _BASE
    slot = (mixed ^ (mixed >> _HALF)) & mask
    while values[slot] != _EMPTY:
        if keys[slot] == key:
            return int(values[slot])
        slot = (slot + _ONE) & mask
    keys[slot] = key
    values[slot] = word
    return word


class Table(NamedTuple):
    """An open hash table of n-grams by the word at which each was first seen."""

    words: Numbers
    hashes: NDArray[np.uint64]


@compiled
def _size(entries: int) -> int:
    """Slots of a table that is at most half full; a power of two, to wrap by masking."""
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@compiled
def _table(entries: int) -> Table:
    size = _size(entries)
    return Table(np.full(size, _EMPTY, np.int64), np.empty(size, np.uint64))


@compiled
def _first_like(words: Chain, table: Table, word: int, n: int) -> int:
    """Word at which an equal n-gram was first seen; `word` itself, which is then noted, if none was."""
    start, end = words.bounds[word], words.bounds[word + n]
    code = words.hashes[end] - words.hashes[start] * words.powers[end - start]
    mask = np.uint64(len(table.words) - 1)
    slot = (code ^ (code >> _HALF)) & mask
    while table.words[slot] != _EMPTY:
        first = int(table.words[slot])
        if table.hashes[slot] == code and _same(words, first, word, n):
            return first
        slot = (slot + _ONE) & mask
    table.words[slot] = word
    table.hashes[slot] = code
    return word


@compiled
def _same(words: Chain, a: int, b: int, n: int) -> bool:
    start, other = words.bounds[a], words.bounds[b]
    length = words.bounds[a + n] - start
    if words.bounds[b + n] - other != length:
        return False
    for i in range(length):  # noqa: SIM110 - compiled code takes no generator
        if words.codes[start + i] != words.codes[other + i]:
            return False
    return True
