"""Selected records as they are fetched, counted and curated: exactly those, and only their bytes."""

import gzip
import io
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from warcio.archiveiterator import ArchiveIterator

from configs.load import load_configuration
from pipeline.errors import InputError, RunError
from pipeline.plan import make_plan, read_plan
from pipeline.reading.sources import InputFile, Split
from pipeline.reading.warc import Damage, Response
from pipeline.run import run
from pipeline.runner import InlineRunner
from pipeline.selection.parameters import SelectionParameters
from pipeline.selection.plan import PLACES, read_selected, select_splits
from pipeline.selection.reader import SelectedReader
from pipeline.selection.requests import Place
from pipeline.storage import Folder

QUIET = Console(quiet=True)
LIMIT = 1_000_000
PAGE_COLUMNS = ["id", "text", "url", "file_path", "offset", "length", "digest", "language", "title", "charset"]


def execute(crawl, output, *sets: str, inputs=()):
    plan = make_plan(load_configuration("default", list(sets)), [str(entry) for entry in inputs], str(output))
    return plan, run(plan, InlineRunner(), QUIET)


def reader_of(folder, places: list[Place], gap: int = 0, limit: int = LIMIT) -> SelectedReader:
    """A split of these places."""
    rows = [{"file": p.file, "start": p.offset, "length": p.length, "url": p.url} for p in places]
    (folder / "selection").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=PLACES), folder / "selection" / "000000.parquet")
    split = Split(0, InputFile("index", 1, ""), 0, len(places), selected="selection/000000.parquet")
    return SelectedReader(split, limit, Folder(str(folder)), gap)


def place_of(crawl, number: int, **change) -> Place:
    row = crawl.rows[number]
    facts = {
        "file": f"{crawl.folder}/{row['warc_filename']}",
        "offset": row["warc_record_offset"],
        "length": row["warc_record_length"],
        "url": row["url"],
    }
    return Place(**(facts | change))


def body_at(place: Place) -> bytes:
    """The payload as warcio reads it."""
    with open(place.file, "rb") as stream:
        stream.seek(place.offset)
        return next(iter(ArchiveIterator(io.BytesIO(stream.read(place.length))))).content_stream().read()


def test_each_selected_record_comes_with_its_place_and_bytes(crawl, tmp_path):
    places = [place_of(crawl, number) for number in range(len(crawl.rows))]
    reader = reader_of(tmp_path / "out", places)
    for place, item in zip(places, reader, strict=True):
        assert isinstance(item, Response)
        assert (reader.path, item.url, item.offset, item.length) == (place.file, place.url, place.offset, place.length)
        assert item.payload == body_at(place)
    assert (reader.responses, reader.damages) == (42, 0)
    assert reader.files == Counter(place.file for place in places)
    assert (reader.first_offset, reader.next_offset) == (0, 42)


def test_a_part_of_a_split_is_its_rows(crawl, tmp_path):
    whole = reader_of(tmp_path / "out", [place_of(crawl, number) for number in range(9)])
    urls = [item.url for item in whole]
    parts = []
    for start, end in ((0, 4), (4, 5), (5, 9)):
        split = Split(0, whole.split.file, start, end, selected=whole.split.selected)
        part = SelectedReader(split, LIMIT, whole.folder, 0)
        parts += [item.url for item in part]
        assert (part.first_offset, part.next_offset) == (start, end)
    assert parts == urls


def test_plain_records_are_fetched_too(make_warc, tmp_path):
    data = make_warc([("https://a.example/", b"<p>One"), ("https://b.example/", b"<p>Two")], gzip=False)
    (tmp_path / "a.warc").write_bytes(data)
    with (tmp_path / "a.warc").open("rb") as stream:
        records = ArchiveIterator(stream)
        places = []
        for record in records:
            record.content_stream().read()
            length = records.get_record_length()
            if record.rec_type == "response":
                places.append(Place(str(tmp_path / "a.warc"), records.get_record_offset(), length, None))
    assert [item.payload for item in reader_of(tmp_path / "out", places)] == [b"<p>One", b"<p>Two"]


