"""Addresses of adult, malicious and spam sites, by the block lists that come with datatrove.

The checks are those of RefinedWeb (Penedo et al. 2023, arXiv:2306.01116, appendix G.1) in datatrove's order:
registered domain, host, address, one hard word, two soft words, one banned substring. Two defects of its
URLFilter are mended: words of the address are compared in lower case, and addresses without their scheme,
since the list has none.
"""

import re
import tarfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import as_file, files
from typing import IO, NamedTuple

import ahocorasick
import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray
from tldextract import TLDExtract

from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text

ARCHIVE = "url_filterblacklistsv0_3_0.tar.gz"
_CHUNK_BYTES = 1 << 22
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_extract = TLDExtract(suffix_list_urls=(), cache_dir=None)


class Parameters(FilterParameters):
    """What changes the match."""

    soft_word_limit: int = 2
    """Distinct soft words in the address from which it is blocked."""

    extra_domains: tuple[str, ...] = ()
    """Registered domains or hosts that are blocked too."""

    allowed_domains: tuple[str, ...] = ()
    """Registered domains or hosts that are never blocked."""


_DEFAULTS = Parameters()

COLUMNS = (
    Column("url_blocked", pa.bool_(), "boolean", "the address is blocked; null: no address", "curate"),
    Column(
        "url_block_match",
        pa.string(),
        "text",
        "`domain`, `subdomain`, `url`, `hard_word:w`, `soft_words:a,b`, `substring:s`; null: not blocked",
        "curate",
    ),
)

RULES = {"url_blocked": Rule(column="url_blocked", max=0)}


class BlockList(NamedTuple):
    """The lists in memory: sorted 64-bit hashes (36 MB for 4.6 million domains), words, and an automaton."""

    domains: NDArray[np.uint64]
    urls: NDArray[np.uint64]
    hard_words: frozenset[str]
    soft_words: frozenset[str]
    substrings: ahocorasick.Automaton


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; null for a text without an address."""
    match = match_url(text.url, parameters)
    return {"url_blocked": match is not None if text.url else None, "url_block_match": match}


def match_url(url: str, parameters: Parameters = _DEFAULTS) -> str | None:
    """The first list that blocks `url`, or None.

    >>> match_url("https://en.wikipedia.org/wiki/Tibet")
    >>> match_url("http://example.com/Hot-NUDE-Webcam")
    'soft_words:nude,webcam'
    """
    if not url:
        return None
    lists = load()
    site, host = _domains(url)
    if {site, host} & set(parameters.allowed_domains):
        return None
    if site in parameters.extra_domains or _has(lists.domains, site):
        return "domain"
    if host in parameters.extra_domains or _has(lists.domains, host):
        return "subdomain"
    if any(_has(lists.urls, form) for form in _forms(url)):
        return "url"
    return _match_words(url.lower(), lists, parameters.soft_word_limit)


def _match_words(url: str, lists: BlockList, soft_word_limit: int) -> str | None:
    """Hard words, soft words and substrings of a lower-case address."""
    words = _NOT_WORD.split(url)
    if hard := lists.hard_words.intersection(words):
        return f"hard_word:{min(hard)}"
    soft = lists.soft_words.intersection(words)
    if len(soft) >= soft_word_limit:
        return f"soft_words:{','.join(sorted(soft))}"
    for _, substring in lists.substrings.iter("".join(words)):
        return f"substring:{substring}"
    return None


def _domains(url: str) -> tuple[str, str]:
    """Registered domain and full host, lower-case, in the ASCII form of internationalized names."""
    parts = _extract(url)
    # `fqdn` is empty for a number or an unknown suffix; the list has such hosts.
    host = ".".join(part for part in (parts.subdomain, parts.domain, parts.suffix) if part)
    return _ascii(parts.top_domain_under_public_suffix), _ascii(host)


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:  # not a possible host name: it is on no list
        return host.lower()


def _forms(url: str) -> Iterator[str]:
    """The address as the list writes it: without scheme, with or without `www.` and the last slash."""
    bare = _SCHEME.sub("", url)
    for form in {bare, bare.removeprefix("www.")}:
        yield form
        yield form.removesuffix("/") if form.endswith("/") else form + "/"


def _has(hashes: NDArray[np.uint64], key: str) -> bool:
    code = np.uint64(xxhash.xxh64_intdigest(key.encode("utf-8", "surrogatepass")))
    place = int(hashes.searchsorted(code))
    return key != "" and place < len(hashes) and bool(hashes[place] == code)


@cache
def load() -> BlockList:
    """The lists, read once per process from datatrove's assets (1.3 s, 105 MB while reading)."""
    with as_file(files("datatrove") / "assets") as assets:
        with tarfile.open(assets / ARCHIVE) as archive:
            hashes = {name: _hashes(archive.extractfile(name)) for name in ("domains", "urls")}
        words = {
            name: frozenset(_words((assets / f"{name}.txt").read_text("utf-8").splitlines()))
            for name in ("banned_words", "soft_banned_words", "banned_subwords")
        }
    automaton = ahocorasick.Automaton()
    for word in words["banned_subwords"]:
        automaton.add_word(word, word)
    automaton.make_automaton()
    return BlockList(
        **hashes,
        hard_words=words["banned_words"],
        soft_words=words["soft_banned_words"],
        substrings=automaton,
    )


def _words(lines: Iterable[str]) -> Iterator[str]:
    """Words of a list in the form of an address: lower-case letters and digits; `#` starts a comment."""
    for line in lines:
        word = "" if line.startswith("#") else _NOT_WORD.sub("", line.lower())
        if word:
            yield word


def _hashes(lines: IO[bytes] | None) -> NDArray[np.uint64]:
    """Sorted hashes of the lines, read in chunks, so that the text of the list is never whole in memory."""
    if lines is None:
        raise FileNotFoundError(f"datatrove's {ARCHIVE} lacks a list")
    parts, rest = [], b""
    while chunk := lines.read(_CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\n")
        parts.append(np.fromiter(map(xxhash.xxh64_intdigest, whole), np.uint64, len(whole)))
    parts.append(np.fromiter(map(xxhash.xxh64_intdigest, [rest]), np.uint64, 1))
    hashes = np.concatenate(parts)
    hashes.sort()
    return hashes
