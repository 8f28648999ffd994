"""Which regions a page may be from: the country of its address, and where its language is spoken."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from urllib.parse import urlsplit

import phonenumbers

# Country-code domains that are no region's code, or are sold to the whole world.
_OTHER_NAMES = {"uk": "GB", "su": "RU", "рф": "RU", "xn--p1ai": "RU"}
_GENERIC = frozenset({"tv", "io", "me", "co", "cc", "ai", "fm", "ws", "to", "gg", "ly", "ac", "sh", "vc", "st", "la"})


@lru_cache(maxsize=1)
def _regions_by_language() -> dict[str, tuple[str, ...]]:
    table = (files("filters.pii") / "regions.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    next(rows)
    return {language: tuple(regions.split()) for language, regions in rows}


def regions_of(language: str, url: str = "") -> Sequence[str]:
    """Regions (ISO 3166-1) of a language label and an address, the likeliest first.

    >>> regions_of("nld_Latn")[:2], regions_of("deu_Latn", "https://www.example.ch/")[:3]
    (('NL', 'BE'), ('CH', 'DE', 'AT'))
    >>> regions_of("und_Zzzz")
    ()
    """
    spoken = _regions_by_language().get(language.partition("_")[0], ())
    country = _country(url)
    return (country, *(region for region in spoken if region != country)) if country else spoken


def _country(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    domain = host.rstrip(".").rpartition(".")[2]
    if domain in _GENERIC:
        return None
    region = _OTHER_NAMES.get(domain, domain.upper())
    return region if region in phonenumbers.SUPPORTED_REGIONS else None
