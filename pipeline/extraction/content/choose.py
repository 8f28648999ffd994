"""Which blocks of a scanned page are its main content.

Text is weighed: sentences count in full, other text less, links nothing. What class names and elements call the page's
frame is left out, unless most of the text is in it. The main content is the element whose blocks weigh most once links
and loose fragments are subtracted, so that it is as large as its text and no larger. Inside, lists of links and
fragments go, and headings of nothing.

No rule knows a language: letters are counted by script (see `text`), and the end of a sentence only adds to the weight
of a short text, since Thai, Lao and others mark none.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import compiled
from pipeline.extraction.content.markup import Integers
from pipeline.extraction.content.page import (
    BLOCKS,
    CONTEXT,
    END_BLOCK,
    END_NODE,
    ENDING,
    FIRST_BLOCK,
    IN_CELL,
    IN_HEADING,
    IN_ITEM,
    IN_PARAGRAPH,
    IN_PRE,
    IN_QUOTE,
    LETTERS,
    LINK_LETTERS,
    MEANINGS,
    NODES,
    TAG,
    Page,
)
from pipeline.extraction.content.tags import NUMBERS
from pipeline.extraction.content.vocabulary import MEANING
from pipeline.extraction.content.weigh import Sums, sums_of, weight_of

Flags = NDArray[np.bool_]

# Lengths are in letters; shares and factors have no unit. How they were chosen: docs/main_content.md.
ANCHOR_SHARE, ANCHOR_WEIGHT = 0.1, 150.0  # of an article that protects the elements around it
OWN_PARAGRAPH: Final = 200.0  # a paragraph or quotation this heavy is text whatever its class says
LINK_PENALTY, FRAGMENT_PENALTY, CELL_WEIGHT = 0.6, 0.3, 0.2  # of letters, when elements are compared
ARTICLE_FACTOR, MAIN_FACTOR = 1.1, 1.05  # for elements that say what they are
LIST_LINKS, LIST_WEIGHT = 0.6, 200.0  # share of links in an element that is a list of links, and the text it may have
BLOCK_LINKS: Final = 0.8  # share of links in a block that is no text
LONGEST_FRAGMENT, FRAGMENT_WEIGHT = 100, 20.0  # loose text of an element that is no paragraph
LONGEST_INTRODUCTION: Final = 60  # of a line with a colon, which announces what follows as headings do
LEAST_GAP_LINKS, GAP_LINKS = 40, 0.5  # links that followed a heading, in letters and as share
LITTLE_TEXT, LITTLE_SHARE = 100, 0.3  # what is chosen at least, or the page is judged again with lenient limits
SHORT_BY_NATURE: Final = IN_CELL | IN_ITEM | IN_PRE


def _bits(*names: str) -> int:
    return sum(MEANING[name] for name in names)


_FRAME: Final = _bits("navigation", "footer", "sidebar", "share", "related", "ad", "popup", "hidden")
_ACCESSORY: Final = _bits("teaser", "caption", "form", "picture", "header", "widget")
_COMMENT, _META = MEANING["comment"], MEANING["meta"]
_OF_PARAGRAPHS: Final = _bits("meta", "ad", "hidden", "comment", "caption")  # what the class of a paragraph can say
_NO_ANCHOR: Final = _bits("comment", "navigation", "footer", "sidebar", "related", "teaser")
_ARTICLE_WORD, _MAIN_WORD = MEANING["article"], MEANING["main"]
_P, _TD, _TH, _BLOCKQUOTE, _ARTICLE, _MAIN = (
    NUMBERS[name] for name in ("p", "td", "th", "blockquote", "article", "main")
)
_FRAME_ELEMENTS: Final = np.isin(
    np.arange(256),
    [NUMBERS[name] for name in ("nav", "footer", "menu", "dialog", "aside", "figcaption", "figure", "noscript")],
)


class Limits(NamedTuple):
    """The share of a page's text, and the weight, below which elements of the frame are left out."""

    element: float
    frame: float
    comment: float
    accessory: float
    meta: float


