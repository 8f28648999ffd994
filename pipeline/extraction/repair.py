"""Repair of extracted text: wrong decoding, invisible rubbish, remains of tables, lines wrapped at a fixed width.

A repair changes what is broken and leaves what is unusual: no compatibility normalisation, no other quotes, no narrower
letters. It happens after extraction and before language identification, and says what it did. The order of REPAIRS is
the order of work.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from pipeline.extraction.unwrap import join_wrapped_lines


class RepairParameters(BaseModel):
    """What is repaired in extracted text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoding: bool = Field(default=True, description="undo wrong decoding of characters with ftfy")
    control_characters: bool = Field(default=True, description="remove control characters and terminal colours")
    line_breaks: bool = Field(default=True, description="make every kind of line break a line feed")
    zero_width: bool = Field(default=True, description="remove invisible characters that no orthography uses")
    table_rows: bool = Field(default=True, description="remove table rows without content")
    empty_cells: bool = Field(default=False, description="make one of three or more empty cells side by side")
    separators: bool = Field(default=True, description="shorten lines of one repeated mark to three")
    blank_lines: bool = Field(
        default=True, description="shorten runs of blank lines to two, remove spaces at line ends"
    )
    wrapped_lines: bool = Field(default=True, description="join lines that were broken at a fixed width")


DEFAULT_PARAMETERS = RepairParameters()


@dataclass(frozen=True)
class Repaired:
    """A text after repair, and the names of the repairs that changed it, in order."""

    text: str
    changes: tuple[str, ...]


def repair(text: str, parameters: RepairParameters = DEFAULT_PARAMETERS) -> Repaired:
    """Apply the repairs that are switched on.

    >>> repair("Ð\\x9fÑ\\x80Ð¸Ð²ÐµÑ\\x82, cafÃ©\\n| | |\\nข้อ\\u200bความ \\u200bword")
    Repaired(text='Привет, café\\nข้อ\\u200bความ word', changes=('encoding', 'zero_width', 'table_rows'))
    >>> repair("„Grüße“ ＡＢＣ می‌رود ශ්‍රී ĳs ﾃｽﾄ").changes
    ()
    """
    changes = []
    for name, change in REPAIRS.items():
        if getattr(parameters, name):
            repaired = change(text)
            if repaired != text:
                changes.append(name)
                text = repaired
    return Repaired(text, tuple(changes))


@cache
def _misread_pairs() -> tuple[frozenset[str], re.Pattern[str]]:
    """Two characters that UTF-8 read as a single-byte encoding always leaves, a first byte and a following one.

    And a pattern that finds where they may be, since most texts have none: what it finds is looked up among the pairs.
    A following byte may have been lost (U+FFFD, U+001A), or be the no-break space that became a space.
    """
    from ftfy.chardata import CHARMAP_ENCODINGS

    pairs = {"Ã "}
    for encoding in CHARMAP_ENCODINGS:
        first, following = (bytes(codes).decode(encoding, "ignore") for codes in (range(0xC2, 0xF5), range(0x80, 0xC0)))
        pairs |= {one + other for one in first for other in f"{following}\ufffd\x1a"}
    firsts, followings = ("".join(sorted({pair[place] for pair in pairs})) for place in (0, 1))
    return frozenset(pairs), re.compile(f"[{re.escape(firsts)}](?=[{re.escape(followings)}])")


_C1 = re.compile("[\x80-\x9f]")  # control characters that no decoding should leave


def _may_be_misread(text: str) -> bool:
    """A cheap sign of wrong decoding: ftfy looks at what has it."""
    if text.isascii():
        return False
    pairs, places = _misread_pairs()
    return any(text[found.start() : found.start() + 2] in pairs for found in places.finditer(text)) or bool(
        _C1.search(text)
    )


@cache
def _fix_encoding() -> Callable[[str], str]:
    """What ftfy does about wrong decoding, and nothing else that it can do.

    Full-width letters are right in Chinese, Japanese and Korean, ĳ and ǆ are letters of Dutch and Croatian, every
    language has quotes of its own, manuals write about character references, and NFC changes nothing that is broken.
    """
    import ftfy

    config = ftfy.TextFixerConfig(normalization=None, explain=False)
    return lambda line: ftfy.fix_encoding(line, config)


def repair_encoding(text: str) -> str:
    """Undo decoding with a wrong character encoding, line by line, where the result is certainly better (ftfy).

    >>> repair_encoding("Ã‡a coÃ»te 5 â‚¬ â€“ 東京"), repair_encoding("Â© 2020, ÎµÎ»Î»Î·Î½Î¹ÎºÎ¬")
    ('Ça coûte 5 € – 東京', '© 2020, ελληνικά')
    >>> repair_encoding("Großmutters „Öl“ – São João, ĐÃ NẴNG")
    'Großmutters „Öl“ – São João, ĐÃ NẴNG'
    """
    if not _may_be_misread(text):
        return text
    fix = _fix_encoding()
    return "\n".join(fix(line) if _may_be_misread(line) else line for line in text.split("\n"))


