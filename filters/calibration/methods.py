"""How a threshold moves from English to another language, or is read from the language's own documents.

FineWeb2 (Penedo et al. 2025, "FineWeb2: One Pipeline to Scale Them All", section on filtering) names the methods;
docs/calibration.md has the formulas. All take the values of one column in a language, finite float64 of shape (n,),
n ≥ 1, and return one bound before clamping and rounding; `word_length` alone takes the words of the documents, of shape
(n, 3).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from filters.base import Column

Floats = npt.NDArray[np.float64]
Side = Literal["min", "max"]
SIDES: tuple[Side, ...] = ("min", "max")
FIXED = "fixed"
# FineWeb2's bounds of the language-score threshold.
LEAST_SCORE, GREATEST_SCORE = 0.3, 0.9
RESAMPLES = 200
CONFIDENCE = 0.95
_SEED = 20  # any: the interval has to be the same on every run
_DECIMALS = 3
_QUANTITIES = frozenset({"words", "characters", "lines", "bytes", "documents", "times"})


class NotComputableError(ValueError):
    """A method has no value for these numbers; the message says why."""


@dataclass(frozen=True)
class English:
    """The reference: English values of the column, shape (m,), and the bound that holds for English."""

    values: Floats
    bound: float


@dataclass(frozen=True)
class Method:
    """A method, and in words for files and reports."""

    function: Callable[[Floats, Side, English | None, float], float]
    meaning: str
    needs_english: bool = False
    over_words: bool = False
    """It takes the words of the documents, not their column."""

    sides: tuple[Side, ...] = ("min", "max")


def mean_std(values: Floats, side: Side, english: English | None, tail: float) -> float:
    """As many standard deviations from the language's mean as the English bound is from the English mean.

    >>> english = English(np.array([0.0, 0.2]), bound=0.3)  # mean 0.1, standard deviation 0.1: two above the mean
    >>> round(mean_std(np.array([0.2, 0.4]), "max", english, 0.1), 9)
    0.5
    """
    assert english is not None
    deviation = float(english.values.std())
    if english.values.min() == english.values.max():  # whose deviation is a rounding error, and not always 0
        raise NotComputableError(
            "the English values are all the same, so a distance in standard deviations has no size"
        )
    distance = (english.bound - float(english.values.mean())) / deviation
    return float(values.mean()) + distance * float(values.std())


def median_ratio(values: Floats, side: Side, english: English | None, tail: float) -> float:
    """The English bound times the language's median over the English median.

    >>> median_ratio(np.array([2.0, 3.0, 9.0]), "max", English(np.array([6.0]), bound=10.0), 0.1)
    5.0
    """
    assert english is not None
    median = float(np.median(english.values))
    if median == 0:
        raise NotComputableError("the English median is 0, so there is no ratio to it")
    return english.bound * float(np.median(values)) / median


def tail(values: Floats, side: Side, english: English | None, tail: float) -> float:
    """The observed value beyond which at most `tail` of the documents lie (FineWeb2: 10Tail).

    >>> values = np.arange(1.0, 21.0)
    >>> tail(values, "min", None, 0.1), tail(values, "max", None, 0.1)
    (3.0, 18.0)
    """
    ordered = np.sort(values)
    cut = math.floor(round(tail * len(ordered), 9))  # documents that may lie beyond
    return float(ordered[cut] if side == "min" else ordered[len(ordered) - 1 - cut])


def word_length(values: Floats, side: Side, english: English | None, tail: float) -> float:
    """One standard deviation of the words' lengths from their mean, rounded to whole characters.

    The deviation is that of words: documents' means lie so near each other that one of theirs would drop a third of the
    documents of any language. `values` are of each document its words, the sum of their lengths, the sum of squares.

    >>> values = np.array([[2.0, 8.0, 34.0], [1.0, 10.0, 100.0]])  # words of 3 and 5, and one of 10: mean 6, σ 2.94
    >>> word_length(values, "min", None, 0.1), word_length(values, "max", None, 0.1)
    (3.0, 9.0)
    """
    words, lengths, squares = values.sum(axis=0)
    if not words:
        raise NotComputableError("there are no words")
    mean = lengths / words
    deviation = math.sqrt(max(0.0, squares / words - mean**2))
    return float(round(mean + deviation if side == "max" else mean - deviation))


def three_sigma(values: Floats, side: Side, english: English | None, tail: float) -> float:
    """Three standard deviations from the mean.

    >>> round(three_sigma(np.array([0.8, 1.0]), "min", None, 0.1), 9)
    0.6
    """
    distance = 3 * float(values.std())
    return float(values.mean()) + (distance if side == "max" else -distance)


def language_score(values: Floats, side: Side, english: English | None, tail: float) -> float:
    """max(0.3, min(0.9, median - standard deviation)) of the identifier's scores for the label.

    >>> round(language_score(np.array([0.5, 0.9, 0.9]), "min", None, 0.1), 3)  # median 0.9, standard deviation 0.189
    0.711
    >>> language_score(np.array([0.2]), "min", None, 0.1), language_score(np.array([1.0]), "min", None, 0.1)
    (0.3, 0.9)
    """
    return max(LEAST_SCORE, min(GREATEST_SCORE, float(np.median(values) - values.std())))


METHODS: Mapping[str, Method] = {
    "mean_std": Method(mean_std, "as many standard deviations from the mean as the bound of English", True),
    "median_ratio": Method(median_ratio, "the bound of English times the ratio of the medians", True),
    "tail": Method(tail, "the value that cuts off the tail"),
    "word_length": Method(word_length, "one standard deviation of the words from their mean, rounded", over_words=True),
    "three_sigma": Method(three_sigma, "three standard deviations from the mean"),
    "language_score": Method(language_score, "median minus standard deviation, between 0.3 and 0.9", sides=("min",)),
}


def possible_range(column: Column) -> tuple[float, float]:
    """Least and greatest value that a column can have, by its unit.

    >>> possible_range(Column("a", pa.float64(), "ratio 0-1", "", ""))
    (0.0, 1.0)
    >>> possible_range(Column("b", pa.int32(), "words", "", ""))
    (0.0, inf)
    """
    if column.unit in ("ratio 0-1", "probability"):
        return 0.0, 1.0
    if column.unit.startswith("ratio") or column.unit in _QUANTITIES:
        return 0.0, math.inf
    return -math.inf, math.inf


def fit_column(value: float, column: Column, side: Side) -> float:
    """A bound clamped to what the column can have, rounded away from its documents so that none falls to rounding.

    >>> column = Column("a", pa.float64(), "ratio 0-1", "", "")
    >>> fit_column(0.12345, column, "max"), fit_column(0.12345, column, "min"), fit_column(1.7, column, "max")
    (0.124, 0.123, 1.0)
    >>> fit_column(49.2, Column("b", pa.int32(), "words", "", ""), "min")
    49.0
    """
    if not math.isfinite(value):
        raise NotComputableError(f"the value is {value}")
    low, high = possible_range(column)
    scale = 1 if pa.types.is_integer(column.type) else 10**_DECIMALS
    scaled = round(min(max(value, low), high) * scale, 6)  # 0.7 * 1000 is 700.0000000000001
    return (math.ceil(scaled) if side == "max" else math.floor(scaled)) / scale


def can_fire(bound: float, column: Column, side: Side) -> bool:
    """Whether any value that the column can have lies beyond the bound."""
    low, high = possible_range(column)
    return bound > low if side == "min" else bound < high


def interval(method: Method, values: Floats, side: Side, english: English | None, share: float) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a method's value (Efron and Tibshirani 1993, chapter 13).

    Documents, and English documents, are drawn anew `RESAMPLES` times, always the same draws. Draws without a value
    are left out. Raises NotComputableError if there is none left.
    """
    generator = np.random.Generator(np.random.PCG64(_SEED))
    found = []
    for _ in range(RESAMPLES):
        drawn = values[generator.integers(len(values), size=len(values))]
        reference = english and English(
            english.values[generator.integers(len(english.values), size=len(english.values))], english.bound
        )
        try:
            found.append(method.function(drawn, side, reference, share))
        except NotComputableError:
            continue
    if not found:
        raise NotComputableError("no resample has a value")
    low, high = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def least_documents(share: float) -> int:
    """Documents from which the value that cuts off a share has a 95 % interval at all.

    With fewer, all of them lie within the bound with a probability above 2.5 %: the order statistics reach no further.

    >>> least_documents(0.1), least_documents(0.05)
    (36, 72)
    """
    return math.ceil(math.log((1 - CONFIDENCE) / 2) / math.log(1 - share))
