"""Repair undoes what broke a text and leaves every orthography as it is."""

import doctest
import json
import os
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extraction import repair as module
from pipeline.extraction import unwrap
from pipeline.extraction.repair import REPAIRS, RepairParameters, repair, repair_encoding
from pipeline.extraction.unwrap import columns, join_wrapped_lines

FILES = [Path(__file__).parent.parent / folder / "sentences.tsv" for folder in ("filters", "langid")]
SENTENCES = [
    line.split("\t")
    for file in FILES
    for line in file.read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]

GERMAN = (
    "Da es wichtig ist, die Entwicklung freundschaftlicher Beziehungen zwischen den Nationen zu fördern, und da die "
    "Völker der Vereinten Nationen in der Charta ihren Glauben an die grundlegenden Menschenrechte erneut bekräftigt "
    "haben, beschlossen sie, den sozialen Fortschritt und bessere Lebensbedingungen zu fördern."
)
RUSSIAN = (
    "принимая во внимание, что признание достоинства, присущего всем членам человеческой семьи, и равных и "
    "неотъемлемых прав их является основой свободы, справедливости и всеобщего мира, и что пренебрежение и презрение "
    "к правам человека привели к варварским актам, которые возмущают совесть человечества"
)
ARABIC = (
    "لما كان الاعتراف بالكرامة المتأصلة في جميع أعضاء الأسرة البشرية وبحقوقهم المتساوية الثابتة هو أساس الحرية والعدل "
    "والسلام في العالم ولما كان تناسي حقوق الإنسان وازدراؤها قد أفضيا إلى أعمال همجية آذت الضمير الإنساني وكان غاية ما "
    "يرنو إليه عامة البشر انبثاق عالم يتمتع فيه الفرد بحرية القول والعقيدة"
)
HINDI = (
    "चूंकि मानव परिवार के सभी सदस्यों के जन्मजात गौरव और समान तथा अविच्छिन्न अधिकारों की स्वीकृति ही विश्व शान्ति न्याय और "
    "स्वतन्त्रता की बुनियाद है और चूंकि मानव अधिकारों के प्रति उपेक्षा और घृणा के फलस्वरूप ही ऐसे बर्बर कार्य हुए जिनसे मनुष्य की "
    "आत्मा पर अत्याचार किया गया और इसलिए ऐसी विश्व व्यवस्था की स्थापना को"
)
JAPANESE = (
    "人類社会のすべての構成員の固有の尊厳と平等で譲ることのできない権利とを承認することは世界における自由正義及び平和の"
    "基礎であるので人権の無視及び軽侮が人類の良心を踏みにじった野蛮行為をもたらし言論及び信仰の自由が受けられ恐怖及び"
    "欠乏のない世界の到来が一般の人々の最高の願望として宣言されたので人間が専制と圧迫とに対する最後の手段として反逆に"
)


@pytest.mark.parametrize("part", [module, unwrap], ids=lambda part: part.__name__)
def test_examples(part: object) -> None:
    assert doctest.testmod(part).failed == 0  # type: ignore[arg-type]


def test_every_repair_is_a_setting() -> None:
    assert list(RepairParameters.model_fields) == list(REPAIRS)


def test_the_sentences_are_there() -> None:
    assert len({row[0] for row in SENTENCES}) > 60


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row[0])
def test_good_texts_of_all_languages_stay(row: list[str]) -> None:
    assert repair("\n".join(row[1:])).changes == ()


@pytest.mark.parametrize("encoding", ["latin-1", "sloppy-windows-1252"])
@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row[0])
def test_a_wrong_decoding_is_undone_in_every_language(row: list[str], encoding: str) -> None:
    text = row[1]
    if (row[0], encoding) == ("hye_Armn", "sloppy-windows-1252"):
        pytest.xfail("ftfy does not see that Armenian in windows-1252 is none")
    try:
        broken = text.encode("utf-8").decode(encoding)
    except UnicodeDecodeError:
        pytest.skip("the encoding has no such bytes")
    if text.isascii() or len(text) < 20:
        pytest.skip("nothing that breaks, or too little that shows it")
    assert repair_encoding(broken) == text


@pytest.mark.parametrize(
    "text",
    [
        "„deutsch“ «français» “English” ’tis ‚so‘ 「日本語」",
        "ＦＵＬＬ　ｗｉｄｔｈ、ﾊﾝｶｸ、①②③、㎏",
        "ĳsvogel, ǆak, ﬁn, ŉ, ﷺ, ﻻ",
        "می‌خواهم، نمی‌دانم، ශ්‍රී, ക്‍ഷ, 👩‍👩‍👧, क्‍ष",
        "e\u0301te\u0301 \u1100\u1161\u11a8 שָׁלוֹם",
        "a &amp; b &lt;p&gt; &eacute;",
        "À la carte, Ã la (sic), Â, SÃO PAULO, naïve – „Öl“, Å®, ĐÃ",
        "ภาษา\u200bไทย ភាសា\u200bខ្មែរ မြန်မာ\u200bစာ",
        "\u202bעברית\u202c \u200eabc\u200f \u2067x\u2069",
        "def f(x):\n    return x\n\n\nf(1)",
        "- one\n- two\n\n1. first\n2. second",
        "| a | b |\n|---|---|\n| 1 |  |",
        "pip\n|   |   |-- a\n    |\n    +-- b",
    ],
)
def test_what_is_unusual_but_right_stays(text: str) -> None:
    assert repair(text).text == text
    assert repair(text).changes == ()


