"""Real pages: the main texts of WARC files in folded words, and the true similarity of all their pairs."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from configs.configuration import Configuration
from configs.load import load_configuration
from dedup.shingles import normalise_word
from filters.words import split_words
from pipeline.curating.pages import Skip, page_of
from pipeline.reading.sources import find_inputs, plan_splits
from pipeline.reading.warc import Response, SplitReader

SIMILAR = 0.3  # pairs below this similarity are counted as 0


def write(folder: Path, warcs: Path) -> int:
    """Write the pages of a folder of WARC files as `documents`, a line each, and their similarities; their number.

    Words are ICU's, folded, so that every system compares the same words.
    """
    configuration = load_configuration("default")
    lines = [" ".join(words) for words in map(folded_words, texts(warcs, configuration)) if words]
    (folder / "documents").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    rows, columns, similarities = similar_pairs(lines)
    np.savez(folder / "similar.npz", rows=rows, columns=columns, similarities=similarities)
    (folder / "pairs.json").write_text(json.dumps([]), encoding="utf-8")
    return len(lines)


def texts(warcs: Path, configuration: Configuration) -> Iterator[str]:
    """Main texts of the pages of all WARC files in a folder; what gives none is passed over."""
    for split in plan_splits(find_inputs([str(warcs)]), None):
        for item in SplitReader(split, configuration.settings.extraction.page_bytes):
            if isinstance(item, Response):
                try:
                    yield page_of(item, split.file.path, configuration)["text"]
                except Skip:
                    continue


def folded_words(text: str) -> list[str]:
    """The words that deduplication compares, as text."""
    return list(filter(None, map(normalise_word, split_words(text))))


def similar_pairs(
    lines: list[str], size: int = 5
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Rows, larger rows, and Jaccard similarities of all pairs of documents with at least SIMILAR, by brute force.

    Sizes of all intersections are the products of the rows of a matrix (documents × shingles) of ones.
    """
    numbers: dict[tuple[str, ...], int] = {}
    places: list[npt.NDArray[np.int64]] = []
    for line in lines:
        words = line.split()
        runs = (tuple(words[i : i + size]) for i in range(max(1, len(words) - size + 1)))
        places.append(np.unique([numbers.setdefault(run, len(numbers)) for run in runs]))
    counts = np.array([len(place) for place in places])
    ones = np.ones(counts.sum(), np.int32)
    matrix = sparse.csr_matrix((ones, np.concatenate(places), np.concatenate(([0], np.cumsum(counts)))))
    shared = sparse.triu(matrix @ matrix.T, 1).tocoo()
    similarities = shared.data / (counts[shared.row] + counts[shared.col] - shared.data)
    similar = similarities >= SIMILAR
    return shared.row[similar], shared.col[similar], similarities[similar]
