"""Every format that is read: WARC 1.0 and 1.1, ARC 1 and 2, WET; plain, gzip, zstd; warcio is the oracle."""

import gzip
import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from warcio.archiveiterator import ArchiveIterator

from pipeline.reading.sources import InputFile, Split, find_inputs, plan_splits
from pipeline.reading.warc import Damage, Response, SplitReader, read_record

LIMIT = 1 << 24
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
OK = HEAD + b"<p>"
PAGES = [(f"https://site{n}.example/{'path' * n}", OK + b"some words " * (5 + 3 * n)) for n in range(4)]
Pack = Callable[[list[bytes]], bytes]


def warc_record(kind: str, url: str, block: bytes, version: str = "1.0", media_type: str = "") -> bytes:
    media_type = media_type or f"application/http; msgtype={kind}"
    head = (
        f"WARC/{version}\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{url}>\r\nWARC-Target-URI: {url}\r\n"
        f"WARC-Date: 2026-10-01T00:00:00Z\r\nContent-Type: {media_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def warc_records(version: str = "1.0") -> list[bytes]:
    """A warcinfo record, then a request and a response a page."""
    records = [warc_record("warcinfo", "test.warc", b"software: tests\r\n", version, "application/warc-fields")]
    for url, block in PAGES:
        records.append(warc_record("request", url, b"GET / HTTP/1.1\r\n\r\n", version))
        records.append(warc_record("response", url, block, version))
    return records


def arc_records(version: int = 1) -> list[bytes]:
    """A version block, then a record a page, as the Internet Archive's description of the format has them."""
    names = b"URL IP-address Archive-date Content-type "
    names += b"Archive-length" if version == 1 else b"Result-code Checksum Location Offset Filename Archive-length"
    block = b"%d 0 Example\n%b\n" % (version, names)
    extra = b"" if version == 1 else b"200 - - 0 a.arc "
    records = [b"filedesc://a.arc 0.0.0.0 20120101000000 text/plain %b%d\n%b\n" % (extra, len(block), block)]
    for url, page in PAGES:
        head = b"%b 192.0.2.1 20120102030405 text/html %b%d\n" % (url.encode(), extra, len(page))
        records.append(head + page + b"\n")
    return records


def zstd_frames(records: list[bytes]) -> bytes:
    return b"".join(map(zstd.compress, records))


def with_dictionary(records: list[bytes], compress: bool) -> bytes:
    """As the IIPC's WARC-Zstd: the dictionary in a skippable frame, then a frame a record."""
    dictionary = zstd.train_dict(records * 20, 2000)
    content = zstd.compress(dictionary.dict_content) if compress else dictionary.dict_content
    frame = struct.pack("<II", 0x184D2A5D, len(content)) + content
    return frame + b"".join(zstd.compress(record, zstd_dict=dictionary) for record in records)


PACKS: dict[str, Pack] = {
    "plain": b"".join,
    "gzip": lambda records: b"".join(map(gzip.compress, records)),
    "zstd": zstd_frames,
    "zstd-dictionary": lambda records: with_dictionary(records, compress=False),
    "zstd-compressed-dictionary": lambda records: with_dictionary(records, compress=True),
    "zstd-seek-table": lambda records: zstd_frames(records) + struct.pack("<II", 0x184D2A5E, 9) + bytes(9),
    "whole-gzip": lambda records: gzip.compress(b"".join(records)),
    "whole-zstd": lambda records: zstd.compress(b"".join(records)),
    # Members of a fixed size, wherever records begin (bgzip).
    "blocked-gzip": lambda records: b"".join(
        gzip.compress(b"".join(records)[at : at + 300]) for at in range(0, len(b"".join(records)), 300)
    ),
    "blocked-zstd": lambda records: zstd_frames([b"".join(records)[:300], b"".join(records)[300:]]),
    "several-a-member": lambda records: gzip.compress(records[0]) + gzip.compress(b"".join(records[1:])),
}
KINDS: dict[str, list[bytes]] = {
    "warc-1.0": warc_records(),
    "warc-1.1": warc_records("1.1"),
    "arc-1": arc_records(),
    "arc-2": arc_records(2),
}


def read(path: Path, splits: list[Split] | None = None) -> list[Response | Damage]:
    """All items; checks that what is counted is what comes out, and that splits meet."""
    items: list[Response | Damage] = []
    meeting = None
    for split in splits or plan_splits(find_inputs([str(path)]), 1 << 40):
        reader = SplitReader(split, LIMIT)
        found = list(reader)
        assert reader.responses == sum(isinstance(item, Response) or item.response for item in found)
        assert meeting is None or meeting == reader.first_offset
        meeting = reader.next_offset
        items += found
    assert meeting == path.stat().st_size
    return items


def oracle(records: list[bytes]) -> list[tuple[str, bytes]]:
    """Address and payload of the responses by warcio, which reads plain records of both kinds."""
    names = {"warc": "WARC-Target-URI", "arc": "uri"}
    return [
        (record.rec_headers.get_header(names[record.format]), record.raw_stream.read())
        for record in ArchiveIterator(io.BytesIO(b"".join(records)))
        if record.rec_type == "response"
    ]


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_read_as_warcio_reads_it(tmp_path, kind, pack):
    path = tmp_path / "a.warc"
    path.write_bytes(PACKS[pack](KINDS[kind]))
    items = read(path)
    assert not [item for item in items if isinstance(item, Damage)]
    assert [(item.url, item.payload) for item in items] == [(url, page.removeprefix(HEAD)) for url, page in PAGES]
    # warcio knows no ARC of version 2.
    assert kind == "arc-2" or [(item.url, item.payload) for item in items] == oracle(KINDS[kind])
    assert {item.status for item in items} == {200}


@pytest.mark.parametrize("pack", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_read_from_its_offset_and_length_alone(tmp_path, kind, pack):
    path = tmp_path / "a.warc"
    path.write_bytes(PACKS[pack](KINDS[kind]))
    data = path.read_bytes()
    for item in read(path):
        assert read_record(data[item.offset : item.offset + item.length], item.offset, LIMIT) == item


def test_a_cut_range_is_a_damage():
    (data,) = [gzip.compress(record) for record in warc_records()[2:3]]
    found = read_record(data[:-20], 77, LIMIT)
    assert isinstance(found, Damage)
    assert (found.offset, found.reason, found.response) == (77, "cut_record", True)


def test_arc_dates_and_ids(tmp_path):
    path = tmp_path / "a.arc"
    path.write_bytes(b"".join(arc_records()))
    first = read(path)[0]
    assert (first.date, first.id, first.digest) == ("2012-01-02T03:04:05Z", None, None)


@pytest.mark.parametrize(
    "head",
    [
        b"http://a.example/a b 192.0.2.1 20120102030405 text/html %d\n",
        b"http://a.example/ 192.0.2.1 20120102030405 text/html; charset=utf-8 %d\n",
        b"http://a.example/ 2001:db8::1 20120102030405 text/html %d\r\n",
        b"http://a.example/ - 20120102030405 %d\n",
    ],
)
def test_odd_arc_heads(tmp_path, head):
    records = arc_records()
    records.insert(2, head % len(OK) + OK + b"\n")
    path = tmp_path / "a.arc"
    path.write_bytes(b"".join(records))
    items = read(path)
    assert len(items) == len(PAGES) + 1
    assert items[1].url.startswith("http://a.example/")


def test_what_is_no_http_in_an_arc_has_no_status(tmp_path):
    records = [*arc_records(), b"dns:a.example 192.0.2.1 20120102030405 text/dns 4\n1234\n"]
    path = tmp_path / "a.arc.gz"
    path.write_bytes(PACKS["gzip"](records))
    assert [(item.status, item.headers) for item in read(path)][-1] == (None, {"content-type": "text/dns"})


TEXT = "Ein Satz. Ένα κείμενο. 一段文字。\n".encode()


@pytest.mark.parametrize("pack", ["plain", "gzip", "zstd", "whole-gzip"])
def test_conversions_to_text_are_read(tmp_path, pack):
    """A WET file as Common Crawl writes it."""
    records = [
        warc_record("warcinfo", "a.wet", b"Software-Info: x\r\n", media_type="application/warc-fields"),
        *(warc_record("conversion", f"https://a{n}.example/", TEXT * n, media_type="text/plain") for n in range(3)),
    ]
    path = tmp_path / "a.wet"
    path.write_bytes(PACKS[pack](records))
    items = read(path)
    expected = [("conversion", None, TEXT * n) for n in range(3)]
    assert [(item.kind, item.status, item.payload) for item in items] == expected
    assert [item.url for item in items] == [f"https://a{n}.example/" for n in range(3)]


def test_other_kinds_are_counted_and_not_read(tmp_path):
    records = [
        warc_record("metadata", "https://a.example/", b"{}", media_type="application/json"),
        warc_record("conversion", "https://a.example/", b"\x89PNG", media_type="image/png"),
        warc_record("revisit", "https://a.example/", OK),
        warc_record("invented", "https://a.example/", OK),
        *warc_records(),
    ]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(PACKS["gzip"](records))
    (split,) = plan_splits(find_inputs([str(path)]), 1 << 40)
    reader = SplitReader(split, LIMIT)
    assert len(list(reader)) == reader.responses == len(PAGES)
    assert reader.kinds == {
        **dict.fromkeys(["metadata", "conversion", "revisit", "other", "warcinfo"], 1),
        **dict.fromkeys(["request", "response"], len(PAGES)),
    }


@pytest.mark.parametrize("pack", ["gzip", "zstd", "zstd-dictionary"])
@pytest.mark.parametrize("lost", [0, 3, 6])
def test_a_damaged_member_costs_itself(tmp_path, pack, lost):
    """Bytes overwritten in one response's member: the others are read, and the place is named."""
    path = tmp_path / "a.warc"
    path.write_bytes(PACKS[pack](warc_records()))
    target = read(path)[2]
    data = bytearray(path.read_bytes())
    data[target.offset + lost : target.offset + lost + 12] = b"?" * 12
    path.write_bytes(data)
    items = read(path)
    assert [item.url for item in items if isinstance(item, Response)] == [PAGES[n][0] for n in (0, 1, 3)]
    assert [item.offset for item in items if isinstance(item, Damage)] == [target.offset]


def test_identical_members_are_each_counted_even_where_one_lost_its_start(tmp_path):
    """The end of a member is proven, not guessed: a copy whose magic is gone looks like the end of its neighbour."""
    (member,) = {gzip.compress(record, mtime=0) for record in warc_records()[2:3]}
    broken = b"???" + member[3:]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(member + broken + member)
    items = read(path)
    assert [type(item) for item in items] == [Response, Damage, Response]
    assert [item.offset for item in items] == [0, len(member), 2 * len(member)]


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
@pytest.mark.parametrize("change", [-9, 7, 10_000])
def test_a_wrong_length_costs_its_record_in_any_compression(tmp_path, pack, change):
    records = warc_records()
    length = len(PAGES[1][1])
    records[4] = records[4].replace(b"Length: %d\r\n" % length, b"Length: %d\r\n" % (length + change))
    path = tmp_path / "a.warc"
    path.write_bytes(PACKS[pack](records))
    items = read(path)
    assert [item.url for item in items if isinstance(item, Response)] == [PAGES[n][0] for n in (0, 2, 3)]
    assert [(item.response, item.url) for item in items if isinstance(item, Damage)] == [(True, PAGES[1][0])]


@pytest.mark.parametrize("change", [-9, 10_000])
def test_a_wrong_length_in_an_arc_costs_its_record(tmp_path, change):
    records = arc_records()
    length = len(PAGES[1][1])
    records[2] = records[2].replace(b" %d\n" % length, b" %d\n" % (length + change), 1)
    path = tmp_path / "a.arc"
    path.write_bytes(b"".join(records))
    items = read(path)
    assert [item.url for item in items if isinstance(item, Response)] == [PAGES[n][0] for n in (0, 2, 3)]
    assert [item.response for item in items if isinstance(item, Damage)] == [True]


@pytest.mark.parametrize("pack", ["plain", "gzip", "zstd", "whole-gzip"])
@pytest.mark.parametrize("flood", [b"X-Flood: y\r\n" * 100_000, b"X-Flood: " + b"y" * 1_000_000 + b"\r\n"])
def test_a_flood_of_headers_costs_its_record(tmp_path, pack, flood):
    records = warc_records()
    records[4] = records[4].replace(b"Content-Type", flood + b"Content-Type", 1)
    path = tmp_path / "a.warc"
    path.write_bytes(PACKS[pack](records))
    items = read(path)
    assert [item.url for item in items if isinstance(item, Response)] == [PAGES[n][0] for n in (0, 2, 3)]
    damages = [item for item in items if isinstance(item, Damage)]
    assert [item.response for item in damages] == [True]


@pytest.mark.parametrize("pack", ["plain", "gzip", "zstd", "whole-gzip"])
def test_a_block_beyond_the_limit_is_counted_without_its_payload(tmp_path, pack):
    """A record of 30 MB that compresses to almost nothing, with a limit of 1 kB."""
    big = warc_record("response", "https://big.example/", OK + bytes(30_000_000))
    records = [*warc_records()[:3], big, *warc_records()[3:]]
    path = tmp_path / "a.warc"
    path.write_bytes(PACKS[pack](records))
    (split,) = plan_splits(find_inputs([str(path)]), 1 << 40)
    items = list(SplitReader(split, 1000))
    assert [(item.url, item.status) for item in items if item.payload is None] == [("https://big.example/", 200)]
    assert len(items) == len(PAGES) + 1


def test_a_broken_dictionary_is_a_named_damage(tmp_path):
    data = with_dictionary(warc_records(), compress=True)
    path = tmp_path / "a.warc.zst"
    path.write_bytes(data[:12] + b"????" + data[16:])
    split = Split(0, InputFile(str(path), len(data), ""), 0, len(data))
    (damage,) = list(SplitReader(split, LIMIT))
    assert isinstance(damage, Damage)
    assert damage.reason == "corrupt_record"


@pytest.mark.parametrize("mark", [b"WARC/", b"WARC/1.0\n", b"xWARC/1.0\r\nA: b\r\n", b"\x1f\x8b\x08\0", b"http://a/ "])
def test_a_flood_of_marks_ends_in_time(tmp_path, mark):
    """Searching a boundary in a page of nothing but beginnings of records takes time in proportion to its size."""
    flood = warc_record("response", "https://flood.example/", OK + mark * (1_500_000 // len(mark)))
    path = tmp_path / "a.warc"
    path.write_bytes(b"".join([*warc_records(), flood, *warc_records()]))
    size = path.stat().st_size
    file = InputFile(str(path), size, "")
    items = read(path, [Split(0, file, 0, size // 4), Split(1, file, size // 4, size)])
    assert len(items) == 2 * len(PAGES) + 1
    assert all(isinstance(item, Response) for item in items)
