"""Models behind one interface: texts in, the most probable labels with their probabilities out.

A model is a preset of configs/models.yaml or the path of any fastText .bin or .ftz file.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal, Protocol

import fsspec
import regex
import yaml
from pydantic import BaseModel, ConfigDict

from langid.calibration import Table, calibrated
from langid.errors import ModelError, UnknownLabelError
from langid.fasttext_file import check_whole
from langid.labels import languages, normalise
from langid.script import script_counts

Prediction = list[tuple[str, float]]


class Preset(BaseModel):
    """Where a model lies, how to know it again, and how its training texts were prepared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    sha256: str | None = None
    preprocessing: Literal["none", "openlid"] = "none"
    scheme: str = ""
    licence: str = ""
    labels: int | None = None
    # How many characters of a long text the model reads, None for all: see `excerpt`.
    characters: int | None = None


class _Compiled(Protocol):
    def multilinePredict(  # noqa: N802
        self, texts: list[str], k: int, threshold: float, on_unicode_error: str
    ) -> tuple[list[list[str]], list[list[float]]]: ...


class _FastText(Protocol):
    f: _Compiled

    def get_labels(self) -> list[str]: ...


class Model(Protocol):
    """The face of every model."""

    name: str
    checksum: str

    def predict(self, texts: Sequence[str], k: int = 1) -> list[Prediction]:
        """For each text the `k` most probable labels in normal form, the best first."""
        ...


# OpenLID v2 was trained on lower-cased text without digits, symbols and punctuation (its model card).
_OPENLID_NOISE = regex.compile(r"[^\p{Word}\p{Zs}]|\d")


def _openlid(text: str) -> str:
    return _OPENLID_NOISE.sub("", text.lower())


_PREPARE = {"none": lambda text: text, "openlid": _openlid}


_RUNS = 4


def excerpt(text: str, characters: int | None) -> str:
    """At most about `characters` characters of a text, in four runs spread over it, cut at spaces.

    The label of a document is certain long before its end, and the model's time is linear in what it reads; runs from
    all over it keep a header or a quotation from deciding.

    >>> excerpt("a short text", 2000), excerpt("a b c d e f g h i j k l m n o p q r", 24)
    ('a short text', 'a b c g h k l p q r')
    """
    if characters is None or len(text) <= characters:
        return text
    run, gap = characters // _RUNS, (len(text) - characters // _RUNS) / (_RUNS - 1)
    runs = (text[round(index * gap) : round(index * gap) + run] for index in range(_RUNS))
    return " ".join(
        # The words that a cut broke go; a run without spaces stays, as in scripts that have none.
        " ".join(piece.split(" ")[index > 0 : -1 if index < _RUNS - 1 else None]) or piece
        for index, piece in enumerate(runs)
    )


class FastTextModel:
    """A fastText classifier whose labels are brought to normal form."""

    def __init__(self, name: str, path: Path, checksum: str, preset: Preset) -> None:
        self.name = name
        self.checksum = checksum
        self._prepare = _PREPARE[preset.preprocessing]
        self._characters = preset.characters
        self._model = _load_fasttext(path)
        self._labels = _normal_labels(path, self._model, preset.scheme)
        self._calibration = _calibration(path, checksum)

    @property
    def labels(self) -> frozenset[str]:
        """Every label that the model can give."""
        return frozenset(
            f"{language}_{name}"
            for language, script in self._labels.values()
            for name in ([script] if script else languages()[language].scripts)
        )

    def predict(self, texts: Sequence[str], k: int = 1) -> list[Prediction]:
        """For each text the `k` most probable labels in normal form, the best first.

        Line breaks count as spaces. A label without a script (`sr`) gets the script that most of the text has.
        """
        prepared = [" ".join(self._prepare(excerpt(text, self._characters)).split()) for text in texts]
        if not prepared:
            return []
        # The compiled method: the Python wrapper around it makes an array for every text.
        names, scores = self._model.f.multilinePredict([f"{text}\n" for text in prepared], k, 0.0, "replace")
        return [
            self._merge(text, list(zip(found, probabilities, strict=True)))
            for text, found, probabilities in zip(texts, names, scores, strict=True)
        ]

    def _merge(self, text: str, found: list[tuple[str, float]]) -> Prediction:
        """Labels in normal form; two labels that become one add up. fastText can exceed 1 by 1e-5."""
        merged: dict[str, float] = {}
        for name, probability in found:
            language, script = self._labels[name]
            label = f"{language}_{script or _written(text, language)}"
            merged[label] = min(1.0, merged.get(label, 0.0) + float(probability))
        ranked = sorted(merged.items(), key=lambda item: -item[1])
        return (
            [(label, calibrated(score, self._calibration)) for label, score in ranked] if self._calibration else ranked
        )


