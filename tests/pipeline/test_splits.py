"""Splits at every size, from one byte to the whole file, of every format: each record once, none missed."""

import gzip
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from backports import zstd

from pipeline.reading.sources import InputFile, Split
from pipeline.reading.warc import Damage, Response, SplitReader

PAGE = b"HTTP/1.1 200 OK\r\n\r\n<p>page %d"


def warc(kind: str, number: int, media_type: str) -> bytes:
    block = PAGE % number
    head = f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Target-URI: https://a{number}.example/\r\n"
    head += f"Content-Type: {media_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    return head.encode() + block + b"\r\n\r\n"


WARC = [warc("response", number, "application/http") for number in range(3)]
WET = [warc("conversion", number, "text/plain") for number in range(3)]
ARC_HEADER = b"1 0 Example\nURL IP-address Archive-date Content-type Archive-length\n"
ARC = [
    b"filedesc://a.arc 0.0.0.0 20120101000000 text/plain %d\n%b\n" % (len(ARC_HEADER), ARC_HEADER),
    *(
        b"http://a%d.example/ 192.0.2.1 20120102030405 text/html %d\n%b\n" % (n, len(PAGE % n), PAGE % n)
        for n in range(3)
    ),
]
DICTIONARY = zstd.train_dict([record + bytes([n]) for record in WARC for n in range(20)], 400)
DICTIONARY_FRAME = struct.pack("<II", 0x184D2A5D, len(DICTIONARY.dict_content)) + DICTIONARY.dict_content
FILES = {
    "warc": b"".join(WARC),
    "warc.gz": b"".join(map(gzip.compress, WARC)),
    "warc.zst": b"".join(map(zstd.compress, WARC)),
    "warc.zst-dictionary": DICTIONARY_FRAME + b"".join(zstd.compress(record, zstd_dict=DICTIONARY) for record in WARC),
    "wet": b"".join(WET),
    "wet.gz": b"".join(map(gzip.compress, WET)),
    "arc": b"".join(ARC),
    "arc.gz": b"".join(map(gzip.compress, ARC)),
}


def read(path: Path, size: int, split_bytes: int) -> list[Response | Damage]:
    """All items of a file that is cut after every `split_bytes` bytes; neighbours must meet."""
    file = InputFile(str(path), size, "")
    edges = [*range(0, size, split_bytes), size]
    items: list[Response | Damage] = []
    meeting = None
    for start, end in pairwise(edges):
        reader = SplitReader(Split(0, file, start, end), 1 << 20)
        items += reader
        assert meeting is None or meeting == reader.first_offset, f"splits of {split_bytes} bytes, at {start}"
        meeting = reader.next_offset
    assert meeting == size
    return items


@pytest.mark.parametrize("name", FILES)
def test_splits_of_every_size_read_what_the_whole_file_holds(tmp_path, name):
    path = tmp_path / "file"
    path.write_bytes(FILES[name])
    size = len(FILES[name])
    whole = read(path, size, size)
    assert [item.payload for item in whole] == [
        PAGE % number if "wet" in name else b"<p>page %d" % number for number in range(3)
    ]
    for split_bytes in range(1, size):
        assert read(path, size, split_bytes) == whole, f"splits of {split_bytes} bytes"
