"""Inputs over HTTP from a server that throttles, breaks off, changes its files and knows no ranges."""

import gzip
import io
import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from configs.load import load_configuration
from pipeline.errors import InputError
from pipeline.plan import make_plan
from pipeline.reading import remote, remote_http
from pipeline.reading.remote import MissingInputError
from pipeline.reading.sources import InputFile, find_inputs, is_splittable, open_input, plan_splits, read_range
from pipeline.run import run
from pipeline.runner import InlineRunner

DATA = random.Random(3).randbytes(3_000_000)
ASKED = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass
class Fault:
    """What goes wrong with one request: a status, or an answer that stops (or stalls) after some bytes."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    stall: bool = False


class Site(ThreadingHTTPServer):
    """Files at paths; each request takes the next fault. `requests` are the paths and byte ranges asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.faults: Iterator[Fault | None] = iter(())
        self.requests: list[tuple[str, int, int]] = []
        self.ranges = True
        self.stalled = threading.Event()

    def handle_error(self, request, client_address) -> None:
        """Clients that hang up are what the tests are about."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def log_message(self, *args) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        start, last = (int(number) for number in ASKED.fullmatch(self.headers["Range"]).groups())
        self.server.requests.append((path, start, last + 1))
        fault = next(self.server.faults, None) or Fault()
        data = self.server.files.get(path)
        if fault.status or data is None:
            self._send(fault.status or 404, b"no", {"Content-Length": "2"} | fault.headers)
        elif not self.server.ranges:
            self._send(200, data, {"Content-Length": str(len(data))}, fault)
        elif start >= len(data):
            self._send(416, b"", {"Content-Length": "0", "Content-Range": f"bytes */{len(data)}"})
        else:
            part = data[start : last + 1]
            told = {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(data)}"}
            self._send(206, part, {"Content-Length": str(len(part))} | told | fault.headers, fault)

    def _send(self, status: int, body: bytes, headers: dict[str, str], fault: Fault | None = None) -> None:
        self.send_response(status)
        for name, value in (headers | {"ETag": self.server.tags.get(self.path.lstrip("/"), '"1"')}).items():
            self.send_header(name, value)
        self.end_headers()
        cut = len(body) if fault is None or fault.cut_after is None else fault.cut_after
        try:
            self.wfile.write(body[:cut])
        except ConnectionError:  # the client has read what it wants
            self.close_connection = True
            return
        if fault and fault.stall:
            self.wfile.flush()
            self.server.stalled.wait(10)
        self.close_connection = self.close_connection or cut < len(body)


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.files["a.warc.gz"] = DATA
    yield server
    server.stalled.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def slept(monkeypatch) -> list[float]:
    """The seconds that would have been slept."""
    waits: list[float] = []
    monkeypatch.setattr(remote, "sleep", waits.append)
    return waits


def test_any_reading_equals_that_of_the_bytes(site):
    oracle, dice = io.BytesIO(DATA), random.Random(1)
    with open_input(site.url("a.warc.gz")) as stream:
        for _ in range(200):
            if dice.random() < 0.4:
                offset, whence = dice.choice([(dice.randrange(len(DATA)), 0), (-dice.randrange(9999), 2), (7, 1)])
                assert stream.seek(offset, whence) == oracle.seek(offset, whence)
            size = dice.choice([0, 1, 100, 65_536, 300_000])
            assert stream.read(size) == oracle.read(size)
            assert stream.tell() == oracle.tell()
        assert stream.seek(0) == 0
        assert stream.read() == DATA


def test_reading_on_asks_for_more_each_time(site):
    with open_input(site.url("a.warc.gz")) as stream:
        while stream.read(10_000):
            pass
    lengths = [end - start for _, start, end in site.requests[1:]]
    assert lengths[:3] == [1 << 18, 1 << 19, 1 << 20]
    assert sum(lengths) == len(DATA)


@pytest.mark.parametrize("cut", [1, 70_000, 250_000])
def test_goes_on_at_the_byte_where_the_connection_broke(site, slept, cut):
    site.faults = iter([None, Fault(cut_after=cut), Fault(cut_after=cut)])
    with open_input(site.url("a.warc.gz")) as stream:
        assert stream.read(262_144) == DATA[:262_144]
    starts = [start for _, start, _ in site.requests[1:]]
    assert starts[:2] == [0, cut]
    assert all(end == 262_144 for _, _, end in site.requests[1:])


def test_a_stalled_answer_is_given_up_and_asked_for_again(site, slept, monkeypatch):
    monkeypatch.setattr(remote_http, "TIMEOUTS", (1.0, 0.2))
    site.faults = iter([Fault(cut_after=500, stall=True)])
    assert read_range(site.url("a.warc.gz"), 10, 1000) == DATA[10:1010]
    assert [start for _, start, _ in site.requests] == [10, 510]


def test_retry_after_is_obeyed_in_seconds_and_as_a_date(site, slept):
    now, later = "Fri, 31 Dec 1999 23:59:29 GMT", "Fri, 31 Dec 1999 23:59:59 GMT"
    site.faults = iter(
        [
            Fault(429, {"Retry-After": "20"}),
            Fault(503, {"Retry-After": later}),
            Fault(500),
        ]
    )
    Handler.date_time_string, usual = lambda self, timestamp=None: now, Handler.date_time_string
    try:
        assert read_range(site.url("a.warc.gz"), 0, 5) == DATA[:5]
    finally:
        Handler.date_time_string = usual
    assert len(slept) == 3
    assert 20 <= slept[0] <= 21
    assert 30 <= slept[1] <= 32
    assert 0.5 <= slept[2] <= 2


def test_gives_up_with_everything_that_is_known(site, slept):
    site.faults = iter([Fault(503)] * 100)
    with pytest.raises(
        InputError, match=r"a\.warc\.gz: byte 9: the server says 503 .*, 12 times in a row; .*run again"
    ):
        read_range(site.url("a.warc.gz"), 9, 5)
    assert len(site.requests) == 12
    assert 60 < sum(slept) < 400
    assert max(slept) <= 60


def test_progress_starts_the_patience_anew(site, slept):
    site.faults = iter([Fault(cut_after=100_000)] * 100)
    assert read_range(site.url("a.warc.gz"), 0, 2_000_000) == DATA[:2_000_000]
    site.faults = iter([Fault(cut_after=10_000)] * 100)
    assert read_range(site.url("a.warc.gz"), 0, 500_000) == DATA[:500_000]
    site.faults = iter([Fault(cut_after=1)] * 100)
    with pytest.raises(InputError, match="the connection broke"):
        read_range(site.url("a.warc.gz"), 0, 2_000_000)


def test_a_day_is_not_waited_for(site, slept):
    site.faults = iter([Fault(429, {"Retry-After": "86400"})])
    with pytest.raises(InputError, match="come back in 86,400 seconds"):
        read_range(site.url("a.warc.gz"), 0, 5)
    assert not slept


def test_a_changed_object_is_an_error_and_never_mixed(site, slept):
    with open_input(site.url("a.warc.gz")) as stream:
        stream.read(10)
        site.tags["a.warc.gz"] = '"2"'
        stream.seek(1_000_000)
        with pytest.raises(InputError, match=r'changed while it was read .*"1".*"2"'):
            stream.read(10)
    with open_input(site.url("a.warc.gz")) as stream:
        site.files["a.warc.gz"] = DATA[:-1]
        with pytest.raises(InputError, match=r"changed .*3,000,000 bytes.*2,999,999 bytes"):
            stream.read(10)
    planned = InputFile(site.url("a.warc.gz"), len(DATA) - 1, '"1"')
    with open_input(planned) as stream, pytest.raises(InputError, match="changed"):
        stream.read(1)


def test_a_described_file_needs_no_further_question(site):
    (file,) = find_inputs([site.url("a.warc.gz")])
    assert file == InputFile(site.url("a.warc.gz"), len(DATA), '"1"')
    site.requests.clear()
    assert read_range(file, 5, 5) == DATA[5:10]
    assert len(site.requests) == 1


@pytest.mark.parametrize("cut", [None, 400_000])
def test_a_server_without_ranges_sends_the_file_once(site, slept, cut):
    site.ranges = False
    (file,) = find_inputs([site.url("a.warc.gz")])
    assert not is_splittable(file)
    assert len(plan_splits([file], 100_000)) == 1
    site.requests.clear()
    site.faults = iter([None, Fault(cut_after=cut)])
    with open_input(file) as stream:
        assert stream.read(300_000) == DATA[:300_000]
        for offset in (2_900_000, 0, 1_500_000):
            stream.seek(offset)
            assert stream.read(5) == DATA[offset : offset + 5]
    assert len(site.requests) == 2 + (cut is not None)
    assert read_range(file, 1_000_000, 50) == DATA[1_000_000:1_000_050]


def test_ends_are_short_reads(site):
    site.files["empty.warc"] = b""
    url = site.url("a.warc.gz")
    assert read_range(url, len(DATA) - 3, 10) == DATA[-3:]
    assert read_range(url, len(DATA) + 3, 10) == b""
    assert read_range(InputFile(url, len(DATA), '"1"'), len(DATA), 10) == b""
    assert find_inputs([site.url("empty.warc")])[0].size == 0
    with open_input(site.url("empty.warc")) as stream:
        assert stream.read() == b""


def test_what_asking_again_cannot_help_fails_at_once(site, slept):
    with pytest.raises(MissingInputError, match=r"none\.warc: no such file"):
        open_input(site.url("none.warc"))
    site.faults = iter([Fault(403)])
    with pytest.raises(InputError, match=r"a\.warc\.gz: the server refuses it \(403 .*netrc"):
        open_input(site.url("a.warc.gz"))
    site.faults = iter([Fault(headers={"Content-Range": "bytes 3-4/3000000"})])
    with pytest.raises(InputError, match="Content-Range 'bytes 3-4/3000000'"):
        read_range(site.url("a.warc.gz"), 7, 2)
    assert not slept


def test_an_address_where_nobody_is_is_given_up_early(slept):
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9/a\.warc: byte 0: no answer .*refused.*5 times in a row"):
        open_input("http://127.0.0.1:9/a.warc")
    assert len(slept) == 4


CRAWL = "crawl-data/CC-MAIN-2026-47"


def test_lists_of_a_crawl_name_files_from_the_root_of_the_site(site, tmp_path):
    warcs = [f"{CRAWL}/segments/1/warc/{name}.warc.gz" for name in "ba"]
    site.files |= dict.fromkeys(warcs, b"x") | {f"{CRAWL}/warc.paths.gz": gzip.compress("\n".join(warcs).encode())}
    found = [file.path for file in find_inputs([site.url(f"{CRAWL}/warc.paths.gz")])]
    assert found == [site.url(path) for path in warcs]
    (tmp_path / "few.paths").write_text(warcs[1])
    assert [file.path for file in find_inputs([str(tmp_path / "few.paths")], base=site.url(""))] == [site.url(warcs[1])]


def test_other_lists_name_files_beside_them(site):
    site.files |= {"d/d/a.warc": b"x", "d/l.paths": b"d/a.warc\n", "d/m.paths": b"d/none.warc"}
    assert [file.path for file in find_inputs([site.url("d/l.paths")])] == [site.url("d/d/a.warc")]
    site.files["d/a.warc"] = b"y"
    assert [file.path for file in find_inputs([site.url("d/l.paths")])] == [site.url("d/a.warc")]
    with pytest.raises(MissingInputError, match=r"d/d/none\.warc: no such file .*\(listed in .*m\.paths\)"):
        find_inputs([site.url("d/m.paths")])


def test_a_folder_is_what_its_page_links_to(site, monkeypatch):
    # The page is got without a range: fsspec lists it.
    page = b'<a href="b.warc.gz">b</a> <a href="notes.txt">n</a> <a href="a.warc.gz">a</a>'
    ranged = Handler.do_GET

    def listing(handler) -> None:
        if "Range" in handler.headers:
            ranged(handler)
        else:
            handler._send(200, page, {"Content-Length": str(len(page)), "Content-Type": "text/html"})

    monkeypatch.setattr(Handler, "do_GET", listing)
    site.files |= {"crawl/a.warc.gz": b"x", "crawl/b.warc.gz": b"x"}
    wanted = [site.url("crawl/a.warc.gz"), site.url("crawl/b.warc.gz")]
    assert [file.path for file in find_inputs([site.url("crawl/")])] == wanted
    assert [file.path for file in find_inputs([site.url("crawl/*.warc.gz")])] == wanted


def pages_of(count: int) -> list[tuple[str, bytes]]:
    """Pages of a few paragraphs, each another."""
    line = "The lighthouse of island {} was painted again in spring, and the keeper wrote every visit into his book. "
    text = "".join(f"<p>{line * 3}</p>" for _ in range(4))
    page = "<html><head><title>Island</title></head><body><article>{}</article></body></html>"
    return [
        (f"https://{number}.example/", page.format(text.replace("{}", str(number))).encode()) for number in range(count)
    ]


def measured(output: Path) -> dict[str, list[dict]]:
    """Documents and skipped records by shard, without the file's address and what is made of it: the key."""
    files = [path for place in ("documents", "skipped") for path in sorted((output / place).glob("*.parquet"))]
    tables = {f"{path.parent.name}/{path.name}": pq.read_table(path) for path in files}
    return {
        name: table.drop_columns(["file_path", *({"key"} & set(table.column_names))]).to_pylist()
        for name, table in tables.items()
    }


