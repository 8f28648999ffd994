"""Calibration: a score that means what it says, so that of the texts with score 0.8 four in five are right."""

from collections.abc import Sequence

import numpy as np

Table = list[tuple[float, float]]


def fit_calibration(scored: Sequence[tuple[float, bool]], bins: int = 15) -> Table:
    """Points (score, share that is right) of a rising line: isotonic regression on bins of equal size.

    Zadrozny and Elkan 2002 (isotonic calibration), pool adjacent violators.

    >>> fit_calibration([(0.2, False), (0.4, True), (0.6, False), (0.9, True)], bins=4)
    [(0.2, 0.0), (0.5, 0.5), (0.9, 1.0)]
    """
    if not scored:
        return []
    ordered = sorted(scored)
    blocks: list[tuple[float, float, int]] = []  # mean score, share right, number
    for part in np.array_split(np.arange(len(ordered)), min(bins, len(ordered))):
        rows = [ordered[index] for index in part]
        blocks.append((sum(score for score, _ in rows) / len(rows), sum(ok for _, ok in rows) / len(rows), len(rows)))
        while len(blocks) > 1 and blocks[-2][1] > blocks[-1][1]:
            (low, low_right, few), (high, high_right, many) = blocks[-2:]
            total = few + many
            blocks[-2:] = [
                ((low * few + high * many) / total, (low_right * few + high_right * many) / total, total),
            ]
    return [(round(score, 4), round(right, 4)) for score, right, _ in blocks]


def calibrated(score: float, table: Table) -> float:
    """A score moved along the line of a calibration table, from (0, 0), and level after its last point.

    >>> calibrated(0.45, [(0.3, 0.2), (0.6, 0.4), (0.9, 0.9)])
    0.3
    """
    xs, ys = zip((0.0, 0.0), *table, strict=True)
    return round(float(np.interp(score, xs, ys)), 6)
