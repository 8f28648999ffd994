import pickle

import pytest
from datasketch import MinHashLSH
from datasketch.lsh import _false_negative_probability, _optimal_param
from pydantic import ValidationError

from dedup.parameters import COMPARED, MinHashParameters, best_bands


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
        {"threshold": 0},
        {"threshold": 1.0},
        {"threshold": float("nan")},
        {"threshold": "high"},
        {"signature_values": 1},
        {"false_positive_weight": 1.0},
        {"character_scripts": ["thai"]},
        {"character_scripts": "Thai"},
        {"character_shingle_size": 0},
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
def test_half_of_the_pairs_match_at_the_midpoint(bands, rows):
    parameters = MinHashParameters(bands=bands, rows=rows)
    assert parameters.match_probability(parameters.midpoint) == pytest.approx(0.5)


@pytest.mark.parametrize("low", [0.0, 0.5, 0.8])
def test_probability_agrees_with_datasketch(low):
    parameters = MinHashParameters()
    steps = 1000
    width = (1 - low) / steps
    missed = sum(1 - parameters.match_probability(low + (i + 0.5) * width) for i in range(steps)) * width
    assert missed == pytest.approx(_false_negative_probability(low, parameters.bands, parameters.rows), abs=1e-3)


def test_default_is_fourteen_bands_of_eight():
    parameters = MinHashParameters()
    assert (parameters.bands, parameters.rows, parameters.threshold) == (14, 8, None)
    assert {"Thai", "Jpan", "Hani"} <= set(parameters.character_scripts)
    assert not {"Latn", "Tibt", "Hang"} & set(parameters.character_scripts)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.6, 0.7, 0.72, 0.8, 0.9, 0.95])
@pytest.mark.parametrize(("values", "weight"), [(64, 0.5), (112, 0.5), (128, 0.3), (256, 0.8)])
def test_bands_for_a_threshold_are_those_of_datasketch(threshold, values, weight):
    assert best_bands(threshold, values, weight) == _optimal_param(threshold, values, weight, 1 - weight)


def test_a_threshold_chooses_the_bands():
    index = MinHashLSH(threshold=0.8, num_perm=128)
    parameters = MinHashParameters(threshold=0.8, signature_values=128)
    assert (parameters.bands, parameters.rows) == (index.b, index.r)
    assert parameters.size <= 128


def test_chosen_parameters_can_be_written_and_read_again():
    parameters = MinHashParameters(threshold=0.9, character_scripts=("Thai", "Hani"))
    assert MinHashParameters.model_validate_json(parameters.model_dump_json()) == parameters
    compared = MinHashParameters(**parameters.model_dump(include=set(COMPARED)))
    assert all(getattr(compared, name) == getattr(parameters, name) for name in COMPARED)


@pytest.mark.parametrize("given", [{"bands": 20}, {"rows": 5}])
def test_a_threshold_beside_other_bands_is_refused(given):
    with pytest.raises(ValidationError, match=r"threshold 0\.8 chooses"):
        MinHashParameters(threshold=0.8, **given)


@pytest.mark.parametrize("wrong", [(0, 112, 0.5), (1, 112, 0.5), (0.8, 0, 0.5), (0.8, 112, 0)])
def test_no_bands_for_what_is_no_threshold(wrong):
    with pytest.raises(ValueError, match="no bands"):
        best_bands(*wrong)


def test_every_other_parameter_changes_what_is_compared():
    """What is not compared by name acts through bands and rows alone."""
    assert set(MinHashParameters.model_fields) - set(COMPARED) == {
        "threshold",
        "signature_values",
        "false_positive_weight",
    }
