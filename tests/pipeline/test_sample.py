"""The sample WARC: the committed file is what the script writes, and every hard case is really on the wire."""

import codecs
import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import regex
import trafilatura
from pydantic import ValidationError
from warcio.archiveiterator import ArchiveIterator

from filters.words import split_words
from pipeline.sample.build import SAMPLE, exchanges, main, write_sample
from pipeline.sample.content import Copy, Page, copied, read_menus, read_page, read_pages

RESERVED = re.compile(r"(^|\.)example(\.(com|net|org))?$")
SCRIPT_OF_CODE = {
    "Arab": "Arabic",
    "Armn": "Armenian",
    "Beng": "Bengali",
    "Cyrl": "Cyrillic",
    "Deva": "Devanagari",
    "Ethi": "Ethiopic",
    "Geor": "Georgian",
    "Grek": "Greek",
    "Gujr": "Gujarati",
    "Guru": "Gurmukhi",
    "Hang": "Hangul",
    "Hani": "Han",
    "Hebr": "Hebrew",
    "Jpan": "Hiragana",
    "Khmr": "Khmer",
    "Knda": "Kannada",
    "Laoo": "Lao",
    "Latn": "Latin",
    "Mlym": "Malayalam",
    "Taml": "Tamil",
    "Telu": "Telugu",
    "Thai": "Thai",
}
SCRIPTS = sorted(SCRIPT_OF_CODE.values())
PIECE = 30  # characters
DEPENDS_ON_ZLIB = {"WARC-Payload-Digest", "WARC-Block-Digest", "Content-Length"}


class Record:
    """One record of the file, read completely: `raw` as stored, `content` after transfer and content coding."""

    def __init__(self, record) -> None:
        self.kind = record.rec_type
        self.headers = dict(record.rec_headers.headers)
        self.http = dict(record.http_headers.headers) if record.http_headers else {}
        self.status = record.http_headers.statusline if record.http_headers else ""
        self.url = self.headers.get("WARC-Target-URI", "")
        self.raw = record.raw_stream.read()


def read(path: Path) -> Iterator[Record]:
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream):
            yield Record(record)


def comparable(path: Path) -> list[tuple]:
    """Records with their payload decoded: the bytes of a gzip body, its length and digests vary with zlib."""
    rows = []
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream):
            http = list(record.http_headers.headers) if record.http_headers else []
            headers = list(record.rec_headers.headers)
            if ("Content-Encoding", "gzip") in http:
                headers = [(key, value) for key, value in headers if key not in DEPENDS_ON_ZLIB]
                http = [(key, value) for key, value in http if key not in DEPENDS_ON_ZLIB]
            rows.append((headers, http, record.content_stream().read()))
    return rows


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(read(SAMPLE))


@pytest.fixture(scope="module")
def responses(records) -> dict[str, Record]:
    return {record.url: record for record in records if record.kind == "response"}


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    return read_pages()


@pytest.fixture(scope="module")
def good(pages) -> list[Page]:
    return [page for page in pages if page.good]


def prose(page: Page) -> list[str]:
    """The article's paragraphs without markup, white space made single."""
    lines = [line for kind, lines in page.blocks if kind != "html" for line in lines]
    return [" ".join(re.sub(r"<[^>]+>", "", line).split()) for line in lines]


def scripts_of(text: str) -> Counter[str]:
    return Counter({name: len(regex.findall(rf"\p{{Script={name}}}", text)) for name in SCRIPTS})


def named(responses: dict[str, Record], part: str) -> Record:
    found = [record for url, record in responses.items() if part in url]
    assert len(found) == 1, f"{part}: {len(found)} responses"
    return found[0]


