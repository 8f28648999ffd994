"""Script histograms, against the names that Unicode gives its characters."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langid.script import comprised, main_script, script_counts, script_histogram, script_share

# The first word of a letter's Unicode name tells its script, for scripts whose letters are all named so.
NAMED = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARABIC": "Arab", "HEBREW": "Hebr", "DEVANAGARI": "Deva",
    "BENGALI": "Beng", "THAI": "Thai", "HANGUL": "Hang", "HIRAGANA": "Hira", "KATAKANA": "Kana", "ARMENIAN": "Armn",
    "GEORGIAN": "Geor", "ETHIOPIC": "Ethi", "KHMER": "Khmr", "TAMIL": "Taml", "CHEROKEE": "Cher", "TIBETAN": "Tibt",
}  # fmt: skip
SAMPLES = {
    "Latn": "Žluťoučký kůň", "Cyrl": "Съешь ещё булок", "Grek": "Ξεσκεπάζω τὴν ψυχή", "Arab": "نص حكيم له سر",
    "Hebr": "דג סקרן שט בים", "Deva": "ऋषियों को सताने", "Thai": "เป็นมนุษย์สุดประเสริฐ", "Hang": "키스의 고유조건은",
    "Armn": "Բել դղյակի ձախ", "Geor": "საქართველოს მთა", "Ethi": "ሰላም ለዓለም", "Khmr": "សួស្តីពិភពលោក", "Taml": "வணக்கம் உலகம்",
    "Cher": "ᎣᏏᏲ ᎡᎶᎯ", "Tibt": "བཀྲ་ཤིས་བདེ་ལེགས", "Beng": "আমার সোনার বাংলা", "Hani": "天地玄黃宇宙洪荒",
}  # fmt: skip


def by_name(text):
    letters = (char for char in text if unicodedata.category(char).startswith("L"))
    return Counter(NAMED[unicodedata.name(char).split()[0]] for char in letters)


@pytest.mark.parametrize("script", SAMPLES)
def test_samples_have_their_script(script):
    assert main_script(SAMPLES[script]) == script
    assert script_histogram(SAMPLES[script] + " 123 …!") == {script: 1.0}


@given(st.text(alphabet="".join(SAMPLES[s] for s in SAMPLES if s != "Hani") + "0123 .,!\n\t’"))
def test_counts_agree_with_the_names_of_the_letters(text):
    assert script_counts(text) == dict(by_name(text))


@given(st.text())
def test_any_text_has_shares_that_sum_to_one(text):
    histogram = script_histogram(text)
    assert not histogram or abs(sum(histogram.values()) - 1) < 1e-9
    assert list(histogram.values()) == sorted(histogram.values(), reverse=True)


def test_lone_surrogates_are_no_letters():
    assert script_counts("a\ud800b") == {"Latn": 2}


def test_marks_and_common_letters_are_left_out():
    assert script_counts("ー〜") == {}
    assert script_counts("é") == {"Latn": 1}


def test_mixed_scripts_of_a_label():
    histogram = script_histogram("東京タワーへ行く Tokyo")
    assert script_share(histogram, "Jpan") == pytest.approx(7 / 12)
    assert script_share(histogram, "Hani") == pytest.approx(3 / 12)
    assert script_share(histogram, "Cyrl") == 0
    assert script_share({}, "Latn") is None


def test_what_label_scripts_comprise():
    assert comprised("Jpan") == {"Hira", "Kana", "Hani"}
    assert comprised("Kore") == comprised("Hang") == {"Hang", "Hani"}
    assert comprised("Hans") <= comprised("Hani")
    assert comprised("Zzzz") == set()


def test_a_share_does_not_depend_on_the_order_of_scripts() -> None:
    """0.1 + 0.2 + 0.3 is 0.6 or 0.6000000000000001, and a set's order differs between processes."""
    assert script_share({"Hani": 0.1, "Hira": 0.2, "Kana": 0.3, "Latn": 0.4}, "Jpan") == 0.6
