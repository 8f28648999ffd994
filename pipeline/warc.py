"""Response records of a byte range of a WARC file: each exactly once, and every damaged place named.

A split owns the records that start in [start, end). It begins at the first record boundary at or after `start` and ends
at the first record at or after `end`, so that neighbouring splits meet exactly: `next_offset` of one is `first_offset`
of the next, which the run checks.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from pipeline.framing import READ_ERRORS, Framing
from pipeline.sources import Split, open_input


@dataclass(frozen=True)
class Response:
    """One response record. `payload` is None when it is larger than the limit or its HTTP head cannot be read."""

    id: str | None
    url: str
    date: str
    offset: int
    length: int
    status: int | None
    headers: dict[str, str]
    payload: bytes | None
    digest: str | None
    error: str | None = None


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


@dataclass
class SplitReader:
    """Iterates over the responses and damages of a split; the offsets are known after the iteration."""

    split: Split
    payload_limit: int
    first_offset: int = field(default=0, init=False)
    next_offset: int = field(default=0, init=False)
    responses: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Response | Damage]:
        with open_input(self.split.file.path) as stream:
            framing = Framing(stream, self.split.file.size)
            for item in self._items(framing):
                self.responses += isinstance(item, Response) or item.response
                yield item

    def _items(self, framing: Framing) -> Iterator[Response | Damage]:
        size = self.split.file.size
        end = framing.size if framing.single_member else self.split.end
        position = self.first_offset = framing.boundary(self.split.start)
        if self.split.start == 0 and not framing.begins_as_warc():
            reason = "not_a_warc" if size else "empty_file"
            detail = "no WARC record stands here" if size else "the file is empty"
            yield Damage(0, min(position, size), reason, detail, response=False)
        while position < end:
            position = yield from self._read(framing, position, end)
        self.next_offset = min(position, size)

    def _read(self, framing: Framing, position: int, end: int) -> Generator[Response | Damage, None, int]:
        """Records from a boundary to the first one at or after `end`, or to the first damage.

        The generator's value is the offset to go on from.
        """
        seen, offset = _Seen(position, None), position
        framing.stream.seek(position)
        try:
            for record in ArchiveIterator(framing.stream, record_types=WarcRecordType.any_type, parse_http=False):
                yield from _pass_on(seen, record.stream_pos)
                offset, seen = record.stream_pos, _Seen(record.stream_pos, None)
                if offset >= end:
                    return offset
                seen = _Seen(offset, self._take(record))
        except _CutRecordError as exc:
            return (yield from _damaged(framing, offset, "cut_record", str(exc)))
        except READ_ERRORS as exc:
            return (yield from self._after_error(framing, seen, str(exc)))
        if framing.single_member:
            yield from _pass_on(seen, self.split.file.size)
            return framing.size
        return (yield from self._at_end(framing, seen))

    def _take(self, record: WarcRecord) -> Response | None:
        """The record as a Response, or None for another type; raises _CutRecordError."""
        if record.headers.get("Content-Length") is None:
            raise _CutRecordError("the head ends before its Content-Length")
        if record.record_type != WarcRecordType.response:
            record.consume()
            return None
        error = None
        try:
            if record.is_http:
                record.parse_http(strict_mode=False)
        except ValueError as exc:
            error = f"the HTTP head cannot be read: {exc}"
        http = record.http_headers if record.is_http and error is None else None
        payload = record.reader.read(self.payload_limit + 1)
        if len(payload) < min(record.content_length, self.payload_limit + 1):
            raise _CutRecordError(f"the block has {len(payload):,} of {record.content_length:,} bytes")
        headers = record.headers
        return Response(
            id=record.record_id,
            url=(headers.get("WARC-Target-URI") or "").strip("<>"),
            date=headers.get("WARC-Date") or "",
            offset=record.stream_pos,
            length=0,
            status=http.status_code if http else None,
            headers={name.lower(): value for name, value in http.items()} if http else {},
            payload=payload if len(payload) <= self.payload_limit else None,
            digest=headers.get("WARC-Payload-Digest"),
            error=error,
        )

    def _at_end(self, framing: Framing, seen: _Seen) -> Generator[Response | Damage, None, int]:
        """Nothing more was found: pass on the last record, and name what is left behind it."""
        end = framing.record_end(seen.offset) or framing.size
        yield from _pass_on(seen, end)
        following = framing.boundary(end)
        if end < following:
            head = framing.head_at(end)
            response = head is not None and head.headers.get("warc-type") == "response"
            yield Damage(end, following - end, "cut_record", "the file ends inside its head", response)
        return following

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
        response=headers.get("warc-type") == "response",
        id=headers.get("warc-record-id"),
        url=headers.get("warc-target-uri"),
    )
    return following