def is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class TestFile:
    def test_committed_sample_is_what_the_script_writes(self, tmp_path):
        main([str(tmp_path / SAMPLE.name)])
        assert comparable(tmp_path / SAMPLE.name) == comparable(SAMPLE)

    def test_two_builds_are_byte_identical(self, tmp_path):
        first, second = tmp_path / "first.warc.gz", tmp_path / "second.warc.gz"
        write_sample(first)
        write_sample(second)
        assert first.read_bytes() == second.read_bytes()

    def test_every_record_is_a_gzip_member_of_its_own(self, records):
        members, rest = 0, SAMPLE.read_bytes()
        while rest:
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            assert member.decompress(rest).startswith(b"WARC/1.0\r\n")
            assert rest[4:8] == b"\0\0\0\0", "a time in the gzip header"
            members, rest = members + 1, member.unused_data
        assert members == len(records)

    def test_records_come_as_in_common_crawl(self, records):
        assert records[0].kind == "warcinfo"
        info = records[0].headers["WARC-Record-ID"]
        for position in range(1, len(records), 3):
            request, answer, metadata = records[position : position + 3]
            assert (request.kind, metadata.kind) == ("request", "metadata")
            assert answer.kind in {"response", "revisit"}
            assert request.url == answer.url == metadata.url
            assert answer.headers["WARC-Concurrent-To"] == request.headers["WARC-Record-ID"]
            assert metadata.headers["WARC-Concurrent-To"] == answer.headers["WARC-Record-ID"]
            assert {record.headers["WARC-Warcinfo-ID"] for record in (request, answer, metadata)} == {info}

    def test_ids_and_addresses_are_unique_and_hosts_reserved(self, records, responses):
        ids = [record.headers["WARC-Record-ID"] for record in records]
        assert len(set(ids)) == len(ids)
        answers = [record for record in records if record.kind in {"response", "revisit"}]
        assert len({record.url for record in answers}) == len(answers) == len(exchanges())
        assert all(RESERVED.search(urlsplit(url).netloc) for url in responses)
        assert all(url.isascii() for url in responses)


class TestContent:
    def test_counts(self, good):
        written = [page for page in good if page.copy_of is None]
        assert len(written) >= 75
        assert len({page.language for page in written}) >= 45
        several = Counter(page.language for page in written)
        assert all(several[language] >= 4 for language in ("eng_Latn", "deu_Latn", "fra_Latn", "spa_Latn"))

    def test_scripts_measured_from_the_text(self, good):
        dominant = {scripts_of(" ".join(prose(page))).most_common(1)[0][0] for page in good}
        assert len(dominant) >= 18, sorted(dominant)

    def test_label_agrees_with_the_letters(self, good):
        for page in good:
            letters = scripts_of(" ".join(prose(page)))
            script = SCRIPT_OF_CODE[page.language.partition("_")[2]]
            share = letters[script] + (letters["Han"] if script == "Hiragana" else 0)
            assert share >= 0.97 * letters.total(), page.url

    def test_no_text_is_repeated_between_written_pages(self, pages):
        paragraphs = Counter(line for page in pages if page.copy_of is None for line in set(prose(page)))
        assert [line for line, count in paragraphs.items() if count > 1] == []

    def test_every_menu_is_used(self, pages):
        assert {page.language for page in pages} == set(read_menus())

    def test_precise_extraction_keeps_the_prose_and_drops_the_site(self, good, responses):
        menus = read_menus()
        with SAMPLE.open("rb") as stream:
            bodies = {
                record.rec_headers["WARC-Target-URI"]: record.content_stream().read()
                for record in ArchiveIterator(stream)
                if record.rec_type == "response"
            }
        for page in good:
            codec = "utf-16" if page.wire.encoding == "utf-16-le" else page.wire.encoding
            html = bodies[page.url].decode(codec, errors="replace")
            text = " ".join((trafilatura.extract(html, favor_precision=True, include_comments=False) or "").split())
            # trafilatura drops zero-width characters, on which Persian spelling depends
            wanted = " ".join(prose(page)).replace("\u200c", "")
            pieces = [wanted[start : start + PIECE] for start in range(0, len(wanted), PIECE)]
            assert sum(piece in text for piece in pieces) >= 0.9 * len(pieces), page.url
            words = [word for word in split_words(text, page.language) if any(map(str.isalnum, word))]
            assert len(words) >= 100, page.url
            assert menus[page.language].cookies not in text, page.url
            assert menus[page.language].rights not in text, page.url


