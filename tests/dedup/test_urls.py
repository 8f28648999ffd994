import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.urls import canonical_url, host_of, site_of, url_depth

MD5 = "717e7233bc467f2b1c98c7876fab0c20"
# Two ways to write the address of one page.
SAME = {
    "case of scheme and host": ("HTTPS://EXAMPLE.com/Path", "https://example.com/Path"),
    "http and https": ("http://example.com/a", "https://example.com/a"),
    "default port": ("http://example.com:80/", "http://example.com/"),
    "default port of https": ("https://example.com:443", "https://example.com/"),
    "dot of the root zone": ("https://example.com./a", "https://example.com/a"),
    "empty path": ("https://example.com?id=1", "https://example.com/?id=1"),
    "dot segments": ("https://example.com/a/./b/../c", "https://example.com/a/c"),
    "encoded dot segments": ("https://example.com/a/%2E%2e/c", "https://example.com/c"),
    "fragment": ("https://example.com/a#part-2", "https://example.com/a"),
    "empty fragment of a script": ("https://example.com/a#!", "https://example.com/a"),
    "case of escapes": ("https://example.com/%c3%a9", "https://example.com/%C3%A9"),
    "escaped or not": ("https://example.com/é", "https://example.com/%C3%A9"),
    "needless escapes": ("https://example.com/%7Euser/%41?q=%7e", "https://example.com/~user/A?q=~"),
    "stray percent sign": ("https://example.com/100%?q=5%", "https://example.com/100%25?q=5%25"),
    "backslash": ("https://example.com/a\\b", "https://example.com/a/b"),
    "line break in a link": ("https://example.com/a\n\tb", "https://example.com/ab"),
    "empty query": ("https://example.com/a?", "https://example.com/a"),
    "empty parameters": ("https://example.com/?&&id=1&", "https://example.com/?id=1"),
    "campaign": ("https://example.com/?utm_source=a&id=1&UTM_Medium=b", "https://example.com/?id=1"),
    "click": ("https://example.com/?fbclid=x&id=1&gclid=y", "https://example.com/?id=1"),
    "twice escaped ampersand": ("https://example.com/?id=1&amp;utm_source=a", "https://example.com/?id=1"),
    "session": ("https://example.com/?PHPSESSID=abc&id=1", "https://example.com/?id=1"),
    "session of a forum": (
        f"https://example.com/viewforum.php?f=15&sid={MD5}",
        "https://example.com/viewforum.php?f=15",
    ),
    "session in the path": ("https://example.com/a.html;jsessionid=8EC5.node1?id=1", "https://example.com/a.html?id=1"),
    "session of ASP.NET": ("https://example.com/(S(3ihbsg45zsmzvhuf0mvqd0mf))/a", "https://example.com/a"),
    "session behind dots": ("https://example.com/a/..;jsessionid=1", "https://example.com/"),
    "German host": ("https://BÜCHER.example", "https://xn--bcher-kva.example/"),
    "sharp s": ("https://faß.de", "https://xn--fa-hia.de/"),
    "Russian host": ("http://Пример.РФ", "http://xn--e1afmkfd.xn--p1ai"),
    "Hindi host": ("http://नेहरू.भारत", "http://xn--l2bq0a0bw.xn--h2brj9c"),
    "Arabic host": ("http://مثال.إختبار", "http://xn--mgbh0fb.xn--kgbechtv"),
    "Japanese host, ideographic stop": ("http://例え。テスト", "http://xn--r8jz45g.xn--zckzah"),
    "Chinese host": ("http://例子.中国", "http://xn--fsqu00a.xn--fiqs8s"),
    "Korean host": ("http://예시.한국", "http://xn--vv4b11d.xn--3e0b707e"),
    "Thai host": ("http://ตัวอย่าง.ไทย", "http://xn--72c1a1bt4awk9o.xn--o3cw4h"),
}
# Addresses that look alike, and may be two pages.
DIFFERENT = {
    "case of the path": ("https://example.com/A", "https://example.com/a"),
    "slash at the end": ("https://example.com/a", "https://example.com/a/"),
    "doubled slash": ("https://example.com/a//b", "https://example.com/a/b"),
    "index page": ("https://example.com/", "https://example.com/index.html"),
    "www": ("https://www.example.com/", "https://example.com/"),
    "mobile": ("https://m.example.com/", "https://example.com/"),
    "port": ("http://example.com:8080/", "http://example.com/"),
    "scheme with a port": ("http://example.com:8080/", "https://example.com:8080/"),
    "foreign default port": ("http://example.com:443/", "https://example.com/"),
    "order of parameters": ("https://example.com/?a=1&a=2", "https://example.com/?a=2&a=1"),
    "positional parameters": ("https://example.com/?12&34", "https://example.com/?34&12"),
    "parameter without a value": ("https://example.com/showthread.php?123-title", "https://example.com/showthread.php"),
    "parameter with an empty value": ("https://example.com/?wsdl=", "https://example.com/?wsdl"),
    "article by its sid": ("https://example.com/article.php?sid=42", "https://example.com/article.php"),
    "search by s": ("https://example.com/?s=mill", "https://example.com/"),
    "branch by ref": ("https://example.com/file?ref=main", "https://example.com/file?ref=next"),
    "escaped slash": ("https://example.com/a%2Fb", "https://example.com/a/b"),
    "escaped ampersand": ("https://example.com/?a=1%26b=2", "https://example.com/?a=1&b=2"),
    "page of a script": ("https://example.com/#!/a", "https://example.com/#!/b"),
    "sharp s is not ss": ("https://faß.de/", "https://fass.de/"),
    "Unicode form of a path": ("https://example.com/é", "https://example.com/e\u0301"),
    "a name that begins like a campaign's": ("https://example.com/?utmost=1", "https://example.com/"),
}
GARBAGE = [
    "",
    " ",
    "a b",
    "http://",
    "https:///",
    "http://[bad/",
    "http://a:99999/",
    "http://exa mple.com/",
    "http://\ud800/",
]
OTHERS = ["mailto:a@b.c", "javascript:void(0)", "dns:example.com", "urn:isbn:0", "example.com/a", "//example.com/a"]


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_ways_to_write_one_address(one, other):
    assert canonical_url(one) == canonical_url(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_addresses_of_two_pages(one, other):
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize("url", GARBAGE + OTHERS)
def test_what_is_no_web_address_stays_as_it_is(url):
    assert canonical_url(f" {url}\n") == url.strip()
    assert (url_depth(url), host_of(url), site_of(url)) == (None, None, None)


def near_addresses() -> st.SearchStrategy[str]:
    """Texts of the pieces that addresses are made of, in any order."""
    pieces = [
        *("http://", "https://", "ftp://", "example.com", "1", ".", "..", "/", "//", ":", ":80", ":443", "@", "[::1]"),
        *("?", "&", "=", "#", "#!", "%", "%41", "%2e", "%2F", "%C3", ";jsessionid=", "utm_source=x", "amp;", "sid="),
        *(
            MD5,
            "xn--",
            "ß",
            "।",
            "。",
            "م",
            "ไ",
            "\u200d",
            "\ud800",
            "\t",
            " ",
            "\\",
            "|",
            "^",
            "'",
            "(S(" + "a" * 24 + "))",
        ),
    ]
    piece = st.sampled_from(pieces) | st.text(string.printable, max_size=3) | st.characters()
    return st.lists(piece, max_size=12).map("".join)


@given(near_addresses() | near_addresses().map("http://a.example/".__add__) | near_addresses().map("http://a".__add__))
def test_the_canonical_form_is_its_own(url):
    canonical = canonical_url(url)
    assert canonical_url(canonical) == canonical
    assert host_of(canonical) == host_of(url)
    assert site_of(canonical) == site_of(url)
    assert url_depth(canonical) == url_depth(url)


@given(near_addresses())
def test_a_web_address_in_canonical_form_is_plain_ascii(rest):
    canonical = canonical_url(f"https://example.com/{rest}")
    assert host_of(canonical) == "example.com" or "\ud800" in rest
    if host_of(canonical) is not None:
        assert canonical.isascii()
        assert not set(canonical) & set(' <>"{}|\\^`\t\n')


@pytest.mark.parametrize(
    ("url", "depth"),
    [
        ("https://a.example", 0),
        ("https://a.example/b", 1),
        ("https://a.example/b/", 1),
        ("http://a.example//b/c?d/e", 2),
    ],
)
def test_depth_counts_segments_of_the_path(url, depth):
    assert url_depth(url) == depth


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://a.b.example.com.au/", "example.com.au"),
        ("https://tea.blogspot.com/", "tea.blogspot.com"),
        ("https://a.tea.github.io/", "tea.github.io"),
        ("https://shop.пример.рф/", "xn--e1afmkfd.xn--p1ai"),
        ("https://会社.東京.jp/", "xn--6oq404h.xn--1lqs71d.jp"),
        ("https://www.例子.中国/", "xn--fsqu00a.xn--fiqs8s"),
        ("https://192.168.0.1/", "192.168.0.1"),
        ("https://[::1]/", "[::1]"),
        ("https://localhost/", "localhost"),
        ("https://co.uk/", "co.uk"),
        ("ftp://ftp.example.org/pub", "example.org"),
    ],
)
def test_site_is_the_registered_domain(url, site):
    assert site_of(url) == site


@pytest.mark.realdata
def test_addresses_of_real_pages(realdata):
    """No two of 3,325 real pages become one, and the canonical form stays."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    urls = set()
    for path in sorted((realdata / "warc").glob("*.warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=False):
                urls.add(record.headers["WARC-Target-URI"])
    canonical = {canonical_url(url) for url in urls}
    assert len(canonical) == len(urls) > 3000
    assert {canonical_url(url) for url in canonical} == canonical
