"""Reading records: against warcio, from any offset, and from damaged files."""

import gzip
import io
import itertools
import random
import re
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from pipeline.reading.sources import find_inputs, plan_splits
from pipeline.reading.warc import Damage, Response, SplitReader

PAGES = [
    (f"https://site{n}.example/page", f"<html><p>Page {n} {'text ' * (7 * n)}</p></html>".encode()) for n in range(8)
]


def read(path: Path, split_bytes: int | None = None) -> list[Response | Damage]:
    """All items of a file, and a check that its splits meet."""
    file = find_inputs([str(path)])[0]
    items: list[Response | Damage] = []
    meeting = None
    for split in plan_splits([file], split_bytes or 1 << 40):
        reader = SplitReader(split, 1 << 24)
        found = list(reader)
        assert reader.responses == sum(isinstance(item, Response) or item.response for item in found)
        assert meeting is None or meeting == reader.first_offset
        meeting = reader.next_offset
        items += found
    assert meeting == file.size
    return items


def oracle(data: bytes) -> list[tuple[str, bytes]]:
    """URL and payload of the responses, read by warcio."""
    return [
        (record.rec_headers.get_header("WARC-Target-URI"), record.raw_stream.read())
        for record in ArchiveIterator(io.BytesIO(data))
        if record.rec_type == "response"
    ]


@pytest.mark.parametrize("compressed", [True, False])
def test_records_are_those_that_warcio_reads(tmp_path, make_warc, compressed):
    data = make_warc(PAGES, gzip=compressed)
    path = tmp_path / ("a.warc.gz" if compressed else "a.warc")
    path.write_bytes(data)
    items = read(path)
    assert [(item.url, item.payload) for item in items] == oracle(data) == PAGES
    assert all(data[item.offset :].startswith(b"\x1f\x8b" if compressed else b"WARC/") for item in items)
    for item in items:
        record = data[item.offset : item.offset + item.length]
        assert (gzip.decompress(record) if compressed else record).count(b"WARC-Record-ID") == 1


@pytest.mark.parametrize("compressed", [True, False])
def test_every_split_size_reads_each_record_once(tmp_path, make_warc, compressed):
    data = make_warc(PAGES[:3], gzip=compressed)
    path = tmp_path / ("a.warc.gz" if compressed else "a.warc")
    path.write_bytes(data)
    whole = read(path)
    for size in [*range(1, 40), *range(40, len(data), 37), len(data)]:
        assert read(path, size) == whole, f"split size {size}"


def test_a_whole_file_gzip_is_one_split(tmp_path, make_warc):
    path = tmp_path / "whole.warc.gz"
    path.write_bytes(gzip.compress(make_warc(PAGES, gzip=False)))
    assert len(plan_splits(find_inputs([str(path)]), 100)) == 1
    assert [(item.url, item.payload) for item in read(path)] == PAGES


def test_a_page_that_quotes_a_record_is_not_cut(tmp_path, make_warc):
    quoted = b"<pre>\nWARC/1.0\r\nthis is how a record begins\r\n\r\n</pre>"
    data = make_warc([*PAGES[:2], ("https://quote.example/", quoted), *PAGES[2:4]], gzip=False)
    path = tmp_path / "a.warc"
    path.write_bytes(data)
    for size in range(50, len(data), 101):
        assert len(read(path, size)) == 5


def offsets(data: bytes) -> list[int]:
    iterator = ArchiveIterator(io.BytesIO(data))
    return [iterator.get_record_offset() for _ in iterator]


def damages(items: list[Response | Damage]) -> list[Damage]:
    return [item for item in items if isinstance(item, Damage)]


@pytest.mark.parametrize("left", [20, 60, 150, 200, 240])
def test_a_cut_file_loses_the_cut_record_only(tmp_path, make_warc, left):
    data = make_warc(PAGES)
    last = offsets(data)[-1]
    path = tmp_path / "cut.warc.gz"
    path.write_bytes(data[: last + left])
    items = read(path)
    assert [item.url for item in items if isinstance(item, Response)] == [url for url, _ in PAGES[:-1]]
    (damage,) = damages(items)
    assert (damage.offset, damage.length, damage.reason) == (last, left, "cut_record")
    assert damage.response or left < 150, "a cut head may hide its type, a cut body cannot"


