"""Response records of a byte range of a WARC file: each exactly once, and every damaged place named.

A split owns the records that start in [start, end). It begins at the first record boundary at or after `start` and ends
at the first record at or after `end`, so that neighbouring splits meet exactly: `next_offset` of one is `first_offset`
of the next, which the run checks.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from fastwarc.warc import ArchiveIterator, WarcRecord

from pipeline.reading.framing import HEADER_LIMIT, READ_ERRORS, Framing
from pipeline.reading.http import HEAD_LIMIT, parse_response
from pipeline.reading.inflate import InflatedStream
from pipeline.reading.sources import Split, open_input

OTHER_FORMATS = {b"\x28\xb5\x2f\xfd": "a zstd file", b"filedesc://": "an ARC file", b"PK\x03\x04": "a zip file"}


@dataclass(frozen=True)
class Response:
    """One response record. `payload` is None when it is larger than the limit; `status` when it is not HTTP."""

    id: str | None
    url: str
    date: str
    offset: int
    length: int
    status: int | None
    headers: dict[str, str]
    payload: bytes | None
    digest: str | None


@dataclass(frozen=True)
class Damage:
    """A place that cannot be read; `response` tells whether a response record was lost there."""

    offset: int
    length: int
    reason: str
    detail: str
    response: bool
    id: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class _Seen:
    """The record that was read last: it is passed on once the next one shows where it ends."""

    offset: int
    response: Response | None


class _CutRecordError(Exception):
    """The block ends before its Content-Length."""


class _UnreadableRecordError(Exception):
    """The block's bytes are damaged."""


