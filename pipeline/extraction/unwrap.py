"""Lines that were broken at a fixed width, joined into paragraphs again.

A program that fills lines breaks one only where the next word does not fit. So in wrapped text every line, with the
first word of the next, is longer than the longest line. Poems, lists, addresses and code hardly ever are.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

# What e-mail, manuals and books are wrapped at. Narrower is verse, wider is no habit.
MINIMUM_WIDTH, MAXIMUM_WIDTH = 45, 132
MINIMUM_LINES = 4  # of a paragraph that shows by itself that it was wrapped
MINIMUM_SOUTHEAST_ASIAN_LINES = 6  # the same where much may be empty at line ends: full lines are less of a sign
MINIMUM_INSIDE = 0.5  # share of its breaks that are surely inside a sentence, where only names have capitals
MOST_CAPITALS = 0.5  # above are headlines, and scripts whose letters all count as capitals
MINIMUM_WORDS = 4  # a line, on average: lists of paths and keys have one
LONGEST_WORD = 24  # columns; a longer one is an address, which would not have fitted on most lines

# Three lines that may be of one paragraph: most pages have one line a paragraph, and end here.
_MAY_BE_WRAPPED = re.compile(rf"^(?:[^\s][^\n]{{9,{MAXIMUM_WIDTH - 1}}}\n){{{MINIMUM_LINES - 1}}}\S", re.MULTILINE)
_MARKED = re.compile(
    r"\s|[-+*•·‣▪◦–—>|#$%@/\\=_~`]|(?:\d{1,3}|[^\W\d_]|[ivxIVX]{1,5})[.):、]|\(\w{1,3}\)|\[\w{1,3}\]|[\u2190-\u2bff\U0001f000-\U0001faff]"
)
_CODE = re.compile(r"[{};\\|=<>]{1}\s*$|\w\(\)|[=!<>]=|->|=>|::|^\w+ = |\t| {3,}")
_ENDS_SENTENCE = re.compile(r"[.!?…:;。！？：；।॥؟۔։።᠃។။]['\"”“»’)\]」』）]*$")
# Latin, Greek, Cyrillic, Armenian and common punctuation: the letters that need no closer look.
_ONE_COLUMN = re.compile("[ -~\u00a0-\u02ff\u0370-\u0482\u048a-\u058f\u1e00-\u1fff\u2010-\u2027]*")
# Scripts without spaces between words: how many columns a program may leave empty at the end of a line, since marks may
# not begin one (Han, kana: JIS X 4051) or since it breaks between words.
_EAST_ASIAN = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff65\U00020000-\U0003ffff]")
_SOUTHEAST_ASIAN = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\ua980-\ua9ff]")
_SPACELESS = (_EAST_ASIAN, _SOUTHEAST_ASIAN)
EAST_ASIAN_SLACK, SOUTHEAST_ASIAN_SLACK = 4, 12


def join_wrapped_lines(text: str) -> str:
    """Join the lines of paragraphs that were wrapped; everything else stays as it is.

    >>> wrapped = (
    ...     "Все люди рождаются свободными и равными в своем достоинстве и\\n"
    ...     "правах. Они наделены разумом и совестью и должны поступать в\\n"
    ...     "отношении друг друга в духе братства. Каждый человек должен\\n"
    ...     "обладать всеми правами.\\n\\nКонец"
    ... )
    >>> join_wrapped_lines(wrapped).count("\\n")
    2
    >>> poem = "Über allen Gipfeln\\nIst Ruh,\\nIn allen Wipfeln\\nSpürest du\\nKaum einen Hauch;"
    >>> join_wrapped_lines(poem) == poem
    True
    """
    if not _MAY_BE_WRAPPED.search(text):
        return text
    blocks = list(_blocks(text.split("\n")))
    widths = [_wrap_width(block) for block in blocks]
    usual = max((width for width in widths if width), default=0)
    if not usual:
        return text
    return "\n".join(line for block, width in zip(blocks, widths, strict=True) for line in _joined(block, width, usual))


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Runs of lines that may be of one paragraph; every other line by itself."""
    block: list[str] = []
    for line in lines:
        fits = 0 < len(line) <= MAXIMUM_WIDTH and not _MARKED.match(line) and not _CODE.search(line)
        if fits:
            block.append(line)
            continue
        if block:
            yield block
        yield [line]
        block = []
    if block:
        yield block


