import multiprocessing
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.kernels import mix64, splitmix64
from dedup.minhash import estimate_jaccard, hash_functions, signature
from dedup.parameters import MinHashParameters
from dedup.shingles import shingle_hashes

PARAMETERS = MinHashParameters()
SENTENCE = ["The", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "."]
# Signatures are stored and compared across runs, machines and versions: these values may never change.
KNOWN_SHINGLES = [
    0x78743E2F08ECF658,
    0xAB2B3D889AC41F52,
    0xB23A0CD8174A421E,
    0xDC8D0FF7CBCBA5FB,
    0x4290CBA78B4A05B6,
]
KNOWN_SIGNATURE = [1874968754, 215094461, 627761902, 121437606, 835234322, 274940362]


def sentence_signature(parameters=PARAMETERS):
    return signature(shingle_hashes(SENTENCE, parameters.shingle_size), parameters)


def test_known_answer():
    assert shingle_hashes(SENTENCE, 5).tolist() == KNOWN_SHINGLES
    assert sentence_signature()[:6].tolist() == KNOWN_SIGNATURE


def test_generator_gives_the_published_values():
    """The first values for the seed 1234567, as in the reference implementations of splitmix64."""
    assert splitmix64(np.uint64(1234567), 3).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_signature_is_the_smallest_value_of_each_function():
    """In Python's unbounded integers."""
    factors = hash_functions(PARAMETERS.size, PARAMETERS.seed).tolist()
    assert len(set(factors)) == PARAMETERS.size
    smallest = [min((shingle + factor * (shingle >> 32)) % 2**32 for shingle in KNOWN_SHINGLES) for factor in factors]
    assert sentence_signature().tolist() == smallest


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=100))
def test_signature_of_any_number_of_shingles(shingles):
    factors = hash_functions(PARAMETERS.size, PARAMETERS.seed).tolist()
    smallest = [min((shingle + factor * (shingle >> 32)) % 2**32 for shingle in shingles) for factor in factors]
    assert signature(np.array(shingles, np.uint64), PARAMETERS).tolist() == smallest


def test_mix64_is_a_bijection_on_a_sample():
    values = {int(mix64(np.uint64(i))) for i in range(10_000)}
    assert len(values) == 10_000


def test_an_empty_document_cannot_be_measured():
    assert signature(np.empty(0, np.uint64), PARAMETERS) is None


def test_order_and_repetition_of_shingles_do_not_matter():
    shingles = np.array(KNOWN_SHINGLES, np.uint64)
    expected = signature(shingles, PARAMETERS)
    np.testing.assert_array_equal(signature(np.tile(shingles[::-1], 3), PARAMETERS), expected)


def test_read_only_arrays_are_accepted():
    shingles = np.array(KNOWN_SHINGLES, np.uint64)
    shingles.flags.writeable = False
    np.testing.assert_array_equal(signature(shingles, PARAMETERS), sentence_signature())


def test_seeds_give_other_functions_and_sizes_do_not():
    assert (sentence_signature(MinHashParameters(seed=2)) != sentence_signature()).all()
    np.testing.assert_array_equal(sentence_signature(MinHashParameters(bands=2)), sentence_signature()[:16])


def test_signatures_of_other_parameters_are_not_compared():
    with pytest.raises(ValueError, match="different parameters"):
        estimate_jaccard(sentence_signature(), sentence_signature(MinHashParameters(bands=2)))


def tuples(words, size=5):
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


@pytest.mark.parametrize("changed", [0, 1, 3, 6, 12, 25, 60])
def test_estimate_agrees_with_brute_force(changed):
    """Within four standard deviations, for 40 pairs of documents of 300 words of which some are exchanged."""
    words = random.Random(changed)
    errors = []
    for _ in range(40):
        one = [
            str(words.randrange(10**6)).translate(dict(zip(b"0123456789", "abcdefghij", strict=True)))
            for _ in range(300)
        ]
        other = list(one)
        for i in words.sample(range(300), changed):
            other[i] += "x"
        jaccard = len(tuples(one) & tuples(other)) / len(tuples(one) | tuples(other))
        estimate = estimate_jaccard(*(signature(shingle_hashes(d, 5), PARAMETERS) for d in (one, other)))
        deviation = (jaccard * (1 - jaccard) / PARAMETERS.size) ** 0.5
        assert abs(estimate - jaccard) <= 4 * deviation
        errors.append(estimate - jaccard)
    assert abs(np.mean(errors)) <= 4 * deviation / len(errors) ** 0.5


@pytest.mark.parametrize("jaccard", [0.05, 0.5, 0.8, 0.95])
def test_estimate_is_unbiased(shingle_pair, jaccard):
    random_shingles = np.random.default_rng(7)
    estimates = [
        estimate_jaccard(*(signature(s, PARAMETERS) for s in shingle_pair(random_shingles, jaccard)))
        for _ in range(500)
    ]
    deviation = (jaccard * (1 - jaccard) / PARAMETERS.size) ** 0.5
    assert np.mean(estimates) == pytest.approx(jaccard, abs=4 * deviation / 500**0.5)
    assert np.std(estimates) == pytest.approx(deviation, rel=0.15)


def test_pairs_of_functions_are_independent():
    """Two functions of a signature agree on a pair together with probability s², within four standard deviations."""
    random_shingles = np.random.default_rng(5)
    shared, union, pairs = 8, 16, 4000
    both = np.zeros((PARAMETERS.size, PARAMETERS.size))
    for _ in range(pairs):
        shingles = random_shingles.integers(0, 2**64, union, dtype=np.uint64)
        middle = (shared + union) // 2
        agree = signature(shingles[:middle], PARAMETERS) == signature(
            np.concatenate((shingles[:shared], shingles[middle:])), PARAMETERS
        )
        both += np.outer(agree, agree)
    expected = (shared / union) ** 2
    deviations = (both / pairs - expected) / (expected * (1 - expected) / pairs) ** 0.5
    off_diagonal = deviations[~np.eye(PARAMETERS.size, dtype=bool)]
    assert np.mean(off_diagonal) == pytest.approx(0, abs=0.2)
    assert np.std(off_diagonal) == pytest.approx(1, abs=0.2)
    assert np.abs(off_diagonal).max() < 6


def test_fresh_processes_agree():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for result in pool.map(sentence_signature, [PARAMETERS] * 2):
            np.testing.assert_array_equal(result, sentence_signature())


def test_compiles_where_no_cache_can_be_written(tmp_path):
    """As in a read-only container: neither `__pycache__` nor the user's cache folder can be made."""
    tree = tmp_path / "dedup"
    tree.mkdir()
    for source in Path(sys.modules["dedup.kernels"].__file__).parent.glob("*.py"):
        (tree / source.name).write_bytes(source.read_bytes())
    blocker = tree / "__pycache__"
    blocker.touch()
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment |= {"HOME": str(blocker), "XDG_CACHE_HOME": str(blocker), "PYTHONPATH": str(tmp_path)}
    program = (
        "import dedup, numpy as np; from dedup.parameters import *; from dedup.minhash import *;"
        f"print(dedup.__file__, *signature(np.array({KNOWN_SHINGLES}, np.uint64), MinHashParameters())[:6])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )
    assert run.stdout.split() == [str(tree / "__init__.py"), *map(str, KNOWN_SIGNATURE)], run.stderr
