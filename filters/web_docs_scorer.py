"""How much a document looks like running text: the Web Docs Scorer of HPLT, without a model.

Ten components between 0 (bad) and 1 (good) make one score, as the documentation of HPLT's web-docs-scorer describes;
docs/doc_score.md says where this differs: score = base · penalty, with

    base = 0.8·language + 0.1·long_lines + 0.1·great_lines
    penalty = Π p^(3·w),  w = p^-2.9 / Σ p^-2.9,  over the other seven p; 0 if one of them is below 0.1

The breakpoints are for Spanish. Other languages scale them by how much more punctuation, digits and singular
characters their good documents have.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import AfterValidator, Field

from filters._characters import Counts
from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text

PREFIX = "doc_score_"
BASE_WEIGHTS = {"language": 0.8, "long_lines": 0.1, "great_lines": 0.1}
PENALTIES = ("urls", "numbers", "punctuation", "singular", "repeated", "informativeness", "short_lines")
SHARPNESS = 2.9  # how much more the worst penalty counts than the others
STRENGTH = 3.0
LEAST_PENALTY = 0.1

# Spanish lengths, in letters.
LONG_LINE = 250
GREAT_LINE = 1000
URL_UNIT = 2400
ENOUGH_LONG_LINES = 10
REPEATABLE = 4  # a line of so many characters may repeat: list numbers, separators
FEW_LINES = 5  # under which the variation of line lengths says nothing
COMPRESSION_LEVEL = 3


# Pairs of a value and its score.
Points = tuple[tuple[float, ...], ...]


def _rising(points: Points) -> Points:
    if not points or any(len(point) != 2 for point in points) or any(a[0] >= b[0] for a, b in pairwise(points)):
        raise ValueError("breakpoints are [value, score] pairs with rising values")
    if any(not 0 <= score <= 1 for _, score in points):
        raise ValueError("the scores of breakpoints are between 0 and 1")
    return points


Breakpoints = Annotated[Points, AfterValidator(_rising)]
Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Parameters(FilterParameters):
    """How the language's good documents differ from Spanish ones, and where the components bend."""

    punctuation_factor: Factor | None = 1.0
    """Punctuation marks per letter: the median of the language / that of Spanish. Lengths are divided by it, as a
    script that says more in a letter has more marks per letter. Null: the language is written without them."""

    number_factor: Factor = 1.0
    """Digits per letter: the median of the language / that of Spanish."""

    singular_factor: Factor = 1.0
    """Singular characters per letter: the median of the language / that of Spanish."""

    urls: Breakpoints = ((3, 1), (10, 0))
    """Addresses per 2,400 letters → score."""

    numbers: Breakpoints = ((1, 1), (30, 0))
    """Digits per 100 letters → score."""

    punctuation: Breakpoints = ((0.3, 0), (0.5, 0.5), (0.9, 1), (2.5, 1), (25, 0))
    """Punctuation marks per 100 letters → score."""

    singular: Breakpoints = ((1, 1), (2, 0.7), (6, 0.5), (10, 0))
    """Singular characters per 100 letters → score."""

    informativeness: Breakpoints = ((10, 1), (15, 0.7), (20, 0))
    """Distance of the share that compression saves from the usual one, in percentage points → score."""

    short_lines: Breakpoints = ((0, 0.5), (0.6, 1))
    """Coefficient of variation of the line lengths → score."""


def _column(name: str, meaning: str) -> Column:
    return Column(name, pa.float64(), "ratio 0-1", meaning, "curate")


