"""What a page says of itself outside its text: title, author, date, site, address and languages.

Only declarations count: <title>, <meta> (HTML, Open Graph, Dublin Core, Parsely), <link>, JSON-LD of a page or
article, microdata. Nothing is guessed from the text, so a value that is missing is missing, not wrong.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from pipeline.extraction.page import Element, Page
from pipeline.extraction.schema_org import Node, first, page_nodes

LONGEST_VALUE = 500  # characters; longer names and addresses are none
MOST_ALTERNATES = 256

# What is read of a page beside its <meta> elements.
SELECTOR = (
    "title, base[href], link[rel~=canonical i][href], link[hreflang][href], time[pubdate], a[rel~=author i], "
    "[itemprop=author], [itemprop=datePublished], script[type*='ld+json' i]"
)
# Names of <meta> in the order of trust, in lower case: `name`, `property` and `itemprop` are one namespace here.
TITLES = ("og:title", "twitter:title", "dc.title", "dcterms.title")
AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author", "byl")
DATES = (
    *("article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date", "dc.date.issued"),
    *("dcterms.issued", "dcterms.created", "dc.date", "dcterms.date", "sailthru.date", "date"),
)
SITES = ("og:site_name", "application-name", "dc.publisher", "dcterms.publisher")

_ISO_DATE = re.compile(r"\s*(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?!\d)")
_ADDRESS = re.compile(r"(?:https?:)?//|www\.|@\w+\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Metadata:
    """What a page declares; None where it declares nothing that can be read.

    `published` is the day of publication; `canonical_url` and the addresses of `hreflang` are absolute;
    `hreflang` has the versions in other languages that the page links to, as it names their languages.
    """

    title: str | None = None
    author: str | None = None
    published: date | None = None
    site_name: str | None = None
    canonical_url: str | None = None
    html_lang: str | None = None
    hreflang: tuple[tuple[str, str], ...] = ()


@dataclass
class _Declared:
    """The declarations of a page, as they stand in it."""

    title: str | None
    base: str
    meta: dict[str, str]
    links: list[Element]
    bylines: list[str]
    times: list[str]
    nodes: list[Node]


def metadata_of(page: Page) -> Metadata:
    """What a page says of itself.

    >>> found = metadata_of(Page('''<html lang=th><title> โรงสี \\n เก่า</title><link rel=canonical href=/mill>
    ... <meta property="article:published_time" content="2026-07-12T08:00:00+07:00">
    ... <link rel=alternate hreflang=en href="/en/mill"><meta name=author content="สมชาย">''', "https://a.example/?x"))
    >>> found.title, found.author, str(found.published), found.html_lang
    ('โรงสี เก่า', 'สมชาย', '2026-07-12', 'th')
    >>> found.canonical_url, found.hreflang
    ('https://a.example/mill', (('en', 'https://a.example/en/mill'),))
    """
    said = _declared(page)
    nodes = said.nodes
    root = page.tree.document.query_selector("html")
    language = root and (root.getattr("lang") or root.getattr("xml:lang"))
    return Metadata(
        title=_clean(said.title) or _first_name(said.meta, TITLES) or _short(first(nodes, "headline")),
        author=_author(said),
        published=_published(said),
        site_name=_first_name(said.meta, SITES) or _short(first(nodes, "publisher")),
        canonical_url=_canonical(said),
        html_lang=_clean(language),
        hreflang=tuple(_alternates(said)),
    )


def day(value: str) -> date | None:
    """The day of a date as machines write it: ISO 8601 or RFC 5322; None for any other.

    >>> day("2026-07-12T08:00Z"), day("20260712"), day("Sun, 12 Jul 2026 08:00:00 +0000")
    (datetime.date(2026, 7, 12), datetime.date(2026, 7, 12), datetime.date(2026, 7, 12))
    >>> day("07/12/2026"), day("2026-13-01"), day("12 ก.ค. 2569")
    (None, None, None)
    """
    found = _ISO_DATE.match(value)
    try:
        return date(*map(int, found.groups())) if found else parsedate_to_datetime(value).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _declared(page: Page) -> _Declared:
    """The declarations, found in two walks over the tree in native code."""
    said = _Declared(None, page.url, {}, [], [], [], [])
    for element in page.metas:
        name = element.getattr("property") or element.getattr("name") or element.getattr("itemprop") or ""
        said.meta.setdefault(name.strip().lower(), element.getattr("content"))
    base = None
    for element in page.select(SELECTOR):
        tag = element.tag
        if tag == "link":
            said.links.append(element)
        elif tag == "title":
            # Later ones are names of drawings in SVG.
            said.title = element.text if said.title is None else said.title
        elif tag == "script":
            said.nodes += page_nodes(element.text)
        elif tag == "base":
            base = element.getattr("href") if base is None else base
        elif tag == "time" or element.getattr("itemprop") == "datePublished":
            said.times.append(element.getattr("content") or element.getattr("datetime") or element.text)
        else:
            said.bylines.append(element.text)
    said.base = _absolute(page.url, base or "") or page.url
    return said


def _author(said: _Declared) -> str | None:
    named = (said.meta[name] for name in AUTHORS if name in said.meta)
    candidates = (*named, first(said.nodes, "author"), *said.bylines)
    return next((name for name in map(_short, candidates) if name and not _ADDRESS.search(name)), None)


def _published(said: _Declared) -> date | None:
    named = [said.meta[name] for name in DATES if name in said.meta]
    stated = first(said.nodes, "datePublished")
    candidates = [*named[:1], *([stated] if stated else []), *named[1:], *said.times]
    return next((found for found in map(day, candidates) if found), None)


def _canonical(said: _Declared) -> str | None:
    for link in said.links:
        if "canonical" in _relations(link):
            return _absolute(said.base, link.getattr("href") or "")
    return _absolute(said.base, said.meta["og:url"]) if said.meta.get("og:url") else None


def _alternates(said: _Declared) -> Iterator[tuple[str, str]]:
    """Versions in other languages, each once, no more than MOST_ALTERNATES."""
    seen: set[tuple[str, str]] = set()
    for link in said.links:
        language = link.getattr("hreflang")
        if not language or "alternate" not in _relations(link) or len(seen) >= MOST_ALTERNATES:
            continue
        address = _absolute(said.base, link.getattr("href") or "")
        pair = (_short(language) or "", address or "")
        if all(pair) and pair not in seen:
            seen.add(pair)
            yield pair


def _relations(link: Element) -> list[str]:
    return (link.getattr("rel") or "").lower().split()


def _absolute(base: str, address: str) -> str | None:
    """An address of the web, in full; None for others, and for what is no address."""
    try:
        joined = urljoin(base, address.strip())
    except ValueError:
        return None
    fits = joined.startswith(("http://", "https://")) and len(joined) <= LONGEST_VALUE * 4
    return joined if fits else None


def _first_name(meta: dict[str, str], names: Iterable[str]) -> str | None:
    return next((value for name in names if name in meta and (value := _short(meta[name]))), None)


def _short(value: str | None) -> str | None:
    cleaned = _clean(value)
    return cleaned if cleaned and len(cleaned) <= LONGEST_VALUE else None


def _clean(value: str | None) -> str | None:
    """A value on one line; None where it is blank. JSON can hold halves of characters, which no file can."""
    joined = " ".join((value or "").split())
    return joined.encode("utf-8", "replace").decode("utf-8") or None
