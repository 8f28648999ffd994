"""National identifiers of persons: a form, right check digits, and a word that announces them or a form of their own.

One check digit is right by chance in every tenth number: no evidence where a page is full of numbers.
"""

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import ahocorasick
import yaml

from filters.pii.numbers import Number, fold, in_address
from filters.pii.regions import regions_of
from filters.pii.spans import Span
from filters.pii.words import near_before

KIND = "national_id"
MINIMUM_DIGITS = 7
# Letters before and after the digits of an identifier; the Mexican one has the most, 4 and 7.
_MARGIN = 10
_SCRIPT_WITH_SPACES = re.compile(r"[A-Za-zÀ-ɏͰ-ӿ֐-׿]")


@dataclass(frozen=True)
class Identifier:
    """A row of identifiers.yaml."""

    country: str
    name: str
    module: str
    words: tuple[str, ...]
    form: str
    alone: str | None = None
    anywhere: bool = False
    scattered: bool = False

    @cached_property
    def announced(self) -> re.Pattern[str]:
        """The form that counts after a word."""
        return _bounded(self.form)

    @cached_property
    def by_itself(self) -> re.Pattern[str] | None:
        """The form that needs no word."""
        return _bounded(self.alone) if self.alone else None

    def is_valid(self, number: str) -> bool:
        """Whether the check digits are right, and the date and place of birth possible."""
        try:
            return bool(importlib.import_module(self.module).is_valid(number))
        except LookupError:  # stdnum.cn.ric looks for a county that its table of places does not have
            return False


def _bounded(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9_])(?<!\d[.,/-])(?:{form})(?![A-Za-z0-9_]|[.,/-]\d)")


@cache
def identifiers() -> tuple[Identifier, ...]:
    """Every identifier that is known."""
    rows = yaml.safe_load((files("filters.pii") / "identifiers.yaml").read_text(encoding="utf-8"))
    return tuple(Identifier(**row | {"words": tuple(row["words"])}) for row in rows)


@cache
def _words() -> ahocorasick.Automaton:
    """Words that announce identifiers → the numbers of their rows."""
    rows: dict[str, list[int]] = {}
    for place, identifier in enumerate(identifiers()):
        for word in identifier.words:
            rows.setdefault(word.casefold(), []).append(place)
    automaton = ahocorasick.Automaton()
    for word, places in rows.items():
        automaton.add_word(word, (word, tuple(places)))
    automaton.make_automaton()
    return automaton


@cache
def _alone(countries: tuple[str, ...]) -> tuple[Identifier, ...]:
    return tuple(row for row in identifiers() if row.by_itself and (row.anywhere or row.country in countries))


def find_identifiers(text: str, numbers: Sequence[Number], language: str, url: str) -> Iterator[Span]:
    """National identifiers of a text, given its numbers; a span may be found twice.

    >>> from filters.pii.numbers import find_numbers
    >>> text = "PESEL: 44051401359, nr 44051401359; 身份证号360426199101010071; CPF 390.533.447-05"
    >>> found = find_identifiers(text, find_numbers(text), "pol_Latn", "")
    >>> [text[span.start : span.end] for span in found]
    ['44051401359', '360426199101010071', '390.533.447-05']
    """
    alone = _alone(tuple(regions_of(language, url)))
    for row in alone:
        if row.scattered and row.by_itself:
            places = (found.span() for found in row.by_itself.finditer(text) if row.is_valid(found.group()))
            yield from (Span(start, end, KIND) for start, end in places)
    for number in numbers:
        if not _is_long_enough(number):
            continue
        first = max(0, number.start - _MARGIN)
        around = fold(text[first : number.end + _MARGIN])
        forms = [(row, row.announced) for row in _announced(near_before(number))]
        forms += [(row, row.by_itself) for row in alone if row.by_itself]
        for row, form in forms:
            found = form.search(around)
            if found and row.is_valid(found.group()) and not in_address(text, number.start):
                yield Span(first + found.start(), first + found.end(), KIND)
                break


def _is_long_enough(number: Number) -> bool:
    """Whether a number has as many digits as the shortest identifier, or touches letters that may be part of one."""
    if len(number.digits) >= MINIMUM_DIGITS:
        return True
    touching = number.before(1) + number.after(1)
    return touching.isascii() and any(map(str.isupper, touching))


def _announced(before: str) -> list[Identifier]:
    """The identifiers that words in a text announce.

    >>> [row.country for row in _announced("Numer PESEL: ")], _announced("Kitab ")
    (['PL'], [])
    """
    folded = before.casefold()
    places: dict[int, None] = {}
    for last, (word, rows) in _words().iter(folded):
        first = last - len(word) + 1
        touching = folded[first - 1 : first] + folded[last + 1 : last + 2]
        if not _SCRIPT_WITH_SPACES.search(word) or not any(map(str.isalpha, touching)):
            places |= dict.fromkeys(rows)
    return [identifiers()[place] for place in places]
