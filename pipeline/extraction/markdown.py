"""Main text as Markdown: the engine chose the text, the page's tree says what is a heading, a list, a table or code.

One way for all engines: the blocks of the page are walked through in order, and those that the main text goes on
with are written with their marks. A block that stands elsewhere (a menu, a footer) is not where the text goes on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from resiliparse.parse.html import NodeType

from pipeline.extraction.page import Element, Page

_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_PARTS = frozenset(
    (
        *("p", "div", "section", "article", "main", "header", "footer", "nav", "aside", "figure", "figcaption", "form"),
        *("ul", "ol", "dl", "dt", "dd", "hr", "fieldset", "address", "details", "summary", "br", "tbody", "thead"),
    )
)
_SILENT = frozenset(
    ("script", "style", "template", "noscript", "head", "svg", "iframe", "select", "button", "textarea")
)
_SIGNS = re.compile(r"[\W_]+")
_SPACE = re.compile(r"[ \t\n\r\f]+")
# Text of so many letters and digits that is found further on in the main text stands there.
_CERTAIN = 24
_DEEPEST = 200  # levels of the tree


@dataclass
class _Block:
    """A block with its mark; blocks of one list or table, which no blank line parts, have the same `group`."""

    text: str
    markdown: str
    group: int = 0
    cells: int = 0


def markdown_of(page: Page, text: str) -> str | None:
    """The main text `text` of the page as Markdown; None where it is empty.

    >>> page = Page("<ul><li>首頁</ul><h2>磨坊</h2><p>河邊有一座<b>老</b>磨坊。<ol><li>水<li>風</ol><pre>a\\n b</pre>")
    >>> print(markdown_of(page, "磨坊\\n河邊有一座老磨坊。\\n水\\n風\\na\\n b"))
    ## 磨坊
    <BLANKLINE>
    河邊有一座老磨坊。
    <BLANKLINE>
    1. 水
    2. 風
    <BLANKLINE>
    ```
    a
     b
    ```
    """
    writer = _Writer()
    writer.walk(page.tree.body, _DEEPEST)
    writer.end()
    lines: list[str] = []
    before: _Block | None = None
    for block in _chosen(writer.blocks, text):
        same = before is not None and before.group == block.group and block.group
        lines += [] if same or before is None else [""]
        lines.append(block.markdown)
        if block.cells and not same:
            lines.append("|" + "---|" * block.cells)
        before = block
    return "\n".join(lines) or None


def _chosen(blocks: list[_Block], text: str) -> Iterator[_Block]:
    """The blocks that are the text, in order: engines differ in white space and bullets, not in letters.

    A short block is one line or several of the text: the menu entry "Home" does not begin "Home is where…". Lines that
    no block has, since the engine joined or parted them otherwise, are blocks without marks: nothing is lost.
    """
    lines = [line for line in text.split("\n") if _SIGNS.sub("", line)]
    squeezed = [_SIGNS.sub("", line) for line in lines]
    letters = "".join(squeezed)
    line_ends = list(accumulate(map(len, squeezed)))
    is_end = set(line_ends)
    place = line = 0
    for block in blocks:
        wanted = _SIGNS.sub("", block.text)
        if len(wanted) >= _CERTAIN:
            found = letters.find(wanted, place)
        else:
            whole = place + len(wanted) in is_end
            found = place if whole and letters.startswith(wanted, place) else -1
        if wanted and found >= 0:
            while line_ends[line] <= found:
                yield _Block(lines[line], lines[line])
                line += 1
            place = found + len(wanted)
            while line < len(lines) and line_ends[line] <= place:
                line += 1
            yield block
        if line == len(lines):
            return
    yield from (_Block(rest, rest) for rest in lines[line:])


@dataclass
class _Writer:
    """Blocks of a tree, collected on a walk through it."""

    blocks: list[_Block] = field(default_factory=list)
    _inline: list[str] = field(default_factory=list)
    _lists: list[int] = field(default_factory=list)  # numbers of the next items; 0 for bullets
    _mark: str = ""
    _quotes: int = 0
    _groups: int = 0

    def walk(self, parent: Element, depth: int) -> None:
        """Collect the blocks below an element."""
        node = parent.first_child if depth else None
        while node is not None:
            if node.type == NodeType.TEXT:
                self._inline.append(node.value)
            elif node.type == NodeType.ELEMENT and node.tag not in _SILENT:
                self._element(node, depth - 1)
            node = node.next_sibling

    def end(self) -> None:
        """End the block that is being collected."""
        text = _SPACE.sub(" ", "".join(self._inline)).strip()
        self._inline.clear()
        if text:
            self._add(text, f"{self._mark}{text}", self._groups if self._lists else 0)
            self._mark = " " * len(self._mark) if self._lists else ""

    def _element(self, element: Element, depth: int) -> None:
        tag = element.tag
        if tag in _HEADINGS:
            self._marked(element, _HEADINGS[tag], depth)
        elif tag == "pre":
            self.end()
            code = element.text.strip("\n")
            fence = "```" if "```" not in code else "~~~~"
            self._add(code, f"{fence}\n{code}\n{fence}")
        elif tag in ("ul", "ol"):
            self._list(element, depth)
        elif tag == "li":
            self._marked(element, self._item(), depth)
        elif tag == "tr":
            self._row(element)
        elif tag == "blockquote":
            self.end()
            self._quotes += 1
            self._marked(element, "", depth)
            self._quotes -= 1
        elif tag == "table":
            self._groups += 1
            self._marked(element, "", depth)
        elif tag in _PARTS:
            self.end()
            self.walk(element, depth)
            self.end()
        else:
            self.walk(element, depth)

    def _marked(self, element: Element, mark: str, depth: int) -> None:
        self.end()
        self._mark = mark
        self.walk(element, depth)
        self.end()
        self._mark = ""

    def _list(self, element: Element, depth: int) -> None:
        self.end()
        self._groups += not self._lists
        self._lists.append(int(element.tag == "ol"))
        self.walk(element, depth)
        self.end()
        self._lists.pop()

    def _item(self) -> str:
        if not self._lists:
            return "- "
        number = self._lists[-1]
        self._lists[-1] += bool(number)
        return "    " * (len(self._lists) - 1) + (f"{number}. " if number else "- ")

    def _row(self, row: Element) -> None:
        """A row of a table; one with a single cell, or with more than a paragraph in one, is layout more often than
        data, and its cells are blocks of text.
        """
        cells = [cell for cell in _children(row) if cell.tag in ("td", "th")]
        if len(cells) < 2 or row.query_selector("table, p ~ p, ul, ol, pre") is not None:
            for cell in cells:
                self._marked(cell, "", _DEEPEST // 2)
            return
        texts = [_SPACE.sub(" ", cell.text).strip().replace("|", "\\|") for cell in cells]
        self.end()
        self._add(" ".join(texts), f"| {' | '.join(texts)} |", self._groups, len(texts))

    def _add(self, text: str, markdown: str, group: int = 0, cells: int = 0) -> None:
        quote = "> " * self._quotes
        self.blocks.append(_Block(text, quote + markdown.replace("\n", f"\n{quote}"), group, cells))


def _children(element: Element) -> Iterator[Element]:
    child = element.first_element_child
    while child is not None:
        yield child
        child = child.next_element_sibling