@pytest.mark.parametrize("place", ["magic", "body"])
@pytest.mark.parametrize("split_bytes", [None, 700])
def test_a_corrupt_member_costs_itself(tmp_path, make_warc, place, split_bytes):
    data = bytearray(make_warc(PAGES))
    target = offsets(bytes(data))[8]  # warcinfo, then request and response of each page: a response
    at = target if place == "magic" else target + 300
    data[at : at + 20] = bytes(20)
    path = tmp_path / "corrupt.warc.gz"
    path.write_bytes(data)
    items = read(path, split_bytes)
    assert len([item for item in items if isinstance(item, Response)]) == len(PAGES) - 1
    assert [damage.offset for damage in damages(items)] == [target]


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("change", [-30, 10_000])
def test_a_wrong_content_length_costs_its_record(tmp_path, make_warc, compressed, change):
    data = make_warc(PAGES[:5], gzip=False)
    starts = [*offsets(data), len(data)]
    records = [data[start:end] for start, end in itertools.pairwise(starts)]
    length = int(records[4].split(b"\r\nContent-Length: ")[1].split(b"\r\n")[0])
    records[4] = records[4].replace(
        b"Content-Length: %d\r\n" % length, b"Content-Length: %d\r\n" % (length + change), 1
    )
    path = tmp_path / ("a.warc.gz" if compressed else "a.warc")
    path.write_bytes(b"".join(gzip.compress(record) if compressed else record for record in records))
    items = read(path)
    assert [item.url for item in items if isinstance(item, Response)] == [PAGES[n][0] for n in (0, 2, 3, 4)]
    assert [damage.response for damage in damages(items)] == [True]
    assert read(path, 600) == items


@pytest.mark.parametrize(("content", "reason"), [(b"", "empty_file"), (b"just text\n" * 50, "not_a_warc")])
def test_a_file_that_is_no_warc_is_named(tmp_path, content, reason):
    path = tmp_path / "a.warc"
    path.write_bytes(content)
    (damage,) = read(path)
    assert (damage.offset, damage.length, damage.reason, damage.response) == (0, len(content), reason, False)


def test_a_large_payload_is_not_held(tmp_path, make_warc):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(make_warc([("https://big.example/", b"x" * 5000), *PAGES[:1]]))
    (split,) = plan_splits(find_inputs([str(path)]), 1 << 40)
    big, small = list(SplitReader(split, 4000))
    assert big.payload is None
    assert small.payload == PAGES[0][1]


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["web", "docs", "udhr"])
def test_real_files_are_read_as_warcio_reads_them(realdata, name):
    path = realdata / "warc" / f"{name}.warc.gz"
    items = read(path, 1_000_000)
    with path.open("rb") as stream:
        expected = [
            (record.rec_headers.get_header("WARC-Record-ID"), record.raw_stream.read())
            for record in ArchiveIterator(stream)
            if record.rec_type == "response"
        ]
    assert [(item.id, item.payload) for item in items] == expected


def response(url: str, block: bytes, headers: bytes = b"") -> bytes:
    """A plain response record, written by hand."""
    head = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:%b>\r\nWARC-Date: 2026-10-01T00:00:00Z\r\n"
        b"WARC-Target-URI: %b\r\nContent-Type: application/http; msgtype=response\r\n%bContent-Length: %d\r\n\r\n"
    )
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, url)).encode()
    return head % (identifier, url.encode(), headers, len(block)) + block + b"\r\n\r\n"


def write_records(path: Path, records: list[bytes]) -> Path:
    """A file with one gzip member a record where the name ends in .gz, plain otherwise."""
    path.write_bytes(b"".join(gzip.compress(r) if path.suffix == ".gz" else r for r in records))
    return path


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>text"


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
@pytest.mark.parametrize(
    "block",
    [
        b"HTTP/1.1 200 OK\r\nSet-Cookie: " + b"x" * 70_000 + b"\r\n\r\n<p>text",
        b"HTTP/1.1 200 OK\r\n" + b"X-Header: y\r\n" * 20_000 + b"\r\n<p>text",
        b"HTTP/1.1 200 OK\r\n\r\n<p>text",
        b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n<p>text",
        b"ICY 200 OK\r\n\r\n<p>text",
    ],
)
def test_unusual_http_heads_lose_nothing(tmp_path, name, block):
    path = write_records(
        tmp_path / name, [response(f"https://a{n}.example/", b) for n, b in enumerate([OK, block, OK])]
    )
    assert [(item.status, item.payload) for item in read(path)] == [(200, b"<p>text")] * 3


