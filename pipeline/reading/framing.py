"""Where records begin and end in the bytes of a WARC or ARC file, from any offset and checked against their heads."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from pipeline.reading.heads import (
    HEADER_LIMIT,
    ParseHead,
    find_head_end,
    parse_arc_head,
    parse_head,
    parse_warc_head,
)
from pipeline.reading.inflate import CUT, GZIP_MAGIC, Codec, CorruptError, Gzip, InflatedStream, Member
from pipeline.reading.records import CHUNK, BrokenRecordError, Record, Window, record_in
from pipeline.reading.zstd import SKIPPABLE, ZSTD_MAGIC, Zstd, zstd_of

ENDLESS = 1 << 62
# A compressed record that is longer is inflated piece by piece.
MEMBER_LIMIT = 4 << 20
TRAILERS = frozenset({b"", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n"})
WARC_MARK = re.compile(rb"WARC/[0-9]{1,2}\.[0-9]{1,2}[ \t]*\r?\n")
HEAD_START = re.compile(rb"WARC/|[A-Za-z][A-Za-z0-9+.\-]{1,30}:")
# No mark is longer.
MARK_LIMIT = 64
# A line that begins with an address; the one regular expression that runs over all bytes, so it is a cheap one.
ARC_MARK = re.compile(rb"(?:(?<=\n)|\A)(?=[A-Za-z][A-Za-z0-9+.\-]{1,30}:)")


Layout = tuple[Codec | None, ParseHead, re.Pattern[bytes]]


def is_single_member(stream: Any) -> bool:
    """Whether a file's records are not in compressed members of their own: then no split can begin inside it."""
    codec = _codec_of(stream)
    return codec is not None and not _begins_with_own_member(stream, codec)


def _codec_of(stream: Any) -> Codec | None:
    """The compression that a file begins with. Raises CorruptError for a dictionary that cannot be read."""
    stream.seek(0)
    head = stream.read(8)
    if head.startswith(GZIP_MAGIC):
        return Gzip()
    return zstd_of(stream) if head.startswith(ZSTD_MAGIC) or SKIPPABLE.match(head) else None


def _begins_with_own_member(stream: Any, codec: Codec) -> bool:
    """Whether the first record has a member of its own; what cannot be read does not say otherwise."""
    first = InflatedStream(stream, codec, _padding(stream, codec, 0), one_member=True)
    head = parse_head(Window(first).bytes_at(0, HEADER_LIMIT))
    if head is None or head.content_length is None:
        return True
    end = head.length + head.content_length
    if first.seek(end) == end:
        return not parse_head(Window(first).bytes_at(end, HEADER_LIMIT).lstrip(b"\r\n"))
    following = Window(InflatedStream(stream, codec, first.member_end)).bytes_at(0, HEADER_LIMIT)
    return bool(first.error or not following or parse_head(following))


def _padding(stream: Any, codec: Codec, position: int) -> int:
    """The offset behind what belongs to no member at a position."""
    while True:
        stream.seek(position)
        length = codec.padding(stream.read(8))
        if not length:
            return position
        position += length


