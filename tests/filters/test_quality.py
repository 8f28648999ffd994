"""Quality classifiers: the filter, its models, and what is refused."""

import pickle

import pytest

from filters import quality
from filters.quality import ModelSource, Parameters, checksums, measure
from filters.quality.models import Manifest, Preparation, load_quality_model, read_manifest, write_manifest
from filters.text import Text
from langid.errors import ModelError
from langid.models import file_sha256

GOOD = "the function returns a list of values and raises an error when the argument is missing"
BAD = "buy cheap tickets now and win big prizes with our best offer of the week"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny fastText model, made by the library itself."""
    import fasttext

    folder = tmp_path_factory.mktemp("model")
    lines = [f"__label__{label} {text}\n" for label, text in (("positive", GOOD), ("negative", BAD))] * 20
    (folder / "train.txt").write_text("".join(lines), encoding="utf-8")
    made = fasttext.train_supervised(
        str(folder / "train.txt"), dim=4, bucket=100, epoch=50, thread=1, seed=1, verbose=0, lr=1.0
    )
    made.save_model(str(folder / "tiny.bin"))
    return folder / "tiny.bin"


@pytest.fixture
def own_model(model, tmp_path):
    path = tmp_path / "own.bin"
    path.write_bytes(model.read_bytes())
    return path


def manifest_of(path, **more):
    size = path.stat().st_size
    return Manifest(**{"file": path.name, "bytes": size, "sha256": file_sha256(path), **more})


def test_scores_are_those_of_the_library(model):
    import fasttext

    whole = fasttext.load_model(str(model))
    labels, probabilities = whole.f.predict(f"{GOOD}\n", 2, 0.0, "strict"), None
    expected = {label: value for value, label in labels}
    assert probabilities is None
    values = measure(Text(GOOD, "eng_Latn"), Parameters(models=(ModelSource(path=str(model)),)))
    assert values["quality_score"] == pytest.approx(min(1.0, expected["__label__positive"]), abs=1e-6)
    assert values["quality_score"] > 0.9
    assert values["quality_model"] == f"tiny@{file_sha256(model)[:8]}"


def test_good_scores_above_bad(model):
    loaded = load_quality_model(str(model))
    good, bad = loaded.score_texts([GOOD.upper(), BAD])
    assert good > 0.9
    assert bad < 0.1


@pytest.mark.parametrize(
    ("language", "expected"),
    [("rus_Cyrl", "own"), ("ukr_Cyrl", "script"), ("deu_Latn", "all"), ("und_Zzzz", "all")],
)
def test_the_best_match_wins(language, expected):
    models = (
        ModelSource(path="all"),
        ModelSource(path="script", languages=("Cyrl", "Grek")),
        ModelSource(path="own", languages=("rus_Cyrl",)),
    )
    assert Parameters(models=models).model_for(language).path == expected
    assert Parameters(models=models[1:]).model_for("deu_Latn") is None


def test_without_a_model_nothing_is_scored(model):
    unscored = {"quality_score": None, "quality_model": None}
    assert measure(Text(GOOD, "eng_Latn"), Parameters()) == unscored
    parameters = Parameters(models=(ModelSource(path=str(model), languages=("deu_Latn",)),))
    assert measure(Text(GOOD, "eng_Latn"), parameters) == unscored
    assert measure(Text(" \n", "deu_Latn"), parameters) == unscored


@pytest.mark.parametrize(
    "text", ["__label__negative", "a\0b", "\ud800 text", "x " * 100_000, "สวัสดีชาวโลก", "\u2028\u2029\x85 a", "😀"]
)
@pytest.mark.parametrize("preprocessing", ["words", "lower", "none"])
def test_any_text_has_a_probability(model, text, preprocessing):
    source = ModelSource(path=str(model), preprocessing=preprocessing)
    score = measure(Text(text), Parameters(models=(source,)))["quality_score"]
    assert 0 <= score <= 1


def test_a_text_cannot_name_its_label():
    assert "__label__" not in Preparation().prepare("__label__positive text __label____label__x")
    assert "\n" not in Preparation().prepare("a\nb\n\nc")


def test_words_of_scripts_without_spaces_are_apart():
    assert Preparation().prepare("สวัสดีชาวโลก").split() == ["สวัสดี", "ชาว", "โลก"]
    assert Preparation().prepare("ABC def", ["ABC", "def"]) == Preparation().prepare("ABC def")


@pytest.mark.parametrize(
    ("languages", "message"),
    [(("german",), "neither a label"), (("qqq_Latn",), "qqq"), (("latn",), "neither a label")],
)
def test_unknown_languages_are_refused(languages, message):
    with pytest.raises(ValueError, match=message):
        ModelSource(path="x", languages=languages)


def test_a_language_has_one_model():
    with pytest.raises(ValueError, match="two models"):
        Parameters(models=(ModelSource(path="a"), ModelSource(path="b")))
    with pytest.raises(ValueError, match="preprocessing"):
        ModelSource(path="a", preprocessing="stemmed")


def test_a_missing_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"none\.bin is missing"):
        checksums(Parameters(models=(ModelSource(path=str(tmp_path / "none.bin")),)))


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_model_is_refused(own_model, share):
    data = own_model.read_bytes()
    own_model.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ModelError, match=r"own\.bin.*(truncated|not a fastText)"):
        load_quality_model(str(own_model))


def test_another_file_is_refused(own_model):
    own_model.write_bytes(b"\x89PNG" * 100)
    with pytest.raises(ModelError, match="not a fastText model"):
        load_quality_model(str(own_model))


def test_a_wrong_checksum_is_refused(own_model):
    with pytest.raises(ModelError, match=r"has SHA-256 \w+, but the configuration says 00ff"):
        load_quality_model(str(own_model), sha256="00ff")
    write_manifest(own_model, manifest_of(own_model, sha256="beef"))
    with pytest.raises(ModelError, match=r"own\.bin\.yaml says beef; restore"):
        load_quality_model(str(own_model))


def test_a_damaged_manifest_is_refused(own_model):
    own_model.with_name("own.bin.yaml").write_text("file: [", encoding="utf-8")
    with pytest.raises(ModelError, match=r"own\.bin\.yaml.*cannot be read"):
        load_quality_model(str(own_model))


def test_unknown_labels_are_refused_and_can_be_named(own_model):
    write_manifest(own_model, manifest_of(own_model, positive="hq"))
    with pytest.raises(ModelError, match=r'no label "hq".*its labels: (positive, negative|negative, positive)'):
        load_quality_model(str(own_model))
    bad = load_quality_model(str(own_model), positive="__label__negative")
    assert bad.score_texts([BAD])[0] > 0.9


def test_the_manifest_comes_back(own_model):
    manifest = manifest_of(own_model, thresholds={0.1: 0.7}, preparation=Preparation(preprocessing="lower", words=None))
    write_manifest(own_model, manifest)
    assert read_manifest(own_model) == manifest
    assert load_quality_model(str(own_model)).preparation == manifest.preparation


def test_checksums_name_the_files(model):
    assert checksums(Parameters(models=(ModelSource(path=str(model)),))) == {str(model): file_sha256(model)}
    assert checksums(Parameters()) == {}


def test_parameters_travel(model):
    parameters = Parameters(models=(ModelSource(path=str(model), languages=("Cyrl", "*")),))
    assert pickle.loads(pickle.dumps(parameters)) == parameters
    assert quality.RULES["quality_score"].enabled is False
