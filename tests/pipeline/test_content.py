"""Our own main-content extractor: what it keeps, what it leaves out, and that no page breaks it."""

import importlib.util
import json
import os
import string
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extraction.content import main_text

SENTENCE = "Dieser Satz ist lang genug, um ein Satz des Textes zu sein, und er endet mit einem Punkt."
FRAME = (
    "<nav><ul><li><a href=/>Startseite</a><li><a href=/a>Über uns</a></ul></nav>"
    '<div class="sidebar-left">'
    "<p>Ein Satz in der Seitenleiste, den niemand lesen will, der den Artikel liest.</p></div>"
)


def article(body: str) -> str:
    return f"<!doctype html><html><head><title>Titel</title></head><body>{FRAME}<article>{body}</article></body></html>"


def body(content: str) -> str:
    """The text of a page around whose content there are three long paragraphs."""
    return (
        main_text(article(f"<p>{SENTENCE}</p>{content}<p>{SENTENCE}</p>"))
        .removeprefix(SENTENCE)
        .removesuffix(SENTENCE)
        .strip("\n")
    )


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Все люди рождаются свободными и равными в своём достоинстве и правах.", "rus_Cyrl"),
        ("人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心。", "cmn_Hans"),
        ("すべての人間は、生まれながらにして自由であり、尊厳と権利とについて平等である。", "jpn_Jpan"),
        ("มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ", "tha_Thai"),
        ("يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا.", "arb_Arab"),
        ("تمام افراد بشر آزاد به دنیا می\u200cآیند و از لحاظ حیثیت و حقوق با هم برابرند.", "pes_Arab"),
        ("සියලු මනුෂ්\u200dයයෝ නිදහස්ව උපත ලබා ඇත. ගරුත්වයෙන් හා අයිතිවාසිකම්වලින් සමාන වෙති.", "sin_Sinh"),
        ("모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.", "kor_Hang"),
        ("သူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် လည်းကောင်း။", "mya_Mymr"),
        ("የሰው፡ልጅ፡ሁሉ፡ሲወለድ፡ነጻና፡በክብርና፡በመብትም፡እኩልነት፡ያለው፡ነው።", "amh_Ethi"),
        ("សូមបញ្ចូល\u200bអត្ថបទ\u200bដែល\u200bវែង\u200bល្មម\u200bនៅ\u200bទីនេះ ។", "khm_Khmr"),
    ],
)
def test_every_script_keeps_its_text_and_loses_the_frame(sentence: str, language: str):
    page = article(f"<h1>{sentence[:12]}</h1><p>{sentence}</p><p>{sentence}</p>")
    assert main_text(page).split("\n")[1:] == [sentence, sentence], language


def test_references_are_resolved_once_and_joiners_survive():
    assert body(
        "<p>می&zwnj;رود &#x200d;&#8204; &amp;lt; &copy; 5&nbsp;% A&#13;B und so fort, bis es ein Satz ist.</p>"
    ) == ("می\u200cرود \u200d\u200c &lt; © 5 % A B und so fort, bis es ein Satz ist.")


def test_lists_tables_and_code_keep_their_lines():
    assert body("<ul><li>eins<li>zwei <b>fett</b></ul>") == "- eins\n- zwei fett"
    assert body("<table><tr><th>Jahr<th>Zahl<tr><td>1999<td>7</table>") == "| Jahr | Zahl |\n| 1999 | 7 |"
    assert body("<pre>def f():\r\n    return 1\r\n\r\nf()</pre>") == "def f():\n    return 1\n\nf()"
    assert body("<p>Erste Zeile des Gedichts<br>zweite Zeile des Gedichts</p>") == (
        "Erste Zeile des Gedichts\nzweite Zeile des Gedichts"
    )


def test_a_line_feed_of_the_source_is_no_space_between_ideographs():
    assert body("<p>吾輩は猫である。\n名前はまだ無い。and\nmore</p>") == "吾輩は猫である。名前はまだ無い。and more"
    assert body("<p>모든 인간은\n태어날 때부터 자유롭다.</p>") == "모든 인간은 태어날 때부터 자유롭다."


