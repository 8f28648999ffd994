"""The index of releases: what is added is found again, by number, by range and by id, in every state of the index."""

import json
import pickle

import numpy as np
import pyarrow as pa
import pytest

from pipeline.clustering.keys import document_keys
from pipeline.errors import UsageError
from pipeline.release import build, spill
from pipeline.release.append import append
from pipeline.release.index import ReleaseIndex
from pipeline.release.layout import find_hashes, id_hashes
from pipeline.release.removal import find_ids
from pipeline.signatures import signature_bytes, signature_type
from pipeline.storage import Folder

PART_COUNTS = [2**bits for bits in range(11)]


def kept(shards):
    return [page for name in sorted(shards) for page in shards[name] if not page.reasons]


def expected_keys(pages, signed, settings, first=0):
    keys, exists = document_keys(signed(pages), settings)
    return sorted((int(keys[row, place]), first + int(row)) for row, place in zip(*np.nonzero(exists), strict=True))


def pairs(tables):
    return [
        pair for table in tables for pair in zip(*(table.column(c).to_pylist() for c in ("key", "entry")), strict=True)
    ]


def test_entries_are_the_kept_documents_in_order(make_run, many, folder, signed):
    shards = many("a", 90)
    run = make_run("one", shards)
    release = append(run, folder, "first", "2026-11-21")
    index = ReleaseIndex.open(folder.url, run.settings)
    pages = kept(shards)
    entries = index.entries(0, index.count)
    assert index.count == release.documents == len(pages) == 72
    assert entries.column("entry").to_pylist() == list(range(72))
    assert entries.column("id").to_pylist() == [page.id for page in pages]
    assert entries.column("url").to_pylist() == [f"https://example.org/{page.id}" for page in pages]
    assert entries.column("language").to_pylist() == [page.language for page in pages]
    assert entries.column("cluster_size").to_pylist() == [page.size for page in pages]
    assert entries.column("signature").to_pylist() == [signature_bytes(page.signature) for page in pages]
    assert entries.column("text_digest").to_pylist() == [page.identity("text_digest") for page in pages]
    assert index.manifest.releases[0].date == "2026-11-21"


def test_releases_are_numbered_one_after_the_other(make_run, many, folder, signed):
    first, second = many("a", 40), many("b", 50)
    run = make_run("one", first)
    append(run, folder, "first", None)
    before = ReleaseIndex.open(folder.url)
    append(make_run("two", second, before.digest), folder, "second", None)
    index = ReleaseIndex.open(folder.url, run.settings)
    pages = [*kept(first), *kept(second)]
    assert index.entries(0, 10**9, ["id"]).column("id").to_pylist() == [page.id for page in pages]
    assert index.entries(30, 7, ["entry", "id"]).to_pylist() == [
        {"entry": number, "id": pages[number].id} for number in range(30, 37)
    ]
    wanted = np.array([0, 31, 32, 71])
    assert index.take(wanted, ["id"]).column("id").to_pylist() == [pages[number].id for number in wanted]
    assert index.entries(72, 5).num_rows == index.take(np.array([], np.int64)).num_rows == 0
    second_keys = expected_keys(kept(second), signed, run.settings, first=32)
    assert sorted(pairs(index.keys(0, 1))) == sorted([*expected_keys(kept(first), signed, run.settings), *second_keys])
    assert before.count == 32
    assert before.digest != index.digest


@pytest.mark.parametrize("part_count", PART_COUNTS)
def test_ranges_are_read_apart_for_every_number_of_parts(part_count, make_run, many, folder, signed):
    shards = many("a", 250)
    run = make_run("one", shards)
    append(run, folder, "first", None)
    index = ReleaseIndex.open(folder.url)
    everything = expected_keys(kept(shards), signed, run.settings)
    found = []
    for part in range(part_count):
        of_part = pairs(index.keys(part, part_count))
        assert len(of_part) == index.rows(part, part_count)
        assert all(key * part_count >> 64 == part for key, _ in of_part)
        found += of_part
    assert found == everything


