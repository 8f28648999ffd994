"""Site files from the records of a WARC, such as Common Crawl's files of robots.txt records."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import xxhash

from pipeline.reading.http import HTML_START, BodyError, decode_body
from pipeline.reading.sources import Split
from pipeline.reading.warc import Damage, Response, SplitReader
from pipeline.rights.site_files import LARGEST_FILE, SiteFile, origin_of, path_of

# A longer body is no file that anyone wrote by hand; of this much the first 500 KiB are read.
LARGEST_BODY = 4_000_000
KINDS = frozenset(map(str, SiteFile))
# The site has no such file (RFC 9309, 2.3.1.3): nothing is said against anything.
ABSENT = frozenset({404, 410})
# What a row takes beside its text.
CHARACTERS_A_ROW = 200

FILES = pa.schema(
    [
        ("origin", pa.string()),
        ("kind", pa.string()),
        ("date", pa.string()),
        ("order", pa.uint64()),
        ("text", pa.string()),
    ]
)


def read_files(split: Split, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """Rows of FILES; `counts` counts the records by what became of them."""
    for item in SplitReader(split, LARGEST_BODY):
        if isinstance(item, Damage):
            counts["damaged"] += 1
            continue
        origin = origin_of(item.url)
        kind = path_of(item.url).partition("?")[0] if origin else None
        if kind not in KINDS:
            counts["other_addresses"] += 1
            continue
        text = text_of(item)
        if text is None:
            # A redirect, an error of the server, a body that cannot be decoded: nothing is known.
            counts["unreadable"] += 1
            continue
        counts["read"] += 1
        order = xxhash.xxh3_64_intdigest(text.encode())
        yield {"origin": origin, "kind": kind, "date": item.date, "order": order, "text": text}


def text_of(response: Response) -> str | None:
    """A site file's text; empty where the site has none, None where nothing is known."""
    if response.status in ABSENT:
        return ""
    if response.status != 200 or response.payload is None:
        return None
    try:
        body = decode_body(response.payload, response.headers, LARGEST_BODY)
    except BodyError:
        return None
    if HTML_START.match(body[:4096]):
        return ""  # a page "not found" that is sent as if it were found
    if len(body) > LARGEST_FILE:
        body = body[:LARGEST_FILE].rpartition(b"\n")[0]  # half a path would shut out more
    return body.decode("utf-8", "replace")


def batches(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Rows in lists whose texts have about `size` characters."""
    held: list[dict[str, Any]] = []
    characters = 0
    for row in rows:
        held.append(row)
        characters += len(row["text"]) + CHARACTERS_A_ROW
        if characters > size:
            yield held
            held, characters = [], 0
    if held:
        yield held
