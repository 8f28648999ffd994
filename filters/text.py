"""The view of a document that filters see: lines, paragraphs and words are split once for all of them."""

import re
from collections import Counter
from functools import cached_property

from filters.words import split_words

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
    def words(self) -> list[str]:
        """ICU words and punctuation marks in order, without white space."""
        return split_words(self.text, self.language)

    @cached_property
    def word_counts(self) -> Counter[str]:
        """How often each distinct word occurs, in order of first occurrence."""
        return Counter(self.words)

    @cached_property
    def lines(self) -> list[str]:
        """Lines with text: parts between line feeds that are not blank."""
        return [line for line in self.text.split("\n") if line and not line.isspace()]

    @cached_property
    def line_blocks(self) -> list[str]:
        """Parts between runs of line feeds; a run at the start or the end of the text has an empty part outside.

        >>> Text("\\n\\none\\n \\n\\ntwo").line_blocks
        ['', 'one', ' ', 'two']
        """
        inner = list(filter(None, self.text.split("\n")))
        before, after = self.text.startswith("\n"), self.text.endswith("\n")
        return [*[""] * before, *inner, *[""] * after] or [""]

    @cached_property
    def paragraphs(self) -> list[str]:
        """Parts between blank lines (two line feeds or more), of the text without its outer white space."""
        text = self.text.strip()
        return _PARAGRAPH_BREAKS.split(text) if "\n\n" in text else [text]
