"""Progress of a stage: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 10.0
A_MOMENT = 2.0


@dataclass(frozen=True)
class Work:
    """What is being done: a stage, how many shards it has, and the unit that its rate is counted in.

    Of brief work nothing is said where it takes less than a moment.
    """

    stage: str
    shards: int
    unit: str
    brief: bool = False


def track(items: Iterable[Item], work: Work, amount: Callable[[Item], int], console: Console) -> Iterator[Item]:
    """Pass items on, one a finished shard, and show how many are done, the rate in units, and the time left."""
    yield from (_bar if console.is_terminal else _lines)(items, work, amount, console)


def _bar(items: Iterable[Item], work: Work, amount: Callable[[Item], int], console: Console) -> Iterator[Item]:
    columns = (
        TextColumn("[bold]{task.description:9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=work.brief) as progress:
        task = progress.add_task(work.stage, total=work.shards, rate="")
        start, done = time.monotonic(), 0
        for item in items:
            done += amount(item)
            progress.update(task, advance=1, rate=_rate(done, start, work.unit))
            yield item


def _lines(items: Iterable[Item], work: Work, amount: Callable[[Item], int], console: Console) -> Iterator[Item]:
    start = last = time.monotonic()
    done = count = 0
    for item in items:
        done, count, now = done + amount(item), count + 1, time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES and count < work.shards:
            left = (now - start) / count * (work.shards - count)
            rate = _rate(done, start, work.unit)
            console.print(f"{work.stage}: {count} of {work.shards} done, {rate}, {left:.0f} s left", highlight=False)
            last = now
        yield item
    if work.brief and time.monotonic() - start < A_MOMENT:
        return
    rate = _rate(done, start, work.unit)
    console.print(f"{work.stage}: {count} of {work.shards} done, {rate}", highlight=False, soft_wrap=True)


def _rate(done: int, start: float, unit: str) -> str:
    seconds = max(time.monotonic() - start, 1e-3)
    return f"{done:,} {unit}, {done / seconds:,.0f}/s"
