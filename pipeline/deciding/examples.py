"""A preview for people: tables of what a change gains and loses, and documents that it concerns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table

from langid.labels import language_name
from pipeline.deciding.preview import Change, Preview
from pipeline.schema import ANNOTATIONS
from pipeline.shards import ROWS_A_GROUP, Job, open_parquet, read_group

# Of so many languages documents are shown: each costs reading a row group of texts.
LANGUAGES_WITH_EXAMPLES = 10
SNIPPET_CHARACTERS = 160


@dataclass(frozen=True)
class Example:
    """A document that ends otherwise: its address, the beginning of its text, and the values of what judged it."""

    url: str
    snippet: str
    values: dict[str, Any]
    reasons: tuple[str, ...]
    """Why it is not in the dataset now, where it would be gained."""


def examples_of(job: Job, places: Sequence[tuple[str, int]], columns: Sequence[str]) -> Iterator[Example]:
    """The documents of some shards and rows, with the values of some columns."""
    for shard, row in places:
        found = _row(job, f"documents/{shard}.parquet", row, ["url", "text", *columns])
        for stage in ANNOTATIONS:
            wanted = [column.name for column in ANNOTATIONS[stage] if column.name in columns]
            found |= _row(job, f"{stage}/{shard}.parquet", row, wanted) if wanted else {}
        reasons = _row(job, f"decisions/{shard}.parquet", row, ["reject_reasons"])["reject_reasons"]
        text = " ".join(found.pop("text")[: 2 * SNIPPET_CHARACTERS].split())
        snippet = text[:SNIPPET_CHARACTERS] + ("…" if len(text) > SNIPPET_CHARACTERS else "")
        yield Example(found.pop("url"), snippet, found, tuple(reasons))


def _row(job: Job, name: str, row: int, columns: Sequence[str]) -> dict[str, Any]:
    """Those of the columns that a file has, of one row."""
    with open_parquet(job.folder, name) as file:
        there = [column for column in columns if column in file.schema_arrow.names]
        table = read_group(file, row // ROWS_A_GROUP, there).slice(row % ROWS_A_GROUP, 1)
    found: dict[str, Any] = table.to_pylist()[0]
    return found


def show_preview(preview: Preview, job: Job, console: Console, languages: int) -> None:
    """Print what a change gains and loses, by language and by rule, and documents to read."""
    changed = [change for change in preview.changes if change.size]
    if not changed:
        console.print("nothing would change: every document ends as it did")
        return
    for part in (language_table(preview.changes, languages), rule_table(preview), *_threshold_lines(preview, changed)):
        console.print(part)
        console.print()
    columns = sorted({name for rule in _rules(preview, job, changed) for name in rule})
    for change in changed[:LANGUAGES_WITH_EXAMPLES]:
        console.print(f"[bold]{language_name(change.language)}[/] [dim]{change.language}[/]", highlight=False)
        for gained in (True, False):
            for example in examples_of(job, preview.places.get((change.language, gained), ()), columns):
                for line in _lines(gained, example):
                    console.print(line, highlight=False, no_wrap=True, overflow="ellipsis")
        console.print()
    console.print("nothing was written; without --preview this decision is made", highlight=False)


def language_table(changes: Sequence[Change], most: int) -> Table:
    """Documents and characters of each language, kept now and then, gained and lost, with the sums of all."""
    changed = [change for change in changes if change.size]
    more = f"and {len(changed) - most} more languages" if len(changed) > most else None
    table = Table(caption=more, header_style="bold", box=None, pad_edge=False)
    table.add_column("language", no_wrap=True)
    table.add_column("", style="dim")
    for name in ("documents", "kept", "gained", "lost", "kept after", "characters gained", "lost", "kept after"):
        table.add_column(name, justify="right")
    for change in changed[:most]:
        table.add_row(change.language, language_name(change.language), *_numbers([change]))
    table.add_section()
    table.add_row("all languages", "", *_numbers(changes), style="bold")
    return table


def _numbers(changes: Sequence[Change]) -> Iterator[str]:
    def total(name: str) -> int:
        return sum(getattr(change, name) for change in changes)

    yield from (f"{total('documents'):,}", f"{total('kept'):,}")
    yield from (_signed(total("gained"), "+"), _signed(total("lost"), "−"))
    yield f"{total('kept') + total('gained') - total('lost'):,}"
    yield from (_signed(total("characters_gained"), "+"), _signed(total("characters_lost"), "−"))
    yield f"{total('characters') + total('characters_gained') - total('characters_lost'):,}"


def _signed(number: int, sign: str) -> str:
    """A count with its sign; nothing for zero.

    >>> _signed(1234, "−"), _signed(0, "+")
    ('−1,234', '')
    """
    return f"{sign}{number:,}" if number else ""


def rule_table(preview: Preview) -> Table:
    """How many documents each changed rule fails anew, and no longer, whatever other rules say."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("changed rule", no_wrap=True)
    for name in ("documents that fail it now", "that no longer fail it"):
        table.add_column(name, justify="right")
    for name, (fails, passes) in sorted(preview.rules.items(), key=lambda entry: (-sum(entry[1]), entry[0])):
        table.add_row(escape(name), f"{fails:,}", f"{passes:,}")
    return table


def _threshold_lines(preview: Preview, changed: Sequence[Change]) -> Iterator[RenderableType]:
    """The bounds that the rules take from the run's values, of the languages that are shown."""
    lines = []
    for change in changed[:LANGUAGES_WITH_EXAMPLES]:
        for place, found in preview.thresholds.get(change.language, {}).items():
            value = "none: no document has a value" if found.value is None else f"{found.value:.6g}"
            lines.append(f"{change.language} {place} = {value} [dim]over {found.documents:,} documents[/]")
    if lines:
        yield Group("[bold]computed bounds[/]", *lines)


def _rules(preview: Preview, job: Job, changed: Sequence[Change]) -> Iterator[tuple[str, ...]]:
    """The columns of the changed rules, as they are in the languages that change."""
    for change in changed[:LANGUAGES_WITH_EXAMPLES]:
        rules = job.configuration.for_language(change.language).rules
        yield from (rules[name].columns for name in preview.rules if name in rules)


def _lines(gained: bool, example: Example) -> Iterator[str]:
    """An example: how it ends and by which values, where it is, how it begins."""
    mark = f"[green]+ gained[/] (rejected by {', '.join(example.reasons)})" if gained else "[red]− lost[/]"
    values = ", ".join(f"{name} {_value(value)}" for name, value in example.values.items())
    yield f"  {mark} {escape(values)}"
    yield f"    [dim]{escape(example.url)}[/]"
    yield f"    {escape(example.snippet)}"


def _value(value: Any) -> str:
    """A measurement as people read it.

    >>> _value(0.123456), _value(12), _value(None)
    ('0.123', '12', 'not measured')
    """
    if value is None:
        return "not measured"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
