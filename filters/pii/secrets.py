"""Credentials in texts: private keys, web tokens, and keys whose vendors gave them a form that can be recognised.

Passwords and keys without such a form are not found: nothing but context tells them from any other word.
"""

import base64
import binascii
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import yaml

from filters.pii.spans import Span

KIND = "secret"
# Random base 62 of 16 characters has about 3.8 bits a character, random hexadecimal of 32 about 3.6; words repeated,
# counted up or filled with x have less.
MINIMUM_ENTROPY = 3.0
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM_LENGTH = 6
MINIMUM_KEY = 100  # characters of the shortest private key; documentation writes "…" instead

_WEB_TOKEN_SIGN, _PRIVATE_KEY_SIGN = "eyJ", "-----BEGIN "
# The body may have lost its line breaks, and its armour has headers.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<name>(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?)-----"
    r"(?P<body>(?:[^-]|-(?!----)){100,20000})(?:-----END (?P=name)-----)?"
)
_WEB_TOKEN = re.compile(r"(?<![\w-])(?P<header>eyJ[\w-]{10,})\.(?P<claims>eyJ[\w-]{10,})\.(?P<signature>[\w-]{20,})")
# What documentation writes into a key of its own.
_PLACEHOLDER = re.compile(r"example|sample|dummy|fake|your|x{4}|0{6}|1234567|abcdefg|(.)\1{5}", re.IGNORECASE)


@dataclass(frozen=True)
class Secret:
    """A row of secrets.yaml."""

    name: str
    literal: str
    form: str
    checksum: str | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The form where no letter or digit touches it."""
        return re.compile(rf"(?<![A-Za-z0-9])(?:{self.form})(?![A-Za-z0-9])")


@cache
def known_secrets() -> tuple[Secret, ...]:
    """Every form of a key that is known."""
    rows = yaml.safe_load((files("filters.pii") / "secrets.yaml").read_text(encoding="utf-8"))
    return tuple(Secret(**row) for row in rows)


@cache
def signs() -> tuple[str, ...]:
    """Literals of which a text with any credential has at least one."""
    return (*(secret.literal for secret in known_secrets()), _WEB_TOKEN_SIGN, _PRIVATE_KEY_SIGN)


def find_secrets(text: str) -> Iterator[Span]:
    """Credentials of a text: the whole of a key block, the part of a setting that is secret.

    >>> list(find_secrets("aws_access_key_id = AKIAIOSFODNN7EXAMPLE"))
    []
    >>> list(find_secrets("令牌 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"))  # published as expired
    [Span(start=3, end=43, kind='secret')]
    """
    for secret in known_secrets():
        if secret.literal in text:
            yield from _of_form(text, secret)
    if _WEB_TOKEN_SIGN in text:
        for found in _WEB_TOKEN.finditer(text):
            if is_web_token_header(found["header"]):
                yield Span(found.start(), found.end(), KIND)
    if _PRIVATE_KEY_SIGN in text:
        for found in _PRIVATE_KEY.finditer(text):
            if _is_key_material(found["body"]):
                yield Span(found.start(), found.end(), KIND)


def _of_form(text: str, secret: Secret) -> Iterator[Span]:
    for found in secret.pattern.finditer(text):
        body = found["body"]
        random = entropy(body) >= MINIMUM_ENTROPY and not _PLACEHOLDER.search(body)
        if random and (secret.checksum is None or has_checksum(body)):
            # A setting's name is no secret.
            start = found.start("body") if "=" in found.group() or ":" in secret.literal else found.start()
            yield Span(start, found.end(), KIND)


def entropy(text: str) -> float:
    """Shannon entropy of the characters of a text, in bits a character.

    >>> entropy("aaaa"), entropy("абвг")
    (0.0, 2.0)
    """
    return sum(-count / len(text) * math.log2(count / len(text)) for count in Counter(text).values()) + 0.0


def has_checksum(body: str) -> bool:
    """Whether the last six characters are the CRC-32 of the others, in base 62."""
    return body[-CHECKSUM_LENGTH:] == checksum(body[:-CHECKSUM_LENGTH])


def checksum(random: str) -> str:
    """CRC-32 of the random part of a token, in base 62 with zeros before it.

    >>> checksum("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ")
    '0mLq17'
    """
    number, digits = zlib.crc32(random.encode("ascii")), ""
    while number:
        number, rest = divmod(number, len(BASE62))
        digits = BASE62[rest] + digits
    return digits.rjust(CHECKSUM_LENGTH, "0")


def is_web_token_header(header: str) -> bool:
    """Whether text is the header of a JSON Web Token, which names an algorithm (RFC 7515, section 4.1.1).

    >>> is_web_token_header("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"), is_web_token_header("eyJhIjoxfQ")
    (True, False)
    """
    try:
        fields = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (binascii.Error, ValueError):
        return False
    return isinstance(fields, dict) and "alg" in fields


def _is_key_material(body: str) -> bool:
    """Whether the body of a key block is base 64, and not dots or a description."""
    runs = re.findall(r"[A-Za-z0-9+/=]{16,}", body)
    return sum(map(len, runs)) >= MINIMUM_KEY and entropy("".join(runs)) >= MINIMUM_ENTROPY
