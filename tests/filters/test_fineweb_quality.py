"""FineWeb quality: values counted by hand; sentence ends of many scripts."""

import pytest

from filters.base import Measurements
from filters.fineweb_quality import COLUMNS, Parameters, measure, terminal_punctuation
from filters.text import Text


def measured(text: str, parameters: Parameters | None = None) -> Measurements:
    return measure(Text(text), parameters or Parameters())


def test_lines_that_are_blank_do_not_count() -> None:
    values = measured("One.\n\n  \nTwo\nThree!")
    assert values["fineweb_terminal_punctuation_ratio"] == pytest.approx(2 / 3)
    assert values["fineweb_newline_word_ratio"] == pytest.approx(4 / 5)


def test_duplicate_lines_are_over_the_characters_without_line_feeds() -> None:
    assert measured("again\nonce\nagain\nagain")["fineweb_duplicate_line_character_ratio"] == pytest.approx(10 / 19)


@pytest.mark.parametrize(("length", "ratio"), [(3, 0.5), (4, 1), (2, 0)])
def test_the_length_of_a_short_line_is_a_parameter(length: int, ratio: float) -> None:
    assert measured("one\nfour", Parameters(short_line_length=length))["fineweb_short_line_ratio"] == ratio


@pytest.mark.parametrize("mark", list(".?!。？！।॥։؟۔።፧።៕។៚"))
def test_marks_that_end_a_sentence(mark: str) -> None:
    assert measured(f"x{mark}")["fineweb_terminal_punctuation_ratio"] == 1


@pytest.mark.parametrize("mark", list(",;:-)»”…、，།"))
def test_marks_that_do_not(mark: str) -> None:
    assert measured(f"x{mark}")["fineweb_terminal_punctuation_ratio"] == 0


def test_more_marks_are_a_parameter() -> None:
    parameters = Parameters(extra_terminals=";།")
    assert measured("τι;\nབོད།\nx:", parameters)["fineweb_terminal_punctuation_ratio"] == pytest.approx(2 / 3)


def test_every_mark_of_datatrove_is_known() -> None:
    from datatrove.utils.text import TERMINAL_PUNCTUATION

    assert terminal_punctuation() >= TERMINAL_PUNCTUATION


@pytest.mark.parametrize("text", ["", "\n\n", " \n\t"])
def test_a_text_without_lines_has_no_values(text: str) -> None:
    assert measured(text) == dict.fromkeys(column.name for column in COLUMNS)


def test_a_line_without_words_has_no_words_to_compare() -> None:
    assert measured("\u200b\n\u200b")["fineweb_newline_word_ratio"] is None
