"""From what a user names (paths, globs, folders, lists) to input files, and from files to byte ranges."""

import gzip
import math
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import fsspec

from configs.model import MEGABYTE
from pipeline.errors import InputError, UsageError
from pipeline.reading.framing import is_single_member

WARC_SUFFIXES = (".warc", ".warc.gz")
UNREAD_SUFFIXES = (".arc", ".arc.gz", ".wet", ".wet.gz", ".wat", ".wat.gz", ".warc.zst", ".arc.zst")
LIST_SUFFIXES = (".paths", ".paths.gz")
SMALLEST_SPLIT, LARGEST_SPLIT, SPLITS_A_FILE = 1 * MEGABYTE, 64 * MEGABYTE, 16


@dataclass(frozen=True)
class InputFile:
    """One file to read, with what tells whether it changed since."""

    path: str
    size: int
    version: str


@dataclass(frozen=True)
class Split:
    """The records of one file that start at `start` ≤ offset < `end`; `index` numbers the splits of a run."""

    index: int
    file: InputFile
    start: int
    end: int

    @property
    def name(self) -> str:
        """The shard's file name, without suffix."""
        return f"{self.index:06d}"

    def __str__(self) -> str:
        return f"{self.file.path} [{self.start:,}–{self.end:,}]"


def find_inputs(inputs: Iterable[str]) -> list[InputFile]:
    """The files that the inputs name, in the order given, each once; folders and globs in name order.

    Raises InputError when one names nothing: a run over less than was asked for would lose it in silence.
    """
    files: dict[str, InputFile] = {}
    for entry in inputs:
        found = list(_expand(entry))
        if not found:
            raise InputError(f"{entry}: no such file, and nothing matches it as a glob or a folder of *.warc[.gz]")
        for path in found:
            files.setdefault(path, _describe(path))
    if not files:
        raise UsageError("no input: name WARC files with -i, or set `inputs` in the configuration")
    return list(files.values())


def _expand(entry: str) -> Iterator[str]:
    filesystem, path = _filesystem(entry)
    if filesystem.isdir(path):
        yield from (_restore(entry, found, filesystem) for found in _archives(entry, sorted(filesystem.find(path))))
    elif filesystem.exists(path):
        yield from _read_list(entry) if path.endswith(LIST_SUFFIXES) else [entry]
    elif any(character in path for character in "*?["):
        yield from (_restore(entry, p, filesystem) for p in sorted(filesystem.glob(path)) if not filesystem.isdir(p))


def _archives(entry: str, paths: list[str]) -> list[str]:
    """The WARC files of a folder. Raises InputError if it holds web archives of a kind that is not read."""
    for path in paths:
        if path.lower().endswith(UNREAD_SUFFIXES):
            raise InputError(f"{path}: only WARC files, plain or gzip, are read; name those of {entry} with a glob")
    return [path for path in paths if path.lower().endswith(WARC_SUFFIXES)]


def _filesystem(entry: str) -> tuple[Any, str]:
    if not entry.strip():
        raise UsageError("an empty input: it would read every WARC below the current folder")
    try:
        filesystem, path = fsspec.core.url_to_fs(entry if "://" in entry else os.path.expanduser(entry))
    except (ValueError, ImportError) as exc:
        raise InputError(f"{entry}: {exc}") from exc
    return filesystem, path


def _restore(entry: str, path: str, filesystem: Any) -> str:
    """A path found below an entry, written as the entry was: relative stays relative, a scheme stays."""
    if "://" in entry:
        return str(filesystem.unstrip_protocol(path))
    if not entry.startswith("/"):
        base = str(filesystem._strip_protocol("."))
        return path.removeprefix(base + "/")
    return path


def _read_list(entry: str) -> Iterator[str]:
    """Paths of a list file, one a line; relative ones are relative to the list."""
    with fsspec.open(entry, "rb") as stream:
        data = stream.read()
    try:
        text = (gzip.decompress(data) if entry.endswith(".gz") else data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as exc:
        raise InputError(f"{entry}: not a list of paths: {exc}") from exc
    folder = entry.rpartition("/")[0]
    for path in filter(None, map(str.strip, text.splitlines())):
        relative = "://" not in path and not path.startswith("/")
        yield from _required(f"{folder}/{path}" if relative and folder else path, entry)


def _required(path: str, source: str) -> Iterator[str]:
    filesystem, local = _filesystem(path)
    if not filesystem.isfile(local):
        raise InputError(f"{path}: no such file (listed in {source})")
    yield path


def _describe(path: str) -> InputFile:
    filesystem, local = _filesystem(path)
    info = filesystem.info(local)
    version = info.get("ETag") or info.get("etag") or info.get("mtime") or info.get("LastModified") or ""
    return InputFile(path, int(info["size"]), str(version))


def plan_splits(files: Iterable[InputFile], split_bytes: int | None) -> list[Split]:
    """Byte ranges of all files. They depend on the files alone, never on the number of workers."""
    splits: list[Split] = []
    for file in files:
        edges = split_edges(file.size, split_bytes)
        if len(edges) > 2 and not is_splittable(file):
            edges = [0, file.size]
        splits += [Split(len(splits) + piece, file, *ends) for piece, ends in enumerate(pairwise(edges))]
    return splits


def split_edges(size: int, split_bytes: int | None) -> list[int]:
    """Offsets that cut a file into pieces of at most `split_bytes`, by default a sixteenth within bounds.

    >>> split_edges(10, 4), split_edges(0, 4), len(split_edges(10**9, None))
    ([0, 3, 6, 10], [0, 0], 17)
    """
    wanted = split_bytes or min(max(size // SPLITS_A_FILE, SMALLEST_SPLIT), LARGEST_SPLIT)
    pieces = max(1, math.ceil(size / wanted))
    return [size * piece // pieces for piece in range(pieces + 1)]


def is_splittable(file: InputFile) -> bool:
    """Whether records can be found from the middle: not in a gzip file that is one single member."""
    with open_input(file.path) as stream:
        return not is_single_member(stream)


def open_input(path: str) -> Any:
    """An input file for reading bytes, seekable."""
    return fsspec.open(path, "rb").open()
