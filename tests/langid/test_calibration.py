"""Calibration tables: rising lines through what was observed, read from the manifest beside a model."""

import random
from importlib.resources import files

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from langid.calibration import calibrated, fit_calibration
from langid.errors import ModelError
from langid.evaluate import calibration_error
from langid.models import FastTextModel, Preset, file_sha256, load_model, presets

SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=200)


@given(SCORED)
def test_tables_rise(scored):
    table = fit_calibration(scored)
    assert [score for score, _ in table] == sorted(score for score, _ in table)
    assert [right for _, right in table] == sorted(right for _, right in table)


@given(SCORED, st.floats(0, 1), st.floats(0, 1))
def test_calibration_keeps_the_order_of_scores(scored, one, other):
    table = fit_calibration(scored)
    low, high = sorted((one, other))
    assert 0 <= calibrated(low, table) <= calibrated(high, table) <= 1


def test_an_overconfident_model_is_corrected():
    rng = random.Random(5)
    scores = [rng.random() for _ in range(6000)]
    scored = [(score, rng.random() < score**2) for score in scores]
    table = fit_calibration(scored[:3000])
    corrected = [(calibrated(score, table), right) for score, right in scored[3000:]]
    assert calibration_error(scored[3000:])[0] > 0.1
    assert calibration_error(corrected)[0] < 0.03


@pytest.fixture
def copy(tmp_path):
    path = tmp_path / "copy.ftz"
    path.write_bytes(files("langid").joinpath("bundled.ftz").read_bytes())
    return path


def scores(path):
    model = FastTextModel("copy", path, file_sha256(path), Preset(path=str(path)))
    return dict(model.predict(["Gestern waren wir im Garten."], 3)[0])


def test_a_manifest_beside_the_model_calibrates_it(copy):
    raw = scores(copy)
    manifest = {"sha256": file_sha256(copy), "calibration": [[1.0, 0.5]]}
    copy.with_suffix(".yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    assert scores(copy) == pytest.approx({label: score / 2 for label, score in raw.items()}, abs=1e-5)


def test_a_manifest_of_another_file_is_refused(copy):
    copy.with_suffix(".yaml").write_text(yaml.safe_dump({"sha256": "0", "calibration": []}), encoding="utf-8")
    with pytest.raises(ModelError, match="checksums differ"):
        scores(copy)


def test_any_other_yaml_file_is_none_of_our_business(copy):
    raw = scores(copy)
    copy.with_suffix(".yaml").write_text("- a list\n", encoding="utf-8")
    assert scores(copy) == raw


def test_long_texts_are_read_in_part():
    assert presets()["bundled"].characters
    text = "Gestern waren wir im Garten und haben Äpfel gepflückt. " * 2000
    assert load_model("bundled").predict([text])[0][0][0] == "deu_Latn"
