"""Deciding: rules over values, and which copy of a cluster is kept."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.load import load_configuration
from filters.base import Rule
from pipeline.deciding.elect import elect_copies
from pipeline.deciding.rules import failed_rules, fails
from pipeline.signatures import signature_bytes, signature_type

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


SETTINGS = load_configuration("default").settings.deduplication
DIGESTS = ("payload_identity", "text_digest", "url_identity")
SCHEMA = pa.schema(
    [
        ("node", pa.int64()),
        ("cluster", pa.binary(16)),
        ("id", pa.string()),
        ("rank", pa.int64()),
        ("passes", pa.bool_()),
        *((name, pa.binary(16)) for name in DIGESTS),
        ("signature", signature_type(SETTINGS.size)),
    ]
)


def values(similarity: float, seed: int = 0) -> np.ndarray:
    """A signature that agrees with that of similarity 1 in this share of its values."""
    signature = np.arange(SETTINGS.size, dtype=np.uint32)
    other = round(SETTINGS.size * (1 - similarity))
    signature[SETTINGS.size - other :] += np.uint32(1000 * (seed + 1))
    return signature


def candidate(node: int, cluster: str, rank: int, passes: bool, signature=None, **digests: bytes) -> dict:
    row = {"node": node, "cluster": cluster.encode() * 16, "id": f"id{node}", "rank": rank, "passes": passes}
    row |= {name: digests.get(name) for name in DIGESTS}
    return row | {"signature": signature_bytes(values(1) if signature is None else signature)}


def elected(rows: list[dict]) -> dict[int, tuple]:
    found = elect_copies(pa.Table.from_pylist(rows, schema=SCHEMA), SETTINGS).to_pylist()
    return {row["node"]: (row["duplicate_of"], row["duplicate_kind"], row["minhash_similarity"]) for row in found}


@settings(deadline=None)  # the first example compiles the kernels
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=20), st.randoms())
def test_the_best_copy_that_passes_is_kept(members, random):
    """Of copies whose signatures are equal, whatever their order: what sorting says."""
    order = list(range(len(members)))
    random.shuffle(order)
    seen: dict[str, int] = {}
    rows = []
    for node, (name, passes) in enumerate(members):
        rows.append(candidate(node, name, seen.setdefault(name, 0), passes))
        seen[name] += 1
    found = elected([rows[place] for place in order])
    for node, (name, _) in enumerate(members):
        passing = [other for other, (cluster, passes) in enumerate(members) if cluster == name and passes]
        expected = f"id{passing[0]}" if passing and passing[0] != node else None
        assert found.get(node, (None,))[0] == expected


def test_copies_say_what_they_share_with_their_keeper():
    one, two = bytes(16), bytes([1] * 16)
    rows = [
        candidate(0, "a", 0, False, text_digest=one),
        candidate(1, "a", 1, True, text_digest=one, payload_identity=two),
        candidate(2, "a", 2, True, text_digest=one, payload_identity=two),
        candidate(3, "a", 3, True, values(0.75)),
        candidate(4, "b", 0, False),
        candidate(5, "b", 1, False),
        candidate(6, "c", 0, True),
    ]
    assert elected(rows) == {0: ("id1", "text", 1.0), 2: ("id1", "payload", 1.0), 3: ("id1", "near", 0.75)}
    assert elected([]) == {}


def test_members_that_resemble_only_a_rejected_copy_are_both_kept():
    """Each has three quarters of the best copy, and a different three quarters: half of each other."""
    left, right = values(0.75), values(0.75, seed=1)
    right[: SETTINGS.size // 4] += np.uint32(77)
    right[SETTINGS.size * 3 // 4 :] = values(1)[SETTINGS.size * 3 // 4 :]
    assert 0.45 < np.mean(left == right) < 0.55
    rows = [candidate(0, "a", 0, False), candidate(1, "a", 1, True, left), candidate(2, "a", 2, True, right)]
    found = elected(rows)
    assert set(found) == {0}
    assert found[0][1:] == ("near", 0.75)
    rows[0]["passes"] = True
    assert {node: copy_of for node, (copy_of, *_) in elected(rows).items()} == {1: "id0", 2: "id0"}
