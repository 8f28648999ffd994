"""GlotCC's quality warnings as measurements (Kargaran et al. 2024, arXiv:2410.23825, and its notebook `filter-v1`).

A warning is a rule over one of these columns. Those on case, technical characters and cursed substrings come from
MADLAD-400 (Kudugunta et al. 2023, arXiv:2309.04662), which judges sentences; GlotCC judges documents. GlotCC also asks
for 90 % of the letters in the label's script: that is the column `script_share`.
"""

import string
from collections import Counter
from functools import cache

import pyarrow as pa
import regex

from filters._lines import JAVASCRIPT, LOREM_IPSUM, POLICY_PHRASES
from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text

FEWEST_TOKENS = 12
LONG_RUN = 20
TECHNICAL_CHARACTERS = "0123456789{}+/()>"
_NO_WORD = frozenset(string.punctuation)
# MADLAD-400's expressions, from the templates of its worst pages: catalogues, downloads, filler text.
CURSED = (
    " №",
    "\ufffd{3}",
    r"\|\s*$",
    r" nr\.$",
    "aute irure dolor ",
    " sunt in culpa qui ",
    "orem ipsum ",
    " quis nostrud ",
    " adipisicing ",
    " dolore eu ",
    " cupidatat ",
    "autem vel eum",
    "wisi enim ad",
    " sex ",
    " porn ",
    "黄色电影",
    "mp3",
    "ownload",
    r"Vol\.",
    r" Ep\.",
    "Episode",
    r" г\.\s*$",
    r" кг\.\s*$",
    r" шт\.",
    "Develop",
    "Facebook",
    " crusher ",
    " xxx ",
    r"(?: \.\.\.){9}",
    r"(?: \.{4}){9}",
    r"(?: [^ ]){9}",
    r", \.\.,,\?(?: \.\.,,\?){3}",
)


class Parameters(FilterParameters):
    """Nothing but `enabled`."""


COLUMNS = (
    Column(
        "glotcc_capital_word_ratio",
        pa.float64(),
        "ratio 0-1",
        "words between spaces with a capital first, or of digits and marks alone; null: under 12 words",
        "curate",
    ),
    Column(
        "glotcc_technical_character_ratio", pa.float64(), "ratio 0-1", "digits and `{}+/()>` / characters", "curate"
    ),
    Column("glotcc_longest_word", pa.int32(), "characters", "longest word between spaces", "curate"),
    Column(
        "glotcc_long_run_ratio",
        pa.float64(),
        "ratio 0-1",
        "characters in runs of at least 20 without a space / characters: prose in Chinese and Japanese",
        "curate",
    ),
    Column(
        "glotcc_cursed_substring",
        pa.string(),
        "text",
        "first substring that MADLAD-400 found in bad pages only; null: none",
        "curate",
    ),
    Column("glotcc_javascript", pa.bool_(), "boolean", "whether the text mentions JavaScript", "curate"),
    Column("glotcc_policy", pa.bool_(), "boolean", "whether the text mentions a policy or cookies", "curate"),
    Column("glotcc_lorem_ipsum", pa.bool_(), "boolean", "whether the text says `lorem ipsum`", "curate"),
    Column("glotcc_curly_bracket", pa.bool_(), "boolean", "whether the text has a `{`", "curate"),
    Column(
        "glotcc_language_share",
        pa.float64(),
        "ratio 0-1",
        "letters in lines of the document's language / letters in lines that are long enough to tell",
        "curate",
    ),
)

RULES = {
    rule.column: rule
    for rule in (
        Rule(column="glotcc_capital_word_ratio", max=0.5, enabled=False),
        Rule(column="glotcc_technical_character_ratio", max=0.2, enabled=False),
        Rule(column="glotcc_longest_word", max=100, enabled=False),
        Rule(column="glotcc_long_run_ratio", min=0.3, enabled=False),
        Rule(column="glotcc_cursed_substring", none_of=("*",), enabled=False),
        Rule(column="glotcc_javascript", max=0, enabled=False),
        Rule(column="glotcc_policy", max=0, enabled=False),
        Rule(column="glotcc_lorem_ipsum", max=0, enabled=False),
        Rule(column="glotcc_curly_bracket", max=0, enabled=False),
        Rule(column="glotcc_language_share", min=0.6, enabled=False),
    )
}


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; shares of characters are null for an empty text."""
    whole, words = text.text, text.text.split()
    lower = whole.lower()
    technical = sum(map(whole.count, TECHNICAL_CHARACTERS))
    in_runs = sum(len(word) for word in words if len(word) >= LONG_RUN)
    cursed = _cursed().search(whole)
    return {
        "glotcc_capital_word_ratio": _capital_words(words),
        "glotcc_technical_character_ratio": technical / len(whole) if whole else None,
        "glotcc_longest_word": max(map(len, words), default=0),
        "glotcc_long_run_ratio": in_runs / len(whole) if whole else None,
        "glotcc_cursed_substring": cursed.group() if cursed else None,
        "glotcc_javascript": JAVASCRIPT in lower,
        "glotcc_policy": any(phrase in lower for phrase in POLICY_PHRASES),
        "glotcc_lorem_ipsum": LOREM_IPSUM in lower,
        "glotcc_curly_bracket": "{" in whole,
        "glotcc_language_share": text.language_share,
    }


def _capital_words(words: list[str]) -> float | None:
    """Share of words that look like titles or numbers; scripts without capitals have only numbers.

    >>> _capital_words(["New", "York", "2024", "and", "so", "on"] * 2), _capital_words(["New"])
    (0.5, None)
    """
    if len(words) < FEWEST_TOKENS:
        return None
    return sum(count for word, count in Counter(words).items() if _is_capital(word)) / len(words)


def _is_capital(word: str) -> bool:
    first = word[0]
    if first.isalpha():
        return first.isupper()
    # Some symbols are upper case, such as Ⓐ.
    return first.isupper() or all(character.isdigit() or character in _NO_WORD for character in word)


@cache
def _cursed() -> regex.Pattern[str]:
    return regex.compile("|".join(CURSED), regex.MULTILINE)
