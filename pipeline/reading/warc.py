"""Response and conversion records of a byte range of a file: each exactly once, and every damaged place named.

A split owns the records that start in [start, end). It begins at the first record boundary at or after `start` and ends
at the first record at or after `end`, so that neighbouring splits meet exactly: `next_offset` of one is `first_offset`
of the next, which the run checks.
"""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Literal

from pipeline.reading.framing import Framing
from pipeline.reading.heads import CONTENT_TYPE, DATE, PAYLOAD_DIGEST, RECORD_ID, TARGET_URI, head_of
from pipeline.reading.http import HEAD_LIMIT, parse_response
from pipeline.reading.inflate import CorruptError, InflatedStream
from pipeline.reading.records import BrokenRecordError, Record
from pipeline.reading.sources import Split, open_input

# ISO 28500, 5.5; a file may name others, as many as it likes.
KINDS = frozenset({"warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation"})


@dataclass(frozen=True)
class Response:
    """One response record, or a conversion: a page that someone else made into text, in UTF-8.

    `payload` is None when it is larger than the limit; `status` when it is not HTTP, as it always is for conversions.
    """

    id: str | None
    url: str
    date: str
    offset: int
    length: int
    status: int | None
    headers: dict[str, str]
    payload: bytes | None
    digest: str | None
    kind: Literal["response", "conversion"] = "response"


@dataclass(frozen=True)
class Damage:
    """A place that cannot be read; `response` tells whether a response or conversion was lost there."""

    offset: int
    length: int
    reason: str
    detail: str
    response: bool
    id: str | None = None
    url: str | None = None


@dataclass
class SplitReader:
    """Iterates over the responses and damages of a split; the offsets are known after the iteration.

    `kinds` counts every record that was met, by its WARC-Type (`other` for those that the standard lacks); `responses`
    those among them that end in the ledger.
    """

    split: Split
    payload_limit: int
    stream: BinaryIO | None = None
    """Bytes that are read instead of the split's file, such as those of one record."""
    first_offset: int = field(default=0, init=False)
    next_offset: int = field(default=0, init=False)
    responses: int = field(default=0, init=False)
    damages: int = field(default=0, init=False)
    kinds: Counter[str] = field(default_factory=Counter, init=False)

    @property
    def path(self) -> str:
        """The file of the records."""
        return self.split.file.path

    @property
    def files(self) -> dict[str, int]:
        """Response records of each file."""
        return {self.path: self.responses}

    def __iter__(self) -> Iterator[Response | Damage]:
        with self.stream or open_input(self.split.file) as stream:
            for item in self._items(stream):
                if isinstance(item, Damage):
                    self.damages += 1
                    self.responses += item.response
                else:
                    self.responses += 1
                yield item

    def _items(self, stream: object) -> Iterator[Response | Damage]:
        size = self.split.file.size
        try:
            framing = Framing(stream, size)
        except CorruptError as exc:
            self.next_offset = size
            yield Damage(0, size, "corrupt_record", str(exc), response=False)
            return
        # The next split begins at this boundary; what lies before it is read here, also a head that is no boundary.
        end = framing.size if framing.streamed else framing.boundary(self.split.end)
        position = self.first_offset = framing.boundary(self.split.start)
        if self.split.start == 0 and position > framing.first:
            yield _no_start(framing, position)
        elif size == 0:
            yield Damage(0, 0, "empty_file", "the file is empty", response=False)
        yield from self._between(framing, position, end)
        if isinstance(framing.stream, InflatedStream) and framing.stream.error:
            yield Damage(size, 0, "corrupt_record", framing.stream.error, response=False)

    def _between(self, framing: Framing, position: int, end: int) -> Iterator[Response | Damage]:
        """Records from a boundary to the first one at or after `end`."""
        while position < end:
            following = end
            try:
                for record in framing.records_at(position, self.payload_limit + HEAD_LIMIT):
                    following = record.end
                    self.kinds[record.head.kind if record.head.kind in KINDS else "other"] += 1
                    if record.head.is_read:
                        yield response_of(record, position, self.payload_limit)
            except BrokenRecordError as exc:
                following = framing.boundary(position + 1)
                yield _damage(exc, position, framing.length_to(position, following))
            position = following
        self.next_offset = min(position, self.split.file.size)


def response_of(record: Record, offset: int, payload_limit: int) -> Response:
    """A record that is read, as what it says; payloads longer than `payload_limit` bytes are left out."""
    head = record.head
    media_type = head.get(CONTENT_TYPE) or ""
    is_http = record.text.startswith(b"HTTP/", record.start) or media_type.lower().startswith("application/http")
    http = parse_response(record.text, record.start, record.stop) if is_http and head.kind == "response" else None
    payload = http.body if http else bytes(record.text[record.start : record.stop])
    return Response(
        id=head.get(RECORD_ID),
        url=(head.get(TARGET_URI) or "").strip("<>"),
        date=head.get(DATE) or "",
        offset=offset,
        length=max(record.end - offset, 0),
        status=http.status if http else None,
        headers=http.headers if http else {"content-type": media_type},
        payload=payload if record.complete and len(payload) <= payload_limit else None,
        digest=head.get(PAYLOAD_DIGEST),
        kind="conversion" if head.kind == "conversion" else "response",
    )


def read_record(data: bytes, offset: int, payload_limit: int) -> Response | Damage | None:
    """The record whose bytes, fetched by its offset and length, are `data`; None where it is of a kind not read."""
    framing = Framing(io.BytesIO(data), len(data))
    try:
        record = next(iter(framing.records_at(0, payload_limit + HEAD_LIMIT)), None)
    except BrokenRecordError as exc:
        return _damage(exc, offset, len(data))
    if record is None:
        return Damage(offset, 0, "cut_record", "no bytes stand here", response=True)
    found = response_of(record, 0, payload_limit) if record.head.is_read else None
    return replace(found, offset=offset) if found else None


def _no_start(framing: Framing, position: int) -> Damage:
    """What stands before the first record of a file."""
    if position < framing.size:
        return Damage(0, position, "corrupt_record", "the file does not begin with a record", response=False)
    kind = "a zip file" if framing.window.bytes_at(0, 4) == b"PK\x03\x04" else None
    detail = f"this is {kind}" if kind else "no WARC or ARC record stands in this file"
    return Damage(0, framing.length_to(0, framing.size), "not_a_warc", detail, response=False)


def _damage(error: BrokenRecordError, offset: int, length: int) -> Damage:
    """One damaged record, described as far as its head can be read."""
    head = error.head or head_of(b"", 0)
    return Damage(
        offset=offset,
        length=length,
        reason=error.reason,
        detail=str(error),
        response=head.is_read,
        id=head.get(RECORD_ID),
        url=head.get(TARGET_URI),
    )
