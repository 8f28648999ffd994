"""Bounds that rules take from the run's own values: which there are, and the rules once they are known."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from filters.base import Computed, Condition, Rule
from pipeline.deciding.quantiles import rank_of_quantile, rank_of_top

Rules = Mapping[str, Rule]
AnyCondition = TypeVar("AnyCondition", bound=Condition)


@dataclass(frozen=True)
class Statistic:
    """What a rule needs to know of all values of a column in a language: a value of some rank, or a threshold."""

    column: str
    among: Literal["documents", "passing"]
    computed: Computed | None = None
    top_fraction: float | None = None

    @property
    def spread(self) -> float | None:
        """How many standard deviations below the median the bound lies; None where it has a rank."""
        return self.computed.median_minus_deviations if self.computed else None

    def ranks(self, count: int) -> tuple[int, ...]:
        """The ranks, from 0, of the values that are looked for among `count`: two for a median between two values."""
        if self.top_fraction is not None:
            return (rank_of_top(count, self.top_fraction),)
        if self.computed and self.computed.quantile is not None:
            return (rank_of_quantile(count, self.computed.quantile),)
        return tuple(dict.fromkeys([(count - 1) // 2, count // 2]))


@dataclass(frozen=True)
class Threshold:
    """A bound that a run computed: its value, and what it comes from. Null is no bound: no document has a value."""

    documents: int
    value: float | None = None
    unclamped: float | None = None
    median: float | None = None
    deviation: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Its fields as plain data."""
        return asdict(self)


def statistics_of(rules: Rules) -> dict[str, Statistic]:
    """The statistics that rules need, by their place, such as `language_score.min` or `mine.any.1.top_fraction`."""
    return dict(found for name, rule in rules.items() for found in _statistics(name, rule))


def _statistics(place: str, condition: Condition) -> Iterator[tuple[str, Statistic]]:
    for side in ("min", "max"):
        bound = getattr(condition, side)
        if isinstance(bound, Computed) and bound.column is None:
            yield f"{place}.{side}", Statistic(condition.column, condition.among, bound)
    if condition.top_fraction is not None:
        statistic = Statistic(condition.column, condition.among, top_fraction=condition.top_fraction)
        yield f"{place}.top_fraction", statistic
    for part_place, part in _parts(place, condition):
        yield from _statistics(part_place, part)


def _parts(place: str, condition: Condition) -> Iterator[tuple[str, Condition]]:
    kind = "all" if condition.all else "any"
    for number, part in enumerate(condition.parts):
        yield f"{place}.{kind}.{number}", part


def given_rules(rules: Rules) -> dict[str, Rule]:
    """The rules of which nothing is computed from the run's values."""
    return {name: rule for name, rule in rules.items() if not statistics_of({name: rule})}


@dataclass(frozen=True)
class Asked:
    """What the bounds of a language's rules are computed from."""

    statistics: Mapping[str, Statistic]
    chosen_by: Rules
    """The rules that a document of statistics `among: passing` has to pass; none where no statistic is."""

    @classmethod
    def of(cls, rules: Rules) -> "Asked":
        """What some rules ask for."""
        statistics = statistics_of(rules)
        chosen = any(statistic.among == "passing" for statistic in statistics.values())
        return cls(statistics, given_rules(rules) if chosen else {})

    @property
    def columns(self) -> set[str]:
        """The columns that the statistics are over."""
        return {statistic.column for statistic in self.statistics.values()}


def with_thresholds(rules: Rules, thresholds: Mapping[str, Threshold]) -> dict[str, Rule]:
    """The rules with numbers for what is computed from the run's values.

    Raises KeyError, which names the place, where a threshold is not known.

    >>> rule = Rule(column="c", top_fraction=0.1)
    >>> with_thresholds({"best": rule}, {"best.top_fraction": Threshold(30, 4.5)})["best"].min
    4.5
    """
    return {name: _with_thresholds(name, rule, thresholds) for name, rule in rules.items()}


def _with_thresholds(place: str, condition: AnyCondition, known: Mapping[str, Threshold]) -> AnyCondition:
    changes: dict[str, Any] = {
        side: known[f"{place}.{side}"].value
        for side in ("min", "max")
        if isinstance(bound := getattr(condition, side), Computed) and bound.column is None
    }
    if condition.top_fraction is not None:
        changes |= {"top_fraction": None, "min": known[f"{place}.top_fraction"].value}
    if condition.parts:
        parts = tuple(_with_thresholds(part_place, part, known) for part_place, part in _parts(place, condition))
        changes["all" if condition.all else "any"] = parts
    return condition.model_copy(update=changes) if changes else condition
