"""Kernels that append characters to the blocks of a page, white space as browsers show it."""

from dedup.kernels import compiled
from pipeline.extraction.content.markup import Bytes, is_digit, is_letter, is_space
from pipeline.extraction.content.page import (
    BLOCK_OPEN,
    BLOCKS,
    BREAKS,
    CONTEXT,
    DEPTH,
    END,
    ENDING,
    IN_LINK,
    LETTERS,
    LINK_LETTERS,
    NODE,
    OPEN_CONTEXT,
    OPEN_NODE,
    OUT,
    PRES,
    SILENCE,
    SPACE,
    START,
    Page,
)


@compiled
def end_block(page: Page) -> None:
    """End the open block."""
    state = page.state
    state[SPACE] = state[BREAKS] = 0
    if state[BLOCK_OPEN]:
        page.blocks[state[BLOCKS], END] = state[OUT]
        state[BLOCKS] += 1
        state[BLOCK_OPEN] = 0


@compiled
def _begin_block(page: Page) -> None:
    state = page.state
    state[BLOCK_OPEN] = 1
    if state[BLOCKS] == len(page.blocks):  # no room for more: the last one goes on
        state[BLOCKS] -= 1
        page.text[state[OUT]] = 10
        state[OUT] += 1
        return
    row = page.blocks[state[BLOCKS]]
    row[START] = state[OUT]
    row[NODE] = page.stack[state[DEPTH], OPEN_NODE]
    row[CONTEXT] = page.stack[state[DEPTH], OPEN_CONTEXT]


@compiled
def break_line(page: Page) -> None:
    """Break a line inside a block; two breaks begin another block."""
    state = page.state
    if not state[SILENCE]:
        state[SPACE] = 0
        state[BREAKS] += 1
        if state[BREAKS] == 2:
            end_block(page)


@compiled
def _letters_of(byte: int) -> int:
    """What a byte of UTF-8 counts: one if it begins a character, and two for syllables and ideographs of East Asia.

    They say as much as two or three letters, so that limits mean the same in every script.
    """
    if 0x80 <= byte < 0xC0:
        return 0
    return 2 if 0xE3 <= byte <= 0xED else 1


@compiled
def _numeric_space(data: Bytes, place: int, end: int) -> int:
    """Length of a numeric reference to a space or a line end at a place; 0 for others."""
    value = 0
    at = place + 2
    while at < end and at < place + 8 and is_digit(data[at]):
        value = value * 10 + data[at] - 48
        at += 1
    if value in (9, 10, 13, 32, 160):
        return at - place + (1 if at < end and data[at] == 59 else 0)
    return 0


@compiled
def _other_space(data: Bytes, place: int, end: int) -> int:
    """Length of a space beyond ASCII, or of a reference to one, at a place; 0 for other characters.

    Zero-width characters are no spaces: joiners spell words, and U+200B parts them in Khmer and Thai.
    """
    byte = data[place]
    if place + 3 >= end:
        return 0
    second, third = data[place + 1], data[place + 2]
    east_asian = byte == 0xE3 and second == 0x80 and third == 0x80
    general = byte == 0xE2 and second == 0x80 and (third <= 0x8A or third in (0xA8, 0xA9, 0xAF))
    width = 0
    if byte == 0xC2 and second in (0xA0, 0x85):
        width = 2
    elif east_asian or general:
        width = 3
    elif byte == 38 and second == 35:
        width = _numeric_space(data, place, end)
    elif byte == 38 and second == 110 and third == 98 and place + 4 < end and data[place + 3] == 115:
        width = 6 if place + 5 < end and data[place + 5] == 59 else 5  # &nbsp;
    return width


@compiled
def _reference_end(data: Bytes, place: int, end: int) -> int:
    """The end of a character reference that begins at a place; the place after the ampersand where none does."""
    at = place + 1
    while at < end and at < place + 33 and (is_letter(data[at]) or is_digit(data[at]) or data[at] == 35):
        at += 1
    return at + 1 if at < end and at > place + 1 and data[at] == 59 else place + 1


@compiled
def _add_white_space(page: Page, byte: int) -> None:
    """White space between words is one space; in pre every space and line feed stands, but those at line ends."""
    state, text = page.state, page.text
    if not (state[PRES] and state[BLOCK_OPEN]):
        state[SPACE] = 2 if byte == 10 or state[SPACE] == 2 else 1
        return
    if byte == 13:
        return
    out = state[OUT]
    if byte == 10:
        while text[out - 1] == 32 or text[out - 1] == 9:
            out -= 1
    text[out] = 10 if byte == 10 else 9 if byte == 9 else 32
    state[OUT] = out + 1


@compiled
def _is_east_asian(byte: int) -> bool:
    """Whether a first byte is of kana or Han, their marks or full-width forms, between which are no spaces."""
    return 0xE3 <= byte <= 0xE9 or byte == 0xEF


@compiled
def _before_character(page: Page, byte: int) -> None:
    """Begin a block or write the white space that is due before a character.

    A line feed of the source between ideographs or kana is no space (CSS Text 3, segment break transformation).
    """
    state, text = page.state, page.text
    out = state[OUT]
    if not state[BLOCK_OPEN]:
        _begin_block(page)
    elif state[BREAKS]:
        text[out] = 10
        state[OUT] = out + 1
    elif state[SPACE] == 1 or (
        state[SPACE] == 2 and not (_is_east_asian(byte) and out >= 3 and _is_east_asian(text[out - 3]))
    ):
        text[out] = 32
        state[OUT] = out + 1
    state[SPACE] = state[BREAKS] = 0


@compiled
def add_text(page: Page, data: Bytes, place: int, end: int) -> None:
    """Append the characters of a span to the open block."""
    state, text = page.state, page.text
    if state[SILENCE]:
        return
    letters = ending = 0
    while place < end:
        byte = data[place]
        width = 1 if is_space(byte) else 0
        if byte in (0xC2, 0xE2, 0xE3, 38):
            width = _other_space(data, place, end)
        if width:
            _add_white_space(page, byte)
            place += width
            continue
        if byte < 32:
            place += 1
            continue
        if state[SPACE] or state[BREAKS] or not state[BLOCK_OPEN]:
            _before_character(page, byte)
        letters += _letters_of(byte)
        ending = (ending << 8 | byte) & 0xFFFFFF
        stop = _reference_end(data, place, end) if byte == 38 else place + 1
        out = state[OUT]
        while place < stop:
            text[out] = data[place]
            out += 1
            place += 1
        state[OUT] = out
    if letters:
        row = page.blocks[state[BLOCKS]]
        row[LETTERS] += letters
        row[ENDING] = ending
        if state[IN_LINK]:
            row[LINK_LETTERS] += letters