def test_a_range_reads_no_others(make_run, many, folder, monkeypatch):
    append(make_run("one", many("a", 400)), folder, "first", None)
    index = ReleaseIndex.open(folder.url)
    groups = []
    monkeypatch.setattr(
        "pipeline.release.index.read_group",
        lambda file, group, columns: groups.append(group) or file.read_row_group(group),
    )
    rows = sum(table.num_rows for part in range(64, 128) for table in index.keys(part, 256))
    assert rows == index.rows(1, 4)
    assert len(groups) == len(set(groups)) <= 64


def test_no_range_of_another_number_of_parts(make_run, many, folder):
    append(make_run("one", many("a", 9)), folder, "first", None)
    index = ReleaseIndex.open(folder.url)
    for part, part_count in ((0, 3), (4, 4), (-1, 2), (0, 0)):
        with pytest.raises(ValueError, match="power of two"):
            list(index.keys(part, part_count))


def test_sizes_carry_what_later_runs_found(make_run, page, folder):
    append(make_run("one", {"s": [page("a", size=3, cluster="A"), page("b"), page("c")]}), folder, "first", None)
    second = {
        "s": [
            page("d", size=2, cluster="D"),
            page("e", reasons=("duplicate",), released="a", kind="text", cluster="A", size=5),
            page("f", reasons=("too_short", "duplicate"), released="a", kind="near", cluster="A", size=5),
        ],
        "t": [page("g", reasons=("duplicate",), released="c", kind="near", similarity=0.75)],
    }
    append(make_run("two", second, ReleaseIndex.open(folder.url).digest), folder, "second", None)
    third = {
        "s": [page("h", reasons=("duplicate",), released="d", kind="url"), page("i", reasons=("x",), released="a")]
    }
    append(make_run("three", third, ReleaseIndex.open(folder.url).digest), folder, "third", None)
    index = ReleaseIndex.open(folder.url)
    sizes = index.entries(0, 9, ["id", "cluster_id", "cluster_size"])
    assert [tuple(row.values()) for row in sizes.to_pylist()] == [
        ("a", "A", 6), ("b", "b", 1), ("c", "c", 2), ("d", "D", 3)
    ]  # fmt: skip
    assert index.take(np.array([0, 3])).column("cluster_size").to_pylist() == [6, 3]
    old = ReleaseIndex.open(folder.url, state=index.manifest.digest(2))
    assert old.take(np.array([0, 3])).column("cluster_size").to_pylist() == [5, 2]


def test_an_earlier_state_can_be_opened(make_run, many, folder):
    append(make_run("one", many("a", 12)), folder, "first", None)
    first = ReleaseIndex.open(folder.url)
    append(make_run("two", many("b", 12), first.digest), folder, "second", None)
    then = ReleaseIndex.open(folder.url, state=first.digest)
    assert (then.digest, then.count) == (first.digest, first.count)
    assert pairs(then.keys(0, 1)) == pairs(first.keys(0, 1))
    with pytest.raises(UsageError, match="no longer in"):
        ReleaseIndex.open(folder.url, state="0" * 24)


def test_ids_are_found_in_every_release(make_run, many, folder):
    append(make_run("one", many("a", 300)), folder, "first", None)
    append(make_run("two", many("b", 300), ReleaseIndex.open(folder.url).digest), folder, "second", None)
    index = ReleaseIndex.open(folder.url)
    ids = index.entries(0, index.count, ["id"]).column("id").to_pylist()
    asked = [*ids[::7], "nowhere", "<a:4>"]
    assert find_ids(index, asked).tolist() == [*range(0, len(ids), 7), -1, -1]


def test_hashes_that_share_their_upper_half_are_told_apart():
    high, low = np.array([3, 3, 3, 8], np.uint64), np.array([1, 5, 6, 1], np.uint64)
    asked = np.array([3, 3, 8, 3, 9], np.uint64), np.array([6, 2, 1, 1, 1], np.uint64)
    assert find_hashes(*asked, high, low).tolist() == [2, -1, 3, 0, -1]


