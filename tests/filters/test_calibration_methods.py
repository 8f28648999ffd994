"""Methods against numbers worked out by hand, and what holds for any numbers."""

import doctest
import importlib
import math
import pkgutil

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import filters.calibration
import langid.families
from filters.base import Column
from filters.calibration.factors import densities, factors
from filters.calibration.methods import (
    METHODS,
    SIDES,
    English,
    NotComputableError,
    can_fire,
    fit_column,
    interval,
    language_score,
    least_documents,
    mean_std,
    median_ratio,
    possible_range,
    tail,
    three_sigma,
    word_length,
)

UNITS = ("ratio 0-1", "ratio", "probability", "words", "characters", "boolean")
RATIO = Column("c", pa.float64(), "ratio 0-1", "", "")
finite = st.floats(-1e9, 1e9, allow_nan=False)
samples = st.lists(finite, min_size=1, max_size=30).map(np.array)


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(filters.calibration.__path__)])
def test_examples(name):
    assert doctest.testmod(importlib.import_module(f"filters.calibration.{name}")).failed == 0


def test_examples_of_families():
    assert doctest.testmod(langid.families).failed == 0


def test_mean_std_keeps_the_distance_in_standard_deviations():
    # English: mean 2, deviation 1, so a bound of 5 is three deviations above. Here: mean 10, deviation 2.
    english = English(np.array([1.0, 3.0]), bound=5)
    assert mean_std(np.array([8.0, 12.0]), "max", english, 0.1) == pytest.approx(16)
    assert mean_std(np.array([8.0, 12.0]), "max", English(np.array([1.0, 3.0]), 1.5), 0.1) == pytest.approx(9)


def test_english_moved_to_english_stays():
    values = np.array([0.1, 0.15, 0.4, 0.2])
    for name in ("mean_std", "median_ratio"):
        assert METHODS[name].function(values, "max", English(values, 0.3), 0.1) == pytest.approx(0.3)


def test_median_ratio():
    assert median_ratio(np.array([1.0, 6.0, 50.0]), "max", English(np.array([4.0, 3.0, 100.0]), 10), 0.1) == 15


@pytest.mark.parametrize(("count", "low", "high"), [(9, 1, 9), (10, 2, 9), (19, 2, 18), (20, 3, 18), (100, 11, 90)])
def test_tail_leaves_at_most_the_share_outside(count, low, high):
    values = np.arange(count, 0.0, -1)
    assert tail(values, "min", None, 0.1) == low
    assert tail(values, "max", None, 0.1) == high


@given(samples, st.floats(0.01, 0.49))
def test_tail_is_observed_and_cuts_no_more_than_the_share(values, share):
    low, high = (tail(values, side, None, share) for side in SIDES)
    assert low in values
    assert high in values
    assert (values < low).mean() <= share + 1e-9
    assert (values > high).mean() <= share + 1e-9


def test_word_length_is_over_words_not_over_documents():
    # Ten words of 2 and ten of 8: mean 5, deviation 3, however they are dealt out to documents.
    apart = np.array([[10.0, 20.0, 40.0], [10.0, 80.0, 640.0]])
    mixed = np.array([[10.0, 50.0, 340.0], [10.0, 50.0, 340.0]])
    for lengths in (apart, mixed):
        assert (word_length(lengths, "min", None, 0.1), word_length(lengths, "max", None, 0.1)) == (2, 8)
    with pytest.raises(NotComputableError, match="no words"):
        word_length(np.zeros((2, 3)), "min", None, 0.1)


def test_three_sigma():
    values = np.array([0.7, 0.9])  # mean 0.8, deviation 0.1
    assert three_sigma(values, "min", None, 0.1) == pytest.approx(0.5)
    assert three_sigma(values, "max", None, 0.1) == pytest.approx(1.1)


