"""Identification: what language a text is in, how sure the model is, and whether the script fits."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from langid.labels import NO_LANGUAGE, split_label
from langid.models import Model, Prediction
from langid.script import line_letters, script_histogram, script_share


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


# Below this score, or where the whole looks like no language, a document of several lines is judged by its lines.
SURE = 0.5
# A document whose lines are so largely code, numbers or addresses is no language itself.
MOSTLY = 0.7
_LINE_LETTERS = 15


def identify(texts: Sequence[str], model: Model, top: int = 5) -> list[Identification]:
    """The language of each text, with its `top` best labels.

    A text without letters is no language (`zxx_Zzzz`, score null) and is never given to the model. A text of several
    lines on which the model is not sure is judged by its lines, those that are no language set aside: code in a manual
    or an English heading must not outweigh the prose.
    """
    histograms = [script_histogram(text) for text in texts]
    asked = [index for index, histogram in enumerate(histograms) if histogram]
    predictions = dict(zip(asked, model.predict([texts[index] for index in asked], top), strict=True))
    for index, found in predictions.items():
        if found[0][1] < SURE or found[0][0] == NO_LANGUAGE:
            predictions[index] = _by_lines(texts[index], model, top) or found
    return [
        _identification(predictions[index], histogram) if index in predictions else _nothing()
        for index, histogram in enumerate(histograms)
    ]


def _by_lines(text: str, model: Model, top: int) -> Prediction:
    """Mean prediction of the lines with letters enough, each weighted by its bytes; empty where there are not two.

    Bytes, not characters: a Chinese character says as much as a short word.
    """
    letters = line_letters(text)
    lines = [line for line, count in zip(text.split("\n"), letters, strict=True) if count >= _LINE_LETTERS]
    if len(lines) < 2:
        return []
    weights: defaultdict[str, float] = defaultdict(float)
    for line, found in zip(lines, model.predict(lines, top), strict=True):
        size = len(line.encode("utf-8", "replace"))
        for label, score in found:
            weights[label] += size * score
    if weights[NO_LANGUAGE] < MOSTLY * sum(weights.values()):
        del weights[NO_LANGUAGE]
    total = sum(weights.values())
    ranked = sorted(weights.items(), key=lambda item: -item[1])[:top]
    return [(label, weight / total) for label, weight in ranked]


def _nothing() -> Identification:
    return Identification(NO_LANGUAGE, split_label(NO_LANGUAGE)[1], None)


def _identification(found: list[tuple[str, float]], histogram: dict[str, float]) -> Identification:
    label, score = found[0]
    script = split_label(label)[1]
    return Identification(label, script, score, found, script_share(histogram, script))
