"""What a page declares of itself, and its text as Markdown."""

import doctest
import pickle
from datetime import date

import pytest

from pipeline.extraction import metadata, schema_org
from pipeline.extraction.markdown import markdown_of
from pipeline.extraction.metadata import MOST_ALTERNATES, Metadata, day, metadata_of
from pipeline.extraction.page import Page
from pipeline.extraction.schema_org import page_nodes

URL = "https://mill.example/de/page?x=1"


def of(head: str, body: str = "<p>Text</p>") -> Metadata:
    return metadata_of(Page(f"<html><head>{head}</head><body>{body}</body></html>", URL))


@pytest.mark.parametrize("module", [metadata, schema_org])
def test_doctests(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("head", "author"),
    [
        ('<meta name="author" content=" Ада  Лавлейс ">', "Ада Лавлейс"),
        ('<meta property="article:author" content="https://facebook.com/ada">', None),
        ('<meta property="article:author" content="https://x.example/"><meta name=byl content="李明">', "李明"),
        ('<script type="application/ld+json">{"@type":"Article","author":[{"name":"A"},"B"]}</script>', "A, B"),
        ('<script type="application/ld+json">{"@type":"ImageObject","author":"A"}</script>', None),
        ('<meta name="author" content="">', None),
        (f'<meta name="author" content="{"x" * 501}">', None),
    ],
)
def test_author(head, author):
    assert of(head).author == author


def test_author_of_a_link_or_microdata():
    assert of("", '<a rel="author" href=/ada>أدا</a>').author == "أدا"
    assert of("", '<span itemprop="author"><b itemprop=name>Ada</b></span>').author == "Ada"


@pytest.mark.parametrize(
    ("head", "published"),
    [
        ('<meta property="article:published_time" content="2026-07-12T23:30:00+02:00">', date(2026, 7, 12)),
        ('<meta name="DC.date.issued" content="2026-07-12">', date(2026, 7, 12)),
        ('<meta itemprop="datePublished" content="20260712">', date(2026, 7, 12)),
        ('<script type="application/ld+json">{"@type":"BlogPosting","datePublished":"2026-07-12"}</script>', None),
        ('<meta name="date" content="12.07.2026">', None),
        ('<meta name="date" content="2026-02-30">', None),
        ('<meta property="article:modified_time" content="2026-07-12">', None),
        ('<meta name="date" content="ISO">', None),
    ],
)
def test_published(head, published):
    if "ld+json" in head:
        published = date(2026, 7, 12)
    assert of(head).published == published


def test_published_in_the_body():
    assert of("", '<time pubdate datetime="2026-07-12T08:00">').published == date(2026, 7, 12)
    assert of("", '<time itemprop="datePublished" datetime="2026-07-12">gestern</time>').published == date(2026, 7, 12)
    assert of("", '<time datetime="2026-07-12">').published is None, "perhaps a comment's, or an event's"


@pytest.mark.parametrize("value", ["", "x", "٢٠٢٦-٠٧-١٢", "99999999", "Mon, 99 Foo 2026", "0000-01-01"])
def test_what_is_no_date(value):
    assert day(value) is None or value == "٢٠٢٦-٠٧-١٢"


@pytest.mark.parametrize(
    ("head", "canonical"),
    [
        ("<link rel=canonical href=/a>", "https://mill.example/a"),
        ("<link rel=Canonical href=a>", "https://mill.example/de/a"),
        ("<base href=https://b.example/c/><link rel=canonical href=a>", "https://b.example/c/a"),
        ("<link rel=canonical href=//b.example/a>", "https://b.example/a"),
        ("<link rel=canonical href='javascript:void(0)'>", None),
        ("<link rel=canonical href='http://[::1'>", None),
        ("<link rel=canonical>", None),
        ('<meta property="og:url" content="/og">', "https://mill.example/og"),
        ("", None),
    ],
)
def test_canonical(head, canonical):
    assert of(head).canonical_url == canonical


