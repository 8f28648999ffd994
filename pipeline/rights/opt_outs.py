"""Sites and addresses that asked the publisher to be left out: a file of lines, a host or the beginning of an address.

    # a comment
    example.org                     the host and every host below it
    https://example.net/blog/       every address that begins so, under http as well
    https://example.com/page?id=1   this address

An entry with a path holds for addresses that go on after it with `/`, `?` or `#`, so that /blog is not /blogging.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import fsspec
import numpy as np
import xxhash
from ada_url import URL
from numpy.typing import NDArray

from pipeline.errors import ConfigurationError

Uint64Array = NDArray[np.uint64]
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_STEPS = re.compile(r"[^/?#]*[/?#]?")


@dataclass(frozen=True, eq=False)
class OptOuts:
    """The entries as sorted hashes of 64 bits: 8 bytes each, whatever their length."""

    hashes: Uint64Array

    def match(self, url: str) -> str | None:
        """The longest entry that an address falls under, or None.

        >>> OptOuts.of(["example.org", "example.net/blog"]).match("http://www.example.org/a")
        'example.org'
        >>> OptOuts.of(["example.org", "example.net/blog"]).match("https://example.net/blogging") is None
        True
        """
        found = [entry for entry in _forms(url) if self._has(entry)]
        return max(found, key=len) if found else None

    @classmethod
    def of(cls, lines: Iterator[str] | list[str]) -> "OptOuts":
        """The entries of lines; ValueError, with the line's number, for one that is no host and no address."""
        hashes = set()
        for number, line in enumerate(lines, 1):
            text = line.partition(" #")[0].strip()
            if text and not text.startswith("#"):
                entry = normalised(text)
                if entry is None:
                    raise ValueError(f'line {number}: "{text}" is no host, such as example.org, and no address')
                hashes.add(_hash(entry))
        return cls(np.sort(np.fromiter(hashes, np.uint64, len(hashes))))

    def _has(self, entry: str) -> bool:
        code = np.uint64(_hash(entry))
        place = int(self.hashes.searchsorted(code))
        return place < len(self.hashes) and bool(self.hashes[place] == code)


def normalised(text: str) -> str | None:
    """A host or an address as both are compared: host in ASCII, no scheme, no port, no slash at the end.

    >>> normalised("https://Bücher.example:443/Ä/"), normalised("example.org"), normalised("two words")
    ('xn--bcher-kva.example/%C3%84', 'example.org', None)
    """
    try:
        address = URL(text if _SCHEME.match(text) else f"https://{text}")
    except ValueError:
        return None
    if "." not in address.hostname or "%" in address.hostname:
        return None
    return f"{address.hostname.rstrip('.')}{address.pathname}{address.search}".rstrip("/")


def _forms(url: str) -> Iterator[str]:
    """What an entry may say for an address to fall under it: its hosts, and its beginnings at `/` and `?`."""
    whole = normalised(url)
    if whole is None:
        return
    host, slash, path = whole.partition("/")
    labels = host.split(".")
    yield from (".".join(labels[first:]) for first in range(len(labels)))
    yield whole
    for beginning in accumulate(_STEPS.findall(path), initial=host + slash):
        yield beginning.rstrip("/?#")


def _hash(entry: str) -> int:
    return xxhash.xxh3_64_intdigest(entry.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=2)
def read_opt_outs(path: str, version: str) -> OptOuts:
    """The list in a file, read once a process. Raises ConfigurationError, which names the file and the line.

    `version` tells one state of the file from another.
    """
    try:
        with fsspec.open(path, "rt", encoding="utf-8", compression="infer") as stream:
            return OptOuts.of(stream)
    except (OSError, ValueError) as exc:
        raise ConfigurationError(f"rights.opt_outs: {path}: {exc}") from exc
