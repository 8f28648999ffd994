"""One pass over a page's bytes: elements that hold paragraphs, and blocks of text in the order of the page.

The rules are those of the HTML standard as far as text depends on them: raw text, implied end tags, scopes, end tags
that match nothing. The stack of open elements is bounded, so that the time is linear whatever the nesting is.
"""

import numpy as np

from dedup.kernels import compiled
from pipeline.extraction.content.markup import (
    HIDDEN,
    Bytes,
    Integers,
    Keys,
    after_declaration,
    attributes,
    is_letter,
    name_end,
    name_hash,
    raw_end,
)
from pipeline.extraction.content.page import BLOCKS, END_BLOCK, END_NODE, IN_LINK, NODES, PARENT, Page, empty_page
from pipeline.extraction.content.stack import close_implied, close_inline, find, find_inside, pop_to, push
from pipeline.extraction.content.tags import BLOCK, BREAK, NUMBERS, RAW, SCOPE, SILENT, VOID
from pipeline.extraction.content.text import add_text, break_line, end_block
from pipeline.extraction.content.vocabulary import element_table, look_up, word_table

_A, _BODY, _HEAD, _HTML, _P, _XMP = (NUMBERS[name] for name in ("a", "body", "head", "html", "p", "xmp"))
_TABLE, _TR, _TD, _TH, _TBODY = (NUMBERS[name] for name in ("table", "tr", "td", "th", "tbody"))
_SCRIPT, _STYLE = NUMBERS["script"], NUMBERS["style"]


@compiled
def _end_tag(page: Page, number: int, nature: int) -> None:
    """Close the element that an end tag names, where one is open in its scope."""
    if nature & BREAK:
        break_line(page)
    elif number in (_TR, _TD, _TH, _TBODY):
        pop_to(page, find_inside(page, number, number, _TABLE, _TABLE))
    elif nature & (BLOCK | SILENT):
        depth = find(page, number, 0 if number in (_TABLE, _HEAD) else SCOPE)
        pop_to(page, depth)
        if not depth and number == _P:
            end_block(page)
    elif not nature & VOID:
        close_inline(page, number)


@compiled
def _skip_raw(page: Page, data: Bytes, name_start: int, place: int, number: int) -> int:
    """The place after a raw element whose start tag ends at a place. Without an end, only scripts hide the rest."""
    if page.unclosed[number]:
        return place
    stop = raw_end(data, place, name_start, name_end(data, name_start) - name_start)
    if stop < 0:
        page.unclosed[number] = 1
        return len(data) if number in (_SCRIPT, _STYLE) else place
    if number == _XMP:
        end_block(page)
        add_text(page, data, place, stop)
        end_block(page)
    return after_declaration(data, stop)


@compiled
def _start_tag(
    page: Page, data: Bytes, name_start: int, number: int, nature: int, word_keys: Keys, word_values: Integers
) -> int:
    """Open an element; the place after its tag, or after all of it if it is raw."""
    place, meanings, address = attributes(data, name_end(data, name_start), word_keys, word_values)
    if nature & BREAK:
        break_line(page)
    elif number in (_HTML, _BODY):
        if number == _BODY:
            pop_to(page, find(page, _HEAD, 0))
    elif nature & RAW:
        return _skip_raw(page, data, name_start, place, number)
    else:
        close_implied(page, number, nature)
        if nature & VOID:
            if nature & BLOCK:
                end_block(page)
            return place
        if meanings & HIDDEN and not nature & BLOCK:
            nature |= SILENT
        push(page, number, nature, meanings)
        if number == _A and address:
            page.state[IN_LINK] = 1
    return place


@compiled
def _tag(
    page: Page,
    data: Bytes,
    place: int,
    element_keys: Keys,
    element_values: Integers,
    word_keys: Keys,
    word_values: Integers,
) -> int:
    """Read the tag that begins at a place; the place after it."""
    closing = data[place + 1] == 47
    start = place + 2 if closing else place + 1
    end = name_end(data, start)
    value = look_up(element_keys, element_values, name_hash(data, start, end))
    number, nature = value & 255, value >> 8
    if value == 0:  # custom elements have a hyphen, and mostly hold paragraphs
        for at in range(start, end):
            if data[at] == 45:
                nature = BLOCK
    if not closing:
        return _start_tag(page, data, start, number, nature, word_keys, word_values)
    _end_tag(page, number, nature)
    return attributes(data, end, word_keys, word_values)[0]


@compiled
def scan(
    data: Bytes, page: Page, element_keys: Keys, element_values: Integers, word_keys: Keys, word_values: Integers
) -> None:
    """Fill an empty page from the UTF-8 bytes of its HTML."""
    end = len(data)
    page.nodes[0, PARENT] = -1
    page.state[NODES] = 1
    place = 0
    while place < end:
        stop = place
        while stop < end and data[stop] != 60:
            stop += 1
        add_text(page, data, place, stop)
        place = stop
        if place + 1 >= end:
            break
        following = data[place + 1]
        if is_letter(following) or (following == 47 and place + 2 < end and is_letter(data[place + 2])):
            place = _tag(page, data, place, element_keys, element_values, word_keys, word_values)
        elif following in (33, 47, 63):
            place = after_declaration(data, place)
        else:
            add_text(page, data, place, place + 1)
            place += 1
    pop_to(page, 1)
    end_block(page)
    page.nodes[0, END_BLOCK] = page.state[BLOCKS]
    page.nodes[0, END_NODE] = page.state[NODES]


def scanned(html: str) -> Page:
    """Scan a page."""
    data = np.frombuffer(html.encode("utf-8", "replace"), np.uint8)
    page = empty_page(len(data), html.count("<"))
    scan(data, page, *element_table(), *word_table())
    return page
