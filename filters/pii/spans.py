"""A span: a place in a text where something identifies a person or opens a door, and what it is."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

# In the order in which they win where they overlap: what has a checksum or a prefix of its own is surest.
KINDS = ("secret", "email", "iban", "card", "national_id", "ip", "phone")


class Span(NamedTuple):
    """Characters `start` to `end` of a text, in code points, the end not included."""

    start: int
    end: int
    kind: str


def resolve(spans: Iterable[Span]) -> list[Span]:
    """Spans in order of place, none over another: the surest kind wins, then the longest span, then the first.

    >>> resolve([Span(4, 9, "phone"), Span(0, 6, "card"), Span(9, 12, "phone")])
    [Span(start=0, end=6, kind='card'), Span(start=9, end=12, kind='phone')]
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (KINDS.index(span.kind), span.start - span.end, span.start)):
        place = bisect_left(kept, span)
        fits_behind = place == 0 or kept[place - 1].end <= span.start
        fits_before = place == len(kept) or span.end <= kept[place].start
        if fits_behind and fits_before:
            kept.insert(place, span)
    return kept


def count_kinds(spans: Iterable[Span]) -> dict[str, int]:
    """How many spans there are of each kind that occurs, in the order of KINDS.

    >>> count_kinds([Span(0, 4, "phone"), Span(9, 12, "email"), Span(20, 24, "phone")])
    {'email': 1, 'phone': 2}
    """
    counts = Counter(span.kind for span in spans)
    return {kind: counts[kind] for kind in KINDS if counts[kind]}
