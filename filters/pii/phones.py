"""Telephone numbers, by the numbering plans of the regions that a page may be from.

An international number (+49 …) is judged by itself. A national one needs a region, guessed from the language and from
the country of the address, and evidence beyond its digits: a word for a telephone before it, or the groups, the area
code and the national prefix that its region writes.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat

from filters.pii.numbers import Number, in_address
from filters.pii.regions import regions_of
from filters.pii.spans import Span
from filters.pii.words import OTHER, PHONE, near_before

KIND = "phone"
MINIMUM_DIGITS, MAXIMUM_DIGITS = 7, 17  # E.164 has 15; "00" may stand before them
_INTERNATIONAL = re.compile(r"\(?(?:\+|00(?=[ 1-9]))")
# Dates and times, which have digits in groups as well: 2019-03-12 10:30, 12.03.2019, 2019/20; years side by side.
_DATE = re.compile(
    r"(?:19|20)\d\d[-./ ]?(?:0[1-9]|1[0-2])[-./ ]?(?:0[1-9]|[12]\d|3[01])(?!\d).*"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./ ]{1,2}(?:0?[1-9]|1[0-2])[-./ ]{1,2}(?:19|20)?\d\d(?!\d).*"
    r"|(?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])[-./](?:19|20)\d\d(?!\d).*"
    r"|(?:1[0-9]|20)\d\d ?[-/] ?(?:1[0-9]|20)?\d\d(?:[-/. ].*)?"
)
_DOTTED_QUAD = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_GROUPED_BY_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([. ])\d{3})(?:\1\d{3})*")


def find_phones(numbers: Sequence[Number], language: str, url: str) -> Iterator[Span]:
    """Telephone numbers among a text's numbers; `language` is a label such as `deu_Latn`.

    >>> from filters.pii.numbers import find_numbers
    >>> text = "Tel. 030 23125-000, +33 1 99 00 12 34; am 12.03.2019 um 1.234.567"
    >>> [text[span.start : span.end] for span in find_phones(find_numbers(text), "deu_Latn", "")]
    ['030 23125-000', '+33 1 99 00 12 34']
    >>> len(list(find_phones(find_numbers("الهاتف: ٠١٠٠ ١٢٣ ٤٥٦٧"), "arb_Arab", "https://example.eg/")))
    1
    """
    regions = regions_of(language, url)
    for number in numbers:
        digits = len(number.digits)
        if digits < MINIMUM_DIGITS:
            continue
        if digits <= MAXIMUM_DIGITS and _is_phone(number, regions):
            yield Span(number.start, number.end, KIND)
            continue
        parts = number.parts()
        for part in parts if len(parts) > 1 else ():
            if MINIMUM_DIGITS <= len(part.digits) <= MAXIMUM_DIGITS and _is_phone(part, regions):
                yield Span(part.start, part.end, KIND)


def _is_phone(number: Number, regions: Sequence[str]) -> bool:
    if not number.stands_alone or in_address(number.text, number.start) or _DOTTED_QUAD.search(number.folded):
        return False
    if _INTERNATIONAL.match(number.folded):
        return _is_international(number)
    if _DATE.fullmatch(number.folded) or not any(_may_be_national(number.digits, region) for region in regions):
        return False
    named = _last_word(near_before(number))
    if named == "other":
        return False
    valid = (parsed for region in regions if (parsed := _parse(number.folded, region)))
    if named == "phone":
        return any(True for _ in valid)
    return any(_is_written_as_usual(number.folded, parsed) for parsed in valid)


def _is_international(number: Number) -> bool:
    folded = re.sub(r"^\(?00 ?", "+", number.folded)
    return _parse(folded, None) is not None


def _last_word(before: str) -> str | None:
    """Whether the last word before a number that says what it is says "phone", "other", or nothing."""
    places = {
        name: max((found.end() for found in words.finditer(before)), default=-1)
        for name, words in (("phone", PHONE), ("other", OTHER))
    }
    last = max(places, key=places.__getitem__)
    return last if places[last] >= 0 else None


def _may_be_national(digits: str, region: str) -> bool:
    """Whether digits, with or without the national prefix, are in a region's numbering plan: cheap, no proof."""
    plan, prefix = _plan(region)
    return bool(plan.fullmatch(digits)) or bool(
        prefix and digits.startswith(prefix) and plan.fullmatch(digits[len(prefix) :])
    )


@cache
def _plan(region: str) -> tuple[re.Pattern[str], str]:
    """A region's national numbers, and the prefix that is dialled before them."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None:
        return re.compile("(?!)"), ""
    return re.compile(metadata.general_desc.national_number_pattern or "(?!)"), metadata.national_prefix or ""


@lru_cache(maxsize=4096)
def _parse(folded: str, region: str | None) -> PhoneNumber | None:
    """A valid number, or None."""
    try:
        parsed = phonenumbers.parse(folded, region)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None


def _is_written_as_usual(folded: str, parsed: PhoneNumber) -> bool:
    """Whether a number has the groups in which its region writes it, and an area code that shows as one.

    A number without groups, or grouped as thousands are, could be any number.
    """
    groups = re.findall(r"\d+", folded)
    if len(groups) < 2 or _GROUPED_BY_THOUSANDS.fullmatch(folded):
        return False
    usual = re.findall(r"\d+", phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL))
    has_prefix = folded.startswith(("0", "(", "8 (")) or len(groups) >= 3
    return groups == usual and has_prefix