def test_alternates_are_absolute_distinct_and_few():
    link = '<link rel="alternate" hreflang="{}" href="{}">'
    head = link.format("de", "/de") * 2 + link.format("x-default", "/") + "<link rel=alternate hreflang=fr>"
    head += "<link rel=alternate href=/feed type=application/rss+xml><link rel=stylesheet hreflang=en href=/s>"
    assert of(head).hreflang == (("de", "https://mill.example/de"), ("x-default", "https://mill.example/"))
    many = "".join(link.format("de", f"/{number}") for number in range(5000))
    assert len(of(many).hreflang) == MOST_ALTERNATES


def test_titles_and_names():
    assert of("<title> A \n B </title>", "<svg><title>C</title></svg>").title == "A B"
    assert of('<meta property="og:title" content="OG">').title == "OG"
    assert of("<title></title>").title is None
    assert of('<meta property="og:site_name" content="Die Mühle">').site_name == "Die Mühle"
    assert metadata_of(Page("<html xml:lang=fa>")).html_lang == "fa"


@pytest.mark.parametrize("script", ["", "{", "[" * 100_000, '"x"', "null", '{"@graph": 3}', '{"@type": {"a": 1}}'])
def test_scripts_that_describe_no_page(script):
    assert page_nodes(script) == []


def test_deep_and_broken_json_costs_nothing():
    deep = '{"@graph":' * 200 + '{"@type":"Article"}' + "}" * 200
    assert page_nodes(deep) == []
    found = of('<script type="application/ld+json">{"@type":"Article","headline":"\\ud800 A"}</script>')
    assert found.title == "? A", "half a character fits in no file"
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize("html", ["", "\x00", "<", "<html lang>", "<meta content=x>", "<title>"])
def test_hardly_a_page(html):
    found = metadata_of(Page(html, ""))
    assert (found.author, found.published, found.canonical_url, found.hreflang) == (None, None, None, ())


MENU = "<nav><ul><li><a href=/>Home</a><li><a href=/b>Blog</a></ul></nav>"


class TestMarkdown:
    def test_tables_lists_quotes(self):
        html = (
            f"{MENU}<h1>Mill</h1><p>It <em>grinds</em>\n corn.</p><ul><li>Wheat<ul><li>white</li></ul></li><li>Rye</ul>"
            "<table><tr><th>Year<th>Corn<tr><td>1900<td>3|4</table><blockquote><p>Grind!</blockquote>"
            "<pre><code>x = 1\n  y</code></pre><footer>Home</footer>"
        )
        text = "Mill\nIt grinds corn.\n- Wheat\n- white\n- Rye\nYear | Corn\n1900 | 3|4\nGrind!\nx = 1\n  y"
        assert markdown_of(Page(html), text) == (
            "# Mill\n\nIt grinds corn.\n\n- Wheat\n    - white\n- Rye\n\n"
            "| Year | Corn |\n|---|---|\n| 1900 | 3\\|4 |\n\n"
            "> Grind!\n\n```\nx = 1\n  y\n```"
        )

    def test_paragraphs_in_cells(self):
        """One a cell is how word processors write tables; several are a layout of columns."""
        table = "<table><tr><th><p>年</p><th><p>麥</p></tr><tr><td><p>1900</p><td><p>三</p></tr></table>"
        assert markdown_of(Page(table), "| 年 | 麥 |\n| 1900 | 三 |") == "| 年 | 麥 |\n|---|---|\n| 1900 | 三 |"
        columns = "<table><tr><td><p>One mill.</p><p>Two mills.</p><td>Three</table>"
        assert markdown_of(Page(columns), "One mill.\nTwo mills.\nThree") == "One mill.\n\nTwo mills.\n\nThree"

    def test_what_the_engine_left_out_stays_out(self):
        html = f"{MENU}<p>Home is where the mill stands.</p><p>Subscribe</p><p>The end of the story about the mill.</p>"
        text = "Home is where the mill stands.\nThe end of the story about the mill."
        assert markdown_of(Page(html), text) == text.replace("\n", "\n\n")

    def test_no_text_is_no_markdown(self):
        assert markdown_of(Page(MENU), "") is None
        assert markdown_of(Page(""), "x") == "x"

    def test_deep_pages_end(self):
        assert markdown_of(Page("<div>" * 5000 + "x"), "x") == "x"
        assert markdown_of(Page("<ul><li>" * 90 + "x"), "x") == "    " * 89 + "- x"
