"""A record that kills its worker costs itself only: it is found by bisection in child processes, and counted.

A page may bring native code to a segmentation fault, or the kernel may end a process that takes too much memory. A
runner that loses a worker hands the split here. A fresh interpreter (a Ray worker has threads, and must not fork) forks
a child for each attempt: the whole split, then halves of its records, until the killers are alone. The split is then
curated without them, and each of them is in skipped/ as `killed_worker`.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from pipeline.children import ChildKilledError, die_with_parent, in_child
from pipeline.curating.pages import Row
from pipeline.curating.stage import STAGE, Located, curate, located, measure_items, open_reader
from pipeline.errors import GlotmillError, ShardError
from pipeline.reading.sources import Split
from pipeline.reading.warc import Response
from pipeline.shards import Job, read_commits

Item = TypeVar("Item")
# More killers than this in one split are the machine's fault or the installation's, and no property of the pages.
MOST_POISON = 32
# A page of our own that goes the whole way once, so that children find models and tables loaded.
WARM_UP = Response(
    id="<urn:uuid:00000000-0000-0000-0000-000000000000>",
    url="https://example.org/",
    date="2026-01-01T00:00:00Z",
    offset=0,
    length=0,
    status=200,
    headers={"content-type": "text/html; charset=utf-8"},
    payload=b"<html><body><article>" + b"<p>The boats lay still in the harbour, and nobody went out.</p>" * 9,
    digest=None,
)
# A single record is accused only if it kills every time: a machine short of memory kills whatever runs.
CONFIRMATIONS = 2


def curate_apart(split: Split, job: Job) -> Row:
    """Curate a split that killed its worker, in processes of its own; the value is the commit's facts.

    Raises ShardError: the records are not to blame, or the work failed in another way.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "pipeline.curating.poison"]
    task = pickle.dumps((split, job))
    ended = subprocess.run(command, input=task, capture_output=True, check=False, env=environment)
    if ended.returncode != 0:
        message = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ShardError(message[-1] if message else f"{split}: the search for what kills its worker was killed")
    wanted = {split.name: job.fingerprints.documents(split)}
    return read_commits(job.folder, STAGE, wanted)[split.name]


def curate_without_poison(split: Split, job: Job) -> Row:
    """Curate a split in forked children, without the records that kill them. Raises ShardError."""
    try:
        return _last(in_child(lambda: iter([curate(split, job)])))
    except ChildKilledError:
        poison = frozenset(find_poison_records(split, job))
    if not poison:
        raise ShardError(
            f"{split}: the worker is killed, but by none of its records alone; the machine may lack memory"
        )
    try:
        return _last(in_child(lambda: iter([curate(split, job, poison)])))
    except ChildKilledError as exc:
        raise ShardError(f"{split}: the worker is killed ({exc}) even without the records that kill it alone") from exc


def find_poison_records(split: Split, job: Job) -> list[tuple[str, int]]:
    """Files and offsets of the records of a split that kill a process in which they are alone. Raises ShardError."""

    def items() -> Iterator[Located]:
        return located(open_reader(split, job))

    def measured(first: int, last: int) -> Iterator[int]:
        measure_items(islice(items(), first, last), job.configuration)
        yield last - first

    def survives(first: int, last: int) -> bool:
        try:
            _last(in_child(lambda: measured(first, last)))
        except ChildKilledError:
            return False
        return True

    try:
        places = _last(in_child(lambda: iter([[(path, item.offset) for path, item in items()]])))
    except ChildKilledError as exc:
        raise ShardError(f"{split}: the worker is killed ({exc}) by reading the file alone; it is damaged") from exc
    try:
        return [places[number] for number in find_poison(len(places), survives)]
    except TooManyError:
        raise ShardError(
            f"{split}: more than {MOST_POISON} of its records kill the worker; a library or the machine is at fault"
        ) from None


class TooManyError(Exception):
    """More items kill than pages can be blamed for."""


def find_poison(count: int, survives: Callable[[int, int], bool]) -> list[int]:
    """The items among `count` that do not survive alone, found by halving the ranges that hold one.

    `survives(first, last)` tries the items first ≤ number < last. With k killers it tries O(k log count) ranges. Raises
    TooManyError beyond MOST_POISON killers.

    >>> find_poison(100, lambda first, last: not first <= 37 < last)
    [37]
    """
    found: list[int] = []
    ranges = [(0, count)] if count else []
    while ranges:
        first, last = ranges.pop()
        alone = last - first == 1
        if any(survives(first, last) for _ in range(CONFIRMATIONS if alone else 1)):
            continue
        if alone:
            found.append(first)
            if len(found) > MOST_POISON:
                raise TooManyError
            continue
        middle = (first + last) // 2
        ranges += [(middle, last), (first, middle)]
    return found


def _last(items: Iterator[Item]) -> Item:
    """The only item of an iterator that has to be exhausted."""
    (item,) = items
    return item


def main() -> int:
    """Curate the pickled (split, job) of standard input; the last line of standard error says what went wrong."""
    die_with_parent()
    split, job = pickle.load(sys.stdin.buffer)
    measure_items([("warm-up", WARM_UP)], job.configuration)
    try:
        curate_without_poison(split, job)
    except GlotmillError as exc:
        sys.stderr.write(f"{' '.join(str(exc).split())}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
