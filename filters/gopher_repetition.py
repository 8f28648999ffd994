"""Gopher's repetition measurements (Rae et al. 2021, arXiv:2112.11446, table A1).

Given the same words the values are datatrove's (GopherRepetitionFilter): every share of characters is over
all characters of the text, white space included. The n-grams of a top count overlap, so a text of one
repeated word has a share above 1.
"""

import pyarrow as pa

from filters.base import Column, FilterParameters, Measurements, Rule, Value
from filters.text import Text

TOP_LIMITS = {2: 0.20, 3: 0.18, 4: 0.16}
DUPLICATE_LIMITS = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}
_TOP_NAMES = [f"gopher_top_{n}_gram_character_ratio" for n in TOP_LIMITS]
_DUPLICATE_NAMES = [f"gopher_duplicate_{n}_gram_character_ratio" for n in DUPLICATE_LIMITS]


class Parameters(FilterParameters):
    """Nothing but `enabled`."""


COLUMNS = tuple(
    Column(name, pa.float64(), "ratio" if name in _TOP_NAMES else "ratio 0-1", meaning, "curate")
    for name, meaning in (
        ("gopher_duplicate_line_ratio", "lines that occurred before / lines"),
        ("gopher_duplicate_line_character_ratio", "their characters / characters of the text"),
        ("gopher_duplicate_paragraph_ratio", "paragraphs that occurred before / paragraphs"),
        ("gopher_duplicate_paragraph_character_ratio", "their characters / characters of the text"),
        *(
            (name, f"characters of the most frequent {n}-gram × its occurrences / characters of the text")
            for name, n in zip(_TOP_NAMES, TOP_LIMITS, strict=True)
        ),
        *(
            (name, f"characters in {n}-grams that occurred before / characters of the text")
            for name, n in zip(_DUPLICATE_NAMES, DUPLICATE_LIMITS, strict=True)
        ),
    )
)

RULES = {
    rule.column: rule
    for rule in (
        Rule(column="gopher_duplicate_line_ratio", max=0.30),
        Rule(column="gopher_duplicate_line_character_ratio", max=0.20),
        # FineWeb2 takes both off for every language: where an extractor leaves no blank lines, the whole
        # document is one paragraph.
        Rule(column="gopher_duplicate_paragraph_ratio", max=0.30, enabled=False),
        Rule(column="gopher_duplicate_paragraph_character_ratio", max=0.20, enabled=False),
        *(Rule(column=name, max=limit) for name, limit in zip(_TOP_NAMES, TOP_LIMITS.values(), strict=True)),
        *(
            Rule(column=name, max=limit)
            for name, limit in zip(_DUPLICATE_NAMES, DUPLICATE_LIMITS.values(), strict=True)
        ),
    )
}


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; null for an empty text, and for top n-grams of a text with fewer than n words."""
    characters = len(text.text)
    if not characters:
        return dict.fromkeys(column.name for column in COLUMNS)
    return {
        **_shares("line", *_repeated_lines(text), characters),
        **_shares("paragraph", *_repeated_paragraphs(text), characters),
        **_ngrams(text, characters),
    }


def _shares(kind: str, parts: int, repeated: int, repeated_characters: int, characters: int) -> dict[str, Value]:
    return {
        f"gopher_duplicate_{kind}_ratio": repeated / parts,
        f"gopher_duplicate_{kind}_character_ratio": repeated_characters / characters,
    }


def _repeated_lines(text: Text) -> tuple[int, int, int]:
    """Parts between runs of line feeds, those that occurred before, and their characters.

    Line feeds at the start or the end of the text have an empty part outside.

    >>> _repeated_lines(Text("\\none\\n \\n\\none\\n"))
    (5, 2, 3)
    """
    from filters._line_counts import repeated_lines

    repeated, characters, _, _ = repeated_lines(text.line_places)
    filled = len(text.line_places.starts)
    outside = (text.text.startswith("\n") + text.text.endswith("\n")) if filled else 2
    return filled + outside, repeated + max(0, outside - 1), characters


def _repeated_paragraphs(text: Text) -> tuple[int, int, int]:
    """Paragraphs, those that occurred before, and their characters.

    >>> _repeated_paragraphs(Text("ja\\n\\nnein\\n\\nja\\n\\nja"))
    (4, 2, 4)
    """
    parts = text.paragraphs
    distinct = set(parts)
    return len(parts), len(parts) - len(distinct), sum(map(len, parts)) - sum(map(len, distinct))


def _ngrams(text: Text, characters: int) -> dict[str, Value]:
    from filters._ngrams import duplicate_ngram_characters, top_ngram_characters

    tops = top_ngram_characters(text.word_chain, text.first_occurrences, max(TOP_LIMITS)).tolist()
    repeated = duplicate_ngram_characters(text.word_chain, min(DUPLICATE_LIMITS), max(DUPLICATE_LIMITS)).tolist()
    return {
        **{name: top / characters if top >= 0 else None for name, top in zip(_TOP_NAMES, tops, strict=True)},
        **{name: count / characters for name, count in zip(_DUPLICATE_NAMES, repeated, strict=True)},
    }
