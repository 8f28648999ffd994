"""Gopher's document quality measurements (Rae et al. 2021, arXiv:2112.11446, appendix A.1.1), for any script.

Given the same words the values are datatrove's (GopherQualityFilter). A word is alphabetic when one of its
characters is a letter of any script: the vowel signs of an Indic, Thai or Burmese word are marks and not
letters, but they stand on a consonant, which is one.
"""

import pyarrow as pa
from datatrove.utils.text import PUNCTUATION_SET

from filters.base import Column, FilterParameters, Measurements, Rule, Value
from filters.text import Text

BULLETS = ("•", "-")
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
        **_line_values(text.text),
        "gopher_stopword_count": _stopwords(text, parameters),
    }


def _word_values(text: Text) -> dict[str, Value]:
    """Counts over the distinct words, each weighted by how often it occurs."""
    words = characters = alphabetic = 0
    for word, count in text.word_counts.items():
        has_letter = word.isalpha() or any(map(str.isalpha, word))
        if has_letter:
            alphabetic += count
        if has_letter or not PUNCTUATION_SET.issuperset(word):
            words += count
            characters += count * len(word)
    total = len(text.words)
    ellipses = sum(map(text.text.count, ELLIPSES))
    return {
        "gopher_word_count": words,
        "gopher_mean_word_length": characters / words if words else None,
        "gopher_hash_ratio": text.text.count("#") / total if total else None,
        "gopher_ellipsis_ratio": ellipses / total if total else None,
        "gopher_alphabetic_word_ratio": alphabetic / total if total else None,
    }


def _line_values(text: str) -> dict[str, Value]:
    lines = text.splitlines()
    if not lines:
        return {"gopher_bullet_line_ratio": None, "gopher_ellipsis_line_ratio": None}
    return {
        "gopher_bullet_line_ratio": sum(line.lstrip().startswith(BULLETS) for line in lines) / len(lines),
        "gopher_ellipsis_line_ratio": sum(line.rstrip().endswith(ELLIPSES) for line in lines) / len(lines),
    }


def _stopwords(text: Text, parameters: Parameters) -> int | None:
    if parameters.stopwords is None:
        return None
    return len(text.word_counts.keys() & parameters.stopwords)
