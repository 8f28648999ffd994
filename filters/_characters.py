"""What kind of character each one is: a letter, a digit, a punctuation mark, a singular character, or none of them.

The kinds are those of HPLT's Web Docs Scorer, by Unicode's general category instead of its lists of ranges, so that
they hold for every script: a vowel sign belongs to its letter, the danda is punctuation, and so is any script's comma.
"""

import sys
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from filters.words import WORD_SEPARATORS

OTHER, LETTER, DIGIT, PUNCTUATION, SINGULAR = range(5)
# Unicode counts them as punctuation; text has them in addresses, code, hashtags and lists, hardly in sentences.
SINGULAR_PUNCTUATION = frozenset("#%&*/@\\_•‣⁃†‡§¶※")
_KINDS = {"L": LETTER, "M": LETTER, "N": DIGIT, "P": PUNCTUATION, "S": SINGULAR}
# Marks by category, but each only picks a glyph, mostly of an emoji.
_VARIATION_SELECTORS = frozenset((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
_LINE_FEED = 10
# Between two letters they belong to the word: French elisions, and a letter of its own in Tahitian, Mam or Zapotec.
_APOSTROPHES = (ord("'"), ord("’"))


@dataclass(frozen=True)
class Counts:
    """Characters of a text by kind, and the letters of each of its lines (between line feeds)."""

    letters: int
    digits: int
    punctuation: int
    singular: int
    line_letters: NDArray[np.int64]


def kind(character: str) -> int:
    """The kind of a character; full-width forms are what they are forms of.

    >>> [kind(character) for character in "añतिก漢"] == [LETTER] * 6
    True
    >>> [kind(character) for character in "7๗½"] == [DIGIT] * 3
    True
    >>> [kind(character) for character in ",。।؟«-"] == [PUNCTUATION] * 6
    True
    >>> [kind(character) for character in "#＃|+€😀→"] == [SINGULAR] * 7
    True
    >>> [kind(character) for character in " \\n་"] == [OTHER] * 3
    True
    """
    if character in WORD_SEPARATORS or ord(character) in _VARIATION_SELECTORS:
        return OTHER
    if unicodedata.normalize("NFKC", character) in SINGULAR_PUNCTUATION:
        return SINGULAR
    return _KINDS.get(unicodedata.category(character)[0], OTHER)


@cache
def _table() -> NDArray[np.uint8]:
    """The kind of every code point; from plane 4 on no character is assigned but tags, selectors and private ones."""
    table = np.full(sys.maxunicode + 1, OTHER, np.uint8)
    table[:0x40000] = [kind(chr(point)) for point in range(0x40000)]
    return table


def _join_apostrophes(points: NDArray[np.uint32], kinds: NDArray[np.uint8]) -> None:
    """Make letters of the apostrophes that stand between two."""
    places = np.flatnonzero((points[1:-1] == _APOSTROPHES[0]) | (points[1:-1] == _APOSTROPHES[1])) + 1
    inner = places[(kinds[places - 1] == LETTER) & (kinds[places + 1] == LETTER)]
    kinds[inner] = LETTER


def count_characters(text: str) -> Counts:
    """How many characters of each kind a text has.

    >>> counts = count_characters("Hola, mundo.\\n\\n¡2 líneas!")
    >>> counts.letters, counts.digits, counts.punctuation, counts.line_letters.tolist()
    (15, 1, 4, [9, 0, 6])
    >>> count_characters("l’eau d'ici, « 'ote' »").punctuation  # a comma, two quotation marks, two apostrophes
    5
    """
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    kinds = _table()[points]
    _join_apostrophes(points, kinds)
    totals = np.bincount(kinds, minlength=SINGULAR + 1).tolist()
    ends = np.append(np.flatnonzero(points == _LINE_FEED), len(points))
    # Letters before each line's end, and from them those of each line.
    before = np.concatenate(([0], np.cumsum(kinds == LETTER)))[ends]
    line_letters = np.diff(before, prepend=0)
    return Counts(totals[LETTER], totals[DIGIT], totals[PUNCTUATION], totals[SINGULAR], line_letters)
