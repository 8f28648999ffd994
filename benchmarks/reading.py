"""Reading records, pages per CPU second: glotmill beside warcio and bare FastWARC, in one process.

    .venv/bin/python benchmarks/reading.py FILE [FILE ...] [--rounds 7]

FILE are WARC files. All systems read the same file in turns, so that a busy machine slows all alike; the best of the
rounds counts. What each does with a response:

- `fastwarc, bare`: iterates over the responses and reads their blocks; no HTTP, no check of lengths, no damage;
- `warcio`: iterates over all records, parses the HTTP head, reads the payload;
- `glotmill`: `SplitReader` over the whole file: HTTP head, payload, the record's end checked against its length.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fastwarc.warc
import warcio.archiveiterator
from rich.console import Console
from rich.table import Table

# Not this folder: it has files that are named as our packages are.
sys.path[0] = str(Path(__file__).parent.parent)

from pipeline.reading.sources import find_inputs, plan_splits  # noqa: E402
from pipeline.reading.warc import Response, SplitReader  # noqa: E402

PAYLOAD_LIMIT = 1 << 24
Counts = tuple[int, int]


def with_fastwarc(path: Path) -> Counts:
    """Responses and bytes of their blocks."""
    pages = size = 0
    with path.open("rb") as stream:
        kinds = fastwarc.warc.WarcRecordType.response
        for record in fastwarc.warc.ArchiveIterator(stream, record_types=kinds, parse_http=False):
            pages += 1
            size += len(record.reader.read())
    return pages, size


def with_warcio(path: Path) -> Counts:
    """Responses and bytes of their payloads."""
    pages = size = 0
    with path.open("rb") as stream:
        for record in warcio.archiveiterator.ArchiveIterator(stream):
            if record.rec_type == "response":
                pages += 1
                size += len(record.raw_stream.read())
    return pages, size


def with_glotmill(path: Path) -> Counts:
    """Responses and bytes of their payloads."""
    pages = size = 0
    for split in plan_splits(find_inputs([str(path)]), 1 << 40):
        for item in SplitReader(split, PAYLOAD_LIMIT):
            if isinstance(item, Response):
                pages += 1
                size += len(item.payload or b"")
    return pages, size


SYSTEMS: dict[str, Callable[[Path], Counts]] = {
    "warcio": with_warcio,
    "fastwarc, bare": with_fastwarc,
    "glotmill": with_glotmill,
}


def measure(path: Path, rounds: int) -> dict[str, tuple[Counts, float]]:
    """What each system read, and its best CPU seconds."""
    results: dict[str, tuple[Counts, float]] = {}
    for _ in range(rounds):
        for name, system in SYSTEMS.items():
            start = time.process_time()
            counts = system(path)
            seconds = time.process_time() - start
            results[name] = (counts, min(seconds, results.get(name, (counts, seconds))[1]))
    return results


def main() -> None:
    """Print one table a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    for path in arguments.files:
        results = measure(path, arguments.rounds)
        base = results["warcio"][1]
        table = Table("system", "pages", "megabytes", "pages / CPU second", "× warcio", title=path.name)
        for name, ((pages, size), seconds) in results.items():
            table.add_row(name, f"{pages:,}", f"{size / 1e6:.1f}", f"{pages / seconds:,.0f}", f"{base / seconds:.2f}")
        Console().print(table)


if __name__ == "__main__":
    main()