def test_only_the_bytes_of_the_records_are_fetched(crawl, tmp_path, serve):
    served = serve(crawl.folder)
    wanted = [0, 7, 8, 20, 21, 41]
    places = [
        place_of(crawl, number, file=f"{served.address}/{crawl.rows[number]['warc_filename']}") for number in wanted
    ]
    items = list(reader_of(tmp_path / "out", places))
    assert [item.url for item in items] == [place.url for place in places]
    spans = {(path.lstrip("/"), first, length) for path, first, length in served.requests}
    assert {(p.file.removeprefix(f"{served.address}/"), p.offset, p.length) for p in places} == spans
    assert served.bytes_of(".warc.gz") == sum(place.length for place in places)


def test_what_plan_says_is_fetched_is_fetched(crawl, tmp_path, serve):
    served = serve(crawl.folder)
    folder = Folder(str(tmp_path / "out"))
    parameters = SelectionParameters(index=(crawl.write(),), base=served.address, gap_bytes=700, tlds=("de", "org"))
    splits = select_splits(parameters, 4000, folder)
    _, facts = read_selected(folder)
    readers = [SelectedReader(split, LIMIT, folder, parameters.gap_bytes) for split in splits]
    assert sum(isinstance(item, Response) for reader in readers for item in reader) == facts.records == 18
    assert served.bytes_of(".warc.gz") == facts.fetched > facts.bytes
    assert len(served.requests) == facts.requests < facts.records
    assert facts.saved_bytes == sum(row["warc_record_length"] for row in crawl.rows) - facts.fetched
    assert facts.saved_records == 42 - 18


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"offset": 5}, "no_record", "does not begin with a record"),
        ({"offset": 10**9}, "no_record", "the file ends before this offset"),
        ({"length": 300}, "cut_record", ""),
        ({"file": "crawl-data/absent.warc.gz"}, "missing_file", "no such file"),
        ({"offset": 0, "length": 400}, "no_record", "is no response"),
        ({"length": 10**8, "offset": 0}, "too_large", "100,000,000 bytes"),
    ],
)
def test_a_wrong_place_is_counted_and_the_others_are_read(crawl, tmp_path, change, reason, detail):
    wrong = place_of(crawl, 1, **change)
    reader = reader_of(tmp_path / "out", [place_of(crawl, 0), wrong, place_of(crawl, 2)])
    first, damaged, last = reader
    assert isinstance(first, Response)
    assert isinstance(last, Response)
    assert isinstance(damaged, Damage)
    assert (damaged.reason, damaged.response, damaged.url) == (reason, True, wrong.url)
    assert (damaged.offset, damaged.length) == (wrong.offset, wrong.length)
    assert detail in damaged.detail
    assert (reader.responses, reader.damages, reader.files[wrong.file]) == (3, 1, 3 if "file" not in change else 1)


def test_damaged_bytes_are_counted(crawl, tmp_path):
    place = place_of(crawl, 3)
    path = crawl.folder / "crawl-data" / "a.warc.gz"
    data = bytearray(path.read_bytes())
    checksum = slice(place.end - 8, place.end - 4)
    data[checksum] = bytes(byte ^ 255 for byte in data[checksum])
    path.write_bytes(data)
    items = list(reader_of(tmp_path / "out", [place_of(crawl, 2), place, place_of(crawl, 4)], gap=10_000))
    assert [type(item) for item in items] == [Response, Damage, Response]
    assert (items[1].reason, items[1].url) == ("corrupt_record", place.url)


def test_a_page_beyond_the_limit_is_too_large(crawl, tmp_path):
    (item,) = reader_of(tmp_path / "out", [place_of(crawl, 0)], limit=500)
    assert isinstance(item, Response)
    assert item.payload is None


def test_a_server_that_fails_stops_the_split_and_loses_nothing(crawl, tmp_path, monkeypatch):
    def refuse(*_):
        raise InputError("the server does not answer")

    monkeypatch.setattr("pipeline.selection.reader.read_range", refuse)
    with pytest.raises(InputError, match="does not answer"):
        list(reader_of(tmp_path / "out", [place_of(crawl, 0)]))


def documents(output) -> list[dict]:
    rows = pq.read_table(output / "documents", columns=PAGE_COLUMNS).to_pylist()
    return sorted(rows, key=lambda row: (row["file_path"], row["offset"]))


