"""Inputs on S3, from a server on loopback."""

import gzip
import random
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from rich.console import Console

from configs.load import load_configuration
from pipeline.errors import InputError
from pipeline.plan import make_plan
from pipeline.reading import remote
from pipeline.reading.remote import MissingInputError
from pipeline.reading.sources import InputFile, find_inputs, open_input, plan_splits, read_range
from pipeline.run import run
from pipeline.runner import InlineRunner

DATA = random.Random(4).randbytes(2_000_000)
CRAWL = "crawl-data/CC-MAIN-2026-47"


@pytest.fixture(scope="module")
def server():
    """A filesystem for writing to a server that every new S3 client finds, with one bucket."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        new_clients()
        filesystem = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
        filesystem.mkdir("crawl")
        yield filesystem
    new_clients()
    moto.stop()


def new_clients() -> None:
    """Forget the clients that were made with other settings."""
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.fixture
def bucket(server, monkeypatch):
    monkeypatch.setattr(remote, "FIRST_WAIT", 0.001)
    yield server
    for path in server.find("crawl"):
        server.rm_file(path)


@pytest.fixture
def other_settings(bucket, monkeypatch):
    yield monkeypatch
    monkeypatch.undo()
    new_clients()


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("s3://crawl/a.warc", ["a.warc"]),
        ("s3://crawl", ["a.warc", "b.warc.gz", "deep/c.wet.gz"]),
        ("s3://crawl/deep", ["deep/c.wet.gz"]),
        ("s3://crawl/deep/", ["deep/c.wet.gz"]),
        ("s3://crawl/*.gz", ["b.warc.gz"]),
        ("s3://crawl/**/*.gz", ["b.warc.gz", "deep/c.wet.gz"]),
        ("s3a://crawl/deep/c*", ["deep/c.wet.gz"]),
    ],
)
def test_paths_globs_and_folders(bucket, entry, found):
    for name in ("b.warc.gz", "a.warc", "deep/c.wet.gz", "notes.txt"):
        bucket.pipe_file(f"crawl/{name}", b"x")
    scheme = entry.partition("://")[0]
    assert [file.path for file in find_inputs([entry])] in (
        [f"s3://crawl/{name}" for name in found],
        [f"{scheme}://crawl/{name}" for name in found],
    )


def test_a_list_of_a_crawl(bucket):
    warcs = [f"{CRAWL}/segments/1/warc/{name}.warc.gz" for name in "ba"]
    for path in warcs:
        bucket.pipe_file(f"crawl/{path}", b"x")
    bucket.pipe_file(f"crawl/{CRAWL}/warc.paths.gz", gzip.compress("\n".join(warcs).encode()))
    found = find_inputs([f"s3://crawl/{CRAWL}/warc.paths.gz"])
    assert [file.path for file in found] == [f"s3://crawl/{path}" for path in warcs]


def test_a_listing_and_a_request_tell_the_same_version(bucket):
    bucket.pipe_file("crawl/a.warc", DATA)
    (listed,), (asked,) = find_inputs(["s3://crawl/*.warc"]), find_inputs(["s3://crawl/a.warc"])
    assert listed == asked == InputFile("s3://crawl/a.warc", len(DATA), bucket.info("crawl/a.warc")["ETag"])
    assert remote_version("s3://crawl/a.warc") == listed.version
    assert read_range(listed, 1_999_990, 100) == DATA[-10:]


def remote_version(path: str) -> str:
    with open_input(path) as stream:
        return stream.raw._remote.version


def test_ranges_and_ends(bucket):
    bucket.pipe_file("crawl/a.warc", DATA)
    bucket.pipe_file("crawl/empty.warc", b"")
    with open_input("s3://crawl/a.warc") as stream:
        for offset in (0, 1_500_000, 1_200_000, 1_999_999):
            stream.seek(offset)
            assert stream.read(300_000) == DATA[offset : offset + 300_000]
    assert read_range("s3://crawl/a.warc", 5, 5) == DATA[5:10]
    assert read_range("s3://crawl/a.warc", 2_000_005, 5) == b""
    assert find_inputs(["s3://crawl/empty.warc"])[0].size == 0
    assert read_range("s3://crawl/empty.warc", 0, 5) == b""


def test_errors_name_the_object_and_the_fix(bucket):
    with pytest.raises(MissingInputError, match=r"s3://crawl/none\.warc: no such file"):
        open_input("s3://crawl/none.warc")
    with pytest.raises(InputError, match=r"s3://crawl/none\.warc: no such file"):
        find_inputs(["s3://crawl/none.warc"])
    with pytest.raises(MissingInputError, match=r"s3://nowhere/a\.warc"):
        read_range("s3://nowhere/a.warc", 0, 5)
    with pytest.raises(InputError, match=r"nowhere"):
        find_inputs(["s3://nowhere/"])


def test_missing_credentials_are_named(other_settings):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        other_settings.delenv(name)
    other_settings.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    new_clients()
    with pytest.raises(InputError, match=r"s3://crawl/a\.warc.*[Cc]redentials.*AWS_"):
        read_range("s3://crawl/a.warc", 0, 5)


def test_a_changed_object_is_an_error(bucket):
    bucket.pipe_file("crawl/a.warc", DATA)
    (file,) = find_inputs(["s3://crawl/a.warc"])
    with open_input(file) as stream:
        stream.read(10)
        bucket.pipe_file("crawl/a.warc", DATA[::-1])
        stream.seek(1_000_000)
        with pytest.raises(InputError, match="changed while it was read"):
            stream.read(10)


def test_an_overloaded_server_is_asked_again(bucket, monkeypatch):
    """The server's answers are replaced before s3fs sees them: 503 SlowDown with Retry-After, then a cut body."""
    from aiobotocore.client import AioBaseClient
    from aiobotocore.response import StreamingBody
    from botocore.exceptions import ClientError

    bucket.pipe_file("crawl/a.warc", DATA)
    slept: list[float] = []
    asked: list[str] = []
    received: list[int] = []
    monkeypatch.setattr(remote, "sleep", slept.append)
    real_call, real_read = AioBaseClient._make_api_call, StreamingBody.read
    cuts = iter([False, False, True])

    async def call(client, name, kwargs):
        if name == "GetObject":
            asked.append(kwargs["Range"])
            if len(asked) == 1:
                meta = {"HTTPStatusCode": 503, "HTTPHeaders": {"retry-after": "7"}}
                raise ClientError({"Error": {"Code": "SlowDown"}, "ResponseMetadata": meta}, name)
        return await real_call(client, name, kwargs)

    async def read(body, amount=None):
        piece = b"" if next(cuts, False) else await real_read(body, amount)
        received.append(len(piece))
        return piece

    monkeypatch.setattr(AioBaseClient, "_make_api_call", call)
    monkeypatch.setattr(StreamingBody, "read", read)
    assert read_range("s3://crawl/a.warc", 100, 1_000_000) == DATA[100:1_000_100]
    starts = [int(wanted.removeprefix("bytes=").partition("-")[0]) for wanted in asked]
    assert starts == [100, 100, 100 + received[0] + received[1]]
    assert 7 <= slept[0] <= 8


