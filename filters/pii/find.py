"""All finders over one text: cheap signs first, so that a text without any of them costs two scans."""

from collections.abc import Callable, Collection, Iterator
from functools import cache

import ahocorasick

from filters.pii import emails, secrets
from filters.pii.accounts import find_cards, find_ibans
from filters.pii.addresses import find_ips
from filters.pii.identifiers import find_identifiers
from filters.pii.numbers import find_numbers
from filters.pii.phones import find_phones
from filters.pii.spans import KINDS, Span, resolve

# Finders that a literal calls for, with these literals.
_FINDERS: dict[Callable[[str], Iterator[Span]], Callable[[], tuple[str, ...]]] = {
    emails.find_emails: lambda: emails.SIGNS,
    emails.find_written_emails: lambda: emails.WRITTEN_SIGNS,
    secrets.find_secrets: secrets.signs,
}


def find_pii(text: str, language: str = "und_Zzzz", url: str = "", kinds: Collection[str] = KINDS) -> list[Span]:
    """Spans of a text that identify a person or open a door, in order, none over another.

    `language` (a label such as `deu_Latn`) and `url` say whose telephone and identity numbers to expect. Kinds that are
    not wanted are looked for all the same, since they decide between readings of the same characters.

    >>> text = "Maria Muster, maria@example.org, Tel. 030 23125-000, IBAN DE89 3704 0044 0532 0130 00"
    >>> [(text[span.start : span.end], span.kind) for span in find_pii(text, "deu_Latn")]
    [('maria@example.org', 'email'), ('030 23125-000', 'phone'), ('DE89 3704 0044 0532 0130 00', 'iban')]
    """
    return [span for span in resolve(_find(text, language, url)) if span.kind in kinds]


def _find(text: str, language: str, url: str) -> Iterator[Span]:
    finders = {find for _, find in _signs().iter(text)}
    for find in _FINDERS:
        if find in finders:
            yield from find(text)
    numbers = find_numbers(text)
    yield from find_ips(text, numbers)
    yield from find_identifiers(text, numbers, language, url)
    if numbers:
        yield from find_ibans(text, numbers)
        yield from find_cards(numbers)
        yield from find_phones(numbers, language, url)


@cache
def _signs() -> ahocorasick.Automaton:
    """Literals without which there is nothing to find, each with its finder, sought in one pass."""
    automaton = ahocorasick.Automaton()
    for find, signs in _FINDERS.items():
        for sign in signs():
            automaton.add_word(sign, find)
    automaton.make_automaton()
    return automaton
