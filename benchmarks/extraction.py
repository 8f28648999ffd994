"""Quality and CPU time of every extractor, side by side, on pages with known segments.

    python benchmarks/extraction.py --warc web.warc.gz --gold gold.jsonl [--repeats 3] [--pages 100]

A line of the gold file is `{"url": ..., "with": [segments of the text], "without": [segments of the frame]}`. As in
trafilatura's own evaluation, a segment counts as found where it stands in the text letter by letter: true positives
and false negatives are `with` segments, false positives are `without` segments. The time is CPU time from the HTML
string to the text, parsing included. Repeats are interleaved: each page goes through all engines before the next, so
that a busy machine slows all of them alike; the ratio to the first engine is the median over repeats, with its range.
"""

import argparse
import hashlib
import json
import logging
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import trafilatura
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text

# The project, and not this folder, whose `dedup.py` would hide the package.
sys.path[0] = str(Path(__file__).parent.parent)

from pipeline.extraction.content import main_text  # noqa: E402
from pipeline.reading.charset import decode  # noqa: E402
from pipeline.reading.http import header_charset  # noqa: E402

Engine = Callable[[str], str]


def _trafilatura(**options: bool) -> Engine:
    """Trafilatura as the pipeline calls it, with options."""

    def extracted(html: str) -> str:
        return (
            trafilatura.extract(html, include_comments=False, include_tables=True, deduplicate=False, **options) or ""
        )

    return extracted


ENGINES: Mapping[str, Engine] = {
    "trafilatura precision": _trafilatura(favor_precision=True),
    "trafilatura default": _trafilatura(),
    "trafilatura fast": _trafilatura(fast=True),
    "resiliparse main content": lambda html: extract_plain_text(html, main_content=True, preserve_formatting=True),
    "content": main_text,
}


@dataclass(frozen=True)
class Page:
    """A page, and the segments that its text must and must not have."""

    url: str
    html: str
    wanted: Sequence[str]
    unwanted: Sequence[str]


@dataclass
class Quality:
    """Segments found and missed over pages."""

    true_positives: int = 0
    false_negatives: int = 0
    false_positives: int = 0
    characters: int = 0

    def add(self, page: Page, text: str) -> None:
        """Count the segments of a page in the text that was extracted from it."""
        found = sum(segment in text for segment in page.wanted)
        self.true_positives += found
        self.false_negatives += len(page.wanted) - found
        self.false_positives += sum(segment in text for segment in page.unwanted)
        self.characters += len(text)

    @property
    def precision(self) -> float:
        """Share of the segments found that belong to the text."""
        return self.true_positives / max(1, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the text's segments that were found."""
        return self.true_positives / max(1, self.true_positives + self.false_negatives)

    @property
    def f_score(self) -> float:
        """Harmonic mean of precision and recall."""
        both = 2 * self.true_positives + self.false_negatives + self.false_positives
        return 2 * self.true_positives / max(1, both)


def read_pages(warc: Path, gold: Path, most: int | None) -> list[Page]:
    """The pages of an archive that have gold segments, decoded as the pipeline does."""
    segments = {line["url"]: line for line in map(json.loads, gold.read_text(encoding="utf-8").splitlines())}
    pages = []
    with warc.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
            line = segments.pop(record.headers.get("WARC-Target-URI"), None)
            if line is None:
                continue
            headers = {name.lower(): value for name, value in (record.http_headers or ())}
            declared = header_charset(headers)
            html = decode(record.reader.read(), declared).text
            pages.append(Page(line["url"], html, line["with"], line["without"]))
            if most and len(pages) == most:
                break
    return pages


def half_of(url: str) -> str:
    """Which half of the sites a page belongs to: rules were made on `seen`, `unseen` only judged them."""
    host = urlsplit(url).netloc.removeprefix("www.")
    return "unseen" if hashlib.md5(host.encode()).digest()[0] & 1 else "seen"


def measure(pages: Sequence[Page], repeats: int) -> tuple[dict[str, dict[str, Quality]], dict[str, list[float]]]:
    """Quality of every engine by part of the sites, and CPU seconds of every repeat."""
    for engine in ENGINES.values():
        engine(pages[0].html)  # compiled, loaded and cached before the clock runs
    qualities = {name: {part: Quality() for part in ("all", "seen", "unseen")} for name in ENGINES}
    seconds = {name: [0.0] * repeats for name in ENGINES}
    for repeat in range(repeats):
        for page in pages:
            for name, engine in ENGINES.items():
                start = time.process_time()
                text = engine(page.html)
                seconds[name][repeat] += time.process_time() - start
                if repeat == 0:
                    qualities[name]["all"].add(page, text)
                    qualities[name][half_of(page.url)].add(page, text)
    return qualities, seconds


def report(
    pages: Sequence[Page], qualities: Mapping[str, Mapping[str, Quality]], seconds: Mapping[str, Sequence[float]]
) -> None:
    """Print a table of quality for each part of the sites, and one of time."""
    for part in ("all", "seen", "unseen"):
        print(f"\n{part} sites: {'':13} precision recall      F  characters kept")
        for name, by_part in qualities.items():
            quality = by_part[part]
            scores = f"{quality.precision:9.4f} {quality.recall:6.4f} {quality.f_score:6.4f}"
            print(f"{name:24} {scores} {quality.characters:16,}")
    first = next(iter(seconds))
    print(f"\n{'':24} ms a page   of the time of {first}, median (range)")
    for name, times in seconds.items():
        ratios = [mine / base for mine, base in zip(times, seconds[first], strict=True)]
        milliseconds = 1000 * statistics.median(times) / len(pages)
        print(f"{name:24} {milliseconds:9.2f}   {statistics.median(ratios):.4f} ({min(ratios):.4f}-{max(ratios):.4f})")


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warc", type=Path, required=True)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pages", type=int, help="the first so many pages only")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    pages = read_pages(arguments.warc, arguments.gold, arguments.pages)
    print(f"{len(pages)} pages, {arguments.repeats} repeats")
    report(pages, *measure(pages, arguments.repeats))


if __name__ == "__main__":
    main()