STRICT: Final = Limits(element=0.7, frame=0.5, comment=0.8, accessory=80.0, meta=1000.0)
LENIENT: Final = Limits(element=0.7, frame=0.1, comment=0.1, accessory=0.0, meta=0.0)
THREAD: Final = LENIENT._replace(comment=0.0)  # a forum's page can be comments and nothing else, each of them short


@compiled
def _anchors(page: Page, sums: Sums) -> Integers:
    """Running count, of shape (nodes + 1), of elements that call themselves the article and hold much of the text."""
    nodes = page.state[NODES]
    anchors = np.zeros(nodes + 1, np.int64)
    least = max(ANCHOR_WEIGHT, ANCHOR_SHARE * sums.weight[-1])
    for n in range(nodes):
        row = page.nodes[n]
        says = row[TAG] == _ARTICLE or row[MEANINGS] & _ARTICLE_WORD
        weight = sums.weight[row[END_BLOCK]] - sums.weight[row[FIRST_BLOCK]]
        anchors[n + 1] = anchors[n] + (1 if says and not row[MEANINGS] & _NO_ANCHOR and weight > least else 0)
    return anchors


@compiled
def _is_frame(row: Integers, sums: Sums, limits: Limits) -> bool:
    """Whether an element is of the page's frame: navigation, advertisements, comments, captions and so on."""
    first, end, meanings, tag = row[FIRST_BLOCK], row[END_BLOCK], row[MEANINGS], row[TAG]
    weight = sums.weight[end] - sums.weight[first]
    letters = sums.letters[end] - sums.letters[first]
    links = sums.links[end] - sums.links[first]
    share = (letters - links) / max(1, sums.letters[-1] - sums.links[-1])
    if sums.weight[-1] > 0:
        share = max(share, weight / sums.weight[-1])
    if _FRAME_ELEMENTS[tag] and share < limits.element:
        return True
    if tag in (_P, _BLOCKQUOTE):
        meanings &= _OF_PARAGRAPHS if weight < OWN_PARAGRAPH else _META
    if (meanings & _FRAME and share < limits.frame) or (meanings & _COMMENT and share < limits.comment):
        return True
    if meanings & (_META | _ACCESSORY):
        most = limits.meta if meanings & _META else limits.accessory
        return bool(2 * links > letters or (weight < most and share < 0.5))
    return False


@compiled
def _outside_frame(page: Page, sums: Sums, limits: Limits) -> Flags:
    """Which blocks are in no element of the frame."""
    kept = np.ones(page.state[BLOCKS], np.bool_)
    anchors = _anchors(page, sums)
    n = 1
    while n < page.state[NODES]:
        row = page.nodes[n]
        end = max(row[END_NODE], n + 1)
        if row[FIRST_BLOCK] < row[END_BLOCK] and anchors[end] == anchors[n] and _is_frame(row, sums, limits):
            kept[row[FIRST_BLOCK] : row[END_BLOCK]] = False
            n = end
        else:
            n += 1
    return kept


@compiled
def _gain(block: Integers) -> float:
    """What a block adds to an element that may be the main content; links and loose fragments take away."""
    weight = weight_of(block)
    context = block[CONTEXT]
    if weight > 0 or context & IN_HEADING:
        return weight
    text = block[LETTERS] - block[LINK_LETTERS]
    factor = CELL_WEIGHT if context & (SHORT_BY_NATURE | IN_PARAGRAPH) else -FRAGMENT_PENALTY
    return float(factor * text - LINK_PENALTY * block[LINK_LETTERS])


@compiled
def _root(page: Page, kept: Flags) -> int:
    """The node of the main content; node 0, the whole page, where no element stands out."""
    gains = np.zeros(len(kept) + 1)
    for i in range(len(kept)):
        gains[i + 1] = gains[i] + (_gain(page.blocks[i]) if kept[i] else 0.0)
    best = 0
    most = 0.0
    for n in range(page.state[NODES]):
        row = page.nodes[n]
        gain = gains[row[END_BLOCK]] - gains[row[FIRST_BLOCK]]
        if row[TAG] == _ARTICLE or row[MEANINGS] & _ARTICLE_WORD:
            gain *= ARTICLE_FACTOR
        elif row[TAG] == _MAIN or row[MEANINGS] & _MAIN_WORD:
            gain *= MAIN_FACTOR
        if gain > 0 and gain >= most:
            most = gain
            best = n
    return best


