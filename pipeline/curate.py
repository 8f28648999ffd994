"""Stage curate: from the records of a split to documents with their measurements and signatures.

Cheap first: status, media type and address are judged before decoding, decoding before extraction. Nothing here decides
about a document; what is skipped or fails is written down with its reason.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import xxhash

from configs.configuration import Configuration
from configs.model import Extraction
from dedup.exact import payload_identity, text_digest, url_identity
from dedup.minhash import document_signature
from dedup.urls import url_depth
from filters import url_blocklist
from filters.load import FilterError, measured
from filters.text import Text
from langid.documents import Segments, label_group, segment_langs
from langid.identify import Identification, identify
from langid.models import load_model
from pipeline.charset import Decoded, UndecodableError, decode
from pipeline.clustering.keys import content_digest
from pipeline.extract import ExtractionError, extract, forget_pages, within_limits
from pipeline.http import BodyError, content_type, decode_body, header_charset, is_html
from pipeline.repair import repair
from pipeline.schema import IDENTITIES, KEY, SKIPPED, arrow_schema
from pipeline.shards import PLACES, Done, Job, commit, sort_by_language, write_table
from pipeline.signatures import signature_bytes, signature_type
from pipeline.sources import Split
from pipeline.warc import Damage, Response, SplitReader

STAGE = "documents"
CRAWL_NAME = re.compile(r"CC-(?:MAIN|NEWS)-\d{4}-?\d{0,2}(?:-\d+)?")
BATCH = 256

Row = dict[str, Any]


@dataclass
class Skip(Exception):  # noqa: N818  not an error: an outcome
    """A record that becomes no document: outcome, reason and detail as the ledger counts them."""

    outcome: str
    reason: str
    detail: str | None = None


def curate(split: Split, job: Job) -> Row:
    """Write the split's documents, signatures and skipped records; the value is the commit's facts."""
    configuration = job.configuration
    reader = SplitReader(split, configuration.settings.extraction.page_bytes)
    pages, skipped = _read_pages(reader, configuration)
    annotated = [row for batch in _batches(pages) for row in annotate(batch, configuration, skipped)]
    forget_pages()
    signed = pa.field("signature", signature_type(configuration.settings.deduplication.size))
    schema = pa.schema([*arrow_schema(configuration.curate_columns), KEY, *IDENTITIES, signed])
    table, languages = sort_by_language(pa.Table.from_pylist(annotated, schema=schema))
    signatures = table.select([KEY.name, "language", "dump", *IDENTITIES.names, "signature"])
    write_table(job.folder, f"{STAGE}/{split.name}.parquet", table.drop_columns(["signature", *IDENTITIES.names]))
    random = [KEY.name, *IDENTITIES.names, "signature"]
    write_table(job.folder, f"signatures/{split.name}.parquet", signatures, random)
    write_table(job.folder, f"skipped/{split.name}.parquet", pa.Table.from_pylist(skipped, schema=SKIPPED))
    facts = {
        "file": split.file.path,
        "start": split.start,
        "end": split.end,
        "first_offset": reader.first_offset,
        "next_offset": reader.next_offset,
        "responses": reader.responses,
        "damages": reader.damages,
        "documents": table.num_rows,
        "languages": languages,
        "content": content_digest(signatures),
    }
    names = [f"{place}/{split.name}.parquet" for place in PLACES[STAGE]]
    commit(job.folder, Done(STAGE, split.name, job.fingerprints.documents(split), names), facts)
    return facts


def _read_pages(reader: SplitReader, configuration: Configuration) -> tuple[list[Row], list[Row]]:
    """Extracted pages, and the records that gave none."""
    pages: list[Row] = []
    skipped: list[Row] = []
    path = reader.split.file.path
    for item in reader:
        if isinstance(item, Damage):
            skipped.append(_damage_row(item, path))
            continue
        try:
            pages.append(page_of(item, path, configuration))
        except Skip as skip:
            skipped.append(_skipped_row(item, path, skip))
    return pages, skipped


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


def annotate(pages: Sequence[Row], configuration: Configuration, skipped: list[Row]) -> Iterator[Row]:
    """Pages with their language, every filter's measurements, and the signature.

    A page for which a filter fails is added to `skipped`.
    """
    identification = configuration.settings.identification
    model = load_model(identification.model)
    found = identify([page["text"] for page in pages], model, identification.top)
    deduplication = configuration.settings.deduplication
    for page, language in zip(pages, found, strict=True):
        settings = configuration.for_language(language.language)
        segments = segment_langs(page["text"], model)
        text = Text(page["text"], language.language, page["url"], segments.share_of(language.language))
        row = page | language_columns(language, segments, identification.group_score)
        try:
            for name, module in configuration.filters.items():
                row |= measured(name, module, text, settings.filters[name])
        except FilterError as exc:
            skipped.append(_failed_row(page, str(exc)))
            continue
        signature = document_signature(page["text"], text.words, language.language_script, deduplication)
        row["signature"] = signature_bytes(signature)
        yield row


def language_columns(language: Identification, segments: Segments, group_score: float) -> Row:
    """The columns that say which language a document is in, and which its lines are in."""
    return {
        "language": language.language,
        "language_script": language.language_script,
        "language_score": language.language_score,
        "top_langs": [{"language": label, "score": score} for label, score in language.top_langs],
        "language_group": label_group(language.top_langs, group_score),
        "segment_langs": [{"language": label, "share": share} for label, share in segments.shares.items()],
        "code_share": segments.code_share,
        "script_share": language.script_share,
    }


def _batches(pages: list[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(pages), BATCH):
        yield pages[start : start + BATCH]


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


def _damage_row(damage: Damage, path: str) -> Row:
    return {
        "id": damage.id,
        "url": damage.url,
        "file_path": path,
        "offset": damage.offset,
        "length": damage.length,
        "outcome": "failed",
        "reason": damage.reason,
        "response": damage.response,
        "detail": damage.detail,
    }


def _failed_row(page: Row, detail: str) -> Row:
    """A page that a filter could not measure, as the ledger counts it."""
    provenance = {name: page[name] for name in ("id", "url", "date", "file_path", "offset", "length")}
    return provenance | {"outcome": "failed", "reason": "filter_failed", "response": True, "detail": detail}


def _skipped_row(response: Response, path: str, skip: Skip) -> Row:
    return {
        "id": record_id(response, path),
        "url": response.url,
        "date": response.date,
        "file_path": path,
        "offset": response.offset,
        "length": response.length,
        "outcome": skip.outcome,
        "reason": skip.reason,
        "response": True,
        "detail": skip.detail,
        "http_status": response.status,
        "content_type": content_type(response.headers),
    }
