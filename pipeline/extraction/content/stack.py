"""The stack of open elements: what opens and closes, and what the start of an element closes by itself."""

from typing import Final

import numpy as np

from dedup.kernels import compiled
from pipeline.extraction.content.markup import Integers
from pipeline.extraction.content.page import (
    BLOCKS,
    DEEPEST,
    DEPTH,
    END_BLOCK,
    END_NODE,
    FIRST_BLOCK,
    IN_CAPTION,
    IN_CELL,
    IN_HEADING,
    IN_ITEM,
    IN_LINK,
    IN_PARAGRAPH,
    IN_PRE,
    IN_QUOTE,
    MEANINGS,
    NATURE,
    NODES,
    NUMBER,
    OPEN_CONTEXT,
    OPEN_NODE,
    PARENT,
    PRES,
    SILENCE,
    TAG,
    Page,
)
from pipeline.extraction.content.tags import BLOCK, CLOSES_PARAGRAPH, NUMBERS, SCOPE, SILENT
from pipeline.extraction.content.text import end_block

_A, _HEAD, _P = (NUMBERS[name] for name in ("a", "head", "p"))
_LI, _DT, _DD, _UL, _OL, _DL = (NUMBERS[name] for name in ("li", "dt", "dd", "ul", "ol", "dl"))
_TABLE, _TR, _TD, _TH = (NUMBERS[name] for name in ("table", "tr", "td", "th"))
_TBODY, _THEAD, _TFOOT = (NUMBERS[name] for name in ("tbody", "thead", "tfoot"))
_PRE, _LISTING = NUMBERS["pre"], NUMBERS["listing"]
_H1, _H6 = NUMBERS["h1"], NUMBERS["h6"]  # h2 to h5 are numbered between them


def _contexts() -> Integers:
    """Bits of context by the number of an element."""
    names = {
        IN_HEADING: "h1 h2 h3 h4 h5 h6",
        IN_ITEM: "li dt dd",
        IN_CELL: "td th",
        IN_PRE: "pre listing xmp",
        IN_CAPTION: "figcaption",
        IN_PARAGRAPH: "p",
        IN_QUOTE: "blockquote",
    }
    contexts = np.zeros(256, np.int64)
    for bit, elements in names.items():
        for name in elements.split():
            contexts[NUMBERS[name]] = bit
    return contexts


_CONTEXTS: Final = _contexts()


@compiled
def _pop(page: Page) -> None:
    """Close the innermost element."""
    state = page.state
    row = page.stack[state[DEPTH]]
    number, nature = row[NUMBER], row[NATURE]
    if nature & BLOCK:
        end_block(page)
        page.nodes[row[OPEN_NODE], END_BLOCK] = state[BLOCKS]
        page.nodes[row[OPEN_NODE], END_NODE] = state[NODES]
    if nature & SILENT:
        state[SILENCE] -= 1
    if number == _A:
        state[IN_LINK] = 0
    if number in (_PRE, _LISTING):
        state[PRES] -= 1
    page.open_elements[number] -= 1
    state[DEPTH] -= 1


@compiled
def pop_to(page: Page, depth: int) -> None:
    """Close the element at a depth and those inside, if the depth is one."""
    while depth and page.state[DEPTH] >= depth:
        _pop(page)


@compiled
def push(page: Page, number: int, nature: int, meanings: int) -> None:
    """Open an element."""
    state = page.state
    if state[DEPTH] == DEEPEST - 1:
        _pop(page)
    node = page.stack[state[DEPTH], OPEN_NODE]
    context = page.stack[state[DEPTH], OPEN_CONTEXT] | _CONTEXTS[number]
    if nature & BLOCK:
        end_block(page)
        if state[NODES] < len(page.nodes):
            row = page.nodes[state[NODES]]
            row[PARENT], row[TAG], row[MEANINGS], row[FIRST_BLOCK] = node, number, meanings, state[BLOCKS]
            node = state[NODES]
            state[NODES] += 1
        else:
            nature &= ~BLOCK
    state[DEPTH] += 1
    row = page.stack[state[DEPTH]]
    row[NUMBER], row[NATURE], row[OPEN_NODE], row[OPEN_CONTEXT] = number, nature, node, context
    page.open_elements[number] += 1
    if nature & SILENT:
        state[SILENCE] += 1
    if number in (_PRE, _LISTING):
        state[PRES] += 1


@compiled
def find(page: Page, number: int, barriers: int) -> int:
    """Depth of the innermost open element of a number; 0 if there is none, or one with a barrier's nature is nearer."""
    depth = page.state[DEPTH] if page.open_elements[number] else 0
    while depth and page.stack[depth, NUMBER] != number:
        depth = 0 if page.stack[depth, NATURE] & barriers else depth - 1
    return depth


@compiled
def find_inside(page: Page, first: int, second: int, outer: int, other: int) -> int:
    """Depth of the innermost open element of two numbers; 0 if there is none, or one of the outer numbers is nearer."""
    depth = page.state[DEPTH] if page.open_elements[first] + page.open_elements[second] else 0
    while depth and page.stack[depth, NUMBER] != first and page.stack[depth, NUMBER] != second:
        number = page.stack[depth, NUMBER]
        depth = 0 if number in (outer, other, _TABLE) else depth - 1
    return depth


@compiled
def close_implied(page: Page, number: int, nature: int) -> None:
    """Close what the start of an element ends: the head, paragraphs, items, cells, rows, links, headings."""
    if nature & BLOCK or number == _A:
        pop_to(page, find(page, _HEAD, 0))
    if nature & CLOSES_PARAGRAPH:
        pop_to(page, find(page, _P, SCOPE))
    if number == _LI:
        pop_to(page, find_inside(page, _LI, _LI, _UL, _OL))
    elif number in (_DT, _DD):
        pop_to(page, find_inside(page, _DT, _DD, _DL, _DL))
    elif number in (_TD, _TH):
        pop_to(page, find_inside(page, _TD, _TH, _TR, _TR))
    elif number == _TR:
        pop_to(page, find_inside(page, _TR, _TR, _TABLE, _TABLE))
    elif number in (_TBODY, _THEAD, _TFOOT):
        pop_to(page, find_inside(page, _TBODY, _THEAD, _TABLE, _TABLE))
    elif number == _A:
        close_inline(page, _A)
    elif _H1 <= number <= _H6 and _H1 <= page.stack[page.state[DEPTH], NUMBER] <= _H6:
        _pop(page)


@compiled
def close_inline(page: Page, number: int) -> None:
    """Close an inline element; where a block was opened inside, a link ends and the block stays open.

    It is what the standard's adoption agency comes to, as far as text depends on it.
    """
    depth = find(page, number, SCOPE)
    last = page.state[DEPTH]
    for above in range(depth + 1, last + 1):
        if depth and page.stack[above, NATURE] & BLOCK:
            if number == _A:
                page.state[IN_LINK] = 0
                page.open_elements[_A] -= 1
                for place in range(depth, last):
                    page.stack[place] = page.stack[place + 1]
                page.state[DEPTH] -= 1
            return
    pop_to(page, depth)
