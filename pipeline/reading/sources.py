"""From what a user names (paths, globs, folders, lists) to input files, from files to splits, and to their bytes."""

import io
import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO, TypeVar

from configs.model import MEGABYTE
from pipeline.errors import InputError, UsageError
from pipeline.reading.framing import is_single_member
from pipeline.reading.path_lists import before_overlap, is_relative, parse_list
from pipeline.reading.remote import MissingInputError, RemoteFile, RemoteObject, changed
from pipeline.reading.remote_filesystems import (
    HTTP,
    S3,
    filesystem_of,
    patiently,
    protocol_of,
    remote_object,
    version_of,
)

ARCHIVE_SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wet", ".wet.gz")
UNREAD_SUFFIXES = (".wat", ".wat.gz", ".arc.zst")
LIST_SUFFIXES = (".paths", ".paths.gz")
SMALLEST_SPLIT, LARGEST_SPLIT, SPLITS_A_FILE = 1 * MEGABYTE, 64 * MEGABYTE, 16
# Files that are asked for at a time while the run is planned: a crawl has ninety thousand.
AT_A_TIME = 32
BUFFER = 1 << 16
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class InputFile:
    """One file to read, with its size in bytes and what tells whether it changed since ("" where nothing does)."""

    path: str
    size: int
    version: str


@dataclass(frozen=True)
class Split:
    """The records of one file that start at `start` ≤ offset < `end`; `index` numbers the splits of a run.

    With `selected`, a Parquet file of the run's folder, it is the records of that file's rows start ≤ row < end.
    """

    index: int
    file: InputFile
    start: int
    end: int
    selected: str | None = None

    @property
    def name(self) -> str:
        """The shard's file name, without suffix."""
        return f"{self.index:06d}"

    def __str__(self) -> str:
        return f"{self.selected or self.file.path} [{self.start:,}–{self.end:,}]"


@dataclass(frozen=True)
class _Found:
    """A file that an entry names; `info` is what a listing told of it, `listed` the list that names it."""

    path: str
    info: dict[str, Any] | None = None
    listed: str | None = None


def find_inputs(inputs: Iterable[str], base: str | None = None) -> list[InputFile]:
    """The files that the inputs name, in the order given, each once; folders and globs in name order.

    `base` is the address that relative paths in `*.paths` lists belong to; without it they are relative to the list,
    see `_folder_of`. Raises InputError when an entry names nothing: a run over less than was asked for would lose it
    in silence.
    """
    files: dict[str, _Found] = {}
    for entry in inputs:
        found = list(_expand(entry, base))
        if not found:
            raise InputError(f"{entry}: no such file, and nothing matches it as a glob or a folder of web archives")
        for file in found:
            files.setdefault(file.path, file)
    if not files:
        raise UsageError("no input: name WARC files with -i, or set `inputs` in the configuration")
    return list(_each(_describe, list(files.values())))


def _each(function: Callable[[Item], Result], items: list[Item]) -> Iterator[Result]:
    """Results in order; several at a time, since a server's answers take their time. The first error ends it."""
    pool = ThreadPoolExecutor(AT_A_TIME)
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)


def _expand(entry: str, base: str | None) -> Iterator[_Found]:
    filesystem, path = filesystem_of(entry)
    if _name(entry).endswith(LIST_SUFFIXES):
        yield from _read_list(entry, base)
    elif protocol_of(entry) not in HTTP:
        yield from _look_up(entry, filesystem, path)
    elif _name(entry).endswith("/") or "*" in entry:
        yield from _matches(entry, filesystem, path, folder="*" not in entry)
    else:
        yield _Found(entry)


def _look_up(entry: str, filesystem: Any, path: str) -> Iterator[_Found]:
    """A file, a folder or a glob of a filesystem that can tell them apart."""
    filesystem.invalidate_cache()
    try:
        info = _ask(entry, lambda: filesystem.info(path))
    except MissingInputError:
        if any(character in path for character in "*?["):
            yield from _matches(entry, filesystem, path, folder=False)
        return
    if info["type"] == "directory":
        yield from _matches(entry, filesystem, path, folder=True)
    else:
        yield _Found(entry, info)


def _matches(entry: str, filesystem: Any, path: str, folder: bool) -> Iterator[_Found]:
    """The archives below a folder, or all files that match a glob."""
    listing = filesystem.find if folder else filesystem.glob
    infos: dict[str, dict[str, Any]] = _ask(entry, lambda: listing(path, detail=True))
    paths = sorted(path for path, info in infos.items() if info["type"] != "directory")
    for found in _archives(entry, paths) if folder else paths:
        yield _Found(_restore(entry, found, filesystem), infos[found])


def _ask(entry: str, call: Callable[[], Result]) -> Result:
    """What a filesystem says, once it can answer. Raises InputError."""
    if protocol_of(entry) != "file":
        return patiently(entry, call)
    with _local_errors(entry):
        return call()


@contextmanager
def _local_errors(path: str) -> Iterator[None]:
    """The errors of the local disk as ours."""
    try:
        yield
    except FileNotFoundError as exc:
        raise MissingInputError(f"{path}: no such file") from exc
    except OSError as exc:
        raise InputError(f"{path}: cannot be read ({exc.strerror or exc})") from exc


def _archives(entry: str, paths: list[str]) -> list[str]:
    """The web archives of a folder. Raises InputError if it holds some of a kind that is not read."""
    for path in paths:
        if path.lower().endswith(UNREAD_SUFFIXES):
            raise InputError(f"{path}: not read ({', '.join(UNREAD_SUFFIXES)}); name the others of {entry} with a glob")
    return [path for path in paths if path.lower().endswith(ARCHIVE_SUFFIXES)]


