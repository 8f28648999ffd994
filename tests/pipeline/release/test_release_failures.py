"""What can go wrong with an index: damage is named with its fix; an attempt that fails leaves the index as it was."""

import errno
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fsspec.implementations.local import LocalFileSystem

from configs.model import Deduplication
from pipeline.errors import LedgerError, RunError, ShardError, UsageError
from pipeline.ledger import NAME as LEDGER_NAME
from pipeline.release.append import append
from pipeline.release.check import check_index, strangers
from pipeline.release.index import ReleaseIndex
from pipeline.release.manifest import DamagedIndexError
from pipeline.release.removal import drop_release
from pipeline.shards import read_table, write_table
from pipeline.signatures import signature_bytes
from pipeline.storage import Folder

FILES = ("entries.parquet", "keys.parquet", "ids.parquet", "growth.parquet", "delta.parquet", "delta.json")
# Values of a signature of these runs.
SIZE = 6


def contents(folder: Folder) -> dict[str, bytes]:
    return {name: Path(folder.path(name)).read_bytes() for name in folder.names("")}


def read_all(url: str) -> list[object]:
    index = ReleaseIndex.open(url)
    return [index.entries(0, index.count).to_pylist(), [table.to_pylist() for table in index.keys(0, 1)]]


@pytest.fixture
def released(make_run, many, folder):
    """An index of one release, and the run that comes next."""
    append(make_run("one", many("a", 60)), folder, "first", None)
    return make_run("two", many("b", 60), ReleaseIndex.open(folder.url).digest)


class FullDisk(LocalFileSystem):
    """A disk with room for so many more bytes."""

    cachable = False

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def open(self, path, mode="rb", **options):
        stream = super().open(path, mode, **options)
        if "w" in mode:
            write = stream.write

            def limited(data):
                self.room -= memoryview(data).nbytes
                if self.room < 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return write(data)

            stream.write = limited
        return stream


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_disk_that_fills_up_leaves_the_index_as_it_was(share, released, folder, monkeypatch):
    before = contents(folder)
    unlimited = FullDisk(10**9)
    monkeypatch.setattr(folder, "filesystem", unlimited)
    append(released, folder, "second", None)
    needed = 10**9 - unlimited.room
    after = contents(folder)
    drop_release(folder.url, "second")
    assert contents(folder) == before
    monkeypatch.setattr(folder, "filesystem", FullDisk(int(share * needed)))
    with pytest.raises(RunError, match=r"releases/second: cannot be written.*No space left.*add the release again"):
        append(released, folder, "second", None)
    assert contents(folder) == before
    monkeypatch.undo()
    append(released, folder, "second", None)
    assert contents(folder) == after


def in_another_process(script: str, run, folder: Folder, tmp_path) -> subprocess.CompletedProcess[str]:
    pickled = tmp_path / "run.pickle"
    pickled.write_bytes(pickle.dumps((run, folder)))
    head = f"import pickle, pathlib\nrun, folder = pickle.loads(pathlib.Path({str(pickled)!r}).read_bytes())"
    root = str(Path(__file__).parents[3])
    environment = os.environ | {"PYTHONPATH": root}
    command = [sys.executable, "-c", f"{head}\nfrom pipeline.release.append import append\n{script}"]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def test_a_limit_of_the_system_leaves_the_index_as_it_was(released, folder, tmp_path):
    before = contents(folder)
    script = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))\n"
        "append(run, folder, 'second', None)"
    )
    failed = in_another_process(script, released, folder, tmp_path)
    assert failed.returncode == 1
    assert "RunError" in failed.stderr.splitlines()[-1]
    assert "cannot be written" in failed.stderr.splitlines()[-1]
    assert contents(folder) == before
    append(released, folder, "second", None)
    assert ReleaseIndex.open(folder.url).count == 96