def test_a_run_over_a_selection_has_the_documents_of_a_whole_run(crawl, tmp_path):
    settings = crawl.settings(crawl.write(), "selection.tlds=[de,net]", "reading.split_megabytes=0.003")
    plan, outcome = execute(crawl, tmp_path / "selected", *settings)
    execute(crawl, tmp_path / "whole", inputs=[crawl.folder / "crawl-data"])
    whole = [row for row in documents(tmp_path / "whole") if row["url"].split("/")[2].endswith((".de", ".net"))]
    assert len(plan.splits) > 2
    assert documents(tmp_path / "selected") == whole
    assert len(whole) == 18
    ledger = outcome.ledger.to_pylist()
    assert sum(row["records"] for row in ledger) == 18
    files = Counter()
    for row in ledger:
        files[row["file"]] += row["records"]
    assert files == {f"{crawl.folder}/crawl-data/{name}.warc.gz": 9 for name in "ab"}
    assert outcome.damages == ()
    again, outcome = execute(crawl, tmp_path / "selected", *settings)
    assert (outcome.worked, again.splits) == ((), plan.splits)
    assert read_plan(str(tmp_path / "selected")).splits == plan.splits


def test_every_selected_record_ends_in_the_ledger(crawl, tmp_path):
    crawl.rows[0]["warc_record_offset"] += 3
    crawl.rows[1]["warc_filename"] = "crawl-data/absent.warc.gz"
    settings = crawl.settings(crawl.write(), "selection.mime=[]", "selection.status=[]")
    _, outcome = execute(crawl, tmp_path / "out", *settings)
    reasons = Counter()
    for row in outcome.ledger.to_pylist():
        reasons[row["outcome"], row["reason"]] += row["records"]
    assert reasons.total() == 42
    assert reasons["failed", "no_record"] == reasons["failed", "missing_file"] == 1
    assert (reasons["skipped", "status"], reasons["skipped", "not_html"]) == (6, 6)
    assert len(outcome.damages) == 2
    assert any("absent.warc.gz, offset" in damage and "missing file" in damage for damage in outcome.damages)


def test_another_selection_in_the_same_folder_is_made_anew(crawl, tmp_path):
    index = crawl.write()
    execute(crawl, tmp_path / "out", *crawl.settings(index, "selection.tlds=[de]"))
    execute(crawl, tmp_path / "out", *crawl.settings(index, "selection.tlds=[se]", "reading.split_megabytes=0.001"))
    assert {row["url"].split("/")[2] for row in documents(tmp_path / "out")} == {"sv.by.se"}


def test_a_selection_that_was_not_read_whole_fails_the_run(crawl, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.selection.reader.read_places", lambda folder, split: [place_of(crawl, 0)])
    with pytest.raises(RunError, match="1 records were read of those that were selected"):
        execute(crawl, tmp_path / "out", *crawl.settings(crawl.write()))


@pytest.mark.realdata
def test_real_pages_by_language_and_host(realdata, tmp_path):
    """Pages of one host of a real WARC, by an index that warcio made."""
    from urllib.parse import urlsplit

    path = realdata / "warc" / "udhr.warc.gz"
    rows = []
    with path.open("rb") as stream:
        records = ArchiveIterator(stream)
        for record in records:
            url = record.rec_headers.get_header("WARC-Target-URI")
            record.content_stream().read()
            length = records.get_record_length()
            if record.rec_type == "response":
                place = (path.name, records.get_record_offset(), length)
                names = ("warc_filename", "warc_record_offset", "warc_record_length")
                rows.append(
                    {"url": url, "url_host_name": urlsplit(url).hostname, **dict(zip(names, place, strict=True))}
                )
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "index.parquet")
    folder = Folder(str(tmp_path / "out"))
    parameters = SelectionParameters(
        index=(str(tmp_path / "index.parquet"),), base=str(path.parent), mime=(), status=(), limit=100
    )
    splits = select_splits(parameters, 100_000, folder)
    items = [item for split in splits for item in SelectedReader(split, LIMIT * 16, folder, 16_000)]
    assert all(isinstance(item, Response) for item in items)
    urls = {row["warc_record_offset"]: row["url"] for row in rows}
    assert len(items) == 100
    assert all(urls[item.offset] == item.url for item in items)
    assert gzip.decompress(path.read_bytes()[items[0].offset : items[0].offset + items[0].length]).startswith(b"WARC/1")
