"""Thresholds on the language score, per language, from the scores themselves."""

from collections.abc import Mapping, Sequence
from statistics import median, pstdev

LOWEST = 0.3
HIGHEST = 0.9


def score_threshold(scores: Sequence[float]) -> float | None:
    """max(0.3, min(0.9, median - standard deviation)) of the scores of one label; None without scores.

    FineWeb2 (Penedo et al. 2025), section on language identification: the cut follows how sure the model is of a
    language, instead of one value that empties small languages and lets noise into large ones.

    >>> score_threshold([0.6, 0.8, 1.0]), score_threshold([0.99, 0.99, 0.99]), score_threshold([0.1, 0.2])
    (0.6367, 0.9, 0.3)
    """
    if not scores:
        return None
    return round(max(LOWEST, min(HIGHEST, median(scores) - pstdev(scores))), 4)


def score_thresholds(scores: Mapping[str, Sequence[float]], overrides: Mapping[str, float]) -> dict[str, float]:
    """The threshold of each label that has scores, or its override.

    >>> score_thresholds({"deu_Latn": [0.9, 0.9], "fra_Latn": [0.7]}, {"fra_Latn": 0.5})
    {'deu_Latn': 0.9, 'fra_Latn': 0.5}
    """
    computed = {label: score_threshold(values) for label, values in sorted(scores.items())}
    return {label: overrides.get(label, value) for label, value in computed.items() if value is not None}