KILL = "os.kill(os.getpid(), signal.SIGKILL)"
STOPS = {
    "before the keys": f"build.write_keys = lambda *given: {KILL}",
    "before the totals": f"delta.totals_of = lambda *given: {KILL}",
    "before the manifest": f"append_module.write_manifest = lambda *given: {KILL}",
    # Files of a run have no `releases`: this is in the middle of index.json.
    "in the manifest": (
        "dumps = json.dumps\n"
        f"json.dumps = lambda data, **options: {KILL} if 'releases' in data else dumps(data, **options)"
    ),
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_killed_writer_leaves_the_index_as_it_was(stop, released, folder, tmp_path):
    before = read_all(folder.url)
    imports = (
        "import json, os, signal\n"
        "from pipeline.release import append as append_module\n"
        "from pipeline.release import build, delta\n"
    )
    script = f"{imports}{STOPS[stop]}\nappend(run, folder, 'second', None)"
    killed = in_another_process(script, released, folder, tmp_path)
    assert killed.returncode == -signal.SIGKILL
    assert read_all(folder.url) == before
    assert strangers(folder.url)
    assert [problem for _, problem in check_index(folder.url) if problem] == []
    append(released, folder, "second", None)
    assert ReleaseIndex.open(folder.url).count == 96
    assert strangers(folder.url) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_or_missing_is_named_with_the_fix(name, released, folder):
    path = Path(folder.path(f"releases/first/{name}"))
    whole = path.read_bytes()
    for data, what in ((whole[:-1], f"{len(whole) - 1:,} of {len(whole):,} bytes"), (None, "missing")):
        path.unlink()
        if data is not None:
            path.write_bytes(data)
        fix = rf"{path}: {what}; restore the file from a copy, or remove the release first"
        with pytest.raises(DamagedIndexError, match=fix):
            ReleaseIndex.open(folder.url)
        with pytest.raises(DamagedIndexError, match=fix):
            append(released, folder, "second", None)
        assert dict(check_index(folder.url))[f"releases/first/{name}"] is not None
    path.write_bytes(whole)
    append(released, folder, "second", None)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_found(name, released, folder):
    path = Path(folder.path(f"releases/first/{name}"))
    data = bytearray(path.read_bytes())
    for place in range(0, len(data), max(len(data) // 40, 1)):
        data[place] ^= 0x10
        path.write_bytes(data)
        damaged = {found: problem for found, problem in check_index(folder.url) if problem}
        assert list(damaged) == [f"releases/first/{name}"]
        assert "not those that were written" in damaged[f"releases/first/{name}"]
        assert "remove the release first" in damaged[f"releases/first/{name}"]
        data[place] ^= 0x10


@pytest.mark.parametrize("name", ["entries.parquet", "keys.parquet"])
def test_damaged_pages_are_never_other_numbers(name, make_run, many, folder):
    append(make_run("one", many("a", 600)), folder, "first", None)
    path = Path(folder.path(f"releases/first/{name}"))
    whole = path.read_bytes()
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    before = read_all(folder.url)
    refused = 0
    for place in range(4, len(whole) - footer, (len(whole) - footer) // 25):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            found = read_all(folder.url)
        except DamagedIndexError as exc:
            found = before
            refused += f"{path}: cannot be read" in str(exc)
        assert found == before
    assert refused >= 20


READS = {
    "keys.parquet": {
        "keys": lambda index: list(index.keys(0, 1)),
        "rows": lambda index: index.rows(0, 2),
    },
    "entries.parquet": {
        "entries": lambda index: index.entries(0, 9),
        "take": lambda index: index.take(np.array([1, 40]), ["id"]),
    },
}


@pytest.mark.parametrize("name", READS)
def test_a_damaged_footer_is_never_read(name, released, folder):
    path = Path(folder.path(f"releases/first/{name}"))
    whole = path.read_bytes()
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    index = ReleaseIndex.open(folder.url)
    for read in READS[name].values():
        read(index)
    generator = np.random.default_rng(7)
    for place in range(len(whole) - footer, len(whole)):
        flipped = whole[place] ^ (1 << int(generator.integers(8)))
        path.write_bytes(whole[:place] + bytes([flipped]) + whole[place + 1 :])
        for read in READS[name].values():
            with pytest.raises(DamagedIndexError, match=r"its footer is not the one that was written.*remove the rel"):
                read(index)
    path.write_bytes(whole)
    for read in READS[name].values():
        read(index)


@pytest.mark.parametrize("error", [ValueError, KeyError, TypeError])
def test_what_a_reader_stumbles_over_is_damage(error, released, folder, monkeypatch):
    def stumble(*given):
        raise error("of Arrow")

    monkeypatch.setattr("pipeline.release.index.read_group", stumble)
    with pytest.raises(
        DamagedIndexError, match=r"keys\.parquet: cannot be read \(.*of Arrow.*remove the release first"
    ):
        list(ReleaseIndex.open(folder.url).keys(0, 1))


def test_a_file_of_another_release_is_refused(released, folder):
    append(released, folder, "second", None)
    path = Path(folder.path("releases/first/keys.parquet"))
    path.write_bytes(Path(folder.path("releases/second/keys.parquet")).read_bytes())
    damaged = [problem for _, problem in check_index(folder.url) if problem]
    assert len(damaged) == 1
    assert str(path) in damaged[0]


def test_a_damaged_release_can_be_removed(released, folder, make_run, many):
    append(released, folder, "second", None)
    Path(folder.path("releases/first/keys.parquet")).unlink()
    with pytest.raises(DamagedIndexError):
        ReleaseIndex.open(folder.url)
    drop_release(folder.url, "first")
    index = ReleaseIndex.open(folder.url)
    assert [release.name for release in index.manifest.releases] == ["second"]
    assert index.entries(0, 1, ["entry", "id"]).to_pylist() == [{"entry": 0, "id": "<b:0>"}]
    assert not folder.exists("releases/first")
    append(make_run("again", many("a", 60), index.digest), folder, "first", None)
    with pytest.raises(UsageError, match=r"no release third in this index \(there are: second, first\)"):
        drop_release(folder.url, "third")


def test_growth_of_a_removed_release_is_forgotten(make_run, page, folder):
    append(make_run("one", {"s": [page("a"), page("b")]}), folder, "first", None)
    second = {"s": [page("c"), page("d", reasons=("duplicate",), released="b", kind="near")]}
    append(make_run("two", second, ReleaseIndex.open(folder.url).digest), folder, "second", None)
    third = {"s": [page("e", reasons=("duplicate",), released="c", kind="near")]}
    append(make_run("three", third, ReleaseIndex.open(folder.url).digest), folder, "third", None)
    drop_release(folder.url, "first")
    rows = ReleaseIndex.open(folder.url).entries(0, 9, ["entry", "id", "cluster_size"]).to_pylist()
    assert rows == [{"entry": 0, "id": "c", "cluster_size": 2}]


def test_a_lost_or_changed_manifest_is_no_empty_index(released, folder):
    path = Path(folder.path("index.json"))
    data = path.read_bytes()
    for damaged, message in (
        (None, "index.json: missing, but there are releases; restore it"),
        (data.replace(b'"documents": 48', b'"documents": 47'), "changed since it was written; restore it"),
        (data[:-20], "damaged"),
    ):
        path.unlink()
        if damaged is not None:
            path.write_bytes(damaged)
        for attempt in (lambda: ReleaseIndex.open(folder.url), lambda: append(released, folder, "second", None)):
            with pytest.raises(DamagedIndexError, match=message):
                attempt()
        path.write_bytes(data)
    path.write_bytes(b'{"configuration": {}}')
    with pytest.raises(UsageError, match="not the manifest of an index"):
        ReleaseIndex.open(folder.url)
    path.write_bytes(data.replace(b'"format": 2', b'"format": 3'))
    with pytest.raises(UsageError, match="an index of format 3, this version of glotmill reads 2"):
        ReleaseIndex.open(folder.url)


def test_a_folder_of_something_else_is_refused(make_run, many, folder, tmp_path):
    run = make_run("one", many("a", 9))
    with pytest.raises(UsageError, match="no index of releases"):
        ReleaseIndex.open(str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match=r"no index of releases, but a folder with clusters/000000\.parquet in it"):
        append(run, run.folder, "first", None)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"rows": 3}, "deduplication.rows: 3 in the run, 2 in the index"),
        ({"seed": 7}, "deduplication.seed: 7 in the run, 1 in the index"),
        ({"scope": "global"}, "deduplication.scope: global in the run, language in the index"),
        ({"snapshots": "each"}, "deduplication.snapshots: each in the run, all in the index"),
        ({"exact": ("text",)}, "deduplication.exact"),
    ],
)
def test_other_parameters_are_named(changed, named, released, folder, make_run, many):
    settings = Deduplication(**(released.settings.model_dump() | changed))
    with pytest.raises(UsageError, match=named):
        ReleaseIndex.open(folder.url, settings)
    run = make_run("other", many("c", 9), released.index["digest"], settings=settings)
    with pytest.raises(UsageError, match=named):
        append(run, folder, "second", None)
    assert ReleaseIndex.open(folder.url, released.settings).count == 48


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("unicode", "99.0", "Unicode 99.0 in this Python"),
        ("known_answers", "0", "this version of glotmill makes other keys of the same texts"),
    ],
)
def test_other_code_is_named(name, value, named, released, folder):
    released.index["comparable"][name] = value
    with pytest.raises(UsageError, match=named):
        append(released, folder, "second", None)


