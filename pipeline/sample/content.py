"""Content of the sample: one file per page, copies of pages, and the words of each language's menus.

A page file is a YAML head between two lines of dashes, then the article: paragraphs separated by empty lines,
`## ` for a heading, lines of `- ` for a list, `> Name: words` for a reader's comment. Inline HTML is allowed, and
`markup: html` takes the whole article as HTML.
"""

import datetime
import re
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

PAGES = Path(__file__).parent / "pages"
BLOCKS = re.compile(r"\n\s*\n")


class Model(BaseModel):
    """Unknown keys are errors: a misspelt key would silently turn a hard case into an easy one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wire(Model):
    """How a page travels: its bytes, and what its header and its meta element say about them."""

    encoding: str = "utf-8"
    bom: bool = False
    header: str | None = "text/html; charset=UTF-8"
    meta: str | None = "utf-8"
    gzip: bool = False
    chunked: bool = False
    lost_byte: str | None = None
    """The last byte of this phrase's first occurrence is missing."""
    cut_in: str | None = None
    """The page ends within the last character of this phrase, as crawlers cut at a size limit."""
    extra: dict[str, str] = {}


class Page(Model):
    """One page: what it says (`blocks`), where it stands, and how it travels."""

    url: str
    language: str
    site: str
    title: str
    template: str = "magazine"
    author: str = ""
    date: datetime.date = datetime.date(2026, 10, 1)
    html_lang: str | None = None
    description: str = ""
    robots: str = ""
    markup: str = "text"
    good: bool = True
    """A page of prose that a fair pipeline keeps; false marks the pages that are there to be rejected."""
    copy_of: str | None = None
    wire: Wire = Wire()
    body: str = ""

    @property
    def blocks(self) -> list[tuple[str, list[str]]]:
        """The article as (kind, lines): `heading`, `list` or `paragraph`; comments stand in `comments`."""
        if self.markup == "html":
            return [("html", [self.body])]
        return [kind_of(block) for block in split_blocks(self.body) if not block.startswith("> ")]

    @property
    def comments(self) -> list[tuple[str, str]]:
        """Readers' comments as (name, words)."""
        if self.markup == "html":
            return []
        quoted = (block[2:] for block in split_blocks(self.body) if block.startswith("> "))
        return [(name, words) for name, _, words in (block.partition(": ") for block in quoted)]


class Copy(Model):
    """A page that repeats another one elsewhere, with some words replaced."""

    of: str
    replace: dict[str, str] = {}
    change: dict[str, object] = {}


class Menu(Model):
    """What a site in one language says around its articles."""

    html: str
    direction: str = "ltr"
    menu: list[str]
    search: str
    cookies: str
    accept: str
    related: str
    links: list[str]
    comments: str
    rights: str


def split_blocks(body: str) -> list[str]:
    """Paragraphs of a text, at empty lines.

    >>> split_blocks("ένα\\n\\nδύο")
    ['ένα', 'δύο']
    """
    return [block.strip() for block in BLOCKS.split(body) if block.strip()]


def kind_of(block: str) -> tuple[str, list[str]]:
    """What a block of a page file is, and its lines without the marks.

    >>> kind_of("- чай\\n- мед")
    ('list', ['чай', 'мед'])
    """
    lines = block.splitlines()
    if block.startswith("## "):
        return "heading", [block[3:]]
    if all(line.startswith("- ") for line in lines):
        return "list", [line[2:] for line in lines]
    return "paragraph", lines


def read_page(path: Path) -> Page:
    """One page file; raises `ValueError` where the head is not closed or holds an unknown key."""
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    return Page(**yaml.safe_load(head), body=body)


def copied(original: Page, copy: Copy) -> Page:
    """The copy of a page; raises `ValueError` where a phrase to be replaced is not there."""
    body = original.body
    for old, new in copy.replace.items():
        if old not in body:
            raise ValueError(f"the copy of {copy.of} replaces {old!r}, which is not in it")
        body = body.replace(old, new)
    return Page.model_validate({**original.model_dump(), **copy.change, "body": body, "copy_of": copy.of})


def read_pages(folder: Path = PAGES) -> list[Page]:
    """Every page of the sample: the page files in the order of their names, then the copies."""
    pages = {path.stem: read_page(path) for path in sorted(folder.glob("*.md"))}
    listed = yaml.safe_load((folder / "copies.yaml").read_text(encoding="utf-8"))
    copies = [Copy.model_validate(entry) for entry in listed]
    return [*pages.values(), *(copied(pages[copy.of], copy) for copy in copies)]


def read_menus(folder: Path = PAGES) -> dict[str, Menu]:
    """Words around the article, by language (`deu_Latn`)."""
    table = yaml.safe_load((folder / "menus.yaml").read_text(encoding="utf-8"))
    return {language: Menu.model_validate(words) for language, words in table.items()}