@pytest.mark.parametrize("block", [b"", b"no HTTP", b"\x00" * 100, b"HTTP/1.1\r\n\r\n"])
def test_what_is_no_http_has_no_status(tmp_path, block):
    path = write_records(
        tmp_path / "a.warc.gz", [response("https://a.example/", block), response("https://b.example/", OK)]
    )
    assert [item.status for item in read(path)] == [None, 200]


@pytest.mark.parametrize("lost", [1, 3])
def test_a_damaged_first_byte_costs_the_first_record(tmp_path, lost):
    path = write_records(tmp_path / "a.warc.gz", [response(f"https://a{n}.example/", OK) for n in range(5)])
    path.write_bytes(b"?" * lost + path.read_bytes()[lost:])
    items = read(path)
    assert [item.url for item in items if isinstance(item, Response)] == [f"https://a{n}.example/" for n in range(1, 5)]
    assert [damage.offset for damage in damages(items)] == [0]


def test_a_whole_file_gzip_with_a_large_first_record(tmp_path):
    large = OK + random.Random(1).randbytes(3_000_000)
    records = [response("https://large.example/", large), *(response(f"https://a{n}.example/", OK) for n in range(3))]
    path = tmp_path / "whole.warc.gz"
    path.write_bytes(gzip.compress(b"".join(records)))
    assert len(read(path, 1000)) == 4


@pytest.mark.parametrize("damage", ["cut", "checksum"])
def test_a_damaged_whole_file_gzip_gives_what_can_be_read(tmp_path, damage):
    records = [response(f"https://a{n}.example/", OK + random.Random(n).randbytes(2000)) for n in range(6)]
    data = gzip.compress(b"".join(records))
    path = tmp_path / "whole.warc.gz"
    path.write_bytes(data[:-1500] if damage == "cut" else data[:-8] + bytes(4) + data[-4:])
    items = read(path)
    assert len([item for item in items if isinstance(item, Response)]) == (5 if damage == "cut" else 6)
    assert damages(items)


@pytest.mark.parametrize("value", ["²", "9" * 5000, "9" * 30, "-5", "ten", ""])
@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_a_senseless_content_length_costs_its_record(tmp_path, name, value):
    records = [response(f"https://a{n}.example/", OK) for n in range(3)]
    records[1] = re.sub(rb"Content-Length: \d+", b"Content-Length: " + value.encode(), records[1])
    items = read(write_records(tmp_path / name, records))
    assert [item.url for item in items if isinstance(item, Response)] == ["https://a0.example/", "https://a2.example/"]
    assert [damage.response for damage in damages(items)] == [True]


@pytest.mark.parametrize("rest", [b"\0" * 500, b"junk", b"\r\n\r\n\r\n"])
def test_what_stands_behind_the_last_record_costs_nothing(tmp_path, rest):
    path = write_records(tmp_path / "a.warc", [response(f"https://a{n}.example/", OK) for n in range(3)])
    path.write_bytes(path.read_bytes() + rest)
    assert len([item for item in read(path) if isinstance(item, Response)]) == 3


@pytest.mark.parametrize("change", [(b"WARC-Type", b"WARC-Typf"), (b"WARC-Type", b"warc-type")])
@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_splits_agree_on_odd_heads(tmp_path, name, change):
    records = [response(f"https://a{n}.example/", OK) for n in range(4)]
    records[2] = records[2].replace(*change)
    path = write_records(tmp_path / name, records)
    whole = read(path)
    assert len(whole) == 4
    for size in range(20, 400, 31):
        assert read(path, size) == whole


@given(st.binary(max_size=40), st.integers(0, 2000), st.booleans(), st.integers(30, 900))
@settings(
    max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_anywhere_never_loses_a_record_that_is_whole(tmp_path, noise, at, compressed, split_bytes):
    """Bytes overwritten anywhere: every record that they do not touch is read, however the file is cut."""
    pieces = [response(f"https://a{n}.example/", OK + b" words" * n) for n in range(4)]
    pieces = [gzip.compress(piece) if compressed else piece for piece in pieces]
    data = b"".join(pieces)
    at %= len(data)
    path = tmp_path / ("a.warc.gz" if compressed else "a.warc")
    path.write_bytes((data[:at] + noise + data[at + len(noise) :])[: len(data)])
    starts = [sum(map(len, pieces[:n])) for n in range(4)]
    whole = [n for n in range(4) if starts[n] + len(pieces[n]) <= at or starts[n] >= at + len(noise)]
    found = {item.url for item in read(path, split_bytes) if isinstance(item, Response)}
    # A record before damaged line breaks of its own end may be taken for damaged, never one further away.
    assert {f"https://a{n}.example/" for n in whole} <= found
