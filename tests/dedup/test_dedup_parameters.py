import pickle

import pytest
from datasketch.lsh import _false_negative_probability
from pydantic import ValidationError

from dedup.parameters import MinHashParameters


@pytest.mark.parametrize(
    "wrong",
    [
        {"bands": 0},
        {"rows": 0},
        {"shingle_size": 0},
        {"seed": -1},
        {"seed": 2**64},
        {"bands": 1.5},
        {"band": 14},
    ],
)
def test_wrong_values_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        MinHashParameters(**wrong)


def test_parameters_are_frozen_and_pickle():
    parameters = MinHashParameters(bands=3, rows=2)
    assert pickle.loads(pickle.dumps(parameters)) == parameters
    assert parameters.size == 6
    with pytest.raises(ValidationError):
        parameters.bands = 4


@pytest.mark.parametrize(("bands", "rows"), [(14, 8), (20, 13), (1, 1), (5, 1), (1, 5)])
def test_half_of_the_pairs_match_at_the_threshold(bands, rows):
    parameters = MinHashParameters(bands=bands, rows=rows)
    assert parameters.match_probability(parameters.threshold) == pytest.approx(0.5)


@pytest.mark.parametrize("low", [0.0, 0.5, 0.8])
def test_probability_agrees_with_datasketch(low):
    parameters = MinHashParameters()
    steps = 1000
    width = (1 - low) / steps
    missed = sum(1 - parameters.match_probability(low + (i + 0.5) * width) for i in range(steps)) * width
    assert missed == pytest.approx(_false_negative_probability(low, parameters.bands, parameters.rows), abs=1e-3)