def test_settings_that_change_no_key_are_free(released, folder):
    settings = Deduplication(**(released.settings.model_dump() | {"keep": ("date",), "exact": ("text", "payload")}))
    assert ReleaseIndex.open(folder.url, settings).count == 48


def test_names_of_releases(released, folder):
    before = contents(folder)
    with pytest.raises(UsageError, match="a release first is in the index already"):
        append(released, folder, "first", None)
    assert contents(folder) == before


def test_a_run_has_to_know_the_index_as_it_is(released, folder, make_run, many):
    with pytest.raises(UsageError, match=r"not deduplicated against this index.*deduplication\.index="):
        append(make_run("alone", many("c", 9)), folder, "second", None)
    late = make_run("late", many("c", 9), released.index["digest"])
    append(released, folder, "second", None)
    with pytest.raises(UsageError, match=r"another state than .* is in now \(second came since\)"):
        append(late, folder, "third", None)
    with pytest.raises(UsageError, match=r"another state than .* is in now;"):
        append(make_run("foreign", many("d", 9), "0" * 24), folder, "third", None)
    assert ReleaseIndex.open(folder.url).count == 96


def test_ids_are_released_once(released, folder, make_run, page):
    state = released.index["digest"]
    before = read_all(folder.url)
    again = make_run("again", {"s": [page("<a:0>"), page("new"), page("<a:1>")]}, state)
    with pytest.raises(
        UsageError, match=r"released already, or that two kept documents share: <a:0>, <a:1>; is a file"
    ):
        append(again, folder, "second", None)
    twice = make_run("twice", {"s": [page("x"), page("y")], "t": [page("x")]}, state)
    with pytest.raises(UsageError, match=r"share: x; is a file"):
        append(twice, folder, "second", None)
    assert read_all(folder.url) == before
    assert strangers(folder.url) == []