@pytest.mark.parametrize(
    "frame",
    [
        "<aside><p>{}</p></aside>",
        "<footer><p>{}</p></footer>",
        '<div class="related-posts"><p>{}</p></div>',
        '<div id="cookieBanner"><p>{}</p></div>',
        '<section class="comments"><p>{}</p></section>',
        '<div role="navigation"><p>{}</p></div>',
        '<div style="color:red; display : none"><p>{}</p></div>',
        "<div hidden><p>{}</p></div>",
        "<figure><img src=x><figcaption>{}</figcaption></figure>",
        "<script>document.write('{}')</script>",
        "<style>/* {} */</style><!-- {} -->",
        "<textarea>{}</textarea><select><option>{}</select><button>{}</button>",
        "<ul><li><a href=/1>{}</a><li><a href=/2>{}</a></ul>",
        "<svg><text>{}</text></svg>",
    ],
)
def test_the_frame_inside_an_article_is_left_out(frame: str):
    other = "Hier steht etwas ganz anderes, das mit dem Artikel nichts zu tun hat."
    text = main_text(article(f"<p>{SENTENCE}</p><p>{SENTENCE}</p>{frame.replace('{}', other)}<p>{SENTENCE}</p>"))
    assert text == "\n".join([SENTENCE] * 3)


def test_a_class_name_does_not_drop_the_text_of_the_page():
    paragraphs = f"<p>{SENTENCE}</p>" * 5
    expected = "\n".join([SENTENCE] * 5)
    for name in ("with-sidebar", "sidebar", "no-comments", "widget", "teaser", "header", "meta"):
        assert main_text(f'<body>{FRAME}<div class="{name}">{paragraphs}</div>') == expected, name


def test_a_forum_page_of_short_comments_keeps_them():
    """No comment is much of the page, and nothing else is: without them a page of text would have none."""
    comments = [f"Kommentar {number}: Die Mühle steht am Fluss, und wer dort wohnt, weiß das." for number in range(30)]
    thread = "".join(f"<div class=MtnComment><div class=CommentText>{text}</div></div>" for text in comments)
    lines = main_text(f"<nav><a href=/>Forum</a></nav><main><h2>Mühle</h2>{thread}</main>").split("\n")
    assert [line for line in lines if line in comments] == comments
    assert "Forum" not in lines
    article = (
        "<article><h1>Mühle</h1>" + "<p>Die alte Mühle am Fluss mahlt seit vielen Jahren Korn.</p>" * 9 + "</article>"
    )
    assert not set(comments) & set(main_text(f"{article}<section>{thread}</section>").split("\n"))


def test_headings_stay_where_text_follows():
    links = "<ul>" + "<li><a href=/>Ein anderer Artikel</a>" * 4 + "</ul>"
    text = body(f"<h2>Vorher</h2><p>{SENTENCE}!</p><h2>Mehr zum Thema</h2>{links}")
    assert text == f"Vorher\n{SENTENCE}!"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>{0}<p>{0}<div>{0}</div>", ["{0}"] * 3),  # implied ends
        ("<ul><li>{0}<ul><li>{0}</ul><li>{0}</ul>", ["- {0}"] * 3),
        ("<div><p>{0}</div></div></div></div><p>{0}", ["{0}"] * 2),  # ends of nothing
        ("<table><tr><td><p>{0}</div></table><p>{0}", ["{0}"] * 2),  # a cell holds an end tag back
        ("<p><b>{0}<p>{0}</b><p>{0}", ["{0}"] * 3),  # misnested
        ("<a href=/x><p>{0}</a><p>{0}", ["{0}"]),  # only the first is a link
        ("<p>{0}<![CDATA[x]]><!-- > --><?php x ?></p>", ["{0}"]),
        ("<p title='>'>{0}</p><p class=\"a\"b>{0}</p>", ["{0}"] * 2),
        ("<title>{0}<p>{0}", ["{0}{0}"]),  # a title without an end is none
        ("<P>{0}</P><SCRIPT>x</ScRiPt ><P>{0}</P>", ["{0}"] * 2),
        ("<my-article><p>{0}</p></my-article>", ["{0}"]),
        ("{0} {0} <3 & 4 < 5", ["{0} {0} <3 & 4 < 5"]),
        ("<html><head><meta charset=utf-8><p>{0}", ["{0}"]),  # no head end
    ],
)
def test_markup_is_read_as_browsers_do(html: str, expected: list[str]):
    lines = main_text(html.replace("{0}", SENTENCE)).replace("\n\n", "\n").split("\n")
    wanted = [line.replace("{0}", SENTENCE) for line in expected]
    if html.startswith("<title>"):
        assert "".join(lines) == "".join(wanted)
    else:
        assert lines == wanted


