"""Folding: what of a word is compared. Case, optional marks, punctuation and the values of digits are not.

The rules are those of `fold`; `FoldingTable` holds what they make of each character, for the compiled kernel.
"""

import threading
import unicodedata
from itertools import chain

import numpy as np

from dedup.kernels import CLASS_SHIFT, SEQUENCE, UNKNOWN

# Marks that writers leave out and put in as they please. Only they are stripped. In the scripts of South and
# South-East Asia a mark is a vowel, a virama or a tone: without them Hindi दिन (day) and दान (gift) would
# both be दन, and pages of different content would look alike. So nothing is stripped by general category.
OPTIONAL_MARKS = (
    range(0x0300, 0x0370),  # accents over Latin, Greek and Cyrillic letters
    range(0x0591, 0x05BE),  # Hebrew cantillation and points; everyday Hebrew has none
    (0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7),  # Hebrew: rafe, shin and sin dots, puncta, qamats qatan
    range(0x0610, 0x061B),  # Arabic honorific signs
    range(0x064B, 0x0653),  # Arabic harakat; 0653-0655, the hamzas and madda, are parts of letters
    (0x0640, 0x0670),  # tatweel stretches a line; the superscript alef is a vowel sign
    range(0x06D6, 0x06DD),  # Koranic annotation
    (*range(0x06DF, 0x06E5), 0x06E7, 0x06E8, *range(0x06EA, 0x06EE)),
    (0x0711, *range(0x0730, 0x074B)),  # Syriac superscript alaph and points
    (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),  # variation selectors choose a glyph, not a letter
)
# Letter apostrophes (Ukrainian ʼ, Hawaiian ʻ) are typed as ASCII apostrophes as often, which is punctuation.
APOSTROPHES = range(0x02B9, 0x02C0)
# Upper case loses the dot: Turkish ISI is ısı, but case-folds to isi.
DOTLESS_I = 0x0131
# One of the optional marks, which case-folding would make a letter. Modern Greek leaves it out.
IOTA_SUBSCRIPT = "\u0345"

# The first letter of a general category: Punctuation, Symbol, Z separator.
REMOVED_CATEGORIES = "PSZ"
# Control, format (joiners, direction marks: as often forgotten as typed) and surrogates, but not private use,
# where some communities still keep their letters, nor unassigned, where Unicode's next version will.
REMOVED_CONTROLS = frozenset(("Cc", "Cf", "Cs"))


class _Folding(dict[int, str]):
    """A table for str.translate, over case-folded and decomposed text, filled as characters come."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if unicodedata.digit(character, None) is not None:
            folded = "0"
        elif category[0] in REMOVED_CATEGORIES or category in REMOVED_CONTROLS:
            folded = ""
        else:
            folded = character
        self[code] = folded
        return folded


_FOLDING = _Folding(dict.fromkeys(chain(*OPTIONAL_MARKS, APOSTROPHES), ""))
_FOLDING[DOTLESS_I] = "i"


def fold(text: str) -> str:
    """A text without case, optional marks, punctuation, symbols, white space; each digit a 0; decomposed
    (NFD).

    >>> fold("Ἑλλάς, 2026")
    'ελλασ0000'
    """
    decomposed = unicodedata.normalize("NFKD", text).replace(IOTA_SUBSCRIPT, "")
    # Case-folding can compose what was decomposed, hence twice, as in Unicode's toNFKC_Casefold (D147).
    folded = unicodedata.normalize("NFKD", decomposed.casefold()).translate(_FOLDING)
    return unicodedata.normalize("NFD", folded)


class FoldingTable:
    """`fold` of every code point, as arrays that `kernels.hash_words` reads; filled in blocks of 256 when
    met, the first at once.

    `entries`, uint32 by code point: the folded character and, above CLASS_SHIFT, its combining class; 0 where
    nothing is left; with SEQUENCE set, the place in `sequences` of a length and so many entries.
    """

    CAPACITY = 2**17  # all sequences of Unicode 14 fill 37 % of it, most of them Hangul syllables

    def __init__(self) -> None:
        self.entries = np.full(0x110000, UNKNOWN, np.uint32)
        self.sequences = np.zeros(self.CAPACITY, np.uint32)
        self._filled = 0
        self._lock = threading.Lock()
        self.learn(0)

    def learn(self, code: int) -> None:
        """Fill the block of a code point."""
        with self._lock:
            start = code & ~0xFF
            if self.entries[code] == UNKNOWN:
                self.entries[start : start + 256] = [self._entry(fold(chr(c))) for c in range(start, start + 256)]

    def _entry(self, folded: str) -> int:
        entries = [ord(c) | unicodedata.combining(c) << int(CLASS_SHIFT) for c in folded]
        if len(entries) <= 1:
            return sum(entries)
        place, end = self._filled, self._filled + 1 + len(entries)
        self.sequences[place:end] = [len(entries), *entries]
        self._filled = end
        return int(SEQUENCE) | place
