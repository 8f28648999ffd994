"""A gzip file as a seekable stream of what can be inflated: damage ends it, and hides nothing that came before."""

import io
import zlib
from typing import Any

PIECE = 1 << 16


class InflatedStream(io.RawIOBase):
    """The inflated bytes of a gzip file, member after member; `error` tells why it ended early, if it did, and
    `members` how many were begun.

    Seeking back starts again at the beginning: meant for going on after damage, not for browsing.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream
        self.error: str | None = None
        self._restart()

    def _restart(self) -> None:
        self._stream.seek(0)
        self._member = zlib.decompressobj(31)
        self.members = 1
        self._position = 0
        self._ready = b""
        self._ended = False

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
        if self._member.eof:
            rest = self._member.unused_data or self._stream.read(PIECE)
            if not rest.startswith(b"\x1f\x8b"):
                return self._end(f"{len(rest)} bytes that are no gzip follow" if rest.strip(b"\0") else None)
            self._member = zlib.decompressobj(31)
            self.members += 1
        else:
            rest = self._member.unconsumed_tail or self._stream.read(PIECE)
            if not rest:
                return self._end("the gzip stream is cut")
        before = self._member.copy()
        try:
            return self._member.decompress(rest, 1 << 20)
        except zlib.error as exc:
            self._end(str(exc))
            return inflate_up_to_error(before, rest)

    def _end(self, error: str | None) -> bytes:
        self._ended, self.error = True, error
        return b""


def inflate_up_to_error(member: Any, data: bytes) -> bytes:
    """What can be inflated of damaged data, byte by byte: one call over all of it would lose what comes before."""
    pieces = []
    for position in range(len(data)):
        try:
            pieces.append(member.decompress(data[position : position + 1]))
        except zlib.error:
            break
    return b"".join(pieces)