@pytest.mark.parametrize(
    "tag", ["div", "span", "b", "a href=x", "table", "li", "td", "p", "dl><dt", "blockquote", "x-y"]
)
def test_deep_nesting_loses_no_text(tag: str):
    deep = 100_000
    assert SENTENCE in main_text(f"<{tag}>" * deep + f"</a><p>{SENTENCE}</p>" + f"</{tag}>" * deep)


@pytest.mark.parametrize(
    "page", ["", " ", "<", "</", "<!", "<!--", "<p", "<a b='", "&", "\ud800", "\0", "<script>", "</p>"]
)
def test_scraps_of_pages_have_no_text(page: str):
    assert main_text(page).strip("<&?�/") == ""


def test_more_elements_than_are_kept_apart_lose_no_text():
    text = main_text("<article>" + f"<p>{SENTENCE}" * 300_000)
    assert text.count(SENTENCE) == 300_000


class Characters(HTMLParser):
    """The characters of a page by the standard library's parser."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[str] = set()

    def handle_data(self, data: str) -> None:
        self.found.update(data)


PIECES = st.one_of(
    st.sampled_from(["<p>", "</p>", "<div class=nav>", "</div>", "<a href=/>", "</a>", "<td>", "<tr>", "<table>"]),
    st.sampled_from(["</table>", "<li>", "<pre>", "<br>", "<!--", "-->", "<h2>", "</h2>", "<title>", "</p"]),
    st.sampled_from(
        ["<script>", "</script>", "<", ">", "&", "&amp;", "&#8204;", '"', "'", "<div hidden", "<article>", "</article>"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.just(f" {SENTENCE} "),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_page_gives_the_same_valid_text_twice(page: str):
    text = main_text(page)
    assert text == main_text(page)
    text.encode("utf-8")
    assert len(text) <= 2 * len(page) + 8


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(string.ascii_letters + " äЖ字ก", min_size=1, max_size=60), min_size=1, max_size=8))
def test_text_never_holds_characters_that_the_page_has_not(paragraphs: list[str]):
    page = article("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))
    parser = Characters()
    parser.feed(page)
    assert set(main_text(page)) <= parser.found | set("\n ")


def realdata(name: str) -> Path:
    root = Path(os.environ.get("GLOTMILL_REALDATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (root / name).exists():
        pytest.skip(f"no real data at {root / name}")
    return root / name


@pytest.mark.realdata
def test_gold_pages_are_extracted_as_well_as_is_documented():
    path = Path(__file__).parents[2] / "benchmarks" / "extraction.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_extraction", path)
    assert spec
    assert spec.loader
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    gold = realdata("extraction/gold.jsonl")
    quality = benchmark.Quality()
    for page in benchmark.read_pages(realdata("warc/web.warc.gz"), gold, None):
        quality.add(page, main_text(page.html))
    assert quality.true_positives + quality.false_negatives > 0.9 * sum(
        len(json.loads(line)["with"]) for line in gold.read_text(encoding="utf-8").splitlines()
    )
    # trafilatura 2.3.1 in precision mode: precision .935, recall .911, F .923.
    assert quality.f_score >= 0.93
    assert quality.precision >= 0.91
