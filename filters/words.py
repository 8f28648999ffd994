"""Words of every language as ICU cuts them: Unicode's word boundaries (UAX #29), and dictionaries where no spaces are.

ICU picks a dictionary by the script of the text: Thai, Lao, Khmer, Burmese, and one for Chinese and Japanese. Only
lines in these scripts are given to it; others are cut by the same rules in compiled code. ICU 78 has no rule for words
that differs by language; a label such as `tha_Thai` is a locale that it reads.
"""

import re
from dataclasses import dataclass

import numpy as np
from icu4py.breakers import WordBreaker
from numpy.typing import NDArray

# Marks that do the work of a space: they part words or syllables and stand for nothing themselves.
WORD_SEPARATORS = (
    "\u200b",  # zero width space: Thai, Lao, Khmer and Burmese typists mark word boundaries with it
    "\u0f0b",  # Tibetan tsheg, after every syllable
    "\u0f0c",  # the tsheg that forbids a line break
    "\u1361",  # Ethiopic wordspace, still written between words in traditional texts
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_FEED = 10

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """Words and punctuation marks of a text, by their places in it; white space and word separators are left out."""

    text: str
    """The text with spaces for word separators, and U+FFFD for lone surrogates, which no encoding can hold."""
    codes: NDArray[np.uint32]
    """Code point of each of its characters."""
    starts: Places
    """Place of each word's first character."""
    ends: Places
    """Place after each word's last character."""
    flags: NDArray[np.uint8]
    """What each word is made of: `IS_ALPHABETIC` if it has a letter, `IS_PUNCTUATION` if it has nothing else."""

    def __len__(self) -> int:
        return len(self.starts)

    def strings(self) -> list[str]:
        """The words themselves, in order."""
        text = self.text
        return [text[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]


def find_words(text: str, language: str = "und_Zzzz") -> Words:
    """Where the words of `text` are. `language` is a label such as `deu_Latn`.

    >>> words = find_words("ab, ก", "und_Zzzz")
    >>> words.starts.tolist(), words.ends.tolist()
    ([0, 2, 4], [2, 3, 5])
    """
    from filters._boundaries import character_table, join_flags, look_up, segment

    for mark in WORD_SEPARATORS:
        text = text.replace(mark, " ")
    try:
        data = text.encode("utf-32-le")
    except UnicodeEncodeError:
        text = _LONE_SURROGATE.sub("\ufffd", text)
        data = text.encode("utf-32-le")
    codes = np.frombuffer(data, np.uint32)
    kinds, needs_dictionary = look_up(codes, character_table())
    boundaries = segment(kinds)
    if needs_dictionary:
        boundaries = _with_dictionary(text, language, codes, kinds, boundaries)
    starts, ends, flags = join_flags(kinds, boundaries)
    return Words(text, codes, starts, ends, flags)


def split_words(text: str, language: str = "und_Zzzz") -> list[str]:
    """Words and punctuation marks of `text` in order; white space and word separators are left out.

    `language` is a label such as `deu_Latn`. Lone surrogates, which no encoding can hold, become U+FFFD.

    >>> split_words("Don't pay 3.14 €!", "eng_Latn")
    ["Don't", 'pay', '3.14', '€', '!']
    >>> split_words("สวัสดีชาวโลก", "tha_Thai")
    ['สวัสดี', 'ชาว', 'โลก']
    >>> split_words("東京へ行く。", "jpn_Jpan")
    ['東京', 'へ', '行く', '。']
    >>> split_words("བོད་ཡིག", "bod_Tibt")
    ['བོད', 'ཡིག']
    """
    return find_words(text, language).strings()


def _with_dictionary(
    text: str, language: str, codes: NDArray[np.uint32], kinds: NDArray[np.uint8], ends: Places
) -> Places:
    """Ends of segments, by ICU in the lines that have characters for a dictionary, and as they are in the others."""
    from filters._boundaries import CLASS, DICTIONARY

    needy = np.flatnonzero((kinds & CLASS) == DICTIONARY)
    # A line feed always is a boundary, so that lines can be cut apart from each other.
    bounds = np.append(np.flatnonzero(codes == _LINE_FEED) + 1, len(codes))
    lines = np.unique(np.searchsorted(bounds, needy, "right"))
    line_ends = bounds[lines]
    line_starts = np.where(lines, bounds[lines - 1], 0)
    found = _dictionary_ends(text, language, line_starts, line_ends)
    others = ends[~np.isin(np.searchsorted(bounds, ends, "left"), lines)]
    return np.sort(np.concatenate((others, found)))


def _dictionary_ends(text: str, language: str, line_starts: Places, line_ends: Places) -> Places:
    """Ends of ICU's segments in some lines of a text, as places of the whole text."""
    chosen = "".join(text[start:end] for start, end in zip(line_starts.tolist(), line_ends.tolist(), strict=True))
    ends = np.cumsum(np.fromiter(map(len, WordBreaker(chosen, language)), np.int64))
    chosen_ends = np.cumsum(line_ends - line_starts)
    shifts: Places = (line_ends - chosen_ends)[np.searchsorted(chosen_ends, ends, "left")]
    return ends + shifts
