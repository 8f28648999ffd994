"""Main text of a page, within limits of CPU time and memory."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape

import trafilatura
from trafilatura.meta import reset_caches
from trafilatura.utils import load_html

from configs.model import Extraction
from pipeline.extraction.licence import licence_of
from pipeline.extraction.limits import CpuLimitExceeded, cpu_limit, memory_limit
from pipeline.rights.statements import rights_of

# What they log of a page is counted here, as the page's outcome.
for library in ("trafilatura", "htmldate", "courlan"):
    logging.getLogger(library).setLevel(logging.CRITICAL)


# trafilatura drops characters that have no shape. Two of them spell words: the zero width non-joiner in Persian, Urdu
# and Kurdish (می‌رود is not میرود), and the joiner in Sinhala, Malayalam and other Indic scripts. They travel through
# extraction as letters that no page uses, and come back.
TRAVELLING = {"\u200c": "\ua717", "\u200d": "\ua718"}
JOINERS = re.compile(r"\u200c|\u200d|&zwnj;|&zwj;|&#0*820[45];|&#[xX]0*200[cCdD];")
DEPARTURES = str.maketrans(TRAVELLING)
RETURNS = str.maketrans({letter: joiner for joiner, letter in TRAVELLING.items()})


@dataclass(frozen=True)
class Extracted:
    """Main text, and what the page says of itself; the text is empty where there is no main content."""

    text: str
    title: str | None
    html_lang: str | None
    licence: str | None = None
    robots: list[str] | None = None


class ExtractionError(Exception):
    """Extraction gave nothing; `reason` is the ledger's."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@contextmanager
def within_limits(settings: Extraction) -> Iterator[None]:
    """Run a page's work within its limits.

    Raises ExtractionError: `extraction_timeout` or `extraction_memory`.
    """
    try:
        with cpu_limit(settings.cpu_seconds), memory_limit(settings.memory_megabytes):
            yield
    except CpuLimitExceeded:
        raise ExtractionError("extraction_timeout", f"more than {settings.cpu_seconds:g} s of CPU time") from None
    except MemoryError:
        detail = f"more than {settings.memory_megabytes} MB of memory"
        raise ExtractionError("extraction_memory", detail) from None


def extract(html: str, url: str, settings: Extraction, headers: Mapping[str, str] | None = None) -> Extracted:
    """The main text of a page. Raises ExtractionError `extraction_failed` for whatever the libraries raise."""
    try:
        return _extract(html, url, settings, headers or {})
    except MemoryError:
        raise
    except Exception as exc:  # whatever a page makes the libraries raise costs that page, and is counted by name
        raise ExtractionError("extraction_failed", f"{type(exc).__name__}: {exc}") from exc


def _extract(html: str, url: str, settings: Extraction, headers: Mapping[str, str]) -> Extracted:
    tree = load_html(JOINERS.sub(lambda found: unescape(found.group()).translate(DEPARTURES), html))
    if tree is None:
        return Extracted("", None, None, robots=rights_of("", headers))
    html_lang = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang")
    title = tree.findtext(".//title")
    licence = licence_of(html, tree)
    robots = rights_of(html, headers, tree)
    # trafilatura's own deduplication remembers earlier pages of the process: a result would depend on their order.
    text = trafilatura.extract(
        tree,
        url=url or None,
        favor_precision=settings.precision,
        include_comments=False,
        include_tables=True,
        deduplicate=False,
    )
    title = " ".join(title.split()).translate(RETURNS) if title else None
    # Blanks at the ends of lines are layout, and lines of nothing else are empty lines.
    lines = (line.rstrip() for line in (text or "").translate(RETURNS).split("\n"))
    return Extracted("\n".join(lines), title, html_lang or None, licence, robots)


def forget_pages() -> None:
    """Empty the libraries' caches, which grow with every page."""
    reset_caches()
