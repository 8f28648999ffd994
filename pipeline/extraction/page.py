"""A page as extraction sees it: its HTML and one tree of it, which everything reads and nothing changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

Element = Any  # resiliparse's ElementNode: it has no types


@dataclass(frozen=True)
class Page:
    """A decoded page; `headers` have names in lower case and several lines of one name joined by line feeds."""

    html: str
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def tree(self) -> Any:
        """The page as lexbor parses it, which is how browsers do: parsed once, at its first use."""
        return HTMLTree.parse(self.html)

    @cached_property
    def metas(self) -> list[Element]:
        """The <meta> elements that say something, wherever they stand."""
        return self.select("meta[content]")

    def select(self, selector: str) -> list[Element]:
        """The elements that match a CSS selector, in the order of the page.

        >>> [element.tag for element in Page("<html><title>a</title><p>b").select("p, title")]
        ['title', 'p']
        """
        # Without the slice, a step to the next element is a new search of the whole tree.
        return list(self.tree.document.query_selector_all(selector)[:])

    @cached_property
    def cheap_text(self) -> str:
        """What simple rules take for main content, one block a line.

        >>> Page("<nav><a href=/>首頁</a></nav><main><h1>磨坊</h1><p>河邊有一座磨坊。</p></main>").cheap_text
        '磨坊\\n\\n河邊有一座磨坊。'
        """
        return str(extract_plain_text(self.tree, main_content=True, comments=False, alt_texts=False))

    @cached_property
    def visible_text(self) -> str:
        """All text that a reader would see, navigation and furniture too: no engine finds more."""
        return str(extract_plain_text(self.tree, alt_texts=False))
