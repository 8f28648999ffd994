"""HTTP bodies: encodings that are still there, that are gone, and that lie."""

import gzip
import zlib

import pytest

from pipeline.reading.http import BodyError, decode_body, is_html

BODY = b"<!doctype html><title>t</title>" + b"<p>text</p>" * 100


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 100] for start in range(0, len(body), 100)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, BODY),
        ({"content-encoding": "gzip"}, gzip.compress(BODY)),
        ({"content-encoding": "x-gzip"}, gzip.compress(BODY)),
        ({"content-encoding": "deflate"}, zlib.compress(BODY)),
        ({"content-encoding": "deflate"}, zlib.compress(BODY)[2:-4]),
        ({"content-encoding": "gzip"}, BODY),
        ({"content-encoding": "br"}, BODY),
        ({"content-encoding": "deflate"}, BODY),
        ({"transfer-encoding": "chunked"}, chunked(BODY)),
        ({"transfer-encoding": "chunked"}, BODY),
        ({"transfer-encoding": "chunked", "content-encoding": "gzip"}, chunked(gzip.compress(BODY))),
        ({"content-encoding": "identity"}, BODY),
        ({"content-encoding": "gzip"}, gzip.compress(BODY[:500]) + gzip.compress(BODY[500:])),
    ],
)
def test_the_body_comes_out(headers, body):
    assert decode_body(body, headers, 1 << 20) == BODY


def test_a_bomb_is_refused_before_it_fills_the_memory():
    with pytest.raises(BodyError, match="more than 1,000,000 bytes"):
        decode_body(gzip.compress(bytes(50_000_000)), {"content-encoding": "gzip"}, 1_000_000)


def test_broken_compression_is_named():
    with pytest.raises(BodyError, match="gzip"):
        decode_body(gzip.compress(BODY)[:5] + b"nonsense" * 9, {"content-encoding": "gzip"}, 1 << 20)


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/html; charset=utf-8", b"", True),
        ("application/xhtml+xml", b"", True),
        ("TEXT/HTML", b"", True),
        ("image/png", BODY, False),
        ("application/json", b"{}", False),
        (None, BODY, True),
        (None, b"<?xml version='1.0'?>\n<html>", True),
        (None, b"%PDF-1.7", False),
    ],
)
def test_html_is_told_by_its_type_and_without_one_by_its_bytes(content_type, body, expected):
    assert is_html({"content-type": content_type} if content_type else {}, body) is expected


def test_many_comments_do_not_make_the_search_exponential():
    """Would not end before the sun does, if it backtracked."""
    assert not is_html({}, b"<!-- a -->" * 400 + b"<table>")
    assert is_html({}, b"<!-- a -->\n" * 300 + b"<html>")
