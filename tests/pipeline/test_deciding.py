"""Deciding: rules over values, and which copy of a cluster is kept."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.base import Rule
from pipeline.deciding.elect import elect_copies, keepers
from pipeline.deciding.rules import failed_rules, fails

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
    clusters = np.array([0, 0, 0, 1, 2, 2])
    rank = np.array([0, 1, 2, 0, 1, 0])
    passes = np.array([False, True, True, True, False, False])
    assert keepers(clusters, rank, passes).tolist() == [1, 1, 1, 3, -1, -1]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=20), st.randoms())
def test_election_is_what_sorting_says(members, random):
    rank = list(range(len(members)))
    random.shuffle(rank)
    numbers = {name: number for number, name in enumerate(sorted({name for name, _ in members}))}
    clusters = np.array([numbers[name] for name, _ in members], np.int64)
    passes = np.array([passes for _, passes in members], bool)
    keeper = keepers(clusters, np.array(rank, np.int64), passes)
    for row, name in enumerate(clusters):
        candidates = sorted(
            (rank[other], other) for other in range(len(rank)) if clusters[other] == name and passes[other]
        )
        assert keeper[row] == (candidates[0][1] if candidates else -1)


def candidate(node: int, cluster: str, rank: int, passes: bool, **digests: bytes) -> dict:
    names = ("payload_identity", "text_digest", "url_identity")
    row = {"node": node, "cluster": cluster, "id": f"id{node}", "rank": rank, "passes": passes}
    return row | {name: digests.get(name) for name in names}


def test_copies_point_to_their_keeper_and_say_what_they_share():
    one, two = bytes(16), bytes([1] * 16)
    rows = [
        candidate(0, "a", 0, False, text_digest=one),
        candidate(1, "a", 1, True, text_digest=one, payload_identity=two),
        candidate(2, "a", 2, True, text_digest=one, payload_identity=two),
        candidate(3, "a", 3, True),
        candidate(4, "b", 0, False),
        candidate(5, "b", 1, False),
        candidate(6, "c", 0, True),
    ]
    schema = pa.schema([("node", pa.int64()), ("cluster", pa.string()), ("id", pa.string()), ("rank", pa.int64())])
    schema = pa.schema([*schema, ("passes", pa.bool_()), *((n, pa.binary(16)) for n in list(rows[0])[5:])])
    elected = elect_copies(pa.Table.from_pylist(rows, schema=schema), ("payload", "text")).to_pylist()
    assert [(row["node"], row["duplicate_of"], row["duplicate_kind"]) for row in elected] == [
        (0, "id1", "text"),
        (2, "id1", "payload"),
        (3, "id1", "near"),
    ]
    assert elect_copies(schema.empty_table(), ("payload", "text")).num_rows == 0
