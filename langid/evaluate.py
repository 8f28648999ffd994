"""How good a model is: F1 by language and length, confusions, calibration, noise taken for language, speed."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from langid.errors import UnknownLabelError
from langid.identify import Identification, identify
from langid.labels import NO_LANGUAGE, canonical
from langid.models import Model

# Lower bounds of the length classes, in characters.
LENGTHS = (0, 30, 60, 120)
_BINS = 15


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model on labelled texts; shares are between 0 and 1.

    `f1` by label of the gold standard; `accuracy_by_length` by the lower bound in characters, with the number of texts;
    `confusions` are (gold, predicted, count), the most frequent first; `reliability` has for each bin of the score
    its mean score, its accuracy and its number of texts.
    """

    f1: Mapping[str, float]
    accuracy: float
    accuracy_by_length: Mapping[int, tuple[float, int]]
    confusions: Sequence[tuple[str, str, int]]
    calibration_error: float
    reliability: Sequence[tuple[float, float, int]]
    megabytes_per_second: float

    @property
    def macro_f1(self) -> float:
        """Mean of F1 over the labels of the gold standard, those that the model does not know included."""
        return sum(self.f1.values()) / len(self.f1)


def read_labelled(path: Path) -> list[tuple[str, str]]:
    """Label in normal form and text of each `label TAB text` line; a wrong line is an error that names its number."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        label, separator, text = line.partition("\t")
        if not separator:
            raise ValueError(f"{path}, line {number}: not of the form label TAB text")
        try:
            rows.append((canonical(label), text))
        except UnknownLabelError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    return rows


def evaluate(rows: Sequence[tuple[str, str]], model: Model) -> Evaluation:
    """Evaluate a model on labelled texts; the time includes the script histogram of each text."""
    start = time.perf_counter()
    found = identify([text for _, text in rows], model, top=1)
    seconds = time.perf_counter() - start
    gold = [label for label, _ in rows]
    predicted = [item.language for item in found]
    right = [label == other for label, other in zip(gold, predicted, strict=True)]
    error, reliability = calibration_error([(item.language_score, ok) for item, ok in zip(found, right, strict=True)])
    confused = Counter((label, other) for label, other in zip(gold, predicted, strict=True) if label != other)
    return Evaluation(
        f1=f1_by_label(gold, predicted),
        accuracy=sum(right) / len(right),
        accuracy_by_length=_by_length([text for _, text in rows], right),
        confusions=[(*pair, count) for pair, count in confused.most_common()],
        calibration_error=error,
        reliability=reliability,
        megabytes_per_second=sum(len(text.encode()) for _, text in rows) / 1e6 / seconds,
    )


def f1_by_label(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """F1 = 2 tp / (2 tp + fp + fn) of each label of the gold standard.

    >>> f1_by_label(["a", "a", "b"], ["a", "b", "b"])
    {'a': 0.6666666666666666, 'b': 0.6666666666666666}
    """
    hits = Counter(label for label, other in zip(gold, predicted, strict=True) if label == other)
    golds, answers = Counter(gold), Counter(predicted)
    return {label: 2 * hits[label] / (golds[label] + answers[label]) for label in sorted(golds)}


def calibration_error(
    scored: Sequence[tuple[float | None, bool]],
) -> tuple[float, list[tuple[float, float, int]]]:
    """Expected calibration error over 15 equal bins of the score (Guo et al. 2017, section 2), and the bins.

    Each bin is (mean score, accuracy, number); texts without a score are left out.

    >>> calibration_error([(0.75, True), (0.75, True), (0.75, True), (0.75, False)])
    (0.0, [(0.75, 0.75, 4)])
    """
    bins: dict[int, list[tuple[float, bool]]] = {}
    for score, right in scored:
        if score is not None:
            bins.setdefault(min(_BINS - 1, int(score * _BINS)), []).append((score, right))
    rows = [
        (
            sum(score for score, _ in bins[key]) / len(bins[key]),
            sum(ok for _, ok in bins[key]) / len(bins[key]),
            len(bins[key]),
        )
        for key in sorted(bins)
    ]
    total = sum(count for _, _, count in rows)
    return (sum(abs(mean - accuracy) * count for mean, accuracy, count in rows) / total if total else 0.0), rows


def taken_for_language(found: Sequence[Identification], threshold: float) -> float:
    """Share of texts that get a language at or above the threshold."""
    return sum(item.language != NO_LANGUAGE and (item.language_score or 0.0) >= threshold for item in found) / len(
        found
    )


def _by_length(texts: Sequence[str], right: Sequence[bool]) -> dict[int, tuple[float, int]]:
    classes: dict[int, list[bool]] = {}
    for text, ok in zip(texts, right, strict=True):
        classes.setdefault(max(bound for bound in LENGTHS if bound <= len(text)), []).append(ok)
    return {bound: (sum(oks) / len(oks), len(oks)) for bound, oks in sorted(classes.items())}
