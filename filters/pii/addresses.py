"""IP addresses that may lead to a person: public ones, and no version numbers, networks or public resolvers."""

import ipaddress
import re
from collections.abc import Iterator, Sequence

from filters.pii.numbers import Number
from filters.pii.spans import Span

KIND = "ip"

# Special-purpose addresses (IANA's IPv4 and IPv6 Special-Purpose Address Registries): private, loopback, link-local,
# documentation, benchmarking, multicast, reserved. Kept here, since Python's own list differs between versions.
_SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/3"),
        *("::/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "4000::/2", "8000::/1"),
    )
]
# Resolvers that anyone may use: the addresses that manuals name most.
_RESOLVERS = frozenset(
    map(
        ipaddress.ip_address,
        (
            *("208.67.222.222", "208.67.220.220", "149.112.112.112", "114.114.114.114", "77.88.8.8", "84.200.69.80"),
            *("2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111", "2606:4700:4700::1001"),
            *("2620:fe::fe", "2620:fe::9", "2620:119:35::35", "2620:119:53::53"),
        ),
    )
)
# Four numbers below 32 are a version or a section far more often than one of 4096 addresses that have this form; most
# public resolvers (8.8.8.8, 1.1.1.1) have it, too.
SMALL = 32

_IPV4 = re.compile(r"(?<![\w.\-])\d{1,3}(?:\.\d{1,3}){3}(?![\w\-]|\.\d|/\d)", re.ASCII)
# Public addresses begin with 2 or 3 (RFC 4291, section 2.5.4).
_IPV6 = re.compile(r"[23][0-9A-Fa-f]{3}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:]|/\d)(?<!:)", re.ASCII)
_IPV6_TOUCHES = re.compile(r"[\w:.-]", re.ASCII)
_IP_WORD = re.compile(r"\bips?\b|\bip[ -]?add?ress", re.IGNORECASE)
# Words before versions and sections, in languages of software documentation; a slash after a product's name
# (Chrome/70.0.1.2), which is an address only after a scheme's two.
_VERSION = re.compile(
    r"(?:\b(?:v|ver|rev|release|build|section|chapter|sektion|kapitel|abschnitt|chapitre|sección|capítulo|rozdział)"
    r"|vers\w*|wersj\w*|verz\w*|верси\w*|версі\w*|έκδοσ\w*|sürüm\w*|versió\w*|版本?|バージョン|버전|نسخة|संस्करण|เวอร์ชัน"
    r"|§|[^\W\d_:/]/)[.:\s]{0,3}$",
    re.IGNORECASE,
)


def find_ips(text: str, numbers: Sequence[Number]) -> Iterator[Span]:
    """Public IPv4 and IPv6 addresses of a text, given its numbers.

    >>> from filters.pii.numbers import find_numbers
    >>> text = "Von 84.115.20.7, nicht 192.168.0.1; Version 4.19.72.101; 1.2.3.4; 2a02:8388:e2c1::17, std::set"
    >>> [text[span.start : span.end] for span in find_ips(text, find_numbers(text))]
    ['84.115.20.7', '2a02:8388:e2c1::17']
    """
    for number in numbers:
        if text.count(".", number.start, number.end) >= 3:
            for found in _IPV4.finditer(text, max(0, number.start - 1), min(len(text), number.end + 2)):
                if found.start() >= number.start and _is_public_host(
                    found.group(), text[max(0, found.start() - 24) : found.start()]
                ):
                    yield Span(found.start(), found.end(), KIND)
    if "::" in text or text.count(":") >= 7:
        for found in _IPV6.finditer(text):
            if not _IPV6_TOUCHES.match(text[max(0, found.start() - 1) : found.start()]) and is_public(found.group()):
                yield Span(found.start(), found.end(), KIND)


def _is_public_host(address: str, before: str) -> bool:
    """Whether four numbers are an address of a host, and not a version, a section or a network."""
    octets = [int(octet) for octet in address.split(".")]
    if octets[2:] == [0, 0] or not is_public(address):
        return False
    if _VERSION.search(before):
        return False
    return max(octets) >= SMALL or (octets[-1] != 0 and bool(_IP_WORD.search(before)))


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, and not a resolver that everyone uses.

    >>> is_public("84.115.20.7"), is_public("198.51.100.7"), is_public("2001:db8::1"), is_public("999.1.1.1")
    (True, False, False, False)
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed not in _RESOLVERS and not any(parsed in network for network in _SPECIAL)
