import datetime
from fnmatch import fnmatchcase

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.keep import policy_columns, rank_members

IDS = ["e", "d", "c", "b", "a"]
ONE = np.zeros(5, np.int64)


def rank(column, entry, ids=IDS):
    return rank_members(np.zeros(len(ids), np.int64), {"value": column}, [entry], ids).tolist()


def test_smallest_first_or_largest_first():
    assert rank(np.array([3, 1, 4, 0, 5]), "value") == [2, 1, 3, 0, 4]
    assert rank(np.array([3, 1, 4, 0, 5]), "-value") == [2, 3, 1, 4, 0]


COLUMNS_WITH_NULLS = {
    "float": np.array([2.0, np.nan, 1.0, np.nan, 3.0]),
    "text": np.array(["b", None, "a", None, "c"], dtype=object),
    "date": np.array(["2024-02", "NaT", "2024-01", "NaT", "2024-03"], dtype="datetime64[D]"),
    "list": [2, None, 1, None, 3],
    "masked": np.ma.masked_array([2, 0, 1, 9, 3], mask=[0, 1, 0, 1, 0]),
}


@pytest.mark.parametrize("column", COLUMNS_WITH_NULLS.values(), ids=COLUMNS_WITH_NULLS)
def test_nulls_come_last_either_way(column):
    assert rank(column, "value") == [1, 4, 0, 3, 2]
    assert rank(column, "-value") == [1, 4, 2, 3, 0]


@pytest.mark.parametrize("nulls", [[None] * 5, np.full(5, np.nan), np.zeros(5)])
def test_ties_go_to_the_smaller_id(nulls):
    assert rank(nulls, "-value") == [4, 3, 2, 1, 0]
    assert rank_members(ONE, {}, [], IDS).tolist() == [4, 3, 2, 1, 0]


def test_earlier_entries_weigh_more():
    columns = {"length": [5, 5, 9, 5, 9], "date": ["2020", "2019", "2020", "2019", "2018"]}
    assert rank_members(ONE, columns, ["-length", "date"], IDS).tolist() == [4, 3, 1, 2, 0]
    assert rank_members(ONE, columns, ["date", "-length"], IDS).tolist() == [4, 2, 3, 1, 0]


def test_clusters_are_ranked_apart():
    cluster = np.array([7, 0, 7, 3, 0])
    assert rank_members(cluster, {"n": [1, 2, 3, 4, 5]}, ["-n"], IDS).tolist() == [1, 1, 0, 0, 0]


def test_no_documents():
    assert rank_members(np.empty(0, np.int64), {"n": []}, ["n"], []).shape == (0,)


def test_unknown_column_is_refused_even_without_duplicates():
    for cluster in (ONE, np.arange(5)):
        with pytest.raises(ValueError, match="did you mean date"):
            rank_members(cluster, {"date": IDS}, ["-dates"], IDS)


def test_column_of_another_length_is_refused():
    with pytest.raises(ValueError, match="4 values for 5 documents"):
        rank_members(ONE, {"n": [1, 2, 3, 4]}, ["n"], IDS)


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 3))), max_size=25), st.randoms())
def test_agrees_with_sorting_each_cluster_and_ignores_the_order(rows, random):
    documents = [(cluster, length, f"id{i:02}") for i, (cluster, length) in enumerate(rows)]
    expected = {}
    for cluster in {document[0] for document in documents}:
        members = [document for document in documents if document[0] == cluster]
        members.sort(key=lambda document: (document[1] is None, -(document[1] or 0), document[2]))
        expected |= {document[2]: position for position, document in enumerate(members)}
    random.shuffle(documents)
    clusters, lengths, ids = zip(*documents, strict=True) if documents else ((), (), ())
    ranks = rank_members(np.array(clusters, np.int64), {"length": list(lengths)}, ["-length"], ids)
    assert dict(zip(ids, ranks.tolist(), strict=True)) == expected


LICENCES = ["all-rights", None, "cc-by-4.0", "cc0-1.0", "cc-by-sa"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("value=cc0*,cc-by*,*", [3, 4, 2, 0, 1]),
        ("value=cc0*, cc-by*", [3, 4, 2, 0, 1]),
        ("value=*,cc0*", [2, 4, 1, 3, 0]),
        ("value=cc-by-sa,*,cc-by*", [2, 4, 3, 1, 0]),
        ("value=CC0*", [3, 4, 2, 1, 0]),
    ],
)
def test_preferred_values_first_nulls_last(entry, expected):
    # Ids fall with the row, so that the last row wins ties; `*` is whatever no other pattern matches.
    assert rank(LICENCES, entry) == expected


