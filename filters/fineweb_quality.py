"""FineWeb's line-based quality measurements (Penedo et al. 2024, arXiv:2406.17557, section 3.6).

Given the same words and the same terminal punctuation the values are datatrove's (FineWebQualityFilter).
"""

from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters._lines import terminal_punctuation
from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text


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


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS` over the lines that are not blank; null where there are none."""
    from filters._line_counts import line_ends, repeated_lines

    terminals = _sorted_codes(parameters.extra_terminals)
    lines, terminated, short = line_ends(text.line_places, terminals, parameters.short_line_length)
    if not lines:
        return dict.fromkeys(column.name for column in COLUMNS)
    newlines, words = text.text.count("\n"), len(text.places)
    repeated_characters = repeated_lines(text.line_places)[3]
    return {
        "fineweb_terminal_punctuation_ratio": terminated / lines,
        "fineweb_short_line_ratio": short / lines,
        "fineweb_duplicate_line_character_ratio": repeated_characters / (len(text.text) - newlines),
        "fineweb_newline_word_ratio": newlines / words if words else None,
    }


@cache
def _sorted_codes(extra: str) -> NDArray[np.uint32]:
    """Code points of the marks that end a sentence."""
    return np.array(sorted(map(ord, terminal_punctuation(extra))), np.uint32)
