"""How much markup a page has, counted before a parser sees it.

Parsers are native code that no signal interrupts, and some take time that grows with the square of how deep elements
nest, or of how many attributes one has. So tags are counted first, in one pass over the bytes. It is a bound for
hostile pages and no parser: real pages nest 42 deep at most (2,745 pages), the limits lie far above that.
"""

import re
from typing import Any

import numpy as np

LESS, GREATER, SLASH, BACKSLASH = (ord(character) for character in "<>/\\")
# Elements without content, and those that the next of their kind or the end of their parent closes: they are opened
# again and again without ever nesting.
NOT_NESTING = (
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"),
    *("p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "html", "head", "body"),
)
# In these an element may close itself: <path/>. Elsewhere the slash means nothing to HTML.
FOREIGN = ("svg", "math")
Places = np.ndarray[Any, np.dtype[np.int64]]
NAME_BYTES = 8
ATTRIBUTES = re.compile(rb"\s[^\s=>]")
MOST_ATTRIBUTES = 10_000


class MarkupLimitError(Exception):
    """The page has more markup than a parser should see; `reason` is the ledger's."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def check_markup(html: str, most_tags: int, deepest: int) -> None:
    """Raise MarkupLimitError if a page has more tags than `most_tags`, or nests deeper than `deepest` elements.

    Reasons: `too_many_tags` (also for more than MOST_ATTRIBUTES attributes of one element), `too_deep`.

    >>> check_markup("<div>" * 5 + "</div>" * 5, most_tags=10, deepest=5)
    >>> check_markup("<div>" * 6, most_tags=10, deepest=5)
    Traceback (most recent call last):
    pipeline.extraction.limits_markup.MarkupLimitError: more than 5 elements within each other
    """
    tags = html.count("<")
    if tags > most_tags:
        raise MarkupLimitError("too_many_tags", f"{tags:,} tags, more than {most_tags:,}")
    data = html.encode("utf-8", "surrogatepass") + b"\0" * NAME_BYTES
    starts, ends = _tags(data)
    # What holds another `<` is a comparison in a script rather than a tag.
    last = np.append(starts[1:], len(data)) > ends
    for tag in np.flatnonzero(last & (ends - starts > 2 * MOST_ATTRIBUTES)):
        if len(ATTRIBUTES.findall(data, int(starts[tag]), int(ends[tag]))) > MOST_ATTRIBUTES:
            raise MarkupLimitError("too_many_tags", f"an element with more than {MOST_ATTRIBUTES:,} attributes")
    if tags > deepest and _depth(data, starts, ends) > deepest:
        raise MarkupLimitError("too_deep", f"more than {deepest:,} elements within each other")


def _tags(data: bytes) -> tuple[Places, Places]:
    """Offsets of what begins as a tag, and of the `>` that follows each."""
    octets = np.frombuffer(data, np.uint8)
    starts = np.flatnonzero(octets == LESS)
    closers = np.append(np.flatnonzero(octets == GREATER), len(data) - NAME_BYTES)
    return starts, closers[np.searchsorted(closers[:-1], starts)]


def _depth(data: bytes, starts: Places, ends: Places) -> int:
    """The most elements that are open at once, were every element that nests closed by its own end tag."""
    octets = np.frombuffer(data, np.uint8)
    next_octets = octets[starts + 1]
    # `<\/div>` closes in the strings of scripts what `<div>` opened in them.
    closing = (next_octets == SLASH) | ((next_octets == BACKSLASH) & (octets[starts + 2] == SLASH))
    opening = ((next_octets | 32) >= ord("a")) & ((next_octets | 32) <= ord("z"))
    names = _names(octets, starts + 1 + closing + (next_octets == BACKSLASH))
    steps = opening.astype(np.int64) - closing
    steps[np.isin(names, NOT_NESTING_NAMES)] = 0
    foreign = np.cumsum(np.where(np.isin(names, FOREIGN_NAMES), steps, 0)) > 0
    steps[foreign & opening & (octets[ends - 1] == SLASH)] = 0
    open_elements = np.cumsum(steps)
    # An end tag without its element closes nothing: the count never falls below what was lowest.
    return int(np.max(open_elements - np.minimum(np.minimum.accumulate(open_elements), 0), initial=0))


def _names(octets: "np.ndarray[Any, np.dtype[np.uint8]]", starts: Places) -> Places:
    """The first bytes of each name as one number, in lower case; what ends the name, and all behind it, is zero."""
    names = np.zeros(len(starts), np.int64)
    inside = np.ones(len(starts), bool)
    for place in range(NAME_BYTES - 1):
        letters = octets[np.minimum(starts + place, len(octets) - 1)].astype(np.int64)
        inside &= (letters > ord(" ")) & (letters != GREATER) & (letters != SLASH)
        names |= np.where(inside, letters | 32, 0) << 8 * place
    return names


def _number(name: str) -> int:
    return int(_names(np.frombuffer(name.encode() + b">" * NAME_BYTES, np.uint8), np.zeros(1, np.int64))[0])


NOT_NESTING_NAMES = np.array([_number(name) for name in NOT_NESTING])
FOREIGN_NAMES = np.array([_number(name) for name in FOREIGN])
