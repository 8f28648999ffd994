from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from dedup.rehydration import (
    DEFAULT_TABLE,
    RemovalRate,
    WeightTable,
    removal_rates,
    table_of,
    weights_from_rates,
)


def ranges(table):
    return {str(entry): entry.weight for entry in table.ranges}


def rates(*percent, documents=1000):
    """Cluster sizes 1, 2, ... with these removal rates; the last has no limit."""
    last = [*range(1, len(percent)), None]
    return [RemovalRate(i + 1, last[i], documents, documents * p // 100) for i, p in enumerate(percent)]


def test_default_table():
    sizes = [1, 2, 3, 4, 5, 99, 100, 999, 1000, 10**12]
    assert DEFAULT_TABLE.weight_of(sizes).tolist() == [1, 2, 3, 3, 5, 5, 8, 8, 1, 1]


def test_lookup_keeps_the_shape_and_refuses_sizes_below_1():
    assert DEFAULT_TABLE.weight_of(np.array([[1, 7], [100, 2]])).tolist() == [[1, 5], [8, 2]]
    assert DEFAULT_TABLE.weight_of([]).shape == (0,)
    with pytest.raises(ValueError, match="a cluster of 0 documents"):
        DEFAULT_TABLE.weight_of([3, 0])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({(2, None): 1}, "the first range is 2-, and has to start at cluster size 1"),
        ({(1, 1): 1, (3, None): 2}, "no range holds the cluster sizes between 1 and 3-"),
        ({(1, 4): 1, (4, None): 2}, "the ranges 1-4 and 4- overlap"),
        ({(1, None): 1, (2, None): 2}, "the ranges 1- and 2- overlap"),
        ({(1, 5): 1, (8, 9): 2, (6, 7): 3}, "no range holds the cluster sizes between 1-5 and 8-9"),
        ({(1, 99): 1}, "the last range is 1-99, and has to be without limit"),
        ({(1, 1): 1, (5, 2): 2}, "the range 5-2 ends before it starts"),
        ({(1, None): 0}, "greater than or equal to 1"),
        ({}, "at least 1 item"),
    ],
)
def test_tables_that_are_refused(weights, message):
    with pytest.raises(ValidationError, match=message):
        table_of(weights)


def test_a_table_of_a_configuration_file():
    table = WeightTable.model_validate({"ranges": [{"first": 1, "last": 2, "weight": 1}, {"first": 3, "weight": 4}]})
    assert table.weight_of([1, 2, 3, 1000]).tolist() == [1, 1, 4, 4]
    assert WeightTable.model_validate(table.model_dump()) == table
    with pytest.raises(ValidationError, match="wieght"):
        WeightTable.model_validate({"ranges": [{"first": 1, "wieght": 4}]})


def test_weights_by_hand():
    # g = 30 %, m = 10 %; before smoothing w = 1, 1, 3, 5, 1, with W = 5.
    # Means: (1+1+3)/3 = 1.67, (1+1+3+5)/4 = 2.5, (1+1+3+5+1)/5 = 2.2, (1+3+5+1)/4 = 2.5, (3+5+1)/3 = 3.
    table = weights_from_rates(rates(50, 30, 20, 10, 40), 5)
    assert ranges(table) == {"1": 2, "2": 3, "3": 2, "4-": 3}


def test_weights_over_a_full_window_by_hand():
    # g = 28 %, m = 20 %; before smoothing 1, 1, 9, 9, 9, 9, 9, 1, 1, 1 with W = 9.
    # Means of the ten places: 11/3, 20/4, 29/5, 37/5, 45/5, 37/5, 29/5, 21/5, 12/4, 3/3.
    table = weights_from_rates(rates(36, 36, 20, 20, 20, 20, 20, 36, 36, 36), 9)
    assert ranges(table) == {"1": 4, "2": 5, "3": 6, "4": 7, "5": 9, "6": 7, "7": 6, "8": 4, "9": 3, "10-": 1}


def test_the_global_rate_weighs_documents_not_sizes():
    # g = (9000·10 % + 1000·60 %) / 10000 = 15 %: only size 1 is better, with w = 5; both means are (5 + 1)/2.
    table = weights_from_rates([RemovalRate(1, 1, 9000, 900), RemovalRate(2, None, 1000, 600)], 5)
    assert ranges(table) == {"1-": 3}


