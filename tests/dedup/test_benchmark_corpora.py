"""What the benchmark plants is what it says: similarities by brute force, and boilerplate within its bounds."""

import json
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from benchmarks.duplicates import real, synthetic

DOCUMENTS = 2000


def shingles(line, size=5):
    words = line.split()
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def jaccard(one, other):
    return Fraction(len(one & other), len(one | other))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    synthetic.write(folder, DOCUMENTS)
    pairs = {round(s, 2): rows for s, rows in json.loads((folder / "pairs.json").read_text(encoding="utf-8"))}
    return (folder / "documents").read_text(encoding="utf-8").splitlines(), pairs


def test_planted_similarities_are_exact(corpus):
    lines, pairs = corpus
    assert {similarity: len(rows) for similarity, rows in pairs.items()} == {
        1: 10,
        0.95: 10,
        0.9: 20,
        0.8: 60,
        0.7: 100,
    }
    for similarity, rows in pairs.items():
        expected = Fraction(similarity).limit_denominator(100)
        for a, b in rows:
            assert jaccard(shingles(lines[a]), shingles(lines[b])) == expected


def test_no_row_is_in_two_pairs(corpus):
    _, pairs = corpus
    rows = [row for of_similarity in pairs.values() for pair in of_similarity for row in pair]
    assert len(rows) == len(set(rows)) == DOCUMENTS // 5


def test_documents_are_of_two_kilobytes(corpus):
    lines, _ = corpus
    assert len(lines) == DOCUMENTS
    assert np.mean([len(line) for line in lines]) == pytest.approx(2200, rel=0.1)


def test_unrelated_pages_share_boilerplate_and_never_more_than_half(corpus):
    lines, pairs = corpus
    partner = {tuple(pair) for rows in pairs.values() for pair in rows}
    rows, columns, similarities = real.similar_pairs(lines)
    unrelated = [s for a, b, s in zip(rows, columns, similarities, strict=True) if (a, b) not in partner]
    assert max(unrelated) <= 1 / 2
    counts = Counter(shingle for line in lines for shingle in shingles(line))
    carriers = sum(any(counts[shingle] > 10 for shingle in shingles(line)) for line in lines)
    assert 0.5 < carriers / DOCUMENTS < 0.9


def test_a_block_does_not_depend_on_how_many_follow():
    short = [line for texts, _ in synthetic.blocks(1500, seed=3) for line in texts]
    again = [line for texts, _ in synthetic.blocks(1500, seed=3) for line in texts]
    other = [line for texts, _ in synthetic.blocks(1500, seed=4) for line in texts]
    assert short == again != other
    assert len(short) == 1500


def test_similar_pairs_are_those_of_all_pairs():
    random = np.random.default_rng(2)
    lines = [" ".join(random.choice(list("abc"), random.integers(1, 30))) for _ in range(60)]
    rows, columns, similarities = real.similar_pairs(lines, size=2)
    found = dict(zip(zip(rows.tolist(), columns.tolist(), strict=True), similarities.tolist(), strict=True))
    sets = [shingles(line, 2) or {tuple(line.split())} for line in lines]
    expected = {
        (i, j): float(jaccard(sets[i], sets[j]))
        for i in range(60)
        for j in range(i + 1, 60)
        if jaccard(sets[i], sets[j]) >= real.SIMILAR
    }
    assert found == pytest.approx(expected)
    assert 10 < len(expected) < 60 * 59 / 2
