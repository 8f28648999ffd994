"""A small part of a run's input, copied to this machine."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pipeline.plan import Plan
from pipeline.reading.sources import Split, open_input
from pipeline.reading.warc import SplitReader
from pipeline.selection.plan import read_places
from pipeline.selection.reader import fetched

# From more places the sample is fairer; from fewer it is quicker.
PLACES = 4
BLOCK = 1 << 20
# Their first frame may be a dictionary, without which no other can be read.
ONLY_FROM_THE_START = (".zst",)
Item = TypeVar("Item")


@dataclass(frozen=True)
class Sample:
    """Copies of parts of the input, one a place, and the seconds that their bytes took to come."""

    files: tuple[str, ...]
    bytes: int
    seconds: float


def take_sample(plan: Plan, records: int, folder: Path) -> Sample:
    """About as many records, from splits that are spread evenly over the input."""
    splits = spread([split for split in plan.splits if split.start == 0 or _can_begin(split)])
    share = -(-records // len(splits))
    seconds = 0.0
    copies = []
    size = 0.0 if plan.splits[0].selected else _bytes_a_place(plan, splits, share)
    for number, split in enumerate(splits):
        if split.selected is None:
            copy = folder / f"{number}{_suffixes(split.file.path)}"
            seconds += _copy_range(split, *_span(_offsets(plan, split), size), copy)
            copies.append(copy)
        else:
            found, took = _copy_records(plan, split, share, folder / str(number))
            seconds += took
            copies += found
    return Sample(tuple(map(str, copies)), sum(copy.stat().st_size for copy in copies), seconds)


def spread(items: Sequence[Item]) -> list[Item]:
    """At most PLACES of the items, as far from each other as they can be.

    >>> spread("abcdefghi"), spread("ab")
    (['a', 'c', 'f', 'i'], ['a', 'b'])
    """
    count = min(len(items), PLACES)
    return [items[place * (len(items) - 1) // max(count - 1, 1)] for place in range(count)]


def _can_begin(split: Split) -> bool:
    """Whether the split's records can be read without what stands at the start of its file."""
    return not split.file.path.endswith(ONLY_FROM_THE_START)


def _bytes_a_place(plan: Plan, splits: Sequence[Split], share: int) -> float:
    """As many bytes of each place as hold `share` records on average.

    Equal bytes, and not equal records: where pages are small there are more of them, also in the whole input.
    """
    rates = []
    for split in splits:
        offsets = list(islice(_offsets(plan, split), share + 1))
        rates.append((len(offsets) - 1) / max(offsets[-1] - offsets[0], 1) if offsets else 0.0)
    return share * len(splits) / sum(rates) if any(rates) else 0.0


def _offsets(plan: Plan, split: Split) -> Iterator[int]:
    """Where the split begins, and where each of its responses ends; the last one, where the split does."""
    reader = SplitReader(split, plan.job.configuration.settings.extraction.page_bytes)
    end = None
    for item in reader:
        yield min(reader.first_offset if end is None else end, split.file.size)
        end = item.offset + item.length
    if end is not None:
        yield reader.next_offset


def _span(offsets: Iterator[int], size: float) -> tuple[int, int]:
    """From the first offset to the first one that is `size` bytes behind it, or to the last."""
    start = end = next(offsets, 0)
    for end in offsets:
        if end - start >= size:
            break
    return start, end


def _copy_range(split: Split, start: int, end: int, copy: Path) -> float:
    """Copy bytes of a split's file; the value is the seconds that they took to come."""
    seconds = 0.0
    with open_input(split.file) as source, copy.open("wb") as target:
        source.seek(start)
        while start < end:
            begun = time.perf_counter()
            block = source.read(min(BLOCK, end - start))
            seconds += time.perf_counter() - begun
            if not block:
                break
            target.write(block)
            start += len(block)
    return seconds


def _copy_records(plan: Plan, split: Split, records: int, stem: Path) -> tuple[list[Path], float]:
    """Copy the first records of a selected split, and tell how long they took to come; those that are not there
    are left out.

    Records are as they are in their files, so that each kind of compression has a copy of its own.
    """
    settings = plan.job.configuration.settings
    parts: dict[Path, list[bytes]] = {}
    begun = time.perf_counter()
    places = read_places(plan.job.folder, replace(split, end=min(split.end, split.start + records)))
    for place, data in fetched(places, settings.selection.gap_bytes, settings.extraction.page_bytes):
        if isinstance(data, bytes):
            parts.setdefault(stem.with_name(f"{stem.name}{_suffixes(place.file)}"), []).append(data)
    seconds = time.perf_counter() - begun
    for copy, found in parts.items():
        copy.write_bytes(b"".join(found))
    return list(parts), seconds


def _suffixes(path: str) -> str:
    """The ending that says how a file is compressed.

    >>> _suffixes("s3://bucket/CC-MAIN-2026.1/a.warc.gz"), _suffixes("crawl.warc")
    ('.warc.gz', '.warc')
    """
    return "".join(PurePosixPath(path).suffixes[-2:])
