"""Reading a reference sample: a finished run, Parquet files, or text files of one language.

Of each language the documents with the smallest hashes of their text are kept, so the choice depends on neither the
order of the files nor their number, and a text that is there many times counts once.
"""

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from filters.calibration.methods import Floats
from langid.errors import UnknownLabelError
from langid.labels import NO_LANGUAGE, UNKNOWN, canonical
from pipeline.errors import InputError

TEXT, LANGUAGE, SCRIPT = "text", "language", "language_script"
_RUN_FILE, _RUN_FOLDER = "run.json", "documents"
_BATCH = 500


@dataclass
class LanguageSample:
    """The chosen documents of a language: texts, and the measurements that the sample has, nan for null."""

    language: str
    seen: int
    """Documents in the sample."""

    copies: int
    """Of them, those whose text was there already."""

    texts: list[str]
    columns: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


@dataclass
class _Chosen:
    """The documents with the smallest hashes so far: a heap of (-hash, text, values)."""

    seen: int = 0
    copies: int = 0
    hashes: set[int] = field(default_factory=set)
    heap: list[tuple[int, str, tuple[float, ...]]] = field(default_factory=list)

    def add(self, text: str, values: tuple[float, ...], most: int) -> None:
        self.seen += 1
        digest = xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
        if digest in self.hashes:
            self.copies += 1
        elif len(self.heap) < most:
            heapq.heappush(self.heap, (-digest, text, values))
            self.hashes.add(digest)
        elif digest < -self.heap[0][0]:
            self.hashes.discard(-heapq.heapreplace(self.heap, (-digest, text, values))[0])
            self.hashes.add(digest)


def read_samples(
    places: Sequence[str], wanted: Collection[str], most: int, labels: Collection[str] = ()
) -> dict[str, LanguageSample]:
    """The documents of each language, in the order of the labels; `wanted` are the columns to read where there are any.

    At most `most` documents a language are kept; with `labels` only those languages. Raises InputError, which names the
    file, the column and the fix.
    """
    chosen: dict[str, _Chosen] = {}
    paths = [path for place in places for path in _files(Path(place))]
    # What only some files have is measured anew, so that a null always means that a value was not measured.
    columns = sorted(set(wanted).intersection(*map(_columns, paths)))
    for path in paths:
        for label, text, values in _documents(path, columns, labels):
            if text.strip() and (not labels or label in labels):
                chosen.setdefault(label, _Chosen()).add(text, values, most)
    return {label: _sample(label, chosen[label], columns) for label in sorted(chosen)}


def _sample(label: str, chosen: _Chosen, columns: Sequence[str]) -> LanguageSample:
    rows = sorted(chosen.heap, reverse=True)
    values = np.array([row[2] for row in rows], np.float64).reshape(len(rows), len(columns))
    measured = {name: values[:, index] for index, name in enumerate(columns)}
    return LanguageSample(label, chosen.seen, chosen.copies, [row[1] for row in rows], measured)


def _files(place: Path) -> list[Path]:
    """The files of one sample. Raises InputError."""
    if (place / _RUN_FILE).is_file():
        found = sorted((place / _RUN_FOLDER).glob("*.parquet"))
        if not found:
            raise InputError(f"{place}: the run has no {_RUN_FOLDER}/ yet; let `glotmill run` finish")
        return found
    if place.is_dir():
        found = sorted([*place.rglob("*.parquet"), *place.rglob("*.txt")])
        if not found:
            raise InputError(f"{place}: neither a run, nor Parquet or .txt files below it")
        return found
    if not place.is_file():
        raise InputError(f"{place}: there is no such file or folder")
    if place.suffix not in (".parquet", ".txt"):
        raise InputError(f"{place}: a sample is a Parquet file, a .txt file, a folder of them, or the folder of a run")
    return [place]


def _columns(path: Path) -> set[str]:
    """Columns of a file; a text file has none."""
    return set() if path.suffix == ".txt" else set(_read_schema(path).names)


def _read_schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as exc:
        raise InputError(f"{path}: cannot be read as Parquet ({exc})") from exc


