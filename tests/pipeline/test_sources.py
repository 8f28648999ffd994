"""Inputs: what a user names, as files; and files as splits."""

import gzip
import itertools

import pytest

from pipeline.errors import InputError, UsageError
from pipeline.reading.sources import InputFile, find_inputs, plan_splits


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
