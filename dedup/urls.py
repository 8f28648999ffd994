"""Addresses as identities: one form for all ways to write the address of a page, and its host, site and depth.

Parsed as browsers do, by the URL standard of the WHATWG: case, default ports, dot segments, internationalised hosts
(UTS #46). What the standard leaves different but RFC 3986, section 6.2.2, calls equivalent is made equal here, and what
never chooses the page is dropped. What often means the same page, but not always, stays apart, because two pages taken
for one are a loss while one page taken for two is found by its text:

- `www.`, mobile hosts and the slash at the end: servers may answer each of them differently;
- the order of parameters: some are positional (`?viewtopic&12`), and the last of equal names wins on many servers;
- `?a` and `?a=`, `+` and `%20`, doubled slashes, letter case of the path, `index.html`.

http and https are one page at their default ports: browsers go to https by themselves wherever it answers.
"""

import re
from typing import NamedTuple

from ada_url import URL
from tldextract import TLDExtract

# Parameters that tell the site where a visitor came from. Names are compared in lower case.
TRACKING = frozenset(
    (
        # Clicks on advertisements and shared links, by who adds them
        *("gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid", "srsltid"),  # Google
        *("fbclid", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "igshid", "igsh"),  # Meta
        *("msclkid", "twclid", "ref_src", "ref_url", "__twitter_impression", "ttclid"),  # Microsoft, Twitter, TikTok
        *("li_fat_id", "rdt_cid", "epik", "sccid"),  # LinkedIn, Reddit, Pinterest, Snap
        *("yclid", "ysclid", "_openstat", "bd_vid", "napm"),  # Yandex, Baidu, Naver
        *("tblci", "dicbo", "outbrainclickid"),  # Taboola, Outbrain
        # Campaigns, by the software that counts them
        *("_ga", "_gl", "xtor", "at_campaign", "at_medium", "wt_mc", "wt_zmc", "wt.mc_id", "s_kwcid", "ef_id"),
        *("hmsr", "hmpl", "hmcu", "hmkw", "hmci"),
        *("mc_cid", "mc_eid", "mkt_tok", "vero_id", "vero_conv", "oly_enc_id", "oly_anon_id"),
        *("_hsenc", "_hsmi", "__hstc", "__hssc", "__hsfp", "hsctatracking"),
    )
)
TRACKING_PREFIXES = ("utm_", "itm_", "mtm_", "pk_", "piwik_", "hsa_")
# A visitor's session. Some names are used for other things too (`?sid=42` is an article): there, the value decides.
SESSIONS = frozenset(("phpsessid", "jsessionid", "oscsid", "xtcsid", "zenid", "___sid"))
SESSION_NAMES = frozenset(("sid", "s", "sess", "session", "sessionid", "session_id"))
_SESSION_VALUE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}", re.IGNORECASE)
# `/page;jsessionid=8EC5….node1` of Java servers, `/(S(3ihbsg45zsmzvhuf0mvqd0mf))/page` of ASP.NET.
_SESSION_IN_PATH = re.compile(r";jsessionid=[^/;]*|/\((?:[A-Z]\([A-Za-z0-9_-]{24,}\))+\)(?=/)", re.IGNORECASE)

