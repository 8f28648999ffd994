"""Repeated lines: what lines of different documents have in common, and counting them in bounded memory.

Two lines are the same when `folding.fold` leaves the same of them, so case, digits, punctuation, white space and
optional marks do not matter: "12 Kommentare" and "3 Kommentare" are one line. They are compared within a scope, a
site or a language, by a key of 64 bits; among 10^12 keys some 50,000 pairs agree by chance.
"""

from collections.abc import Collection
from enum import IntEnum
from functools import cache
from unicodedata import east_asian_width

import numpy as np
import numpy.typing as npt
import xxhash
from pydantic import BaseModel, ConfigDict, Field

from dedup.kernels import Uint32Array, Uint64Array, splitmix64
from dedup.shingles import SEPARATOR, word_hashes

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# Before every line when it is hashed: folding leaves something of each, so hashes and lines stay aligned.
MARK = "x"
COUNTER_BYTES = 4
# The planes behind hold no letters: the last code point of this one stands for all of them.
LAST_LETTER = 0x3FFFF


class Scope(IntEnum):
    """Within what a line is repeated; the number is the lowest bit of a key."""

    SITE = 0
    LANGUAGE = 1


class LineParameters(BaseModel):
    """Lines that are repeated across documents: navigation, notices and forms that extraction took for content."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="measure repeated lines")
    letters: int = Field(
        default=10,
        ge=1,
        description="letters of the shortest line that is counted; Chinese, Japanese and Korean letters count twice",
    )
    site_documents: int = Field(default=5, ge=2, description="documents of a site that make a line repeated")
    language_documents: int = Field(default=50, ge=2, description="documents of a language that make a line repeated")

    def documents(self, scope: Scope) -> int:
        """How many documents make a line repeated within a scope."""
        return self.site_documents if scope == Scope.SITE else self.language_documents


def countable_lines(text: str, letters: int) -> list[int]:
    """Numbers of the lines with at least so many letters, from 0.

    Vowel signs and tones are no letters. Wide letters count twice: a Chinese character or a Korean syllable writes what
    takes two to four letters elsewhere, and six of them are a line that says something.

    >>> countable_lines("12.03.2026\\nTeilen\\n\\nAlle Rechte vorbehalten", 8)
    [3]
    >>> countable_lines("सर्वाधिकार सुरक्षित\\n© ٢٠٢٦\\n版权所有\\n返回", 8)
    [0, 2]
    """
    codes = np.frombuffer(f"{text}\n".encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    ends = np.flatnonzero(codes == ord("\n"))
    weights = _letter_weights()[np.minimum(codes, LAST_LETTER)]
    found = np.add.reduceat(weights, np.concatenate(([0], ends[:-1] + 1)), dtype=np.int64)
    return np.flatnonzero(found >= letters).tolist()


@cache
def _letter_weights() -> npt.NDArray[np.uint8]:
    characters = map(chr, range(LAST_LETTER + 1))
    weights = (c.isalpha() * (2 if east_asian_width(c) == "W" else 1) for c in characters)
    return np.fromiter(weights, np.uint8, LAST_LETTER + 1)


def line_hashes(text: str, numbers: Collection[int]) -> Uint64Array:
    """Hashes of these lines of a text, in their order, uint64 of shape (lines,).

    >>> line_hashes("दिन", [0]) == line_hashes("दान", [0])
    array([False])
    >>> line_hashes("Просмотров: ١٢", [0]) == line_hashes("просмотров — 48", [0])
    array([ True])
    """
    lines = text.replace(SEPARATOR, " ").split("\n")
    return word_hashes([MARK + lines[number] for number in numbers])


def line_keys(hashes: Uint64Array, scope: Scope, name: str) -> Uint64Array:
    """Keys of lines within one site or one language, uint64 of the shape of `hashes`.

    >>> ours, theirs = (line_keys(line_hashes("Nach oben", [0]), Scope.SITE, site) for site in ("a.de", "b.de"))
    >>> bool(ours == theirs), int(ours[0] & np.uint64(1)) == Scope.SITE
    (False, True)
    """
    # Hashes are random bits already, and salts are too: keys of different scopes meet by chance alone.
    salt = np.uint64(xxhash.xxh3_64_intdigest(f"{scope.name}\0{name}".encode("utf-8", "surrogatepass")))
    return ((hashes ^ salt) & ~np.uint64(1)) | np.uint64(scope)


class CountMin:
    """A count-min sketch: counts of any number of keys in a table of fixed size, never too small.

    With N the sum of all counts, an estimate exceeds the count by more than 2e·N/width with a probability of at most
    e^-depth (Cormode and Muthukrishnan 2005, section 4.1; their error doubled, as two keys meet in a row with a
    probability of up to 2/width: multiply-shift, Dietzfelbinger et al. 1997). Sketches of one shape add up.
    """

    def __init__(self, memory: int, depth: int = 4) -> None:
        """A table of at most `memory` bytes; each of its `depth` rows has a power of two counters, at least 2."""
        self.bits = max(1, (memory // (depth * COUNTER_BYTES)).bit_length() - 1)
        self.counts: Uint32Array = np.zeros((depth, 1 << self.bits), np.uint32)
        self._multipliers = splitmix64(np.uint64(depth), depth) | np.uint64(1)

    def add(self, keys: Uint64Array, counts: Int64Array) -> None:
        """Count each key `counts` times more; a cell's sum stays below 2^32."""
        for row, multiplier in zip(self.counts, self._multipliers, strict=True):
            np.add.at(row, self._cells(keys, multiplier), counts.astype(np.uint32))

    def estimate(self, keys: Uint64Array) -> Int64Array:
        """How often each key was counted, or more, int64 of shape (n,)."""
        smallest = np.full(len(keys), np.iinfo(np.uint32).max, np.uint32)
        for row, multiplier in zip(self.counts, self._multipliers, strict=True):
            np.minimum(smallest, row[self._cells(keys, multiplier)], out=smallest)
        return smallest.astype(np.int64)

    def _cells(self, keys: Uint64Array, multiplier: np.uint64) -> Uint64Array:
        return (keys * multiplier) >> np.uint64(64 - self.bits)


