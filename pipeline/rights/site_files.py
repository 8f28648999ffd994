"""What a site's own files say about an address: robots.txt (RFC 9309) and /.well-known/tdmrep.json.

Statements are written as in `statements`: `robots.txt:disallow` for every crawler, `robots.txt/ccbot:disallow` for one,
`robots.txt:ai-train=no`, `tdmrep.json:tdm-reservation=1`. Spawning's ai.txt is not read: it is about media files by
suffix, and no crawl holds it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from ada_url import URL
from protego import Protego

from pipeline.rights.statements import PREFERENCE_FIELDS, preferences

# RFC 9309, 2.5: a parser reads at least the first 500 KiB.
LARGEST_FILE = 500 * 1024
EVERYONE = "*"


class SiteFile(StrEnum):
    """The files that are read, by their path on the site."""

    ROBOTS = "/robots.txt"
    TDM = "/.well-known/tdmrep.json"


class Preference(NamedTuple):
    """A preference of a robots.txt: whom it addresses, below which path, and what it is."""

    agent: str
    path: str
    word: str


def origin_of(url: str) -> str | None:
    """Scheme, host and port of an address, for which a robots.txt holds; None for what has none.

    >>> origin_of("HTTP://Bücher.example:80/a"), origin_of("mailto:a@b.example")
    ('http://xn--bcher-kva.example', None)
    """
    try:
        origin = URL(url).origin
    except ValueError:
        return None
    return origin if origin.startswith(("http://", "https://")) else None


def path_of(url: str) -> str:
    """Path and query of an address, percent-encoded as a browser sends them."""
    address = URL(url)
    return f"{address.pathname}{address.search}"


class RobotsTxt:
    """One robots.txt, read once for all addresses of its site.

    >>> file = RobotsTxt("User-agent: *\\nContent-Signal: ai-train=no\\n\\nUser-agent: GPTBot\\nDisallow: /")
    >>> list(file.statements("https://a.example/b", ["ccbot", "gptbot"]))
    ['robots.txt/gptbot:disallow', 'robots.txt:ai-train=no']
    """

    def __init__(self, text: str) -> None:
        text = text.removeprefix("\ufeff")
        self.rules = Protego.parse(text)
        self.preferences = list(read_preferences(text))

    def statements(self, url: str, agents: Iterable[str]) -> Iterator[str]:
        """What the file says about an address to everyone, and to these crawlers (in lower case)."""
        wanted = (EVERYONE, *agents)
        for agent in wanted:
            if not self.rules.can_fetch(url, agent):
                yield f"{_source(agent)}:disallow"
        path = path_of(url)
        for agent in wanted:
            matching = [entry for entry in self.preferences if entry.agent == agent and matches(entry.path, path)]
            longest = max((len(entry.path) for entry in matching), default=0)
            yield from (f"{_source(agent)}:{entry.word}" for entry in matching if len(entry.path) == longest)


def read_preferences(text: str) -> Iterator[Preference]:
    """Content-Signal and Content-Usage lines of a robots.txt, whose value may begin with a path.

    Lines before the first User-agent address everyone.
    """
    agents, begun = [EVERYONE], False
    for line in text.splitlines():
        name, _, value = line.partition("#")[0].partition(":")
        field, value = name.strip().lower(), value.strip()
        if field in ("user-agent", "useragent"):
            agents = [*(agents if begun else ()), value.lower().partition("/")[0].strip()]
            begun = True
        elif field:
            begun = begun and field == "sitemap"
            if field in PREFERENCE_FIELDS:
                path, _, rest = value.partition(" ") if value.startswith("/") else ("/", "", value)
                yield from (Preference(agent, path, word) for agent in agents for word in preferences(rest))


def matches(pattern: str, path: str) -> bool:
    """Whether a path begins with a pattern in which `*` stands for anything, and `$` at the end for the path's end.

    >>> matches("/a*/c", "/a/b/c/d"), matches("/*.html$", "/x.html?y"), matches("/*.html$", "/x.html")
    (True, False, True)
    """
    whole = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    # The leftmost place of each part leaves the most room for those that follow, so nothing need be tried again.
    place = len(first)
    last = others.pop() if whole and others else None
    for part in others:
        found = path.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    if last is not None:
        return path.endswith(last) and len(path) - len(last) >= place
    return not whole or place == len(path)


class TdmRep:
    """One tdmrep.json: the longest pattern that matches an address holds.

    >>> file = TdmRep('[{"location": "/", "tdm-reservation": 0}, {"location": "/art/*", "tdm-reservation": 1}]')
    >>> list(file.statements("https://a.example/art/1"))
    ['tdmrep.json:tdm-reservation=1']
    """

    def __init__(self, text: str) -> None:
        try:
            entries = json.loads(text.removeprefix("\ufeff"))
        except (ValueError, RecursionError):
            entries = []
        self.entries: list[dict[str, Any]] = [
            entry
            for entry in (entries if isinstance(entries, list) else [])
            if isinstance(entry, dict) and isinstance(entry.get("location"), str)
        ]

    def statements(self, url: str) -> Iterator[str]:
        """What the file says about an address."""
        path = path_of(url)
        matching = [entry for entry in self.entries if matches(entry["location"], path)]
        if not matching:
            return
        entry = max(matching, key=lambda entry: len(entry["location"]))
        if entry.get("tdm-reservation") in (0, 1):
            yield f"tdmrep.json:tdm-reservation={int(entry['tdm-reservation'])}"
        if isinstance(entry.get("tdm-policy"), str):
            yield f"tdmrep.json:tdm-policy={entry['tdm-policy']}"


def site_statements(kind: str, text: str, urls: Sequence[str], agents: Sequence[str]) -> list[list[str]]:
    """What one file says about each of some addresses of its site."""
    if kind == SiteFile.ROBOTS:
        robots = RobotsTxt(text)
        return [list(robots.statements(url, agents)) for url in urls]
    reservations = TdmRep(text)
    return [list(reservations.statements(url)) for url in urls]


def _source(agent: str) -> str:
    return "robots.txt" if agent == EVERYONE else f"robots.txt/{agent}"
