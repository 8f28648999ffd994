"""From a page's HTML to the HTTP response that a crawler stored."""

import base64
import codecs
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.sample.content import PAGES, Wire

Headers = list[tuple[str, str]]
CHUNK = 4096
BOMS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


@dataclass(frozen=True)
class Exchange:
    """One request that was answered; `truncated` is the reason why the answer is not whole, if so."""

    url: str
    status: str
    headers: Headers
    body: bytes
    truncated: str = ""
    payload_type: str = "text/html"
    revisit: bool = False


def encode(html: str, wire: Wire) -> bytes:
    """The page's bytes before compression; characters outside the charset become references, as editors do it."""
    content = html.encode(wire.encoding, errors="xmlcharrefreplace")
    if wire.bom:
        content = BOMS[wire.encoding] + content
    if wire.lost_byte:
        end = position_after(content, wire.lost_byte, wire.encoding)
        content = content[: end - 1] + content[end:]
    if wire.cut_in:
        content = content[: position_after(content, wire.cut_in, wire.encoding) - 1]
    return content


def position_after(content: bytes, phrase: str, encoding: str) -> int:
    """Offset in bytes of the end of a phrase's first occurrence; raises `ValueError` where there is none."""
    encoded = phrase.encode(encoding)
    return content.index(encoded) + len(encoded)


def chunked(content: bytes) -> bytes:
    """The chunked transfer coding (RFC 9112, section 7.1).

    >>> chunked("ő".encode())
    b'2\\r\\n\\xc5\\x91\\r\\n0\\r\\n\\r\\n'
    """
    parts = [content[start : start + CHUNK] for start in range(0, len(content), CHUNK)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


def respond(url: str, html: str, wire: Wire) -> Exchange:
    """The answer of a web server that delivers the page as `wire` says."""
    body = encode(html, wire)
    headers = [("Server", "nginx"), *wire.extra.items()]
    if wire.header is not None:
        headers.append(("Content-Type", wire.header))
    if wire.gzip:
        body = gzip.compress(body, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    if wire.chunked:
        body = chunked(body)
        headers.append(("Transfer-Encoding", "chunked"))
    else:
        headers.append(("Content-Length", str(len(body))))
    return Exchange(url, "200 OK", headers, body, truncated="length" if wire.cut_in else "")


def raw_exchange(entry: Mapping[str, Any]) -> Exchange:
    """An answer that is no page: its `body` as text, or as base64 under `bytes`."""
    body = base64.b64decode(entry["bytes"]) if "bytes" in entry else entry.get("body", "").encode()
    return Exchange(
        url=entry["url"],
        status=entry["status"],
        headers=[*entry["headers"].items(), ("Content-Length", str(len(body)))],
        body=body,
        payload_type=entry.get("payload_type", ""),
        revisit=entry.get("revisit", False),
    )


def read_exchanges(folder: Path = PAGES) -> list[Exchange]:
    """The answers of the sample that are no pages."""
    listed = yaml.safe_load((folder / "responses.yaml").read_text(encoding="utf-8"))
    return [raw_exchange(entry) for entry in listed]
