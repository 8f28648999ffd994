"""Each finder against an independent oracle: the standard library, python-stdnum, published examples."""

import doctest
import importlib
import ipaddress
import pkgutil
import random

import phonenumbers
import pytest
import stdnum.iban
import stdnum.luhn
from hypothesis import given
from hypothesis import strategies as st

import filters.pii
from filters.pii.accounts import IBAN_LENGTHS, is_card, is_iban, luhn
from filters.pii.addresses import is_public
from filters.pii.emails import find_emails, find_written_emails
from filters.pii.find import find_pii
from filters.pii.identifiers import identifiers
from filters.pii.numbers import fold
from filters.pii.regions import regions_of
from filters.pii.secrets import find_secrets, known_secrets

MODULES = [f"filters.pii.{module.name}" for module in pkgutil.iter_modules(filters.pii.__path__)]


def found(text: str, language: str = "und_Zzzz", url: str = "") -> list[str]:
    return [text[span.start : span.end] for span in find_pii(text, language, url)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("country", IBAN_LENGTHS)
def test_ibans_have_the_lengths_of_the_registry(country: str) -> None:
    info = dict(stdnum.iban._ibandb.info(country + "00")[0][1])
    assert sum(
        int(part.split("!")[0]) for part in info["bban"].replace("c", "n").replace("a", "n").split("n") if part
    ) == (IBAN_LENGTHS[country] - 4)


@given(st.sampled_from(sorted(IBAN_LENGTHS)), st.randoms(use_true_random=False))
def test_one_digit_decides_an_iban(country: str, chance: random.Random) -> None:
    bank, rest = chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=4), IBAN_LENGTHS[country] - 8
    account = "".join([*bank, *chance.choices("0123456789", k=rest)])
    right = country + stdnum.iban.calc_check_digits(country + "00" + account) + account
    wrong = right[:2] + f"{(int(right[2:4]) + 1) % 100:02}" + account
    assert is_iban(right)
    assert not is_iban(wrong)
    assert not is_iban(right + "0")
    assert found(f"Konto {right}.") == [right]
    assert found(f"Konto X{right}.") == []


@given(st.from_regex(r"[0-9]{1,25}", fullmatch=True))
def test_luhn_is_luhn(digits: str) -> None:
    assert luhn(digits) == stdnum.luhn.is_valid(digits)


# Test cards of Stripe's, Adyen's and PayPal's public documentation.
@pytest.mark.parametrize(
    "digits",
    [
        *("4242424242424242", "4000056655665556", "5555555555554444", "2223003122003222", "5200828282828210"),
        *("378282246310005", "371449635398431", "6011111111111117", "6011000990139424", "3056930009020004"[:14]),
        *("36227206271667", "3566002020360505", "6205500000000000004", "6759649826438453", "4222222222222"),
    ],
)
def test_test_cards_are_cards(digits: str) -> None:
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert not is_card(wrong)
    if luhn(digits):
        assert is_card(digits)
        assert found(f"Visa card: {digits}") == [digits]
        assert found(f"Order {digits}") == []


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_public_addresses_are_global_ones(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast
    else:
        # What Python calls global and is none's: relays, resolvers, and what is not handed out (RFC 4291: 2000::/3 is).
        assert not address.is_global or address.is_multicast or _is_set_aside(address)


def _is_set_aside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if address.version == 6 and address not in ipaddress.ip_network("2000::/3"):
        return True
    aside = ("192.88.99.0/24", "192.0.0.0/24", "2001::/23", "2002::/16", "3fff::/20")
    return any(address in ipaddress.ip_network(network) for network in aside)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from 84.115.20.7:8080", ["84.115.20.7"]),
        ("IP 5.9.20.7", ["5.9.20.7"]),
        ("5.9.20.7 Scope", []),
        ("Chrome/120.44.33.200", []),
        ("v84.115.20.7", []),
        ("wersja 84.115.20.7", []),
        ("バージョン84.115.20.7", []),
        ("1.3.6.1.4.1.84.115.20.7", []),
        ("84.115.0.0/16", []),
        ("84.115.20.0/24", []),
        ("884.115.20.7", []),
        ("1984.115.20.7.3", []),
        ("std::abs(2001::x)", []),
        ("2a02:8388:e2c1::1", ["2a02:8388:e2c1::1"]),
        ("[2a02:8388:e2c1:0:0:0:0:1]:443", ["2a02:8388:e2c1:0:0:0:0:1"]),
        ("2019:12:30:45:10", []),
    ],
)
def test_addresses_are_no_versions(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a.b-c_d+e@sub.example.org>,", ["a.b-c_d+e@sub.example.org"]),
        ("mailto:a@example.org?subject=x", ["a@example.org"]),
        ("a@example.org.", ["a@example.org"]),
        ("a@example.org-Liste", ["a@example.org"]),
        ("a@xn--mgbh0fb.xn--kgbechtv a@xn--fiqs8s.xn--fiqs8s", ["a@xn--fiqs8s.xn--fiqs8s"]),
        ("name＠example．jp", ["name＠example．jp"]),
        ("a..b@example.org", []),
        ("@user@example.org", []),
        ("https://user:word@example.org/", []),
        ("rsync -a x user@example.org:/path", []),
        ("lodash@4.17.21 @app.route a@b", []),
        ("a@example.unknowntld", []),
    ],
)
def test_emails(text: str, expected: list[str]) -> None:
    assert [text[span.start : span.end] for span in find_emails(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name [at] example [dot] co [dot] uk", ["name [at] example [dot] co [dot] uk"]),
        ("имя (собака) пример.рф", ["имя (собака) пример.рф"]),
        ("nombre(arroba)example(punto)org", ["nombre(arroba)example(punto)org"]),
        ("NAME AT example DOT org", ["NAME AT example DOT org"]),
        ("look at example dot com", []),
        ("see (a) first.Then", []),
        ("meet (at) noon", []),
    ],
)
def test_written_emails(text: str, expected: list[str]) -> None:
    assert [text[span.start : span.end] for span in find_written_emails(text)] == expected