def _wrap_width(block: Sequence[str]) -> int | None:
    """The width at which the lines of a block were broken; None when they do not show one."""
    least = MINIMUM_SOUTHEAST_ASIAN_LINES if _SOUTHEAST_ASIAN.search(block[0]) else MINIMUM_LINES
    if len(block) < least or not _has_words(block):
        return None
    width = max(map(columns, block))
    if not MINIMUM_WIDTH <= width <= MAXIMUM_WIDTH:
        return None
    breaks = list(pairwise(block))
    if not all(_is_full(line, following, width) or _ENDS_SENTENCE.search(line) for line, following in breaks):
        return None
    inside = [_is_full(line, following, width) and _is_inside(line, following) for line, following in breaks]
    return width if sum(inside) >= MINIMUM_INSIDE * len(breaks) * (1 - _capitals(block)) else None


def _capitals(block: Sequence[str]) -> float:
    """Share of the words inside lines that begin with a capital: high in German, whose nouns do."""
    words = [word for line in block for word in line.split()[1:]]
    return min(MOST_CAPITALS, sum(word[0].isupper() for word in words) / len(words)) if words else 0.0


def _is_spaceless(line: str) -> bool:
    return any(script.search(line) for script in _SPACELESS)


def _has_words(block: Sequence[str]) -> bool:
    return _is_spaceless(block[0]) or sum(len(line.split()) for line in block) >= MINIMUM_WORDS * len(block)


def _is_full(line: str, following: str, width: int) -> bool:
    """Whether the first word of the next line had no place on this one."""
    return columns(line) + _first_word(following) > width


def _first_word(line: str) -> int:
    """Columns of the least that could have been moved to the line before, with the space that it needs."""
    if _EAST_ASIAN.match(line):
        return EAST_ASIAN_SLACK
    if _SOUTHEAST_ASIAN.match(line):
        return SOUTHEAST_ASIAN_SLACK
    return 1 + columns(line.split(maxsplit=1)[0])


def _is_inside(line: str, following: str) -> bool:
    """Whether a break is inside a sentence: no end before it and, in scripts with capitals, none after it."""
    return not _ENDS_SENTENCE.search(line) and not following[0].isupper()


def _joined(block: Sequence[str], width: int | None, usual: int) -> Iterator[str]:
    """The lines of a block, those together that were broken at its width.

    A block that does not show a width by itself has the usual one of the document, but only its breaks inside
    sentences are certain.
    """
    paragraph = block[0]
    for line, following in pairwise(block):
        if _is_full(line, following, width) if width else _is_surely_wrapped(line, following, usual):
            paragraph = _join(paragraph, following)
        else:
            yield paragraph
            paragraph = following
    yield paragraph


def _is_surely_wrapped(line: str, following: str, width: int) -> bool:
    if max(columns(line), columns(following)) > width or not _has_words([line]):
        return False
    short = _first_word(following) <= LONGEST_WORD
    return short and _is_inside(line, following) and _is_full(line, following, width)


def _join(line: str, following: str) -> str:
    """Two parts of a paragraph: with a space between them, but in scripts that have none, or after a hyphen.

    >>> _join("吾輩は猫である。名前は", "まだ無い。"), _join("a well-", "known fact"), _join("Haus- ", "und Hof")
    ('吾輩は猫である。名前はまだ無い。', 'a well-known fact', 'Haus- und Hof')
    """
    if any(script.match(line[-1]) for script in _SPACELESS) and any(script.match(following) for script in _SPACELESS):
        return line + following
    if line[-1].isspace() or (line.endswith("-") and line[-2:-1].isalpha() and following[0].islower()):
        return line + following
    return f"{line} {following}"


def columns(line: str) -> int:
    """Columns that a line takes in a terminal: wide characters two, marks above and below none (UAX #11).

    >>> columns("Wörter"), columns("名前"), columns("ไม่")
    (6, 4, 2)
    """
    if _ONE_COLUMN.fullmatch(line):
        return len(line)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in line)
    marks = sum(unicodedata.category(character) in ("Mn", "Me", "Cf") for character in line)
    return len(line) + wide - marks