class TestCharsets:
    """Bytes on the wire, against what the header and the meta element say."""

    @pytest.mark.parametrize(
        ("part", "codec", "header", "meta", "phrase"),
        [
            ("staraya-pristan", "windows-1251", "text/html", None, "Река ушла от пристани"),
            ("daidokoro", "shift_jis", "text/html", "Shift_JIS", "祖母は決まって"),
            ("romendensha", "euc_jp", "text/html", "euc-jp", "終電が車庫に"),
            ("heimatverein.example.org/chronik/leinpfad", "cp1252", "text/html; charset=ISO-8859-1", None, "90 €"),
            ("laojie", "gb18030", "text/html; charset=gb2312", "gb2312", "石磨慢吞吞地转"),
            ("harbourlight", "big5", "text/html; charset=big5", "big5", "最後一班渡輪"),
            ("jangdok", "euc_kr", "text/html; charset=euc-kr", "euc-kr", "메주를 쑨다"),
            ("zaytoun", "windows-1256", "text/html", "windows-1256", "المعصرة نفسها"),
            ("rimnam", "cp874", "text/html; charset=TIS-620", "windows-874", "ตลาดน้ำ"),
            ("shvilim", "windows-1255", "text/html; charset=windows-1255", None, "המעיין"),
            ("nisiotika", "iso-8859-7", "text/html; charset=iso-8859-7", "iso-8859-7", "Το κυδώνι"),
            ("lenapolana", "iso-8859-2", "text/html", "iso-8859-2", "Moja babcia nawlekała"),
            ("anadolumutfagi", "iso-8859-9", "text/html; charset=windows-1254", "iso-8859-9", "Mayalanma bitince"),
        ],
    )
    def test_legacy_charset(self, responses, part, codec, header, meta, phrase):
        record = named(responses, part)
        assert not is_utf8(record.raw)
        assert record.http["Content-Type"] == header
        assert phrase in record.raw.decode(codec)
        declared = re.search(rb"charset=[\"']?([\w-]+)", record.raw)
        assert (declared and declared[1].decode()) == meta

    def test_windows_quotes_and_euro_under_a_latin1_header(self, responses):
        record = named(responses, "heimatverein.example.org/chronik/leinpfad")
        assert {0x80, 0x84, 0x93} <= set(record.raw)

    def test_utf8_with_bom_under_a_latin1_header(self, responses):
        record = named(responses, "ciel-de-poche")
        assert record.raw.startswith(codecs.BOM_UTF8)
        assert record.http["Content-Type"] == "text/html; charset=ISO-8859-1"
        assert "étoile Polaire" in record.raw.decode("utf-8-sig")

    def test_utf16_with_bom(self, responses):
        record = named(responses, "vyletnik")
        assert record.raw.startswith(codecs.BOM_UTF16_LE)
        assert "rozhledna" in record.raw.decode("utf-16")

    def test_no_content_type(self, responses):
        assert "Content-Type" not in named(responses, "huertaviva").http

    def test_one_byte_of_a_sequence_is_missing(self, responses):
        content = named(responses, "technikmuseum").raw
        assert not is_utf8(content)
        assert content.decode("utf-8", errors="replace").count("\ufffd") == 1

    def test_page_cut_within_a_character(self, responses):
        record = named(responses, "chaupal")
        assert record.headers["WARC-Truncated"] == "length"
        assert b"</html>" not in record.raw
        with pytest.raises(UnicodeDecodeError, match="unexpected end of data"):
            record.raw.decode("utf-8")


class TestCodings:
    def test_gzip_left_in_place(self, responses):
        record = named(responses, "remesla")
        assert record.http["Content-Encoding"] == "gzip"
        assert "indigom" in gzip.decompress(record.raw).decode("utf-8")

    def test_chunks_left_in_place(self):
        with SAMPLE.open("rb") as stream:
            for record in ArchiveIterator(stream, no_record_parse=True):
                if record.rec_type == "response" and "kamra" in record.rec_headers["WARC-Target-URI"]:
                    head, _, body = record.raw_stream.read().partition(b"\r\n\r\n")
                    break
        assert b"Transfer-Encoding: chunked" in head
        assert re.match(rb"[0-9a-f]+\r\n<", body)
        assert body.endswith(b"\r\n0\r\n\r\n")