@compiled
def _drop_links(page: Page, sums: Sums, root: int, kept: Flags) -> None:
    """Drop elements inside a root that are lists of links, and blocks that are hardly more than links."""
    n = root
    end = page.nodes[root, END_NODE]
    while n < end:
        row = page.nodes[n]
        first, last = row[FIRST_BLOCK], row[END_BLOCK]
        letters = sums.letters[last] - sums.letters[first]
        links = sums.links[last] - sums.links[first]
        mostly_links = links > LIST_LINKS * letters and sums.weight[last] - sums.weight[first] < LIST_WEIGHT
        if mostly_links and row[TAG] not in (_P, _TD, _TH):
            kept[first:last] = False
            n = max(row[END_NODE], n + 1)
        else:
            n += 1


@compiled
def _is_fragment(block: Integers) -> bool:
    """Whether a block is hardly more than links, or a loose line of no element that text is in."""
    text = block[LETTERS] - block[LINK_LETTERS]
    if block[CONTEXT] & IN_CELL:
        return False
    if block[LINK_LETTERS] > BLOCK_LINKS * block[LETTERS]:
        return True
    if block[CONTEXT] & SHORT_BY_NATURE:
        return False
    placed = block[CONTEXT] & (IN_HEADING | IN_PARAGRAPH | IN_QUOTE)
    return text < 3 or (text < LONGEST_FRAGMENT and not placed and weight_of(block) < FRAGMENT_WEIGHT)


@compiled
def _drop_bare_headings(page: Page, first: int, end: int, kept: Flags) -> None:
    """Drop headings, and lines that announce a list, where nothing or a list of dropped links follows."""
    letters = links = 0  # of the dropped blocks that follow
    bare = True
    for i in range(end - 1, first - 1, -1):
        block = page.blocks[i]
        heading = block[CONTEXT] & IN_HEADING
        if not kept[i]:
            if not heading or block[LINK_LETTERS]:
                letters += block[LETTERS]
                links += block[LINK_LETTERS]
            continue
        announces = heading or (block[ENDING] & 0xFF == 58 and block[LETTERS] < LONGEST_INTRODUCTION)
        if announces and (bare or (links > LEAST_GAP_LINKS and links > GAP_LINKS * letters)):
            kept[i] = False
        else:
            bare = False
        letters = links = 0


@compiled
def _chosen_within(page: Page, sums: Sums, limits: Limits) -> Flags:
    kept = _outside_frame(page, sums, limits)
    root = _root(page, kept)
    first, end = page.nodes[root, FIRST_BLOCK], page.nodes[root, END_BLOCK]
    kept[:first] = False
    kept[end:] = False
    _drop_links(page, sums, root, kept)
    for i in range(first, end):
        kept[i] = kept[i] and not _is_fragment(page.blocks[i])
    _drop_bare_headings(page, first, end, kept)
    return kept


@compiled
def _has_little(page: Page, sums: Sums, kept: Flags) -> bool:
    chosen = 0
    for i in range(len(kept)):
        if kept[i]:
            chosen += page.blocks[i, LETTERS] - page.blocks[i, LINK_LETTERS]
    return chosen < LITTLE_TEXT and chosen < LITTLE_SHARE * (sums.letters[-1] - sums.links[-1])


@compiled
def chosen_blocks(page: Page, strict: Limits, lenient: Limits, thread: Limits) -> Flags:
    """Which blocks of a scanned page are its main content, of shape (blocks,).

    By lenient limits where strict ones leave little, by those of a thread where these leave nothing.
    """
    sums = sums_of(page)
    kept = _chosen_within(page, sums, strict)
    if _has_little(page, sums, kept):
        kept = _chosen_within(page, sums, lenient)
    return kept if kept.any() else _chosen_within(page, sums, thread)
