"""`glotmill dedup index`: add, show, check, remove, drop."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="The index of released documents, that later runs are compared with.")
out = Console()
err = Console(stderr=True)

Index = Annotated[str, typer.Argument(metavar="INDEX", help="The folder of the index.")]
Date = Annotated[str | None, typer.Option(help="A day such as 2026-11-21, kept with it.")]


@app.command("add")
def add_command(
    output: Annotated[str, typer.Argument(help="The folder of a finished run.")],
    index: Index,
    release: Annotated[str, typer.Option("--release", metavar="NAME", help="Name of the release.")],
    date: Date = None,
) -> None:
    """Add what a run keeps to the index, which is made where there is none.

    [bold]glotmill dedup index add corpus releases --release 2026-30[/]
    """
    from pipeline.release.append import add_release

    added = add_release(output, index, release, date)
    out.print(
        f"{added.name}: {added.documents:,} documents, {added.keys:,} keys, {added.bytes / 1e6:,.1f} MB; "
        f"{added.grown:,} clusters of earlier releases grew",
        highlight=False,
        soft_wrap=True,
    )
    out.print(f"delta manifest: {index}/{added.folder}/delta.parquet, delta.json", highlight=False, soft_wrap=True)


@app.command("show")
def show_command(
    index: Index,
    release: Annotated[str | None, typer.Option("--release", metavar="NAME", help="Its delta manifest.")] = None,
) -> None:
    """List the releases, and what makes documents comparable with them; or the totals of one release's changes."""
    from pipeline.release.index import ReleaseIndex
    from pipeline.release.layout import TOTALS

    opened = ReleaseIndex.open(index)
    if release is not None:
        data = opened.folder.read_json(f"{opened.release(release).folder}/{TOTALS}")
        out.print_json(json.dumps(data, ensure_ascii=False))
        return
    table = Table("release", "date")
    for name in ("documents", "keys", "grown clusters", "MB"):
        table.add_column(name, justify="right")
    for each in opened.manifest.releases:
        numbers = (f"{number:,}" for number in (each.documents, each.keys, each.grown))
        table.add_row(escape(each.name), each.date or "", *numbers, f"{each.bytes / 1e6:,.1f}")
    out.print(table)
    out.print(f"{opened.count:,} documents in all", highlight=False)
    taken = sum(removal.documents for removal in opened.manifest.removals)
    if taken:
        out.print(f"{taken:,} of them were taken down; their copies stay out", highlight=False)
    for name, value in opened.manifest.comparable.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        out.print(f"{escape(f'{name}: {shown}')}", highlight=False, soft_wrap=True)


@app.command("check")
def check_command(index: Index) -> None:
    """Read every file and compare it with its checksum. Exit status 1 where one is damaged."""
    from pipeline.release.check import check_index, strangers

    files, damaged = 0, 0
    for _, problem in check_index(index):
        files += 1
        if problem is not None:
            damaged += 1
            err.print(f"[red]damaged[/] {escape(problem)}", highlight=False, soft_wrap=True)
    for name in strangers(index):
        err.print(f"{escape(name)}: of no release; left by a writer that was stopped", highlight=False, soft_wrap=True)
    out.print(f"{files} files, {damaged} damaged", highlight=False)
    if damaged:
        raise typer.Exit(1)


@app.command("remove")
def remove_command(
    index: Index,
    ids: Annotated[Path, typer.Option("--ids", metavar="FILE", help="A text file, an id a line.", dir_okay=False)],
    reason: Annotated[str | None, typer.Option(help="Why, for the delta manifest of the next release.")] = None,
    date: Date = None,
) -> None:
    """Note that documents were taken down from their releases; copies of them stay out of later ones."""
    from pipeline.release.removal import take_down

    lines = ids.read_text(encoding="utf-8").splitlines()
    count = take_down(index, [line.strip() for line in lines if line.strip()], reason, date)
    out.print(f"{count:,} documents noted as taken down", highlight=False)


@app.command("drop")
def drop_command(
    index: Index, release: Annotated[str, typer.Option("--release", metavar="NAME", help="Name of the release.")]
) -> None:
    """Remove a release from the index: later runs may release its documents again."""
    from pipeline.release.removal import drop_release

    drop_release(index, release)
    out.print(f"{release}: removed", highlight=False)