def test_a_run_over_a_throttled_server_gives_the_same_bytes(site, make_warc, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "FIRST_WAIT", 0.001)
    local = tmp_path / "a.warc.gz"
    site.files["a.warc.gz"] = make_warc(pages_of(12))
    local.write_bytes(site.files["a.warc.gz"])
    configuration = load_configuration("default", ["reading.split_megabytes=0.003"])
    dice = random.Random(5)
    kinds = [None, None, Fault(429, {"Retry-After": "0"}), Fault(503), Fault(cut_after=700), Fault(cut_after=0)]
    for place, entry in (("calm", site.url("a.warc.gz")), ("rough", site.url("a.warc.gz")), ("local", str(local))):
        site.faults = iter(lambda: dice.choice(kinds), 0) if place == "rough" else iter(())
        plan = make_plan(configuration, [entry], str(tmp_path / place))
        assert len(plan.splits) >= 3
        run(plan, InlineRunner(), Console(quiet=True))
    rough, calm = (
        {path.name: path.read_bytes() for path in (tmp_path / place).rglob("*.parquet")} for place in ("rough", "calm")
    )
    assert rough == calm
    assert measured(tmp_path / "rough") == measured(tmp_path / "local")
    assert sum(map(len, measured(tmp_path / "rough").values())) == 12
