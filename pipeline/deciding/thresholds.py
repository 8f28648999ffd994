"""thresholds.json: the bounds that rules take from the run's own values, by language.

They depend on the documents and the rules alone, never on shards or workers. Of a run of some size columns are read
again and again, in up to nine rounds, so that no task holds all values; pages and texts are never read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from pipeline.clustering.nodes import Block, ClusterJob
from pipeline.deciding.bounds import Asked, Statistic, Threshold, statistics_of
from pipeline.deciding.columns import read_columns
from pipeline.deciding.quantiles import (
    Counts,
    Floats,
    Keys,
    Search,
    add_tallies,
    advance,
    deviation,
    sort_keys,
    sums_around,
    tally,
)
from pipeline.deciding.rules import BoolArray, passing_documents
from pipeline.runner import Runner
from pipeline.shards import Job, rows_by_language
from pipeline.storage import Folder

NAME = "thresholds.json"
# A language, and the place in its rules where a bound is to be computed.
Place = tuple[str, str]
Thresholds = dict[str, dict[str, Threshold]]
Tallies = dict[tuple[Place, int], tuple[Keys, Counts]]
Found = TypeVar("Found")
# Of so many documents the values are gathered and read once: 16 MB for each statistic.
FEW_DOCUMENTS = 2_000_000


@dataclass(frozen=True)
class Survey:
    """What the tasks of a round need: the documents and rules, and what is looked for."""

    work: ClusterJob
    function: Callable[..., Any]
    searches: Mapping[Place, tuple[Search, ...]]
    centres: Mapping[Place, float]


def write_thresholds(work: ClusterJob, runner: Runner) -> None:
    """Compute the bounds that rules take from the run's values, and write them where there are any."""
    thresholds = compute_thresholds(work, runner)
    work.job.folder.remove(NAME)
    if thresholds:
        data = {
            language: {place: found.to_json() for place, found in sorted(places.items())}
            for language, places in sorted(thresholds.items())
        }
        work.job.folder.write_json(NAME, data)


def read_thresholds(folder: Folder) -> Thresholds:
    """The thresholds that a run computed; none where its rules need none."""
    data = folder.read_json(NAME) or {}
    return {
        language: {place: Threshold(**found) for place, found in places.items()} for language, places in data.items()
    }


def compute_thresholds(
    work: ClusterJob, runner: Runner, values: Iterable[tuple[Place, Floats]] | None = None
) -> Thresholds:
    """The bounds that the rules of each language take from the run's values. Nothing is written.

    `values` are what the statistics are over, where the caller has read them; they are read from the run without.
    """
    if not _asked(work.job):
        return {}
    source = _Source.of(work, runner) if values is None else _Source(work, runner, _joined(values))
    counts: Counter[Place] = Counter()
    for found in source.map(count_values, {}, {}):
        counts.update(found)
    statistics = {
        (language, place): statistics_of(work.job.configuration.for_language(language).rules)[place]
        for language, place in counts
    }
    ranked = _search(source, {at: statistics[at].ranks(count) for at, count in counts.items() if count}, counts)
    centres = {at: values[0] for at, values in ranked.items() if statistics[at].spread is not None}
    deviations = _deviations(source, centres, counts)
    thresholds: Thresholds = {}
    for (language, place), count in sorted(counts.items()):
        at = (language, place)
        bound = threshold(statistics[at], count, ranked.get(at, ()), deviations.get(at))
        thresholds.setdefault(language, {})[place] = bound
    return thresholds


@dataclass(frozen=True)
class _Source:
    """Where each round finds the values: in the run's files, or, where these are few, gathered from them once."""

    work: ClusterJob
    runner: Runner
    gathered: Sequence[tuple[Place, Floats]] | None

    @classmethod
    def of(cls, work: ClusterJob, runner: Runner) -> "_Source":
        """The values of a run."""
        if work.nodes.documents > FEW_DOCUMENTS:
            return cls(work, runner, None)
        blocks = sorted(runner.map(gather_values, work.nodes.document_blocks, work), key=lambda each: each[0].number)
        return cls(work, runner, _joined(part for _, values in blocks for part in values))

    def map(
        self,
        function: Callable[[Iterable[tuple[Place, Floats]], Survey], Found],
        searches: Mapping[Place, tuple[Search, ...]],
        centres: Mapping[Place, float],
    ) -> Iterator[Found]:
        """What a function finds in the values, in as many portions as there are."""
        survey = Survey(self.work, function, searches, centres)
        if self.gathered is not None:
            yield function(self.gathered, survey)
            return
        for _, found in self.runner.map(examine, self.work.nodes.document_blocks, survey):
            yield found


def _joined(values: Iterable[tuple[Place, Floats]]) -> list[tuple[Place, Floats]]:
    """The values of each statistic in one array."""
    found: dict[Place, list[Floats]] = {}
    for at, part in values:
        found.setdefault(at, []).append(part)
    return [(at, np.concatenate(parts)) for at, parts in found.items()]


def gather_values(block: Block, work: ClusterJob) -> list[tuple[Place, Floats]]:
    """All values of a block that statistics are over."""
    return list(_values(block, work))


def examine(block: Block, survey: Survey) -> Any:
    """What the survey's function finds in the values of a block."""
    return survey.function(_values(block, survey.work), survey)


