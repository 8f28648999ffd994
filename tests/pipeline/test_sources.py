"""Inputs: what a user names, as files; and files as splits."""

import gzip
import itertools
import os

import fsspec
import pytest

from pipeline.errors import InputError, UsageError
from pipeline.reading.remote import MissingInputError
from pipeline.reading.sources import InputFile, find_inputs, open_input, plan_splits, read_range


@pytest.fixture
def crawl(tmp_path, make_warc, monkeypatch):
    (tmp_path / "crawl" / "deep").mkdir(parents=True)
    for name in ("crawl/b.warc.gz", "crawl/a.warc", "crawl/deep/c.warc.gz", "crawl/notes.txt"):
        (tmp_path / name).write_bytes(make_warc([("https://x.example/", b"<p>x</p>")]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("crawl/a.warc", ["crawl/a.warc"]),
        ("crawl/*.warc.gz", ["crawl/b.warc.gz"]),
        ("crawl", ["crawl/a.warc", "crawl/b.warc.gz", "crawl/deep/c.warc.gz"]),
        ("crawl/**/*.gz", ["crawl/b.warc.gz", "crawl/deep/c.warc.gz"]),
    ],
)
def test_paths_globs_and_folders(crawl, entry, found):
    assert [file.path for file in find_inputs([entry])] == found
    absolute = [file.path for file in find_inputs([f"{crawl}/{entry}"])]
    assert absolute == [f"{crawl}/{path}" for path in found]
    by_url = [file.path for file in find_inputs([f"file://{crawl}/{entry}"])]
    assert [path.removeprefix("file://") for path in by_url] == absolute


@pytest.mark.parametrize("suffix", [".paths", ".paths.gz"])
def test_lists_name_files_beside_them(crawl, suffix):
    lines = f"b.warc.gz\n\ndeep/c.warc.gz\n{crawl}/crawl/a.warc\n".encode()
    path = crawl / "crawl" / f"warc{suffix}"
    path.write_bytes(gzip.compress(lines) if suffix.endswith("gz") else lines)
    found = [file.path for file in find_inputs([f"crawl/warc{suffix}"])]
    assert found == ["crawl/b.warc.gz", "crawl/deep/c.warc.gz", f"{crawl}/crawl/a.warc"]


def test_lists_may_name_files_from_a_folder_above(crawl, tmp_path):
    (crawl / "crawl" / "deep" / "warc.paths").write_text("crawl/deep/c.warc.gz\ncrawl/b.warc.gz\n")
    wanted = ["crawl/deep/c.warc.gz", "crawl/b.warc.gz"]
    assert [file.path for file in find_inputs(["crawl/deep/warc.paths"])] == wanted
    absolute = [f"{crawl}/{path}" for path in wanted]
    assert [file.path for file in find_inputs([f"{crawl}/crawl/deep/warc.paths"])] == absolute
    (tmp_path / "few.paths").write_text("deep/c.warc.gz\n")
    for base in (f"{crawl}/crawl", f"{crawl}/crawl/"):
        assert [file.path for file in find_inputs(["few.paths"], base)] == [f"{crawl}/crawl/deep/c.warc.gz"]


def test_a_broken_list_is_named(crawl):
    (crawl / "x.paths.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match=r"x\.paths\.gz: not a list of paths"):
        find_inputs(["x.paths.gz"])
    with pytest.raises(InputError, match=r"none\.paths: no such file"):
        find_inputs(["none.paths"])


def test_every_kind_of_archive_is_found_in_a_folder(crawl):
    for name in ("d.arc", "e.arc.gz", "f.warc.zst", "g.warc.wet.gz", "h.wet", "I.WARC.GZ"):
        (crawl / "crawl" / "deep" / name).write_bytes(b"x")
    found = [file.path.rpartition("/")[2] for file in find_inputs(["crawl/deep"])]
    assert found == ["I.WARC.GZ", "c.warc.gz", "d.arc", "e.arc.gz", "f.warc.zst", "g.warc.wet.gz", "h.wet"]
    (crawl / "crawl" / "deep" / "j.warc.wat.gz").write_bytes(b"x")
    with pytest.raises(InputError, match=r"j\.warc\.wat\.gz: not read .*glob"):
        find_inputs(["crawl/deep"])


def test_a_file_is_opened_as_it_was_found(crawl):
    (file,) = find_inputs(["crawl/a.warc"])
    data = (crawl / "crawl" / "a.warc").read_bytes()
    for source in (file, file.path, f"file://{crawl}/crawl/a.warc"):
        with open_input(source) as stream:
            assert stream.read() == data
        assert read_range(source, 5, 10) == data[5:15]
        assert read_range(source, len(data) - 5, 10) == data[-5:]
        assert read_range(source, len(data) + 5, 10) == b""
    os.utime(crawl / "crawl" / "a.warc", (1, 1))
    for call in (lambda: open_input(file), lambda: read_range(file, 0, 1)):
        with pytest.raises(InputError, match=r"crawl/a\.warc: it changed while it was read"):
            call()


def test_what_cannot_be_opened_says_why(crawl):
    with pytest.raises(MissingInputError, match=r"crawl/none\.warc: no such file"):
        open_input("crawl/none.warc")
    with pytest.raises(MissingInputError, match=r"memory://none\.warc: no such file"):
        open_input("memory://none.warc")
    with pytest.raises(InputError, match=r"crawl/deep: cannot be read"):
        open_input("crawl/deep")


def test_any_filesystem_of_fsspec_can_be_read(crawl):
    memory = fsspec.filesystem("memory")
    data = bytes(range(256)) * 9000
    memory.pipe_file("/store/a.warc", data)
    try:
        (file,) = find_inputs(["memory://store/*.warc"])
        assert (file.path, file.size) == ("memory:///store/a.warc", len(data))
        with open_input(file) as stream:
            stream.seek(2_000_000)
            assert stream.read(1000) == data[2_000_000:2_001_000]
            memory.pipe_file("/store/a.warc", data + b"x")
            stream.seek(0)
            with pytest.raises(InputError, match="changed"):
                stream.read()
    finally:
        memory.rm("/store", recursive=True)


def test_a_file_is_read_once(crawl):
    assert len(find_inputs(["crawl", "crawl/a.warc", "crawl/*.warc"])) == 3


def test_what_is_not_there_is_named(crawl):
    for entry in ("crawl/none.warc", "crawl/*.zst", "s4://bucket/x"):
        with pytest.raises(InputError, match=entry.replace("*", r"\*")):
            find_inputs(["crawl/a.warc", entry])
    (crawl / "list.paths").write_text("crawl/missing.warc\n")
    with pytest.raises(InputError, match=r"crawl/missing\.warc: no such file \(listed in list\.paths\)"):
        find_inputs(["list.paths"])
    with pytest.raises(UsageError, match="no input"):
        find_inputs([])


def test_splits_cover_each_file(crawl):
    files = [InputFile("crawl/a.warc", size, "") for size in (0, 1, 999_999, 5_000_000, 2_000_000_000)]
    for file in files:
        splits = plan_splits([file], None)
        assert [splits[0].start, splits[-1].end] == [0, file.size]
        assert all(a.end == b.start for a, b in itertools.pairwise(splits))
        assert file.size < 2_000_000 or all(split.end - split.start <= 64_000_000 for split in splits)
    assert len(plan_splits([files[3]], None)) == 5
    assert [split.index for split in plan_splits(files, 10_000_000)] == list(range(204))
