"""Runs of words and characters of evaluation sets, sorted by hash, and how much of them a document has."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import Uint64Array, combine, hash_characters
from dedup.shingles import apply_kernel, word_hashes
from filters._records import find_files, read_records
from filters.unsafe_words import SPACELESS
from filters.words import split_words
from langid.models import file_sha256
from langid.script import main_script
from pipeline.errors import InputError

if TYPE_CHECKING:
    from filters.decontamination import EvaluationSet, Parameters

Int64Array = NDArray[np.int64]
# Of a document's runs that no set has, one in so many is looked up in vain.
PLACES_A_HASH = 16


class Overlap(NamedTuple):
    """What of the evaluation sets a document has."""

    share: float
    """Of its words or characters, those in runs that a set has."""
    item_share: float
    """Of the runs of an item those that it has, of the item with most."""
    set_name: str | None
    """The set of that item."""


class Runs(NamedTuple):
    """Runs of one length: their distinct hashes in order, and the items that have each."""

    size: int
    present: NDArray[np.bool_]
    """Whether any hash begins with these bits: a table that says no to nearly all runs of a document, and quickly."""
    hashes: Uint64Array
    starts: Int64Array
    """Where each hash's items begin in `items`, and their number at the end."""
    items: Int64Array


@dataclass(frozen=True)
class Index:
    """All runs of the evaluation sets."""

    by_words: tuple[Runs, ...]
    by_characters: tuple[Runs, ...]
    runs_of_item: Int64Array
    """How many distinct runs each item has."""
    set_of_item: tuple[str, ...]
    checksums: Mapping[str, str]

    def overlap(self, text: str, words: Sequence[str]) -> Overlap:
        """What of the sets a document has, given its words."""
        found: list[Int64Array] = []
        share = 0.0
        for runs, units in (
            (self.by_words, word_hashes(words) if self.by_words else None),
            (self.by_characters, apply_kernel(hash_characters, text) if self.by_characters else None),
        ):
            if units is not None and len(units):
                covered, items = _matches(units, runs)
                share = max(share, covered)
                found += items
        if not found:
            return Overlap(share, 0.0, None)
        numbers, counts = np.unique(np.concatenate(found), return_counts=True)
        shares = counts / self.runs_of_item[numbers]
        best = int(np.argmax(shares))
        return Overlap(share, float(shares[best]), self.set_of_item[int(numbers[best])])


def _matches(units: Uint64Array, all_runs: Iterable[Runs]) -> tuple[float, list[Int64Array]]:
    """The share of a document's units in matching runs, and for each distinct run that it has the items with it."""
    edges = np.zeros(len(units) + 1, np.int64)
    found: list[Int64Array] = []
    for runs in all_runs:
        if len(units) < runs.size:
            continue
        hashes = combine(units, runs.size)
        candidates = np.flatnonzero(runs.present[hashes >> _shift(runs.present)])
        places = np.minimum(np.searchsorted(runs.hashes, hashes[candidates]), len(runs.hashes) - 1)
        same = runs.hashes[places] == hashes[candidates]
        matching = candidates[same]
        np.add.at(edges, matching, 1)
        np.add.at(edges, matching + runs.size, -1)
        found += [runs.items[runs.starts[place] : runs.starts[place + 1]] for place in np.unique(places[same])]
    return float((np.cumsum(edges[:-1]) > 0).mean()), found


@cache
def load_index(parameters: "Parameters") -> Index:
    """The index of a configuration's evaluation sets, made once per process.

    Raises InputError, which names the file and the fix.
    """
    builder = _Builder(parameters)
    checksums: dict[str, str] = {}
    for entry in parameters.sets:
        before = builder.run_count
        for path in find_files(Path(entry.path)):
            checksums[str(path)] = file_sha256(path)
            for texts in _items(path, entry):
                builder.add(texts, entry.name)
        builder.drop_common(entry.name)
        if builder.run_count == before:
            raise InputError(
                f"{entry.path}: no text of the evaluation set {entry.name} has {parameters.least_words} words, so "
                "nothing can be looked for; name other columns, or set filters.decontamination.least_words"
            )
    return builder.index(checksums)


