"""FineWeb's line-based quality measurements (Penedo et al. 2024, arXiv:2406.17557, section 3.6).

Given the same words and the same terminal punctuation the values are datatrove's (FineWebQualityFilter).
"""

from functools import cache

import pyarrow as pa
import regex

from filters.base import Column, FilterParameters, Measurements, Rule
from filters.gopher_repetition import duplicates
from filters.text import Text

# Khmer marks after a heading, a section or a whole text; Unicode has them as terminal, not sentence-terminal.
CUSTOMARY_TERMINALS = "៖៙៚"


class Parameters(FilterParameters):
    """What changes the measurements."""

    short_line_length: int = 30
    """Characters up to which a line is short."""

    extra_terminals: str = ""
    """Characters that also end a sentence in this language, such as the Greek question mark `;`."""


COLUMNS = tuple(
    Column(name, pa.float64(), unit, meaning, "curate")
    for name, unit, meaning in (
        (
            "fineweb_terminal_punctuation_ratio",
            "ratio 0-1",
            "lines ending in a mark that ends a sentence / lines",
        ),
        ("fineweb_short_line_ratio", "ratio 0-1", "lines up to `short_line_length` characters / lines"),
        (
            "fineweb_duplicate_line_character_ratio",
            "ratio 0-1",
            "characters of lines that occurred before / characters without line feeds",
        ),
        ("fineweb_newline_word_ratio", "ratio", "line feeds / words and marks"),
    )
)

RULES = {
    rule.column: rule
    for rule in (
        Rule(column="fineweb_terminal_punctuation_ratio", min=0.12),
        # FineWeb's own bound is 0.67; FineWeb2 takes the rule off for every language.
        Rule(column="fineweb_short_line_ratio", max=0.67, enabled=False),
        # FineWeb's own bound is 0.01; FineWeb2 takes 0.1 for every language.
        Rule(column="fineweb_duplicate_line_character_ratio", max=0.1),
        Rule(column="fineweb_newline_word_ratio", max=0.3),
    )
}


@cache
def terminal_punctuation(extra: str = "") -> frozenset[str]:
    """Marks that end a sentence: Unicode's Sentence_Terminal of all scripts, `CUSTOMARY_TERMINALS`, `extra`.

    >>> [mark in terminal_punctuation() for mark in ".?。।።؟"]
    [True, True, True, True, True, True]
    >>> ";" in terminal_punctuation(), ";" in terminal_punctuation(";")
    (False, True)
    """
    # Marks of scripts stand in the first two planes of Unicode; the others hold ideographs and nothing.
    planes = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x20000))))
    return frozenset(regex.findall(r"\p{Sentence_Terminal}", planes)) | set(CUSTOMARY_TERMINALS + extra)


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS` over the lines that are not blank; null where there are none."""
    lines = text.lines
    if not lines:
        return dict.fromkeys(column.name for column in COLUMNS)
    terminals = terminal_punctuation(parameters.extra_terminals)
    newlines = text.text.count("\n")
    return {
        "fineweb_terminal_punctuation_ratio": sum(line[-1] in terminals for line in lines) / len(lines),
        "fineweb_short_line_ratio": sum(len(line) <= parameters.short_line_length for line in lines) / len(lines),
        "fineweb_duplicate_line_character_ratio": duplicates(lines)[1] / (len(text.text) - newlines),
        "fineweb_newline_word_ratio": newlines / len(text.words) if text.words else None,
    }
