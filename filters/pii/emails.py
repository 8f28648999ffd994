"""E-mail addresses: RFC 5322's usual form, with letters of any script (RFC 6531), below a top-level domain that exists.

Addresses written for people are found where the sign is a word in brackets, "name (at) domain.org", or where both words
are capitals, "name AT domain DOT org". Quoted local parts ("a b"@c.org) are not.
"""

import re
from collections.abc import Iterator
from functools import cache

from tldextract import TLDExtract

from filters.pii.spans import Span

KIND = "email"

# @ in words: English, German, Spanish, French, Italian, Polish, Russian, Czech, Dutch.
_AT_WORDS = ("at", "ät", "arroba", "arobase", "chiocciola", "malpa", "małpa", "собака", "zavináč", "apenstaartje", "@")
_DOT_WORDS = ("dot", "punkt", "punto", "point", "ponto", "kropka", "точка", "tečka", "nokta", "punt", r"\.")
SIGNS = ("@", "＠")
WRITTEN_SIGNS = (
    *(opening + word for word in _AT_WORDS for opening in ("(", "[", "{", "( ", "[ ")),
    *("(AT", "[AT", "{AT", "(At", "[At", "(a)", " AT "),
)

# Letters of scripts without spaces do not belong to an address that follows them: 联系zhang@example.org.
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LOCAL = rf"(?:(?![{_SPACELESS}])[\w.+%&'~-]){{1,64}}"
_LABEL = r"[^\W_][\w-]{0,62}"
_SIGN = re.compile("[@＠]")
_BEFORE = re.compile(_LOCAL)
_AFTER = re.compile(rf"{_LABEL}(?:[.．。][\w-]{{1,63}}){{1,8}}")
_WRITTEN_DOT = rf"\s?[(\[{{<]\s?(?i:{'|'.join(_DOT_WORDS)})\s?[)\]}}>]\s?| DOT "
_DOTS = re.compile(_WRITTEN_DOT)
_WRITTEN_SIGN = re.compile(rf"[(\[{{<]\s?(?i:{'|'.join(_AT_WORDS)})\s?[)\]}}>][ \u00a0]?|\(a\)| AT ")
_WRITTEN_DOMAIN = re.compile(rf"{_LABEL}(?:(?:\.|{_WRITTEN_DOT})[\w-]{{1,63}}){{1,8}}")
# user@host of a command, the user part of a web address, a name in a network of servers (@user@host).
_NO_ADDRESS = re.compile(r"(?:\b(?:ssh|scp|sftp|rsync|mosh|telnet)\b[^\n]{0,40}|://[^\s/@]*|@)$")
# host:path of a source repository.
_PATH = re.compile(r":(?=[^\W\d]|/|~)")


def find_emails(text: str) -> Iterator[Span]:
    """E-mail addresses of a text, with an @.

    >>> text = "Schreib an josé.garcía@example.org. 联系：zhang@例子.中国、почта@пример.рф"
    >>> [text[span.start : span.end] for span in find_emails(text)]
    ['josé.garcía@example.org', 'zhang@例子.中国', 'почта@пример.рф']
    >>> list(find_emails("icon@2x.png git@github.com:a/b.git ssh root@server.example.com"))
    []
    """
    for sign in _SIGN.finditer(text):
        local = _local_before(text, sign.start())
        after = _AFTER.match(text, sign.end())
        domain = real_domain(after.group()) if after else ""
        start, end = sign.start() - len(local), sign.end() + len(domain)
        if local in ("", "git") or not domain or _PATH.match(text, end):
            continue
        if not _NO_ADDRESS.search(text[max(0, start - 80) : start]):
            yield Span(start, end, KIND)


def find_written_emails(text: str) -> Iterator[Span]:
    """E-mail addresses whose signs are words.

    >>> text = "name (at) example.org, ime [at] primer [dot] com, look at (a) b"
    >>> [text[span.start : span.end] for span in find_written_emails(text)]
    ['name (at) example.org', 'ime [at] primer [dot] com']
    """
    for sign in _WRITTEN_SIGN.finditer(text):
        place = sign.start() - (text[max(0, sign.start() - 1) : sign.start()] in (" ", "\u00a0"))
        local = _local_before(text, place)
        after = _WRITTEN_DOMAIN.match(text, sign.end())
        if not local or not after:
            continue
        domain = _DOTS.sub(".", after.group())
        if real_domain(domain) == domain:
            yield Span(place - len(local), after.end(), KIND)


def _local_before(text: str, sign: int) -> str:
    """The local part that ends at a sign, or nothing."""
    before = _BEFORE.match(text[max(0, sign - 65) : sign][::-1])
    local = before.group()[::-1].lstrip(".'&%-~") if before else ""
    return "" if local.endswith(".") or ".." in local else local


def real_domain(name: str) -> str:
    """The longest beginning of a name that ends in a top-level domain, or nothing.

    Letters that follow without a space are no part of it: Korean particles, German compounds, the next sentence.

    >>> real_domain("example.org.Danach"), real_domain("example.kr으로"), real_domain("server.local")
    ('example.org', 'example.kr', '')
    """
    labels = re.split("([.．。])", name)
    for last in range(len(labels) - 1, 1, -2):
        label = labels[last]
        latin = re.match(r"[A-Za-z0-9]*", label)
        for candidate in (label, latin.group() if latin else ""):
            if candidate.lower() in top_level_domains() and "" not in labels[:last]:
                return "".join(labels[:last]) + candidate
    return ""


@cache
def top_level_domains() -> frozenset[str]:
    """Top-level domains of the Public Suffix List, and those that RFC 2606 reserves for examples and tests."""
    suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    names = {suffix.rpartition(".")[2] for suffix in suffixes}
    punycode = {"xn--" + name.encode("punycode").decode("ascii") for name in names if not name.isascii()}
    return frozenset(names | punycode | {"example", "test", "invalid"})
