"""What tests share: WARC files made by warcio, real data where it is, one Ray cluster a session."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

ROOT = Path(__file__).parent.parent
# The first call of a kernel compiles it, and a busy machine waits: neither says anything about an example.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real web pages; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("GLOTMILL_REALDATA", ROOT.parent / "shared" / "data"))
    if not (folder / "warc").is_dir():
        pytest.skip(f"no real web pages in {folder}; set GLOTMILL_REALDATA")
    return folder


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """One local Ray cluster for all tests that need one."""
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR", address="local")
    yield
    ray.shutdown()


Page = tuple[str, bytes]


@pytest.fixture(scope="session")
def make_warc() -> Callable[..., bytes]:
    """Bytes of a WARC with a request and a response record a page, as a crawler writes it."""

    def make(
        pages: list[Page], gzip: bool = True, headers: dict[str, str] | None = None, status: str = "200 OK"
    ) -> bytes:
        stream = io.BytesIO()
        writer = WARCWriter(stream, gzip=gzip)
        writer.write_record(writer.create_warcinfo_record("test.warc.gz", {"software": "glotmill tests"}))
        for url, body in pages:
            fields = list((headers or {"Content-Type": "text/html; charset=utf-8"}).items())
            request = StatusAndHeaders("GET / HTTP/1.1", [("Host", "test.example")], is_http_request=True)
            writer.write_record(writer.create_warc_record(url, "request", http_headers=request))
            response = StatusAndHeaders(status, fields, protocol="HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=response)
            )
        return stream.getvalue()

    return make
