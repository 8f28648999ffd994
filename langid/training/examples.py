"""Examples for the classifier: pieces of texts from one word to several sentences, and of invented word sequences."""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from langid.labels import NO_LANGUAGE
from langid.training.corpus import Corpus
from langid.training.noise import Noise

# Scripts that put no space between words: a piece is a run of characters.
UNSPACED = frozenset(
    {"Hans", "Hant", "Hani", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt", "Lana", "Java", "Tavt", "Tale"}
)

# The languages of most web pages after English (W3Techs' survey of content languages).
LARGEST = ("spa_Latn", "deu_Latn", "jpn_Jpan", "fra_Latn", "por_Latn", "rus_Cyrl", "ita_Latn", "nld_Latn", "pol_Latn")


@dataclass(frozen=True)
class Budget:
    """How many characters of examples a label gets: what its texts have, within bounds.

    Small languages are repeated up to `least`, large ones sampled down to `most`: the classes must not drown each
    other, but text of a large language is more often met and varies more, so `boosts` raises `most` for the languages
    that most of the web is written in. `words` is the share of word sequences.
    """

    least: int = 40_000
    most: int = 150_000
    repeats: float = 10.0
    minimum: int = 600
    words: float = 0.3
    noise: int = 3_000_000
    boosts: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(LARGEST, 1.3) | {"eng_Latn": 2.0})


def make_examples(corpus: Corpus, budget: Budget, seed: int) -> Iterator[tuple[str, str]]:
    """Label and text of each example, label by label; shuffle them before training."""
    english = frozenset(word.lower() for word in corpus.words.get("eng_Latn", ()))
    for label in sorted(corpus.texts):
        texts = [text for text in corpus.texts[label] if text]
        total = sum(map(len, texts))
        if total < budget.minimum:
            continue
        words = corpus.words.get(label, ())
        if label != "eng_Latn" and label.endswith("_Latn"):
            words = [word for word in words if word.lower() not in english]
        most = int(budget.most * budget.boosts.get(label, 1.0))
        wanted = min(most, max(total, min(budget.least, int(budget.repeats * total))))
        rng = random.Random(f"{seed} {label}")
        yield from ((label, piece) for piece in _pieces(texts, label, wanted, rng))
        if words:
            share = max(budget.least, wanted) * budget.words
            yield from ((label, line) for line in _word_lines(words, label, int(share), rng))
    noise = Noise(corpus.code, [text for texts in corpus.texts.values() for text in texts[:60]], seed)
    yield from ((NO_LANGUAGE, line) for line in _enough(map(_call, itertools.repeat(noise.line)), budget.noise))


def _call(line: object) -> str:
    return line() if callable(line) else ""


def _enough(lines: Iterator[str], characters: int) -> Iterator[str]:
    """Lines until their length adds up; lines without letters teach nothing, such texts never reach the model."""
    while characters > 0:
        line = next(lines)
        characters -= max(1, len(line))
        if any(char.isalpha() for char in line):
            yield line


def _pieces(texts: Sequence[str], label: str, characters: int, rng: random.Random) -> Iterator[str]:
    # Long texts are drawn more often, but less than their length says: a page must not crowd out the messages.
    weights = list(itertools.accumulate(min(len(text), 300) ** 0.7 for text in texts))
    return _enough(_endless_pieces(texts, weights, label.partition("_")[2] in UNSPACED, rng), characters)


def _endless_pieces(texts: Sequence[str], weights: list[float], unspaced: bool, rng: random.Random) -> Iterator[str]:
    while True:
        (text,) = rng.choices(texts, cum_weights=weights)
        if len(text) < 40 and rng.random() < 0.35:
            text = " ".join([text, *rng.choices(texts, cum_weights=weights, k=3)])
        yield _cased(_cut(text, unspaced, rng), rng)


def _cut(text: str, unspaced: bool, rng: random.Random) -> str:
    """A run of the text; its length is log-uniform from one word (three characters) to 45 words (150 characters)."""
    units: Sequence[str] = text if unspaced else text.split()
    low, high = (3, 150) if unspaced else (1, 45)
    length = min(len(units), int(math.exp(rng.uniform(math.log(low), math.log(high + 1)))))
    start = rng.randint(0, len(units) - length)
    return ("" if unspaced else " ").join(units[start : start + length])


def _cased(text: str, rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.12:
        return text.lower()
    if chance < 0.15:
        return text.upper()
    return text.title() if chance < 0.18 else text


def _word_lines(words: Sequence[str], label: str, characters: int, rng: random.Random) -> Iterator[str]:
    gap = "" if label.partition("_")[2] in UNSPACED else " "
    return _enough((gap.join(rng.choices(words, k=rng.randint(1, 8))) for _ in itertools.count()), characters)
