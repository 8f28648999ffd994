"""From bytes to characters: byte order mark, HTTP header, meta element, then a detector, and which of them decided.

The order of the HTML standard ("determining the character encoding"), and the labels of the encoding standard; where a
declaration is refuted by the bytes, the next one is tried.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes
from resiliparse.parse.encoding import detect_encoding

from pipeline.reading.charset_codecs import Encoding, encoding_of_codec, encodings, find_encoding
from pipeline.reading.charset_prescan import declared_in_page

BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
UTF_8 = encodings()["utf-8"]
# A page may hold a few broken bytes: a cut at the crawler's size limit, a pasted comment in another encoding.
TOLERATED_ERRORS = 0.01
TOLERATED_IN_UTF8 = 0.25
BEYOND_ASCII = re.compile(r"[^\x00-\x7f\ufffd]")
# Control characters that no text has; a page full of them is not text in any encoding.
BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
TOLERATED_BINARY = 0.05
ASCII = bytes(range(128))
DETECTED_BYTES = 1 << 16


@dataclass(frozen=True)
class Decoded:
    """A page's characters, the encoding, and what named it."""

    text: str
    charset: str
    source: str


class UndecodableError(Exception):
    """No encoding makes text of the bytes."""


def decode(body: bytes, declared: str | None) -> Decoded:
    """Decode a page as browsers do, and better where pages lie.

    A declaration that the bytes contradict (more than 1 % of the bytes beyond ASCII) is passed over; where all are
    contradicted, the first that leaves no more than 1 % of the whole page unreadable is taken. Bytes that are valid
    UTF-8 beyond ASCII are UTF-8 whatever a single-byte declaration says: other text almost never has that form by
    chance. Raises UndecodableError.

    >>> decode("Größe".encode("utf-8"), "iso-8859-1")
    Decoded(text='Größe', charset='utf-8', source='valid-utf8')
    >>> decode("Привет, мир".encode("windows-1251"), "windows-1251").text
    'Привет, мир'
    """
    # Lazily: the detectors cost more than all the rest, and most pages end at their declaration.
    attempts = ((strict, *candidate) for strict in (True, False) for candidate in _candidates(body, declared))
    for strict, encoding, source in attempts:
        text = _try(body, encoding, strict)
        if text is not None:
            return Decoded(text.removeprefix("\ufeff"), encoding.name, source)
    raise UndecodableError("the bytes are not text in any encoding that was declared or detected")


def _candidates(body: bytes, declared: str | None) -> Iterator[tuple[Encoding, str]]:
    """Encodings to try, best first, each with what named it."""
    for mark, label in BYTE_ORDER_MARKS:
        if body.startswith(mark):
            yield encodings()[label], "bom"
    header = find_encoding(declared) if declared else None
    if header == UTF_8:
        yield UTF_8, "header"
    meta = declared_in_page(body)
    if UTF_8 not in (header, meta) and _is_multibyte_utf8(body):
        yield UTF_8, "valid-utf8"
    if header and header != UTF_8:
        yield header, "header"
    if meta:
        yield meta, "meta"
    for codec in _detected(body):
        yield encoding_of_codec(codec), "detector"


def _detected(body: bytes) -> Iterator[str]:
    """Python codecs that detectors guess, and at last the one of most pages that name none."""
    first = detect_encoding(body)
    if first:
        yield first
    best = from_bytes(body[:DETECTED_BYTES]).best()
    if best:
        yield best.encoding
    yield "cp1252"


def _is_multibyte_utf8(body: bytes) -> bool:
    if body.isascii():
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as exc:
        # A page that the crawler cut may end inside a character.
        return exc.start >= len(body) - 3 and not body[: exc.start].isascii()
    return True


def _try(body: bytes, encoding: Encoding, strict: bool) -> str | None:
    """The text, or None when the encoding does not fit the bytes."""
    text = encoding.decode(body)
    errors = text.count("\ufffd")
    if errors > 1 and errors > _tolerated_errors(body, text, encoding, strict):
        return None
    if len(BINARY.findall(text, 0, 1 << 16)) > TOLERATED_BINARY * min(len(text), 1 << 16):
        return None
    return text


def _tolerated_errors(body: bytes, text: str, encoding: Encoding, strict: bool) -> float:
    """How many characters of a page may be unreadable."""
    beyond_ascii = len(body.translate(None, ASCII))
    tolerated = TOLERATED_ERRORS * (beyond_ascii if strict else len(body))
    if encoding != UTF_8:
        return tolerated
    # Bytes that are not UTF-8 hardly ever form valid sequences: where most do, the page is UTF-8 with damage.
    return max(tolerated, TOLERATED_IN_UTF8 * len(BEYOND_ASCII.findall(text)))