def _name(entry: str) -> str:
    """An entry without the query of a URL."""
    return entry.partition("?")[0] if protocol_of(entry) in HTTP else entry


def _restore(entry: str, path: str, filesystem: Any) -> str:
    """A path found below an entry, written as the entry was: relative stays relative, a scheme stays."""
    if "://" in entry:
        return str(filesystem.unstrip_protocol(path))
    if not entry.startswith("/"):
        base = str(filesystem._strip_protocol("."))
        return path.removeprefix(base + "/")
    return path


def _read_list(entry: str, base: str | None) -> Iterator[_Found]:
    """The files of a list."""
    with open_input(entry) as stream:
        paths = parse_list(entry, stream.read(), compressed=_name(entry).endswith(".gz"))
    first = next(filter(is_relative, paths), None)
    folder = base.rstrip("/") + "/" if base else _folder_of(entry, first) if first else ""
    for path in paths:
        yield _Found(folder + path if is_relative(path) else path, listed=entry)


def _folder_of(entry: str, path: str) -> str:
    """What the relative paths of a list are relative to, with its slash: the list's folder, or one above it.

    The lists of a crawl name files from the root of the site, so that the folders of the list come twice: the list
    https://data.commoncrawl.org/crawl-data/CC-MAIN-2024-10/warc.paths.gz names crawl-data/CC-MAIN-2024-10/segments/….
    A path that begins with the last folders of the list's address belongs to what stands before them, if it is there.
    """
    folder = "".join(_name(entry).rpartition("/")[:2])
    above = before_overlap(folder, path)
    if above is None:
        return folder
    try:
        _describe(_Found(above + path))
    except MissingInputError:
        return folder
    return above


def _describe(found: _Found) -> InputFile:
    """Size and version of a file: of S3 the listing is enough. Raises InputError, MissingInputError for no file."""
    protocol = protocol_of(found.path)
    try:
        if protocol == "file" or (protocol in S3 and found.info):
            info = found.info or _local_info(found.path)
            return InputFile(found.path, int(info["size"]), version_of(info))
        remote = remote_object(found.path)
        remote.describe()
        return InputFile(found.path, remote.size or 0, remote.version)
    except MissingInputError as exc:
        raise MissingInputError(f"{exc} (listed in {found.listed})" if found.listed else str(exc)) from exc


def _local_info(path: str) -> dict[str, Any]:
    filesystem, inner = filesystem_of(path)
    info: dict[str, Any] = _ask(path, lambda: filesystem.info(inner))
    if info["type"] == "directory":
        raise MissingInputError(f"{path}: no such file")
    return info


def plan_splits(files: Iterable[InputFile], split_bytes: int | None) -> list[Split]:
    """Byte ranges of all files. They depend on the files alone, never on the number of workers."""
    splits: list[Split] = []
    files = list(files)
    for file, edges in zip(files, _each(lambda file: _edges(file, split_bytes), files), strict=True):
        splits += [Split(len(splits) + piece, file, *ends) for piece, ends in enumerate(pairwise(edges))]
    return splits


def _edges(file: InputFile, split_bytes: int | None) -> list[int]:
    edges = split_edges(file.size, split_bytes)
    return edges if len(edges) == 2 or is_splittable(file) else [0, file.size]


def split_edges(size: int, split_bytes: int | None) -> list[int]:
    """Offsets that cut a file into pieces of at most `split_bytes`, by default a sixteenth within bounds.

    >>> split_edges(10, 4), split_edges(0, 4), len(split_edges(10**9, None))
    ([0, 3, 6, 10], [0, 0], 17)
    """
    wanted = split_bytes or min(max(size // SPLITS_A_FILE, SMALLEST_SPLIT), LARGEST_SPLIT)
    pieces = max(1, math.ceil(size / wanted))
    return [size * piece // pieces for piece in range(pieces + 1)]


def is_splittable(file: InputFile) -> bool:
    """Whether a split can begin in the middle: not in one single gzip member, nor where a server knows no ranges."""
    with open_input(file) as stream:
        raw = getattr(stream, "raw", None)
        return not is_single_member(stream) and not (isinstance(raw, RemoteFile) and raw.whole)


def open_input(source: str | InputFile) -> BinaryIO:
    """An input for reading bytes, seekable; remote ones by ranges, with everything that remote.py promises.

    An InputFile has to be as it was when it was found. Raises InputError, MissingInputError where there is no file.
    """
    path = source if isinstance(source, str) else source.path
    if protocol_of(path) != "file":
        return io.BufferedReader(RemoteFile(_remote(source)), BUFFER)
    local = filesystem_of(path)[1]
    with _local_errors(path):
        stream = open(local, "rb")  # noqa: SIM115  the caller closes it
        now = InputFile(path, os.stat(local).st_size, version_of({"mtime": os.stat(local).st_mtime}))
    if isinstance(source, InputFile) and source.version and source != now:
        stream.close()
        raise changed(path, f"{source.size:,} bytes {source.version}", f"{now.size:,} bytes {now.version}")
    return stream


def read_range(source: str | InputFile, offset: int, length: int) -> bytes:
    """Bytes of an input, fewer where it ends; several threads may read at a time. Raises InputError as open_input."""
    path = source if isinstance(source, str) else source.path
    if protocol_of(path) != "file":
        return _remote(source).read(offset, offset + length)
    with open_input(source) as stream:
        stream.seek(offset)
        return stream.read(length)


def _remote(source: str | InputFile) -> RemoteObject:
    if isinstance(source, str):
        return remote_object(source)
    return remote_object(source.path, source.size, source.version)
