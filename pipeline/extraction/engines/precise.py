"""trafilatura, which finds the main text with the most care, and takes the most time for it."""

import re
from functools import cache
from html import unescape
from typing import Any

from pipeline.extraction.page import Page

# trafilatura drops characters that have no shape. Two of them spell words: the zero width non-joiner in Persian, Urdu
# and Kurdish (می‌رود is not میرود), and the joiner in Sinhala, Malayalam and other Indic scripts. They travel through
# extraction as letters that no page uses, and come back.
TRAVELLING = {"\u200c": "\ua717", "\u200d": "\ua718"}
JOINERS = re.compile(r"\u200c|\u200d|&zwnj;|&zwj;|&#0*820[45];|&#[xX]0*200[cCdD];")
DEPARTURES = str.maketrans(TRAVELLING)
RETURNS = str.maketrans({letter: joiner for joiner, letter in TRAVELLING.items()})


def precise_text(page: Page) -> str:
    """Main text with less that is only perhaps content; readability and jusText are asked where rules find little."""
    return _text(page, favor_precision=True)


def fast_text(page: Page) -> str:
    """Main text by trafilatura's own rules alone."""
    return _text(page, fast=True)


def forget_pages() -> None:
    """Empty trafilatura's caches, which grow with every page."""
    if _library.cache_info().currsize:
        from trafilatura.meta import reset_caches

        reset_caches()


def _text(page: Page, **options: bool) -> str:
    trafilatura = _library()
    html = JOINERS.sub(lambda found: unescape(found.group()).translate(DEPARTURES), page.html)
    # Its own deduplication remembers earlier pages of the process: a result would depend on their order.
    text = trafilatura.extract(
        html, include_comments=False, include_tables=True, deduplicate=False, with_metadata=False, **options
    )
    return (text or "").translate(RETURNS)


@cache
def _library() -> Any:
    """The library, silent: what it logs of a page is counted here, as the page's outcome."""
    import logging

    import trafilatura

    for library in ("trafilatura", "htmldate", "courlan"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    return trafilatura
