"""Models: a small one is trained here; damaged and foreign files are refused."""

import fasttext
import pytest

from langid.errors import ModelError
from langid.fasttext_file import check_whole
from langid.models import FastTextModel, Preset, file_sha256, load_model, presets

GERMAN = "der Hund und die Katze sind nicht im Haus weil es schön ist"
ENGLISH = "the dog and the cat are not in the house because it is nice"
SERBIAN = "пас и мачка нису у кући зато што је лепо"


def train(folder, labels):
    corpus = folder / "train.txt"
    lines = [f"__label__{label} {text}" for label, text in labels.items() for _ in range(30)]
    corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return corpus, fasttext.train_supervised(
        str(corpus), dim=8, bucket=2000, minn=1, maxn=3, epoch=20, lr=0.5, thread=1, verbose=0
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    corpus, model = train(folder, {"de": GERMAN, "en": ENGLISH, "sr": SERBIAN})
    model.save_model(str(folder / "tiny.bin"))
    model.quantize(str(corpus), qnorm=True, retrain=True, cutoff=500, thread=1, verbose=0)
    model.save_model(str(folder / "tiny.ftz"))
    return folder


@pytest.fixture(scope="module", params=["tiny.bin", "tiny.ftz"])
def model_file(request, folder):
    return folder / request.param


def test_a_path_is_a_model(model_file):
    model = load_model(str(model_file))
    assert model.checksum == file_sha256(model_file)
    [german], [english] = model.predict(["die Katze\nund der Hund", "the cat and the dog"])
    assert german[0] == "deu_Latn"
    assert english[0] == "eng_Latn"
    assert 0 < english[1] <= 1


def test_the_script_of_a_label_without_one_comes_from_the_text(folder):
    model = load_model(str(folder / "tiny.bin"))
    assert model.predict(["пас и мачка нису у кући"])[0][0][0] == "srp_Cyrl"
    assert dict(model.predict(["pas i mačka nisu"], k=3)[0]).keys() >= {"srp_Latn"}


def test_top_labels_are_sorted_and_sum_to_one(model_file):
    [found] = load_model(str(model_file)).predict([ENGLISH], k=3)
    probabilities = [probability for _, probability in found]
    assert len(found) == 3
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=0.01)


def test_no_texts_no_predictions(model_file):
    assert load_model(str(model_file)).predict([]) == []


def test_a_model_is_loaded_once(model_file):
    assert load_model(str(model_file)) is load_model(str(model_file))


@pytest.mark.parametrize("keep", [0, 10, 60, 200, 0.5, 0.9, -1])
def test_truncated_files_are_refused(model_file, tmp_path, keep):
    data = model_file.read_bytes()
    cut = tmp_path / "cut.ftz"
    cut.write_bytes(data[: int(len(data) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(ModelError, match=r"cut\.ftz is truncated or damaged"):
        load_model(str(cut))


def test_whole_files_pass(model_file):
    check_whole(model_file)


def test_other_files_are_refused(tmp_path):
    other = tmp_path / "other.bin"
    other.write_text("no model at all\n" * 100, encoding="utf-8")
    with pytest.raises(ModelError, match=r"other\.bin is not a fastText model"):
        load_model(str(other))


def test_a_missing_model_names_the_presets():
    with pytest.raises(ModelError, match=r"no model 'nowhere\.ftz'.*bundled.*glotlid-v3"):
        load_model("nowhere.ftz")


def test_a_wrong_checksum_is_refused(model_file, monkeypatch):
    wrong = Preset(path=str(model_file), sha256="0" * 64)
    monkeypatch.setattr("langid.models.presets", lambda: {"pinned": wrong})
    with pytest.raises(ModelError, match=rf"{model_file.name} has SHA-256 .* 'pinned' is 0000"):
        load_model("pinned")


def test_the_right_checksum_passes(model_file, monkeypatch):
    right = Preset(path=str(model_file), sha256=file_sha256(model_file))
    monkeypatch.setattr("langid.models.presets", lambda: {"right": right})
    assert load_model("right").name == "right"


def test_a_model_with_unknown_labels_is_refused(tmp_path):
    _, model = train(tmp_path, {"spam": ENGLISH, "de": GERMAN})
    path = tmp_path / "spam.bin"
    model.save_model(str(path))
    with pytest.raises(ModelError, match=r"spam\.bin has 1 labels that are no languages .*__label__spam"):
        load_model(str(path))


def test_a_url_is_fetched_once(model_file, monkeypatch, tmp_path):
    remote = tmp_path / "remote.ftz"
    remote.write_bytes(model_file.read_bytes())
    monkeypatch.setenv("GLOTMILL_CACHE", str(tmp_path / "cache"))
    preset = Preset(path=f"file://{remote}")
    monkeypatch.setattr("langid.models.presets", lambda: {f"remote-{model_file.name}": preset})
    load_model(f"remote-{model_file.name}")
    remote.unlink()
    load_model.cache_clear()
    assert load_model(f"remote-{model_file.name}").checksum == file_sha256(model_file)


def test_a_url_that_cannot_be_fetched(monkeypatch, tmp_path):
    monkeypatch.setenv("GLOTMILL_CACHE", str(tmp_path))
    monkeypatch.setattr("langid.models.presets", lambda: {"gone": Preset(path=f"file://{tmp_path}/gone.ftz")})
    with pytest.raises(ModelError, match=r"cannot fetch model .*gone\.ftz"):
        load_model("gone")
    assert not list((tmp_path / "models").iterdir())


def test_openlid_texts_are_prepared_as_it_was_trained(folder):
    plain = FastTextModel("x", folder / "tiny.bin", "", Preset(path="x"))
    openlid = FastTextModel("x", folder / "tiny.bin", "", Preset(path="x", preprocessing="openlid"))
    assert openlid.predict(["THE DOG, 42!"]) == plain.predict(["the dog"])


def test_the_presets_of_the_configuration():
    assert {"bundled", "lid176", "glotlid-v3", "openlid-v2"} <= set(presets())
