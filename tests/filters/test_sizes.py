"""Sizes and shares of characters, counted by hand."""

import pytest

from filters.sizes import Parameters, estimate_tokens, measure
from filters.text import Text
from langid.labels import canonical


def test_sizes_of_a_small_text() -> None:
    values = measure(Text("Zwei Wörter, 12.\n\n€ ☃\n", "deu_Latn"), Parameters())
    assert values["size_bytes"] == 22 + 1 + 2 + 2
    assert values["size_lines"] == 2
    assert values["size_words"] == 5  # the euro sign and the snowman are no punctuation to datatrove
    assert values["size_letter_ratio"] == pytest.approx(10 / 16)
    assert values["size_digit_ratio"] == pytest.approx(2 / 16)
    assert values["size_punctuation_ratio"] == pytest.approx(2 / 16)
    assert values["size_symbol_ratio"] == pytest.approx(2 / 16)


def test_vowel_signs_are_letters() -> None:
    assert measure(Text("हिन्दी में"), Parameters())["size_letter_ratio"] == 1


def test_blank_text_has_no_shares() -> None:
    values = measure(Text(" \n "), Parameters())
    assert values["size_letter_ratio"] is None
    assert values["size_lines"] == values["size_words"] == 0


def test_tokens_by_label_then_script_then_any() -> None:
    assert estimate_tokens(10_000, "tha_Thai") == pytest.approx(10_000 / 2.42, rel=0.02)
    assert estimate_tokens(10_000, "xyz_Thai") == estimate_tokens(10_000, "tha_Thai")
    assert estimate_tokens(10_000, "xyz_Zzzz") == estimate_tokens(10_000, "und_Zzzz") > 0
    # A language that a vocabulary was not made for takes more tokens.
    assert estimate_tokens(10_000, "amh_Ethi") > 5 * estimate_tokens(10_000, "eng_Latn")


def test_the_table_has_labels_and_scripts() -> None:
    from filters.sizes import _characters_per_token

    table = _characters_per_token()
    labels = [name for name in table if "_" in name]
    assert len(labels) > 400
    assert all(canonical(label) == label for label in labels)
    assert {"*", "Latn", "Arab", "Hani", "Thai"} < set(table)
    assert all(0.2 < value < 6 for value in table.values())