def test_language_score_is_median_minus_deviation_between_its_bounds():
    assert language_score(np.array([0.6, 0.8, 0.8, 1.0]), "min", None, 0.1) == pytest.approx(0.8 - math.sqrt(0.02))
    assert language_score(np.array([0.31, 0.2, 0.9]), "min", None, 0.1) == 0.3
    assert language_score(np.array([0.99, 0.98]), "min", None, 0.1) == 0.9


def test_methods_without_a_value_say_so():
    with pytest.raises(NotComputableError, match="all the same"):
        mean_std(np.array([1.0]), "max", English(np.array([2.0, 2.0]), 3), 0.1)
    with pytest.raises(NotComputableError, match="median is 0"):
        median_ratio(np.array([1.0]), "max", English(np.array([0.0, 0.0, 5.0]), 3), 0.1)
    for value in (math.nan, math.inf):
        with pytest.raises(NotComputableError):
            fit_column(value, RATIO, "max")


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(UNITS), st.sampled_from(SIDES), st.booleans())
def test_a_bound_is_always_possible_for_its_column(value, unit, side, whole):
    column = Column("c", pa.int32() if whole else pa.float64(), unit, "", "")
    fitted = fit_column(max(-1e12, min(1e12, value)), column, side)
    low, high = possible_range(column)
    assert low <= fitted <= high
    assert not whole or fitted == int(fitted)


@given(st.floats(0, 1), st.sampled_from(SIDES))
def test_rounding_never_drops_a_document_at_the_bound(value, side):
    fitted = fit_column(value, RATIO, side)
    assert fitted <= value + 1e-9 if side == "min" else fitted >= value - 1e-9
    assert abs(fitted - value) <= 0.001 + 1e-9


def test_which_bounds_can_fire():
    assert not can_fire(1.0, RATIO, "max")
    assert can_fire(0.999, RATIO, "max")
    assert not can_fire(0.0, RATIO, "min")
    words = Column("c", pa.int32(), "words", "", "")
    assert not can_fire(0, words, "min")
    assert can_fire(1e9, words, "max")


def test_an_interval_holds_the_value_narrows_and_repeats():
    generator = np.random.default_rng(1)
    few, many = generator.normal(5, 1, 50), generator.normal(5, 1, 5000)
    method = METHODS["three_sigma"]
    intervals = [interval(method, values, "min", None, 0.1) for values in (few, many)]
    assert intervals[0] == interval(method, few, "min", None, 0.1)
    assert intervals[1][0] < 2 < intervals[1][1]  # 5 - 3
    assert intervals[1][1] - intervals[1][0] < (intervals[0][1] - intervals[0][0]) / 4


def test_an_interval_of_a_normal_mean_has_the_textbook_width():
    values = np.random.default_rng(2).normal(0, 1, 400)
    english = English(np.array([-1.0, 1.0]), bound=0.0)  # at its mean, so mean_std is the mean here
    low, high = interval(METHODS["mean_std"], values, "max", English(english.values.repeat(10**4), 0.0), 0.1)
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.25)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.25])
def test_least_documents_is_the_first_number_with_an_interval(share):
    count = least_documents(share)
    assert (1 - share) ** count <= 0.025 < (1 - share) ** (count - 1)


def test_densities_are_those_of_the_better_half():
    good, bad = "Dos, tres. Uno", "??? 111 222 ***"
    scores = np.array([0.8, 0.2, 0.9, 0.1])
    # 10 letters, two marks: 20 per 100.
    assert densities([good, bad, good, bad], scores) == {
        "punctuation_factor": pytest.approx(20),
        "number_factor": 0,
        "singular_factor": 0,
    }
    assert densities([bad], np.array([0.5])) is None
    assert densities([good], np.array([np.nan])) is None


def test_factors_stay_where_a_factor_can_be():
    spanish = {"punctuation_factor": 2.0, "number_factor": 0.01, "singular_factor": 1.0}
    found = factors({"punctuation_factor": 3.0, "number_factor": 5.0, "singular_factor": 0.001}, spanish)
    assert found == {"punctuation_factor": 1.5, "number_factor": 10.0, "singular_factor": 0.1}
