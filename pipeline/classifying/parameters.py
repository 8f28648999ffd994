"""Settings and columns of the stage classify."""

from collections import Counter
from typing import Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from filters.base import Column

SCORED_CLASSES = pa.list_(pa.struct([("class", pa.string()), ("score", pa.float32())]))
CLASS_COLUMNS = (
    Column(
        "classes",
        pa.list_(pa.string()),
        "",
        "what classifiers take the document for, as `toxicity:toxic`, `register:news` or, of a scale, `education:3`; "
        "null: no classifier for the language",
        "classify",
    ),
    Column(
        "class_scores", SCORED_CLASSES, "", "every label's probability, or a scale's value, by classifier", "classify"
    ),
)


class Classifier(BaseModel):
    """One sequence classifier of the hub or of a folder, or a folder that `glotmill quality train --encoder` made."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="what stands before the colon in `classes`")
    model: str = Field(min_length=1, description="name on the hub, or a folder")
    revision: str | None = Field(default=None, description="commit or tag on the hub; null: the newest")
    languages: tuple[str, ...] = Field(default=("*",), description="labels (deu_Latn), scripts (Cyrl), or * for all")
    kind: Literal["one", "many", "scale"] | None = Field(
        default=None, description="one label a document, many, or a number; null: as the model's configuration says"
    )
    threshold: float = Field(default=0.5, ge=0, le=1, description="probability from which one of many labels is given")
    tokens: int = Field(default=512, ge=8, description="tokens of a document that are read")
    batch: int = Field(default=32, ge=1, description="documents at a time")


class ClassifyingParameters(BaseModel):
    """Transformer classifiers, and what of a GPU each task gets. They need `pip install glotmill[transformers]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: tuple[Classifier, ...] = Field(default=(), description="classifiers: `name`, `model`, …")
    gpus: float = Field(default=0.0, ge=0, description="GPUs a task: 0 on processors, 0.5: two tasks share one")

    @field_validator("models")
    @classmethod
    def _names_differ(cls, models: tuple[Classifier, ...]) -> tuple[Classifier, ...]:
        doubled = [name for name, count in Counter(model.name for model in models).items() if count > 1]
        if doubled:
            raise ValueError(f'two classifiers are called "{doubled[0]}"')
        return models

    @property
    def enabled(self) -> bool:
        """Whether there is a classifier."""
        return bool(self.models)
