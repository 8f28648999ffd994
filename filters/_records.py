"""Records of files that people name: Parquet, JSON lines, plain text, and the folder of a finished run."""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError

Record = dict[str, Any]
PARQUET = (".parquet",)
JSON_LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
TEXT = (".txt", ".txt.gz")
SUFFIXES = (*PARQUET, *JSON_LINES, *TEXT)
_RUN_FILE, _DATASET, _REJECTED = "run.json", "dataset", "rejected"
_BATCH = 500


def find_files(place: Path) -> list[Path]:
    """The files of a place in name order: the file itself, all below a folder, or what a finished run kept.

    Raises InputError, which names the place and what it should be.
    """
    if (place / _RUN_FILE).is_file():
        dataset = place / _DATASET
        found = [
            path for path in sorted(dataset.rglob("*.parquet")) if _REJECTED not in path.relative_to(dataset).parts
        ]
        if not found:
            raise InputError(
                f"{place}: the run has kept nothing, or is not finished; name {place}/documents for all pages"
            )
        return found
    if place.is_dir():
        found = [path for path in sorted(place.rglob("*")) if path.name.endswith(SUFFIXES)]
        if not found:
            raise InputError(f"{place}: neither a run, nor a folder with {', '.join(SUFFIXES)} files")
        return found
    if not place.is_file():
        raise InputError(f"{place}: there is no such file or folder")
    if not place.name.endswith(SUFFIXES):
        raise InputError(f"{place}: this kind of file is not read; give one of {', '.join(SUFFIXES)}")
    return [place]


def read_records(path: Path, columns: Sequence[str] = ()) -> Iterator[Record]:
    """The records of a file with those of `columns` that it has, or all; of plain text each document as `text`.

    In plain text a paragraph is a line and blank lines part documents. Raises InputError, which names file and line.
    """
    if path.name.endswith(PARQUET):
        yield from _parquet(path, columns)
    elif path.name.endswith(JSON_LINES):
        yield from _json_lines(path, columns)
    else:
        yield from _documents(path)


def _parquet(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    try:
        with pq.ParquetFile(path) as file:
            known = [name for name in file.schema_arrow.names if not columns or name in columns]
            if not known:
                raise InputError(
                    f"{path}: it has no column {' or '.join(columns)}, only {_shown(file.schema_arrow.names)}"
                )
            for batch in file.iter_batches(_BATCH, columns=known, use_threads=False):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as exc:
        raise InputError(f"{path}: cannot be read as Parquet ({exc})") from exc


def _json_lines(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as exc:
            raise InputError(f"{path}, line {number}: no JSON ({exc})") from exc
        if not isinstance(record, dict):
            raise InputError(f"{path}, line {number}: {type(record).__name__}, not an object with named fields")
        found = {name: value for name, value in record.items() if not columns or name in columns}
        if not found:
            raise InputError(
                f"{path}, line {number}: it has no field {' or '.join(columns)}, only {_shown(list(record))}"
            )
        yield found


def _documents(path: Path) -> Iterator[Record]:
    held: list[str] = []
    for _, line in _lines(path):
        if line.strip():
            held.append(line.rstrip("\r\n"))
        elif held:
            yield {"text": "\n".join(held)}
            held = []
    if held:
        yield {"text": "\n".join(held)}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers. Raises InputError for what is not UTF-8, and for a damaged compressed file."""
    try:
        with cast(IO[bytes], gzip.open(path) if path.suffix == ".gz" else path.open("rb")) as stream:
            for number, line in enumerate(stream, 1):
                yield number, line.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise InputError(f"{path}: not UTF-8 ({exc.reason}); convert it") from exc
    except (OSError, EOFError) as exc:
        raise InputError(f"{path}: cannot be read ({exc})") from exc


def _shown(names: Sequence[str]) -> str:
    return ", ".join(map(str, names[:20])) or "none"
