"""Verified clusters against sets of shingles whose similarity is computed by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.bands import band_keys, link_equal_keys
from dedup.components import connected_components
from dedup.minhash import estimate_jaccard, signature
from dedup.parameters import MinHashParameters
from dedup.verify import LEADERS_TRIED, similarity_to, split_clusters

PARAMETERS = MinHashParameters()
SMALL = MinHashParameters(bands=3, rows=2)


def jaccard(a, b):
    a, b = set(a.tolist()), set(b.tolist())
    return len(a & b) / len(a | b)


def sign(documents):
    return np.stack([signature(shingles, PARAMETERS) for shingles in documents])


def draw_shingles(random, count):
    return random.integers(0, 2**64, count, dtype=np.uint64)


def one_cluster(signatures, ranks, parameters=PARAMETERS, **options):
    return split_clusters(signatures, parameters, np.zeros(len(ranks), np.int64), np.asarray(ranks), **options)


def sharing_a_band(a, b):
    """Whether row i of one matrix and of the other are candidates, bool of shape (n,)."""
    return (band_keys(a, PARAMETERS) == band_keys(b, PARAMETERS)).any(axis=1)


@pytest.mark.parametrize("similarity", [0.9, 0.8, 0.7])
def test_recall_of_true_pairs_in_a_giant_cluster_is_that_of_minhash(similarity, shingle_pair):
    pairs = 10_000
    random = np.random.default_rng(round(100 * similarity))
    drawn = [shingle_pair(random, similarity, union=100) for _ in range(pairs)]
    signatures = sign([one for one, _ in drawn] + [other for _, other in drawn])
    candidates = sharing_a_band(signatures[:pairs], signatures[pairs:])
    for minimum, separated in ((0.5, 0), (0.6, 0.005 * pairs)):
        leaders = one_cluster(signatures, random.permutation(2 * pairs), minimum_similarity=minimum)
        together = leaders[:pairs] == leaders[pairs:]
        assert np.count_nonzero(candidates & ~together) <= separated
        assert together.mean() == pytest.approx(PARAMETERS.match_probability(similarity), abs=0.01)
        # Nothing but the pairs is together.
        assert len(np.unique(leaders)) == 2 * pairs - np.count_nonzero(together)


@pytest.mark.parametrize(
    ("shared", "similarity", "minimum", "wrong", "separated"),
    [(110, 0.38, 0.5, 40, 5), (110, 0.38, 0.6, 0, 0), (120, 0.43, 0.6, 60, 10), (120, 0.43, 0.7, 0, 0)],
)
def test_a_hub_of_one_template_falls_apart_and_copies_in_it_stay(shared, similarity, minimum, wrong, separated):
    # A site of 2,000 unrelated pages: `shared` of each page's 200 shingles are its template. Every tenth page has
    # a near-copy with nine tenths of its own shingles.
    random = np.random.default_rng(5)
    template, length = draw_shingles(random, shared), 200 - shared
    own = [draw_shingles(random, length) for _ in range(2000)]
    copies = [np.concatenate((page[: length * 9 // 10], draw_shingles(random, length // 10))) for page in own[:200]]
    documents = [np.concatenate((template, page)) for page in [*own, *copies]]
    assert jaccard(documents[0], documents[1]) == pytest.approx(similarity, abs=0.005)
    assert jaccard(documents[0], documents[2000]) > 0.91
    signatures = sign(documents)
    keys, rows = band_keys(signatures, PARAMETERS), np.arange(2200)
    edges = np.concatenate([link_equal_keys(of_band.copy(), rows)[0] for of_band in keys.T])
    components = connected_components(2200, edges)
    assert np.bincount(components).max() > 100
    leaders = one_cluster(signatures, random.permutation(2200), minimum_similarity=minimum)
    removed = np.flatnonzero(leaders != np.arange(2200))
    wrongly = [row for row in removed if jaccard(documents[row], documents[leaders[row]]) < 0.6]
    assert len(wrongly) <= wrong
    assert np.count_nonzero(leaders[:200] != leaders[2000:]) <= separated


def test_a_chain_is_broken():
    # Each link replaces a fifth of the page: neighbours are similar by .8/1.2 = .67, every other one by .43.
    random = np.random.default_rng(6)
    stream = draw_shingles(random, 40 * 500 + 200)
    documents = [stream[40 * link : 40 * link + 200] for link in range(500)]
    assert jaccard(documents[0], documents[2]) == pytest.approx(0.43, abs=0.005)
    leaders = one_cluster(sign(documents), np.arange(500))
    far = [link for link in range(500) if jaccard(documents[link], documents[leaders[link]]) < 0.6]
    assert not far
    # Links that share no band were never one cluster; of the others most have a neighbour to join.
    assert 500 / 3 <= len(np.unique(leaders)) <= 0.75 * 500


def test_a_member_is_compared_with_the_leader_of_its_neighbour():
    # B is near A, C near B: C shares no band with A, the leader, but is similar enough to belong to it.
    a = np.arange(6, dtype=np.uint32)
    b = a.copy()
    b[[1, 3]] = 101, 103  # shares the last band with A
    c = b.copy()
    c[[4, 5]] = 4, 105  # shares bands 0 and 1 with B, none with A
    assert not (band_keys(a[None], SMALL) == band_keys(c[None], SMALL)).any()
    leaders = one_cluster(np.stack((a, b, c)), [0, 1, 2], SMALL, above=1, minimum_similarity=0.5)
    assert estimate_jaccard(a, c) == 0.5
    assert leaders.tolist() == [0, 0, 0]


def test_the_most_similar_leader_wins_then_the_better_one():
    leader, other = np.arange(6, dtype=np.uint32), np.arange(10, 16, dtype=np.uint32)
    nearer_other = np.array([0, 1, 12, 13, 14, 15], np.uint32)
    between = np.array([0, 1, 2, 13, 14, 15], np.uint32)
    signatures = np.stack((leader, other, nearer_other, between))
    assert one_cluster(signatures, [0, 1, 2, 3], SMALL, above=1, minimum_similarity=0.3).tolist() == [0, 1, 1, 0]
    assert one_cluster(signatures, [1, 0, 2, 3], SMALL, above=1, minimum_similarity=0.3).tolist() == [0, 1, 1, 1]


def test_small_clusters_are_not_checked_and_clusters_do_not_mix():
    signatures = np.arange(15 * 6, dtype=np.uint32).reshape(15, 6)
    signatures[[1, 7, 13]] = signatures[0]
    clusters = np.array([4] * 5 + [9] * 6 + [2] * 4)
    ranks = np.array([4, 3, 2, 1, 0, 5, 4, 3, 2, 1, 0, 0, 1, 2, 3])
    leaders = split_clusters(signatures, SMALL, clusters, ranks, above=5)
    assert leaders.tolist() == [4] * 5 + [5, 6, 7, 8, 9, 10] + [11] * 4
    leaders = split_clusters(signatures, SMALL, clusters, ranks, above=1)
    assert leaders.tolist() == [1, 1, *range(2, 15)]


def test_identity_holds_whatever_the_signatures_say():
    signatures = np.arange(12 * 6, dtype=np.uint32).reshape(12, 6)
    signed = np.ones(12, bool)
    signed[[3, 5, 9]] = False
    payload = np.arange(12)
    payload[[2, 3]] = 100  # 3 has no signature and stays with 2
    payload[[5, 6, 7]] = 101  # 5 has none and is the best: it leads
    text = np.arange(12)
    text[[7, 8]] = 50  # through 7, 8 is the same as 5
    signatures[10] = signatures[8]
    leaders = one_cluster(signatures, np.arange(12), SMALL, signed=signed, identities=[payload, text])
    # 10 has the signature of 8. Only 9, which nothing links to a signature, and the rest are alone.
    assert leaders.tolist() == [0, 1, 2, 2, 4, 5, 5, 5, 5, 9, 5, 11]
    similarity = similarity_to(signatures, leaders, signed)
    assert np.isnan(similarity).tolist() == [row in (3, 5, 6, 7, 8, 9, 10) for row in range(12)]
    # The numbers of another cluster mean nothing.
    clusters = np.repeat([0, 1], [3, 9])
    leaders = split_clusters(signatures, SMALL, clusters, np.arange(12), signed=signed, identities=[payload], above=1)
    assert leaders[3] == 3


def test_equal_signatures_stay_together_when_more_leaders_share_a_band_than_are_tried():
    random = np.random.default_rng(8)
    pages = 40 * LEADERS_TRIED
    signatures = random.integers(0, 2**32, (pages, 6), dtype=np.uint32)
    signatures[:, :2] = 7
    copies = np.concatenate((signatures, signatures[random.permutation(pages)]))
    leaders = one_cluster(copies, random.permutation(len(copies)), SMALL)
    assert len(np.unique(leaders)) == pages
    assert (copies == copies[leaders]).all()


def tiny_signatures(random, rows):
    """Signatures of few values, so that bands collide and estimates of all sizes occur."""
    return random.integers(0, 3, (rows, SMALL.size)).astype(np.uint32)


@given(st.integers(0, 2**32), st.integers(0, 40), st.sampled_from([0.0, 0.3, 0.5, 2 / 3, 1.0]), st.integers(0, 5))
def test_what_always_holds(seed, rows, minimum, above):
    random = np.random.default_rng(seed)
    signatures, clusters = tiny_signatures(random, rows), random.integers(0, 3, rows)
    ranks, identity = random.permutation(rows), random.integers(0, 2 * rows + 1, rows)
    options = {"identities": [identity], "minimum_similarity": minimum, "above": above}
    leaders = split_clusters(signatures, SMALL, clusters, ranks, **options)
    assert (clusters[leaders] == clusters).all()
    assert (leaders[leaders] == leaders).all()
    for row, leader in enumerate(leaders.tolist()):
        assert ranks[leader] <= ranks[row]
        of_unit = unit_of(row, signatures, clusters, identity)
        assert (leaders[list(of_unit)] == leader).all()
        checked = np.count_nonzero(clusters == clusters[row]) > above
        first, first_of_leader = (
            min(unit_of(member, signatures, clusters, identity), key=lambda member: ranks[member])
            for member in (row, leader)
        )
        assert not checked or estimate_jaccard(signatures[first], signatures[first_of_leader]) >= minimum
    # Another order of rows and other numbers of clusters: the same clusters with the same leaders.
    order = random.permutation(rows)
    options["identities"] = [(identity * 7 + 1)[order]]
    shuffled = split_clusters(signatures[order], SMALL, (9 - clusters)[order], ranks[order] * 2, **options)
    assert (order[shuffled] == leaders[order]).all()


def unit_of(row, signatures, clusters, identity):
    """Rows linked to this one by identity or equal signatures within its cluster, by search."""
    found, open_rows = {row}, [row]
    while open_rows:
        one = open_rows.pop()
        linked = (identity == identity[one]) | (signatures == signatures[one]).all(axis=1)
        new = set(np.flatnonzero(linked & (clusters == clusters[one])).tolist()) - found
        found |= new
        open_rows += new
    return found


@given(st.integers(0, 2**32), st.integers(2, 30))
def test_leaders_that_share_a_band_are_less_similar_than_the_minimum(seed, rows):
    random = np.random.default_rng(seed)
    signatures = tiny_signatures(random, rows)
    leaders = np.unique(one_cluster(signatures, random.permutation(rows), SMALL, above=1, minimum_similarity=0.6))
    keys = band_keys(signatures, SMALL)
    for one in leaders:
        for other in leaders[leaders != one]:
            if (keys[one] == keys[other]).any():
                assert estimate_jaccard(signatures[one], signatures[other]) < 0.6


def test_similarity_to_a_leader_is_the_share_of_equal_values():
    random = np.random.default_rng(9)
    signatures = tiny_signatures(random, 50)
    leaders = random.integers(0, 50, 50)
    expected = [estimate_jaccard(signatures[row], signatures[leader]) for row, leader in enumerate(leaders)]
    assert similarity_to(signatures, leaders).tolist() == expected


def test_no_members():
    nothing = np.empty(0, np.int64)
    signatures = np.empty((0, 112), np.uint32)
    assert split_clusters(signatures, PARAMETERS, nothing, nothing, identities=[nothing]).shape == (0,)
    assert similarity_to(signatures, nothing).shape == (0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signatures": np.zeros((3, 8), np.uint32)}, r"signatures of shape \(3, 8\), not \(3, 6\)"),
        ({"clusters": np.zeros(4, np.int64)}, r"signatures of shape \(3, 6\), not \(4, 6\)"),
        ({"ranks": np.arange(2)}, r"shape \(2,\) for 3 members"),
        ({"signed": np.ones(2, bool)}, r"shape \(2,\) for 3 members"),
        ({"identities": [np.arange(5)]}, r"shape \(5,\) for 3 members"),
        ({"ranks": np.array([0, 1, 1])}, "same rank"),
        ({"minimum_similarity": 1.5}, "minimum similarity of 1.5"),
        ({"minimum_similarity": float("nan")}, "minimum similarity of nan"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(change, message):
    arguments = {
        "signatures": np.zeros((3, 6), np.uint32),
        "parameters": SMALL,
        "clusters": np.zeros(3, np.int64),
        "ranks": np.arange(3),
    }
    with pytest.raises(ValueError, match=message):
        split_clusters(**(arguments | change))
