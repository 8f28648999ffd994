"""What an HTTP response says about its body, and the body itself without transfer and content encodings."""

import io
import re
import zlib
from collections.abc import Mapping
from typing import NamedTuple

from fastwarc.stream_io import BrotliReader, ChunkedReader, ZstdReader

from pipeline.reading.heads import find_head_end

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# What a page starts with when its server sent no Content-Type.
# Atomic groups: a page of many comments must not make the search exponential.
HTML_START = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?>(?:\s+|<!--(?:(?!-->).)*-->|<\?xml[^>]*>)*)<(?:!doctype\s+html|html|head|body)",
    re.I | re.S,
)
STATUS_LINE = re.compile(rb"\S+[ \t]+(\d{3})(?:\s|\Z)")
HEAD_LIMIT = 1 << 20
# In Latin-1, Python would strip more.
BLANKS = " \t\v\f"
CHUNK_START = re.compile(rb"\A[0-9a-fA-F]{1,8}[ \t]*(?:;[^\r\n]*)?\r\n")
ZLIB_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
READERS = {"br": BrotliReader, "zstd": ZstdReader}
# Every line of these counts; a crawler's name in one holds for that line alone.
LINE_BY_LINE = frozenset({"x-robots-tag"})


class BodyError(Exception):
    """The body cannot be decoded; the message says which encoding failed and how."""


class HttpResponse(NamedTuple):
    """A response as it was sent: status, headers, body.

    Names of headers are in lower case. Of several the last wins, but for LINE_BY_LINE, whose lines are all there.
    """

    status: int
    headers: dict[str, str]
    body: bytes


def parse_response(block: bytes | bytearray, start: int = 0, stop: int | None = None) -> HttpResponse | None:
    """The HTTP response in `block[start:stop]`, or None when that does not begin with a status line.

    Forgiving where crawlers met forgiving browsers: bare line feeds, other protocol names, no headers at all.

    >>> parse_response(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\n\\r\\n<p>").headers
    {'content-type': 'text/html'}
    """
    stop = len(block) if stop is None else stop
    status = STATUS_LINE.match(block, start, min(start + 4096, stop))
    if status is None:
        return None
    limit = min(start + HEAD_LIMIT, stop)
    end, behind = find_head_end(block, start, limit) or (limit, stop)
    headers: dict[str, str] = {}
    head = block[start:end].decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
    for line in head.split("\n")[1:]:
        name, separator, value = line.partition(":")
        if separator:
            key, text = name.strip(BLANKS).lower(), value.strip(BLANKS)
            headers[key] = f"{headers[key]}\n{text}" if key in LINE_BY_LINE and key in headers else text
    return HttpResponse(int(status.group(1)), headers, bytes(memoryview(block)[behind:stop]))


def content_type(headers: Mapping[str, str]) -> str | None:
    """The media type in lower case, without parameters; None where the header is missing.

    >>> content_type({"content-type": "Text/HTML; charset=utf-8"})
    'text/html'
    """
    value = _content_type_field(headers).partition(";")[0].strip().lower()
    return value or None


def _content_type_field(headers: Mapping[str, str]) -> str:
    """The Content-Type, or what archives that rename the headers of a server kept of it."""
    return headers.get("content-type") or headers.get("x-archive-orig-content-type", "")


def header_charset(headers: Mapping[str, str]) -> str | None:
    """The charset parameter of the Content-Type.

    >>> header_charset({"content-type": 'text/html; charset="Windows-1251"'})
    'Windows-1251'
    """
    found = re.search(r"charset\s*=\s*[\"']?([^\s\"';,]+)", _content_type_field(headers), re.I)
    return found.group(1) if found else None


def is_html(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the response is a web page: by its Content-Type, and by its first bytes only where that is missing."""
    media_type = content_type(headers)
    return HTML_START.match(body[:4096]) is not None if media_type is None else media_type in HTML_TYPES


def decode_body(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """The body without chunks and compression, where they are still there.

    Crawlers decode bodies but often leave the headers; so the bytes decide whether there is anything to undo.
    Raises BodyError, also when more than `limit` bytes come out (a compression bomb).
    """
    if "chunked" in headers.get("transfer-encoding", "").lower() and CHUNK_START.match(body):
        body = _read(ChunkedReader(io.BytesIO(body)), "chunked", limit)
    for encoding in reversed(re.split(r"[\s,]+", headers.get("content-encoding", "").strip().lower())):
        if encoding in ("gzip", "x-gzip") and not body.startswith(b"\x1f\x8b"):
            continue
        if encoding in ZLIB_ENCODINGS:
            body = _inflate(body, encoding, limit)
        elif encoding in READERS and not HTML_START.match(body[:4096]):
            body = _read(READERS[encoding](io.BytesIO(body)), encoding, limit)
    return body


def _inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Inflate zlib data; `deflate` bodies come with and without the zlib header, or already decoded."""
    if encoding != "deflate":
        return _inflate_members(body, encoding, limit)
    if HTML_START.match(body[:4096]):
        return body
    for window in (47, -15):
        try:
            return _bounded(zlib.decompressobj(window).decompress(body, limit + 1), encoding, limit)
        except zlib.error as exc:
            error = exc
    raise BodyError(f"Content-Encoding {encoding}: {error}")


def _inflate_members(body: bytes, encoding: str, limit: int) -> bytes:
    """Inflate gzip, which may be several members one after the other; a cut last member gives what it has."""
    data = b""
    while body.startswith(b"\x1f\x8b"):
        member = zlib.decompressobj(31)
        try:
            data = _bounded(data + member.decompress(body, limit + 1 - len(data)), encoding, limit)
        except zlib.error as exc:
            raise BodyError(f"Content-Encoding {encoding}: {exc}") from exc
        body = member.unused_data
    return data


def _read(reader: BrotliReader | ChunkedReader | ZstdReader, encoding: str, limit: int) -> bytes:
    try:
        return _bounded(reader.read(limit + 1), encoding, limit)
    except (OSError, ValueError) as exc:
        raise BodyError(f"{encoding}: {exc}") from exc


def _bounded(data: bytes, encoding: str, limit: int) -> bytes:
    if len(data) > limit:
        raise BodyError(f"{encoding}: more than {limit:,} bytes when decoded")
    return data
