"""WARC files whose records are known, a columnar index of them made with warcio, and an HTTP server with ranges."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from warcio.archiveiterator import ArchiveIterator

WORDS = ("mill", "bridge", "market", "school", "harbour", "library", "theatre", "station", "garden", "tower", "castle")
SITES = {
    # host: languages as the index writes them, status, media type
    "www.stadt.de": ("deu", 200, "text/html"),
    "blog.stadt.de": ("deu,eng", 200, "text/html"),
    "town.example.org": ("eng", 200, "text/html"),
    "paper.example.org": ("eng", 200, "application/pdf"),
    "gone.example.org": ("eng", 404, "text/html"),
    "sv.by.se": ("swe", 200, "application/xhtml+xml"),
    "nowhere.net": (None, 200, "text/html"),
}
PAGES_A_SITE = 6


@dataclass
class Crawl:
    """Two WARC files and the rows of their index."""

    folder: Path
    rows: list[dict]

    def write(self, rows: list[dict] | None = None, name: str = "index/crawl=CC-TEST-1/subset=warc/p.parquet") -> str:
        """An index file of these rows, by default of all."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(self.rows if rows is None else rows), path)
        return str(path)

    def settings(self, index: str, *more: str) -> list[str]:
        """What `--set` takes."""
        return [f"selection.index={index}", f"selection.base={self.folder}", *more]


def page(host: str, number: int) -> bytes:
    """A page with enough text to be extracted, different from all others."""
    lines = "".join(
        f"<p>In {host} the {word} number {number * 7 + place} is old, and the people who live there tell of it.</p>"
        for place, word in enumerate(WORDS)
    )
    return f"<html><title>{host}</title><body><article>{lines}</article></body></html>".encode()


def index_rows(path: Path, filename: str) -> list[dict]:
    """Rows of Common Crawl's layout for the responses of a WARC: places from warcio, which is not our reader."""
    rows = []
    with path.open("rb") as stream:
        records = ArchiveIterator(stream)
        for record in records:
            if record.rec_type != "response":
                continue
            url = record.rec_headers.get_header("WARC-Target-URI")
            record.content_stream().read()
            length = records.get_record_length()
            host = urlsplit(url).hostname
            spoken, status, mime = SITES.get(host, ("und", 200, "text/html"))
            rows.append(
                {
                    "url": url,
                    "url_host_name": host,
                    "url_host_tld": host.rpartition(".")[2],
                    "content_mime_detected": mime,
                    "content_languages": spoken,
                    "fetch_status": status,
                    "warc_filename": filename,
                    "warc_record_offset": records.get_record_offset(),
                    "warc_record_length": length,
                }
            )
    return rows


@pytest.fixture
def crawl(make_warc: Callable[..., bytes], tmp_path: Path) -> Crawl:
    """Pages of all sites, in turn, in two files."""
    rows: list[dict] = []
    for name, numbers in (("a", range(0, 3)), ("b", range(3, PAGES_A_SITE))):
        path = tmp_path / "crawl-data" / f"{name}.warc.gz"
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as stream:
            for number in numbers:
                for host, (_, status, mime) in SITES.items():
                    url = f"https://{host}/page/{number}"
                    headers = {"Content-Type": mime}
                    stream.write(make_warc([(url, page(host, number))], headers=headers, status=f"{status} X"))
        rows += index_rows(path, f"crawl-data/{name}.warc.gz")
    return Crawl(tmp_path, rows)


@dataclass
class Served:
    """A folder behind HTTP: what was asked for, in bytes, and which paths are answered with an error."""

    address: str
    requests: list[tuple[str, int, int]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)

    def bytes_of(self, suffix: str) -> int:
        """Bytes that were sent of files with this suffix."""
        return sum(length for path, _, length in self.requests if path.endswith(suffix))


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Served]]:
    """Serves folders over HTTP on this machine, with byte ranges."""
    servers = []

    def start(folder: Path) -> Served:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self.answer(send=False)

            def do_GET(self) -> None:
                self.answer(send=True)

            def answer(self, send: bool) -> None:
                path = folder / self.path.lstrip("/")
                if not path.is_file():
                    self.send_response(404)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                data = path.read_bytes()
                wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                first, last = (int(wanted[1]), int(wanted[2] or len(data) - 1)) if wanted else (0, len(data) - 1)
                part = data[first : last + 1]
                if wanted and not part:
                    self.send_response(416)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206 if wanted else 200)
                if wanted:
                    self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(data)}")
                self.send_header("Content-Length", str(len(part)))
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("ETag", '"1"')
                self.end_headers()
                if send:
                    served.requests.append((self.path, first, len(part)))
                    self.wfile.write(part)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        served = Served(f"http://127.0.0.1:{server.server_address[1]}")
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return served

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
