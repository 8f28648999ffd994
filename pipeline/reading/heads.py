"""The head of a record: its fields, where its block begins, and how long it is; of WARC and of ARC files."""

import re
from functools import cache
from typing import NamedTuple, Protocol

Bytes = bytes | bytearray

WARC_START = b"WARC/"
# Longer than any sound head: addresses of 100 kB exist.
HEADER_LIMIT = 1 << 18
HEADER_END = re.compile(rb"\r?\n\r?\n")
FOLDED = re.compile(rb"\r?\n[ \t]+")
FOLDS = (b" ", b"\t")
LONGEST_NUMBER = 15
# Names of fields, as they are searched in a head.
WARC_TYPE, RECORD_ID, TARGET_URI = b"\nWARC-Type:", b"\nWARC-Record-ID:", b"\nWARC-Target-URI:"
DATE, PAYLOAD_DIGEST = b"\nWARC-Date:", b"\nWARC-Payload-Digest:"
CONTENT_TYPE, CONTENT_LENGTH = b"\nContent-Type:", b"\nContent-Length:"
# The only block of a conversion record that is text, as in Common Crawl's WET files; others are images and the like.
TEXT_TYPE = b"text/plain"

ARC_START = b"filedesc://"
ARC_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*:[^\r\n]*\r?\n")
ARC_DATE = re.compile(rb"[0-9]{8,17}")
ARC_ADDRESS = re.compile(rb"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*|-")


class RecordHead(NamedTuple):
    """A record's head as text of WARC fields, its length in bytes, and what it declares.

    `kind` is the record's type in lower case, empty where the head has none; `content_length` the block's length in
    bytes, None where it is missing or senseless. Fields are looked up in the text, since most are never asked for.
    """

    text: bytes
    length: int
    kind: str
    content_length: int | None

    def get(self, name: bytes) -> str | None:
        """A field's value, None where the head lacks it; see `field_of`."""
        value = field_of(self.text, name)
        return None if value is None else value.decode("utf-8", "replace")

    @property
    def is_read(self) -> bool:
        """Whether the record is one that may become a document: a response, or a conversion to plain text."""
        if self.kind != "conversion":
            return self.kind == "response"
        return (field_of(self.text, CONTENT_TYPE) or b"").lower().startswith(TEXT_TYPE)


def field_of(text: bytes, name: bytes) -> bytes | None:
    """A field of a head, by one of the names above; None where the head lacks it; of several the last.

    Spellings that differ in case, or have blanks before the colon, are searched only where the usual one is missing.

    >>> field_of(b"WARC/1.0\\r\\nWARC-Type: request", WARC_TYPE), field_of(b"WARC/1.0\\nWARC-date :a\\n b", DATE)
    (b'request', b'a b')
    """
    begin = text.rfind(name)
    if begin >= 0:
        begin += len(name)
    else:
        begin = max((found.end() for found in _any_spelling(name).finditer(text)), default=-1)
        if begin < 0:
            return None
    end = text.find(b"\n", begin)
    if end < 0:
        return text[begin:].strip()
    if not text.startswith(FOLDS, end + 1):
        return text[begin:end].strip()
    # A value goes on in lines that begin with a blank (RFC 822, as ISO 28500 has it).
    while end >= 0 and text.startswith(FOLDS, end + 1):
        end = text.find(b"\n", end + 1)
    return FOLDED.sub(b" ", text[begin : end if end >= 0 else len(text)].strip())


@cache
def _any_spelling(name: bytes) -> re.Pattern[bytes]:
    return re.compile(re.escape(name[:-1]) + rb"[ \t]*:", re.I)


def head_of(text: bytes, length: int) -> RecordHead:
    """A head from its text, each field on a line of its own after the first line, and its length in bytes."""
    size = field_of(text, CONTENT_LENGTH)
    kind = field_of(text, WARC_TYPE)
    return RecordHead(
        text,
        length,
        kind.lower().decode("latin-1") if kind else "",
        int(size) if size and len(size) <= LONGEST_NUMBER and size.isdigit() else None,
    )


def find_head_end(text: Bytes, start: int, stop: int) -> tuple[int, int] | None:
    """Where a head ends and where its body begins: around the first empty line of `text[start:stop]`.

    Most heads end in two pairs of CR and LF; only where bare line feeds stand before them is the slow search needed.

    >>> find_head_end(b"A: b\\r\\n\\r\\nbody", 0, 12), find_head_end(b"A: b\\n\\nbody\\r\\n\\r\\n", 0, 14)
    ((4, 8), (4, 6))
    """
    end = text.find(b"\r\n\r\n", start, stop)
    if end >= 0 and text.count(b"\n", start, end) == text.count(b"\r\n", start, end):
        return end, end + 4
    found = HEADER_END.search(text, start, stop)
    return found.span() if found else None


class ParseHead(Protocol):
    """Parses the head of a record."""

    def __call__(self, text: Bytes, start: int = 0) -> RecordHead | None:
        """The head at a place of some bytes; None when none stands there."""


def parse_warc_head(text: Bytes, start: int = 0) -> RecordHead | None:
    """The head of a WARC record (ISO 28500, 1.0 and 1.1), as far as it stands there.

    >>> parse_warc_head(b"WARC/1.0\\r\\nWARC-Type: response\\r\\nContent-Length: 7\\r\\n\\r\\nHTTP/1.").content_length
    7
    """
    if not text.startswith(WARC_START, start):
        return None
    stop = min(len(text), start + HEADER_LIMIT)
    end, behind = find_head_end(text, start, stop) or (stop, stop)
    head = bytes(text[start:end])
    return head_of(head, behind - start) if b":" in head else None


def parse_arc_head(text: Bytes, start: int = 0) -> RecordHead | None:
    """The head line of an ARC record, of version 1 (5 values) or 2 (10 values), as the fields of a WARC record.

    Addresses and media types may hold spaces, so the place of the IP address and the date beside each other decides.

    >>> parse_arc_head(b"http://a.example/ 192.0.2.1 20120101000000 text/html 24\\nHTTP/1.1").get(DATE)
    '2012-01-01T00:00:00Z'
    """
    line = ARC_LINE.match(text, start, start + HEADER_LIMIT)
    values = line.group().split() if line else []
    for place in range(1, len(values) - 2):
        if ARC_DATE.fullmatch(values[place + 1]) and ARC_ADDRESS.fullmatch(values[place]):
            break
    else:
        return None
    if line is None or not values[-1].isdigit():
        return None
    fields = (
        (WARC_TYPE, b"warcinfo" if values[0].startswith(ARC_START) else b"response"),
        (TARGET_URI, b" ".join(values[:place])),
        (DATE, _iso_date(values[place + 1])),
        (CONTENT_TYPE, values[place + 2] if place + 2 < len(values) - 1 else b""),
        (CONTENT_LENGTH, values[-1]),
    )
    return head_of(b"".join(name + value for name, value in fields), line.end() - start)


def _iso_date(digits: bytes) -> bytes:
    """A date of 14 digits as WARC-Date writes it; others as they are."""
    if len(digits) != 14:
        return digits
    year, *rest = digits[:4], *(digits[at : at + 2] for at in range(4, 14, 2))
    return b"%b-%b-%bT%b:%b:%bZ" % (year, *rest)


def parse_head(text: Bytes, start: int = 0) -> RecordHead | None:
    """The head of a record of either kind."""
    return parse_warc_head(text, start) or parse_arc_head(text, start)
