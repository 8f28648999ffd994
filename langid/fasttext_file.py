"""The layout of a fastText model file (fastText 0.9, version 12), read far enough to know if it is whole.

fastText does not notice a truncated file: it goes on with zeros, asks for absurd amounts of memory, or crashes.
"""

import mmap
import struct
from pathlib import Path

from langid.errors import ModelError

_MAGIC = 793712314
_VERSION = 12
_HEADER = struct.Struct("<ii12id")
_DICTIONARY = struct.Struct("<iiiqq")
_ENTRY_TAIL = 9  # int64 count, int8 type
_CENTROIDS = 256


def check_whole(path: Path) -> None:
    """Raise ModelError unless `path` holds a fastText model of the length that its own headers promise."""
    with path.open("rb") as file:
        if path.stat().st_size < _HEADER.size:
            raise ModelError(_truncated(path))
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            magic, version, *_ = _HEADER.unpack_from(data, 0)
            if magic != _MAGIC or version != _VERSION:
                raise ModelError(f"{path} is not a fastText model; give the path of a fastText .bin or .ftz file")
            try:
                end = _output_end(data, _dictionary_end(data))
            except struct.error:
                raise ModelError(_truncated(path)) from None
            if end != len(data):
                raise ModelError(_truncated(path))


def _truncated(path: Path) -> str:
    return f"model file {path} is truncated or damaged ({path.stat().st_size:,} bytes); fetch it again"


def _dictionary_end(data: mmap.mmap) -> int:
    size, _, _, _, pruned = _DICTIONARY.unpack_from(data, _HEADER.size)
    offset = _HEADER.size + _DICTIONARY.size
    for _ in range(size):
        end = data.find(b"\0", offset)
        if end < 0:
            raise struct.error("entry without an end")
        offset = end + 1 + _ENTRY_TAIL
    return int(offset + 8 * max(pruned, 0))


def _output_end(data: mmap.mmap, offset: int) -> int:
    """Where the output matrix ends: after the flag and the input matrix, the flag and the output matrix."""
    for _ in ("input", "output"):
        (quantised,) = struct.unpack_from("<?", data, offset)
        # A model that is not quantised writes a flag for the output as well.
        offset = _quantised_end(data, offset + 1) if quantised else _dense_end(data, offset + 1)
    return offset


def _dense_end(data: mmap.mmap, offset: int) -> int:
    rows, columns = struct.unpack_from("<qq", data, offset)
    return int(offset + 16 + 4 * rows * columns)


def _quantised_end(data: mmap.mmap, offset: int) -> int:
    normalised, rows, _, codes = struct.unpack_from("<?qqi", data, offset)
    offset = _quantiser_end(data, offset + 21 + codes)
    return _quantiser_end(data, offset + rows) if normalised else offset


def _quantiser_end(data: mmap.mmap, offset: int) -> int:
    (dimension,) = struct.unpack_from("<i", data, offset)
    return int(offset + 16 + 4 * dimension * _CENTROIDS)