def _written(text: str, language: str) -> str:
    """Which of a language's usual scripts most letters of the text are in; the default script if none is."""
    counts = script_counts(text)
    return max(languages()[language].scripts, key=lambda script: counts.get(script, 0))


def _load_fasttext(path: Path) -> _FastText:
    # Imported here: loading the library takes time that callers of other models need not spend.
    from fasttext import FastText

    check_whole(path)
    # Not load_model(): it writes to standard error in some versions.
    model: _FastText = FastText._FastText(model_path=str(path))
    return model


def _calibration(model: Path, checksum: str) -> Table:
    """The calibration table of the manifest beside a model, if there is one and it is of this very file."""
    manifest = model.with_suffix(".yaml")
    if not manifest.is_file():
        return []
    data = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or "calibration" not in data:
        return []
    if data.get("sha256") != checksum:
        raise ModelError(f"manifest {manifest} is not of model file {model}: the checksums differ; restore the pair")
    return [(score, right) for score, right in data["calibration"]]


def _normal_labels(path: Path, model: _FastText, scheme: str) -> Mapping[str, tuple[str, str | None]]:
    normal: dict[str, tuple[str, str | None]] = {}
    unknown: list[str] = []
    for label in model.get_labels():
        try:
            normal[label] = normalise(label, scheme)
        except UnknownLabelError:
            unknown.append(label)
    if unknown:
        raise ModelError(
            f"model file {path} has {len(unknown)} labels that are no languages "
            f"({', '.join(unknown[:5])} …); use another model, or add its codes to langid/languages.tsv"
        )
    return normal


@cache
def presets() -> Mapping[str, Preset]:
    """The presets of configs/models.yaml by name."""
    data = yaml.safe_load(files("configs").joinpath("models.yaml").read_text(encoding="utf-8"))
    return {name: Preset.model_validate(entry) for name, entry in data.items()}


@cache
def load_model(name_or_path: str = "bundled") -> Model:
    """The model of a preset or of a fastText file, loaded once per process.

    Raises ModelError, which names the file and the fix, where it is missing, damaged, or not the expected one.
    """
    preset = presets().get(name_or_path)
    if preset is None:
        if not Path(name_or_path).is_file():
            known = ", ".join(presets())
            raise ModelError(
                f"no model {name_or_path!r}: give the path of a fastText .bin or .ftz file, or one of {known}"
            )
        preset = Preset(path=name_or_path)
    if preset.path.startswith("package:"):
        package, _, file = preset.path.removeprefix("package:").partition("/")
        with as_file(files(package).joinpath(file)) as path:
            return _open(name_or_path, path, preset)
    return _open(name_or_path, _local(preset), preset)


def _open(name: str, path: Path, preset: Preset) -> Model:
    if not path.is_file():
        raise ModelError(f"model file {path} of model {name!r} is missing; install the package again")
    checksum = file_sha256(path)
    if preset.sha256 not in (None, checksum):
        raise ModelError(
            f"model file {path} has SHA-256 {checksum}, but model {name!r} is {preset.sha256}; "
            "delete the file to fetch it again, or correct configs/models.yaml"
        )
    return FastTextModel(name, path, checksum, preset)


def _local(preset: Preset) -> Path:
    """The model file on this machine: as it is, or fetched once into GLOTMILL_CACHE or ~/.cache/glotmill."""
    if "://" not in preset.path:
        return Path(preset.path)
    cache_folder = Path(os.environ.get("GLOTMILL_CACHE") or Path.home() / ".cache" / "glotmill")
    key = hashlib.sha256(preset.path.encode()).hexdigest()[:12]
    target = cache_folder / "models" / f"{key}-{preset.path.rsplit('/', 1)[-1]}"
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with fsspec.open(preset.path, "rb") as source, partial.open("wb") as sink:
            while block := source.read(1 << 22):
                sink.write(block)
    except (OSError, ImportError, ValueError) as error:
        partial.unlink(missing_ok=True)
        raise ModelError(f"cannot fetch model {preset.path} ({error}); download it yourself to {target}") from error
    partial.rename(target)
    return target


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as a hexadecimal string."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
