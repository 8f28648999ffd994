"""From bytes to characters: byte order mark, HTTP header, meta element, then a detector, and which of them decided."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
META_PRESCAN_BYTES = 4096
META_CHARSET = re.compile(rb"<meta[^>]+?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.\-]+)", re.I)
XML_ENCODING = re.compile(rb"\A\s*<\?xml[^>]+?encoding\s*=\s*[\"']([a-zA-Z0-9_:.\-]+)", re.I)
# The encoding standard's encodings are supersets of what their names say; these Python codecs hold the same characters.
# (https://encoding.spec.whatwg.org/#names-and-labels)
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "big5": "big5hkscs",
}
# Names as the encoding standard writes them, for the column.
STANDARD_NAMES = {
    "cp949": "euc-kr",
    "cp932": "shift_jis",
    "cp874": "windows-874",
    "big5hkscs": "big5",
    "iso2022_jp": "iso-2022-jp",
    "euc_jp": "euc-jp",
    "mac-roman": "macintosh",
}
# A page may hold a few broken bytes: a cut at the crawler's size limit, a pasted comment in another encoding.
TOLERATED_ERRORS = 0.01
TOLERATED_IN_UTF8 = 0.25
BEYOND_ASCII = re.compile(r"[^\x00-\x7f\ufffd]")
# Control characters that no text has; a page full of them is not text in any encoding.
BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
TOLERATED_BINARY = 0.05
ASCII = bytes(range(128))


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
    for strict, charset, source in attempts:
        text = _try(body, charset, strict)
        if text is not None:
            return Decoded(text.removeprefix("\ufeff"), standard_name(charset), source)
    raise UndecodableError("the bytes are not text in any encoding that was declared or detected")


def _candidates(body: bytes, declared: str | None) -> Iterator[tuple[str, str]]:
    """Encodings to try, best first, each with what named it."""
    for mark, charset in BYTE_ORDER_MARKS:
        if body.startswith(mark):
            yield charset, "bom"
    head = body[:META_PRESCAN_BYTES]
    found = XML_ENCODING.search(head) or META_CHARSET.search(head)
    meta = found.group(1).decode("ascii") if found else None
    claims = [(python_codec(label), source) for label, source in ((declared, "header"), (meta, "meta")) if label]
    # A meta element that could be read is not UTF-16, whatever it says (encoding standard, "prescan").
    claims = [(codec, source) for codec, source in claims if not (source == "meta" and codec and "utf-16" in codec)]
    if not any(codec == "utf-8" for codec, _ in claims) and _is_multibyte_utf8(body):
        yield "utf-8", "valid-utf8"
    yield from ((codec, source) for codec, source in claims if codec)
    detected = detect_encoding(body)
    if detected:
        yield SUPERSETS.get(detected, detected), "detector"
    best = from_bytes(body[: 1 << 16]).best()
    if best:
        yield best.encoding, "detector"
    yield "cp1252", "detector"


def python_codec(label: str) -> str | None:
    """The Python codec of an encoding label as pages write it, or None for a label that nobody knows.

    >>> python_codec("ISO-8859-1"), python_codec("ks_c_5601-1987"), python_codec("klingon")
    ('cp1252', 'cp949', None)
    """
    name = map_encoding_to_html5(label.strip(), fallback_utf8=False)
    if name is None:
        return None
    try:
        codecs.lookup(SUPERSETS.get(name, name))
    except LookupError:
        return None
    return SUPERSETS.get(name, name)


def standard_name(codec: str) -> str:
    """A Python codec's encoding as the encoding standard writes it.

    >>> standard_name("cp1251"), standard_name("cp949"), standard_name("iso8859-2")
    ('windows-1251', 'euc-kr', 'iso-8859-2')
    """
    name = re.sub(r"^cp(125\d)$", r"windows-\1", codec).replace("iso8859-", "iso-8859-")
    return STANDARD_NAMES.get(codec, name)


def _is_multibyte_utf8(body: bytes) -> bool:
    if body.isascii():
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as exc:
        # A page that the crawler cut may end inside a character.
        return exc.start >= len(body) - 3 and not body[: exc.start].isascii()
    return True


def _try(body: bytes, charset: str, strict: bool) -> str | None:
    """The text, or None when the encoding does not fit the bytes."""
    text = body.decode(charset, "replace")
    errors = text.count("\ufffd")
    beyond_ascii = len(body.translate(None, ASCII))
    tolerated = TOLERATED_ERRORS * (beyond_ascii if strict else len(body))
    if charset == "utf-8":
        # Bytes that are not UTF-8 hardly ever form valid sequences: where most do, the page is UTF-8 with damage.
        sound = len(BEYOND_ASCII.findall(text))
        tolerated = max(tolerated, TOLERATED_IN_UTF8 * sound)
    if errors > max(1, tolerated):
        return None
    if len(BINARY.findall(text, 0, 1 << 16)) > TOLERATED_BINARY * min(len(text), 1 << 16):
        return None
    return text
