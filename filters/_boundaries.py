"""Word boundaries by Unicode's rules, compiled: UAX #29, section 4.1.1, as ICU tailors them.

The words are ICU's own, at a tenth of its cost; ICU itself is asked only where a dictionary is needed. Each rule of
`_joins` has its number in the annex.
"""

import sys
from functools import cache

import numpy as np
import regex
from icu4py.breakers import WordBreaker
from numpy.typing import NDArray

from dedup.kernels import compiled

# Properties of characters: the lower bits of `character_table` are the class by which words are cut.
(
    OTHER,
    CARRIAGE_RETURN,
    LINE_FEED,
    NEWLINE,
    EXTEND,
    JOINER,
    REGIONAL,
    HEBREW,
    LETTER,
    LETTER_PICTOGRAPH,
    PICTOGRAPH,
    SINGLE_QUOTE,
    DOUBLE_QUOTE,
    MIDDLE_NUMBER_LETTER,
    MIDDLE_LETTER,
    MIDDLE_NUMBER,
    NUMBER,
    CONNECTOR,
    SPACE,
    HANGUL,
    DICTIONARY,
) = range(21)
CLASS = 0x1F
# Its upper bits say what a word is made of.
IS_SPACE, IS_ALPHABETIC, IS_PUNCTUATION = 0x20, 0x40, 0x80

# Later lines win. ICU differs from the annex in two places: full-width digits are digits, and Hangul joins only Hangul.
_CLASSES = {
    LETTER: r"\p{WB=ALetter}",
    PICTOGRAPH: r"\p{Extended_Pictographic}",
    LETTER_PICTOGRAPH: r"[\p{WB=ALetter}&&\p{Extended_Pictographic}]",
    HANGUL: "[\uac00-\ud7a3]",
    HEBREW: r"\p{WB=Hebrew_Letter}",
    NUMBER: r"[\p{WB=Numeric}\uff10-\uff19]",
    CONNECTOR: r"\p{WB=ExtendNumLet}",
    SINGLE_QUOTE: r"\p{WB=Single_Quote}",
    DOUBLE_QUOTE: r"\p{WB=Double_Quote}",
    MIDDLE_NUMBER_LETTER: r"\p{WB=MidNumLet}",
    MIDDLE_LETTER: r"\p{WB=MidLetter}",
    MIDDLE_NUMBER: r"\p{WB=MidNum}",
    REGIONAL: r"\p{WB=Regional_Indicator}",
    SPACE: r"\p{WB=WSegSpace}",
    EXTEND: r"[\p{WB=Extend}\p{WB=Format}]",
    JOINER: r"\p{WB=ZWJ}",
    CARRIAGE_RETURN: r"\r",
    LINE_FEED: r"\n",
    NEWLINE: r"\p{WB=Newline}",
    DICTIONARY: r"[\p{Script=Han}\p{Script=Hiragana}\p{WB=Katakana}\p{LB=SA}]",
}
_LETTERS = (LETTER, LETTER_PICTOGRAPH, HEBREW)
_QUOTES_AND_STOPS = (SINGLE_QUOTE, MIDDLE_NUMBER_LETTER)


def _among(*classes: int) -> NDArray[np.bool_]:
    return np.isin(np.arange(CLASS + 1), classes)


def _all_pairs(first: tuple[int, ...], second: tuple[int, ...]) -> NDArray[np.bool_]:
    pairs: NDArray[np.bool_] = np.logical_and.outer(_among(*first), _among(*second))
    return pairs


def _all_bridges(ends: tuple[int, ...], middles: tuple[int, ...]) -> NDArray[np.bool_]:
    bridges: NDArray[np.bool_] = np.logical_and.outer(_all_pairs(ends, middles), _among(*ends))
    return bridges


_BREAKS_LINE = _among(CARRIAGE_RETURN, LINE_FEED, NEWLINE)
# Classes that always join (rules 5, 8 to 10, 13a, 13b; 7a; Hangul) ...
_PAIRS = (
    _all_pairs((*_LETTERS, NUMBER, CONNECTOR), (*_LETTERS, NUMBER, CONNECTOR))
    | _all_pairs((HEBREW,), (SINGLE_QUOTE,))
    | _all_pairs((HANGUL,), (HANGUL,))
)
# ... and those that join what stands on both of their sides: before, bridge, after (6, 7; 7b, 7c; 11, 12).
_BRIDGES = (
    _all_bridges(_LETTERS, (*_QUOTES_AND_STOPS, MIDDLE_LETTER))
    | _all_bridges((HEBREW,), (DOUBLE_QUOTE,))
    | _all_bridges((NUMBER,), (*_QUOTES_AND_STOPS, MIDDLE_NUMBER))
)
_IS_BRIDGE: NDArray[np.bool_] = np.any(_BRIDGES, axis=(0, 2))
# Classes of characters that make one word of the letters around them.
_JOIN_LETTERS = (
    EXTEND,
    JOINER,
    HEBREW,
    LETTER,
    LETTER_PICTOGRAPH,
    SINGLE_QUOTE,
    MIDDLE_NUMBER_LETTER,
    MIDDLE_LETTER,
    NUMBER,
    CONNECTOR,
)
# Planes 4 to 13 hold no characters, and the last two are private.
_POINTS = (*range(0xD800), *range(0xE000, 0x40000), *range(0xE0000, 0xE1000))