class Framing:
    """An open file of records: each in a compressed member of its own, or all in one stream of text.

    The stream of text is the file, or what it inflates to if its records are not in members of their own: then
    `streamed` is true, and offsets are in inflated bytes.
    """

    def __init__(self, stream: Any, size: int) -> None:
        self.codec = _codec_of(stream)
        self.streamed = self.codec is not None and not _begins_with_own_member(stream, self.codec)
        if self.codec is not None and self.streamed:
            stream = InflatedStream(stream, self.codec)
            self.codec = None
        self.stream = stream
        self.window = Window(stream)
        self.first = 0
        self.size = ENDLESS if self.streamed else size
        self._parse, self._mark = self._layout()
        if self.codec is not None:
            self.first = self._after(0, self.codec)

    def _layout(self) -> tuple[ParseHead, re.Pattern[bytes]]:
        """How records look and begin: by the one that stands first; where that is damaged, by the first of any kind."""
        if self.codec is not None:
            return parse_head, self.codec.start
        head = self.window.bytes_at(0, HEADER_LIMIT)
        plain: list[Layout] = [(None, parse_warc_head, WARC_MARK), (None, parse_arc_head, ARC_MARK)]
        for layout in plain:
            if layout[1](head):
                return layout[1:]
        members: list[Layout] = (
            [] if self.streamed else [(codec, parse_head, codec.start) for codec in (Gzip(), Zstd())]
        )
        places: list[tuple[int, int, Layout]] = []
        for layout in plain + members:
            self.codec, self._parse, self._mark = layout
            places.append((self.boundary(0), len(places), layout))
        _, _, (self.codec, parse, mark) = min(places, key=lambda place: place[:2])
        return parse, mark

    def boundary(self, position: int) -> int:
        """Offset of the first record at or after a position; the file's size where there is none."""
        while position < self.size:
            # One byte more: a line begins behind a line break.
            behind = min(position, 1)
            data, place = self.window.at(position - behind, CHUNK + HEADER_LIMIT)
            place += behind
            marks = [found.start() for found in self._mark.finditer(data, place, place + CHUNK + MARK_LIMIT)]
            for found, following in pairwise([*marks, len(data)]):
                if found < place + CHUNK and self._is_record(data, found, following):
                    return position + found - place
            if len(data) - place < CHUNK:
                break
            position += CHUNK
        return self.size

    def _is_record(self, data: bytes, place: int, following: int) -> bool:
        """A member that begins with a head, or a plain head that is complete: pages quote the first line of one.

        A plain head ends before the mark that follows, so that a flood of marks is not searched again and again.
        """
        if self.codec is not None:
            head = parse_head(inflate_head(self.codec.member(), data, place))
            return head is not None and bool(head.kind)
        head = self._parse(data[place:following])
        return head is not None and bool(head.kind) and head.content_length is not None

    def length_to(self, position: int, following: int) -> int:
        """Bytes from a position to a boundary; at most to the end of what is inflated."""
        end = self.stream.tell() if following == ENDLESS else min(following, self.size)
        return max(end - position, 0)

    def records_at(self, position: int, limit: int) -> Iterable[Record]:
        """The record at a boundary, or all those in the compressed member there; none at the end of a stream.

        Blocks that are longer than `limit` bytes are not held. Raises BrokenRecordError.
        """
        if self.codec is not None:
            record = self._own_member(position, self.codec)
            return self._member(position, self.codec, limit) if record is None else (record,)
        if not self.window.bytes_at(position, 1):
            return ()
        return (record_in(self.window, position, self._parse, limit, closed_by_breaks=True),)

    def _own_member(self, position: int, codec: Codec) -> Record | None:
        """The record of a sound member that holds just that; None: no verdict."""
        data, place = self.window.at(position, CHUNK >> 2)
        following = codec.start.search(data, place + 1)
        end = following.start() if following else len(data)
        text = codec.whole(data[place:end], MEMBER_LIMIT)
        head = parse_head(text) if text else None
        if text is None or head is None or not head.kind or head.content_length is None:
            return None
        stop = head.length + head.content_length
        if stop > len(text) or bytes(text[stop : stop + 8]) not in TRAILERS:
            return None
        behind = position + end - place
        return Record(head, text, head.length, stop, behind if following else self._after(behind, codec))

    def _member(self, position: int, codec: Codec, limit: int) -> Iterator[Record]:
        """The records of any member, inflated piece by piece. Raises BrokenRecordError."""
        inflated = InflatedStream(self.stream, codec, position, one_member=True)
        text, place, following = Window(inflated), 0, True
        while following:
            try:
                record = record_in(text, place, parse_head, limit, closed_by_breaks=False)
            except BrokenRecordError as exc:
                raise _by_stream(exc, inflated) from exc
            place = record.end
            following = bool(text.bytes_at(place, 1))
            if inflated.error and not following:
                raise _by_stream(BrokenRecordError("corrupt_record", inflated.error, record.head), inflated)
            yield record._replace(end=position if following else self._after(inflated.member_end, codec))

    def _after(self, position: int, codec: Codec) -> int:
        """The offset behind what belongs to no member."""
        while length := codec.padding(self.window.bytes_at(position, 8)):
            position += length
        return min(position, self.size)


def _by_stream(error: BrokenRecordError, inflated: InflatedStream) -> BrokenRecordError:
    """An error, with the reason why the stream below it ended, if that is why."""
    if inflated.error is None:
        return error
    reason = "cut_record" if inflated.error == CUT else "corrupt_record"
    return BrokenRecordError(reason, inflated.error, error.head)


def inflate_head(member: Member, data: bytes, place: int) -> bytes:
    """The first bytes of a member, as far as the end of a record head; piecewise, since damage may follow it."""
    text = b""
    for start in range(place, min(len(data), place + HEADER_LIMIT), 512):
        try:
            text += member.inflate(data[start : start + 512], HEADER_LIMIT)
        except CorruptError:
            break
        if member.eof or len(text) >= HEADER_LIMIT or find_head_end(text, 0, len(text)):
            break
        if len(text) >= MARK_LIMIT and not HEAD_START.match(text):
            break
    return text
