"""OSCAR's and GlotCC's warnings against plain readings of their rules, on the golden texts and on made ones."""

import lzma
import string
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import glotcc_quality, oscar_quality
from filters.text import Text

GOLDEN = lzma.decompress(Path(__file__).with_name("golden.tsv.xz").read_bytes()).decode("utf-8").splitlines()[::6]
TEXTS = [row.partition("\t")[2].replace("\\n", "\n") for row in GOLDEN]
PIECES = st.sampled_from(
    [
        "word ",
        "Word ",
        "12 ",
        "{",
        "JavaScript ",
        "\n",
        "\n\n",
        "漢字" * 15,
        "é" * 60,
        "क्षि ",
        "use cookies ",
        "| \n",
        "…",
    ]
)
MADE = st.lists(PIECES, max_size=60).map("".join)


def oscar_warnings(text: str) -> set[str]:
    """Ungoliant's rules, over the lines that are not blank."""
    lines = [line for line in text.split("\n") if line.strip()]
    edge = int(0.2 * len(lines))

    def short(some: list[str]) -> int:
        return sum(len(line.encode()) < 100 for line in some)

    found = {"tiny"} if len(lines) < 5 else set()
    if short(lines[:edge]) > edge // 2:
        found.add("header")
    if edge and short(lines[-edge:]) > edge // 2:
        found.add("footer")
    if sum(len(line) < 100 for line in lines) > len(lines) // 2:
        found.add("short_sentences")
    if sum(category(character)[0] not in "LM" for character in text) > len(text) // 2:
        found.add("noisy")
    return found


def our_oscar_warnings(text: str) -> set[str]:
    names = {
        "oscar_line_count": "tiny",
        "oscar_header_short_line_ratio": "header",
        "oscar_footer_short_line_ratio": "footer",
        "oscar_short_line_ratio": "short_sentences",
        "oscar_noise_ratio": "noisy",
    }
    values = oscar_quality.measure(Text(text), oscar_quality.Parameters())
    found = set()
    for column, name in names.items():
        rule, value = oscar_quality.RULES[column], values[column]
        if isinstance(value, int | float) and (value < (rule.min or 0) or (rule.max is not None and value > rule.max)):
            found.add(name)
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_oscars_warnings_of_golden_texts(text: str) -> None:
    # Apostrophes between letters, emoji selectors and word separators are what is counted otherwise.
    assert our_oscar_warnings(text) == oscar_warnings(text)


@settings(deadline=None)
@given(MADE)
def test_oscars_warnings_of_made_texts(text: str) -> None:
    assert our_oscar_warnings(text) == oscar_warnings(text)


def plain_glotcc(text: str) -> dict[str, object]:
    tokens = text.split()
    capital = [
        token
        for token in tokens
        if token[0].isupper() or all(mark.isdigit() or mark in string.punctuation for mark in token)
    ]
    return {
        "glotcc_capital_word_ratio": len(capital) / len(tokens) if len(tokens) >= 12 else None,
        "glotcc_technical_character_ratio": sum(mark in "0123456789{}+/()>" for mark in text) / len(text),
        "glotcc_longest_word": max([len(token) for token in tokens] or [0]),
        "glotcc_long_run_ratio": sum(len(token) for token in tokens if len(token) >= 20) / len(text),
        "glotcc_curly_bracket": "{" in text,
        "glotcc_javascript": "javascript" in text.lower(),
        "glotcc_policy": "use cookies" in text.lower(),
    }


@settings(deadline=None)
@given(MADE.filter(bool))
def test_glotccs_values_of_made_texts(text: str) -> None:
    values = glotcc_quality.measure(Text(text), glotcc_quality.Parameters())
    for name, value in plain_glotcc(text).items():
        assert values[name] == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("text", TEXTS)
def test_glotccs_values_of_golden_texts(text: str) -> None:
    values = glotcc_quality.measure(Text(text), glotcc_quality.Parameters())
    assert values["glotcc_capital_word_ratio"] == pytest.approx(plain_glotcc(text)["glotcc_capital_word_ratio"])
    assert values["glotcc_cursed_substring"] is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Click to download now", "ownload"),
        ("one |\ntwo", "|"),
        ("Table № 5", " №"),
        ("a b c d e f g h i j", " b c d e f g h i j"),
        ("Цена: 5 кг.\n", " кг.\n"),
        ("An ordinary sentence about nothing.", None),
    ],
)
def test_cursed_substrings(text: str, found: str | None) -> None:
    assert glotcc_quality.measure(Text(text), glotcc_quality.Parameters())["glotcc_cursed_substring"] == found


def test_the_share_of_the_language_is_that_of_the_lines() -> None:
    for share in (None, 0.25):
        view = Text("Some text.", "eng_Latn", language_share=share)
        assert glotcc_quality.measure(view, glotcc_quality.Parameters())["glotcc_language_share"] == share