@cache
def character_table() -> NDArray[np.uint8]:
    """Class and flags of every code point. Alphabetic and space are Python's notions, punctuation is datatrove's.

    >>> table = character_table()
    >>> [int(table[ord(character)] & CLASS) for character in "a7ก漢' "] == [
    ...     LETTER, NUMBER, DICTIONARY, DICTIONARY, SINGLE_QUOTE, SPACE]
    True
    """
    from datatrove.utils.text import PUNCTUATION_SET

    characters = "".join(map(chr, _POINTS))
    points = np.array(_POINTS)
    table = np.full(sys.maxunicode + 1, OTHER, np.uint8)
    for number, pattern in _CLASSES.items():
        for run in regex.finditer(f"(?V1){pattern}+", characters):
            table[points[run.start() : run.end()]] = number
    table[_unknown_to_icu(points[np.isin(table[points], _JOIN_LETTERS)])] = OTHER
    table[[point for point in _POINTS if chr(point).isspace()]] |= IS_SPACE
    table[[point for point in _POINTS if chr(point).isalpha()]] |= IS_ALPHABETIC
    table[list(map(ord, PUNCTUATION_SET))] |= IS_PUNCTUATION
    return table


def _unknown_to_icu(points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Characters of `regex`'s newer version of Unicode, between which and a letter ICU puts a boundary."""
    lines = "".join(f"a{chr(point)}a\n" for point in points)
    ends = np.cumsum(np.fromiter(map(len, WordBreaker(lines, "und")), np.int64))
    unknown: NDArray[np.int64] = points[np.isin(4 * np.arange(len(points)) + 1, ends)]
    return unknown


@compiled
def look_up(codes: NDArray[np.uint32], table: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], bool]:
    """The table's entry for each code point, and whether a character needs a dictionary."""
    kinds = np.empty(len(codes), np.uint8)
    needy = False
    for i in range(len(codes)):
        kinds[i] = table[codes[i]]
        needy |= kinds[i] & CLASS == DICTIONARY
    return kinds, needy


@compiled
def segment(kinds: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Ends of the segments between word boundaries, white space too; dictionary characters stand alone.

    `kinds` is the table's entry for each character.
    """
    length = len(kinds)
    ends = np.empty(length, np.int64)
    count = 0
    # Last classes that are neither marks nor format characters (rule 4 looks through these), and flags in a row.
    before, last, flags = OTHER, OTHER, 0
    for i in range(length):
        right = kinds[i] & CLASS
        left = kinds[i - 1] & CLASS if i else LINE_FEED
        if left == LETTER and right == LETTER:  # 5, and by far the most frequent pair
            before = LETTER
            continue
        attached = right in (EXTEND, JOINER) and not _BREAKS_LINE[left]
        if i and not attached and not _joins(kinds, i, left, before, last, right, flags):
            ends[count] = i
            count += 1
        if not attached:
            before, last = last, right
            flags = flags + 1 if right == REGIONAL else 0
    if length:
        ends[count] = length
        count += 1
    return ends[:count]


@compiled
def _joins(kinds: NDArray[np.uint8], place: int, left: int, before: int, last: int, right: int, flags: int) -> bool:
    """Whether no boundary is before the character at `place`."""
    if _BREAKS_LINE[left] or _BREAKS_LINE[right]:  # 3, 3a, 3b
        return left == CARRIAGE_RETURN and right == LINE_FEED
    if left == JOINER and right in (PICTOGRAPH, LETTER_PICTOGRAPH):  # 3c
        return True
    if last == REGIONAL and right == REGIONAL:  # 15, 16
        return flags % 2 == 1
    if _PAIRS[last, right] or (left == SPACE and right == SPACE):  # 3d
        return True
    if _BRIDGES[before, last, right]:  # 7, 7c, 11
        return True
    return bool(_IS_BRIDGE[right]) and bool(_BRIDGES[last, right, _next(kinds, place)])  # 6, 7b, 12


@compiled
def _next(kinds: NDArray[np.uint8], place: int) -> int:
    """Class of the next character that is neither a mark nor a format character."""
    for i in range(place + 1, len(kinds)):
        kind = int(kinds[i] & CLASS)
        if kind not in (EXTEND, JOINER):
            return kind
    return OTHER


@compiled
def join_flags(
    kinds: NDArray[np.uint8], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Starts, ends and flags of the segments that are not white space.

    A segment is alphabetic if one of its characters is, and punctuation if all of them are.
    """
    starts, stops, flags = np.empty_like(ends), np.empty_like(ends), np.empty(len(ends), np.uint8)
    count, start = 0, 0
    for end in ends:
        some, every = np.uint8(0), np.uint8(0xFF)
        for kind in kinds[start:end]:
            some |= kind
            every &= kind
        if not every & IS_SPACE:
            starts[count], stops[count] = start, end
            flags[count] = (some & IS_ALPHABETIC) | (every & IS_PUNCTUATION)
            count += 1
        start = end
    return starts[:count], stops[:count], flags[:count]


@compiled
def word_totals(starts: NDArray[np.int64], ends: NDArray[np.int64], flags: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Words that are not only punctuation, their characters, and how many of them have a letter."""
    words, characters, alphabetic = 0, 0, 0
    for word in range(len(flags)):
        has_letter = flags[word] & IS_ALPHABETIC != 0
        if has_letter or not flags[word] & IS_PUNCTUATION:
            words += 1
            characters += ends[word] - starts[word]
            alphabetic += has_letter
    return words, characters, alphabetic
