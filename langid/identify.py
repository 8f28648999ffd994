"""Identification: what language a text is in, how sure the model is, and whether the script fits."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from langid.labels import NO_LANGUAGE, split_label
from langid.models import Model
from langid.script import script_histogram, script_share


@dataclass(frozen=True)
class Identification:
    """The language of one text.

    `language_score` is the model's probability, null where the model was not asked; `top_langs` are the best
    labels with their probabilities; `script_share` is the share of the letters in the label's script, null
    without letters.
    """

    language: str
    language_script: str
    language_score: float | None
    top_langs: list[tuple[str, float]] = field(default_factory=list)
    script_share: float | None = None


def identify(texts: Sequence[str], model: Model, top: int = 5) -> list[Identification]:
    """The language of each text, with its `top` best labels.

    A text without letters is no language (`zxx_Zzzz`, score null) and is never given to the model.
    """
    histograms = [script_histogram(text) for text in texts]
    asked = [index for index, histogram in enumerate(histograms) if histogram]
    predictions = dict(zip(asked, model.predict([texts[index] for index in asked], top), strict=True))
    return [
        _identification(predictions[index], histogram) if index in predictions else _nothing()
        for index, histogram in enumerate(histograms)
    ]


def _nothing() -> Identification:
    return Identification(NO_LANGUAGE, split_label(NO_LANGUAGE)[1], None)


def _identification(found: list[tuple[str, float]], histogram: dict[str, float]) -> Identification:
    label, score = found[0]
    script = split_label(label)[1]
    return Identification(label, script, score, found, script_share(histogram, script))
