"""The best label of each of many lines, as fastText gives it, compiled and in a fraction of the time.

A document has many lines, and a line needs no score. Read is the kind of model that is bundled: n-grams of characters
and no words, pruned and quantised, with a softmax over a dense output (Joulin et al. 2016, arXiv:1612.03651). As there,
the vector of a text is the mean of its n-grams' vectors; it is summed in fastText's order and precision, so that labels
are the same. Other models are asked themselves.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import compiled
from langid.fasttext_file import check_whole
from langid.labels import normalise
from langid.models import Model, excerpt, file_sha256, presets

# fastText takes such a word for a label, not for text.
_LABEL = "__label__"
_SOFTMAX, _CENTROIDS, _DIMENSION_OF_NORMS = 3, 256, 1
Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


@dataclass(frozen=True)
class LineModel:
    """A model's parameters, in the arrays that `_best_labels` reads."""

    labels: tuple[str, ...]
    characters: int | None
    lengths: tuple[int, int]
    """Shortest and longest n-gram, in characters."""
    row_of: Integers
    """For each bucket of n-grams its row of `rows`, -1 where it was pruned."""
    rows: Floats
    output: Floats
    """A column for each label."""

    def best(self, lines: Sequence[str]) -> list[str]:
        """The most probable label of each line, none of which has the word `__label__`."""
        # NUL parts words for fastText.
        words = (excerpt(line, self.characters).replace("\0", " ").split() for line in lines)
        # Where a word begins and ends is marked, and the marks are in its n-grams.
        texts = ["".join(f"<{word}>\n" for word in of_line).encode("utf-8", "replace") for of_line in words]
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        data = np.frombuffer(b"".join(texts), np.uint8)
        found = _best_labels(data, ends, *self.lengths, self.row_of, self.rows, self.output)
        return [self.labels[number] for number in found.tolist()]


def best_labels(lines: Sequence[str], model: Model) -> list[str]:
    """The most probable label of each line; lines must have letters."""
    lines_model = _line_model(model.name, model.checksum)
    if lines_model is None or any(_LABEL in line for line in lines):
        return [found[0][0] for found in model.predict(lines, 1)]
    return lines_model.best(lines)


@cache
def _line_model(name: str, checksum: str) -> LineModel | None:
    """The parameters of the loaded model of this name; None where it is of another kind, or no file that is here."""
    preset = presets().get(name)
    if preset is None or preset.preprocessing != "none" or not preset.path.startswith("package:"):
        return None
    package, _, file = preset.path.removeprefix("package:").partition("/")
    with as_file(files(package).joinpath(file)) as path:
        return read_line_model(path, preset.scheme, preset.characters) if file_sha256(path) == checksum else None


def read_line_model(path: Path, scheme: str = "", characters: int | None = None) -> LineModel | None:
    """The parameters in a fastText file (version 12); None where it is not of the kind that is read here.

    Raises ModelError where the file is damaged.
    """
    check_whole(path)
    data = path.read_bytes()
    _, _, width, _, _, _, _, word_ngrams, loss, _, buckets, shortest, longest, _, _ = _unpack("<ii12id", data, 0)
    entries, words, _, _, pruned = _unpack("<iiiqq", data, 64)
    if words or word_ngrams != 1 or loss != _SOFTMAX or pruned <= 0:
        return None
    offset = 92
    names = []
    for _ in range(entries):
        end = data.index(b"\0", offset)
        names.append(data[offset:end].decode())
        offset = end + 10  # behind the name its count and kind
    pairs = np.frombuffer(data, "<i4", 2 * pruned, offset).reshape(-1, 2)
    row_of = np.full(buckets, -1, np.int32)
    row_of[pairs[:, 0]] = pairs[:, 1]
    rows, offset = _quantised(data, offset + 8 * pruned)
    (output_quantised,) = _unpack("<?", data, offset)
    labels = [normalise(name, scheme) for name in names]
    if rows is None or output_quantised or any(script is None for _, script in labels):
        return None
    output = np.frombuffer(data, "<f4", entries * width, offset + 17).reshape(entries, width).T.copy()
    full = tuple(f"{language}_{script}" for language, script in labels)
    return LineModel(full, characters, (shortest, longest), row_of, rows, output)


