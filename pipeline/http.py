"""What an HTTP response says about its body, and the body itself without transfer and content encodings."""

import io
import re
import zlib
from collections.abc import Mapping

from fastwarc.stream_io import BrotliReader, ChunkedReader, ZstdReader

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# What a page starts with when its server sent no Content-Type.
HTML_START = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body)",
    re.I | re.S,
)
CHUNK_START = re.compile(rb"\A[0-9a-fA-F]{1,8}[ \t]*(?:;[^\r\n]*)?\r\n")
ZLIB_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 47}
READERS = {"br": BrotliReader, "zstd": ZstdReader}


class BodyError(Exception):
    """The body cannot be decoded; the message says which encoding failed and how."""


def content_type(headers: Mapping[str, str]) -> str | None:
    """The media type in lower case, without parameters; None where the header is missing.

    >>> content_type({"content-type": "Text/HTML; charset=utf-8"})
    'text/html'
    """
    value = headers.get("content-type", "").partition(";")[0].strip().lower()
    return value or None


def header_charset(headers: Mapping[str, str]) -> str | None:
    """The charset parameter of the Content-Type.

    >>> header_charset({"content-type": 'text/html; charset="Windows-1251"'})
    'Windows-1251'
    """
    found = re.search(r"charset\s*=\s*[\"']?([^\s\"';,]+)", headers.get("content-type", ""), re.I)
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
        if encoding in ZLIB_WINDOWS:
            body = _inflate(body, encoding, limit)
        elif encoding in READERS and not HTML_START.match(body[:4096]):
            body = _read(READERS[encoding](io.BytesIO(body)), encoding, limit)
    return body


def _inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Inflate zlib data; `deflate` bodies come with and without the zlib header, or already decoded."""
    if encoding == "deflate" and HTML_START.match(body[:4096]):
        return body
    for window in (ZLIB_WINDOWS[encoding], -15) if encoding == "deflate" else (ZLIB_WINDOWS[encoding],):
        member = zlib.decompressobj(window)
        try:
            data = member.decompress(body, limit + 1)
        except zlib.error as exc:
            error = exc
            continue
        return _bounded(data, encoding, limit)
    raise BodyError(f"Content-Encoding {encoding}: {error}")


def _read(reader: BrotliReader | ChunkedReader | ZstdReader, encoding: str, limit: int) -> bytes:
    try:
        return _bounded(reader.read(limit + 1), encoding, limit)
    except (OSError, ValueError) as exc:
        raise BodyError(f"{encoding}: {exc}") from exc


def _bounded(data: bytes, encoding: str, limit: int) -> bytes:
    if len(data) > limit:
        raise BodyError(f"{encoding}: more than {limit:,} bytes when decoded")
    return data
