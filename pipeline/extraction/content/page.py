"""What a scan of a page makes: nodes, blocks and text, and the places and bits in its arrays."""

from typing import Final, NamedTuple

import numpy as np

from pipeline.extraction.content.markup import Bytes, Integers

# Browsers nest no deeper either (Blink and WebKit): an element beyond takes the place of its parent.
DEEPEST: Final = 512
# Nodes and blocks that a page may have: what comes after is text of the last block.
MOST_NODES: Final = 1 << 18

# Columns of a node, an element that begins and ends paragraphs. Nodes stand in the order of the page, so those inside a
# node follow it up to `END_NODE`, and their blocks are `FIRST_BLOCK` to `END_BLOCK`.
PARENT, TAG, MEANINGS, FIRST_BLOCK, END_BLOCK, END_NODE = range(6)
NODE_COLUMNS: Final = 6
# Columns of a block: its span in the text, innermost node, letters, letters in links, context, last three bytes.
START, END, NODE, LETTERS, LINK_LETTERS, CONTEXT, ENDING = range(7)
BLOCK_COLUMNS: Final = 7
# Bits of a block's context, of the elements around it.
IN_HEADING, IN_ITEM, IN_CELL, IN_PRE, IN_CAPTION, IN_PARAGRAPH, IN_QUOTE = (1 << place for place in range(7))
# Places in the state of a scan.
DEPTH, NODES, BLOCKS, OUT, IN_LINK, SPACE, BLOCK_OPEN, SILENCE, PRES, BREAKS = range(10)
STATE_LENGTH: Final = 10
# Columns of an open element.
NUMBER, NATURE, OPEN_NODE, OPEN_CONTEXT = range(4)


class Page(NamedTuple):
    """What a scan fills.

    `nodes` int64 (n, NODE_COLUMNS) and `blocks` int64 (n, BLOCK_COLUMNS), of which the first `state[NODES]` and
    `state[BLOCKS]` rows hold something; `text` is the blocks' UTF-8 with character references as they stood; `stack`
    has a row for each open element, `open_elements` counts them by number, and `unclosed` marks raw elements that have
    no end tag in the rest of the page.
    """

    nodes: Integers
    blocks: Integers
    text: Bytes
    state: Integers
    stack: Integers
    open_elements: Integers
    unclosed: Integers


def empty_page(length: int, tags: int) -> Page:
    """A page for HTML of a length in bytes with at most so many tags."""
    most = min(tags + 2, MOST_NODES)
    return Page(
        nodes=np.zeros((most, NODE_COLUMNS), np.int64),
        blocks=np.zeros((most, BLOCK_COLUMNS), np.int64),
        text=np.empty(length + tags + 8, np.uint8),
        state=np.zeros(STATE_LENGTH, np.int64),
        stack=np.zeros((DEEPEST, 4), np.int64),
        open_elements=np.zeros(256, np.int64),
        unclosed=np.zeros(256, np.int64),
    )
