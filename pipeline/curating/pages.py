"""From a response record to a document: text and provenance, or the reason why there is none.

Cheap first: status, media type and address are judged before decoding, decoding before extraction.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Any

import xxhash

from configs.configuration import Configuration
from configs.model import Extraction
from dedup.exact import payload_identity, text_digest, url_identity
from dedup.urls import url_depth
from filters import url_blocklist
from pipeline.extraction.extract import ExtractionError, extract, within_limits
from pipeline.extraction.repair import repair
from pipeline.reading.charset import Decoded, UndecodableError, decode
from pipeline.reading.http import BodyError, content_type, decode_body, header_charset, is_html
from pipeline.reading.warc import Response

CRAWL_NAME = re.compile(r"CC-(?:MAIN|NEWS)-\d{4}-?\d{0,2}(?:-\d+)?")
Row = dict[str, Any]


@dataclass
class Skip(Exception):  # noqa: N818  not an error: an outcome
    """A record that becomes no document: outcome, reason and detail as the ledger counts them."""

    outcome: str
    reason: str
    detail: str | None = None


def page_of(response: Response, path: str, configuration: Configuration) -> Row:
    """The document of a response: text and provenance, without measurements. Raises Skip."""
    settings = configuration.settings.extraction
    _check_response(response)
    if settings.skip_blocked:
        match = url_blocklist.match_url(response.url, _blocklist_parameters(configuration))
        if match:
            raise Skip("skipped", "blocked_url", match)
    payload = response.payload or b""
    try:
        with within_limits(settings):
            decoded = _decode(payload, response.headers, settings)
            page = extract(decoded.text, response.url, settings, response.headers)
            repaired = repair(page.text, configuration.settings.repair)
    except (BodyError, UndecodableError) as exc:
        raise Skip("failed", "undecodable", str(exc)) from exc
    except ExtractionError as exc:
        raise Skip("failed", exc.reason, str(exc)) from exc
    text = repaired.text
    if not text.strip():
        raise Skip("skipped", "no_main_text")
    digest = response.digest or payload_digest(payload)
    return {
        "id": record_id(response, path),
        "key": record_key(response, path),
        "text": text,
        "text_characters": len(text),
        "extracted_characters": len(page.text),
        "repairs": list(repaired.changes),
        "url": response.url,
        "date": response.date,
        "dump": configuration.settings.dump or crawl_of(path),
        "file_path": path,
        "offset": response.offset,
        "length": response.length,
        "digest": digest,
        "payload_identity": payload_identity(digest),
        "text_digest": text_digest(text),
        "url_identity": url_identity(response.url),
        "charset": decoded.charset,
        "charset_source": decoded.source,
        "html_lang": page.html_lang,
        "title": page.title,
        "licence": page.licence,
        "robots": page.robots,
        "url_depth": url_depth(response.url),
    }


def _decode(payload: bytes, headers: dict[str, str], settings: Extraction) -> Decoded:
    """A payload as text. Raises Skip, BodyError, UndecodableError."""
    body = decode_body(payload, headers, settings.page_bytes)
    if not is_html(headers, body):
        raise Skip("skipped", "not_html", content_type(headers))
    return decode(body, header_charset(headers))


def _blocklist_parameters(configuration: Configuration) -> url_blocklist.Parameters:
    """Before extraction the language is unknown, so the parameters are those of all languages."""
    parameters = configuration.for_language("und_Zzzz").filters["url_blocklist"]
    assert isinstance(parameters, url_blocklist.Parameters)
    return parameters


def _check_response(response: Response) -> None:
    """Raise Skip for what needs no look at the body."""
    if response.status is None:
        media_type = content_type(response.headers)
        if media_type is None or "http" in media_type:
            raise Skip("failed", "malformed_http", "the block does not begin with an HTTP status line")
        raise Skip("skipped", "not_http", media_type)
    if response.status != 200:
        raise Skip("skipped", "status", str(response.status))
    if response.payload is None:
        raise Skip("failed", "too_large", "the page is larger than extraction.page_megabytes")
    if not response.payload.strip():
        raise Skip("skipped", "empty")
    media_type = content_type(response.headers)
    if media_type is not None and not is_html(response.headers, b""):
        raise Skip("skipped", "not_html", media_type)


def record_id(response: Response, path: str) -> str:
    """The record's id, or one made of its place where the record has none."""
    return response.id or f"<urn:xxh128:{record_key(response, path).hex()}>"


def record_key(response: Response, path: str) -> bytes:
    """16 bytes that name the record within the run, even where two files hold the same record."""
    return xxhash.xxh3_128_digest(f"{response.id}\0{path}\0{response.offset}".encode())


def payload_digest(payload: bytes) -> str:
    """A payload's SHA-1 as WARC-Payload-Digest writes it (Base32)."""
    digest = hashlib.sha1(payload, usedforsecurity=False).digest()
    return f"sha1:{base64.b32encode(digest).decode('ascii')}"


def crawl_of(path: str) -> str | None:
    """Name of the crawl in a file's path.

    >>> crawl_of("crawl-data/CC-MAIN-2026-30/segments/1/warc/CC-MAIN-20260712-00001.warc.gz")
    'CC-MAIN-2026-30'
    """
    found = CRAWL_NAME.search(path)
    return found.group(0) if found else None
