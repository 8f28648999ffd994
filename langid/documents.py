"""Documents rather than sentences: languages by line, mixtures, and groups that cannot be told apart."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from langid.labels import NO_LANGUAGE
from langid.lines import best_labels
from langid.models import Model
from langid.script import line_letters

# Shorter lines are menu entries and headings: the model guesses, so they count for no language.
MINIMUM_LETTERS = 30
MIXED_SHARE = 0.2


@dataclass(frozen=True)
class Segments:
    """Languages of a document's lines.

    `lines` has for each line its label, None where the line is too short to tell; `shares` is each language's share of
    the letters in the lines that are language; `code_share` the share of letters in lines that are none (`zxx_Zzzz`).
    """

    lines: list[str | None]
    shares: dict[str, float]
    code_share: float | None

    def share_of(self, label: str) -> float | None:
        """Share of the letters of all lines that are long enough to tell, code too, in lines of this language."""
        return None if self.code_share is None else self.shares.get(label, 0.0) * (1 - self.code_share)

    @property
    def mixed(self) -> bool:
        """Whether a second language has at least a fifth of the letters."""
        return len(self.shares) > 1 and sorted(self.shares.values())[-2] >= MIXED_SHARE


def segment_langs(text: str, model: Model, minimum_letters: int = MINIMUM_LETTERS) -> Segments:
    """Identify a document line by line; lines under `minimum_letters` letters count for no language."""
    lines = text.split("\n")
    letters = line_letters(text)
    long = [index for index, count in enumerate(letters) if count >= minimum_letters]
    labels = dict(zip(long, best_labels([lines[index] for index in long], model), strict=True))
    weights: Counter[str] = Counter()
    for index, label in labels.items():
        weights[label] += letters[index]
    total = weights.total()
    code = weights.pop(NO_LANGUAGE, 0)
    return Segments(
        lines=[labels.get(index) for index in range(len(lines))],
        shares={label: count / weights.total() for label, count in weights.most_common()},
        code_share=code / total if total else None,
    )


@cache
def groups() -> Mapping[str, frozenset[str]]:
    """Groups of labels that are often confused, by name."""
    data = yaml.safe_load(files("langid").joinpath("groups.yaml").read_text(encoding="utf-8"))
    return {name: frozenset(labels) for name, labels in data.items()}


@cache
def group_of(label: str) -> str:
    """The group of a label; the label itself where it is in none.

    >>> group_of("hrv_Latn"), group_of("tha_Thai")
    ('south-slavic', 'tha_Thai')
    """
    return next((name for name, members in groups().items() if label in members), label)


def label_group(top_langs: Sequence[tuple[str, float]], threshold: float) -> str | None:
    """The group that reaches the threshold together where no label does alone; None where one does, or no group does.

    >>> label_group([("hrv_Latn", 0.4), ("bos_Latn", 0.35), ("slv_Latn", 0.2)], 0.7)
    'south-slavic'
    >>> label_group([("hrv_Latn", 0.9), ("bos_Latn", 0.05)], 0.7) is None
    True
    """
    if not top_langs or top_langs[0][1] >= threshold:
        return None
    sums = {name: sum(score for label, score in top_langs if label in members) for name, members in groups().items()}
    best = max(sums, key=lambda name: sums[name])
    return best if sums[best] >= threshold and top_langs[0][0] in groups()[best] else None