def test_one_failure_is_one_request(other_settings):
    """Neither botocore nor s3fs repeats behind our back."""
    other_settings.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    new_clients()
    slept: list[float] = []
    other_settings.setattr(remote, "sleep", slept.append)
    with pytest.raises(InputError, match=r"s3://crawl/a\.warc: byte 0: .*127\.0\.0\.1:9.*5 times in a row"):
        read_range("s3://crawl/a.warc", 0, 5)
    assert len(slept) == 4


def pages(count: int) -> list[tuple[str, bytes]]:
    line = "<p>Der Leuchtturm der Insel {0} wurde im Frühling neu gestrichen, und der Wärter schrieb es auf.</p>"
    return [(f"https://{number}.example/", (line * 8).format(number).encode()) for number in range(count)]


def test_a_run_gives_the_same_as_over_the_local_file(bucket, make_warc, tmp_path):
    local = tmp_path / "a.warc.gz"
    local.write_bytes(make_warc(pages(8)))
    bucket.put_file(str(local), "crawl/a.warc.gz")
    configuration = load_configuration("default", ["reading.split_megabytes=0.002"])
    results = []
    for place, entry in (("far", "s3://crawl/a.warc.gz"), ("near", str(local))):
        plan = make_plan(configuration, [entry], str(tmp_path / place))
        assert len(plan.splits) == len(plan_splits(find_inputs([str(local)]), 2000)) > 2
        run(plan, InlineRunner(), Console(quiet=True))
        results.append(measured(tmp_path / place))
    assert results[0] == results[1]
    assert sum(map(len, results[0].values())) == 8


def measured(output: Path) -> dict[str, list[dict]]:
    """Documents and skipped records by shard, without the file's address and what is made of it: the key."""
    files = [path for place in ("documents", "skipped") for path in sorted((output / place).glob("*.parquet"))]
    tables = {f"{path.parent.name}/{path.name}": pq.read_table(path) for path in files}
    return {
        name: table.drop_columns(["file_path", *({"key"} & set(table.column_names))]).to_pylist()
        for name, table in tables.items()
    }
