"""One record in text that is not compressed: its head, its block, and whether it ends where its head says."""

import re
from typing import Any, NamedTuple

from pipeline.reading.heads import HEADER_LIMIT, Bytes, ParseHead, RecordHead, parse_arc_head
from pipeline.reading.http import HEAD_LIMIT

CHUNK = 1 << 20
BREAKS = re.compile(rb"[\r\n]*")
CLOSING = (b"\r\n\r\n", b"\n\n")


class BrokenRecordError(Exception):
    """A record that cannot be read: reason as the ledger counts it, detail, and its head as far as it is there."""

    def __init__(self, reason: str, detail: str, head: RecordHead | None = None) -> None:
        super().__init__(detail)
        self.reason, self.head = reason, head


class Record(NamedTuple):
    """A record: its head, the bytes that hold its block, and the offset of what follows it in the file.

    The block is `text[start:stop]`; only its beginning where `complete` is false, since it is larger than the limit.
    """

    head: RecordHead
    text: Bytes
    start: int
    stop: int
    end: int

    @property
    def complete(self) -> bool:
        """Whether the whole block is there."""
        return self.stop - self.start == self.head.content_length


class Window:
    """The bytes of a stream around the place that is read: read forward in large pieces, kept while they are needed."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._start = 0
        self._data = b""
        self._ended = False

    def at(self, position: int, length: int) -> tuple[bytes, int]:
        """Bytes that hold `length` bytes from `position` (fewer at the end of the stream), and the place of that."""
        place = position - self._start
        inside = 0 <= place <= len(self._data)
        if not inside or (place + length > len(self._data) and not self._ended):
            kept = self._data[place:] if inside else b""
            self.stream.seek(position + len(kept))
            wanted = max(length, CHUNK)
            self._data = kept + self._read(wanted - len(kept))
            self._ended = len(self._data) < wanted
            self._start, place = position, 0
        return self._data, place

    def _read(self, length: int) -> bytes:
        """As many bytes as asked for, unless the stream ends."""
        pieces = []
        while length > 0:
            piece = self.stream.read(length)
            if not piece:
                break
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def bytes_at(self, position: int, length: int) -> bytes:
        """At most `length` bytes from a position."""
        data, place = self.at(position, length)
        return data[place : place + length]


def record_in(window: Window, position: int, parse: ParseHead, limit: int, closed_by_breaks: bool) -> Record:
    """The record at a position of text that is not compressed. Raises BrokenRecordError.

    With `closed_by_breaks`, whatever stands behind the line breaks that close a record is not this record's fault;
    without, another record or the end must follow.
    """
    data, place = window.at(position, HEADER_LIMIT)
    head = parse(data, place)
    if head is None:
        reason = "cut_record" if len(data) - place < HEADER_LIMIT else "corrupt_record"
        raise BrokenRecordError(reason, "no record head stands here")
    length = _checked_length(head)
    held = length if length <= limit else min(limit, HEAD_LIMIT)
    data, place = window.at(position, head.length + held)
    start = place + head.length
    if len(data) - start < held:
        raise BrokenRecordError("cut_record", f"the block has {max(len(data) - start, 0):,} of {length:,} bytes", head)
    end = position + head.length + length
    if not window.bytes_at(end - 1, 1):
        raise BrokenRecordError("cut_record", "the block ends before its Content-Length", head)
    after, at = window.at(end, HEADER_LIMIT)
    breaks = BREAKS.match(after, at)
    assert breaks is not None, "it matches nothing, too"
    closed = closed_by_breaks and breaks.group().startswith(b"\n" if parse is parse_arc_head else CLOSING)
    if not closed and breaks.end() < len(after) and parse(after, breaks.end()) is None:
        raise BrokenRecordError("corrupt_record", "the block does not end where its Content-Length says", head)
    return Record(head, data, start, start + held, end + breaks.end() - at)


def _checked_length(head: RecordHead) -> int:
    """The Content-Length of a head that has all that a record needs. Raises BrokenRecordError."""
    length = head.content_length
    if length is None:
        raise BrokenRecordError("cut_record", "the head has no sound Content-Length", head)
    if not head.kind:
        raise BrokenRecordError("corrupt_record", "the head has no WARC-Type", head)
    return length
