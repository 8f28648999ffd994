"""The encodings of the web: their labels, and bytes to characters as browsers read them.

Labels and indexes are those of https://encoding.spec.whatwg.org. Python's codecs hold nearly the same characters; what
differs is mended here. Three labels that browsers refuse, because scripts could hide in them, are read all the same: a
corpus runs no scripts (hz-gb-2312, iso-2022-kr).
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LABELS = Path(__file__).with_name("charset_labels.tsv")
WHITE_SPACE = "\t\n\x0c\r "
# Single bytes that Python's codecs read otherwise, or not at all. Bytes 80–9F without a character are C1 controls.
SINGLE_BYTES = {
    "koi8-u": {0xAE: "ў", 0xBE: "Ў"},  # Belarusian, as in KOI8-RU
    "cp1255": {0xCA: "\u05ba"},
}
# Python takes these for the characters of JIS and GB, browsers for those that Windows has in their place.
CHARACTERS = {
    "euc_jp": str.maketrans("〜‖−¢£¬", "～∥－￠￡￢"),
    "big5hkscs": str.maketrans("•､‾∼♁☉／＼¥¢£", "‧﹑¯～⊕⊙∕﹨￥￠￡"),
    "gb18030": str.maketrans("\ue5e5\ue7c7", "\u3000ḿ"),
}
CHARACTERS["iso2022_jp"] = CHARACTERS["euc_jp"]


@dataclass(frozen=True)
class Encoding:
    """An encoding by the name that the standard gives it, and the Python codec nearest to it; None: unreadable."""

    name: str
    codec: str | None

    def decode(self, body: bytes) -> str:
        """The characters, with U+FFFD for bytes that have none.

        >>> find_encoding("euc-jp").decode(bytes.fromhex("ada1 ade2"))
        '①№'
        """
        if self.codec is None:
            return "\ufffd" if body else ""
        table = _single_byte_table(self.codec)
        if table:
            return codecs.charmap_decode(body, "replace", table)[0]
        text = body.decode(self.codec, HANDLERS.get(self.codec, "replace"))
        return text.translate(CHARACTERS[self.codec]) if self.codec in CHARACTERS else text


@cache
def encodings() -> dict[str, Encoding]:
    """Encodings by label, in lower case: the 228 labels of the standard."""
    found: dict[str, Encoding] = {}
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        name, codec, labels = line.split("\t")
        found |= dict.fromkeys(labels.split(" "), Encoding(name, codec or None))
    return found


def find_encoding(label: str) -> Encoding | None:
    """The encoding of a label as pages write it, or None for a label that nobody knows ("get an encoding").

    >>> find_encoding(" ISO-8859-1 ").name, find_encoding("ks_c_5601-1987").name, find_encoding("klingon")
    ('windows-1252', 'euc-kr', None)
    """
    return encodings().get(label.strip(WHITE_SPACE).lower())


def encoding_of_codec(codec: str) -> Encoding:
    """The encoding that a detector means by the name of a Python codec, as pages in it would be read by browsers.

    >>> encoding_of_codec("cp1251").name, encoding_of_codec("cp949").name, encoding_of_codec("cp437").name
    ('windows-1251', 'euc-kr', 'cp437')
    """
    name = codec.lower().replace("_", "-")
    by_codec = {encoding.codec: encoding for encoding in reversed(encodings().values())}
    return by_codec.get(codec) or find_encoding(name) or Encoding(codec, codec)


@cache
def _single_byte_table(codec: str) -> str | None:
    """256 characters, U+FFFE for bytes without one; None for an encoding of several bytes a character."""
    if codec == "x-user-defined":
        return "".join(chr(byte if byte < 0x80 else 0xF700 + byte) for byte in range(256))
    if not (codec.startswith(("cp125", "iso8859", "koi8", "mac")) or codec in ("cp866", "cp874")):
        return None
    special = SINGLE_BYTES.get(codec, {})
    return "".join(special.get(byte) or _character(byte, codec) for byte in range(256))


def _character(byte: int, codec: str) -> str:
    found = bytes([byte]).decode(codec, "ignore")
    return found or (chr(byte) if 0x80 <= byte < 0xA0 else "\ufffe")


def _shift_jis_of(first: int, second: int) -> bytes:
    """The two bytes that a place of JIS X 0208 has in Shift_JIS, from those it has in EUC-JP."""
    row, cell = first - 0xA1, second - 0xA1
    lead, trail = row // 2, cell + 94 * (row % 2)
    return bytes([lead + (0x81 if lead < 0x1F else 0xC1), trail + (0x40 if trail < 0x3F else 0x41)])


def _pair_handler(read: Callable[[int, int], str]) -> Callable[[UnicodeError], tuple[str | bytes, int]]:
    """An error handler that tries to read the two bytes from the error on; U+FFFD where that gives nothing."""

    def handle(error: UnicodeError) -> tuple[str | bytes, int]:
        assert isinstance(error, UnicodeDecodeError)
        pair = error.object[error.start : error.start + 2]
        found = read(*pair) if len(pair) == 2 else ""
        return (found, error.start + 2) if found else codecs.replace_errors(error)

    return handle


def _read_japanese(first: int, second: int) -> str:
    """Characters of NEC and IBM beside JIS X 0208: ① ㈱ № Ⅳ 髙. In ISO-2022-JP the two bytes have no high bit."""
    if first < 0x80:
        first, second = first | 0x80, second | 0x80
    if not (0xA1 <= first <= 0xFE and 0xA1 <= second <= 0xFE):
        return ""
    return _shift_jis_of(first, second).decode("cp932", "ignore")


def _read_big5(first: int, second: int) -> str:
    """Signs of Big5 that the codec with the characters of Hong Kong lacks."""
    return bytes([first, second]).decode("cp950", "ignore") if first >= 0x81 and second >= 0x40 else ""


def _read_euro(error: UnicodeError) -> tuple[str | bytes, int]:
    """A lone byte 80 in GBK is the euro sign of Windows."""
    assert isinstance(error, UnicodeDecodeError)
    if error.object[error.start] == 0x80:
        return "€", error.start + 1
    return codecs.replace_errors(error)


HANDLERS = {"euc_jp": "web-japanese", "iso2022_jp": "web-japanese", "big5hkscs": "web-big5", "gb18030": "web-euro"}
codecs.register_error("web-japanese", _pair_handler(_read_japanese))
codecs.register_error("web-big5", _pair_handler(_read_big5))
codecs.register_error("web-euro", _read_euro)
