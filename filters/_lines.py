"""What lines of text look like to the rules of several corpora: where sentences end, and what only web pages say."""

import re
from functools import cache

import regex

# Khmer marks after a heading, a section or a whole text; Unicode has them as terminal, not sentence-terminal.
CUSTOMARY_TERMINALS = "៖៙៚"
# What may stand between the mark that ends a sentence and the next sentence.
CLOSERS = "\"'”’»›）」』】〉》〕）)\\]}＂＇"
POLICY_PHRASES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)
LOREM_IPSUM = "lorem ipsum"
JAVASCRIPT = "javascript"


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


@cache
def _ends(extra: str) -> re.Pattern[str]:
    marks = "".join(map(re.escape, sorted(terminal_punctuation(extra) | {"."})))
    # A single character first: `re` then skips to the next mark instead of trying every place.
    return re.compile(rf"([{marks}][{marks}]*)[{CLOSERS}]*(\s|$)?")


def count_sentences(line: str, extra_terminals: str = "") -> int:
    """Sentences of a line: pieces with a word that end in a mark of any script, or with the line.

    The short form of UAX #29, section 5.1: a full stop ends a sentence before white space, any other mark anywhere.

    >>> count_sentences("See https://example.org, version 1.5. Really? “Yes!” he said")
    4
    >>> count_sentences("我來了。我看見了。"), count_sentences("क्या? हाँ।"), count_sentences("..."), count_sentences("")
    (2, 2, 0, 0)
    """
    count = start = 0
    for end in _ends(extra_terminals).finditer(line):
        # A full stop also stands inside numbers, names and addresses; other marks need no space behind them.
        if end[2] is not None or end[1].strip("."):
            count += any(map(str.isalnum, line[start : end.start()]))
            start = end.end()
    return count + any(map(str.isalnum, line[start:]))
