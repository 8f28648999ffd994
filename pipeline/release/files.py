"""Files of a release: written with their checksum, and read in pieces, with damage named."""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from pipeline.errors import GlotmillError
from pipeline.release.manifest import DamagedIndexError, FileFacts
from pipeline.shards import read_group
from pipeline.storage import Folder

PIECE = 1 << 20
# A Parquet file ends with its metadata, their length in four bytes, and a magic number of four.
TAIL = 8


class HashedStream(io.RawIOBase):
    """A stream that hashes what is written to it."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._hash = xxhash.xxh3_128()
        self._size = 0

    def writable(self) -> bool:
        """It is for writing only."""
        return True

    def write(self, data: Any, /) -> int:
        """Write all of the data."""
        view = memoryview(data).cast("B")
        self._stream.write(view)
        self._hash.update(view)
        self._size += len(view)
        return len(view)

    def tell(self) -> int:
        """Bytes written so far."""
        return self._size

    @property
    def facts(self) -> FileFacts:
        """Size and checksum of what was written."""
        return FileFacts(self._size, self._hash.hexdigest())


class FilesWriter:
    """Writes files below one folder and keeps what a manifest says of them."""

    def __init__(self, folder: Folder, place: str) -> None:
        self.folder = folder
        self.place = place
        self.files: dict[str, FileFacts] = {}

    @contextmanager
    def parquet(self, name: str, schema: pa.Schema, **options: Any) -> Iterator[pq.ParquetWriter]:
        """A Parquet file that appears when it is complete; its pages carry checksums."""
        with self.folder.write(f"{self.place}/{name}") as stream:
            hashed = HashedStream(stream)
            with pq.ParquetWriter(hashed, schema, write_page_checksum=True, **options) as writer:
                yield writer
        with self.folder.open(f"{self.place}/{name}") as written:
            self.files[name] = replace(hashed.facts, footer=footer_digest(written))

    def groups(self, name: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns of a file that was written, a table per row group."""
        with self.folder.open(f"{self.place}/{name}") as stream, pq.ParquetFile(stream) as file:
            for group in range(file.num_row_groups):
                yield read_group(file, group, columns)

    def json(self, name: str, data: Any) -> None:
        """Plain data as a JSON file."""
        with self.folder.write(f"{self.place}/{name}") as stream:
            hashed = HashedStream(stream)
            hashed.write(json.dumps(data, indent=1, ensure_ascii=False).encode() + b"\n")
        self.files[name] = hashed.facts


def regroup(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The rows of tables in tables of so many rows, the last of them of what is left."""
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        while count >= rows:
            joined = pa.concat_tables(held)
            yield joined.slice(0, rows)
            held, count = [joined.slice(rows)], count - rows
    if count:
        yield pa.concat_tables(held)


@contextmanager
def open_parquet(folder: Folder, name: str, facts: FileFacts, rows: int, remedy: str) -> Iterator[pq.ParquetFile]:
    """A Parquet file of the index, as the manifest describes it, which has so many rows.

    Raises DamagedIndexError, with the file and the fix, where it cannot be read.
    """
    try:
        with folder.open(name) as stream:
            # Before Arrow sees it: a changed footer can abort the process, or hide rows.
            if footer_digest(stream) != facts.footer:
                raise OSError("its footer is not the one that was written")
            stream.seek(0)
            with pq.ParquetFile(stream, page_checksum_verification=True) as file:
                if file.metadata.num_rows != rows:
                    raise OSError(f"{file.metadata.num_rows:,} rows, not {rows:,}")
                yield file
    except GlotmillError:
        raise
    except (pa.ArrowException, OSError, EOFError, ValueError, KeyError, TypeError) as exc:
        raise DamagedIndexError(damage(folder, name, f"cannot be read ({exc})", remedy)) from exc


def damage(folder: Folder, name: str, what: str, remedy: str) -> str:
    """A sentence for people: which file, what is wrong, and the fix."""
    return f"{folder.path(name)}: {what}; restore the file from a copy, or {remedy}"


def checksum(folder: Folder, name: str) -> FileFacts:
    """Size and checksum of a file as it is now, without that of its footer."""
    with folder.open(name) as stream:
        return _facts_of_rest(stream)


def footer_digest(stream: BinaryIO) -> str:
    """XXH3-128 of a Parquet file from its metadata to its end, in hexadecimal digits.

    The length that the file itself gives is part of it. Of a damaged file, this may be the hash of anything.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(size - TAIL, 0))
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(max(size - TAIL - length, 0))
    return _facts_of_rest(stream).xxh3_128


def _facts_of_rest(stream: BinaryIO) -> FileFacts:
    """Size and checksum of what is left of a stream, read in pieces."""
    found = xxhash.xxh3_128()
    size = 0
    while piece := stream.read(PIECE):
        found.update(piece)
        size += len(piece)
    return FileFacts(size, found.hexdigest())