def _asked(job: Job) -> bool:
    """Whether a rule of any layer has a bound that is computed from the run's values."""
    labels = ("und_Zzzz", *job.configuration.overridden_languages())
    return any(statistics_of(job.configuration.for_language(label).rules) for label in labels)


def threshold(statistic: Statistic, count: int, values: tuple[float, ...], spread: float | None) -> Threshold:
    """A bound, given the values of its ranks and their standard deviation.

    >>> from filters.base import Computed
    >>> score = Statistic("language_score", "documents", Computed(median_minus_deviations=1, least=0.3, most=0.9))
    >>> threshold(score, 4, (0.75, 1.0), 0.25).value
    0.625
    """
    if not values:
        return Threshold(count)
    middle = sum(values) / len(values)
    unclamped, median = middle, None
    if statistic.spread is not None and spread is not None:
        unclamped, median = middle - statistic.spread * spread, middle
    value = statistic.computed.clamp(unclamped) if statistic.computed else unclamped
    return Threshold(count, value, unclamped, median, spread)


def _search(
    source: _Source, ranks: Mapping[Place, tuple[int, ...]], counts: Mapping[Place, int]
) -> dict[Place, tuple[float, ...]]:
    """The values of ranks, each found bit by bit."""
    searches = {at: tuple(Search(rank, counts[at]) for rank in wanted) for at, wanted in ranks.items()}
    while left := {at: found for at, found in searches.items() if any(search.bits for search in found)}:
        tallies: Tallies = {}
        for part in source.map(tally_values, left, {}):
            for which, found in part.items():
                tallies[which] = add_tallies(tallies[which], found) if which in tallies else found
        for at, before in left.items():
            searches[at] = tuple(
                advance(search, *tallies[at, number]) if search.bits else search for number, search in enumerate(before)
            )
    return {at: tuple(search.value for search in found) for at, found in searches.items()}


def _deviations(source: _Source, centres: Mapping[Place, float], counts: Mapping[Place, int]) -> dict[Place, float]:
    """Standard deviations, over differences from a value in the middle: so that equal values have none at all."""
    if not centres:
        return {}
    totals: dict[Place, tuple[int, int]] = {}
    for sums in source.map(sum_values, {}, centres):
        for at, (apart, squares) in sums.items():
            before = totals.get(at, (0, 0))
            totals[at] = (before[0] + apart, before[1] + squares)
    return {at: deviation(counts[at], *total) for at, total in totals.items()}


def count_values(values: Iterable[tuple[Place, Floats]], survey: Survey) -> Counter[Place]:
    """How many values each statistic is over; nulls are none."""
    counts: Counter[Place] = Counter()
    for at, found in values:
        counts[at] += len(found)
    return counts


def tally_values(values: Iterable[tuple[Place, Floats]], survey: Survey) -> Tallies:
    """The tally of some values for each search that is not done."""
    tallies: Tallies = {}
    for at, part in values:
        for number, search in enumerate(survey.searches.get(at, ())):
            if search.bits:
                which, found = (at, number), tally(sort_keys(part), search)
                tallies[which] = add_tallies(tallies[which], found) if which in tallies else found
    return tallies


def sum_values(values: Iterable[tuple[Place, Floats]], survey: Survey) -> dict[Place, tuple[int, int]]:
    """The exact sums of some values around each centre."""
    sums: dict[Place, tuple[int, int]] = {}
    for at, part in values:
        if at in survey.centres:
            before, found = sums.get(at, (0, 0)), sums_around(part, survey.centres[at])
            sums[at] = (before[0] + found[0], before[1] + found[1])
    return sums


def _values(block: Block, work: ClusterJob) -> Iterator[tuple[Place, Floats]]:
    """For each shard of a block, and each language in it, the values that its statistics are over."""
    asked: dict[str, Asked] = {}
    for shard in block.shards:
        rows = rows_by_language(read_columns(work.job.folder, shard.name, ()))
        for label in rows.keys() - asked.keys():
            asked[label] = Asked.of(work.job.configuration.for_language(label).rules)
        chosen_by = {label: asked[label].chosen_by for label in rows}
        wanted = {name for label in rows for name in asked[label].columns}
        wanted |= {name for rules in chosen_by.values() for rule in rules.values() for name in rule.columns}
        if wanted:
            documents = read_columns(work.job.folder, shard.name, sorted(wanted))
            yield from values_of(documents, rows, asked, passing_documents(documents, rows, chosen_by))


def values_of(
    documents: pa.Table, rows: Mapping[str, Sequence[int]], asked: Mapping[str, Asked], passes: BoolArray
) -> Iterator[tuple[Place, Floats]]:
    """For each language of a shard and each of its statistics the finite values in its documents.

    `rows` are each language's first row and count; `passes`, bool of shape (documents,), says which documents pass the
    rules that choose for `among: passing`.
    """
    columns = sorted({name for label in rows for name in asked[label].columns})
    values = {name: np.asarray(documents.column(name).cast(pa.float64()).to_numpy(), np.float64) for name in columns}
    for label, (first, count) in rows.items():
        for place, statistic in asked[label].statistics.items():
            found = values[statistic.column][first : first + count]
            if statistic.among == "passing":
                found = found[passes[first : first + count]]
            yield (label, place), found[np.isfinite(found)]
