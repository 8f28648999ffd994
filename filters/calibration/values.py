"""The values of a language that has documents enough: bounds, stopwords, factors."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filters.base import Rule
from filters.calibration import factors
from filters.calibration.measure import DOC_SCORE
from filters.calibration.methods import (
    SIDES,
    English,
    Floats,
    NotComputableError,
    Side,
    can_fire,
    fit_column,
    interval,
)
from filters.calibration.samples import LanguageSample
from filters.calibration.stopwords import (
    Words,
    choose_stopwords,
    english_ratios,
    english_share,
    read_words,
    without_english,
)
from filters.calibration.work import ENGLISH, SCORER, STOPWORDS, TOO_SMALL, Calibrated, Calibration, Value
from pipeline.errors import InputError


def measured_values(work: Calibration, sample: LanguageSample) -> Calibrated:
    """Every value of a language that has documents enough. Raises InputError for one without words."""
    rows = np.flatnonzero(work.judged(sample))
    texts = [sample.texts[row] for row in rows.tolist()]
    result = Calibrated(sample.language, len(rows))
    if len(rows) < len(sample):
        result.notes.append(
            f"{len(sample) - len(rows)} documents are not surely in the language; they count for its score only"
        )
    words = read_words(texts, sample.language)
    active = work.configuration.for_language(sample.language).rules
    for name, method in work.moved.items():
        if name not in active:
            result.notes.append(f"{name}: the rule is off for this language, and stays off")
            continue
        values = sample.columns[work.rules[name].column]
        observed = _Observed(values if name == "language_score" else values[rows], words)
        for side in SIDES:
            if getattr(work.rules[name], side) is not None and side in method.sides:
                _add_bound(work, result, name, side, observed)
    if work.settings.stopwords:
        _add_stopwords(work, words.counts, result)
    if work.scores:
        _add_factors(work, texts, sample.columns[DOC_SCORE][rows], result)
    return result


@dataclass(frozen=True)
class _Observed:
    """What a method may look at: a column over the documents, nan for null, and the documents' words."""

    column: Floats
    words: Words

    @property
    def finite(self) -> Floats:
        """The values that were measured."""
        return self.column[np.isfinite(self.column)]


def _add_bound(work: Calibration, result: Calibrated, name: str, side: Side, observed: _Observed) -> None:
    """One bound of a rule; where there is none, a note says why."""
    count = len(observed.finite)
    try:
        if count < work.least:
            raise NotComputableError(f"{count} documents have a value, {work.least} are needed")
        result.values["rules", name, side] = _bound(work, name, side, observed)
    except NotComputableError as exc:
        result.notes.append(f"{name}: no {side}: {exc}; the shipped value stays")


def _bound(work: Calibration, name: str, side: Side, observed: _Observed) -> Value:
    method, rule, share = work.moved[name], work.rules[name], work.settings.tail
    column, values = work.columns[rule.column], observed.finite
    english = _english(work, rule, side) if method.needs_english else None
    seen = observed.words.lengths if method.over_words else values
    value = fit_column(method.function(seen, side, english, share), column, side)
    low, high = (fit_column(end, column, side) for end in interval(method, seen, side, english, share))
    beyond = [float((values < end).mean() if side == "min" else (values > end).mean()) for end in (low, high)]
    span = abs(beyond[0] - beyond[1])
    source = f"{len(values):,} documents"
    if english:
        source += f" against {len(english.values):,} English ones"
    notes = []
    if span > work.settings.tolerance:
        # The width of an interval shrinks with the square root of the number of documents.
        needed = math.ceil(len(values) * (span / work.settings.tolerance) ** 2)
        notes.append(
            f"{TOO_SMALL}: its interval drops {min(beyond):.0%} to {max(beyond):.0%}; about {needed:,} are needed"
        )
    if not can_fire(value, column, side):
        notes.append("it can reject nothing: no value lies beyond it")
    return Value(value, work.settings.methods[name], source, (low, high), span, tuple(notes))


def _english(work: Calibration, rule: Rule, side: Side) -> English:
    sample = work.references[ENGLISH]
    values = sample.columns[rule.column][work.judged(sample)]
    values = values[np.isfinite(values)]
    if not len(values):
        raise NotComputableError(f"no English document has a value of {rule.column}")
    return English(values, float(getattr(rule, side)))


def _add_stopwords(work: Calibration, counts: Counter[str], result: Calibrated) -> None:
    language, settings = result.language, work.settings.stopword_list
    total = counts.total()
    if total == counts[""]:
        raise InputError(f"{language}: none of the {total:,} tokens of the sample has a letter: it has no words")
    source = f"{total:,} words in {result.documents:,} documents"
    ratios = english_ratios(counts, work.english_words) if language != ENGLISH else {}
    share_of_english = english_share(ratios)
    if share_of_english >= 0.005:
        source += f", about {share_of_english:.1%} of them English and left out"
    cleaned = without_english(counts, ratios)
    found, share = choose_stopwords(cleaned, language, settings, total)
    if share is None:
        result.notes.append(
            f"stopwords: fewer than {settings.least} words are above {settings.second_share:.1%} of {total:,}; "
            "the shipped list stays"
        )
        return
    result.values[STOPWORDS] = Value(found, f"words above {share:.1%}", source)


def _add_factors(work: Calibration, texts: Sequence[str], scores: Floats, result: Calibrated) -> None:
    if result.language == factors.REFERENCE:
        return
    if work.spanish is None:
        result.notes.append(
            f"no factors of {SCORER}: they are ratios to Spanish, and the sample and --english have under {work.least} "
            f"documents of {factors.REFERENCE}"
        )
        return
    medians = factors.densities(texts, scores)
    source = f"the better half of {result.documents:,} documents over that of Spanish"
    for name, value in factors.factors(medians, work.spanish).items() if medians else ():
        result.values["filters", SCORER, name] = Value(value, "ratio of medians", source)
