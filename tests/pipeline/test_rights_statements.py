"""What pages and headers say about their use."""

import doctest
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType
from trafilatura.utils import load_html

from pipeline.extraction.page import Page
from pipeline.reading.http import parse_response
from pipeline.rights import agents, opt_outs, parameters, site_files, statements
from pipeline.rights.statements import MOST_STATEMENTS, count_statements, rights_of

PAGE = "<html><head><title>t</title>{}</head><body><p>{}</p></body></html>"


def of_page(head: str, body: str = "Text") -> list[str] | None:
    return rights_of(Page(PAGE.format(head, body)))


@pytest.mark.parametrize("module", [statements, site_files, opt_outs, agents, parameters])
def test_doctests(module) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<meta name="robots" content="noai, noimageai">', ["meta:noai", "meta:noimageai"]),
        ("<META NAME=ROBOTS CONTENT=NOINDEX,NOFOLLOW>", ["meta:noindex", "meta:nofollow"]),
        ('<meta content="none" name="robots"/>', ["meta:noindex", "meta:nofollow"]),
        (
            '<meta name="robots" content="noindex noarchive;nosnippet">',
            ["meta:noindex", "meta:noarchive", "meta:nosnippet"],
        ),
        ('<meta name="robots" content="noindex"><meta name="robots" content="noindex">', ["meta:noindex"]),
        ('<meta name="CCBot" content="nofollow">', ["meta/ccbot:nofollow"]),
        ('<meta name="Google-Extended" content="noindex">', ["meta/google-extended:noindex"]),
        ('<meta name="robots" content="max-snippet:0">', ["meta:nosnippet"]),
        ('<meta name="tdm-reservation" content="1">', ["meta:tdm-reservation=1"]),
        ('<meta name="tdm-reservation" content=" 0 ">', ["meta:tdm-reservation=0"]),
        ('<meta name="tdm-policy" content="https://a.example/p.json">', ["meta:tdm-policy=https://a.example/p.json"]),
        ('<meta http-equiv="X-Robots-Tag" content="gptbot: noai">', ["meta/gptbot:noai"]),
    ],
)
def test_pages_that_restrict(head: str, expected: list[str]) -> None:
    assert of_page(head) == expected


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", ""),
        ('<meta name="robots" content="index, follow, max-snippet:-1, max-image-preview:large, noodp">', ""),
        ('<meta name="robots" content="all">', ""),
        ('<meta name="robots">', ""),
        ('<meta name="description" content="noai noindex robots">', ""),
        ('<!-- <meta name="robots" content="noindex"> -->', ""),
        ('<script>document.write("<meta name=robots content=noindex>")</script>', ""),
        ('<meta name="pinterest" content="nopin"><meta name="google" content="notranslate">', ""),
        ("", "&lt;meta name=robots content=noindex&gt; robots"),
        ('<meta name="tdm-reservation" content="yes"><meta name="tdm-policy" content="javascript:x">', ""),
    ],
)
def test_pages_that_say_nothing(head: str, body: str) -> None:
    assert of_page(head, body) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-robots-tag": "noindex, nofollow"}, ["header:noindex", "header:nofollow"]),
        ({"x-robots-tag": "googlebot: nofollow\notherbot: noindex, nofollow\nNoAI"}, None),
        (
            {"x-robots-tag": "noarchive, max-image-preview: large, max-snippet: 0"},
            ["header:noarchive", "header:nosnippet"],
        ),
        ({"x-robots-tag": "unavailable_after: Wed, 03 Dec 2025 13:09:53 PST, noindex"}, ["header:noindex"]),
        ({"x-robots-tag": "*: noai"}, ["header:noai"]),
        ({"tdm-reservation": "1", "tdm-policy": "https://a.example/p"}, None),
        ({"content-usage": "train-ai=n, search=y"}, ["header:train-ai=n", "header:search=y"]),
        ({"content-signal": "ai-train=no,search=yes"}, ["header:ai-train=no", "header:search=yes"]),
        ({"x-robots-tag": "", "content-usage": "garbage"}, []),
    ],
)
def test_headers(headers: dict[str, str], expected: list[str] | None) -> None:
    found = rights_of(Page("", headers=headers))
    if "googlebot" in headers.get("x-robots-tag", ""):
        expected = ["header/googlebot:nofollow", "header/otherbot:noindex", "header/otherbot:nofollow", "header:noai"]
    if "tdm-policy" in headers:
        expected = ["header:tdm-reservation=1", "header:tdm-policy=https://a.example/p"]
    assert (found or []) == expected


def test_statements_of_a_page_are_bounded() -> None:
    agents_of_page = "".join(f'<meta name="{agent}" content="noindex, noarchive">' for agent in statements.AGENTS)
    found = of_page(agents_of_page)
    assert found is not None
    assert len(found) == MOST_STATEMENTS


def test_policies_are_counted_as_one() -> None:
    said = [["meta:tdm-policy=https://a.example/1"], ["meta:tdm-policy=https://a.example/2", "meta:noai"], None, []]
    assert count_statements(said) == {"meta:noai": 1, "meta:tdm-policy": 2}


@pytest.mark.realdata
def test_real_pages_agree_with_another_parser(realdata: Path) -> None:
    """The oracle: <meta> elements as lxml finds them."""
    compared = 0
    with (realdata / "warc" / "web.warc.gz").open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=False):
            response = parse_response(record.reader.read())
            assert response is not None
            html = response.body.decode("utf-8", "replace")
            elements = load_html(html).iter("meta")
            robots = (element for element in elements if (element.get("name") or "").lower() == "robots")
            of_robots = [(element.get("content") or "").lower() for element in robots]
            found = rights_of(Page(html, headers=response.headers)) or []
            for word in ("noindex", "noarchive", "nosnippet"):
                assert (f"meta:{word}" in found) == any(word in content for content in of_robots), record.headers
                compared += f"meta:{word}" in found
    assert compared > 20
