"""Kernels over the bytes of tags: names, attributes, comments, and the end of raw text."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import compiled
from pipeline.extraction.content.vocabulary import (
    MEANING,
    OFFSET_BASIS,
    UNWANTED,
    WHOLE_BASIS,
    extended_hash,
    hash_of,
    look_up,
)

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Keys = NDArray[np.uint64]

ARTICLE: Final = MEANING["article"]
BODY: Final = MEANING["body"]
HIDDEN: Final = MEANING["hidden"]
KIND: Final = MEANING["kind"]
NEGATION: Final = MEANING["negation"]

_CLASS, _ID, _ROLE, _ITEMPROP, _STYLE, _HIDDEN, _ARIA_HIDDEN, _HREF = (
    hash_of(name) for name in ("class", "id", "role", "itemprop", "style", "hidden", "aria-hidden", "href")
)


@compiled
def is_space(byte: int) -> bool:
    """Whether a byte is white space of HTML."""
    return byte == 32 or 9 <= byte <= 13


@compiled
def is_letter(byte: int) -> bool:
    """Whether a byte is an ASCII letter."""
    return 97 <= (byte | 32) <= 122


@compiled
def is_digit(byte: int) -> bool:
    """Whether a byte is an ASCII digit."""
    return 48 <= byte <= 57


@compiled
def lower(byte: int) -> int:
    """An ASCII letter in lower case, other bytes as they are."""
    return byte + 32 if 65 <= byte <= 90 else byte


@compiled
def name_end(data: Bytes, place: int) -> int:
    """The end of a tag's name that begins at a place."""
    while place < len(data) and not is_space(data[place]) and data[place] != 62 and data[place] != 47:
        place += 1
    return place


@compiled
def name_hash(data: Bytes, start: int, end: int) -> np.uint64:
    """The hash of a name in lower case."""
    value = OFFSET_BASIS
    for place in range(start, end):
        value = extended_hash(value, np.uint64(lower(data[place])))
    return value


@compiled
def _name_meanings(data: Bytes, place: int, end: int, keys: Keys, values: Integers) -> tuple[int, int]:
    """The bits of one name of an attribute, of its words and as a whole, and the place after it.

    Words end at marks and before capitals in the middle: `entry-content`, `articleBody`.
    """
    whole, word = WHOLE_BASIS, OFFSET_BASIS
    bits = 0
    length = 0  # of the word
    while place < end and not is_space(data[place]):
        byte = data[place]
        in_word = is_letter(byte) or is_digit(byte) or byte >= 128
        capital = 65 <= byte <= 90
        if length and (not in_word or (capital and 97 <= data[place - 1] <= 122)):
            bits |= look_up(keys, values, word)
            word, length = OFFSET_BASIS, 0
        if in_word:
            word = extended_hash(word, np.uint64(lower(byte)))
            length += 1
        whole = extended_hash(whole, np.uint64(lower(byte)) if in_word else np.uint64(45))
        place += 1
    if length:
        bits |= look_up(keys, values, word)
    bits |= look_up(keys, values, whole)
    if bits & NEGATION:  # no-sidebar, has-comments: a state of the page, not what the element is
        return 0, place
    if bits & KIND and bits & BODY and not bits & UNWANTED:
        bits |= ARTICLE
    return bits, place


@compiled
def _meanings(data: Bytes, place: int, end: int, keys: Keys, values: Integers) -> int:
    """Bits of the meanings of an attribute's names."""
    bits = 0
    while place < end:
        if is_space(data[place]):
            place += 1
        else:
            found, place = _name_meanings(data, place, end, keys, values)
            bits |= found
    return bits


@compiled
def _hides(data: Bytes, place: int, end: int) -> bool:
    """Whether a style says `display: none`."""
    first = place
    while place + 4 < end:
        if data[place] == 58:
            before = place - 1
            while before > first and is_space(data[before]):
                before -= 1
            at = place + 1
            while at < end and is_space(data[at]):
                at += 1
            is_none = at + 3 < end and data[at] | 32 == 110 and data[at + 1] | 32 == 111 and data[at + 2] | 32 == 110
            if is_none and data[before] | 32 == 121:  # displaY: none
                return True
        place += 1
    return False


@compiled
def _value_span(data: Bytes, place: int) -> tuple[int, int, int]:
    """Start and end of the value of an attribute whose name ends at a place, and the place after it."""
    end = len(data)
    after = place
    while after < end and is_space(data[after]):
        after += 1
    if after >= end or data[after] != 61:
        return place, place, place
    place = after + 1
    while place < end and is_space(data[place]):
        place += 1
    start = place
    if place < end and (data[place] == 34 or data[place] == 39):
        quote = data[place]
        start = place = place + 1
        while place < end and data[place] != quote:
            place += 1
        return start, place, min(place + 1, end)
    while place < end and not is_space(data[place]) and data[place] != 62:
        place += 1
    return start, place, place


@compiled
def attributes(data: Bytes, place: int, keys: Keys, values: Integers) -> tuple[int, int, bool]:
    """Read attributes up to the end of a tag: the place after it, bits of meanings, and whether there is an address."""
    bits = 0
    address = False
    end = len(data)
    while place < end:
        byte = data[place]
        if byte == 62:
            return place + 1, bits, address
        if is_space(byte) or byte == 47:
            place += 1
            continue
        first = place
        place += 1
        while (
            place < end and not is_space(data[place]) and data[place] != 62 and data[place] != 47 and data[place] != 61
        ):
            place += 1
        name = name_hash(data, first, place)
        start, stop, place = _value_span(data, place)
        if name in (_CLASS, _ID, _ROLE, _ITEMPROP):
            bits |= _meanings(data, start, stop, keys, values)
        elif name == _HREF:
            address = True
        elif (
            name == _HIDDEN
            or (name == _ARIA_HIDDEN and stop > start and data[start] | 32 == 116)
            or (name == _STYLE and _hides(data, start, stop))
        ):
            bits |= HIDDEN
    return end, bits, address


@compiled
def after_declaration(data: Bytes, place: int) -> int:
    """The place after a comment, declaration or processing instruction that begins at a place with `<`."""
    end = len(data)
    if not (place + 3 < end and data[place + 1] == 33 and data[place + 2] == 45 and data[place + 3] == 45):
        while place < end and data[place] != 62:
            place += 1
        return min(place + 1, end)
    at = place + 4
    if at < end and data[at] == 62:  # <!-->
        return at + 1
    at -= 1  # <!---> ends at once, too
    while at + 2 < end:
        if data[at] == 45 and data[at + 1] == 45:
            if data[at + 2] == 62 and at >= place + 3:
                return at + 3
            if data[at + 2] == 33 and at + 3 < end and data[at + 3] == 62:
                return at + 4
        at += 1
    return end


@compiled
def raw_end(data: Bytes, place: int, name_start: int, name_length: int) -> int:
    """The place of the end tag of a raw element whose name stands at a place of the page; -1 where it has none."""
    end = len(data)
    while place + 2 + name_length <= end:
        if data[place] == 60 and data[place + 1] == 47:
            at = 0
            while at < name_length and lower(data[place + 2 + at]) == lower(data[name_start + at]):
                at += 1
            after = place + 2 + name_length
            if at == name_length and (after == end or is_space(data[after]) or data[after] == 62 or data[after] == 47):
                return place
        place += 1
    return -1
