"""The view of a document that filters see: lines, paragraphs and words are split once for all of them."""

import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from filters.words import Words, find_words

if TYPE_CHECKING:
    from filters._characters import Counts
    from filters._line_counts import Lines
    from filters._ngrams import Chain

_PARAGRAPH_BREAKS = re.compile(r"\n{2,}")


class Text:
    """One document: its text, its address, its language (`deu_Latn`).

    `language_share` is the share of the letters in lines of this language; None where no line is long enough to tell.
    """

    def __init__(
        self, text: str, language: str = "und_Zzzz", url: str = "", language_share: float | None = None
    ) -> None:
        self.text = text
        self.language = language
        self.url = url
        self.language_share = language_share

    @cached_property
    def places(self) -> Words:
        """Where ICU's words and punctuation marks are: without making a string of each, which costs as much again."""
        return find_words(self.text, self.language)

    @cached_property
    def words(self) -> list[str]:
        """ICU words and punctuation marks in order, without white space."""
        return self.places.strings()

    @cached_property
    def word_chain(self) -> "Chain":
        """The words one after the other, for counting n-grams."""
        from filters._ngrams import chain

        return chain(self.places.codes, self.places.starts, self.places.ends)

    @cached_property
    def first_occurrences(self) -> NDArray[np.int64]:
        """For each word the place in the list of the first one that is equal.

        >>> Text("no, no, yes").first_occurrences.tolist()
        [0, 1, 0, 1, 4]
        """
        from filters._ngrams import first_occurrences

        return first_occurrences(self.word_chain)

    @cached_property
    def word_counts(self) -> Counter[str]:
        """How often each distinct word occurs, in order of first occurrence."""
        return Counter(self.words)

    @cached_property
    def codes(self) -> NDArray[np.uint32]:
        """Code point of each character."""
        return np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), np.uint32)

    @cached_property
    def characters(self) -> "Counts":
        """How many characters of each kind the text has."""
        from filters._characters import count_characters

        return count_characters(self.text)

    @cached_property
    def line_places(self) -> "Lines":
        """Where the parts between line feeds are, empty ones left out, and which of them occurred before."""
        from filters._boundaries import character_table
        from filters._line_counts import split_lines

        return split_lines(self.codes, character_table())

    @cached_property
    def lines(self) -> list[str]:
        """Lines with text: parts between line feeds that are not blank."""
        return [line for line in self.text.split("\n") if line and not line.isspace()]

    @cached_property
    def paragraphs(self) -> list[str]:
        """Parts between blank lines (two line feeds or more), of the text without its outer white space."""
        text = self.text.strip()
        return _PARAGRAPH_BREAKS.split(text) if "\n\n" in text else [text]
