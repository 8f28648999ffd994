"""Exact ranks and deviations: against sorting and exact fractions, however the values are cut."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deciding.quantiles import (
    FEW,
    Search,
    add_tallies,
    advance,
    deviation,
    exact_sum,
    rank_of_quantile,
    rank_of_top,
    sort_keys,
    sums_around,
    tally,
    value_of,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
MODERATE = st.floats(-1e100, 1e100)


def find(parts: list[np.ndarray], rank: int) -> tuple[float, int]:
    """The value of a rank over all parts, and how many rounds it took."""
    search, rounds = Search(rank, sum(map(len, parts))), 0
    while search.bits:
        found = tally(sort_keys(parts[0]), search)
        for part in parts[1:]:
            found = add_tallies(found, tally(sort_keys(part), search))
        search, rounds = advance(search, *found), rounds + 1
    return search.value, rounds


@given(st.lists(FINITE, min_size=1, max_size=40), st.data())
def test_a_rank_is_that_of_sorting_whatever_the_cuts(values, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=4)))
    parts = np.split(np.array(values, np.float64), cuts)
    rank = data.draw(st.integers(0, len(values) - 1))
    assert find(parts, rank)[0] == sorted(values)[rank]


@pytest.mark.parametrize("kind", ["random", "near", "few", "equal"])
def test_many_values_take_several_rounds(kind):
    """More values than travel at once: some that differ in their last bits only, and some that are equal."""
    count = 5 * FEW
    random = np.random.default_rng(3)
    values = {
        "random": random.normal(size=count),
        "near": 0.5 + np.arange(count) * 2.0**-52,
        "few": random.integers(0, 3, count).astype(np.float64),
        "equal": np.full(count, -0.25),
    }[kind]
    random.shuffle(values)
    parts = np.array_split(values, 7)
    expected = np.sort(values)
    for rank in (0, 1, count // 3, count - 1):
        value, rounds = find(parts, rank)
        assert value == expected[rank]
        assert rounds > 1


@given(st.lists(FINITE, min_size=2, max_size=2))
def test_keys_sort_as_values(pair):
    low, high = sort_keys(np.array(pair))
    assert (low < high) == (pair[0] < pair[1])
    assert value_of(int(low)) == pair[0]


@given(st.integers(1, 500), st.integers(1, 100))
def test_quantiles_are_of_hyndman_and_fan(count, percent):
    """The smallest value that at least the share does not exceed, by counting; a hundredth is no binary fraction."""
    share = percent / 100
    rank = rank_of_quantile(count, share)
    assert (rank + 1) * 100 >= percent * count
    assert rank == 0 or rank * 100 < percent * count
    kept = count - rank_of_top(count, share)
    assert kept * 100 >= percent * count > (kept - 1) * 100


def test_the_quantile_is_numpy_s():
    values = np.random.default_rng(1).normal(size=999)
    for share in (0.1, 0.25, 0.5, 0.999):
        expected = np.quantile(values, share, method="inverted_cdf")
        assert find([values], rank_of_quantile(len(values), share))[0] == expected


@given(st.lists(FINITE, max_size=30))
def test_sums_have_no_rounding(values):
    exact = sum((Fraction(value) for value in values), Fraction(0))
    assert Fraction(exact_sum(np.array(values, np.float64)), 2**1126) == exact


@given(st.lists(MODERATE, min_size=1, max_size=30), MODERATE, st.integers(0, 30))
def test_sums_do_not_depend_on_the_cut(values, centre, cut):
    array = np.array(values)
    one, other = sums_around(array[:cut], centre), sums_around(array[cut:], centre)
    assert sums_around(array, centre) == (one[0] + other[0], one[1] + other[1])


def test_the_deviation_is_that_of_numpy_and_of_equal_values_none():
    values = np.random.default_rng(2).beta(8, 2, 1000)
    assert deviation(1000, *sums_around(values, float(np.median(values)))) == pytest.approx(values.std(), rel=1e-12)
    assert deviation(7, *sums_around(np.full(7, 0.1), 0.1)) == 0
    assert math.isclose(deviation(2, *sums_around(np.array([1e8, 1e8 + 1]), 1e8)), 0.5)


def test_values_without_a_deviation_are_an_error():
    with pytest.raises(ValueError, match="have no standard deviation"):
        sums_around(np.array([1e200, -1e200]), 0.0)
