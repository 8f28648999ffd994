"""Inputs on the Hugging Face hub, from a server on loopback that answers as the hub does."""

import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import fsspec
import huggingface_hub.constants
import pytest

from pipeline.errors import InputError
from pipeline.reading import remote
from pipeline.reading.remote import MissingInputError
from pipeline.reading.sources import InputFile, find_inputs, open_input, read_range

REPO, COMMIT = "datasets/team/crawl", "c" * 40
FILES = {name: random.Random(name).randbytes(100_000) for name in ("warc/b.warc.gz", "warc/a.warc.gz", "README.md")}


class Hub(ThreadingHTTPServer):
    """A dataset `team/crawl`. Large files are redirected to another host, which knows ranges and wants no token."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str | None]] = []
        self.busy = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *args) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._json([])

    def do_GET(self) -> None:
        path = urlsplit(self.path).path.lstrip("/")
        self.server.seen.append((path, self.headers.get("Authorization")))
        if path.startswith("api/") and self.server.busy:
            self.server.busy -= 1
            self._send(429, b"{}", {"Retry-After": "0"})
        elif path in (f"api/{REPO}", f"api/{REPO}/revision/main"):
            self._json({"id": "team/crawl", "sha": COMMIT, "private": False, "tags": [], "siblings": []})
        elif path.startswith(f"api/{REPO}/tree/main"):
            self._tree(path.removeprefix(f"api/{REPO}/tree/main").strip("/"))
        elif (name := path.removeprefix(f"{REPO}/resolve/main/")) in FILES:
            there = f"http://localhost:{self.server.server_port}/cdn/{name}"
            self._send(302, b"", {"Location": there, "X-Linked-ETag": f'"sha-{name}"', "ETag": '"pointer"'})
        elif path.startswith("cdn/"):
            self._range(FILES[path.removeprefix("cdn/")])
        else:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _tree(self, folder: str) -> None:
        files = [name for name in FILES if name.startswith(folder)]
        recursive = "recursive=true" in self.path.lower()
        entries = []
        for name in sorted(files):
            rest = name.removeprefix(folder).strip("/")
            if "/" in rest:
                above = f"{folder}/{rest.partition('/')[0]}".strip("/")
                entries.append({"type": "directory", "path": above, "oid": "d" * 40, "size": 0})
            if "/" not in rest or recursive:
                entries.append({"type": "file", "path": name, "oid": "f" * 40, "size": len(FILES[name])})
        unique = {entry["path"]: entry for entry in entries}
        self._json(list(unique.values())) if files else self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})

    def _range(self, data: bytes) -> None:
        start, end = (int(number) for number in self.headers["Range"].removeprefix("bytes=").split("-"))
        part = data[start : end + 1]
        told = {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(data)}", "ETag": '"of the cdn"'}
        self._send(206, part, told)

    def _json(self, data: object) -> None:
        self._send(200, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def hub(monkeypatch):
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    # What HF_ENDPOINT sets when the library is imported.
    template = huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE
    template = template.replace(huggingface_hub.constants.ENDPOINT, endpoint)
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", endpoint)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setattr(remote, "FIRST_WAIT", 0.001)
    fsspec.get_filesystem_class("hf").clear_instance_cache()
    yield server
    fsspec.get_filesystem_class("hf").clear_instance_cache()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("hf://datasets/team/crawl/warc/a.warc.gz", ["warc/a.warc.gz"]),
        ("hf://datasets/team/crawl", ["warc/a.warc.gz", "warc/b.warc.gz"]),
        ("hf://datasets/team/crawl/warc", ["warc/a.warc.gz", "warc/b.warc.gz"]),
        ("hf://datasets/team/crawl/*/b.*", ["warc/b.warc.gz"]),
    ],
)
def test_paths_globs_and_folders(hub, entry, names):
    wanted = [InputFile(f"hf://{REPO}/{name}", len(FILES[name]), f'"sha-{name}"') for name in names]
    assert find_inputs([entry]) == wanted


def test_ranges_and_the_token_only_for_the_hub(hub):
    name = "warc/a.warc.gz"
    with open_input(f"hf://{REPO}/{name}") as stream:
        stream.seek(50_000)
        assert stream.read(100) == FILES[name][50_000:50_100]
    assert read_range(f"hf://{REPO}/{name}", 99_990, 50) == FILES[name][-10:]
    tokens = {path.partition("/")[0]: token for path, token in hub.seen}
    assert tokens == {"api": "Bearer hf_secret", "datasets": "Bearer hf_secret", "cdn": None}


def test_what_is_not_there_is_named(hub):
    with pytest.raises(MissingInputError, match=r"hf://datasets/team/crawl/warc/none\.warc"):
        open_input(f"hf://{REPO}/warc/none.warc")
    with pytest.raises(InputError, match=r"hf://datasets/team/other/a\.warc"):
        find_inputs(["hf://datasets/team/other/a.warc"])


def test_a_busy_hub_is_asked_again(hub):
    hub.busy = 3
    assert len(find_inputs([f"hf://{REPO}/warc"])) == 2
    assert hub.busy == 0
