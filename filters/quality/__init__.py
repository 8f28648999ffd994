"""Score of a quality classifier: how likely a document is one of those that somebody chose as good.

Models are fastText files that `glotmill quality train` makes, or others'; docs/quality.md says how to train one.
Nothing is scored without a model: the scores mean what the model's training documents mean.
"""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text
from langid.errors import UnknownLabelError
from langid.labels import canonical

if TYPE_CHECKING:
    from filters.quality.models import QualityModel

ANY_LANGUAGE = "*"


class ModelSource(BaseModel):
    """A model and the languages that it is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1)
    languages: tuple[str, ...] = (ANY_LANGUAGE,)
    """Labels (`deu_Latn`), scripts (`Cyrl`), or `*` for all others."""

    sha256: str | None = None
    """The file's checksum, where something else than its manifest should say it."""

    positive: str | None = None
    """The label that stands for quality; null: what the manifest says, or `positive`."""

    preprocessing: str | None = Field(default=None, pattern="^(words|lower|none)$")
    """How its texts are prepared: `words`, `lower` or `none`; null: what the manifest says, or `words`."""

    @field_validator("languages")
    @classmethod
    def _languages_are_known(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        for label in languages:
            if "_" in label:
                try:
                    canonical(label)
                except UnknownLabelError as exc:
                    raise ValueError(f"{exc}; write labels such as deu_Latn, scripts such as Cyrl, or *") from exc
            elif label != ANY_LANGUAGE and not (len(label) == 4 and label.istitle()):
                raise ValueError(f'"{label}" is neither a label such as deu_Latn, a script such as Cyrl, nor *')
        return languages


class Parameters(FilterParameters):
    """Which models score."""

    models: tuple[ModelSource, ...] = ()
    """Models with their languages; of several that fit, that of the label is used, else of the script, else of `*`."""

    @field_validator("models")
    @classmethod
    def _each_language_has_one(cls, models: tuple[ModelSource, ...]) -> tuple[ModelSource, ...]:
        counts = Counter(label for model in models for label in model.languages)
        doubled = [label for label, count in counts.items() if count > 1]
        if doubled:
            raise ValueError(f'"{doubled[0]}" has two models; a language has one')
        return models

    def model_for(self, language: str) -> ModelSource | None:
        """The model of a language such as `deu_Latn`.

        >>> models = (ModelSource(path="a", languages=("Cyrl",)), ModelSource(path="b", languages=("rus_Cyrl",)))
        >>> [Parameters(models=models).model_for(label) for label in ("rus_Cyrl", "deu_Latn")][0].path
        'b'
        """
        by_language = {label: model for model in self.models for label in model.languages}
        for label in (language, language.rpartition("_")[2], ANY_LANGUAGE):
            if label in by_language:
                return by_language[label]
        return None


COLUMNS = (
    Column(
        "quality_score",
        pa.float64(),
        "ratio 0-1",
        "probability of a document that the model takes for good; null: no model for the language, or no words",
        "curate",
    ),
    Column("quality_model", pa.string(), "text", "the model's file and the start of its SHA-256", "curate"),
)

# What is good enough depends on the model: `train` prints thresholds.
RULES = {"quality_score": Rule(column="quality_score", min=0.5, enabled=False)}


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`. Raises ModelError where the language's model cannot be used."""
    source = parameters.model_for(text.language)
    if source is None or not text.words:
        return {"quality_score": None, "quality_model": None}
    model = _load(source)
    prepared = model.preparation.prepare(text.text, text.words)
    return {"quality_score": model.score([prepared])[0], "quality_model": model.name}


def checksums(parameters: Parameters) -> Mapping[str, str]:
    """SHA-256 of the files that the measurements depend on, by path. Raises ModelError for one that cannot be used."""
    return {source.path: _load(source).checksum for source in parameters.models}


def _load(source: ModelSource) -> "QualityModel":
    # fastText is loaded by runs, not by every command that reads the configuration.
    from filters.quality.models import Preparation, load_quality_model

    preparation = None
    if source.preprocessing is not None:
        preparation = Preparation.model_validate({"preprocessing": source.preprocessing})
    return load_quality_model(source.path, source.sha256, source.positive, preparation)
