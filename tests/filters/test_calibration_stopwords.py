"""Stopwords: shares, what is left out, and English in samples of other languages."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.calibration.settings import StopwordList
from filters.calibration.stopwords import (
    choose_stopwords,
    english_ratios,
    english_share,
    is_word,
    read_words,
    without_english,
)

FEW = StopwordList(least=2)
ENGLISH = Counter({"the": 60, "of": 30, "and": 30, "to": 30, "in": 20, "is": 20, "for": 10, "that": 10, "": 790})


def test_shares_are_over_all_tokens_marks_too():
    # 1,000 tokens: 9 are above 0.8 %, 8 are not.
    counts = {"ja": 9, "nein": 8, "doch": 9, "": 974}
    assert choose_stopwords(counts, "deu_Latn", FEW) == (("doch", "ja"), 0.008)
    assert choose_stopwords(counts | {"": 1974}, "deu_Latn", FEW) == (("doch", "ja", "nein"), 0.003)


def test_no_list_is_better_than_a_short_one():
    assert choose_stopwords({"ja": 500, "": 500}, "deu_Latn", FEW) == ((), None)


def test_the_most_frequent_are_kept():
    counts = {word: 100 - number for number, word in enumerate(("der", "die", "das", "und"))}
    assert choose_stopwords(counts, "deu_Latn", StopwordList(least=2, most=3))[0] == ("der", "die", "das")


def test_marks_numbers_and_parts_of_words_are_no_stopwords():
    counts = {"ja": 100, "nein": 90, ".": 300, "—": 50, "2024": 80, "l'": 70, "€": 60, "x86": 60}
    assert choose_stopwords(counts, "fra_Latn", FEW)[0] == ("ja", "nein")


@given(st.dictionaries(st.text(max_size=5), st.integers(1, 1000), max_size=20))
def test_every_stopword_is_a_word_above_the_share(counts):
    found, share = choose_stopwords(counts, "und_Latn", FEW)
    assert all(is_word(word) and counts[word] > share * sum(counts.values()) for word in found)
    assert len(found) >= 2 or not found


def test_english_in_a_sample_is_measured_and_left_out():
    own = Counter({"ya": 100, "na": 100, "wa": 80, "": 720})
    mixed = own + Counter({word: count // 5 for word, count in ENGLISH.items()})  # 200 of 1,200 tokens
    ratios = english_ratios(mixed, ENGLISH)
    assert english_share(ratios) == pytest.approx(1 / 6, abs=0.01)
    cleaned = without_english(mixed, ratios)
    assert choose_stopwords(cleaned, "swh_Latn", FEW, mixed.total())[0] == ("na", "ya", "wa")
    assert "the" in choose_stopwords(mixed, "swh_Latn", FEW)[0]


def test_a_word_that_both_languages_have_stays():
    own = Counter({"der": 60, "in": 40, "und": 50, "": 850})
    mixed = own + Counter({word: count // 10 for word, count in ENGLISH.items()})
    cleaned = without_english(mixed, english_ratios(mixed, ENGLISH))
    found, _ = choose_stopwords(cleaned, "deu_Latn", FEW, mixed.total())
    assert found == ("der", "und", "in")


def test_without_an_english_reference_nothing_is_left_out():
    ratios = english_ratios({"the": 5}, Counter())
    assert without_english({"the": 5}, ratios) == {"the": 5}
    assert english_share(ratios) == 0
    assert english_ratios({}, ENGLISH) == {}


def test_words_are_counted_as_the_filter_counts_them():
    from filters.gopher_quality import Parameters, measure
    from filters.text import Text

    text = "Der Hund, der — laut! — bellt: 12 Mal. ภาษา 漢字"
    words, lengths, _ = read_words([text], "deu_Latn").lengths[0]
    assert lengths / words == measure(Text(text, "deu_Latn"), Parameters())["gopher_mean_word_length"]
    assert words == measure(Text(text, "deu_Latn"), Parameters())["gopher_word_count"]
