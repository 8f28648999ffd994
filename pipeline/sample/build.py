"""Write the sample WARC: `python -m pipeline.sample.build [OUTPUT]`.

The records are laid out as Common Crawl writes them (warcinfo, then request, response and metadata of each page),
every record a gzip member of its own. Nothing depends on the clock, the machine or the order of the files: dates are
fixed, record ids are uuid5 of the address, and the records are sorted by id, so that languages and copies mix.
"""

import argparse
import datetime
import uuid
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from pipeline.sample.content import Menu, Page, read_menus, read_pages
from pipeline.sample.wire import Exchange, read_exchanges, respond

SAMPLE = Path(__file__).parent / "sample.warc.gz"
START = datetime.datetime(2026, 11, 2, 8, 0, tzinfo=datetime.UTC)
SECONDS_BETWEEN = 7
INFO = {
    "isPartOf": "SAMPLE-2026-45",
    "publisher": "glotmill",
    "description": "Pages written for the demo of glotmill",
    "software": "pipeline.sample.build",
    "robots": "checked via crawler-commons",
    "format": "WARC File Format 1.1",
    "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
}
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    autoescape=False,  # page files hold inline HTML
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(page: Page, menu: Menu) -> str:
    """The page's HTML, with the menus, banners and footers of its site."""
    return TEMPLATES.get_template(f"{page.template}.html").render(page=page, menu=menu)


def exchanges() -> list[Exchange]:
    """Every answer of the sample, in the order of the records' ids."""
    menus = read_menus()
    pages = [respond(page.url, render(page, menus[page.language]), page.wire) for page in read_pages()]
    return sorted([*pages, *read_exchanges()], key=lambda exchange: record_id("response", exchange.url))


def record_id(kind: str, url: str) -> str:
    """`WARC-Record-ID` of a record of this kind about this address."""
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{kind} {url}')}>"


def records(writer: WARCWriter, name: str) -> Iterator[ArcWarcRecord]:
    """All records of the file in order; `name` is the file's name as its warcinfo record gives it."""
    info = record_id("warcinfo", INFO["isPartOf"])
    yield dated(writer.create_warcinfo_record(name, INFO), START, info)
    for position, exchange in enumerate(exchanges()):
        date = START + datetime.timedelta(seconds=position * SECONDS_BETWEEN)
        for kind, record in exchange_records(writer, exchange):
            record.rec_headers.add_header("WARC-Warcinfo-ID", info)
            yield dated(record, date, record_id(kind, exchange.url))


def dated(record: ArcWarcRecord, date: datetime.datetime, identifier: str) -> ArcWarcRecord:
    """The record with this date and id in place of those that warcio drew."""
    record.rec_headers.replace_header("WARC-Date", date.strftime("%Y-%m-%dT%H:%M:%SZ"))
    record.rec_headers.replace_header("WARC-Record-ID", identifier)
    return record


def exchange_records(writer: WARCWriter, exchange: Exchange) -> Iterator[tuple[str, ArcWarcRecord]]:
    """Request, response (or revisit) and metadata of one answer, each with its kind."""
    url, response_id = exchange.url, record_id("response", exchange.url)
    address = {"WARC-IP-Address": "192.0.2.7"}
    yield (
        "request",
        writer.create_warc_record(url, "request", http_headers=request(url), warc_headers_dict=address),
    )
    about_response = {**address, "WARC-Concurrent-To": record_id("request", url)}
    if exchange.truncated:
        about_response["WARC-Truncated"] = exchange.truncated
    http = StatusAndHeaders(exchange.status, exchange.headers, protocol="HTTP/1.1")
    if exchange.revisit:
        about_response["WARC-Profile"] = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
        kind = "revisit"
    else:
        about_response["WARC-Identified-Payload-Type"] = exchange.payload_type
        kind = "response"
    payload = BytesIO(exchange.body)
    response = writer.create_warc_record(url, kind, payload, http_headers=http, warc_headers_dict=about_response)
    yield "response", response
    fields = f"fetchTimeMs: {100 + len(exchange.body) % 400}\r\n\r\n".encode()
    yield (
        "metadata",
        writer.create_warc_record(
            url,
            "metadata",
            BytesIO(fields),
            warc_content_type="application/warc-fields",
            warc_headers_dict={"WARC-Concurrent-To": response_id},
        ),
    )


def request(url: str) -> StatusAndHeaders:
    """The head of the crawler's request."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [
        ("User-Agent", "CCBot/2.0 (https://commoncrawl.org/faq/)"),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", "en-US,en;q=0.5"),
        ("Host", parts.netloc),
        ("Connection", "Keep-Alive"),
    ]
    return StatusAndHeaders(f"GET {target} HTTP/1.1", headers, is_http_request=True)


def write_sample(output: Path = SAMPLE) -> None:
    """Write the whole sample, one gzip member a record."""
    with output.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True, warc_version="1.0")
        for record in records(writer, SAMPLE.name):
            writer.write_record(record)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write the sample WARC from the page files.")
    parser.add_argument("output", nargs="?", type=Path, default=SAMPLE)
    write_sample(parser.parse_args(arguments).output)


if __name__ == "__main__":
    main()
