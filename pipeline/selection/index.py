"""The files of a columnar index, and what duckdb needs to read them wherever they are."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath
from threading import get_ident
from typing import Any

from fsspec.spec import AbstractFileSystem

from pipeline.errors import InputError
from pipeline.fingerprints import digest
from pipeline.reading.sources import InputFile, find_inputs, read_range

SUFFIX = ".parquet"
SCHEME = "index"


def index_files(entries: Iterable[str], base: str) -> list[InputFile]:
    """The Parquet files that the entries name; relative paths in lists belong to `base`, as those in the index do.

    Raises InputError when an entry names nothing, or something else.
    """
    files = find_inputs([_in_folder(entry) for entry in entries], base)
    for file in files:
        if not file.path.endswith(SUFFIX):
            raise InputError(f"{file.path}: an index is Parquet files (*{SUFFIX}); set selection.index to those")
    return files


def _in_folder(entry: str) -> str:
    """An entry that names neither a file nor a pattern is a folder: all Parquet files below it.

    >>> _in_folder("cc-index/"), _in_folder("index/p.parquet"), _in_folder("index/*/p")
    ('cc-index/**/*.parquet', 'index/p.parquet', 'index/*/p')
    """
    if "*" in entry or PurePosixPath(entry).suffix:
        return entry
    return f"{entry.rstrip('/')}/**/*{SUFFIX}"


def index_of(entries: Iterable[str], files: Iterable[InputFile]) -> InputFile:
    """All files of an index as one input: named as the user named it, changed when any of them changed."""
    found = list(files)
    version = digest([[file.path, file.size, file.version] for file in found])
    return InputFile(", ".join(entries), sum(file.size for file in found), version)


class IndexStream:
    """A file for reading in which every thread has its own position.

    duckdb's threads share an open file, and each read of theirs is a seek and a read, between which another thread may
    come.
    """

    def __init__(self, file: InputFile) -> None:
        self.file = file
        self.positions: dict[int, int] = {}

    def seek(self, offset: int) -> int:
        """Set this thread's position, in bytes from the start."""
        self.positions[get_ident()] = offset
        return offset

    def tell(self) -> int:
        """This thread's position."""
        return self.positions.get(get_ident(), 0)

    def read(self, length: int) -> bytes:
        """Bytes from this thread's position, fewer where the file ends. Raises InputError."""
        data = read_range(self.file, self.tell(), length)
        self.seek(self.tell() + len(data))
        return data

    def seekable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing is held open."""


class IndexFiles(AbstractFileSystem):  # type: ignore[misc]
    """Lets duckdb read files as every other part does: by ranges of bytes, with retries."""

    protocol = SCHEME
    cachable = False

    def __init__(self, files: Iterable[InputFile]) -> None:
        super().__init__()
        self.files = {file.path: file for file in files}

    @property
    def addresses(self) -> list[str]:
        """The files as duckdb is to name them; the path stays, since its folders can hold columns (`crawl=…`)."""
        return [f"{SCHEME}://{path}" for path in self.files]

    def glob(self, path: str, **_: Any) -> list[str]:
        """The file itself: patterns are resolved before duckdb sees them."""
        return [path]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name and size in bytes."""
        return {"name": path, "size": self.files[self._strip_protocol(path)].size, "type": "file"}

    def modified(self, path: str) -> datetime:
        """Always the same: a file that changes while it is read is an error of read_range."""
        return datetime(1970, 1, 1)

    def open(self, path: str, mode: str = "rb", **_: Any) -> "IndexStream":
        """The file, for reading."""
        return IndexStream(self.files[self._strip_protocol(path)])

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix(f"{SCHEME}://")
