"""Engines: what finds the main text of a page, each a function of the page; their libraries load when they are used."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pipeline.extraction.engines import precise
from pipeline.extraction.page import Page

Engine = Callable[[Page], str]


def _content(page: Page) -> str:
    from pipeline.extraction.content import main_text

    return main_text(page.html)


def _cheap(page: Page) -> str:
    return page.cheap_text


# An engine reads the page and never changes it. What it raises costs the page, and is counted by name.
ENGINES: Mapping[str, Engine] = MappingProxyType(
    {
        "content": _content,
        "resiliparse": _cheap,
        "trafilatura": precise.precise_text,
        "trafilatura-fast": precise.fast_text,
    }
)

_SAMPLE = (
    f"<title>t</title><nav><a href=/>a</a></nav><article><h1>b</h1>{'<p>The mill stands at the river. ' * 9}<ul><li>c"
)


def prepare(name: str) -> None:
    """Load and compile what an engine needs now, since none of it is work of the first page and under its limits."""
    ENGINES[name](Page(_SAMPLE))
