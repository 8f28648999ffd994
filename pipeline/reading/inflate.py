"""Compressed files: what a codec has to do, gzip, and a compressed file as a seekable stream of what it inflates to."""

import io
import re
import zlib
from typing import Any, Protocol

from deflate import DeflateError, gzip_decompress

from pipeline.reading.heads import Bytes

PIECE = 1 << 16
CUT = "the compressed data is cut"
GZIP_MAGIC = b"\x1f\x8b\x08"
# Deflate cannot make more out of a byte (zlib, "Technical Details"): a size beyond it is no size.
LARGEST_RATIO = 1032


class CorruptError(Exception):
    """Compressed bytes that cannot be inflated."""


class Member(Protocol):
    """Inflates one gzip member or zstd frame, piece by piece."""

    @property
    def eof(self) -> bool:
        """Whether its end was reached."""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond its end."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out until more is given."""

    def inflate(self, data: Bytes, limit: int) -> bytes:
        """At most `limit` inflated bytes; call again with b"" for more. Raises CorruptError."""


class Codec(Protocol):
    """A compression whose files are members one after the other."""

    start: re.Pattern[bytes]

    def member(self) -> Member:
        """A new member."""

    def whole(self, data: bytes, limit: int) -> Bytes | None:
        """What `data` inflates to, if that is one sound member of at most `limit` bytes; else None: no verdict."""

    def padding(self, data: bytes) -> int:
        """How many bytes at the start of `data` belong to no member, and may be passed over."""


class GzipMember:
    """One gzip member (RFC 1952)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(31)
        self._error: str | None = None

    @property
    def eof(self) -> bool:
        """Whether its end was reached."""
        return self._member.eof

    @property
    def unused_data(self) -> bytes:
        """What was given beyond its end."""
        return self._member.unused_data

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out until more is given."""
        return not self._member.unconsumed_tail and not self._error

    def inflate(self, data: Bytes, limit: int) -> bytes:
        """At most `limit` inflated bytes. Raises CorruptError, once everything before the damage was given."""
        if self._error:
            raise CorruptError(self._error)
        data = self._member.unconsumed_tail + data
        before = self._member.copy()
        try:
            return self._member.decompress(data, limit)
        except zlib.error as exc:
            self._error = str(exc)
            return inflate_up_to_error(before, data)


def inflate_up_to_error(member: Any, data: Bytes) -> bytes:
    """What can be inflated of damaged data, byte by byte: one call over all of it would lose what comes before."""
    pieces = []
    for position in range(len(data)):
        try:
            pieces.append(member.decompress(data[position : position + 1]))
        except zlib.error:
            break
    return b"".join(pieces)


class Gzip:
    """The gzip codec."""

    start = re.compile(re.escape(GZIP_MAGIC))

    def member(self) -> GzipMember:
        """A new member."""
        return GzipMember()

    def whole(self, data: bytes, limit: int) -> Bytes | None:
        """What one sound member inflates to, or None: no verdict.

        libdeflate inflates twice as fast as zlib and checks what came out against the checksum and the length that
        follow, but does not say where that was. It is proven here: that length stands in `data` at its end alone.
        """
        length = data[-4:]
        size = int.from_bytes(length, "little")
        if not 0 < size <= min(limit, LARGEST_RATIO * len(data)):
            return None
        try:
            text = gzip_decompress(data, size)
        except DeflateError:
            return None
        return text if len(text) == size and data.find(length) == len(data) - 4 else None

    def padding(self, data: bytes) -> int:
        """Nothing stands between gzip members."""
        return 0


class InflatedStream(io.RawIOBase):
    """The inflated bytes of a compressed file, member after member: damage ends it, and hides nothing before it.

    `error` tells why it ended early, if it did; `members` how many were begun; `member_end` is the offset behind the
    member at hand, in compressed bytes. Seeking back starts again at the beginning: meant for going on after damage.
    """

    def __init__(self, stream: Any, codec: Codec, start: int = 0, one_member: bool = False) -> None:
        super().__init__()
        self._stream, self._codec = stream, codec
        self._start, self._one_member = start, one_member
        self._restart()

    def _restart(self) -> None:
        self._stream.seek(self._start)
        self._taken = self._start
        self._member = self._codec.member()
        self.error: str | None = None
        self.members = 1
        self._position = 0
        self._ready = b""
        self._ended = False

    @property
    def member_end(self) -> int:
        """Offset behind the bytes of the member at hand, in compressed bytes."""
        return self._taken - len(self._member.unused_data)

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be searched, at a price."""
        return True

    def tell(self) -> int:
        """Position in the inflated bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position from the start, or as far as the stream reaches."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only positions from the start")
        if offset < self._position:
            self._restart()
        while self._position < offset and self.read(min(offset - self._position, 1 << 20)):
            pass
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with inflated bytes; 0 at the end."""
        while not self._ready and not self._ended:
            self._ready = self._inflate()
        taken = self._ready[: len(buffer)]
        buffer[: len(taken)] = taken
        self._ready = self._ready[len(taken) :]
        self._position += len(taken)
        return len(taken)

    def _inflate(self) -> bytes:
        """The next inflated bytes; none at the end and between members."""
        rest = b""
        if self._member.eof:
            rest = self._next_member()
            if self._ended:
                return b""
        elif self._member.needs_input:
            rest = self._take()
            if not rest:
                return self._end(CUT)
        try:
            return self._member.inflate(rest, 1 << 20)
        except CorruptError as exc:
            return self._end(str(exc))

    def _take(self) -> bytes:
        piece: bytes = self._stream.read(PIECE)
        self._taken += len(piece)
        return piece

    def _next_member(self) -> bytes:
        """Begin another member with the bytes behind the last one, or end the stream."""
        if self._one_member:
            return self._end(None)
        rest = self._member.unused_data or self._take()
        rest = rest[self._codec.padding(rest) :]
        if not self._codec.start.match(rest):
            return self._end(f"{len(rest)} bytes that are not compressed follow" if rest.strip(b"\0") else None)
        self._member = self._codec.member()
        self.members += 1
        return rest

    def _end(self, error: str | None) -> bytes:
        self._ended, self.error = True, error
        return b""
