"""C4's rules in scripts that C4 was not made for."""

import pytest

from filters.c4_quality import Parameters, measure
from filters.text import Text


def values(text: str, language: str = "und_Zzzz", **parameters: object) -> dict[str, object]:
    return dict(measure(Text(text, language), Parameters.model_validate(parameters)))


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("यह पहला वाक्य है। क्या यह दूसरा है?", {}),
        ("هذا هو السؤال الأول؟", {}),
        ("这是第一句话。这是第二句话！", {"space_words": False}),
        ("これは最初の文です。", {"space_words": False}),
        ("Αυτή είναι η ερώτηση;", {"extra_terminals": ";"}),
        ("นี่คือประโยคแรกของข้อความ", {"space_words": False, "terminals": ""}),
    ],
)
def test_a_good_line_is_kept_in_its_script(text: str, parameters: dict[str, object]) -> None:
    assert values(text, **parameters)["c4_dropped_line_ratio"] == 0
    assert values(text, terminals=".?!\"'")["c4_dropped_line_ratio"] == float("?" not in text)


def test_a_language_without_marks_has_no_sentences() -> None:
    found = values("นี่คือประโยคแรกของข้อความ", space_words=False, terminals="")
    assert found["c4_sentence_count"] is None
    assert found["c4_unterminated_line_ratio"] == 0


def test_each_rule_counts_every_line_that_fails_it() -> None:
    found = values("Read the cookie policy\nThe script needs JavaScript\nThis is a sentence.\n\n")
    assert found["c4_policy_line_ratio"] == 0.25
    assert found["c4_javascript_line_ratio"] == 0.25
    assert found["c4_unterminated_line_ratio"] == 0.75
    assert found["c4_few_words_line_ratio"] == 0.25
    assert found["c4_dropped_line_ratio"] == 0.75
    assert found["c4_dropped_character_ratio"] == pytest.approx(1 - len("This is a sentence.") / 68)


def test_words_by_dictionary_stay_in_their_lines() -> None:
    found = values("我\n我们今天去学校。\n\n" + "x" * 1001 + " 我们今天去学校。", space_words=False)
    assert found["c4_few_words_line_ratio"] == 0.5
    assert found["c4_long_word_line_ratio"] == 0.25


def test_an_ellipsis_ends_no_sentence_and_a_citation_hides_no_end() -> None:
    assert values("And so it went on...")["c4_unterminated_line_ratio"] == 1
    assert values("It was so in 1999.[12][citation needed]")["c4_unterminated_line_ratio"] == 0


def test_an_empty_text_has_no_ratios() -> None:
    found = values("")
    assert found["c4_dropped_line_ratio"] is None
    assert found["c4_dropped_character_ratio"] is None
    assert found["c4_sentence_count"] == 0
