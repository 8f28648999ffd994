"""What calibrated values change: the documents of the sample that each rule drops before and after."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filters.base import Rule
from filters.calibration.methods import SIDES, Floats, can_fire
from filters.calibration.samples import LanguageSample
from filters.calibration.stopwords import count_distinct
from filters.calibration.work import STOPWORD_COLUMN, STOPWORDS, Calibrated, Calibration, has_numbers
from pipeline.deciding.rules import BoolArray, failed_rules, passing


@dataclass(frozen=True)
class RuleEffect:
    """Documents that one rule drops before and after, and those that change; `rule` None stands for all together."""

    rule: str | None
    before: int
    after: int
    gained: int
    lost: int
    documents: int

    @property
    def verdict(self) -> str:
        """`never fires`, `drops everything`, or nothing."""
        if self.after == self.documents:
            return "drops everything"
        return "" if self.after else "never fires"


@dataclass(frozen=True)
class Effect:
    """What the values of a language change in its sample."""

    total: RuleEffect
    rules: tuple[RuleEffect, ...]
    powerless: tuple[str, ...]
    """Rules that no document at all can fail."""

    @property
    def silent(self) -> tuple[str, ...]:
        """Rules that drop no document of the sample."""
        return tuple(str(effect.rule) for effect in self.rules if effect.verdict == "never fires")

    @property
    def deadly(self) -> tuple[str, ...]:
        """Rules that drop every document of the sample."""
        return tuple(str(effect.rule) for effect in self.rules if effect.verdict == "drops everything")


def effect_of(work: Calibration, sample: LanguageSample, calibrated: Calibrated) -> Effect:
    """Compare the shipped rules with the calibrated ones on the language's documents in the sample."""
    shipped = {
        name: rule
        for name, rule in work.configuration.for_language(sample.language).rules.items()
        if rule.column in sample.columns and has_numbers(rule)
    }
    changed = with_values(shipped, calibrated)
    before = failed_rules(_table(sample, {}), shipped)
    after = failed_rules(_table(sample, _stopword_counts(sample, calibrated)), changed)
    rules = tuple(_compare(name, before[:, number], after[:, number]) for number, name in enumerate(shipped))
    powerless = tuple(name for name, rule in changed.items() if not _can_fire(rule, work))
    return Effect(_compare(None, ~passing(before), ~passing(after)), rules, powerless)


def with_values(rules: Mapping[str, Rule], calibrated: Calibrated) -> dict[str, Rule]:
    """The rules with calibrated bounds."""
    changed: dict[str, Rule] = {}
    for name, rule in rules.items():
        bounds = {path[2]: value.value for path, value in calibrated.values.items() if path[:2] == ("rules", name)}
        changed[name] = Rule(**(rule.model_dump() | bounds))
    return changed


def _table(sample: LanguageSample, replaced: Mapping[str, Floats]) -> pa.Table:
    values = {**sample.columns, **replaced}
    return pa.table({name: pa.array(column, from_pandas=True) for name, column in values.items()})


def _stopword_counts(sample: LanguageSample, calibrated: Calibrated) -> dict[str, Floats]:
    """The column of stopwords as the new list makes it."""
    if STOPWORDS not in calibrated.values or STOPWORD_COLUMN not in sample.columns:
        return {}
    words = frozenset(calibrated.values[STOPWORDS].value)
    counts = [count_distinct(text, sample.language, words) for text in sample.texts]
    return {STOPWORD_COLUMN: np.array(counts, np.float64)}


def _compare(name: str | None, before: BoolArray, after: BoolArray) -> RuleEffect:
    return RuleEffect(
        name,
        before=int(before.sum()),
        after=int(after.sum()),
        gained=int((before & ~after).sum()),
        lost=int((after & ~before).sum()),
        documents=len(before),
    )


def _can_fire(rule: Rule, work: Calibration) -> bool:
    column = work.columns[rule.column]
    bounds = ((side, getattr(rule, side)) for side in SIDES)
    return any(bound is not None and can_fire(bound, column, side) for side, bound in bounds)