def _items(path: Path, entry: "EvaluationSet") -> Iterator[list[str]]:
    """The texts of each item of a file. Raises InputError for columns without text."""
    empty = True
    for record in read_records(path, entry.columns):
        missing = [name for name in entry.columns if name not in record]
        if missing:
            raise InputError(f'{path}: the evaluation set {entry.name} has no column "{missing[0]}"')
        texts = [text for value in record.values() for text in _texts(value)]
        empty = empty and not texts
        yield texts
    if empty:
        raise InputError(f"{path}: the evaluation set {entry.name} has no text in it")


def _texts(value: Any) -> Iterator[str]:
    """Every string of a value, however deep in lists and objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for part in value.values() for text in _texts(part))
    elif isinstance(value, list | tuple):
        yield from (text for part in value for text in _texts(part))


class _Builder:
    """Collects runs of items: (by characters, length) -> hash -> items."""

    def __init__(self, parameters: "Parameters") -> None:
        self.parameters = parameters
        self.runs: dict[tuple[bool, int], dict[int, set[int]]] = {}
        self.sets: list[str] = []

    @property
    def run_count(self) -> int:
        """Distinct runs of all lengths."""
        return sum(bool(items) for runs in self.runs.values() for items in runs.values())

    def add(self, texts: Iterable[str], set_name: str) -> None:
        """Add an item."""
        item = len(self.sets)
        self.sets.append(set_name)
        for text in texts:
            by_characters = main_script(text) in SPACELESS
            units = apply_kernel(hash_characters, text) if by_characters else word_hashes(split_words(text))
            size, least = self._bounds(by_characters)
            if len(units) < least:
                continue
            size = min(size, len(units))
            runs = self.runs.setdefault((by_characters, size), {})
            for start, value in enumerate(combine(units, size).tolist()):
                # Digits are compared without their values, so a row of numbers would be in every table.
                if 2 * len(np.unique(units[start : start + size])) >= size:
                    runs.setdefault(value, set()).add(item)

    def _bounds(self, by_characters: bool) -> tuple[int, int]:
        """The length of a run, and the least length of a text."""
        words, least = self.parameters.words, self.parameters.least_words
        if not by_characters:
            return words, least
        return self.parameters.characters, self.parameters.characters * least // words

    def drop_common(self, set_name: str) -> None:
        """Drop the runs that many items of a set share."""
        for runs in self.runs.values():
            for value, items in runs.items():
                of_set = {item for item in items if self.sets[item] == set_name}
                if len(of_set) > self.parameters.common:
                    runs[value] = items - of_set

    def index(self, checksums: Mapping[str, str]) -> Index:
        """The finished index."""
        counts = np.zeros(len(self.sets), np.int64)
        for runs in self.runs.values():
            for items in runs.values():
                counts[list(items)] += 1
        kept = {key: {value: items for value, items in runs.items() if items} for key, runs in self.runs.items()}
        made = {key: _sorted_runs(key[1], runs) for key, runs in sorted(kept.items()) if runs}
        by_words = tuple(runs for (by_characters, _), runs in made.items() if not by_characters)
        by_characters = tuple(runs for (by_characters, _), runs in made.items() if by_characters)
        return Index(by_words, by_characters, counts, tuple(self.sets), checksums)


def _sorted_runs(size: int, runs: Mapping[int, set[int]]) -> Runs:
    hashes = np.array(sorted(runs), np.uint64)
    items = [sorted(runs[value]) for value in hashes.tolist()]
    present = np.zeros(1 << (len(hashes) * PLACES_A_HASH).bit_length(), np.bool_)
    present[hashes >> _shift(present)] = True
    starts = np.cumsum([0, *map(len, items)])
    return Runs(size, present, hashes, starts, np.concatenate([np.array(part, np.int64) for part in items]))


def _shift(table: NDArray[np.bool_]) -> np.uint64:
    """By how many bits a hash is shifted to be a place in a table, whose size is a power of two."""
    return np.uint64(65 - len(table).bit_length())
