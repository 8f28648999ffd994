"""Bank accounts (IBAN, ISO 13616) and payment cards (ISO/IEC 7812), by length, prefix and check digits."""

import re
from collections.abc import Iterator, Sequence

from filters.pii.numbers import Number, in_address
from filters.pii.spans import Span
from filters.pii.words import CARD, before_says

IBAN, CREDIT_CARD = "iban", "card"

# Characters of an IBAN by country: SWIFT's IBAN registry.
_COUNTRIES_BY_LENGTH = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
IBAN_LENGTHS = {country: length for length, names in _COUNTRIES_BY_LENGTH.items() for country in names.split()}
# Digits of a card by the range of its first digits (first, last, lengths), from the issuers' public rules.
CARD_RANGES = (
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14,)),  # Diners Club
    ("36", "36", (14,)),
    ("38", "39", (14,)),
    ("2200", "2204", (16,)),  # Mir
    ("2221", "2720", (16,)),  # Mastercard
    ("51", "55", (16,)),
    ("3528", "3589", (16,)),  # JCB
    ("4", "4", (13, 16, 19)),  # Visa
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "659", (16, 19)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("60", "60", (16,)),  # RuPay
    ("81", "82", (16,)),
    ("9792", "9792", (16,)),  # Troy
    ("50", "50", (12, 13, 14, 15, 16, 17, 18, 19)),  # Maestro
    ("56", "69", (12, 13, 14, 15, 16, 17, 18, 19)),
)
# As cards are embossed; other groups, or none, are evidence only beside a word.
_EMBOSSED = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}(?:[ \u00a0\u202f-]?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
MINIMUM_IBAN_GROUP = 6  # digits in a row that every IBAN has, with the spaces of its groups


def find_ibans(text: str, numbers: Sequence[Number]) -> Iterator[Span]:
    """IBANs of a text, given its numbers: written in one, or in groups.

    >>> from filters.pii.numbers import find_numbers
    >>> text = "IBAN: DE89 3704 0044 0532 0130 00 BIC COBADEFF, IBANはGB82WEST12345698765432です"
    >>> [text[span.start : span.end] for span in find_ibans(text, find_numbers(text))]
    ['DE89 3704 0044 0532 0130 00', 'GB82WEST12345698765432']
    """
    if not any(len(number.digits) >= MINIMUM_IBAN_GROUP for number in numbers):
        return
    for found in _IBAN.finditer(text):
        before = text[max(0, found.start() - 1) : found.start()]
        size = _iban_size(found.group())
        if size and not (before.isascii() and before.isalnum()):
            yield Span(found.start(), found.start() + size, IBAN)


def _iban_size(candidate: str) -> int:
    """How many characters of a candidate are an IBAN; 0 if it does not begin with one."""
    length = IBAN_LENGTHS.get(candidate[:2], 0)
    places = [place for place, character in enumerate(candidate) if character.isalnum()]
    if not length or len(places) < length:
        return 0
    size = places[length - 1] + 1
    ends_there = not candidate[size : size + 1].isalnum()
    return size if ends_there and is_iban(candidate[:size]) else 0


def is_iban(iban: str) -> bool:
    """Whether an IBAN has its country's length and right check digits (ISO 7064, mod 97-10).

    >>> is_iban("GB82 WEST 1234 5698 7654 32"), is_iban("GB83 WEST 1234 5698 7654 32")
    (True, False)
    """
    compact = "".join(filter(str.isalnum, iban))
    if len(compact) != IBAN_LENGTHS.get(compact[:2]) or not (compact.isascii() and compact[2:4].isdigit()):
        return False
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1


def find_cards(numbers: Sequence[Number]) -> Iterator[Span]:
    """Payment card numbers among a text's numbers.

    One number in forty of the right length has an issuer's prefix and a right check digit, so that the groups of
    embossed cards, or a word for a card before it, have to be there as well.

    >>> from filters.pii.numbers import find_numbers
    >>> list(find_cards(find_numbers("4111 1111 1111 1111, 4111111111111112")))
    [Span(start=0, end=19, kind='card')]
    >>> len(list(find_cards(find_numbers("カード番号：５５５５５５５５５５５５４４４４"))))
    1
    """
    for number in numbers:
        if not 12 <= len(number.digits) <= 19 or not is_card(number.digits) or not number.stands_alone:
            continue
        embossed = bool(_EMBOSSED.fullmatch(number.folded)) and len(number.digits) >= 14
        if (embossed or before_says(CARD, number)) and not in_address(number.text, number.start):
            yield Span(number.start, number.end, CREDIT_CARD)


def is_card(digits: str) -> bool:
    """Whether digits have the length and the prefix of an issuer's cards, and a right check digit.

    >>> is_card("378282246310005"), is_card("378282246310006"), is_card("0000000000000000")
    (True, False, False)
    """
    in_range = any(
        first <= digits[: len(first)] <= last and len(digits) in lengths for first, last, lengths in CARD_RANGES
    )
    return in_range and luhn(digits) and len(set(digits)) > 1


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B).

    >>> luhn("79927398713"), luhn("79927398710")
    (True, False)
    """
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[::-2]))) % 10 == 0
