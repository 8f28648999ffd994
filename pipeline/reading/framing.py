"""Where records begin and end in the bytes of a WARC file, found from any offset and checked against their headers."""

import re
import zlib
from dataclasses import dataclass
from typing import Any

from pipeline.reading.inflate import InflatedStream

GZIP_MAGIC = b"\x1f\x8b\x08"
RECORD_START = b"WARC/"
CHUNK = 1 << 20
# Longer than any sound head: addresses of 100 kB exist.
HEADER_LIMIT = 1 << 18
ENDLESS = 1 << 62
HEADER_END = re.compile(rb"\r?\n\r?\n")
CONTENT_LENGTH = re.compile(r"[0-9]{1,15}")
# What reading damaged bytes can raise, in our code and in FastWARC.
READ_ERRORS = (OSError, EOFError, ValueError, OverflowError, zlib.error)


@dataclass(frozen=True)
class RecordHead:
    """The WARC headers of a record (names in lower case) and their length in bytes."""

    headers: dict[str, str]
    length: int

    @property
    def content_length(self) -> int | None:
        """Declared length of the block, in bytes."""
        value = self.headers.get("content-length", "")
        return int(value) if CONTENT_LENGTH.fullmatch(value) else None

    @property
    def is_response(self) -> bool:
        """Whether the record is a response."""
        return self.headers.get("warc-type", "").lower() == "response"


def parse_head(text: bytes) -> RecordHead | None:
    """The head of a record at the start of `text`, or None when it is not one.

    >>> parse_head(b"WARC/1.0\\r\\nWARC-Type: response\\r\\nContent-Length: 7\\r\\n\\r\\nHTTP/1.").content_length
    7
    """
    if not text.startswith(RECORD_START):
        return None
    end = HEADER_END.search(text, 0, HEADER_LIMIT)
    lines = text[: end.start() if end else HEADER_LIMIT].decode("utf-8", "replace").splitlines()[1:]
    fields = (line.partition(":") for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    return RecordHead(headers, end.end() if end else len(text)) if headers else None


def inflate_head(data: bytes) -> bytes:
    """The first bytes behind gzip, as far as the end of a record head; piecewise, since damage may follow it.

    >>> import gzip
    >>> inflate_head(gzip.compress(b"WARC/1.0"))
    b'WARC/1.0'
    """
    member, text = zlib.decompressobj(31), b""
    for start in range(0, len(data), 512):
        try:
            text += member.decompress(data[start : start + 512], HEADER_LIMIT)
        except zlib.error:
            break
        if member.eof or len(text) >= HEADER_LIMIT or HEADER_END.search(text):
            break
    return text


def is_single_member(stream: Any) -> bool:
    """Whether a file's first gzip member holds more than its first record: then no split can begin inside it."""
    stream.seek(0)
    head = stream.read(HEADER_LIMIT)
    record = parse_head(inflate_head(head)) if head.startswith(GZIP_MAGIC) else None
    if record is None or record.content_length is None:
        return False
    inflated = InflatedStream(stream)
    inflated.seek(record.length + record.content_length)
    return inflated.members == 1 and inflated.read(4 + len(RECORD_START)).lstrip(b"\r\n").startswith(RECORD_START)


class Framing:
    """An open WARC file: gzip per record, or plain; a file that is one single gzip member is read as a plain stream."""

    def __init__(self, stream: Any, size: int) -> None:
        self.single_member = is_single_member(stream)
        self.stream = InflatedStream(stream) if self.single_member else stream
        self.size = ENDLESS if self.single_member else size
        self.compressed = not self.single_member and self._is_compressed()

    def _is_compressed(self) -> bool:
        """By the record that stands first; where the first bytes are damaged, by the first record of either kind."""
        self.stream.seek(0)
        head = self.stream.read(HEADER_LIMIT)
        if parse_head(inflate_head(head)) or parse_head(head):
            return bool(head.startswith(GZIP_MAGIC))
        places = []
        for self.compressed in (False, True):
            places.append(self.boundary(0))
        return places[1] < places[0]

    def head_at(self, offset: int) -> RecordHead | None:
        """The head of the record at an offset, as far as it can be read."""
        try:
            self.stream.seek(offset)
            return self._head_in(self.stream.read(HEADER_LIMIT), 0)
        except READ_ERRORS:
            return None

    def boundary(self, position: int) -> int:
        """Offset of the first record at or after a position; the file's size where there is none."""
        mark = GZIP_MAGIC if self.compressed else RECORD_START
        while position < self.size:
            try:
                self.stream.seek(position)
                window = self.stream.read(CHUNK + HEADER_LIMIT)
            except READ_ERRORS:
                break
            found = window.find(mark)
            while 0 <= found < CHUNK:
                if self._is_record(window, found):
                    return position + found
                found = window.find(mark, found + 1)
            if len(window) <= CHUNK:
                break
            position += CHUNK
        return self.size

    def _is_record(self, window: bytes, found: int) -> bool:
        """A member that begins with a head, or a plain head that is complete: pages quote the first line of one."""
        head = self._head_in(window, found)
        if head is None or "warc-type" not in head.headers:
            return False
        return self.compressed or head.content_length is not None

    def _head_in(self, window: bytes, found: int) -> RecordHead | None:
        """The record head at a place of a window, behind gzip if the file is compressed."""
        text = window[found : found + HEADER_LIMIT]
        return parse_head(inflate_head(text) if self.compressed else text)

    def record_end(self, offset: int) -> int | None:
        """Where the record at an offset ends, if its Content-Length agrees with where it really ends; else None."""
        head = self.head_at(offset)
        if head is None or head.content_length is None:
            return None
        try:
            return self._member_end(offset, head) if self.compressed else self._plain_end(offset, head)
        except READ_ERRORS:
            return None

    def _plain_end(self, offset: int, head: RecordHead) -> int | None:
        """Two line breaks, or the end of the file, stand where the Content-Length says; whatever comes behind them."""
        end = offset + head.length + (head.content_length or 0)
        self.stream.seek(end - 1)
        after = self.stream.read(1 + 4)[1:]
        breaks = len(after) - len(after.lstrip(b"\r\n"))
        whole = after.startswith((b"\r\n\r\n", b"\n\n")) or (len(after) == breaks and self.stream.tell() >= end)
        return end + breaks if whole else None

    def _member_end(self, offset: int, head: RecordHead) -> int | None:
        """Decompress one member in pieces, counting only: a gzip bomb must not fill the memory."""
        self.stream.seek(offset)
        member, inflated, position = zlib.decompressobj(31), 0, offset
        while not member.eof:
            piece = member.unconsumed_tail or self.stream.read(1 << 16)
            if not piece:
                return None
            position += 0 if member.unconsumed_tail else len(piece)
            inflated += len(member.decompress(piece, CHUNK))
        expected = head.length + (head.content_length or 0)
        return position - len(member.unused_data) if 0 <= inflated - expected <= 4 else None
