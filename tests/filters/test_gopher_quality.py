"""Gopher quality: values counted by hand."""

import pytest

from filters.base import Measurements
from filters.gopher_quality import COLUMNS, Parameters, measure
from filters.text import Text


def measured(text: str, *stopwords: str, language: str = "und_Zzzz") -> Measurements:
    return measure(Text(text, language), Parameters(stopwords=stopwords or None))


def test_words_are_counted_without_punctuation() -> None:
    values = measured("Two words, (three).")
    assert values["gopher_word_count"] == 3
    assert values["gopher_mean_word_length"] == pytest.approx((3 + 5 + 5) / 3)


def test_symbols_are_per_word_and_mark() -> None:
    values = measured("#one #two three… four...")
    total = len(["#", "one", "#", "two", "three", "…", "four", ".", ".", "."])
    assert values["gopher_hash_ratio"] == pytest.approx(2 / total)
    assert values["gopher_ellipsis_ratio"] == pytest.approx(2 / total)
    assert values["gopher_alphabetic_word_ratio"] == pytest.approx(4 / total)


def test_lines() -> None:
    values = measured("• one\n  - two…\nthree...  \n\nfour")
    assert values["gopher_bullet_line_ratio"] == pytest.approx(2 / 5)
    assert values["gopher_ellipsis_line_ratio"] == pytest.approx(2 / 5)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("hin_Deva", "हिन्दी में"),
        ("tha_Thai", "น้ำเสีย"),
        ("mya_Mymr", "ကမ္ဘာလောက"),
        ("cmn_Hani", "人权"),
        ("amh_Ethi", "ሰላም"),
    ],
)
def test_letters_of_any_script_make_a_word_alphabetic(language: str, text: str) -> None:
    assert measured(text, language=language)["gopher_alphabetic_word_ratio"] == 1


def test_stopwords_are_distinct_words_case_and_all() -> None:
    assert measured("the cat and The dog and the bird", "the", "and", "of")["gopher_stopword_count"] == 2
    assert measured("The End", "the")["gopher_stopword_count"] == 0


def test_without_a_list_stopwords_are_not_measured() -> None:
    assert measured("the cat")["gopher_stopword_count"] is None


def test_an_empty_list_is_a_list() -> None:
    assert measure(Text("the cat"), Parameters(stopwords=()))["gopher_stopword_count"] == 0


def test_an_empty_text_has_no_words_and_no_ratios() -> None:
    values = dict(measured(""))
    assert values.pop("gopher_word_count") == 0
    assert values == {column.name: None for column in COLUMNS if column.name != "gopher_word_count"}


def test_marks_alone_have_ratios_but_no_mean_length() -> None:
    values = measured("!!! ???")
    assert values["gopher_word_count"] == 0
    assert values["gopher_mean_word_length"] is None
    assert values["gopher_alphabetic_word_ratio"] == 0
