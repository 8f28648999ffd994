"""Decoding: each way a page can name its encoding, and each way it can lie."""

import pytest

from pipeline.reading.charset import UndecodableError, decode

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
    "utf-16-le": "Vilnius yra Lietuvos sostinė.",
    "utf-8": "Αθήνα, η πρωτεύουσα της Ελλάδας.",
}
PYTHON = {"windows-874": "cp874", "windows-1256": "cp1256"}


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
    ("mark", "charset"), [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]
)
def test_a_byte_order_mark_outweighs_the_header(mark, charset):
    decoded = decode(mark + "žluťoučký kůň".encode(charset), "iso-8859-1")
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
