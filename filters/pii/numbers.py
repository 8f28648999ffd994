"""Groups of digits of a text, found in one pass: the pre-filter of every finder that looks for numbers.

Most documents have none that is long enough, and end here. Digits are those of any script: Arabic-Indic, Devanagari,
full-width. Groups may be divided as people divide telephone numbers, cards and identifiers.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

# Up to three of these stand between two digits of one number: "(030) 12-34", "+49 (0)30". Among them are hyphens, the
# en dash and the minus sign, spaces that do not break, full-width forms of East Asian typography, and the marks of
# direction that Hebrew and Arabic texts put around numbers.
HYPHENS = "\\-\u2010\u2011\u2012\u2013\u2212\uff0d"
SPACES = " \u00a0\u2007\u2009\u202f\u3000"
DIRECTIONS = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
DIVIDERS = f"{HYPHENS}{SPACES}{DIRECTIONS}./()\uff0e\uff08\uff09"
MINIMUM_DIGITS = 4  # of the shortest IPv4 address

_NUMBER = re.compile(rf"\d(?>(?:[{DIVIDERS}]{{0,3}}\d)+)")
_OPENING = re.compile(rf"[+\uff0b]?[{DIRECTIONS}]*[(\uff08]?[{DIRECTIONS}]*$")
_FOLDED = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\uff0d", "-"),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "),
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code != 0xFF0D},
}
_BREAKS = re.compile(r"  +| [/|-] |\) ?\(")


@dataclass(frozen=True)
class Number:
    """A group of digits in a text, from its first to its last digit, with a `+` or `(` before it."""

    text: str
    start: int
    end: int

    @cached_property
    def folded(self) -> str:
        """The number in ASCII, as long as it is in the text."""
        return fold(self.text[self.start : self.end])

    @cached_property
    def digits(self) -> str:
        """Its digits alone, in ASCII."""
        return "".join(filter(str.isdigit, self.folded))

    def before(self, size: int) -> str:
        """So many characters before it."""
        return self.text[max(0, self.start - size) : self.start]

    def after(self, size: int) -> str:
        """So many characters after it."""
        return self.text[self.end : self.end + size]

    @property
    def stands_alone(self) -> bool:
        """Whether it is no part of a word, of a decimal or of an amount of money.

        Letters that need no space before a number (电话010…) do not touch it.
        """
        before, after = self.before(2), self.after(2)
        if before and (_is_word(before[-1]) or before[-1] in "#$€£¥₹%=~&@\\"):
            return False
        if after and (_is_word(after[0]) or after[0] in "%€£$₹°@"):
            return False
        return not (re.fullmatch(r"\d[.,:]", before) or re.match(r"[.,:]\d", after))

    def parts(self) -> list["Number"]:
        """Numbers that stand side by side, "030 1234 / 030 1235", one by one; itself alone where there is one."""
        cuts = [(found.start(), found.end()) for found in _BREAKS.finditer(self.folded)]
        starts = [0, *(end for _, end in cuts)]
        ends = [*(start for start, _ in cuts), len(self.folded)]
        return [
            Number(self.text, self.start + start, self.start + end)
            for start, end in zip(starts, ends, strict=True)
            if start < end
        ]


def find_numbers(text: str) -> list[Number]:
    """Groups of at least MINIMUM_DIGITS digits, in order.

    >>> [number.folded for number in find_numbers("Tel. (030) 12 34 56, ２０２１年, १२३-४५६७, 7")]
    ['(030) 12 34 56', '2021', '123-4567']
    """
    return [Number(text, *place) for place in _places(text)]


def _places(text: str) -> Iterator[tuple[int, int]]:
    for found in _NUMBER.finditer(text):
        start, end = found.span()
        if end - start >= MINIMUM_DIGITS:
            opening = _OPENING.search(text[max(0, start - 4) : start])
            yield start - (len(opening.group()) if opening else 0), end


def fold(text: str) -> str:
    """Digits of any script, full-width forms, hyphens and spaces as ASCII, character by character.

    >>> fold("＋９１ ९८७६–५"), fold("۰۲۱")
    ('+91 9876-5', '021')
    """
    return text if text.isascii() else "".join(map(_fold_character, text))


def _fold_character(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return _FOLDED.get(character, character) if digit is None else str(digit)


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())


def in_address(text: str, place: int) -> bool:
    """Whether a place lies in a web address, whose numbers are paths and parameters.

    >>> in_address("see https://example.org/a/03012345", 30), in_address("see 03012345", 4)
    (True, False)
    """
    before = text[max(0, place - 200) : place]
    if not before or before[-1].isspace():
        return False
    token = before.split()[-1].lower()
    return "://" in token or "www." in token or "doi:" in token or "doi.org" in token