_PARTS = re.compile(r"(https?|ftp)://([^/@]*@)?(\[[^]]*\]|[^:/]*)(:\d+)?(/[^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_DOT_OF_ROOT = re.compile(r"(?<=[^.])\.$")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?|[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# The bundled list of public suffixes, without a request. Its private part too: tea.blogspot.com and ore.blogspot.com
# are sites of different people.
_extract = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


class _Address(NamedTuple):
    scheme: str
    user: str
    host: str
    port: str
    path: str
    query: str
    fragment: str


def canonical_url(url: str) -> str:
    """The form of an address that all ways to write it share; an identity, not always an address that answers.

    What is no http or https address is returned without white space around it.

    >>> canonical_url("HTTP://Example.COM:80/a/../b%7e?utm_source=feed&id=7#top")
    'https://example.com/b~?id=7'
    >>> canonical_url("http://пример.рф/Путь"), canonical_url("https://faß.de")
    ('https://xn--e1afmkfd.xn--p1ai/%D0%9F%D1%83%D1%82%D1%8C', 'https://xn--fa-hia.de/')
    >>> canonical_url("https://例え.テスト/%e3%81%82"), canonical_url("http://नेहरू.भारत/?sid=42")
    ('https://xn--r8jz45g.xn--zckzah/%E3%81%82', 'https://xn--l2bq0a0bw.xn--h2brj9c/?sid=42')
    >>> canonical_url("http://app.example/#!/page"), canonical_url(" not an address ")
    ('https://app.example/#!/page', 'not an address')
    """
    address = _parse(url)
    if address is None or address.scheme == "ftp":
        return url.strip()
    scheme = address.scheme if address.port else "https"
    path = _SESSION_IN_PATH.sub("", _escaped(address.path))
    query = "&".join(pair for pair in _escaped(address.query).split("&") if pair and not _is_noise(pair))
    # `#!` is a page of its own on sites whose pages are made by scripts; any other fragment is a place on a page.
    fragment = f"#{_escaped(address.fragment)}" if len(address.fragment) > 1 and address.fragment[0] == "!" else ""
    origin = f"{scheme}://{address.user}{address.host}{address.port}"
    canonical = f"{origin}{path}{f'?{query}' if query else ''}{fragment}"
    # Without its session a segment may be `..`
    return canonical if len(path) == len(_escaped(address.path)) else canonical_url(canonical)


def url_depth(url: str) -> int | None:
    """How many segments the path of an address has, 0 for a home page; None for what has no host.

    >>> url_depth("https://example.com/"), url_depth("https://example.com/news/2026/a.html"), url_depth("mailto:a@b.c")
    (0, 3, None)
    """
    address = _parse(canonical_url(url))
    return None if address is None else sum(1 for segment in address.path.split("/") if segment)


def host_of(url: str) -> str | None:
    """The host of an address in lower case and ASCII; None for what has none.

    >>> host_of("https://Bücher.example:8080/"), host_of("http://مثال.إختبار./"), host_of("urn:isbn:0")
    ('xn--bcher-kva.example', 'xn--mgbh0fb.xn--kgbechtv', None)
    """
    address = _parse(url)
    return None if address is None else address.host


def site_of(url: str | None) -> str | None:
    """The registered domain of an address by the Public Suffix List, in lower case and ASCII.

    The host where there is none (a number, `localhost`, a suffix itself); None for what has no host.

    >>> site_of("https://www.news.example.co.uk/a"), site_of("http://blog.пример.рф"), site_of("http://127.0.0.1:8000/")
    ('example.co.uk', 'xn--e1afmkfd.xn--p1ai', '127.0.0.1')
    >>> site_of("https://anna.blogspot.com/2026"), site_of("about:blank"), site_of(None)
    ('anna.blogspot.com', None, None)
    """
    host = host_of(url) if url else None
    return None if host is None else _extract(host).top_domain_under_public_suffix or host


def _parse(url: str) -> _Address | None:
    """The parts of an http, https or ftp address; None for anything else."""
    try:
        found = _PARTS.fullmatch(URL(url.strip()).href)
    except ValueError:
        return None
    if found is None:
        return None
    scheme, user, host, port, path, query, fragment = (part or "" for part in found.groups())
    # The dot of the root zone, as in `example.com.`, which other resolvers leave out.
    return _Address(scheme, user, _DOT_OF_ROOT.sub("", host), port, path, query, fragment)


def _escaped(part: str) -> str:
    """A part of an address with percent-encoding exactly where it is needed, in upper case.

    >>> _escaped("/%7euser/100%/%c3%a9/a|b/%2F")
    '/~user/100%25/%C3%A9/a%7Cb/%2F'
    """
    return _ESCAPE.sub(_escape, part)


def _escape(found: re.Match[str]) -> str:
    if found[1] is None:  # a character that has to be encoded, such as `%` without digits
        return f"%{ord(found[0]):02X}"
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _is_noise(pair: str) -> bool:
    """Whether a parameter never chooses the page.

    >>> _is_noise("utm_source=x"), _is_noise("amp;fbclid=x"), _is_noise("sid=42"), _is_noise(f"sid={'0f' * 16}")
    (True, True, False, True)
    """
    name, _, value = pair.partition("=")
    # Some writers of links escape `&` twice.
    name = name.lower().removeprefix("amp;")
    if name in TRACKING or name.startswith(TRACKING_PREFIXES) or name in SESSIONS:
        return True
    return name in SESSION_NAMES and _SESSION_VALUE.fullmatch(value) is not None