@pytest.mark.parametrize("maximum", [3, 5, 10])
def test_weights_stay_between_1_and_the_maximum(maximum):
    random = np.random.default_rng(maximum)
    for _ in range(50):
        of_sizes = rates(*random.integers(0, 100, random.integers(1, 30)).tolist())
        weights = weights_from_rates(of_sizes, maximum).weight_of(np.arange(1, 40))
        assert weights.min() >= 1
        assert weights.max() <= maximum


@pytest.mark.parametrize(
    "of_sizes", [[], rates(0), rates(40), rates(0, 0, 0), rates(30, 30, 30, 30), rates(100, 100)], ids=str
)
def test_where_nothing_stands_out_nothing_is_repeated(of_sizes):
    assert ranges(weights_from_rates(of_sizes)) == {"1-": 1}


def test_a_maximum_of_1_repeats_nothing_and_less_is_refused():
    assert ranges(weights_from_rates(rates(50, 10), 1)) == {"1-": 1}
    with pytest.raises(ValueError, match="maximum weight of 0"):
        weights_from_rates(rates(50, 10), 0)


def test_counts_of_one_size_are_added_up():
    assert removal_rates([2, 1, 2], [10, 20, 30], [1, 2, 3], 1) == [
        RemovalRate(1, 1, 20, 2),
        RemovalRate(2, None, 40, 4),
    ]
    assert RemovalRate(2, None, 40, 4).rate == Fraction(1, 10)


def test_sizes_with_few_documents_are_taken_together_and_the_tail_is_one_bin():
    sizes = [1, 2, 3, 4, 7, 20, 500]
    documents = [900, 100, 60, 30, 20, 40, 5]
    removed = [90, 20, 6, 3, 1, 4, 5]
    assert removal_rates(sizes, documents, removed, 100) == [
        RemovalRate(1, 1, 900, 90),
        RemovalRate(2, 2, 100, 20),
        RemovalRate(3, None, 155, 19),
    ]
    documents[-1] = 100
    of_sizes = removal_rates(sizes, documents, removed, 100)
    # 3, 4 and 7 have 110 documents together; 20 needs 500 to have enough; sizes between belong to the former.
    assert [(entry.first, entry.last, entry.documents) for entry in of_sizes] == [
        (1, 1, 900),
        (2, 2, 100),
        (3, 19, 110),
        (20, None, 140),
    ]


def test_bins_hold_every_document_leave_no_gap_and_have_enough_documents():
    random = np.random.default_rng(7)
    for _ in range(100):
        sizes = random.integers(1, 60, 80)
        documents = random.integers(0, 50, 80)
        removed = random.integers(0, documents + 1)
        bins = removal_rates(sizes, documents, removed, 100)
        assert sum(entry.documents for entry in bins) == documents.sum()
        assert sum(entry.removed for entry in bins) == removed.sum()
        assert all(entry.documents >= 100 for entry in bins)
        assert bins[0].first == 1
        assert bins[-1].last is None
        assert all(one.last + 1 == other.first for one, other in pairwise(bins))
        for entry in bins:
            inside = (sizes >= entry.first) & (sizes <= (entry.last or 60))
            assert (entry.documents, entry.removed) == (documents[inside].sum(), removed[inside].sum())


def test_too_few_documents_give_one_rate_and_none_give_none():
    assert removal_rates([1, 2, 9], [30, 20, 10], [3, 2, 10], 1000) == [RemovalRate(1, None, 60, 15)]
    assert removal_rates([], [], []) == []
    assert removal_rates([1, 5], [0, 0], [0, 0]) == []


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (([1, 3], [5, 5], [0, 6]), "cluster size 3: 6 of 5 documents removed"),
        (([1], [5], [-1]), "cluster size 1: -1 of 5"),
        (([0], [5], [1]), "cluster size 0"),
        (([1, 2], [5], [1]), r"shapes \(2,\), \(1,\) and \(1,\)"),
    ],
)
def test_counts_that_cannot_be_are_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        removal_rates(*counts)