@pytest.mark.parametrize(
    ("broken", "repaired", "change"),
    [
        ("l\x92été \x96 5 \x80", "l’été – 5 €", "encoding"),
        ("plain\nVoilÃ\xa0 lâ€™Ã©tÃ©", "plain\nVoilà l’été", "encoding"),
        ("a\x00b\x1b[1;31mc\x1b[0m", "abc", "control_characters"),
        ("x\ud83dy", "xy", "control_characters"),
        ("a\r\nb\rc\u2029d", "a\nb\nc\nd", "line_breaks"),
        ("\ufeffsoft\u00adhyphen\u200b 中\u200b文", "softhyphen 中文", "zero_width"),
        ("a |\n| | |\n|  |\nb", "a |\nb", "table_rows"),
        ("Titel\n═══════════\n- - - - - -\nx", "Titel\n═══\n---\nx", "separators"),
        ("a  \n\n\n \n\u3000\nb", "a\n\n\nb", "blank_lines"),
    ],
)
def test_repairs(broken: str, repaired: str, change: str) -> None:
    assert repair(broken).text == repaired
    assert repair(broken).changes == (change,)
    assert repair(broken, RepairParameters(**{change: False})).text == broken


def test_empty_cells_are_merged_only_where_that_is_wanted() -> None:
    text = "| a |  |  |  |  | b |"
    assert repair(text).changes == ()
    assert repair(text, RepairParameters(empty_cells=True)).text == "| a |  | b |"


@pytest.mark.parametrize("width", [60, 72, 78])
@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, ARABIC, HINDI], ids=["German", "Russian", "Arabic", "Hindi"])
def test_what_textwrap_wrapped_is_joined(text: str, width: int) -> None:
    wrapped = fill(text, width)
    assert wrapped.count("\n") >= 3
    page = f"Eine Überschrift\n\n{wrapped}\n\n- ein Punkt\n- noch einer\n\n{wrapped}"
    assert join_wrapped_lines(page) == f"Eine Überschrift\n\n{text}\n\n- ein Punkt\n- noch einer\n\n{text}"


def fill(text: str, width: int) -> str:
    """An oracle that counts columns as terminals do."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        lines[-1:] = [longer] if columns(longer) <= width else [lines[-1], word]
    return "\n".join(lines)


def test_the_oracle_wraps_as_textwrap_does() -> None:
    assert fill(GERMAN, 70) == textwrap.fill(GERMAN, 70)


def test_scripts_without_spaces_are_joined_without_one() -> None:
    wrapped = "\n".join(JAPANESE[start : start + 35] for start in range(0, len(JAPANESE), 35))
    assert join_wrapped_lines(wrapped) == JAPANESE


POEM = """\
Ich wollt, meine Schmerzen ergössen sich all in ein einziges Wort,
das gäb ich den lustigen Winden, die trügen es lustig fort,
sie tragen zu dir, Geliebte, das schmerzerfüllte Wort;
du hörst es zu jeder Stunde, du hörst es an jedem Ort."""
ADDRESSES = "\n".join(f"Erika Muster, Straße {number}, 10115 Berlin, Telefon und Post" for number in range(6))
CODE = "\n".join(f"value_{number} = compute(first_argument, second_argument, {number});" for number in range(8))
PATHS = "\n".join(f"/usr/share/doc/packages/a-long-name-of-a-package-{number:03}/copyright.gz" for number in range(8))
KEY = "\n".join("iQEzBAEBCgAdFiEE1823g1EQnhJ1LsbSA4gdqCvCmrkFAmAa3ooACgkQA4gdqCvC" for _ in range(8))
MENU = "\n".join(["Startseite", "Über uns", "Kontakt", "Impressum", "Datenschutz und Sicherheit im Netz"] * 3)


@pytest.mark.parametrize(
    "text", [POEM, ADDRESSES, CODE, PATHS, KEY, MENU], ids=["poem", "addresses", "code", "paths", "key", "menu"]
)
def test_lines_that_are_lines_stay(text: str) -> None:
    assert join_wrapped_lines(text) == text


PIECES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["\n", "\n\n\n\n", "| |", "|  |  |  |", "=====", "\u200b", "\r", "Ã©", "â€™", "\x92", " \n", "\ufeff", "-\n"]
    ),
    st.sampled_from([fill(GERMAN, 72), fill(RUSSIAN, 60), POEM, CODE]),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=8).map("".join))
def test_repair_says_what_it_did_and_is_stable(text: str) -> None:
    repaired = repair(text)
    assert bool(repaired.changes) == (repaired.text != text) or repaired.text == text
    repaired.text.encode("utf-8")
    for name in (
        "control_characters",
        "line_breaks",
        "zero_width",
        "table_rows",
        "empty_cells",
        "separators",
        "blank_lines",
    ):
        once = REPAIRS[name](text)
        assert REPAIRS[name](once) == once


@pytest.mark.realdata
def test_real_pages_lose_no_word() -> None:
    folder = Path(os.environ.get("GLOTMILL_REALDATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
    source = folder / "extraction" / "gold.jsonl"
    if not source.exists():
        pytest.skip(f"no real pages in {folder}")
    for line in source.read_text(encoding="utf-8").splitlines()[:300]:
        for segment in json.loads(line)["with"]:
            assert repair(segment).text.split() == segment.replace("\u00ad", "").split()
