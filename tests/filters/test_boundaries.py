"""Words cut in compiled code are ICU's, boundary by boundary: ICU is the oracle."""

import lzma
import re
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icu4py.breakers import WordBreaker

from filters._boundaries import CLASS, DICTIONARY, character_table, segment
from filters.words import WORD_SEPARATORS, find_words, split_words
from langid.labels import languages

# A character or two of each class, and what a dictionary cuts, in all orders.
ALPHABET = "aéé̈ⓜבאכ1٣１.,':·’\"_‿ \u2009\u3000\r\n\x0b\u2028\u0301\u0e31\u200b\u200d\u00ad😀🏽🇩🇫한ㄱ漢あアｱกเລកမ@#-😀͏"
GOLDEN = Path(__file__).with_name("golden.tsv.xz")


def icu_ends(text: str) -> list[int]:
    return list(accumulate(map(len, WordBreaker(text, "und_Zzzz"))))


def kinds(text: str) -> np.ndarray:
    return character_table()[np.frombuffer(text.encode("utf-32-le"), np.uint32)]


def icu_words(text: str) -> list[str]:
    for mark in WORD_SEPARATORS:
        text = text.replace(mark, " ")
    return [word for word in WordBreaker(text, "und_Zzzz") if not word.isspace()]


@settings(deadline=None, max_examples=2000)
@given(st.text(alphabet=ALPHABET, max_size=12))
def test_words_of_short_texts_are_icus(text: str) -> None:
    assert split_words(text) == icu_words(text)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=40))
def test_words_of_any_characters_are_icus(text: str) -> None:
    assert split_words(text) == icu_words(text.replace("\ud800", "\ufffd"))


def test_every_character_has_icus_class() -> None:
    """Each character between letters, between digits, after a space and doubled: a wrong class would show."""
    points = (*range(0xD800), *range(0xE000, 0x32000), *range(0xE0000, 0xE0200))
    for start in range(0, len(points), 20_000):
        lines = (f'a{c}a1{c}1 {c}{c}ב"{c}\n' for c in map(chr, points[start : start + 20_000]))
        text = "".join(line for line in lines if not (kinds(line) & CLASS == DICTIONARY).any())
        assert segment(kinds(text)).tolist() == icu_ends(text)


@pytest.mark.parametrize("seed", range(4))
def test_words_of_the_golden_texts_are_icus(seed: int) -> None:
    rows = lzma.decompress(GOLDEN.read_bytes()).decode("utf-8").splitlines()[seed::4]
    for row in rows:
        text = row.partition("\t")[2].replace("\\n", "\n")
        assert split_words(text) == icu_words(text)


def test_no_language_has_rules_of_its_own() -> None:
    text = "a:b 1:2 a.b a'b א\"ב x_y 한국 a·b o'clock 1,2 a-b @x #x é1 a：b 漢字 กข 5€"
    expected = list(WordBreaker(text, "und_Zzzz"))
    labels = [f"{code}_{script}" for code, language in languages().items() for script in language.scripts]
    assert len(labels) > 1000
    assert all(list(WordBreaker(text, label)) == expected for label in labels)


def test_places_are_those_of_the_words() -> None:
    words = find_words("One, สวัสดีชาวโลก\nthree")
    assert [words.text[a:b] for a, b in zip(words.starts, words.ends, strict=True)] == words.strings()
    assert words.strings() == ["One", ",", "สวัสดี", "ชาว", "โลก", "three"]
    assert "".join(map(chr, words.codes)) == words.text
    assert re.sub(r"\s", "", words.text) == "".join(words.strings())
