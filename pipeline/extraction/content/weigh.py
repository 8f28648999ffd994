"""What blocks of text weigh, by length, links, and whether they end a sentence."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import compiled
from pipeline.extraction.content.markup import Integers
from pipeline.extraction.content.page import (
    BLOCKS,
    CONTEXT,
    ENDING,
    IN_CAPTION,
    IN_HEADING,
    LETTERS,
    LINK_LETTERS,
    Page,
)

Floats = NDArray[np.float64]

LEAST_TEXT: Final = 20  # a shorter block weighs nothing
LEAST_HEADING: Final = 100  # a heading this long is a paragraph in disguise
LONG_TEXT: Final = 80  # a block this long is text though it ends no sentence
LONG_TEXT_WEIGHT, SHORT_TEXT_WEIGHT = 0.6, 0.15


class Sums(NamedTuple):
    """Running sums over blocks, of shape (blocks + 1): weight, letters, and letters in links."""

    weight: Floats
    letters: Integers
    links: Integers


@compiled
def _ends_sentence(ending: int) -> bool:
    """Whether the last three bytes of a block end a sentence, or may: quotation marks and references do not tell."""
    last = ending & 0xFF
    if last < 0x80:
        return last in (33, 34, 38, 46, 58, 59, 63)
    first = ending >> 16
    # General punctuation; CJK punctuation; full-width ! . ? ; danda; Arabic ؟ ۔; Armenian ։; Ethiopic ። Burmese ။ ។
    # Thai, Lao and Tibetan mark no ends, or not with marks of their own: their letters may end one.
    return (
        first == 0xE2
        or 0xE0B8 <= (ending >> 8) <= 0xE0BF
        or (ending >> 8) == 0xE380
        or ending in (0xEFBC81, 0xEFBC8E, 0xEFBC9F, 0xE0A5A4, 0xE0A5A5, 0xE18DA2, 0xE1818B, 0xE19F94)
        or (ending & 0xFFFF) in (0xD89F, 0xDB94, 0xD689)
    )


@compiled
def weight_of(block: Integers) -> float:
    """The weight of a block: its letters outside links, less where no sentence ends."""
    text = block[LETTERS] - block[LINK_LETTERS]
    context = block[CONTEXT]
    if text < LEAST_TEXT or text < block[LINK_LETTERS] or context & IN_CAPTION:
        return 0.0
    if context & IN_HEADING and text < LEAST_HEADING:
        return 0.0
    if _ends_sentence(block[ENDING]):
        return float(text)
    return float(text) * (LONG_TEXT_WEIGHT if text >= LONG_TEXT else SHORT_TEXT_WEIGHT)


@compiled
def sums_of(page: Page) -> Sums:
    """Running sums over the blocks of a page."""
    blocks = page.state[BLOCKS]
    sums = Sums(np.zeros(blocks + 1), np.zeros(blocks + 1, np.int64), np.zeros(blocks + 1, np.int64))
    for i in range(blocks):
        sums.weight[i + 1] = sums.weight[i] + weight_of(page.blocks[i])
        sums.letters[i + 1] = sums.letters[i] + page.blocks[i, LETTERS]
        sums.links[i + 1] = sums.links[i] + page.blocks[i, LINK_LETTERS]
    return sums
