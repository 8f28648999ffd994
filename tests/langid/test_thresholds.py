"""Thresholds from scores, against numpy's median and standard deviation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langid.thresholds import score_threshold, score_thresholds


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_median_less_one_deviation_within_bounds(scores):
    expected = float(np.clip(np.median(scores) - np.std(scores), 0.3, 0.9))
    assert score_threshold(scores) == pytest.approx(expected, abs=1e-4)


def test_no_scores_no_threshold():
    assert score_threshold([]) is None
    assert score_thresholds({"deu_Latn": []}, {}) == {}


def test_an_override_wins():
    assert score_thresholds({"deu_Latn": [0.8, 0.9]}, {"deu_Latn": 0.42, "fra_Latn": 0.5}) == {"deu_Latn": 0.42}
