"""C4's line and document rules as measurements (Raffel et al. 2020, JMLR 21:140, section 2.2; mC4's: Xue et al. 2021).

C4 drops lines and then judges what is left; here nothing is dropped. With `terminals` set to its five marks, and given
the same sentences, the values are those by which datatrove's C4QualityFilter decides. By default a line may end in the
marks of any script, and scripts without spaces count ICU's words.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from filters._lines import CLOSERS, JAVASCRIPT, LOREM_IPSUM, POLICY_PHRASES, count_sentences, terminal_punctuation
from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text

LONGEST_WORD = 1000
FEWEST_WORDS = 3
# Wikipedia's, which C4 removes from lines before it looks at their ends.
_CITATION = re.compile(r"\[(?:\d*|edit|citation needed)\]")
_WATCHED = (JAVASCRIPT, LOREM_IPSUM, *POLICY_PHRASES, "{", "[")
LINE_RULES = {
    "long_word": "have a word of over 1000 characters",
    "unterminated": "do not end in a mark that ends a sentence or in a quotation mark, or end in `...`",
    "few_words": "have fewer than 3 words",
    "javascript": "mention JavaScript",
    "policy": "mention a policy or cookies",
}


class Parameters(FilterParameters):
    """What changes the measurements."""

    terminals: str | None = None
    """The characters that a line may end in, C4's are `.?!"'`; null: marks of all scripts and what closes a quotation;
    empty: the language ends no sentence with a mark, so that no line can lack one."""

    extra_terminals: str = ""
    """Characters that also end a sentence in this language, where `terminals` is null."""

    space_words: bool = True
    """Whether words are what spaces part, as in C4; else they are ICU's."""

    long_line_length: int = 200
    """Characters from which mC4 takes a line for a paragraph."""


COLUMNS = (
    *(
        Column(f"c4_{name}_line_ratio", pa.float64(), "ratio 0-1", f"lines that {meaning} / lines", "curate")
        for name, meaning in LINE_RULES.items()
    ),
    Column("c4_dropped_line_ratio", pa.float64(), "ratio 0-1", "lines that C4 would drop / lines", "curate"),
    Column("c4_dropped_character_ratio", pa.float64(), "ratio 0-1", "characters in lines that C4 would drop", "curate"),
    Column(
        "c4_sentence_count",
        pa.int32(),
        "sentences",
        "sentences in the lines that C4 keeps; null: the language has no mark that ends one",
        "curate",
    ),
    Column("c4_lorem_ipsum", pa.bool_(), "boolean", "whether a kept line says `lorem ipsum`", "curate"),
    Column("c4_curly_bracket", pa.bool_(), "boolean", "whether a kept line has a `{`", "curate"),
    Column("c4_long_line_count", pa.int32(), "lines", "lines of at least `long_line_length` characters", "curate"),
)

RULES = {
    rule.column: rule
    for rule in (
        Rule(column="c4_sentence_count", min=5, enabled=False),
        Rule(column="c4_lorem_ipsum", max=0, enabled=False),
        Rule(column="c4_curly_bracket", max=0, enabled=False),
        # mC4's only rule on lines.
        Rule(column="c4_long_line_count", min=3, enabled=False),
    )
}


class Line(NamedTuple):
    """A line as the rules see it: without outer white space, its words, and without citations."""

    text: str
    words: int
    has_long_word: bool
    uncited: str


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; ratios are null for an empty text."""
    terminals = _terminals(parameters)
    failed = dict.fromkeys(LINE_RULES, 0)
    lines = dropped = characters = dropped_characters = sentences = 0
    lorem_ipsum = curly_bracket = False
    # What no line has is looked for once; taking a citation out of a line can make a phrase.
    whole = text.text.lower()
    watched = any(phrase in whole for phrase in _WATCHED)
    for line in _lines(text, parameters.space_words):
        lower = line.uncited.lower() if watched else ""
        failures = _failures(line, lower, terminals)
        for name in failures:
            failed[name] += 1
        lines += 1
        characters += len(line.text)
        if failures.isdisjoint(("long_word", "unterminated", "few_words")):
            lorem_ipsum |= LOREM_IPSUM in lower
            curly_bracket |= "{" in lower and "javascript" not in failures
        if failures:
            dropped += 1
            dropped_characters += len(line.text)
        else:
            sentences += count_sentences(line.uncited, parameters.extra_terminals)
    return {
        **{f"c4_{name}_line_ratio": count / lines if lines else None for name, count in failed.items()},
        "c4_dropped_line_ratio": dropped / lines if lines else None,
        "c4_dropped_character_ratio": dropped_characters / characters if characters else None,
        "c4_sentence_count": sentences if terminals else None,
        "c4_lorem_ipsum": lorem_ipsum,
        "c4_curly_bracket": curly_bracket,
        "c4_long_line_count": sum(len(line) >= parameters.long_line_length for line in text.text.split("\n")),
    }


def _terminals(parameters: Parameters) -> frozenset[str]:
    """Characters that a line may end in."""
    if parameters.terminals is not None:
        return frozenset(parameters.terminals)
    return terminal_punctuation(parameters.extra_terminals).union(CLOSERS)


def _failures(line: Line, lower: str, terminals: frozenset[str]) -> set[str]:
    """Names of the line rules that a line fails."""
    failures = set()
    if line.has_long_word:
        failures.add("long_word")
    if terminals and (line.uncited[-1:] not in terminals or line.uncited.endswith("...")):
        failures.add("unterminated")
    if line.words < FEWEST_WORDS:
        failures.add("few_words")
    if lower and JAVASCRIPT in lower:
        failures.add("javascript")
    if lower and any(phrase in lower for phrase in POLICY_PHRASES):
        failures.add("policy")
    return failures


def _lines(text: Text, space_words: bool) -> Iterator[Line]:
    """The text's lines, blank ones too: C4 drops them for their few words."""
    counted = None if space_words else _icu_words(text)
    for number, line in enumerate(text.text.splitlines()):
        stripped = line.strip()
        uncited = _CITATION.sub("", stripped) if "[" in stripped else stripped
        if counted is not None:
            words, longest = counted[number]
        else:
            parts = stripped.split()
            words = len(parts)
            longest = max(map(len, parts)) if len(stripped) > LONGEST_WORD and parts else 0
        yield Line(stripped, words, longest > LONGEST_WORD, uncited)


def _icu_words(text: Text) -> list[tuple[int, int]]:
    """For each line the number of its words that are not punctuation, and the characters of the longest one."""
    from filters._boundaries import IS_ALPHABETIC, IS_PUNCTUATION

    places = text.places
    counted = (places.flags & (IS_ALPHABETIC | IS_PUNCTUATION)) != IS_PUNCTUATION
    starts, lengths = places.starts[counted], (places.ends - places.starts)[counted]
    line_ends = np.cumsum([len(line) for line in text.text.splitlines(keepends=True)])
    bounds = np.searchsorted(starts, line_ends, "left").tolist()
    begins = [0, *bounds[:-1]]
    return [
        (end - begin, int(lengths[begin:end].max()) if end > begin else 0)
        for begin, end in zip(begins, bounds, strict=True)
    ]
