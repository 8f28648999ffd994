"""The delta manifest: every record of the run in one place, and documents that are taken down."""

import json
from collections import Counter

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dedup.index_cli import app
from pipeline.errors import UsageError
from pipeline.ledger import NAME as LEDGER_NAME
from pipeline.release.append import append
from pipeline.release.index import ReleaseIndex
from pipeline.release.removal import take_down
from pipeline.shards import read_table


def delta_of(folder, name):
    return pq.read_table(folder.path(f"releases/{name}/delta.parquet")).to_pylist()


def totals_of(folder, name):
    return folder.read_json(f"releases/{name}/delta.json")


@pytest.fixture
def two(make_run, page, folder):
    """An index of two releases; the second run found copies of the first one's documents."""
    append(make_run("one", {"s": [page("a"), page("b", cluster="B"), page("c")]}), folder, "first", None)
    pages = [
        page("d", language="hin_Deva"),
        page("e", reasons=("duplicate",), kind="near", cluster="d"),
        page("f", reasons=("duplicate",), released="b", kind="text", similarity=1.0),
        page("g", reasons=("duplicate",), released="b", kind="near", similarity=0.75),
        page("h", reasons=("duplicate",), released="a", kind="near", language="tha_Thai"),
        page("i", reasons=("too_short", "duplicate"), released="a", kind="near"),
        page("j", reasons=("too_short",)),
    ]
    run = make_run("two", {"s": pages[4:], "t": pages[:4]}, ReleaseIndex.open(folder.url).digest)
    append(run, folder, "second", None)
    return run


def test_what_was_added_and_what_was_not(two, folder):
    rows = delta_of(folder, "second")
    shown = ("change", "id", "language", "cluster_id", "duplicate_of", "release", "kind", "similarity")
    assert [tuple(row[name] for name in shown) for row in rows] == [
        ("added", "d", "hin_Deva", "d", None, None, None, None),
        ("duplicate", "h", "tha_Thai", "a", "a", "first", "near", None),
        ("duplicate", "f", "deu_Latn", "B", "b", "first", "text", 1.0),
        ("duplicate", "g", "deu_Latn", "B", "b", "first", "near", 0.75),
    ]


def test_totals_add_up_to_the_ledger(two, folder):
    totals = totals_of(folder, "second")
    assert totals["added"] == 1
    assert totals["duplicates_of_releases"] == {"first": {"near": 2, "text": 1}}
    assert totals["duplicates_within_the_run"] == 1
    assert totals["rejected"] == {"too_short": 2}
    assert (totals["skipped"], totals["failed"]) == ({"not_html": 2}, {"undecodable": 1})
    assert totals["clusters"] == {"grown": 2, "documents": 4}
    parts = [totals["added"], totals["duplicates_within_the_run"]]
    parts += [sum(totals[outcome].values()) for outcome in ("rejected", "skipped", "failed")]
    parts += [sum(kinds.values()) for kinds in totals["duplicates_of_releases"].values()]
    assert sum(parts) == totals["records"] == sum(read_table(two.folder, LEDGER_NAME)["records"].to_pylist())


def test_clusters_grow_by_all_copies(two, folder):
    growth = pq.read_table(folder.path("releases/second/growth.parquet")).to_pylist()
    assert [tuple(row.values()) for row in growth] == [("first", 0, "a", 2), ("first", 1, "B", 2)]


def test_delta_of_many_documents_agrees_with_counting(make_run, page, many, folder, monkeypatch):
    append(make_run("one", many("a", 200)), folder, "first", None)
    index = ReleaseIndex.open(folder.url)
    ids = index.entries(0, index.count, ["id"])["id"].to_pylist()
    monkeypatch.setattr("pipeline.release.delta.ENTRIES_A_GROUP", 16)
    copies = [
        page(f"copy {number}", reasons=("duplicate",), released=ids[number * number % len(ids)], kind="near")
        for number in range(500)
    ]
    append(make_run("two", {"s": copies[:123], "t": copies[123:]}, index.digest), folder, "second", None)
    expected = Counter(copy.released for copy in copies)
    assert Counter(row["duplicate_of"] for row in delta_of(folder, "second")) == expected
    assert {row["id"]: row["duplicate_of"] for row in delta_of(folder, "second")} == {
        copy.id: copy.released for copy in copies
    }
    before = dict(zip(ids, index.entries(0, index.count)["cluster_size"].to_pylist(), strict=True))
    for row in ReleaseIndex.open(folder.url).entries(0, index.count, ["id", "cluster_size"]).to_pylist():
        assert row["cluster_size"] == before[row["id"]] + expected[row["id"]]


def test_documents_that_are_taken_down(two, folder, make_run, page):
    before = ReleaseIndex.open(folder.url)
    assert take_down(folder.url, ["d", "b", "b"], "asked by the author", "2026-11-21") == 2
    assert take_down(folder.url, ["b"]) == 0
    with pytest.raises(UsageError, match="no document of any release: nothing"):
        take_down(folder.url, ["a", "nothing"])
    index = ReleaseIndex.open(folder.url)
    assert (index.digest, index.count) == (before.digest, before.count)
    assert [removal.documents for removal in index.manifest.removals] == [2]
    copy = page("k", reasons=("duplicate",), released="b", kind="text")
    append(make_run("three", {"s": [page("l"), copy]}, index.digest), folder, "third", None)
    rows = [row for row in delta_of(folder, "third") if row["change"] == "removed"]
    assert [(row["id"], row["release"], row["reason"]) for row in rows] == [
        ("b", "first", "asked by the author"),
        ("d", "second", "asked by the author"),
    ]
    assert totals_of(folder, "third")["removed"] == 2
    append(make_run("four", {"s": [page("m")]}, ReleaseIndex.open(folder.url).digest), folder, "fourth", None)
    assert totals_of(folder, "fourth")["removed"] == 0


def test_commands(two, folder, tmp_path):
    def invoke(*arguments):
        return CliRunner().invoke(app, list(arguments), catch_exceptions=False)

    shown = invoke("show", folder.url)
    assert shown.exit_code == 0
    assert all(name in shown.output for name in ("first", "second", "4 documents in all", "bands: 3", "exact: payload"))
    assert json.loads(invoke("show", folder.url, "--release", "second").output) == totals_of(folder, "second")
    assert invoke("check", folder.url).output == "13 files, 0 damaged\n"
    ids = tmp_path / "ids.txt"
    ids.write_text("a\n\n d \n")
    assert invoke("remove", folder.url, "--ids", str(ids), "--reason", "takedown").output.startswith("2 documents")
    assert "2 of them were taken down" in invoke("show", folder.url).output
    with folder.write("releases/second/delta.json") as stream:
        stream.write(b"{}")
    assert invoke("check", folder.url).exit_code == 1
    assert invoke("drop", folder.url, "--release", "second").output == "second: removed\n"
    assert invoke("check", folder.url).exit_code == 0
    with pytest.raises(UsageError, match="no release second"):
        invoke("show", folder.url, "--release", "second")
