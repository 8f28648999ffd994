"""Sums over the ledger, for the table at the end of a run, the report and the card."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa
from rich.table import Table

from langid.labels import language_name


@dataclass
class LanguageSum:
    """The ledger's counts of one language."""

    language: str
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    characters: int = 0

    @property
    def name(self) -> str:
        """English name of the language."""
        return language_name(self.language)

    @property
    def documents(self) -> int:
        """Documents identified as this language."""
        return sum(self.outcomes.values())


def by_language(ledger: pa.Table) -> list[LanguageSum]:
    """Counts per language, most kept first; characters are those of kept documents."""
    sums: dict[str, LanguageSum] = {}
    for row in ledger.to_pylist():
        if row["language"] is None:
            continue
        total = sums.setdefault(row["language"], LanguageSum(row["language"]))
        total.outcomes[row["outcome"]] += row["records"]
        if row["outcome"] == "rejected":
            total.reasons[row["reason"]] += row["records"]
        if row["outcome"] == "kept":
            total.characters += row["characters"]
    return sorted(sums.values(), key=lambda s: (-s.outcomes["kept"], -s.documents, s.language))


def by_outcome(ledger: pa.Table) -> Counter[str]:
    """Records of each outcome."""
    counts: Counter[str] = Counter()
    for row in ledger.to_pylist():
        counts[row["outcome"]] += row["records"]
    return counts


def by_reason(ledger: pa.Table, outcomes: Iterable[str]) -> Counter[str]:
    """Records of each reason, over some outcomes."""
    counts: Counter[str] = Counter()
    for row in ledger.to_pylist():
        if row["outcome"] in outcomes and row["records"]:
            counts[row["reason"]] += row["records"]
    return counts


def summary_table(ledger: pa.Table, most: int) -> Table:
    """The table that ends a run: language, kept, rejected by reason, duplicates, characters; the largest languages."""
    languages = by_language(ledger)
    more = f"and {len(languages) - most} smaller languages, in the report" if len(languages) > most else None
    table = Table(title=None, caption=more, header_style="bold", box=None, pad_edge=False)
    table.add_column("language", no_wrap=True)
    table.add_column("", style="dim")
    for column in ("kept", "duplicate", "rejected"):
        table.add_column(column, justify="right")
    table.add_column("rejected by (first reason)")
    table.add_column("characters kept", justify="right")
    totals: Counter[str] = Counter()
    for total in languages:
        totals += total.outcomes
    for total in languages[:most]:
        table.add_row(
            total.language,
            total.name,
            *(f"{total.outcomes[outcome]:,}" for outcome in ("kept", "duplicate", "rejected")),
            ", ".join(f"{reason} {count:,}" for reason, count in total.reasons.most_common()),
            f"{total.characters:,}",
        )
    characters = sum(total.characters for total in languages)
    numbers = (f"{totals[outcome]:,}" for outcome in ("kept", "duplicate", "rejected"))
    table.add_section()
    table.add_row("all documents", "", *numbers, "", f"{characters:,}", style="bold")
    return table


def records_line(ledger: pa.Table) -> str:
    """One line that accounts for every record."""
    outcomes = by_outcome(ledger)
    without_text = by_reason(ledger, ("skipped", "failed"))
    parts = [f"{outcomes[name]:,} {name}" for name in ("kept", "duplicate", "rejected", "skipped", "failed")]
    why = ", ".join(f"{reason} {count:,}" for reason, count in without_text.most_common())
    return f"{sum(outcomes.values()):,} response records = {' + '.join(parts)}" + (f" ({why})" if why else "")
