"""What is selected of an index, and what is said where nothing can be."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from configs.load import load_configuration
from pipeline.errors import ConfigurationError, InputError, UsageError
from pipeline.plan import make_plan
from pipeline.selection import requests
from pipeline.selection.parameters import SelectionParameters
from pipeline.selection.plan import read_places, read_selected, select_splits
from pipeline.selection.requests import Place, requests_for
from pipeline.storage import Folder


def selected(crawl, output: Path, **settings) -> list[tuple[str, int]]:
    """File and offset of what is selected."""
    folder = Folder(str(output))
    index = settings.pop("index", None) or (crawl.write(),)
    parameters = SelectionParameters(index=index, base=str(crawl.folder), **settings)
    splits = select_splits(parameters, settings.pop("split_bytes", None), folder)
    places = [place for split in splits for place in read_places(folder, split)]
    return [(place.file.removeprefix(f"{crawl.folder}/"), place.offset) for place in places]


def rows_where(crawl, fits) -> list[tuple[str, int]]:
    rows = [row for row in crawl.rows if fits(row)]
    return sorted((row["warc_filename"], row["warc_record_offset"]) for row in rows)


def is_page(row) -> bool:
    return row["fetch_status"] == 200 and row["content_mime_detected"] in ("text/html", "application/xhtml+xml")


EVERYTHING = {"mime": (), "status": ()}


@pytest.mark.parametrize(
    ("settings", "fits", "count"),
    [
        ({}, is_page, 30),
        (EVERYTHING, lambda row: True, 42),
        ({"languages": ("deu_Latn",)}, lambda row: "deu" in (row["content_languages"] or ""), 12),
        ({"languages": ("eng",)}, lambda row: is_page(row) and "eng" in (row["content_languages"] or ""), 12),
        ({"languages": ("swe_*", "nor")}, lambda row: row["content_languages"] == "swe", 6),
        ({"hosts": ("www.stadt.de",)}, lambda row: row["url_host_name"] == "www.stadt.de", 6),
        ({"hosts": ("*.stadt.de", "nowhere.net")}, lambda row: row["url_host_name"].endswith(("stadt.de", "net")), 18),
        ({"tlds": (".DE", "se")}, lambda row: row["url_host_tld"] in ("de", "se"), 18),
        ({"mime": ("application/*",)}, lambda row: row["content_mime_detected"].startswith("app"), 12),
        (EVERYTHING | {"status": (404, 410)}, lambda row: row["fetch_status"] == 404, 6),
        ({"url_pattern": "/page/[24]$"}, lambda row: is_page(row) and row["url"][-1] in "24", 10),
        ({"crawls": ("CC-TEST-1",), "subsets": ("warc",)}, is_page, 30),
        (
            {"tlds": ("de",), "languages": ("eng",), "url_pattern": "/0"},
            lambda row: row["url"] == "https://blog.stadt.de/page/0",
            1,
        ),
    ],
)
def test_exactly_the_records_that_fit_are_selected(crawl, tmp_path, settings, fits, count):
    expected = rows_where(crawl, fits)
    assert len(expected) == count
    assert selected(crawl, tmp_path / "out", **settings) == expected


def test_a_limit_draws_by_seed_whatever_the_order_of_the_rows(crawl, tmp_path):
    drawn = [selected(crawl, tmp_path / f"{seed}", limit=9, seed=seed) for seed in range(4)]
    assert [len(set(places)) for places in drawn] == [9] * 4
    assert len({tuple(places) for places in drawn}) == 4, "seeds differ"
    assert all(set(places) <= set(rows_where(crawl, is_page)) for places in drawn)
    shuffled = random.Random(1).sample(crawl.rows, len(crawl.rows))
    crawl.write(shuffled[:20], "other/1.parquet")
    crawl.write(shuffled[20:], "other/2.parquet")
    again = selected(crawl, tmp_path / "again", limit=9, seed=2, index=(f"{crawl.folder}/other/*.parquet",))
    assert again == drawn[2]


def test_a_larger_limit_draws_the_same_and_more(crawl, tmp_path):
    few, many = (set(selected(crawl, tmp_path / f"{limit}", limit=limit)) for limit in (5, 20))
    assert few < many


@pytest.mark.parametrize("entry", ["index", "index/**/*.parquet", "list.paths"])
def test_an_index_is_a_folder_a_glob_or_a_list(crawl, tmp_path, entry):
    path = crawl.write()
    (crawl.folder / "list.paths").write_text(f"{path}\n")
    found = selected(crawl, tmp_path / "out", index=(f"{crawl.folder}/{entry}",))
    assert found == rows_where(crawl, is_page)


def test_rows_that_stand_twice_are_one_record(crawl, tmp_path):
    crawl.write(crawl.rows * 2)
    assert selected(crawl, tmp_path / "out", index=(f"{crawl.folder}/index",)) == rows_where(crawl, is_page)


def test_an_index_over_http_is_read_in_parts(crawl, tmp_path, serve):
    path = Path(crawl.write())
    served = serve(crawl.folder)
    address = f"{served.address}/{path.relative_to(crawl.folder)}"
    found = selected(crawl, tmp_path / "out", index=(address,), crawls=("CC-TEST-1",), tlds=("de",))
    assert found == rows_where(crawl, lambda row: row["url_host_tld"] == "de")


def test_splits_hold_each_record_once_and_about_as_many_bytes_as_asked(crawl, tmp_path):
    folder = Folder(str(tmp_path / "out"))
    parameters = SelectionParameters(index=(crawl.write(),), base=str(crawl.folder))
    splits = select_splits(parameters, 3000, folder)
    pieces = [read_places(folder, split) for split in splits]
    assert [len(piece) for piece in pieces] == [split.end for split in splits]
    assert len(splits) > 5
    assert all(sum(place.length for place in piece[:-1]) < 3000 for piece in pieces)
    places = [(place.file.removeprefix(f"{crawl.folder}/"), place.offset) for piece in pieces for place in piece]
    assert places == rows_where(crawl, is_page)
    _, facts = read_selected(folder)
    rows = [row for row in crawl.rows if is_page(row)]
    assert (facts.records, facts.bytes) == (30, sum(row["warc_record_length"] for row in rows))
    assert (facts.index_records, facts.index_bytes) == (42, sum(row["warc_record_length"] for row in crawl.rows))
    assert facts.files == 2


def test_a_selection_is_made_once(crawl, tmp_path, monkeypatch):
    folder = Folder(str(tmp_path / "out"))
    parameters = SelectionParameters(index=(crawl.write(),), base=str(crawl.folder))
    first = select_splits(parameters, 3000, folder)
    monkeypatch.setattr("pipeline.selection.plan.open_index", None)
    assert select_splits(parameters, 3000, folder) == first
    (tmp_path / "out" / first[1].selected).unlink()
    with pytest.raises(TypeError):
        select_splits(parameters, 3000, folder)
    monkeypatch.undo()
    assert select_splits(parameters, 3000, folder) == first
    crawl.write(crawl.rows[:-1])
    assert select_splits(parameters, 3000, folder) != first, "the index has changed"


def test_neighbours_share_a_request(monkeypatch):
    places = [Place("a", offset, 10, None) for offset in (0, 12, 40, 50)] + [Place("b", 60, 10, None)]
    spans = lambda gap: [(r.file, r.offset, r.length, len(r.places)) for r in requests_for(places, gap)]  # noqa: E731
    assert spans(0) == [("a", 0, 10, 1), ("a", 12, 10, 1), ("a", 40, 20, 2), ("b", 60, 10, 1)]
    assert spans(2) == [("a", 0, 22, 2), ("a", 40, 20, 2), ("b", 60, 10, 1)]
    assert spans(99) == [("a", 0, 60, 4), ("b", 60, 10, 1)]
    monkeypatch.setattr(requests, "REQUEST_BYTES", 22)
    assert spans(99) == [("a", 0, 22, 2), ("a", 40, 20, 2), ("b", 60, 10, 1)]


def without(crawl, *columns: str) -> list[dict]:
    return [{name: value for name, value in row.items() if name not in columns} for row in crawl.rows]


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        (("warc_record_offset", "url"), {}, r"no column url \(for every selection\), warc_record_offset \(for every"),
        (("content_languages",), {"languages": ("deu",)}, r"no column content_languages \(for selection.languages\)"),
        (
            ("crawl",),
            {"crawls": ("CC-TEST-1",)},
            r"no column crawl \(for selection.crawls\); it has url, url_host_name",
        ),
    ],
)
def test_missing_columns_are_named(crawl, tmp_path, columns, settings, message):
    index = crawl.write(without(crawl, *columns), "bare.parquet")
    with pytest.raises(InputError, match=message):
        selected(crawl, tmp_path / "out", index=(index,), **settings)


def test_columns_that_are_not_needed_may_be_missing(crawl, tmp_path):
    index = crawl.write(without(crawl, "content_languages", "url_host_tld"), "bare.parquet")
    assert len(selected(crawl, tmp_path / "out", index=(index,))) == 30


def test_a_selection_of_nothing_says_which_setting_fits_nothing(crawl, tmp_path):
    with pytest.raises(InputError, match=r"none of 42 records.*languages 12, tlds 0, mime 36, status 36"):
        selected(crawl, tmp_path / "out", languages=("deu",), tlds=("fr",))
    assert not list((tmp_path / "out").rglob("*.json"))
    empty = pq.read_schema(crawl.write()).empty_table()
    pq.write_table(empty, crawl.folder / "empty.parquet")
    with pytest.raises(InputError, match="none of 0 records"):
        selected(crawl, tmp_path / "out", index=(f"{crawl.folder}/empty.parquet",), mime=(), status=())


@pytest.mark.parametrize("change", [{"warc_record_offset": -1}, {"warc_filename": None}, {"warc_record_length": 0}])
def test_rows_without_a_place_are_an_error(crawl, tmp_path, change):
    crawl.rows[2] |= change
    with pytest.raises(InputError, match="1 of 30 selected rows name no place of a record"):
        selected(crawl, tmp_path / "out")


def test_what_is_no_index_is_named(crawl, tmp_path):
    (crawl.folder / "bad.parquet").write_bytes(b"PAR1 no table PAR1")
    with pytest.raises(InputError, match=r"bad\.parquet: the index cannot be read: .*"):
        selected(crawl, tmp_path / "out", index=(f"{crawl.folder}/bad.parquet",))
    with pytest.raises(InputError, match=r"a\.warc\.gz: an index is Parquet files"):
        selected(crawl, tmp_path / "out", index=(f"{crawl.folder}/crawl-data/a.warc.gz",))
    with pytest.raises(InputError, match=r"none\.parquet"):
        selected(crawl, tmp_path / "out", index=(f"{crawl.folder}/none.parquet",))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("languages=[german]", '"german" is no language: write deu or deu_Latn'),
        ("url_pattern='(?=a)'", "is no regular expression of RE2"),
        ("limit=0", "greater than or equal to 1"),
        ("host=[a.org]", 'nearest known key is "hosts"'),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_read(setting, message):
    with pytest.raises(ConfigurationError, match=r"(?s)" + message.replace("(", r"\(")):
        _ = load_configuration("default", [f"selection.{setting}"]).settings


def test_a_run_reads_a_selection_or_files(crawl, tmp_path):
    configuration = load_configuration("default", crawl.settings(crawl.write()))
    with pytest.raises(UsageError, match=r"selection\.index and inputs are both set"):
        make_plan(configuration, ["a.warc.gz"], str(tmp_path / "out"))


def test_an_index_in_a_file_is_relative_to_it(crawl, monkeypatch, tmp_path):
    crawl.write()
    (crawl.folder / "select.yaml").write_text("selection: {index: index, base: ., tlds: [de]}\n")
    monkeypatch.chdir("/")
    selection = load_configuration(str(crawl.folder / "select.yaml")).settings.selection
    assert selection.index == (str(crawl.folder / "index"),)
    assert selection.base == str(crawl.folder)


def test_a_server_that_fails_while_the_index_is_read_is_an_error(crawl, tmp_path, monkeypatch):
    def refuse(*_):
        raise InputError("the server does not answer")

    index = crawl.write()
    monkeypatch.setattr("pipeline.selection.index.read_range", refuse)
    with pytest.raises(InputError, match="the server does not answer"):
        selected(crawl, tmp_path / "out", index=(index,))


def test_paths_with_quotes_are_paths(crawl, tmp_path):
    index = crawl.write(name="it's/p.parquet")
    assert selected(crawl, tmp_path / "out", index=(index,)) == rows_where(crawl, is_page)


def test_threads_that_read_one_file_do_not_disturb_each_other(tmp_path):
    """Many row groups, so that duckdb reads with several threads; what fits is reckoned with pyarrow."""
    numbers = np.arange(300_000)
    spoken = np.where(numbers % 7 == 0, "isl", "eng")
    table = pa.table(
        {
            "url": [f"https://h{n % 97}.example/{n}" for n in numbers],
            "content_languages": spoken,
            "warc_filename": [f"{n % 50:05d}.warc.gz" for n in numbers],
            "warc_record_offset": numbers,
            "warc_record_length": numbers % 900 + 1,
        }
    )
    pq.write_table(table, tmp_path / "p.parquet", row_group_size=10_000)
    folder = Folder(str(tmp_path / "out"))
    index = (str(tmp_path / "p.parquet"),)
    select_splits(SelectionParameters(index=index, languages=("isl",), mime=(), status=()), None, folder)
    _, facts = read_selected(folder)
    wanted = table.filter(pc.equal(table["content_languages"], "isl"))
    assert (facts.records, facts.bytes) == (wanted.num_rows, pc.sum(wanted["warc_record_length"]).as_py())
    assert facts.index_bytes == pc.sum(table["warc_record_length"]).as_py()
