"""Sound inputs, and the pieces that inputs of their kind are made of: what fuzzers begin with and recombine."""

import gzip


def record(kind: str, block: bytes) -> bytes:
    """A WARC record, uncompressed."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: https://example.org/\r\n"
        f"WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/http\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


HTML = (
    b'<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>Hafen</title></head><body><nav><a href="/">'
    b"Start</a></nav><article><h1>Am Hafen</h1><p>Die Boote lagen still im Wasser, und niemand fuhr hinaus.</p><ul>"
    b"<li>eins<li>zwei</ul><table><tr><td>a<td>b</table><pre>x = 1\n</pre></article></body></html>"
)
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(HTML) + HTML
PACKED = gzip.compress(HTML, mtime=0)
SEEDS: dict[str, list[bytes]] = {
    "warc": [
        record("warcinfo", b"software: x\r\n")
        + record("request", b"GET / HTTP/1.1\r\n\r\n")
        + record("response", HTTP),
        b"".join(gzip.compress(record(kind, HTTP), mtime=0) for kind in ("response", "request", "response")),
        gzip.compress(record("response", HTTP) * 2, mtime=0),
    ],
    "http": [
        HTTP,
        b"HTTP/1.0 200\nContent-Encoding: gzip\n\n" + PACKED,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: deflate\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/2 200\r\nContent-Encoding: br, zstd\r\n\r\n\x0b\x02\x80hello\x03",
    ],
    "charset": [b"\0" + HTML, b"\0\xff\xfe<\0p\0", "\x00<meta charset=euc-jp>東京".encode("euc-jp")],
    "extraction": [
        HTML,
        b"<p>a" * 50,
        b"<svg><path/><math><mi></svg>",
        b"<script>x</script><!-- - --><table><p>a</table>",
    ],
}
PIECES: dict[str, list[bytes]] = {
    "warc": [
        *b"WARC/1.0\r\n|WARC/1.1\n|\r\n\r\n|Content-Length: |99999999999999999999|-1|WARC-Type: response\r\n".split(
            b"|"
        ),
        *(
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
            HTTP,
            gzip.compress(record("response", HTTP), mtime=0),
            record("response", b""),
        ),
    ],
    "http": [
        *b"HTTP/1.1 200 OK\r\n|\r\n\r\n|\n\n|Content-Encoding: gzip\r\n|Content-Encoding: br,zstd\r\n".split(b"|"),
        *b"Transfer-Encoding: chunked\r\n|FFFFFFFF\r\n|0\r\n\r\n|X-Robots-Tag: a\r\n|\x28\xb5\x2f\xfd".split(b"|"),
        PACKED,
    ],
    "charset": [
        *b"<meta charset=|<meta http-equiv=content-type content='|<?xml encoding=\"|\x1b$B|\x1b(B|\xef\xbb\xbf".split(
            b"|"
        ),
        *b"\xff\xfe|big5|utf-16|~{|\x81\x30\x81\x30|\x8f\xa1\xa1|<!--|-->|>".split(b"|"),
    ],
    "extraction": [
        *b"<p>|</p>|<div>|</div>|<table>|<tr>|<a href='//x'>|<b>|</a>|&lt;|<script>|</script>|<!--|-->|<svg>".split(
            b"|"
        ),
        *b"</svg>|<template>|<select>|&#0;|\xe2\x80\x8c|Die Boote lagen still im Wasser. |<html>|<body>".split(b"|"),
        *b"<article>|<meta name=robots content=noai>|\0".split(b"|"),
    ],
}