def test_hashes_of_ids_are_those_of_xxhash():
    import xxhash

    high, low = id_hashes(["", "दिन", "<urn:uuid:1>"])
    whole = [(int(upper) << 64) | int(lower) for upper, lower in zip(high, low, strict=True)]
    assert whole == [xxhash.xxh3_128_intdigest(text.encode()) for text in ("", "दिन", "<urn:uuid:1>")]


def test_bytes_do_not_depend_on_what_is_held_in_memory(make_run, many, folder, tmp_path, monkeypatch):
    run = make_run("one", many("a", 200))
    whole = append(run, folder, "first", None)
    monkeypatch.setattr(spill, "BYTES_A_FILE", 1000)
    pieces = append(run, Folder(str(tmp_path / "other")), "first", None)
    assert pieces.files == whole.files


def test_entries_are_read_across_row_groups(make_run, many, folder, monkeypatch):
    monkeypatch.setattr(build, "ENTRIES_A_GROUP", 7)
    shards = many("a", 100)
    append(make_run("one", shards), folder, "first", None)
    index = ReleaseIndex.open(folder.url)
    ids = [page.id for page in kept(shards)]
    for first, count in ((0, 80), (6, 2), (13, 30), (79, 1)):
        assert index.entries(first, count, ["id"]).column("id").to_pylist() == ids[first : first + count]
    wanted = np.array([0, 6, 7, 8, 50, 79])
    assert index.take(wanted, ["id"]).column("id").to_pylist() == [ids[number] for number in wanted]


def test_an_opened_index_travels_to_workers(make_run, many, folder):
    append(make_run("one", many("a", 30)), folder, "first", None)
    index = ReleaseIndex.open(folder.url)
    there = pickle.loads(pickle.dumps(index))
    assert there.digest == index.digest
    assert pairs(there.keys(0, 1)) == pairs(index.keys(0, 1))


def test_an_index_lives_in_any_storage(make_run, many):
    folder = Folder("memory://index-of-releases")
    shards = many("a", 30)
    append(make_run("one", shards), folder, "first", None)
    index = ReleaseIndex.open(folder.url)
    assert index.entries(0, 3, ["id"]).column("id").to_pylist() == [page.id for page in kept(shards)[:3]]
    folder.remove("")


def test_a_run_that_keeps_nothing_is_a_release(make_run, page, folder):
    append(make_run("one", {"s": [page("a", reasons=("too_short",))]}), folder, "first", None)
    index = ReleaseIndex.open(folder.url)
    assert index.count == index.rows(0, 1) == index.entries(0, 5).num_rows == 0
    append(make_run("two", {"s": [page("a")]}, index.digest), folder, "second", None)
    assert ReleaseIndex.open(folder.url).entries(0, 5, ["id"]).to_pylist() == [{"id": "a"}]


def test_the_manifest_is_plain(make_run, many, folder):
    append(make_run("one", many("a", 30)), folder, "first", "2026-11-21")
    data = json.loads((folder.open("index.json")).read())
    assert data["format"] == 2
    assert data["comparable"]["bands"] == 3
    (release,) = data["releases"]
    assert set(release["files"]) == {
        "entries.parquet", "keys.parquet", "ids.parquet", "growth.parquet", "delta.parquet", "delta.json"
    }  # fmt: skip
    assert {name: facts["size"] for name, facts in release["files"].items()} == {
        name.rpartition("/")[2]: size for name, size in folder.sizes("releases").items()
    }


def test_tables_have_the_declared_types(make_run, many, folder):
    run = make_run("one", many("a", 30))
    append(run, folder, "first", None)
    index = ReleaseIndex.open(folder.url)
    entries = index.entries(0, 3)
    assert entries.schema == index.entries(10**6, 1).schema
    assert entries.schema.field("signature").type == signature_type(run.settings.size)
    assert next(index.keys(0, 1)).schema.types == [pa.uint64(), pa.int64()]