def sum_counts(keys: Uint64Array, counts: Int64Array) -> tuple[Uint64Array, Int64Array]:
    """Each key once, sorted, with the sum of its counts.

    >>> sum_counts(np.array([7, 5, 7], np.uint64), np.array([1, 0, 2]))
    (array([5, 7], dtype=uint64), array([0, 3]))
    """
    order = np.argsort(keys)
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate((np.ones(min(len(keys), 1), np.bool_), keys[1:] != keys[:-1])))
    return keys[starts], np.add.reduceat(counts[order], starts) if len(starts) else counts[:0]


def contains(keys: Uint64Array, wanted: Uint64Array) -> BoolArray:
    """Which of `wanted` are among sorted keys, bool of the shape of `wanted`.

    >>> contains(np.array([3, 8], np.uint64), np.array([8, 9, 3, 1], np.uint64)).tolist()
    [True, False, True, False]
    """
    if len(keys) == 0:
        return np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(keys[places] == wanted, np.bool_)


def without_lines(text: str, numbers: Collection[int]) -> str:
    """A text without the lines of these numbers, from 0; the blank lines around what was cut become one.

    >>> without_lines("Nach oben\\n\\nEin Satz.\\n\\nTeilen\\n\\nNoch einer.\\nImpressum", [0, 4, 7])
    'Ein Satz.\\n\\nNoch einer.'
    >>> without_lines("ข่าววันนี้\\nแบ่งปัน\\n\\n\\nจบ\\n\\n\\n完", [1])
    'ข่าววันนี้\\n\\nจบ\\n\\n\\n完'
    """
    dropped = frozenset(numbers)
    kept: list[str] = []
    after_cut = False
    for number, line in enumerate(text.split("\n")):
        if number in dropped:
            after_cut = True
        elif line.strip():
            kept.append(line)
            after_cut = False
        elif not after_cut or (kept and kept[-1].strip()):
            kept.append(line)
    remaining = "\n".join(kept)
    return remaining.rstrip("\n") if after_cut else remaining
