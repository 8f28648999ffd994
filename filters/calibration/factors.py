"""Factors of web_docs_scorer: how many marks, digits and singular characters a language has beside Spanish.

HPLT's Web Docs Scorer, as docs/doc_score.md describes it: medians over the better half of the documents.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from filters._characters import count_characters
from filters.calibration.methods import Floats

REFERENCE = "spa_Latn"
NAMES = ("punctuation_factor", "number_factor", "singular_factor")
# A language with under a tenth of the marks of Spanish is written without them, as Thai is.
WITHOUT_MARKS = 0.1
_BOUNDS = (0.1, 10.0)


def densities(texts: Sequence[str], scores: Floats) -> dict[str, float] | None:
    """Median marks, digits and singular characters per 100 letters over the better half by doc_score.

    Documents without a score (nan) or without letters are left out; None where none is left.

    >>> texts, scores = ["Uno, dos, 3.", "¡¡¡ !!! ***", "sin nota"], np.array([0.9, 0.1, np.nan])
    >>> densities(texts, scores)["punctuation_factor"]  # three marks, six letters
    50.0
    """
    scored = np.flatnonzero(np.isfinite(scores))
    order = scored[np.argsort(-scores[scored], kind="stable")]
    rows = []
    for index in order[: (len(order) + 1) // 2].tolist():
        counts = count_characters(texts[index])
        if counts.letters:
            rows.append(
                [100 * count / counts.letters for count in (counts.punctuation, counts.digits, counts.singular)]
            )
    if not rows:
        return None
    return dict(zip(NAMES, np.median(rows, axis=0).tolist(), strict=True))


def factors(language: Mapping[str, float], spanish: Mapping[str, float]) -> dict[str, float | None]:
    """Medians of the language over those of Spanish, between 0.1 and 10; null for a language without marks.

    A median of 0 on either side gives no ratio, and no factor.

    >>> factors({"punctuation_factor": 4.8, "number_factor": 0.0}, {"punctuation_factor": 2.4, "number_factor": 1.0})
    {'punctuation_factor': 2.0}
    >>> factors({"punctuation_factor": 0.04}, {"punctuation_factor": 2.4})
    {'punctuation_factor': None}
    """
    found: dict[str, float | None] = {}
    for name, median in language.items():
        if not spanish[name]:
            continue
        ratio = median / spanish[name]
        if name == "punctuation_factor" and ratio < WITHOUT_MARKS:
            found[name] = None
        elif ratio:
            found[name] = round(min(max(ratio, _BOUNDS[0]), _BOUNDS[1]), 2)
    return found