@pytest.mark.parametrize(
    "region", ["DE", "FR", "GB", "US", "BR", "RU", "IN", "JP", "KR", "CN", "EG", "IR", "TH", "PL", "KE"]
)
def test_example_numbers_of_regions_are_found_after_a_word(region: str) -> None:
    number = phonenumbers.example_number(region)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    url = f"https://example.{'uk' if region == 'GB' else region.lower()}/"
    assert found(f"Tel. {national}", "und_Zzzz", url) == [national]
    assert found(f"Tel. {national}") == []  # from nowhere
    assert found(f"so {international} da") == [international]


@pytest.mark.parametrize(
    "text",
    [
        *("ISBN 030 23125000", "Bestellnr. 03023125000", "2019-03-12 10:30", "12.03.2019", "1.234.567.890"),
        *("https://example.de/030-23125-000", "https://example.de/?t=+4930231250", "x030 23125000", "030 23125000,50"),
        *("12 345 678", "03023125000", "Hotel 03023125000", "2019/20 030", "030.23125.0.1"),
    ],
)
def test_other_numbers_are_no_telephone_numbers(text: str) -> None:
    assert found(text, "deu_Latn", "https://example.de/") == []


def test_the_page_s_country_comes_before_its_language() -> None:
    assert regions_of("spa_Latn", "https://example.cl/")[0] == "CL"
    assert regions_of("spa_Latn", "https://example.io/") == regions_of("spa_Latn")
    assert regions_of("zzz_Latn", "http://[broken") == ()


def test_over_forty_countries_have_identifiers_with_check_digits() -> None:
    assert len({row.country for row in identifiers()}) >= 40
    chance = random.Random(5)
    for row in identifiers():
        # Digits at random are refused far more often than not: the module checks more than the form.
        digits = [
            "".join(chance.choices("0123456789", k=n)) for n in (8, 9, 10, 11, 12, 13, 14, 15, 18) for _ in range(60)
        ]
        tries = [number for number in digits if row.announced.fullmatch(number)]
        assert sum(map(row.is_valid, tries)) <= 0.3 * len(tries), row.name


@pytest.mark.parametrize("row", identifiers(), ids=lambda row: f"{row.country} {row.name}")
def test_examples_of_identifiers(row: object) -> None:
    module = importlib.import_module(row.module)  # type: ignore[attr-defined]
    examples = [line.split("'")[1] for line in (module.__doc__ or "").splitlines() if ">>> validate('" in line]
    valid = [number for number in examples if module.is_valid(number) and row.announced.fullmatch(number)]  # type: ignore[attr-defined]
    for number in valid:
        for word in row.words:  # type: ignore[attr-defined]
            assert number in found(f"{word} {number}", "und_Zzzz", f"https://example.{row.country}/"), word  # type: ignore[attr-defined]
        # Read letter by letter: a word inside another announces nothing.
        if row.alone is None:  # type: ignore[attr-defined]
            assert number not in found(f"xx{number}")


def test_a_number_without_its_word_is_no_identifier() -> None:
    assert found("PESEL 44051401359") == ["44051401359"]
    assert found("nr 44051401359", "pol_Latn") == []
    assert found("PESEL 44051401358") == []


def test_a_possible_form_of_an_impossible_place_is_no_error() -> None:
    for first in range(110000, 660000, 5001):
        assert isinstance(found(f"身份证{first}199101010071"), list)


def filled(form: str) -> str:
    """A token of a form, random but always the same."""
    chance = random.Random(form)
    return "".join(chance.choices("0123456789abcdefABCDEFGHIJKLMNOPQRSTUVWXYZ", k=int(form)))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key AKIAQ3EGRT5XW2ZJ7NKP!", "AKIAQ3EGRT5XW2ZJ7NKP"),
        ("stripe sk_" + "live_" + filled("24"), "sk_" + "live_" + filled("24")),
        (
            "'xoxb-" + "123412341234-432143214321-" + filled("24") + "'",
            "xoxb-" + "123412341234-432143214321-" + filled("24"),
        ),
        ("AIza" + filled("35"), "AIza" + filled("35")),
        ("aws_secret_access_key = " + filled("40"), filled("40")),
        ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0abc." + filled("43"), None),
    ],
)
def test_secrets(text: str, secret: str | None) -> None:
    spans = [text[span.start : span.end] for span in find_secrets(text)]
    assert spans == [secret or text]


def test_a_private_key_is_one_span_and_a_description_of_one_is_none() -> None:
    key = f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{filled('300')}\n-----END RSA PRIVATE KEY-----"
    text = f"before\n{key}\nafter"
    assert [text[span.start : span.end] for span in find_secrets(text)] == [key]
    assert list(find_secrets(f"-----BEGIN PRIVATE KEY-----\n{'...' * 80}\n-----END PRIVATE KEY-----")) == []
    assert list(find_secrets(key.replace("PRIVATE", "PUBLIC"))) == []


@pytest.mark.parametrize("secret", known_secrets(), ids=lambda secret: secret.name)
def test_placeholders_are_no_secrets(secret: object) -> None:
    for filler in ("x", "0", "example"):
        text = f"{secret.literal}{filler * 90}"  # type: ignore[attr-defined]
        assert list(find_secrets(text)) == []


@given(st.text(max_size=40))
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)
