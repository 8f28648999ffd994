"""Gopher repetition: values counted by hand, and n-grams against plain definitions on small alphabets."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters._ngrams import (
    Chain,
    chain,
    duplicate_ngram_characters,
    first_occurrences,
    listed_words,
    top_ngram_characters,
)
from filters.base import Measurements
from filters.gopher_repetition import COLUMNS, Parameters, measure
from filters.text import Text

WORDS = st.lists(st.sampled_from(["a", "b", "ab", "ba", "aba", "ก", "😀"]), max_size=60)


def chained(words: list[str]) -> Chain:
    ends = np.cumsum([len(word) + 1 for word in words], dtype=np.int64)
    codes = np.frombuffer(" ".join(words).encode("utf-32-le"), np.uint32)
    return chain(codes, np.append(0, ends)[: len(words)], ends - 1)


def measured(text: str) -> Measurements:
    return measure(Text(text), Parameters())


def test_lines_and_paragraphs() -> None:
    values = measured("one\ntwo\none\n\ntwo\n\none\ntwo\none")
    characters = 29
    assert values["gopher_duplicate_line_ratio"] == pytest.approx(5 / 7)
    assert values["gopher_duplicate_line_character_ratio"] == pytest.approx(15 / characters)
    assert values["gopher_duplicate_paragraph_ratio"] == pytest.approx(1 / 3)
    assert values["gopher_duplicate_paragraph_character_ratio"] == pytest.approx(11 / characters)


def test_the_most_frequent_bigram() -> None:
    assert measured("so it is so it was")["gopher_top_2_gram_character_ratio"] == pytest.approx(2 * len("so it") / 18)


def test_of_equally_frequent_bigrams_the_first_counts() -> None:
    assert measured("a bb ccc dddd")["gopher_top_2_gram_character_ratio"] == pytest.approx(len("a bb") / 13)


def test_a_repeated_sentence_is_a_duplicate_of_every_size_that_fits() -> None:
    sentence = "one two three four five six "
    values = measured(sentence * 2)
    assert values["gopher_duplicate_5_gram_character_ratio"] == pytest.approx(len("onetwothreefourfive") / 56)
    assert values["gopher_duplicate_6_gram_character_ratio"] == pytest.approx(len("onetwothreefourfivesix") / 56)
    # A cycle repeats its windows of seven, too, but the second one does not fit any more.
    assert values["gopher_duplicate_7_gram_character_ratio"] == 0


def test_too_few_words_have_no_top_ngram() -> None:
    values = measured("one two three")
    assert values["gopher_top_3_gram_character_ratio"] == 1
    assert values["gopher_top_4_gram_character_ratio"] is None
    assert values["gopher_duplicate_5_gram_character_ratio"] == 0


def test_an_empty_text_has_no_values() -> None:
    assert measured("") == dict.fromkeys(column.name for column in COLUMNS)


@settings(deadline=None)
@given(WORDS)
def test_top_ngrams_by_definition(words: list[str]) -> None:
    together = chained(words)
    for n, found in zip((2, 3, 4, 5), top_ngram_characters(together, first_occurrences(together), 5), strict=True):
        grams = Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
        top = max(grams, key=lambda gram: grams[gram], default=None)
        assert found == (-1 if top is None else len(top) * grams[top])


@settings(deadline=None)
@given(WORDS)
def test_duplicate_ngrams_by_definition(words: list[str]) -> None:
    for n, found in zip((2, 3, 4, 5), duplicate_ngram_characters(chained(words), 2, 5), strict=True):
        seen, characters, place = set(), 0, 0
        while place + n <= len(words):
            gram = "".join(words[place : place + n])
            characters += len(gram) if gram in seen else 0
            place += n if gram in seen else 1
            seen.add(gram)
        assert found == characters


def test_a_megabyte_of_one_word_is_counted_whole() -> None:
    words = ["word"] * 250_000
    together = chained(words)
    assert duplicate_ngram_characters(together, 5, 5).tolist() == [4 * 5 * ((250_000 - 1) // 5)]
    assert top_ngram_characters(together, first_occurrences(together), 2).tolist() == [9 * 249_999]


@settings(deadline=None)
@given(WORDS)
def test_first_occurrences_by_definition(words: list[str]) -> None:
    assert first_occurrences(chained(words)).tolist() == [words.index(word) for word in words]


@settings(deadline=None)
@given(WORDS, st.lists(st.sampled_from(["a", "ba", "ก", "c"]), unique=True))
def test_listed_words_by_definition(words: list[str], listed: list[str]) -> None:
    together = chained(words)
    hashes = np.array([chained([word]).hashes[-1] for word in listed], np.uint64)
    found = listed_words(together, first_occurrences(together), hashes)
    assert [words[place] for place in found] == [word for word in dict.fromkeys(words) if word in listed]
