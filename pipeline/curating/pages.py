"""From a response record to a document: text and provenance, or the reason why there is none.

Cheap first: status, media type and address are judged before decoding, decoding before extraction.
"""

import base64
import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Any

import xxhash

from configs.configuration import Configuration
from configs.model import Engine, Extraction
from dedup.exact import payload_identity, text_digest, url_identity
from dedup.urls import url_depth
from filters import url_blocklist
from langid.models import load_model
from pipeline.extraction.cascade import needless
from pipeline.extraction.extract import Extracted, ExtractionError, extract_page, failures_named, within_limits
from pipeline.extraction.limits_markup import MarkupLimitError, check_markup
from pipeline.extraction.marks import stream_safe
from pipeline.extraction.page import Page
from pipeline.extraction.repair import Repaired, repair
from pipeline.reading.charset import Decoded, UndecodableError, decode
from pipeline.reading.http import BodyError, content_type, decode_body, header_charset, is_html
from pipeline.reading.warc import Response

CRAWL_NAME = re.compile(r"CC-(?:MAIN|NEWS)-\d{4}-?\d{0,2}(?:-\d+)?")
Row = dict[str, Any]
# What was extracted from the payloads of a split, by their hash and charset.
Seen = dict[tuple[bytes, str], Extracted]


@dataclass
class Skip(Exception):  # noqa: N818  not an error: an outcome
    """A record that becomes no document: outcome, reason and detail as the ledger counts them."""

    outcome: str
    reason: str
    detail: str | None = None


def page_of(response: Response, path: str, configuration: Configuration, seen: Seen | None = None) -> Row:
    """The document of a response: text and provenance, without measurements. Raises Skip.

    `seen` remembers the texts of pages, so that equal payloads are extracted once.
    """
    settings = configuration.settings.extraction
    _check_response(response)
    if settings.skip_blocked:
        match = url_blocklist.match_url(response.url, _blocklist_parameters(configuration))
        if match:
            raise Skip("skipped", "blocked_url", match)
    payload = response.payload or b""
    try:
        decoded, page, repaired = _extracted(response, configuration, {} if seen is None else seen)
    except (BodyError, UndecodableError) as exc:
        raise Skip("failed", "undecodable", str(exc)) from exc
    except (ExtractionError, MarkupLimitError) as exc:
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
        "extraction_engine": page.engine,
        "markdown": page.markdown,
        **asdict(page.metadata),
        "hreflang": [{"language": language, "url": url} for language, url in page.metadata.hreflang],
        "licence": page.licence,
        "robots": page.robots,
        "url_depth": url_depth(response.url),
    }


def _extracted(response: Response, configuration: Configuration, seen: Seen) -> tuple[Decoded, Extracted, Repaired]:
    """A page within its limits; where they end the engine's work, the fallback's, with limits of its own."""
    settings = configuration.settings.extraction
    try:
        with within_limits(settings):
            return _work(response, configuration, seen, settings.text_engine)
    except ExtractionError:
        if settings.fallback in (None, settings.text_engine):
            raise
        with within_limits(settings):
            return _work(response, configuration, seen, settings.fallback)


def _work(
    response: Response, configuration: Configuration, seen: Seen, engine: Engine
) -> tuple[Decoded, Extracted, Repaired]:
    settings = configuration.settings.extraction
    payload = response.payload or b""
    if response.kind == "conversion":
        # Text already, in UTF-8 (ISO 28500, 6.7; Common Crawl's WET).
        text = stream_safe(payload.decode("utf-8", "replace"))
        repaired = repair(text, configuration.settings.repair)
        return Decoded(text, "utf-8", "conversion"), Extracted(text, "conversion"), repaired
    decoded = _decode(payload, response.headers, settings)
    check_markup(decoded.text, settings.page_tags, settings.page_depth)
    page = Page(decoded.text, response.url, response.headers)
    if settings.engine == "cascade":
        with failures_named():
            reason = needless(page, settings, load_model(configuration.settings.identification.model))
        if reason:
            raise Skip("skipped", reason.reason, reason.detail)
    # The text depends on the bytes and how they were decoded; what a page says of itself on its address too.
    key = (xxhash.xxh3_128_digest(payload), decoded.charset)
    known = seen.get(key)
    extracted = extract_page(page, settings, known.engine if known else engine, known.text if known else None)
    seen[key] = extracted
    return decoded, extracted, repair(extracted.text, configuration.settings.repair)


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
    if response.kind == "conversion":
        _check_payload(response)
        return
    if response.status is None:
        media_type = content_type(response.headers)
        if media_type is None or "http" in media_type:
            raise Skip("failed", "malformed_http", "the block does not begin with an HTTP status line")
        raise Skip("skipped", "not_http", media_type)
    if response.status != 200:
        raise Skip("skipped", "status", str(response.status))
    _check_payload(response)
    media_type = content_type(response.headers)
    if media_type is not None and not is_html(response.headers, b""):
        raise Skip("skipped", "not_html", media_type)


def _check_payload(response: Response) -> None:
    if response.payload is None:
        raise Skip("failed", "too_large", "the page is larger than extraction.page_megabytes")
    if not response.payload.strip():
        raise Skip("skipped", "empty")


def record_id(response: Response, path: str) -> str:
    """The record's id, or one made of its place where the record has none."""
    return response.id or f"<urn:xxh128:{record_key(response, path).hex()}>"


def record_key(response: Response, path: str) -> bytes:
    """16 bytes that name the record within the run, even where two files hold the same record.

    The address is part of it, since records of one compressed member have the same offset, and perhaps no id.
    """
    return xxhash.xxh3_128_digest(f"{response.id}\0{path}\0{response.offset}\0{response.url}".encode())


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