@pytest.mark.parametrize(
    ("column", "entry"),
    [
        (pa.array([False, True, None, True, False]), "value=true,false"),
        (pa.array([False, True, None, True, False]), "-value"),
        (pa.array([7, 3, None, 3, 7]), "value=3,7"),
        (pa.chunked_array([["b", "a"], [None, "a", "b"]]).dictionary_encode(), "value=a,b"),
    ],
)
def test_preferred_values_of_other_types(column, entry):
    assert rank(column, entry) == [3, 1, 4, 0, 2]


@pytest.mark.parametrize("entry", ["", "-", "=a", "-value=a,b", "value=", "value=a,,b"])
def test_entries_of_another_form_are_refused(entry):
    with pytest.raises(ValueError, match="policy of duplicates has"):
        rank(LICENCES, entry)
    with pytest.raises(ValueError, match="policy of duplicates has"):
        policy_columns(["date", entry])


def test_values_without_order_are_refused():
    with pytest.raises(ValueError, match="'value' holds list<item: int64>, which has no order"):
        rank(pa.array([[1], [2], None, [3], [4]]), "value")


def test_null_and_nan_are_one():
    nan = float("nan")
    assert rank(pa.array([None, nan, 1.0, nan, None], pa.float32()), "-value") == [4, 3, 0, 2, 1]


def test_text_is_ordered_by_code_point():
    column = ["é", "z", "Z", "あ", "𝒶"]
    expected = [sorted(column).index(value) for value in column]
    assert rank(column, "value") == expected
    assert rank(pa.array(column, pa.large_string()), "value") == expected


MOMENT = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
VALUES = {
    "quality_score": (pa.float64(), st.sampled_from([0.0, -0.0, 0.5, 0.25, float("inf")])),
    "doc_score": (pa.float32(), st.sampled_from([0.5, 0.75])),
    "text_characters": (pa.int64(), st.integers(-1, 2) | st.just(2**60)),
    "date": (pa.string(), st.sampled_from(["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", ""])),
    "crawled": (pa.timestamp("ms", "UTC"), st.sampled_from([MOMENT, MOMENT + datetime.timedelta(days=1)])),
    "licence": (pa.string(), st.sampled_from(["cc0", "cc-by-4.0", "cc-by-sa", "other"])),
    "url_depth": (pa.int16(), st.integers(0, 2)),
    "secure": (pa.bool_(), st.booleans()),
}
POLICY = [
    "-quality_score",
    "-doc_score",
    "-text_characters",
    "date",
    "-crawled",
    "licence=cc0,cc-by*,*",
    "url_depth",
    "-secure",
]
DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {"cluster": st.sampled_from([3, 7, 2**40])} | {name: st.none() | values for name, (_, values) in VALUES.items()}
    ),
    max_size=12,
)


def oracle_key(document, entry):
    """A tuple that Python sorts as the policy means it."""
    name, listed, values = entry.partition("=")
    value = document[name.removeprefix("-")]
    if value is None:
        return (1, 0)
    if listed:
        patterns = values.split(",")
        return (0, [fnmatchcase(value, pattern) for pattern in patterns].index(True))
    if isinstance(value, str):
        return (0, value)
    number = value.timestamp() if isinstance(value, datetime.datetime) else value
    return (0, -number if entry.startswith("-") else number)


@given(DOCUMENTS, st.permutations(POLICY), st.integers(0, len(POLICY)), st.randoms())
def test_agrees_with_python_on_arrow_columns(documents, policy, length, random):
    policy = policy[:length]
    documents = [document | {"id": f"<{place:02}>"} for place, document in enumerate(documents)]
    expected = {}
    for cluster in {document["cluster"] for document in documents}:
        members = [document for document in documents if document["cluster"] == cluster]
        members.sort(key=lambda document: [oracle_key(document, entry) for entry in policy] + [(0, document["id"])])
        expected |= {document["id"]: place for place, document in enumerate(members)}
    random.shuffle(documents)
    table = pa.table({name: pa.array([d[name] for d in documents], kind) for name, (kind, _) in VALUES.items()})
    clusters = np.array([document["cluster"] for document in documents], np.int64)
    ids = pa.array([document["id"] for document in documents], pa.string())
    columns = {name: table.column(name) for name in policy_columns(policy)}
    ranks = rank_members(clusters, columns, policy, ids)
    assert dict(zip(ids.to_pylist(), ranks.tolist(), strict=True)) == expected


def test_ids_may_be_digests():
    ids = pa.array([bytes([value]) * 16 for value in (9, 255, 0)], pa.binary(16))
    assert rank_members(np.zeros(3, np.int64), {}, [], ids).tolist() == [1, 2, 0]
