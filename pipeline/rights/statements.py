"""What a page and its HTTP headers say about the use of the page, as data.

A statement is written `source:word`, or `source/agent:word` where it is addressed to one crawler: `meta:noai`,
`header:noindex`, `meta/gptbot:nosnippet`, `header:tdm-reservation=1`. Words and agents are in lower case. Read are

- robots in <meta> and X-Robots-Tag, with the words that search engines document, and DeviantArt's noai, noimageai;
- tdm-reservation and tdm-policy of the W3C community's TDM Reservation Protocol;
- Content-Usage of the IETF's AI Preferences (draft-ietf-aipref-attach), and Content-Signal (contentsignals.org).

What only repeats the default (index, follow, all, max-snippet:-1) is no statement. Nothing is decided here.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pipeline.extraction.page import Page
from pipeline.rights.agents import AI_AGENTS, OTHER_AGENTS

# Words against a use; `none` is noindex and nofollow at once.
RESTRICTIONS = frozenset(
    (
        *("noindex", "nofollow", "noarchive", "nocache", "nosnippet", "noimageindex"),
        *("noai", "noimageai", "noml", "noimageml"),
    )
)
SYNONYMS = {"none": ("noindex", "nofollow"), "max-snippet:0": ("nosnippet",)}
# Values of X-Robots-Tag and <meta name="robots"> that have a colon and are no crawler's name.
_WITH_VALUE = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})

AGENTS = frozenset((*AI_AGENTS, *OTHER_AGENTS))

_META_WORDS = re.compile(r"[\s,;]+")
_AGENT = re.compile(r"[\w.*-]+")
_PREFERENCE = re.compile(r"(?<![\w-])([a-z][a-z-]*)\s*=\s*\"?(\?[01]|[a-z]+)\b", re.IGNORECASE)
# Headers with lists of preferences.
PREFERENCE_FIELDS = ("content-usage", "content-signal")
# A page may hold any number of elements, and nobody reads more statements than these.
MOST_STATEMENTS = 64
LONGEST_ADDRESS = 500


def rights_of(page: Page) -> list[str] | None:
    """The statements of a page and its headers, each once, headers first; None where there are none.

    >>> html = '<html><head><meta name="{}" content="{}"></head><body>本文</body></html>'
    >>> rights_of(Page(html.format("ROBOTS", "NoAI, noimageai, index"), headers={"x-robots-tag": "noindex"}))
    ['header:noindex', 'meta:noai', 'meta:noimageai']
    >>> rights_of(Page(html.format("robots", "index, follow, max-snippet:-1"))) is None
    True
    """
    statements = dict.fromkeys([*header_statements(page.headers), *meta_statements(page)])
    return list(statements)[:MOST_STATEMENTS] or None


def header_statements(headers: Mapping[str, str]) -> Iterator[str]:
    """Statements of HTTP headers.

    >>> list(header_statements({"x-robots-tag": "googlebot: noindex, nofollow\\nunavailable_after: 25 Jun 2027, noai"}))
    ['header/googlebot:noindex', 'header/googlebot:nofollow', 'header:noai']
    """
    for line in headers.get("x-robots-tag", "").splitlines():
        yield from _tag_statements(line)
    for name in ("tdm-reservation", "tdm-policy"):
        yield from _tdm("header", name, headers.get(name, ""))
    for name in PREFERENCE_FIELDS:
        for preference in preferences(headers.get(name, "")):
            yield f"header:{preference}"


def meta_statements(page: Page) -> Iterator[str]:
    """Statements of a page's <meta> elements, wherever they stand: browsers move those in the body nowhere."""
    for element in page.metas:
        name = (element.getattr("name") or element.getattr("http-equiv") or "").strip().lower()
        content = element.getattr("content") or ""
        if name == "robots" or name in AGENTS:
            source = "meta" if name == "robots" else f"meta/{name}"
            for word in restrictions(_META_WORDS.split(content)):
                yield f"{source}:{word}"
        elif name in ("tdm-reservation", "tdm-policy"):
            yield from _tdm("meta", name, content)
        elif name == "x-robots-tag":
            yield from (f"meta{statement.removeprefix('header')}" for statement in _tag_statements(content))


def restrictions(words: list[str]) -> Iterator[str]:
    """Those of the words that restrict a use, in their usual form.

    >>> list(restrictions(["None", "index", "NOAI"]))
    ['noindex', 'nofollow', 'noai']
    """
    for word in map(str.lower, words):
        if word in RESTRICTIONS:
            yield word
        yield from SYNONYMS.get(word, ())


def preferences(value: str) -> Iterator[str]:
    """The preferences of Content-Usage or Content-Signal.

    >>> list(preferences('search=yes, AI-Train = no'))
    ['search=yes', 'ai-train=no']
    """
    for key, setting in _PREFERENCE.findall(value):
        yield f"{key.lower()}={setting.lower()}"


def _tag_statements(line: str) -> Iterator[str]:
    """Statements of one line of X-Robots-Tag; a crawler's name holds for what follows it."""
    source = "header"
    for part in line.split(","):
        before, colon, after = part.lower().partition(":")
        agent, word = before.strip(), part
        if colon and _AGENT.fullmatch(agent) and agent not in _WITH_VALUE:
            source = "header" if agent in ("*", "robots") else f"header/{agent}"
            word = after
        yield from (f"{source}:{restriction}" for restriction in restrictions(["".join(word.split())]))


def _tdm(source: str, name: str, value: str) -> Iterator[str]:
    """A reservation of 0 or 1, or the address of a policy."""
    value = value.strip()
    is_address = value.startswith(("https://", "http://")) and len(value) <= LONGEST_ADDRESS
    if value in ("0", "1") if name == "tdm-reservation" else is_address:
        yield f"{source}:{name}={value}"


def count_statements(statements: Sequence[Sequence[str] | None]) -> dict[str, int]:
    """How many documents have each statement, in the order of the statements; addresses of policies are left out.

    >>> count_statements([["meta:noai", "meta:tdm-policy=https://a.example/"], None, ["meta:noai"]])
    {'meta:noai': 2, 'meta:tdm-policy': 1}
    """
    counts = Counter[str]()
    for said in statements:
        counts.update({word.partition("=")[0] if ":tdm-policy=" in word else word for word in said or ()})
    return dict(sorted(counts.items()))
