import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.keep import rank_members

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
