"""The text of chosen blocks: a line a paragraph, a bullet before items, the cells of a row side by side."""

from collections.abc import Iterator
from html import unescape
from unicodedata import normalize

import numpy as np

from dedup.kernels import compiled
from pipeline.extraction.content.choose import Flags
from pipeline.extraction.content.markup import Integers
from pipeline.extraction.content.page import BLOCKS, END, NODE, NODES, OUT, PARENT, START, TAG, Page
from pipeline.extraction.content.tags import NUMBERS
from pipeline.extraction.marks import stream_safe

_LI, _TABLE, _TR, _TD, _TH = (NUMBERS[name] for name in ("li", "table", "tr", "td", "th"))


@compiled
def _layout(page: Page, kept: Flags) -> Integers:
    """Of each kept block: start, end, and the nodes of its row, its cell and its item, 0 for none; shape (kept, 5)."""
    nodes = page.state[NODES]
    places = np.zeros((nodes, 3), np.int64)
    for n in range(1, nodes):
        tag = page.nodes[n, TAG]
        places[n] = places[page.nodes[n, PARENT]]
        if tag == _TABLE:
            places[n, :2] = 0
        elif tag == _TR:
            places[n, 0], places[n, 1] = n, 0
        elif tag in (_TD, _TH):
            places[n, 1] = n
        elif tag == _LI:
            places[n, 2] = n
    layout = np.empty((np.count_nonzero(kept), 5), np.int64)
    at = 0
    for i in range(page.state[BLOCKS]):
        if kept[i]:
            layout[at, :2] = page.blocks[i, START : END + 1]
            layout[at, 2:] = places[page.blocks[i, NODE]]
            at += 1
    return layout


def _is_data(row: list[tuple[str, int]]) -> bool:
    """Whether a row's cells have a paragraph each; rows of layout have many."""
    cells = [cell for _, cell in row]
    return len(cells) > 1 and len(set(cells)) == len(cells) and not any("\n" in text for text, _ in row)


def _rows(layout: list[list[int]], text: bytes) -> Iterator[tuple[int, list[tuple[str, int]]]]:
    """Runs of blocks of the same row of a table, each block with its cell; other blocks by themselves."""
    run: list[tuple[str, int]] = []
    current = item = 0
    for start, end, row, cell, its_item in layout:
        if run and (not row or row != current):
            yield current, run
            run = []
        content = unescape(text[start:end].decode("utf-8", "replace")).strip()
        if not content:  # references to spaces, which show nothing
            continue
        if its_item != item and its_item:
            content = f"- {content}"
        current, item = row, its_item
        run.append((content, cell))
    if run:
        yield current, run


def text_of(page: Page, kept: Flags) -> str:
    """The text of the kept blocks, with character references resolved, in NFC as trafilatura writes it."""
    lines = []
    for row, run in _rows(_layout(page, kept).tolist(), page.text[: page.state[OUT]].tobytes()):
        if row and _is_data(run):
            lines.append("| " + " | ".join(text for text, _ in run) + " |")
        else:
            lines.extend(text for text, _ in run)
    return normalize("NFC", stream_safe("\n".join(lines)))
