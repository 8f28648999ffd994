"""The zstd codec: a frame a record, with or without the dictionary frame that the IIPC's WARC-Zstd begins with.

Format: RFC 8878; "Zstandard compression of WARC files 1.0" (IIPC): the dictionary, itself perhaps a zstd frame, is the
content of a skippable frame at the start of the file and holds for all frames.
"""

import re
import sys
from typing import Any

from pipeline.reading.heads import Bytes
from pipeline.reading.inflate import CorruptError

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdDict, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdDict, ZstdError

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18....", re.S)
DICTIONARY_MAGIC = b"\x5d\x2a\x4d\x18"
DICTIONARY_LIMIT = 16 << 20


class ZstdFrame:
    """One zstd frame."""

    def __init__(self, dictionary: Any) -> None:
        self._frame = ZstdDecompressor(zstd_dict=dictionary)

    @property
    def eof(self) -> bool:
        """Whether its end was reached."""
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        """What was given beyond its end."""
        return self._frame.unused_data

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out until more is given."""
        return self._frame.needs_input

    def inflate(self, data: Bytes, limit: int) -> bytes:
        """At most `limit` inflated bytes. Raises CorruptError; what the same call inflated before it is lost."""
        try:
            return self._frame.decompress(data, limit)
        except ZstdError as exc:
            raise CorruptError(str(exc)) from exc


class Zstd:
    """The zstd codec, with the dictionary of a file if it has one."""

    start = re.compile(re.escape(ZSTD_MAGIC))

    def __init__(self, dictionary: bytes | None = None) -> None:
        self._dictionary = ZstdDict(dictionary) if dictionary else None

    def member(self) -> ZstdFrame:
        """A new frame."""
        return ZstdFrame(self._dictionary)

    def whole(self, data: bytes, limit: int) -> bytes | None:
        """What one sound frame inflates to, or None: no verdict."""
        frame = self.member()
        try:
            text = frame.inflate(data, limit)
        except CorruptError:
            return None
        return text if frame.eof and not frame.unused_data else None

    def padding(self, data: bytes) -> int:
        """Length of the skippable frames at the start of `data`; more than its own length where they reach beyond."""
        end = 0
        while SKIPPABLE.match(data, end):
            end += 8 + int.from_bytes(data[end + 4 : end + 8], "little")
        return end


def zstd_of(stream: Any) -> Zstd:
    """The codec of a zstd file, with its dictionary. Raises CorruptError for a dictionary that cannot be read."""
    stream.seek(0)
    head = stream.read(8)
    if not head.startswith(DICTIONARY_MAGIC):
        return Zstd()
    size = int.from_bytes(head[4:8], "little")
    data = stream.read(min(size, DICTIONARY_LIMIT))
    if len(data) < size:
        raise CorruptError(f"the dictionary has {len(data):,} of {size:,} bytes")
    if data.startswith(ZSTD_MAGIC):
        frame = ZstdFrame(None)
        data = frame.inflate(data, DICTIONARY_LIMIT)
        if not frame.eof:
            raise CorruptError("the dictionary is cut, or larger than 16 MB")
    try:
        return Zstd(data)
    except (ValueError, ZstdError) as exc:
        raise CorruptError(f"the dictionary cannot be used: {exc}") from exc