class TestKinds:
    def test_copies_word_for_word(self, pages):
        bodies = Counter(page.body for page in pages)
        assert sum(count - 1 for count in bodies.values()) >= 5

    def test_three_variants_of_one_report(self, pages):
        variants = {page.body for page in pages if page.copy_of == "eng-bridge-works"}
        assert len(variants) == 3

    @pytest.mark.parametrize(
        ("part", "pattern"),
        [
            ("/VIAGRA/", r"vouchers"),
            ("cheap-viagra-casino", r"welcome bonus"),
            ("lingerie-topless-outlet.example/webcam", r"soft tape"),
            ("ring-buffer", r"static inline bool ring_put"),
            ("theme-preview", r"Lorem ipsum dolor sit amet"),
            ("zweiufer", r"Jeden ersten Sonntag.*Every first Sunday"),
            ("thelowerdeck", r'<meta name="robots" content="noai, noimageai">'),
            ("choir.example.org", r"bettina\.crowe@example\.org.*01632 960 147"),
            ("imkerverein", r"celik@example\.org"),
            ("pwani", r'<html lang="en-US"'),
            ("branchline", r"<i>Four hundred[^<]*</h1></i>.*</body></body>"),
            ("app-shell", r'<body><div id="root"></div></body>'),
        ],
    )
    def test_page_holds(self, responses, part, pattern):
        record = named(responses, part)
        codec = "cp1252" if part == "branchline" else "utf-8"
        assert re.search(pattern, record.raw.decode(codec), flags=re.DOTALL)

    @pytest.mark.parametrize(
        ("part", "phrase", "times"),
        [
            ("discount-sunglasses", "cheap sunglasses", 30),
            ("ofertas-relampago", "Pulse aquí", 5),
            ("linkhub", "<li>", 14),
        ],
    )
    def test_page_repeats(self, responses, part, phrase, times):
        assert named(responses, part).raw.decode("utf-8").count(phrase) >= times

    def test_very_short_page(self, pages):
        page = next(page for page in pages if "dorfladen" in page.url)
        assert 0 < len(page.body.split()) < 12

    def test_opt_out_in_the_header(self, responses):
        assert named(responses, "gazette-des-toits").http["X-Robots-Tag"] == "noai, noimageai"

    def test_xhtml_is_html_too(self, responses):
        assert named(responses, "podezelje").http["Content-Type"] == "application/xhtml+xml; charset=utf-8"

    @pytest.mark.parametrize("status", ["200", "301", "404", "503"])
    def test_statuses(self, responses, status):
        assert any(record.status.startswith(status) for record in responses.values())

    def test_redirect_names_a_page_of_the_sample(self, responses):
        (redirect,) = (record for record in responses.values() if record.status.startswith("301"))
        assert redirect.http["Location"] in responses

    def test_media_that_are_no_html(self, responses):
        assert named(responses, ".gif").raw.startswith(b"GIF89a")
        assert named(responses, ".pdf").raw.startswith(b"%PDF-")
        assert json.loads(named(responses, "/api/tides").raw)["station"] == 7
        assert named(responses, "robots.txt").http["Content-Type"] == "text/plain"

    def test_empty_body(self, responses):
        assert named(responses, "galleria-vuota").raw == b""

    def test_revisit(self, records):
        (revisit,) = (record for record in records if record.kind == "revisit")
        assert revisit.status.startswith("304")
        assert revisit.raw == b""


class TestMistakes:
    def test_unknown_key_in_a_page_is_refused(self, tmp_path):
        path = tmp_path / "page.md"
        path.write_text(
            "---\nurl: https://a.example/\nlanguage: deu_Latn\nsite: A\ntitle: B\nencodign: x\n---\nText.\n"
        )
        with pytest.raises(ValidationError, match="encodign"):
            read_page(path)

    def test_copy_must_find_what_it_replaces(self, good):
        with pytest.raises(ValueError, match="which is not in it"):
            copied(good[0], Copy(of="somewhere", replace={"words that are nowhere": "other words"}))
