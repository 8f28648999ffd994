"""Main text of a page and what the page says of itself, within limits of CPU time and memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from configs.model import Extraction
from pipeline.extraction.engines import ENGINES
from pipeline.extraction.licence import licence_of
from pipeline.extraction.limits import CpuLimitExceeded, cpu_limit, memory_limit
from pipeline.extraction.markdown import markdown_of
from pipeline.extraction.marks import stream_safe
from pipeline.extraction.metadata import Metadata, metadata_of
from pipeline.extraction.page import Page
from pipeline.rights.statements import rights_of


@dataclass(frozen=True)
class Extracted:
    """Main text, empty where there is none; the engine that found it; and what the page says of itself."""

    text: str
    engine: str
    metadata: Metadata = field(default_factory=Metadata)
    licence: str | None = None
    robots: list[str] | None = None
    markdown: str | None = None


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
        with memory_limit(settings.memory_megabytes), cpu_limit(settings.cpu_seconds):
            yield
    except CpuLimitExceeded:
        raise ExtractionError("extraction_timeout", f"more than {settings.cpu_seconds:g} s of CPU time") from None
    except MemoryError:
        detail = f"more than {settings.memory_megabytes} MB of memory"
        raise ExtractionError("extraction_memory", detail) from None


@contextmanager
def failures_named() -> Iterator[None]:
    """Raise ExtractionError `extraction_failed` for whatever a page makes the libraries raise: it costs that page."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as exc:  # the libraries have no common ancestor of their errors; each is counted by name
        raise ExtractionError("extraction_failed", f"{type(exc).__name__}: {exc}") from exc


def extract(html: str, url: str, settings: Extraction, headers: Mapping[str, str] | None = None) -> Extracted:
    """The main text of a page by the engine of the settings, and what the page says of itself.

    Raises ExtractionError `extraction_failed` for whatever the libraries raise.
    """
    return extract_page(Page(html, url, headers or {}), settings)


def extract_page(page: Page, settings: Extraction, engine: str | None = None, text: str | None = None) -> Extracted:
    """As `extract`, with a page that others have parsed, by the engine of the settings or by another one.

    `text` is what that engine found where it was asked before about the same page.

    Raises ExtractionError `extraction_failed` for whatever the libraries raise.
    """
    with failures_named():
        return _extract(page, settings, engine or settings.text_engine, text)


def _extract(page: Page, settings: Extraction, engine: str, text: str | None) -> Extracted:
    if text is None:
        # Blanks at the ends of lines are layout, and lines of nothing else are empty lines.
        text = stream_safe("\n".join(line.rstrip() for line in ENGINES[engine](page).split("\n")))
    return Extracted(
        text,
        engine,
        metadata_of(page),
        licence_of(page),
        rights_of(page),
        markdown_of(page, text) if settings.markdown else None,
    )