@dataclass
class SplitReader:
    """Iterates over the responses and damages of a split; the offsets are known after the iteration."""

    split: Split
    payload_limit: int
    first_offset: int = field(default=0, init=False)
    next_offset: int = field(default=0, init=False)
    damages: int = field(default=0, init=False)
    _responses: set[int] = field(default_factory=set, init=False)

    @property
    def responses(self) -> int:
        """Response records that were met, whatever became of them: what the ledger is checked against."""
        return len(self._responses)

    def __iter__(self) -> Iterator[Response | Damage]:
        with open_input(self.split.file.path) as stream:
            framing = Framing(stream, self.split.file.size)
            for item in self._items(framing):
                if isinstance(item, Damage):
                    self.damages += 1
                    if item.response:
                        self._responses.add(item.offset)
                yield item

    def _items(self, framing: Framing) -> Iterator[Response | Damage]:
        size = self.split.file.size
        # The next split begins at this boundary; what lies before it is read here, also a head that is no boundary.
        end = framing.size if framing.single_member else framing.boundary(self.split.end)
        position = self.first_offset = framing.boundary(self.split.start)
        if self.split.start == 0 and position > 0:
            yield _no_start(framing, position)
        elif size == 0:
            yield Damage(0, 0, "empty_file", "the file is empty", response=False)
        while position < end:
            position = yield from self._read(framing, position, end)
        self.next_offset = min(position, size)
        if isinstance(framing.stream, InflatedStream) and framing.stream.error:
            yield Damage(size, 0, "corrupt_record", framing.stream.error, response=False)

    def _read(self, framing: Framing, position: int, end: int) -> Generator[Response | Damage, None, int]:
        """Records from a boundary to the first one at or after `end`, or to the first damage.

        The generator's value is the offset to go on from.
        """
        seen, offset = _Seen(position, None), position
        framing.stream.seek(position)
        try:
            for record in ArchiveIterator(framing.stream, parse_http=False, max_header_len=HEADER_LIMIT):
                yield from _pass_on(seen, record.stream_pos)
                offset, seen = record.stream_pos, _Seen(record.stream_pos, None)
                if offset >= end:
                    return offset
                if _is_response(record):
                    self._responses.add(offset)
                seen = _Seen(offset, self._take(record))
        except _CutRecordError as exc:
            return (yield from _damaged(framing, offset, "cut_record", str(exc)))
        except _UnreadableRecordError as exc:
            return (yield from _damaged(framing, offset, "corrupt_record", str(exc)))
        except READ_ERRORS as exc:
            return (yield from self._after_error(framing, seen, str(exc)))
        if framing.single_member:
            yield from _pass_on(seen, self.split.file.size)
            return framing.size
        return (yield from self._at_end(framing, seen))

    def _take(self, record: WarcRecord) -> Response | None:
        """The record as a Response, or None for another type.

        Raises _CutRecordError or _UnreadableRecordError.
        """
        headers = record.headers
        if headers.get("Content-Length") is None:
            raise _CutRecordError("the head ends before its Content-Length")
        if headers.get("WARC-Type") is None:
            raise _UnreadableRecordError("the head has no WARC-Type")
        try:
            if not _is_response(record):
                record.consume()
                return None
            limit = self.payload_limit + HEAD_LIMIT
            block = record.reader.read(limit)
        except READ_ERRORS as exc:
            raise _UnreadableRecordError(str(exc)) from exc
        if len(block) < min(record.content_length, limit):
            raise _CutRecordError(f"the block has {len(block):,} of {record.content_length:,} bytes")
        http = parse_response(block) if block.startswith(b"HTTP/") or record.is_http else None
        payload = http.body if http else block
        return Response(
            id=record.record_id,
            url=(headers.get("WARC-Target-URI") or "").strip("<>"),
            date=headers.get("WARC-Date") or "",
            offset=record.stream_pos,
            length=0,
            status=http.status if http else None,
            headers=http.headers if http else {"content-type": headers.get("Content-Type") or ""},
            payload=payload if len(payload) <= self.payload_limit else None,
            digest=headers.get("WARC-Payload-Digest"),
        )

    def _at_end(self, framing: Framing, seen: _Seen) -> Generator[Response | Damage, None, int]:
        """Nothing more was found: pass on the last record, and name what is left behind it."""
        end = framing.record_end(seen.offset) or framing.size
        yield from _pass_on(seen, end)
        if end < framing.boundary(end):
            return (yield from _damaged(framing, end, "cut_record", "the file ends inside its head"))
        return end

    def _after_error(self, framing: Framing, seen: _Seen, detail: str) -> Generator[Response | Damage, None, int]:
        """Blame the record read last if its length is wrong, else what follows it; go on at the next boundary."""
        end = framing.record_end(seen.offset)
        if end is None:
            return (yield from _damaged(framing, seen.offset, "corrupt_record", detail))
        yield from _pass_on(seen, end)
        following = framing.boundary(end)
        if following > end:
            yield Damage(end, following - end, "corrupt_record", detail, response=False)
        return following


def _pass_on(seen: _Seen, end: int) -> Iterator[Response]:
    if seen.response is not None:
        yield replace(seen.response, length=max(end - seen.offset, 0))


def _is_response(record: WarcRecord) -> bool:
    """By the header itself: FastWARC knows its name in the usual case only."""
    return (record.headers.get("WARC-Type") or "").lower() == "response"


def _no_start(framing: Framing, position: int) -> Damage:
    """What stands before the first record of a file."""
    if position < framing.size:
        return Damage(0, position, "corrupt_record", "the file does not begin with a record", response=False)
    framing.stream.seek(0)
    head = framing.stream.read(16)
    kind = next((kind for magic, kind in OTHER_FORMATS.items() if head.startswith(magic)), None)
    detail = f"{kind} is not read: only WARC, plain or gzip" if kind else "no WARC record stands in this file"
    return Damage(0, framing.size, "not_a_warc", detail, response=False)


def _damaged(framing: Framing, offset: int, reason: str, detail: str) -> Generator[Damage, None, int]:
    """One damaged record, described as far as its head can be read; the value is the boundary after it."""
    following = framing.boundary(offset + 1)
    head = framing.head_at(offset)
    headers: dict[str, Any] = head.headers if head else {}
    yield Damage(
        offset=offset,
        length=min(following, framing.size) - offset,
        reason=reason,
        detail=detail,
        response=head is not None and head.is_response,
        id=headers.get("warc-record-id"),
        url=headers.get("warc-target-uri"),
    )
    return following
