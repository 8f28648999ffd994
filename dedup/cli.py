"""`glotmill dedup`: lookup, index."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dedup.index_cli import app as index_app
from pipeline.errors import RunError, UsageError

if TYPE_CHECKING:  # imported in the command: start-up stays quick
    from dedup.lookup import Hit, Result

app = typer.Typer(no_args_is_help=True, help="Find copies and near-copies; keep the index of what was released.")
app.add_typer(index_app, name="index")
STANDARD_INPUT = "-"
NOTHING_FOUND = 1
err = Console(stderr=True)


@app.command("lookup")
def lookup_command(
    output: Annotated[str, typer.Argument(help="The folder of a run.")],
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Text files in UTF-8; - for standard input.")],
    top: Annotated[int, typer.Option(min=1, help="How many documents to show for a file.")] = 10,
    minimum: Annotated[float, typer.Option(min=0, max=1, help="Least similarity, an estimate.")] = 0.5,
    language: Annotated[
        str | None, typer.Option(help="Label such as tha_Thai; the run's model says it without.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line and document.")] = False,
) -> None:
    """Is this text in the run, or nearly: where, how similar, and what became of it.

    Exit status, as of grep: 0 found, 1 nothing is similar enough, 2 an error.

    [bold]glotmill dedup lookup corpus page.txt[/]
    [bold]pbpaste | glotmill dedup lookup corpus - --minimum 0.8 --json[/]
    """
    try:
        results = _look_up(output, files, top, minimum, language)
    except RunError as exc:  # its status is that of finding nothing
        raise UsageError(str(exc)) from exc
    for result in results:
        if as_json:
            _print_json(result)
        elif sys.stdout.isatty():
            _print_table(result)
        else:
            _print_lines(result)
    if not any(result.hits for result in results):
        raise typer.Exit(NOTHING_FOUND)


def _look_up(output: str, files: Sequence[str], top: int, minimum: float, language: str | None) -> "Sequence[Result]":
    from configs.configuration import check_label
    from dedup.lookup import finished_shards, look_up, make_query
    from pipeline.plan import read_plan

    if language is not None:
        check_label(language, "--language")
    plan = read_plan(output)
    shards = finished_shards(plan)
    queries = [make_query(_name(file), _read(file), plan.job.configuration, language) for file in files]
    if len(shards) < len(plan.splits):
        err.print(
            f"the run is not finished: looking in {len(shards)} of {len(plan.splits)} shards",
            highlight=False,
            soft_wrap=True,
        )
    return look_up(plan, shards, queries, top, minimum)


def _name(file: str) -> str:
    return "standard input" if file == STANDARD_INPUT else file


def _read(file: str) -> str:
    """The text of a file. Raises UsageError for what cannot be read as text."""
    try:
        data = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as exc:
        raise UsageError(f"{file}: cannot be read ({exc.strerror})") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(
            f"{_name(file)}: not UTF-8 text (byte {exc.start}); convert it, as with iconv -t UTF-8"
        ) from exc
    if not text.strip():
        raise UsageError(f"{_name(file)}: empty")
    return text


def _outcome(row: "dict[str, Any]") -> str:
    """What became of a document, in words."""
    if row.get("keep") is None:
        return "not decided yet"
    if row["keep"]:
        return "kept"
    reasons = ", ".join(row["reject_reasons"])
    return f"{reasons} of {row['duplicate_of']}" if row["duplicate_of"] else reasons


def _print_json(result: "Result") -> None:
    for hit in result.hits:
        match = "exact" if hit.exact else "near"
        data = {"query": result.query.name, "similarity": round(hit.similarity, 4), "match": match, **hit.row}
        typer.echo(json.dumps(data, ensure_ascii=False))


def _print_lines(result: "Result") -> None:
    for hit in result.hits:
        row = hit.row
        fields = (
            result.query.name,
            f"{hit.similarity:.3f}",
            "exact" if hit.exact else "near",
            row["language"],
            str(row.get("minhash_cluster_size", "")),
            _outcome(dict(row)),
            row["id"],
            row["url"],
            row["file_path"],
            str(row["offset"]),
        )
        typer.echo("\t".join(fields))


def _print_table(result: "Result") -> None:
    out = Console()
    query = result.query
    if not result.hits:
        out.print(escape(f"{query.name} ({query.language}): nothing is similar enough"), highlight=False)
        return
    shown = f", the {len(result.hits)} most similar" if result.count > len(result.hits) else ""
    documents = "1 document" if result.count == 1 else f"{result.count:,} documents"
    table = Table(
        "similarity",
        "document",
        "language",
        "cluster",
        "what became of it",
        title=escape(f"{query.name} ({query.language}): {documents}{shown}"),
        title_justify="left",
        show_lines=True,
    )
    for hit in result.hits:
        table.add_row(*map(escape, _cells(hit)))
    out.print(table)


def _cells(hit: "Hit") -> tuple[str, ...]:
    row = hit.row
    size = row.get("minhash_cluster_size")
    return (
        "exact" if hit.exact else f"{hit.similarity:.2f}",
        f"{row['url']}\n{row['id']}\n{row['file_path']} at {row['offset']:,}",
        row["language"],
        "" if size is None else "alone" if size == 1 else f"{size:,} documents\n{row['minhash_cluster_id']}",
        _outcome(dict(row)),
    )
