"""Gopher's document quality measurements (Rae et al. 2021, arXiv:2112.11446, appendix A.1.1), for any script.

Given the same words the values are datatrove's (GopherQualityFilter). A word is alphabetic when one of its
characters is a letter of any script: the vowel signs of an Indic, Thai or Burmese word are marks and not
letters, but they stand on a consonant, which is one.
"""

from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.base import Column, FilterParameters, Measurements, Rule, Value
from filters.text import Text

ELLIPSES = ("...", "…")


class Parameters(FilterParameters):
    """What changes the measurements."""

    stopwords: tuple[str, ...] | None = None
    """Frequent function words of the language, compared with the text's words case and all; null: no list."""


COLUMNS = (
    Column("gopher_word_count", pa.int32(), "words", "words that are not only punctuation", "curate"),
    Column("gopher_mean_word_length", pa.float64(), "characters", "mean length of these words", "curate"),
    Column("gopher_hash_ratio", pa.float64(), "ratio", "`#` per word or mark", "curate"),
    Column("gopher_ellipsis_ratio", pa.float64(), "ratio", "`...` and `…` per word or mark", "curate"),
    Column("gopher_bullet_line_ratio", pa.float64(), "ratio 0-1", "lines starting with `•` or `-`", "curate"),
    Column("gopher_ellipsis_line_ratio", pa.float64(), "ratio 0-1", "lines that end in an ellipsis", "curate"),
    Column("gopher_alphabetic_word_ratio", pa.float64(), "ratio 0-1", "words with a letter", "curate"),
    Column(
        "gopher_stopword_count",
        pa.int32(),
        "words",
        "distinct stopwords of the language in the text; null: no list",
        "curate",
    ),
)

RULES = {
    rule.column: rule
    for rule in (
        Rule(column="gopher_word_count", min=50, max=100_000),
        Rule(column="gopher_mean_word_length", min=3, max=10),
        Rule(column="gopher_hash_ratio", max=0.1),
        Rule(column="gopher_ellipsis_ratio", max=0.1),
        Rule(column="gopher_bullet_line_ratio", max=0.9),
        Rule(column="gopher_ellipsis_line_ratio", max=0.3),
        # Gopher's 0.8 counts white-space words, where a mark hangs on its word; ICU words count marks as words of their
        # own. 0.7 is mean − 3σ (0.873 − 3 · 0.057) over the Universal Declaration of Human Rights in 446 languages.
        Rule(column="gopher_alphabetic_word_ratio", min=0.7),
        Rule(column="gopher_stopword_count", min=2),
    )
}


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; ratios over words or lines are null where there are none."""
    return {
        **_word_values(text),
        **_line_values(text),
        "gopher_stopword_count": _stopwords(text, parameters),
    }


def _word_values(text: Text) -> dict[str, Value]:
    from filters._boundaries import word_totals

    places = text.places
    total = len(places)
    words, characters, alphabetic = word_totals(places.starts, places.ends, places.flags)
    ellipses = sum(map(text.text.count, ELLIPSES))
    return {
        "gopher_word_count": words,
        "gopher_mean_word_length": characters / words if words else None,
        "gopher_hash_ratio": text.text.count("#") / total if total else None,
        "gopher_ellipsis_ratio": ellipses / total if total else None,
        "gopher_alphabetic_word_ratio": alphabetic / total if total else None,
    }


def _line_values(text: Text) -> dict[str, Value]:
    from filters._boundaries import character_table
    from filters._line_counts import bullets_and_ellipses

    lines, bullets, ellipses = bullets_and_ellipses(text.codes, character_table())
    return {
        "gopher_bullet_line_ratio": bullets / lines if lines else None,
        "gopher_ellipsis_line_ratio": ellipses / lines if lines else None,
    }


def _stopwords(text: Text, parameters: Parameters) -> int | None:
    from filters._ngrams import listed_words

    if parameters.stopwords is None:
        return None
    places = text.places
    found = listed_words(text.word_chain, text.first_occurrences, _hashes(parameters.stopwords))
    starts, ends = places.starts[found].tolist(), places.ends[found].tolist()
    words = {places.text[start:end] for start, end in zip(starts, ends, strict=True)}
    return len(words.intersection(parameters.stopwords))


@lru_cache
def _hashes(words: tuple[str, ...]) -> NDArray[np.uint64]:
    """Hash of each word as `chain` computes it."""
    from filters._ngrams import chain

    codes = (np.frombuffer(word.encode("utf-32-le", "surrogatepass"), np.uint32) for word in words)
    return np.array([chain(code, np.array([0]), np.array([len(code)])).hashes[-1] for code in codes], np.uint64)
