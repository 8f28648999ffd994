"""What a pass over exact repeated passages would still find in a finished run, and what it would cost.

    .venv/bin/python benchmarks/passages.py OUTPUT [--words 50] [--show 20]

Taken is the best copy of each cluster without its repeated lines (the run needs the stage `lines`). A passage is a run
of at least 50 words, folded as in deduplication, that occurs in another document too; it is found by the hash of every
50 words in a row. Printed are the share of words that such passages hold, how much of it stays within a site, CPU
seconds and bytes, and the longest passages, to be read.
"""

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console

# Files beside this one would hide packages of the same name.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dedup.kernels import combine
from dedup.lines import without_lines
from dedup.shingles import normalise_word, word_hashes
from dedup.urls import site_of
from filters.words import split_words
from pipeline.shards import read_table
from pipeline.storage import Folder

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Document:
    """A document after what the run removes: its words of which folding leaves something."""

    url: str
    language: str
    words: list[str]


@dataclass(frozen=True)
class Windows:
    """The hash of every run of words of all documents, sorted by hash: its document, its first word."""

    hashes: npt.NDArray[np.uint64]
    documents: Int64Array
    places: Int64Array


def read_documents(folder: Folder) -> Iterator[Document]:
    """The best copies of a run without their repeated lines."""
    for name in folder.names("lines", ".parquet"):
        shard = name.rpartition("/")[2]
        documents = read_table(folder, f"documents/{shard}", ["text", "url", "language"]).to_pylist()
        ranks = read_table(folder, f"clusters/{shard}", ["rank"]).column("rank").to_pylist()
        numbers = read_table(folder, name, ["repeated_line_numbers"]).column(0).to_pylist()
        for document, rank, repeated in zip(documents, ranks, numbers, strict=True):
            if rank == 0:
                words = split_words(without_lines(document["text"], repeated), document["language"])
                folded = [word for word in words if normalise_word(word)]
                yield Document(document["url"], document["language"], folded)


def windows_of(documents: Sequence[Document], size: int) -> Windows:
    """All runs of `size` words."""
    found = [combine(word_hashes(document.words), size) for document in documents if len(document.words) >= size]
    long = [number for number, document in enumerate(documents) if len(document.words) >= size]
    hashes = np.concatenate(found)
    owners = np.repeat(long, [len(of_document) for of_document in found])
    places = np.concatenate([np.arange(len(of_document)) for of_document in found])
    order = np.argsort(hashes, kind="stable")
    return Windows(hashes[order], owners[order], places[order])


def shared_windows(windows: Windows, groups: Int64Array) -> BoolArray:
    """Which windows have an equal one in another group of documents; `groups` numbers each document's group."""
    starts = np.flatnonzero(np.diff(windows.hashes, prepend=~windows.hashes[:1]))
    of_window = groups[windows.documents]
    least, most = np.minimum.reduceat(of_window, starts), np.maximum.reduceat(of_window, starts)
    return np.repeat(least != most, np.diff(starts, append=len(of_window)))


def cover(windows: Windows, shared: BoolArray, documents: Sequence[Document], size: int) -> list[BoolArray]:
    """For each document which of its words are in a shared window."""
    covered = [np.zeros(len(document.words), np.bool_) for document in documents]
    for number, place in zip(windows.documents[shared].tolist(), windows.places[shared].tolist(), strict=True):
        covered[number][place : place + size] = True
    return covered


def passages(covered: Sequence[BoolArray]) -> list[tuple[int, int, int]]:
    """Runs of covered words as (length, document, first word), the longest first."""
    found = []
    for number, words in enumerate(covered):
        edges = np.flatnonzero(np.diff(words.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
        found += [(end - start, number, start) for start, end in edges.tolist()]
    return sorted(found, key=lambda passage: (-passage[0], *passage[1:]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output")
    parser.add_argument("--words", type=int, default=50)
    parser.add_argument("--show", type=int, default=20)
    arguments = parser.parse_args()
    console = Console(width=160, highlight=False)
    documents = list(read_documents(Folder(arguments.output)))
    words = sum(len(document.words) for document in documents)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    windows = windows_of(documents, arguments.words)
    shared = shared_windows(windows, np.arange(len(documents)))
    covered = cover(windows, shared, documents, arguments.words)
    seconds, after = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sites: dict[str | None, int] = {}
    groups = np.array([sites.setdefault(site_of(document.url), len(sites)) for document in documents])
    across = cover(windows, shared_windows(windows, groups), documents, arguments.words)
    inside, between = (sum(int(of_document.sum()) for of_document in found) for found in (covered, across))
    console.print(f"{len(documents):,} documents, {words:,} words, {len(windows.hashes):,} windows")
    console.print(f"in passages that another document has: {inside:,} words, {inside / words:.2%}")
    console.print(f"of them in a document of another site: {between:,} words, {between / words:.2%}")
    touched = sum(bool(of_document.any()) for of_document in covered)
    console.print(f"documents with such a passage: {touched:,}; {seconds:.2f} CPU s, {(after - before) / 1e3:,.0f} MB")
    seen: set[str] = set()
    for length, number, first in passages(covered):
        text = " ".join(documents[number].words[first : first + length])
        if normalise_word(text[:80]) not in seen and len(seen) < arguments.show:
            seen.add(normalise_word(text[:80]))
            console.print(
                f"{length:5} {documents[number].language} {documents[number].url}\n      {text[:150]}", markup=False
            )


if __name__ == "__main__":
    main()
