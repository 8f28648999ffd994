"""Lists of paths, one a line, such as Common Crawl publishes of its files: `warc.paths.gz`."""

import gzip
import zlib

from pipeline.errors import InputError


def parse_list(name: str, data: bytes, compressed: bool) -> list[str]:
    """The paths of a list; empty lines are passed over. Raises InputError, which names the list.

    >>> parse_list("warc.paths", b"a.warc.gz\\n\\ns3://bucket/b.warc.gz\\n", compressed=False)
    ['a.warc.gz', 's3://bucket/b.warc.gz']
    """
    try:
        text = (gzip.decompress(data) if compressed else data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as exc:
        raise InputError(f"{name}: not a list of paths: {exc}") from exc
    return list(filter(None, map(str.strip, text.splitlines())))


def is_relative(path: str) -> bool:
    """Whether a path of a list needs something in front.

    >>> [is_relative(path) for path in ("segments/a.warc.gz", "/data/a.warc.gz", "s3://bucket/a.warc.gz")]
    [True, False, False]
    """
    return "://" not in path and not path.startswith("/")


def before_overlap(folder: str, path: str) -> str | None:
    """What stands before the folders that `folder` ends with and `path` begins with; None where there are none.

    >>> before_overlap("s3://commoncrawl/crawl-data/CC-MAIN-2024-10/", "crawl-data/CC-MAIN-2024-10/segments/a.warc.gz")
    's3://commoncrawl/'
    >>> before_overlap("crawl/lists/", "crawl/a.warc") is None
    True
    """
    above, parts = folder.rstrip("/").split("/"), path.split("/")[:-1]
    for length in range(min(len(above), len(parts)), 0, -1):
        if above[-length:] == parts[:length]:
            return "".join(f"{part}/" for part in above[:-length])
    return None
