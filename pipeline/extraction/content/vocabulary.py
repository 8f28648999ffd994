"""Names of elements and words of attributes, hashed into tables that the kernels look into."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import compiled
from pipeline.extraction.content.tags import NATURES, NUMBERS

# FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923).
OFFSET_BASIS: Final = np.uint64(0xCBF29CE484222325)
PRIME: Final = np.uint64(0x100000001B3)
# Whole attribute names are hashed from another start than words, so that both stand in one table.
WHOLE_BASIS: Final = np.uint64(0x9AE16A3B2F90404F)

# What a word says of its element: bits, in the order of this list.
MEANINGS: Final = [
    *("navigation", "footer", "sidebar", "widget", "comment", "share", "related", "teaser", "ad", "popup", "meta"),
    *("caption", "picture", "form", "body", "kind", "article", "main", "header", "negation", "hidden"),
]
MEANING: Final = {name: 1 << place for place, name in enumerate(MEANINGS)}
# Elements of these meanings are of the page around the main content; of the last, often enough, only if short.
UNWANTED: Final = sum(MEANING[name] for name in MEANINGS[: MEANINGS.index("form") + 1]) + MEANING["header"]


class Table(NamedTuple):
    """An open-addressing hash table: keys (0: empty) and their values; a power of two of them."""

    keys: NDArray[np.uint64]
    values: NDArray[np.int64]


@compiled
def extended_hash(value: np.uint64, byte: np.uint64) -> np.uint64:
    """The hash of a string and one byte more."""
    return (value ^ byte) * PRIME


@compiled
def look_up(keys: NDArray[np.uint64], values: NDArray[np.int64], key: np.uint64) -> int:
    """The value of a key; 0 where it is absent."""
    mask = len(keys) - 1
    place = np.int64(key & np.uint64(mask))
    while keys[place] != 0:
        if keys[place] == key:
            return int(values[place])
        place = (place + 1) & mask
    return 0


def hash_of(name: str, basis: np.uint64 = OFFSET_BASIS) -> np.uint64:
    """The hash of a name in lower case, as the kernels compute it byte by byte."""
    value = int(basis)
    for byte in name.encode():
        value = (value ^ byte) * int(PRIME) % (1 << 64)
    return np.uint64(value)


def table_of(entries: dict[np.uint64, int]) -> Table:
    """A table at most a quarter full, so that look-ups end soon."""
    size = 1 << (4 * len(entries)).bit_length()
    table = Table(np.zeros(size, np.uint64), np.zeros(size, np.int64))
    for key, value in entries.items():
        place = int(key) & (size - 1)
        while table.keys[place]:
            place = (place + 1) & (size - 1)
        table.keys[place], table.values[place] = key, value
    return table


@cache
def element_table() -> Table:
    """Names of elements: their number, and their nature shifted by eight bits."""
    return table_of({hash_of(name): number | NATURES[name] << 8 for name, number in NUMBERS.items()})


def _words() -> Iterator[tuple[np.uint64, int]]:
    text = files("pipeline.extraction.content").joinpath("words.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        meaning, words = line.split("\t")
        for word in words.split():
            basis = WHOLE_BASIS if word.startswith("=") else OFFSET_BASIS
            yield hash_of(word.strip("="), basis), MEANING[meaning]


@cache
def word_table() -> Table:
    """Words of attributes: the bits of their meanings."""
    entries: dict[np.uint64, int] = {}
    for key, bits in _words():
        entries[key] = entries.get(key, 0) | bits
    return table_of(entries)