def test_a_run_with_errors_is_refused(make_run, page, folder):
    append(make_run("one", {"s": [page("a")]}), folder, "first", None)
    state = ReleaseIndex.open(folder.url).digest
    unknown = make_run("unknown", {"s": [page("b", reasons=("duplicate",), released="z", kind="near")]}, state)
    with pytest.raises(RunError, match="clusters/ names z as released, and the index does not hold it"):
        append(unknown, folder, "second", None)
    kept = make_run("kept", {"s": [page("b", released="a", kind="near")]}, state)
    with pytest.raises(RunError, match="keeps a document of which a copy is released"):
        append(kept, folder, "second", None)
    lost = make_run("lost", {"s": [page("b"), page("c", reasons=("too_short",))]}, state)
    table = read_table(lost.folder, LEDGER_NAME)
    write_table(
        lost.folder, LEDGER_NAME, table.filter([reason != "too_short" for reason in table["reason"].to_pylist()])
    )
    with pytest.raises(LedgerError, match=r"differ by 1 documents of rejected \(too_short\)"):
        append(lost, folder, "second", None)
    other = make_run("other", {"s": [page("b"), page("c")]}, state)
    stale = read_table(other.folder, "signatures/s.parquet")
    write_table(other.folder, "signatures/s.parquet", stale.take([1, 0]))
    with pytest.raises(ShardError, match="different documents"):
        append(other, folder, "second", None)
    assert ReleaseIndex.open(folder.url).count == 1
    assert strangers(folder.url) == []


def test_signatures_of_another_seed_are_no_release(make_run, page, folder):
    run = make_run("one", {"s": [page("a"), page("b")], "t": [page("c")]})
    name = "signatures/t.parquet"
    signatures = read_table(run.folder, name)
    other = np.random.default_rng(1).integers(0, 2**32, SIZE, np.uint32)
    vectors = pa.array([signature_bytes(other)], signatures.schema.field("signature").type)
    place = signatures.schema.get_field_index("signature")
    write_table(run.folder, name, signatures.set_column(place, "signature", vectors))
    with pytest.raises(ShardError, match=rf"{run.folder.path(name)}: not the sig.*run again to make it anew"):
        append(run, folder, "first", None)
    assert strangers(folder.url) == []
    write_table(run.folder, name, signatures)
    run.folder.remove("commits/documents/s.json")
    with pytest.raises(ShardError, match=r"signatures/s\.parquet: not the sig.*run again to make it anew"):
        append(run, folder, "first", None)


def test_a_copy_of_itself_is_refused(make_run, page, folder):
    append(make_run("one", {"s": [page("a")]}), folder, "first", None)
    itself = page("a", reasons=("duplicate",), released="a", kind="payload")
    run = make_run("two", {"s": [page("b"), itself]}, ReleaseIndex.open(folder.url).digest)
    before = contents(folder)
    with pytest.raises(
        UsageError, match=r"an index that holds this run's own release.*: a would.*another output folder"
    ):
        append(run, folder, "second", None)
    assert contents(folder) == before


def test_an_index_begins_anew_after_a_first_attempt_that_failed(make_run, page, folder):
    with pytest.raises(UsageError, match="share: x"):
        append(make_run("twice", {"s": [page("x")], "t": [page("x")]}), folder, "first", None)
    settings = Deduplication(bands=3, rows=2, scope="global")
    append(make_run("global", {"s": [page("x")]}, settings=settings), folder, "first", None)
    assert ReleaseIndex.open(folder.url, settings).count == 1
