"""`glotmill plan`: what a run would read and take."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pipeline.forecast.estimate import Estimate, Times

ConfigName = Annotated[str, typer.Argument(metavar="CONFIG", help="A YAML file, or a preset: default, fineweb2, demo.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("-i", "--input", help="Web archives: a path, a glob, a folder, a *.paths list. Repeatable."),
]
Output = Annotated[
    str | None,
    typer.Option("-o", "--output", help="The later run's folder: a selection is kept there, and not made again."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a value, such as selection.limit=1000. Repeatable."),
]
Records = Annotated[int, typer.Option("--sample", min=0, help="Records to measure; 0: times are not estimated.")]
Workers = Annotated[int | None, typer.Option(min=1, help="CPUs that the run will have; by default this machine's.")]
Price = Annotated[float | None, typer.Option(min=0, help="Price of one CPU for an hour, in any currency.")]
Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]


def plan_command(
    config: ConfigName = "default",
    inputs: Inputs = None,
    output: Output = None,
    sets: Set = None,
    sample: Records = 100,
    workers: Workers = None,
    price: Price = None,
    as_json: Json = False,
) -> None:
    """Say what a run would do: splits, records, bytes, and the time of each stage, measured on a small sample.

    Of a selection: how many records and bytes are read, and how many of the index are not.

    [bold]glotmill plan default -i 'crawl/*.warc.gz' --workers 64 --price 0.04[/]
    """
    from configs.load import load_configuration
    from pipeline.forecast.estimate import estimate
    from pipeline.plan import make_plan

    configuration = load_configuration(config, sets or [])
    with TemporaryDirectory(prefix="glotmill-plan-") as temporary:
        plan = make_plan(configuration, inputs or [], output or str(Path(temporary) / "run"))
        found = estimate(plan, sample, workers or os.cpu_count() or 1, price)
    if as_json:
        typer.echo(json.dumps(plain(found), indent=1))
        return
    out = Console(width=None if sys.stdout.isatty() else 160)
    for line in summary(found):
        out.print(line, highlight=False, soft_wrap=True)
    if found.times:
        out.print(stage_table(found.times))


def plain(found: "Estimate") -> dict[str, Any]:
    """The figures as plain data, with what follows from them."""
    data = asdict(found)
    if found.selection:
        saved = {"saved_records": found.selection.saved_records, "saved_bytes": found.selection.saved_bytes}
        data["selection"] |= saved
        del data["selection"]["split_records"]
    return data


def summary(found: "Estimate") -> list[str]:
    """What will be read, in lines."""
    lines = [f"input:     {found.files:,} files, {megabytes(found.bytes)}, in {found.splits:,} splits"]
    if found.selection:
        chosen = found.selection
        lines += [
            f"selection: {chosen.records:,} of {chosen.index_records:,} records of the index, "
            f"{megabytes(chosen.bytes)} of {megabytes(chosen.index_bytes)}",
            f"fetched:   {megabytes(chosen.fetched)} in {chosen.requests:,} requests",
            f"saved:     {chosen.saved_records:,} records, {megabytes(chosen.saved_bytes)}",
        ]
    elif found.times:
        lines.append(f"records:   about {found.times.records:,}, from a sample of {found.times.sampled:,}")
    if found.worker_hours is not None and found.hours is not None:
        lines.append(
            f"time:      about {duration(found.hours)} with {found.workers:,} workers, "
            f"{found.worker_hours:,.2f} CPU hours"
        )
    if found.cost is not None:
        lines.append(f"cost:      about {found.cost:,.2f}")
    return lines


def stage_table(times: "Times") -> Table:
    """The time of each stage."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("stage", no_wrap=True)
    table.add_column("s per 1,000 records", justify="right")
    table.add_column("CPU hours", justify="right")
    for stage in times.stages:
        table.add_row(stage.stage, f"{stage.seconds_per_1000_records:,.2f}", f"{stage.worker_hours:,.3f}")
    return table


def duration(hours: float) -> str:
    """A time for people.

    >>> duration(0.01), duration(1.5), duration(30.26)
    ('36 s', '90 min', '30.3 h')
    """
    minutes = hours * 60
    return f"{minutes * 60:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{hours:,.1f} h"


def megabytes(count: int) -> str:
    """A number of bytes for people (MB = 10⁶ bytes).

    >>> megabytes(1_234_567), megabytes(81_250_000_000)
    ('1.23 MB', '81,250.00 MB')
    """
    return f"{count / 1e6:,.2f} MB"
