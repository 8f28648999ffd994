"""Pages and records made to harm: each ends, is counted with its reason, and takes a bounded amount of memory."""

import gzip
import io
import resource
import struct
import zlib
from collections.abc import Callable, Iterator

import pytest

from configs.load import load_configuration
from pipeline.children import in_child
from pipeline.curating.pages import Skip, page_of
from pipeline.reading.sources import InputFile, Split
from pipeline.reading.warc import Damage, SplitReader

CONFIGURATION = load_configuration("default", ["extraction.cpu_seconds=3", "extraction.memory_megabytes=600"])
PROSE = b"<p>The harbour was quiet that morning, and the boats lay still on the water.</p>" * 5
# What the readers and the limits may take at most; docs/limits.md names it.
MEGABYTES = 900
DOCUMENT = "document"
GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"


def record(block: bytes, length: int | None = None, extra: bytes = b"") -> bytes:
    """A response record, uncompressed, with a Content-Length that may lie."""
    size = len(block) if length is None else length
    head = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: https://example.org/\r\n"
        b"WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n" + extra
    )
    return head + b"Content-Length: %d\r\n\r\n" % size + block + b"\r\n\r\n"


def http(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Type: text/html", *headers, b"", body))


def deflated_zeros(megabytes: int) -> bytes:
    """That many megabytes of NUL as raw deflate. Full flushes make each piece the same bytes: one is made."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = compressor.compress(bytes(10**6)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return piece * megabytes + b"\x03\x00"


def gzipped_zeros(megabytes: int, before: bytes = b"") -> bytes:
    """The same as a gzip member, behind some other bytes."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = compressor.compress(before) + compressor.flush(zlib.Z_FULL_FLUSH)
    piece, checksum = bytes(10**6), zlib.crc32(before)
    for _ in range(megabytes):
        checksum = zlib.crc32(piece, checksum)
    size = (len(before) + megabytes * 10**6) % 2**32
    return GZIP_HEAD + head + deflated_zeros(megabytes) + struct.pack("<II", checksum, size)


def repeated(piece: bytes, megabytes: int) -> bytes:
    return piece * (megabytes * 10**6 // len(piece))


LAST = record(http(b"<html><body><article>" + PROSE + b"</article></body></html>"))


def outcomes(path) -> tuple[list[str], float]:
    """What becomes of each record of a file, and the megabytes that the process grew by."""
    size = path.stat().st_size

    def work() -> Iterator[tuple[list[str], float]]:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = []
        reader = SplitReader(Split(0, InputFile(str(path), size, ""), 0, size), 16_000_000)
        for item in reader:
            if isinstance(item, Damage):
                found.append(item.reason)
                continue
            try:
                page_of(item, str(path), CONFIGURATION)
                found.append(DOCUMENT)
            except Skip as skip:
                found.append(skip.reason)
        yield found, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000

    (result,) = in_child(work)
    return result


# Each: what stands before a sound page, and how it may be counted. One block of many megabytes is one record.
PAGES: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "100 MB of nested tags": (lambda: http(repeated(b"<div>", 100)), {"too_large"}),
    "15 MB of nested tags": (lambda: http(repeated(b"<div>", 15)), {"too_many_tags"}),
    "nesting below the limit of tags": (lambda: http(b"<div>" * 400_000), {"too_deep"}),
    "formatting that is never closed": (
        lambda: http(b"".join(b"<font a%d>" % n for n in range(100_000))),
        {"too_deep"},
    ),
    "misnested formatting": (lambda: http(b"<a><b>" * 50_000 + b"</a>" * 50_000), {"too_deep"}),
    "deep tables": (lambda: http(b"<table><tr><td>" * 50_000), {"too_deep"}),
    "an element of many attributes": (
        lambda: http(b"<p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">"),
        {"too_many_tags"},
    ),
    "10 million entities": (lambda: http(b"&lt;" * 10_000_000), {"too_large"}),
    "3 million entities": (
        lambda: http(b"<html><body><p>" + b"&lt;" * 3_000_000 + b"</body></html>"),
        {DOCUMENT, "no_main_text", "extraction_timeout", "extraction_memory"},
    ),
    "entities that double": (
        lambda: http(
            b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a0 "ha">'
            + b"".join(b'<!ENTITY a%d "&a%d;&a%d;">' % (n, n - 1, n - 1) for n in range(1, 60))
            + b"]><html><body><p>&a59;</p></body></html>"
        ),
        {DOCUMENT, "no_main_text"},
    ),
    "a flood of NUL": (lambda: http(bytes(15_000_000)), {"undecodable", "empty"}),
    "NUL between letters": (lambda: http(b"<html><body><p>a\0b\0" * 50_000), {"undecodable", DOCUMENT, "no_main_text"}),
    "a bomb of 1 GB in 1 MB": (lambda: http(gzipped_zeros(1000), b"Content-Encoding: gzip"), {"undecodable"}),
    "a deflated bomb": (lambda: http(deflated_zeros(1000), b"Content-Encoding: deflate"), {"undecodable"}),
    "a bomb in a bomb": (
        lambda: http(gzip.compress(gzip.compress(bytes(10**8))), b"Content-Encoding: gzip, gzip"),
        {"undecodable"},
    ),
    "a stack of encodings": (
        lambda: http(gzip.compress(PROSE), b"Content-Encoding: " + b"gzip, " * 50_000 + b"gzip"),
        {DOCUMENT, "no_main_text", "undecodable"},
    ),
    "very many gzip members": (
        lambda: http(gzip.compress(b"") * 200_000, b"Content-Encoding: gzip"),
        {"undecodable", "not_html", "no_main_text", "extraction_timeout"},
    ),
    "a chunk that says 4 GB": (
        lambda: http(b"FFFFFFFF\r\n" + PROSE, b"Transfer-Encoding: chunked"),
        {"undecodable", DOCUMENT, "no_main_text"},
    ),
    "a flood of headers": (lambda: http(PROSE, *(b"X-%d: y" % n for n in range(60_000))), {DOCUMENT, "no_main_text"}),
    "a flood of one header": (
        lambda: http(PROSE, *[b"X-Robots-Tag: all"] * 50_000),
        {DOCUMENT, "no_main_text"},
    ),
    "headers without end": (lambda: b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3_000_000, {"empty", "too_large"}),
    "mixed encodings": (
        lambda: http(("<p>Größe</p>".encode() + "<p>Größe</p>".encode("cp1252")) * 5000 + "日本".encode("sjis") * 999),
        {DOCUMENT, "no_main_text", "undecodable"},
    ),
    "comments that never end": (lambda: http(b"<!--" * 400_000), {"no_main_text", DOCUMENT, "extraction_timeout"}),
    "a letter with 3 million marks": (
        lambda: http(("<html><body><p>" + "a" + "\u0301\u0323" * 1_500_000).encode()),
        {DOCUMENT},
    ),
    "one line of 15 MB": (
        lambda: http(b"<html><body><article><p>" + b"word " * 3_000_000),
        {DOCUMENT, "no_main_text", "extraction_timeout", "extraction_memory"},
    ),
    "lone surrogates": (
        lambda: http(b"<p>&#xD800;&#xDFFF;&#1114112;&#0;</p>" * 1000 + PROSE),
        {DOCUMENT, "no_main_text"},
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_page_ends_and_is_counted(name, tmp_path):
    block, allowed = PAGES[name]
    path = tmp_path / "hostile.warc"
    path.write_bytes(record(block()) + LAST)
    found, megabytes = outcomes(path)
    assert len(found) == 2
    assert found[0] in allowed
    assert found[1] == DOCUMENT
    assert megabytes < MEGABYTES


def test_a_record_that_is_a_bomb_is_read_within_bounds(tmp_path):
    """One gzip member of 1 MB holds a record of 1 GB."""
    head = record(http(b""), len(http(b"")) + 10**9).removesuffix(b"\r\n\r\n")
    member = gzipped_zeros(1000, head)
    assert len(member) < 1_100_000
    path = tmp_path / "bomb.warc.gz"
    path.write_bytes(member + gzip.compress(LAST))
    found, megabytes = outcomes(path)
    assert found[-1] == DOCUMENT
    assert set(found[:-1]) <= {"too_large", "cut_record", "corrupt_record", "empty"}
    assert megabytes < MEGABYTES


@pytest.mark.parametrize("length", [0, 1, 17, 10**6, 10**14])
def test_a_length_that_lies_costs_its_record(length, tmp_path):
    path = tmp_path / "lies.warc"
    path.write_bytes(record(http(PROSE), length) + LAST + LAST)
    found, megabytes = outcomes(path)
    assert found[-1] == DOCUMENT
    assert megabytes < MEGABYTES


@pytest.mark.parametrize("extra", [b"X: y\r\n" * 20_000, b"X: " + b"y" * 500_000 + b"\r\n", b"\0" * 100_000 + b"\r\n"])
def test_a_flood_in_a_record_s_head_costs_its_record(extra, tmp_path):
    path = tmp_path / "heads.warc"
    path.write_bytes(record(http(PROSE), extra=extra) + LAST)
    found, megabytes = outcomes(path)
    assert found[-1] == DOCUMENT
    assert megabytes < MEGABYTES


def test_random_bytes_are_no_archive(tmp_path):
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as file:
        file.write(bytes(range(256)) * 100_000)
    path = tmp_path / "noise.warc.gz"
    path.write_bytes(stream.getvalue())
    found, megabytes = outcomes(path)
    assert DOCUMENT not in found
    assert megabytes < MEGABYTES
