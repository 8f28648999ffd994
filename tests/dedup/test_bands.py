from itertools import combinations

import datasketch
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from dedup.bands import band_keys, link_equal_keys
from dedup.components import connected_components, distinct_pairs
from dedup.minhash import signature
from dedup.parameters import MinHashParameters

PARAMETERS = MinHashParameters()
SMALL = MinHashParameters(bands=3, rows=2)


def candidate_edges(keys):
    """The edges of all bands, each once."""
    rows = np.arange(len(keys))
    return distinct_pairs(np.concatenate([link_equal_keys(of_band.copy(), rows)[0] for of_band in keys.T]))


def pairs_that_share_a_band(rows, parameters):
    """By brute force, on the signatures themselves."""
    blocks = rows.reshape(len(rows), parameters.bands, parameters.rows)
    return {(i, j) for i, j in combinations(range(len(rows)), 2) if (blocks[i] == blocks[j]).all(axis=1).any()}


@given(st_numpy.arrays(np.uint32, st.tuples(st.integers(0, 20), st.just(6)), elements=st.integers(0, 2)))
def test_keys_are_equal_where_all_rows_of_the_band_are(rows):
    keys = band_keys(rows, SMALL)
    assert keys.shape == (len(rows), 3)
    blocks = rows.reshape(-1, 3, 2)
    for i, j in combinations(range(len(rows)), 2):
        np.testing.assert_array_equal(keys[i] == keys[j], (blocks[i] == blocks[j]).all(axis=1))


@given(st_numpy.arrays(np.uint32, st.tuples(st.integers(0, 20), st.just(6)), elements=st.integers(0, 2)))
def test_edges_connect_what_all_pairs_connect(rows):
    edges = candidate_edges(band_keys(rows, SMALL))
    expected = pairs_that_share_a_band(rows, SMALL)
    found = [tuple(edge) for edge in edges.tolist()]
    assert set(found) <= expected
    assert found == sorted(set(found))
    all_pairs = np.array(sorted(expected), np.int64).reshape(-1, 2)
    np.testing.assert_array_equal(connected_components(len(rows), edges), connected_components(len(rows), all_pairs))


def test_equal_rows_of_different_bands_do_not_meet():
    keys = band_keys(np.array([[1, 2, 1, 2, 1, 2]], np.uint32), SMALL)
    rotated = band_keys(np.array([[9, 9, 1, 2, 8, 8]], np.uint32), SMALL)
    assert candidate_edges(np.concatenate((keys, rotated))).tolist() == [[0, 1]]
    shifted = band_keys(np.array([[9, 9, 8, 8, 7, 7], [8, 8, 7, 7, 9, 9]], np.uint32), SMALL)
    assert candidate_edges(shifted).tolist() == []


def test_a_hot_bucket_costs_linear_work():
    copies = np.ones((50_000, PARAMETERS.size), np.uint32)
    edges = candidate_edges(band_keys(copies, PARAMETERS))
    np.testing.assert_array_equal(edges, [[0, i] for i in range(1, 50_000)])


def test_each_key_is_given_once_with_its_smallest_node():
    keys, nodes = np.array([7, 3, 7, 9, 3, 7], np.uint64), np.array([5, 4, 2, 1, 8, 5])
    edges, distinct, smallest = link_equal_keys(keys, nodes)
    assert (distinct.tolist(), smallest.tolist()) == ([3, 7, 9], [4, 2, 1])
    assert sorted(edges.tolist()) == [[2, 5], [2, 5], [4, 8]]


def test_no_documents():
    keys = band_keys(np.empty((0, PARAMETERS.size), np.uint32), PARAMETERS)
    assert keys.shape == (0, 14)
    assert candidate_edges(keys).shape == (0, 2)


@pytest.mark.parametrize("shape", [(3, 111), (112,), (2, 14, 8)])
def test_signatures_of_another_size_are_refused(shape):
    with pytest.raises(ValueError, match="112"):
        band_keys(np.zeros(shape, np.uint32), PARAMETERS)


def test_candidates_are_those_of_datasketch(shingle_pair):
    """datasketch's LSH index over the same signatures finds the same pairs."""
    random = np.random.default_rng(3)
    rows = np.stack(
        [
            signature(shingles, PARAMETERS)
            for jaccard in np.repeat([0.5, 0.6, 0.7, 0.8, 0.9], 40)
            for shingles in shingle_pair(random, jaccard)
        ]
    )
    index = datasketch.MinHashLSH(num_perm=PARAMETERS.size, params=(PARAMETERS.bands, PARAMETERS.rows))
    minhashes = [datasketch.MinHash(num_perm=PARAMETERS.size, hashvalues=row, scheme="affine32") for row in rows]
    for i, minhash in enumerate(minhashes):
        index.insert(i, minhash)
    expected = {(i, j) for i, minhash in enumerate(minhashes) for j in index.query(minhash) if i < j}
    found = {tuple(edge) for edge in candidate_edges(band_keys(rows, PARAMETERS)).tolist()}
    assert found == expected
    assert 0 < len(found) < 200


@pytest.mark.parametrize("jaccard", [0.95, 0.9, 0.8, 0.7])
def test_recall_is_what_theory_promises(shingle_pair, jaccard):
    """Of 2000 pairs a share 1 - (1 - s^8)^14 is found, within four standard deviations."""
    random = np.random.default_rng(11)
    pairs = 2000
    rows = np.stack([signature(s, PARAMETERS) for _ in range(pairs) for s in shingle_pair(random, jaccard)])
    edges = candidate_edges(band_keys(rows, PARAMETERS))
    assert ((edges[:, 0] % 2 == 0) & (edges[:, 1] == edges[:, 0] + 1)).all()
    expected = 1 - (1 - jaccard**8) ** 14
    assert len(edges) / pairs == pytest.approx(expected, abs=4 * (expected * (1 - expected) / pairs) ** 0.5 + 1e-9)
