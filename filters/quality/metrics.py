"""What a classifier's scores are worth: threshold metrics, ranking metrics, and thresholds for a wanted share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
RESAMPLES = 1000


@dataclass(frozen=True)
class Metrics:
    """Metrics of scores over documents of both classes; None where one has no meaning."""

    documents: int
    positives: int
    threshold: float
    precision: float | None
    recall: float | None
    f1: float | None
    f1_low: float | None
    """Bounds of the 95 % interval of F1: percentiles of a bootstrap over groups (Efron and Tibshirani 1993, ch. 13).

    None where all resamples are alike, as of perfect scores."""
    f1_high: float | None
    macro_f1: float | None
    average_precision: float | None
    area_under_curve: float | None


def measure_scores(
    scores: Floats, positive: Bools, groups: Sequence[str] = (), threshold: float = 0.5, seed: int = 0
) -> Metrics:
    """Metrics of scores at a threshold; `groups` are resampled whole for the interval, each document without."""
    taken = scores >= threshold
    low, high = _interval(taken, positive, groups, seed)
    hits = int((taken & positive).sum())
    return Metrics(
        documents=len(scores),
        positives=int(positive.sum()),
        threshold=threshold,
        precision=hits / int(taken.sum()) if taken.any() else None,
        recall=hits / int(positive.sum()) if positive.any() else None,
        f1=f1(taken, positive),
        f1_low=low,
        f1_high=high,
        macro_f1=_mean([f1(taken, positive), f1(~taken, ~positive)]),
        average_precision=average_precision(scores, positive),
        area_under_curve=area_under_curve(scores, positive),
    )


def f1(taken: Bools, positive: Bools) -> float | None:
    """Harmonic mean of precision and recall; None where nothing is positive and nothing was taken.

    >>> f1(np.array([True, True, False]), np.array([True, False, True]))
    0.5
    """
    either = int(taken.sum()) + int(positive.sum())
    return 2 * int((taken & positive).sum()) / either if either else None


def area_under_curve(scores: Floats, positive: Bools) -> float | None:
    """Probability that a positive has a higher score than a negative, ties half: Mann and Whitney's U.

    >>> area_under_curve(np.array([.9, .8, .7, .1]), np.array([True, False, True, False]))
    0.75
    """
    count, others = int(positive.sum()), int((~positive).sum())
    if not count or not others:
        return None
    return float((rankdata(scores)[positive].sum() - count * (count + 1) / 2) / (count * others))


def average_precision(scores: Floats, positive: Bools) -> float | None:
    """Precision at each distinct score, weighted by the recall that it adds; equal scores are taken together.

    >>> round(average_precision(np.array([.9, .8, .7, .1]), np.array([True, False, True, False])), 4)
    0.8333
    """
    if not positive.any():
        return None
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)
    hits = np.cumsum(positive[order])[last]
    taken = np.flatnonzero(last) + 1
    return float((np.diff(hits, prepend=0) * hits / taken).sum() / positive.sum())


def threshold_for(scores: Floats, share: float) -> float:
    """The highest threshold that keeps at least `share` of the scores (0 < share ≤ 1), a score itself.

    >>> threshold_for(np.array([.1, .2, .3, .4, .5, .6, .7, .8, .9, 1.]), 0.2)
    0.9
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share is above 0 and at most 1, not {share}")
    if not len(scores):
        raise ValueError("there are no scores")
    # 0.1 · 30 is a little more than 3: what is meant is 3.
    keep = int(np.ceil(round(share * len(scores), 9)))
    return float(np.sort(scores)[len(scores) - keep])


def _interval(taken: Bools, positive: Bools, groups: Sequence[str], seed: int) -> tuple[float | None, float | None]:
    numbers = np.unique(list(groups), return_inverse=True)[1] if groups else np.arange(len(taken))
    count = int(numbers.max()) + 1 if len(numbers) else 0
    if count < 2:
        return None, None
    hits, either = np.zeros(count), np.zeros(count)
    np.add.at(hits, numbers, taken & positive)
    np.add.at(either, numbers, taken.astype(np.int64) + positive)
    chosen = np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))
    sums = either[chosen].sum(1)
    values = 2 * hits[chosen].sum(1)[sums > 0] / sums[sums > 0]
    if not len(values):
        return None, None
    low, high = np.percentile(values, [2.5, 97.5])
    # Where nothing is wrong every resample is perfect, too: that is no sign of certainty.
    if low == high:
        return None, None
    return float(low), float(high)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None
