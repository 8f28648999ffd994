"""Upsampling in a run: weights per language from what the rules remove, and from a table."""

import pyarrow as pa
import pytest

from configs.load import load_configuration
from configs.model import Upsampling
from dedup.rehydration import WeightTable
from pipeline.deciding.judge import count_failures
from pipeline.deciding.weights import weights_by_language, weights_of
from pipeline.errors import ConfigurationError


def test_clusters_are_counted_once_by_their_best_copy():
    judged = pa.table(
        {
            "language": ["deu_Latn"] * 4 + ["fra_Latn"],
            "minhash_cluster_size": [2, 2, 1, 1, 1],
            "rank": [0, 1, 0, 0, 0],
            "reasons": [[], ["a"], ["a", "b"], [], []],
        }
    )
    assert count_failures(judged) == {
        ("deu_Latn", 2, False): 1,
        ("deu_Latn", 1, True): 1,
        ("deu_Latn", 1, False): 1,
        ("fra_Latn", 1, False): 1,
    }


def test_sizes_that_the_rules_like_weigh_more():
    failures = [("deu_Latn", 1, True, 80), ("deu_Latn", 1, False, 20), ("deu_Latn", 2, True, 10)]
    failures += [("deu_Latn", 2, False, 90), ("fra_Latn", 1, False, 5)]
    settings = Upsampling(method="rehydration", largest_weight=5, minimum_documents=50)
    found = weights_by_language(failures, settings)
    # g = .45; r(1) = .8 → 1; r(2) = .1 is the lowest → 5; the mean of the two is 3 for both.
    assert found["deu_Latn"]["weights"] == [{"first": 1, "last": None, "weight": 3}]
    assert found["deu_Latn"]["rates"] == [[1, 1, 100, 80], [2, None, 100, 10]]
    assert found["fra_Latn"]["weights"] == [{"first": 1, "last": None, "weight": 1}]


def test_a_table_holds_for_every_language():
    found = weights_by_language([("deu_Latn", 1, False, 1)], Upsampling(method="table"))
    ranges = found["deu_Latn"]["weights"]
    assert [(entry["first"], entry["weight"]) for entry in ranges] == [
        (1, 1),
        (2, 2),
        (3, 3),
        (5, 5),
        (100, 8),
        (1000, 1),
    ]


def test_kept_documents_of_a_language_with_weights_have_one():
    decided = pa.table(
        {
            "language": ["deu_Latn", "deu_Latn", "deu_Latn", "fra_Latn"],
            "minhash_cluster_size": [1, 3, 3, 3],
            "keep": [True, True, False, True],
        }
    )
    table = WeightTable(ranges=[{"first": 1, "last": 2, "weight": 1}, {"first": 3, "weight": 4}])
    assert weights_of(decided, {"deu_Latn": table}).to_pylist() == [1, 4, None, None]
    assert weights_of(decided, {}).to_pylist() == [None] * 4


def test_a_table_with_a_gap_is_refused():
    gap = "upsampling.table=[{first: 1, last: 2, weight: 1}, {first: 5, weight: 2}]"
    with pytest.raises(ConfigurationError, match="no range holds the cluster sizes between"):
        _ = load_configuration("default", [gap]).settings