_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Control characters but tab, line feed and those that break lines; deprecated formats; interlinear annotation.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\u206a-\u206f\ufff9-\ufffb]")


def remove_control_characters(text: str) -> str:
    """Remove what printers and terminals obeyed, and halves of surrogate pairs, which no encoding can write.

    >>> remove_control_characters("\\x1b[31mröd\\x1b[0m \\x07text\\ud800")
    'röd text'
    """
    text = _CONTROL.sub("", _TERMINAL.sub("", text))
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def unify_line_breaks(text: str) -> str:
    """Make every kind of line break a line feed.

    >>> unify_line_breaks("a\\r\\nb\\u2028c\\x0cd")
    'a\\nb\\nc\\nd'
    """
    return _LINE_BREAKS.sub("\n", text)


# Byte order marks, word joiners, soft hyphens and object replacements are of layout; the zero width space is it where
# it is not the boundary of words: in Thai, Lao, Burmese, Khmer, Tibetan and their neighbours it is. The joiners U+200C
# and U+200D, marks of direction and variation selectors spell and show text, and stay.
_SPACELESS = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1bff\ua980-\ua9ff\uaa60-\uaadf"
_INVISIBLE = "\ufeff\u2060\u00ad\ufffc\u200b"
_ZERO_WIDTH = re.compile(
    rf"[\ufeff\u2060\u00ad\ufffc]+|(?<![{_SPACELESS}])\u200b+(?![{_SPACELESS}])|\u200b(?=\u200b)|(?<![^\s])\u200b+|\u200b+(?!\S)"
)


def remove_zero_width(text: str) -> str:
    """Remove invisible characters that no orthography uses.

    >>> remove_zero_width("\\ufeffZusam\\u00admen\\u200barbeit"), remove_zero_width("ភាសា\\u200bខ្មែរ می\\u200cرود")
    ('Zusammenarbeit', 'ភាសា\\u200bខ្មែរ می\\u200cرود')
    """
    return _ZERO_WIDTH.sub("", text) if any(character in text for character in _INVISIBLE) else text


_EMPTY_ROWS = re.compile(r"^\|[|\t \u00a0]*\|[ \t]*(?:\n|\Z)", re.MULTILINE)
_EMPTY_CELLS = re.compile(r"(?<=\|)(?:[ \t\u00a0]+\|){3,}")


def remove_empty_rows(text: str) -> str:
    """Remove table rows without content; a bar alone, or behind spaces, is of a drawing.

    >>> remove_empty_rows("| ရက် | நாள் |\\n|  |  |\\n| a |  |\\n  |\\n")
    '| ရက် | நாள் |\\n| a |  |\\n  |\\n'
    """
    return _EMPTY_ROWS.sub("", text) if "|" in text else text


def merge_empty_cells(text: str) -> str:
    """Make one of three or more empty cells side by side: right where tables are layout, wrong where they are data.

    >>> merge_empty_cells("| ရက် |  |  |  |  | நாள் |\\n| a |  | b |")
    '| ရက် |  | நாள் |\\n| a |  | b |'
    """
    return _EMPTY_CELLS.sub("  |", text) if "|" in text else text


_SEPARATOR = re.compile(r"^([ \t]*)([^\w\s|\ufffd])(?:[ \t]*\2){3,}[ \t]*$", re.MULTILINE)


def shorten_separators(text: str) -> str:
    """Shorten lines of one repeated mark to three of them.

    >>> shorten_separators("Часть 1\\n==========\\n* * * * *\\nwait....")
    'Часть 1\\n===\\n***\\nwait....'
    """
    return _SEPARATOR.sub(lambda found: found[1] + found[2] * 3, text)


_SPACE = " \t\u00a0\u3000"
_BLANK_LINES = re.compile(r"\n{4,}")


def shorten_blank_lines(text: str) -> str:
    """Remove spaces at line ends, and all but two of a run of blank lines.

    >>> shorten_blank_lines("一 \\n \\n\\n\\n\\n二")
    '一\\n\\n\\n二'
    """
    text = "\n".join(line.rstrip(_SPACE) for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n\n", text)


REPAIRS: dict[str, Callable[[str], str]] = {
    "encoding": repair_encoding,
    "control_characters": remove_control_characters,
    "line_breaks": unify_line_breaks,
    "zero_width": remove_zero_width,
    "table_rows": remove_empty_rows,
    "empty_cells": merge_empty_cells,
    "separators": shorten_separators,
    "blank_lines": shorten_blank_lines,
    "wrapped_lines": join_wrapped_lines,
}