COLUMNS = (
    _column("doc_score", "how much the document looks like running text; null: no line is long enough to tell"),
    *(
        _column(PREFIX + name, meaning)
        for name, meaning in (
            ("language", "letters in lines of the document's language / letters in lines that are long enough to tell"),
            ("long_lines", "lines of over 250 letters (Spanish) / 10, at most 1"),
            ("great_lines", "how near the long lines are to 1000 letters (Spanish)"),
            ("urls", "few addresses per letter"),
            ("numbers", "few digits per letter"),
            ("punctuation", "as many punctuation marks per letter as sentences have; null: the language has none"),
            ("singular", "few emojis, separators and symbols per letter"),
            ("repeated", "lines that occur once / lines of over 4 characters"),
            ("informativeness", "compresses as texts of this script and size do; null: under 256 bytes"),
            ("short_lines", "line lengths vary as in paragraphs, not as in menus"),
        )
    ),
)

# A score to order and to choose by: where to cut depends on the language and on what the dataset is for.
RULES: dict[str, Rule] = {}


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; null for a text without letters."""
    counts = text.characters
    if not counts.letters:
        return dict.fromkeys(column.name for column in COLUMNS)
    unit = 1 / (parameters.punctuation_factor or 1.0)
    lengths = counts.line_letters[counts.line_letters > 0] / unit  # as if in Spanish
    components = {
        "language": text.language_share,
        "long_lines": min(1.0, int((lengths > LONG_LINE).sum()) / ENOUGH_LONG_LINES),
        "great_lines": great_lines(lengths.tolist()),
        **_densities(text.text, counts, unit, parameters),
        "repeated": repeated(text.lines),
        "informativeness": informativeness(text.text, text.language.partition("_")[2], parameters.informativeness),
        "short_lines": short_lines(lengths.tolist(), parameters.short_lines),
    }
    named = {PREFIX + name: value for name, value in components.items()}
    return {"doc_score": combine(components), **named}


def _densities(text: str, counts: Counts, unit: float, parameters: Parameters) -> dict[str, float | None]:
    """The components that count something per letter."""
    per_letter = 1 / counts.letters
    addresses = count_addresses(text) * per_letter * URL_UNIT * unit
    digits = 100 * counts.digits * per_letter / parameters.number_factor
    singular = 100 * counts.singular * per_letter / parameters.singular_factor
    marks = 100 * counts.punctuation * per_letter
    factor = parameters.punctuation_factor
    return {
        "urls": interpolate(parameters.urls, addresses),
        "numbers": interpolate(parameters.numbers, digits),
        "punctuation": None if factor is None else interpolate(parameters.punctuation, marks / factor),
        "singular": interpolate(parameters.singular, singular),
    }


def count_addresses(text: str) -> int:
    """How often `http://`, `https://` or `www.` begins an address.

    The reference counts every `http` and `www`, by which articles about HTTP score 0.

    >>> count_addresses("HTTP: see https://www.example.org, www.example.com or http://example.net")
    3
    """
    text = text.lower()
    return sum(map(text.count, ("http://", "https://", "www."))) - text.count("://www.")


def combine(components: dict[str, float | None]) -> float | None:
    """The score of components: base times penalty. None where the language could not be measured.

    A penalty that was not measured counts as 1.
    """
    base = 0.0
    for name, weight in BASE_WEIGHTS.items():
        value = components[name]
        if value is None:
            return None
        base += weight * value
    values = (components[name] for name in PENALTIES)
    return base * penalty([1.0 if value is None else value for value in values])


def penalty(values: Sequence[float]) -> float:
    """Weighted product of penalties in which the worst have the most weight; 0 if one is below LEAST_PENALTY.

    >>> round(penalty([1, 1, 1, 0.92, 0.89, 1, 0.84]), 2), penalty([1, 1, 0.09])
    (0.82, 0.0)
    """
    if min(values) < LEAST_PENALTY:
        return 0.0
    weights = [value**-SHARPNESS for value in values]
    logarithms = np.log(values)
    return float(np.exp(STRENGTH * np.dot(weights, logarithms) / sum(weights)))


def interpolate(points: Points, value: float) -> float:
    """The score at a value: straight lines between breakpoints, level outside them.

    >>> [interpolate(((1, 1.0), (3, 0.0)), value) for value in (0, 1, 2, 3, 9)]
    [1.0, 1.0, 0.5, 0.0, 0.0]
    """
    right = bisect_left(points, value, key=lambda point: point[0])
    if right == 0:
        return float(points[0][1])
    if right == len(points):
        return float(points[-1][1])
    (x0, y0), (x1, y1) = points[right - 1], points[right]
    return y0 + (y1 - y0) * (value - x0) / (x1 - x0)


def great_lines(lengths: Iterable[float]) -> float:
    """Mean of (length - 250) / 750 over lines where that is above 0.5, plus 0.1, at most 1; 0 without such lines.

    >>> great_lines([100, 700]), great_lines([1000, 5000]), great_lines([625])
    (0.7, 1.0, 0.0)
    """
    values = [(length - LONG_LINE) / (GREAT_LINE - LONG_LINE) for length in lengths]
    great = [value for value in values if value > 0.5]
    return min(1.0, sum(great) / len(great) + 0.1) if great else 0.0


def repeated(lines: Iterable[str]) -> float | None:
    """1 - share of the lines of over 4 characters that occur more than once, the first time included.

    >>> repeated(["menu item", "some text", " menu item", "1."])
    0.33333333333333337
    """
    counts = Counter(line for line in map(str.strip, lines) if len(line) > REPEATABLE)
    if not counts:
        return None
    return 1 - sum(count for count in counts.values() if count > 1) / counts.total()


def short_lines(lengths: Sequence[float], points: Points) -> float:
    """Score of the coefficient of variation of line lengths in letters, each capped at 250; 1 under 5 lines.

    Menus have short lines of much the same length. What is taken off shrinks with the mean length, to nothing at 250:
    paragraphs that are all long have no variation either, once capped, and are the best that there is.

    >>> points = ((0, 0.5), (0.6, 1))
    >>> short_lines([125] * 5, points), short_lines([400] * 5, points), short_lines([12] * 4, points)
    (0.75, 1.0, 1.0)
    """
    if len(lengths) < FEW_LINES:
        return 1.0
    capped = np.minimum(lengths, LONG_LINE)
    mean = float(capped.mean())
    return 1 - (1 - interpolate(points, float(capped.std()) / mean)) * (1 - mean / LONG_LINE)


def informativeness(text: str, script: str, points: Points) -> float | None:
    """Score of how far the share that zstd saves is from the one usual for this script and size in bytes.

    Hashes and wrongly decoded text save too little, repetition saves too much. None below the smallest size of the
    table, where the overhead of the format counts.
    """
    data = text.encode("utf-8", "surrogatepass")
    curve = _curves().get(script, _curves()["*"])
    if len(data) < curve[0][0]:
        return None
    saved = 100 * (1 - len(_codec().compress(data, asbytes=True)) / len(data))
    return interpolate(points, abs(saved - _usual(curve, len(data))))


def _usual(curve: tuple[tuple[int, float], ...], size: int) -> float:
    """Percentage saved at a size in bytes, straight over the logarithm of the size, level beyond the last one."""
    sizes, saved = zip(*curve, strict=True)
    return float(np.interp(np.log(size), np.log(sizes), saved))


@cache
def _codec() -> pa.Codec:
    return pa.Codec("zstd", compression_level=COMPRESSION_LEVEL)


@cache
def _curves() -> dict[str, tuple[tuple[int, float], ...]]:
    """By script, and `*` for the others: sizes in bytes, and the percentages that zstd usually saves there."""
    table = files("filters").joinpath("web_docs_scorer.tsv").read_text(encoding="utf-8")
    header, *rows = (line.split("\t") for line in table.splitlines())
    curves: dict[str, tuple[tuple[int, float], ...]] = {}
    for scripts, *saved in rows:
        curve = tuple((int(size), float(value)) for size, value in zip(header[1:], saved, strict=True))
        curves |= dict.fromkeys(scripts.split(), curve)
    return curves