def _documents(
    path: Path, columns: Sequence[str], labels: Collection[str]
) -> Iterator[tuple[str, str, tuple[float, ...]]]:
    """Label, text and values of each document of a file."""
    if path.suffix == ".txt":
        label = _label_of_text_file(path, labels)
        yield from ((label, text, ()) for text in _text_documents(path))
        return
    try:
        with pq.ParquetFile(path) as file:
            yield from _rows(path, file, columns)
    except (pa.ArrowException, OSError) as exc:
        raise InputError(f"{path}: cannot be read as Parquet ({exc})") from exc


def _rows(path: Path, file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[tuple[str, str, tuple[float, ...]]]:
    names = set(file.schema_arrow.names)
    for name in (TEXT, LANGUAGE):
        if name not in names:
            raise InputError(
                f'{path}: there is no column "{name}" (it has {", ".join(file.schema_arrow.names) or "none"}); '
                f'a sample needs "{TEXT}" and "{LANGUAGE}", the latter with labels such as deu_Latn'
            )
    split = SCRIPT in names
    known: dict[tuple[Any, Any], str | None] = {}
    for batch in file.iter_batches(_BATCH, columns=[TEXT, LANGUAGE, *[SCRIPT] * split, *columns]):
        values = [_numbers(path, name, batch.column(name)) for name in columns]
        scripts = batch.column(SCRIPT).to_pylist() if split else [None] * batch.num_rows
        rows = zip(batch.column(TEXT).to_pylist(), batch.column(LANGUAGE).to_pylist(), scripts, strict=True)
        for row, (text, language, script) in enumerate(rows):
            if (language, script) not in known:
                known[language, script] = _label(path, language, script)
            label = known[language, script]
            if text is not None and label is not None:
                yield label, str(text), tuple(float(column[row]) for column in values)


def _numbers(path: Path, name: str, values: pa.Array) -> Floats:
    """A column as float64, nan for null. Raises InputError for other values that are not finite, and for texts."""
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_boolean(values.type)):
        raise InputError(f'{path}: column "{name}" holds {values.type}, not numbers; rename it, or leave it out')
    numbers = values.cast(pa.float64(), safe=False) if not pa.types.is_boolean(values.type) else values.cast(pa.int8())
    array: Floats = numbers.to_numpy(zero_copy_only=False).astype(np.float64)
    wrong = ~np.isfinite(array) & values.is_valid().to_numpy(zero_copy_only=False)
    if wrong.any():
        value = array[np.flatnonzero(wrong)[0]]
        raise InputError(
            f'{path}: column "{name}" holds {value}, which is no measurement; write null for what was not measured, '
            "or leave the column out and it is measured anew"
        )
    return array


def _label(path: Path, language: Any, script: Any) -> str | None:
    """A label in normal form, None for what is no language. Raises InputError for an unknown one."""
    if language is None:
        return None
    text = f"{language}_{script}" if script and "_" not in str(language) else str(language)
    if text in (NO_LANGUAGE, UNKNOWN) or text.startswith(("und_", "zxx_")):
        return None
    try:
        return canonical(text)
    except UnknownLabelError as exc:
        raise InputError(f'{path}: column "{LANGUAGE}": {exc}; write labels such as deu_Latn') from exc


def _label_of_text_file(path: Path, labels: Collection[str]) -> str:
    """The language of a text file: the only one that is asked for, or the one that the file's name begins with."""
    if len(labels) == 1:
        return next(iter(labels))
    try:
        return canonical(path.name.split(".")[0])
    except UnknownLabelError as exc:
        raise InputError(f"{path}: in which language? Name it with --language, or call the file deu_Latn.txt") from exc


def _text_documents(path: Path) -> Iterator[str]:
    """Documents are parted by blank lines; a paragraph is a line. Raises InputError for a file that is not UTF-8."""
    lines: list[str] = []
    try:
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                if not line.isspace():
                    lines.append(line.rstrip("\n"))
                elif lines:
                    yield "\n".join(lines)
                    lines = []
    except UnicodeDecodeError as exc:
        raise InputError(f"{path}: not UTF-8 ({exc.reason}); convert it") from exc
    if lines:
        yield "\n".join(lines)