def _unpack(layout: str, data: bytes, offset: int) -> tuple[int, ...]:
    return struct.unpack_from(layout, data, offset)


def _quantised(data: bytes, offset: int) -> tuple[Floats | None, int]:
    """The input matrix, and where it ends; None unless it is quantised with norms of its rows apart."""
    quantised, normalised = _unpack("<??", data, offset)
    if not (quantised and normalised):
        return None, offset
    rows, width, size = _unpack("<qqi", data, offset + 2)
    offset += 22
    codes = np.frombuffer(data, np.uint8, size, offset).reshape(rows, -1)
    centroids, offset = _centroids(data, offset + size, width)
    norm_codes = np.frombuffer(data, np.uint8, rows, offset)
    norms, offset = _centroids(data, offset + rows, _DIMENSION_OF_NORMS)
    parts = [part[codes[:, number]] for number, part in enumerate(centroids)]
    return np.concatenate(parts, axis=1) * norms[0][norm_codes], offset


def _centroids(data: bytes, offset: int, width: int) -> tuple[list[Floats], int]:
    """A product quantiser's centroids for each group of dimensions, and where it ends."""
    dimension, parts, size, last = _unpack("<4i", data, offset)
    flat = np.frombuffer(data, "<f4", dimension * _CENTROIDS, offset + 16)
    # Groups have `size` dimensions, the last one `last`.
    bounds = [number * _CENTROIDS * size for number in range(parts)] + [width * _CENTROIDS]
    groups = [
        flat[bounds[number] : bounds[number + 1]].reshape(_CENTROIDS, size if number < parts - 1 else last)
        for number in range(parts)
    ]
    return groups, offset + 16 + 4 * dimension * _CENTROIDS


@compiled
def _best_labels(
    data: NDArray[np.uint8],
    ends: NDArray[np.int64],
    shortest: int,
    longest: int,
    row_of: Integers,
    rows: Floats,
    output: Floats,
) -> NDArray[np.int64]:
    """Number of the best label of each text; `data` has their words, each between < and > and before a line feed."""
    found = np.zeros(len(ends), np.int64)
    hidden = np.empty(rows.shape[1], np.float32)
    scores = np.empty(output.shape[1], np.float32)
    start = 0
    for text in range(len(ends)):
        hidden[:] = 0
        count = _add_ngrams(data, start, ends[text], shortest, longest, row_of, rows, hidden)
        start = ends[text]
        hidden *= np.float32(1.0 / max(count, 1))
        scores[:] = 0
        for i in range(len(hidden)):
            for label in range(len(scores)):
                scores[label] += output[i, label] * hidden[i]
        found[text] = np.argmax(scores)
    return found


@compiled
def _add_ngrams(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    shortest: int,
    longest: int,
    row_of: Integers,
    rows: Floats,
    hidden: Floats,
) -> int:
    """Add the vectors of all n-grams to `hidden`; the value is their number. Hashed by FNV-1a as fastText does."""
    count = 0
    first = True
    for i in range(start, end):
        if data[i] == 10:
            first = True
            continue
        if data[i] & 0xC0 == 0x80:
            continue
        hashed = np.uint32(2166136261)
        place = i
        for length in range(1, longest + 1):
            if data[place] == 10:
                break
            more = True
            while more:
                # fastText hashes signed bytes: those from 128 on set all upper bits.
                byte = np.uint32(data[place]) | (np.uint32(0xFFFFFF00) if data[place] >= 128 else np.uint32(0))
                hashed = np.uint32((hashed ^ byte) * np.uint32(16777619))
                place += 1
                more = data[place] & 0xC0 == 0x80
            # The mark of a word's start or end alone is no n-gram.
            if length >= shortest and not (length == 1 and (first or data[place] == 10)):
                row = row_of[hashed % np.uint32(len(row_of))]
                if row >= 0:
                    count += 1
                    for j in range(len(hidden)):
                        hidden[j] += rows[row, j]
        first = False
    return count
