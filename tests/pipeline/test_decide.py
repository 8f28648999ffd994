"""Deciding: rules over values, and which copy of a cluster is kept."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.parameters import MinHashParameters
from filters.base import Rule
from pipeline.cluster import components_of
from pipeline.decide import elect, failed_rules, fails

VALUES = pa.chunked_array([pa.array([1.0, None, 3.0, 5.0])])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(column="c"), [False, False, False, False]),
        (Rule(column="c", min=3), [True, False, False, False]),
        (Rule(column="c", max=3), [False, False, False, True]),
        (Rule(column="c", min=2, max=4), [True, False, False, True]),
    ],
)
def test_bounds_are_inclusive_and_nulls_pass(rule, expected):
    assert fails(VALUES, rule).tolist() == expected


def test_booleans_and_names_are_judged_too():
    flags = pa.chunked_array([pa.array([True, False, None])])
    assert fails(flags, Rule(column="c", max=0)).tolist() == [True, False, False]
    names = pa.chunked_array([pa.array(["deu_Latn", "zxx_Zzzz", None])])
    assert fails(names, Rule(column="c", none_of=("zxx_Zzzz",))).tolist() == [False, True, False]
    assert fails(names, Rule(column="c", one_of=("zxx_Zzzz",))).tolist() == [True, False, False]
    assert fails(names, Rule(column="c", none_of=("*_Latn", "und_*"))).tolist() == [True, False, False]


@given(
    st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=1, max_size=30),
    st.one_of(st.none(), st.floats(-5, 0)),
    st.one_of(st.none(), st.floats(0, 5)),
)
def test_rules_agree_with_a_plain_loop(values, low, high):
    table = pa.table({"c": pa.array(values, pa.float64())})
    failed = failed_rules(table, {"r": Rule(column="c", min=low, max=high)})
    expected = [
        value is not None and ((low is not None and value < low) or (high is not None and value > high))
        for value in values
    ]
    assert failed[:, 0].tolist() == expected


def test_the_best_copy_that_passes_is_kept():
    clusters = ["a", "a", "a", "b", "c", "c"]
    rank = np.array([0, 1, 2, 0, 1, 0])
    passes = np.array([False, True, True, True, False, False])
    assert elect(clusters, rank, passes).tolist() == [1, 1, 1, 3, -1, -1]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=20), st.randoms())
def test_election_is_what_sorting_says(members, random):
    rank = list(range(len(members)))
    random.shuffle(rank)
    clusters = [name for name, _ in members]
    keeper = elect(clusters, np.array(rank, np.int64), np.array([passes for _, passes in members], bool))
    for row, name in enumerate(clusters):
        candidates = sorted(
            (rank[other], other) for other, (cluster, passes) in enumerate(members) if cluster == name and passes
        )
        assert keeper[row] == (candidates[0][1] if candidates else -1)


def test_a_document_without_signature_is_alone():
    parameters = MinHashParameters()
    same = np.arange(parameters.size, dtype=np.uint32)
    assert components_of([same, None, same + 1, same, None], parameters).tolist() == [0, 1, 2, 0, 4]
    assert components_of([None], parameters).tolist() == [0]
