"""Decoding: each way a page can name its encoding, and each way it can lie."""

import re

import pytest
from ftfy.badness import badness
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.reading.charset import UndecodableError, decode
from pipeline.reading.charset_codecs import encodings, find_encoding
from pipeline.reading.charset_prescan import declared_in_page
from pipeline.reading.http import decode_body, header_charset
from pipeline.reading.sources import InputFile, Split
from pipeline.reading.warc import Response, SplitReader

TEXTS = {
    "windows-1251": "Москва — столица России, крупнейший по численности населения город страны.",
    "shift_jis": "東京は日本の首都であり、世界でも最大級の都市のひとつである。",
    "euc-jp": "東京は日本の首都であり、世界でも最大級の都市のひとつである。",
    "euc-kr": "서울은 대한민국의 수도이자 최대 도시이며 한강을 끼고 있다.",
    "big5": "臺北是一座歷史悠久的城市,每年吸引許多遊客前來參觀。",
    "gb18030": "北京是一座历史悠久的城市，每年吸引许多游客前来参观。",
    "windows-874": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
    "windows-1256": "القاهرة عاصمة مصر وأكبر مدنها من حيث عدد السكان.",
    "iso-8859-2": "Łódź jest jednym z największych miast w Polsce.",
    "koi8-r": "Москва, столица России, крупнейший город страны.",
    "windows-1252": "“Straßen” in München – schön …",
    "utf-16le": "Vilnius yra Lietuvos sostinė.",
    "utf-8": "Αθήνα, η πρωτεύουσα της Ελλάδας.",
}
PYTHON = {"utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "windows-874": "cp874", "windows-1256": "cp1256"}


def page(text: str, meta: str = "") -> str:
    return f"<html><head>{meta}<title>t</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize("charset", TEXTS)
def test_the_header_names_the_encoding(charset):
    text = page(TEXTS[charset])
    decoded = decode(text.encode(PYTHON.get(charset, charset)), charset)
    assert (decoded.text, decoded.charset, decoded.source) == (text, charset, "header")


@pytest.mark.parametrize("charset", [c for c in TEXTS if not c.startswith("utf-16")])
@pytest.mark.parametrize(
    "form", ['<meta charset="{}">', "<meta http-equiv=Content-Type content='text/html; charset={}'>"]
)
def test_a_meta_element_names_the_encoding(charset, form):
    text = page(TEXTS[charset], form.format(charset))
    decoded = decode(text.encode(PYTHON.get(charset, charset)), None)
    assert (decoded.text, decoded.charset, decoded.source) == (text, charset, "meta")


@pytest.mark.parametrize(
    "charset", ["windows-1251", "shift_jis", "euc-kr", "big5", "gb18030", "windows-874", "windows-1256"]
)
def test_without_a_name_the_bytes_tell(charset):
    text = page(TEXTS[charset] * 4)
    decoded = decode(text.encode(PYTHON.get(charset, charset)), None)
    assert (decoded.text, decoded.source) == (text, "detector")


@pytest.mark.parametrize(
    ("mark", "charset"), [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be")]
)
def test_a_byte_order_mark_outweighs_the_header(mark, charset):
    decoded = decode(mark + "žluťoučký kůň".encode(PYTHON.get(charset, charset)), "iso-8859-1")
    assert (decoded.text, decoded.charset, decoded.source) == ("žluťoučký kůň", charset, "bom")


def test_latin1_means_windows_1252():
    decoded = decode(b"<p>\x93quoted\x94 \x96 caf\xe9", "ISO-8859-1")
    assert (decoded.text, decoded.charset) == ("<p>“quoted” – café", "windows-1252")


def test_valid_utf8_outweighs_a_single_byte_header():
    decoded = decode(page("Größe, façade").encode(), "iso-8859-1")
    assert ("Größe, façade" in decoded.text, decoded.source) == (True, "valid-utf8")


def test_a_header_that_the_bytes_contradict_is_passed_over():
    text = page(TEXTS["windows-1251"], '<meta charset="windows-1251">')
    assert decode(text.encode("windows-1251"), "utf-8").text == text


def test_a_few_broken_bytes_do_not_change_the_encoding():
    body = page(TEXTS["utf-8"] * 20).encode() + b"<p>cut \xce"
    decoded = decode(body, "utf-8")
    assert (decoded.charset, decoded.text.count("\ufffd")) == ("utf-8", 1)


def test_broken_bytes_in_a_mostly_ascii_page_do_not_make_it_japanese():
    body = ("It’s a nice day and we’re happy. " * 8).encode() + b"\xff \xfe"
    assert decode(body, "utf-8").charset == "utf-8"
    assert decode(page(TEXTS["windows-1252"] * 3).encode("cp1252"), "utf-8").charset == "windows-1252"


def test_unknown_labels_are_ignored():
    assert decode(page("naïve").encode(), "klingon").text == page("naïve")


def test_binary_is_not_text():
    with pytest.raises(UndecodableError):
        decode(bytes(range(32)) * 200, "utf-8")


@pytest.mark.parametrize(
    ("head", "charset"),
    [
        ('<meta charset="iso-8859-5">', "iso-8859-5"),
        ("<META CHARSET = windows-1251 >", "windows-1251"),
        ("<meta/charset='koi8-r'/>", "koi8-r"),
        ('<meta name=x charset=big5 charset="euc-kr">', "big5"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=x-sjis">', "shift_jis"),
        ("<meta content='text/html;charset=\"euc-jp\"' http-equiv=content-type>", "euc-jp"),
        ('<!-- <meta charset="big5"> --><meta charset="tis-620">', "windows-874"),
        ('<!--><meta charset="latin2">', "iso-8859-2"),
        ('<a title=\'<meta charset="big5">\'><meta charset="greek">', "iso-8859-7"),
        ("<? <meta > ><meta charset=l9>", "iso-8859-15"),
        ('<?xml version="1.0" encoding="ISO-8859-2"?><html>', "iso-8859-2"),
        ("<?xml version='1.0' encoding='KOI8-U' ?>\n<!DOCTYPE html>", "koi8-u"),
        ('<?xml version="1.0" encoding="big5"?><meta charset="gb2312">', "gbk"),
        ('<meta charset="klingon"><meta charset="hebrew">', "iso-8859-8"),
        ("<meta charset=logical>", "iso-8859-8-i"),
        ('<meta charset="utf-16">', "utf-8"),
        ('<?xml version="1.0" encoding="UTF-16LE"?>', "utf-8"),
        ('<meta charset="x-user-defined">', "windows-1252"),
        ("<meta charset='hz-gb-2312'>", "hz-gb-2312"),
        (" " * 5000 + '<meta charset="windows-1257">', "windows-1257"),
    ],
)
def test_the_prescan_finds_what_browsers_find(head, charset):
    found = declared_in_page(head.encode("ascii"))
    assert found is not None
    assert found.name == charset


@pytest.mark.parametrize(
    "head",
    [
        "",
        "<",
        "<meta",
        "<meta charset",
        "<meta charset=",
        '<meta charset="big5',
        '<meta http-equiv="refresh" content="5; charset=big5">',
        '<meta content="text/html; charset=big5">',
        '<meta name="description" content="<meta charset=big5>">',
        "<metal charset=big5>",
        "<!-- <meta charset=big5>",
        "<?xml version='1.0'?>",
        "<p charset=big5>",
        "</meta charset=big5>",
        '<meta http-equiv=content-type content="charset=\'big5">',
    ],
)
def test_the_prescan_finds_nothing_where_nothing_is_named(head):
    assert declared_in_page(head.encode("ascii")) is None


def test_the_prescan_ends_soon_on_hostile_heads():
    for piece in (b"<meta ", b"<a b", b"<!--", b"<a b='", b"charset", b"<meta charset = ", b"= ", b"/ "):
        declared_in_page(piece * 100_000)


def test_every_label_of_the_standard_is_known():
    """Counts from the table in the encoding standard: 228 labels; 40 encodings, and two that it does not read."""
    assert len(encodings()) == 228
    assert len({encoding.name for encoding in encodings().values()}) == 42
    assert all(label == label.lower().strip() for label in encodings())
    for encoding in encodings().values():
        assert encoding.decode(b"") == ""
        if not encoding.name.startswith(("utf-16", "replacement")):
            assert encoding.decode(b"<p>") == "<p>"


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("windows-1252", "81 8d 80", "\x81\x8d€"),
        ("koi8-u", "ae be", "ўЎ"),
        ("windows-1255", "ca", "\u05ba"),
        ("iso-8859-7", "ae d2 c1", "\ufffd\ufffdΑ"),
        ("macintosh", "db", "€"),
        ("x-mac-cyrillic", "a2 ff", "Ґ€"),
        ("euc-jp", "ada1 adea fce2", "①㈱髙"),
        ("euc-jp", "a1c1 8ea1 8fb0a1", "～｡丂"),
        ("iso-2022-jp", "1b2442 2d21 2422 1b2842 62", "①あb"),
        ("shift_jis", "8740 818a 5c", "①♀\\"),
        ("gbk", "80 c4e3", "€你"),
        ("gb18030", "81308130 a3a0", "\x80\u3000"),
        ("big5", "a145 a1e3 8862 c6a1", "‧～Ê̄①"),
        ("euc-kr", "8141 c8fe b0a1", "갂힝가"),
        ("x-user-defined", "41 80 ff", "A\uf780\uf7ff"),
        ("hz-gb-2312", "7e7b 4463 7e7d", "你"),
        ("iso-2022-cn", "41", "\ufffd"),
    ],
)
def test_bytes_are_read_as_browsers_read_them(label, data, text):
    encoding = find_encoding(label)
    assert encoding is not None
    assert encoding.decode(bytes.fromhex(data)) == text


@given(st.sampled_from(sorted(encodings())), st.binary(max_size=300))
def test_any_bytes_can_be_decoded_in_any_encoding(label, data):
    encodings()[label].decode(data).encode("utf-8", "surrogatepass")


@given(st.binary(max_size=2000), st.one_of(st.none(), st.sampled_from(sorted(encodings())), st.text(max_size=12)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_decoded_or_refused(data, declared):
    try:
        decoded = decode(data, declared)
    except UndecodableError:
        return
    assert decoded.charset
    assert decoded.source in {"bom", "header", "meta", "valid-utf8", "detector"}


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["web", "docs", "udhr"])
def test_no_real_page_is_lost_or_garbled(realdata, name):
    """A page in a legacy encoding gives its own bytes back when it is encoded again, and none looks like mojibake."""
    path = realdata / "warc" / f"{name}.warc.gz"
    size = path.stat().st_size
    pages = 0
    for response in SplitReader(Split(0, InputFile(str(path), size, ""), 0, size), 16_000_000):
        assert isinstance(response, Response)
        body = decode_body(response.payload, response.headers, 16_000_000)
        decoded = decode(body, header_charset(response.headers))
        pages += 1
        text = re.sub("<[^>]*>", "", decoded.text)[:10_000]
        if decoded.charset != "utf-8":
            encoding = find_encoding(decoded.charset)
            assert decoded.text.encode(encoding.codec) == body, response.url
        # Kikongo writes what ftfy takes for mojibake: .005 of its text.
        assert badness(text) <= max(10, 0.01 * len(text)), response.url
        assert decoded.text.count("\ufffd") - body.count("\ufffd".encode()) <= 4, response.url
    assert pages == {"web": 516, "docs": 2287, "udhr": 522}[name]
