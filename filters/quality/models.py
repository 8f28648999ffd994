"""A quality model: a fastText classifier with a manifest beside it that says what its labels and its texts are.

`edu.bin` and `edu.bin.yaml` belong together. A model from elsewhere has no manifest; then the configuration says which
of its labels stands for quality, and how its training texts were prepared.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from filters.words import split_words
from langid.errors import ModelError
from langid.fasttext_file import check_whole
from langid.models import file_sha256

PREFIX = "__label__"
POSITIVE_LABEL, NEGATIVE_LABEL = "positive", "negative"
MANIFEST_SUFFIX, CARD_SUFFIX = ".yaml", ".md"
Preprocessing = Literal["words", "lower", "none"]


class Preparation(BaseModel):
    """How texts become what fastText reads: tokens with spaces between them, on one line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preprocessing: Preprocessing = "words"
    """`words`: ICU's words in lower case, so that Thai and Chinese have words too; `lower`: lower case; or `none`."""

    words: int | None = Field(default=1000, ge=1)
    """How many tokens of a text are read; null: all. The model's time is linear in them."""

    def prepare(self, text: str, words: Sequence[str] | None = None) -> str:
        """A text as the model reads it; `words` are the text's own where they are split already.

        >>> Preparation().prepare("Ein Satz,\\nnoch einer."), Preparation(words=3).prepare("東京へ行く。")
        ('ein satz , noch einer .', '東京 へ 行く')
        >>> Preparation(preprocessing="none").prepare("Ein Satz,\\nnoch einer.")
        'Ein Satz, noch einer.'
        """
        if self.preprocessing == "words":
            tokens = split_words(text) if words is None else words
        else:
            whole = text.encode("utf-8", "replace").decode()  # lone surrogates have no UTF-8
            tokens = (whole.lower() if self.preprocessing == "lower" else whole).split()
        line = " ".join(tokens[: self.words])
        # A token with the prefix would be read as a label of its own. Line feeds may hide in other white space.
        line = line.replace(PREFIX, "").replace("\n", " ")
        return line.lower() if self.preprocessing == "words" else line


class Encoder(BaseModel):
    """The transformer whose sentence embeddings a head reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    """Its name on the hub, or a folder."""
    version: str | None
    """The hub's commit, or a hash of the folder's files."""
    tokens: int = Field(default=512, ge=8)
    """Tokens of a document that are read."""


class Manifest(BaseModel):
    """What a model is and where it comes from; written beside it as YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    bytes: int
    sha256: str
    positive: str = POSITIVE_LABEL
    preparation: Preparation = Preparation()
    encoder: Encoder | None = None
    """Of a head over sentence embeddings; null: a fastText model."""
    languages: tuple[str, ...] = ()
    sources: dict[str, list[str]] = {}
    settings: dict[str, Any] = {}
    """What `train` was asked for."""
    parameters: dict[str, Any] = {}
    """Parameters of the training, given or found; fastText's make the same file again, with one thread."""
    documents: dict[str, dict[str, int]] = {}
    left_out: dict[str, int] = {}
    held_out: dict[str, Any] = {}
    """Metrics on documents that the model was neither trained nor tuned on."""
    thresholds: dict[float, float] = {}
    """The score from which a share of held-out negatives is kept, by share."""
    versions: dict[str, str] = {}
    training_sample: tuple[str, ...] = ()
    """The smallest hashes of training texts, by which `eval` sees that it is given texts of the training."""


class QualityModel:
    """A loaded model: prepared texts in, probabilities of the positive label out."""

    def __init__(self, path: Path, checksum: str, positive: str, preparation: Preparation) -> None:
        from fasttext import FastText

        check_whole(path)
        # Not load_model(): it writes to standard error in some versions.
        self._compiled: Any = FastText._FastText(model_path=str(path))
        self.name = f"{path.stem}@{checksum[:8]}"
        self.checksum = checksum
        self.preparation = preparation
        labels: list[str] = self._compiled.get_labels()
        self._positive = f"{PREFIX}{positive.removeprefix(PREFIX)}"
        self._count = len(labels)
        if self._positive not in labels or len(labels) < 2:
            shown = ", ".join(label.removeprefix(PREFIX) for label in labels[:8])
            raise ModelError(
                f'quality model {path} has no label "{positive}" beside others (its labels: {shown}); '
                "name the label that stands for quality as `positive`"
            )

    def score(self, prepared: Sequence[str]) -> list[float]:
        """The probability of the positive label for each prepared text, 0 to 1."""
        if not prepared:
            return []
        lines = [f"{text}\n" for text in prepared]
        names, probabilities = self._compiled.f.multilinePredict(lines, self._count, 0.0, "replace")
        found = (dict(zip(labels, values, strict=True)) for labels, values in zip(names, probabilities, strict=True))
        # fastText's probabilities can leave 0 to 1 by 1e-5.
        return [min(1.0, max(0.0, float(values.get(self._positive, 0.0)))) for values in found]

    def score_texts(self, texts: Sequence[str]) -> list[float]:
        """The probability of the positive label for each text."""
        return self.score([self.preparation.prepare(text) for text in texts])


def beside(model: Path, suffix: str) -> Path:
    """A file that belongs to a model; the model's own suffix stays, so that edu.bin and edu.ftz can lie side by side.

    >>> beside(Path("models/edu.bin"), MANIFEST_SUFFIX).name
    'edu.bin.yaml'
    """
    return model.with_name(model.name + suffix)


def read_manifest(model: Path) -> Manifest | None:
    """The manifest beside a model, if there is one. Raises ModelError where it cannot be read."""
    path = beside(model, MANIFEST_SUFFIX)
    if not path.is_file():
        return None
    try:
        return Manifest.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError) as exc:
        raise ModelError(f"manifest {path} of a quality model cannot be read: {exc}; restore it, or remove it") from exc


def write_manifest(model: Path, manifest: Manifest) -> Path:
    """Write the manifest beside a model; returns its path."""
    path = beside(model, MANIFEST_SUFFIX)
    data = manifest.model_dump(mode="json", exclude_defaults=False)
    data["thresholds"] = dict(manifest.thresholds)  # JSON would make strings of the shares
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
    return path


@cache
def load_quality_model(
    path: str, sha256: str | None = None, positive: str | None = None, preparation: Preparation | None = None
) -> QualityModel:
    """The model of a fastText file, loaded once per process; what is not given here, its manifest says.

    Raises ModelError, which names the file and the fix, where it is missing, damaged, or not the expected one.
    """
    file = Path(path)
    if not file.is_file():
        raise ModelError(f"quality model {path} is missing; give the path of a fastText .bin or .ftz file")
    manifest = read_manifest(file)
    checksum = file_sha256(file)
    wanted = {source: value for source, value in _wanted(sha256, manifest, file).items() if value != checksum}
    for source, value in wanted.items():
        raise ModelError(f"quality model {path} has SHA-256 {checksum}, but {source} says {value}; restore the file")
    positive = positive or (manifest.positive if manifest else POSITIVE_LABEL)
    preparation = preparation or (manifest.preparation if manifest else Preparation())
    return QualityModel(file, checksum, positive, preparation)


def _wanted(sha256: str | None, manifest: Manifest | None, file: Path) -> dict[str, str]:
    """The checksums that the file should have, by who says so."""
    found = {} if sha256 is None else {"the configuration": sha256}
    return found | ({str(beside(file, MANIFEST_SUFFIX)): manifest.sha256} if manifest else {})
