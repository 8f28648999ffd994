"""What is fuzzed: functions of bytes that may refuse their input in the ways named here, and in no other."""

from collections.abc import Callable
from functools import cache

import fsspec

from configs.model import Extraction
from pipeline.extraction.extract import ExtractionError, extract, within_limits
from pipeline.extraction.limits_markup import MarkupLimitError, check_markup
from pipeline.reading.charset import UndecodableError, decode
from pipeline.reading.charset_codecs import encodings
from pipeline.reading.http import BodyError, content_type, decode_body, header_charset, is_html, parse_response
from pipeline.reading.sources import InputFile, Split
from pipeline.reading.warc import Damage, SplitReader

PAGE_BYTES, MOST_TAGS, DEEPEST = 1_000_000, 500_000, 2000
SETTINGS = Extraction(cpu_seconds=10, memory_megabytes=1000)


def warc(data: bytes) -> None:
    """A file of any bytes gives responses and damages, in the order of their offsets, within its bounds."""
    path = "memory://fuzz.warc"
    with fsspec.open(path, "wb") as stream:
        stream.write(data)
    reader = SplitReader(Split(0, InputFile(path, len(data), ""), 0, len(data)), PAGE_BYTES)
    last = -1
    for item in reader:
        if isinstance(item, Damage):
            assert item.reason
            continue
        assert last <= item.offset <= len(data) * 1100  # records of one compressed member share its offset
        assert item.payload is None or len(item.payload) <= PAGE_BYTES
        last = item.offset


def http(data: bytes) -> None:
    """A block of any bytes is an HTTP response or none, and its body is decoded within its bounds."""
    response = parse_response(data)
    if response is None:
        return
    content_type(response.headers)
    header_charset(response.headers)
    try:
        body = decode_body(response.body, response.headers, PAGE_BYTES)
    except BodyError:
        return
    assert len(body) <= max(PAGE_BYTES, len(data))
    is_html(response.headers, body)


@cache
def labels() -> list[str | None]:
    """Every label, and none."""
    return [None, "klingon", *sorted(encodings())]


def charset(data: bytes) -> None:
    """Any bytes, declared as anything, are characters that can be written, or refused."""
    declared = labels()[data[0] % len(labels())] if data else None
    try:
        decoded = decode(data[1:], declared)
    except UndecodableError:
        return
    decoded.text.encode("utf-8", "surrogatepass")
    assert decoded.charset


def extraction(data: bytes) -> None:
    """Any page gives text that can be written, or fails by name, within its limits."""
    html = data.decode("utf-8", "replace")
    try:
        check_markup(html, MOST_TAGS, DEEPEST)
        with within_limits(SETTINGS):
            page = extract(html, "https://example.org/", SETTINGS)
    except (ExtractionError, MarkupLimitError):
        return
    page.text.encode("utf-8")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "warc": warc,
    "http": http,
    "charset": charset,
    "extraction": extraction,
}
