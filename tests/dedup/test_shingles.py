import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.shingles import normalise_word, shingle_hashes

# Pairs of words that differ only in a mark, and are different words.
DIFFERENT_WORDS = {
    "Devanagari: day, gift": ("दिन", "दान"),
    "Devanagari: virama": ("कर्म", "करम"),
    "Bengali: vowels": ("দিন", "দান"),
    "Tamil: pulli": ("கல்", "கல"),
    "Thai: tone, near and far": ("ใกล้", "ไกล"),
    "Thai: tone mark alone": ("ป่า", "ปา"),
    "Lao: vowel": ("ກິນ", "ກນ"),
    "Khmer: vowels": ("កា", "កិ"),
    "Burmese: tones": ("စား", "စာ"),
    "Tibetan: vowels": ("བོད", "བད"),
    "Kana: voicing": ("かき", "かぎ"),
    "Thaana: vowels": ("ދިވެހި", "ދވހ"),
    "Arabic: hamza carried by yeh": ("ئان", "يان"),
    "Hangul: vowels": ("강", "공"),
}

# What may be typed in two ways: (one, another).
SAME_WORDS = {
    "case": ("STRASSE", "Straße"),
    "final sigma": ("ΛΌΓΟΣ", "λόγος"),
    "Turkish capitals": ("ISTANBUL", "ıstanbul"),
    "composed and decomposed": ("é", "e\u0301"),
    "Vietnamese": ("Việt", "Viet"),
    "Russian": ("Всё", "все"),
    "Arabic harakat": ("مُحَمَّد", "محمد"),
    "Arabic presentation forms": ("ﻣﺤﻤﺪ", "محمد"),
    "Hebrew points": ("עִבְרִית", "עברית"),
    "Persian joiner": ("می\u200cخواهم", "میخواهم"),
    "apostrophes": ("п’ять", "п'ять"),
    "full-width": ("ＡＢＣ", "abc"),
    "soft hyphen": ("Donau\u00addampf", "donaudampf"),
    "digits": ("١٢٣", "۴۵۶"),
    "digits of other scripts": ("१२", "๓๔"),
    "superscript": ("m²", "m0"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT_WORDS.values(), ids=DIFFERENT_WORDS)
def test_marks_that_make_words_are_kept(one, other):
    assert normalise_word(one) != normalise_word(other)


@pytest.mark.parametrize(("one", "other"), SAME_WORDS.values(), ids=SAME_WORDS)
def test_optional_differences_vanish(one, other):
    assert normalise_word(one) == normalise_word(other) != ""


@pytest.mark.parametrize("word", ["", "…", "—", "👩\u200d🚀", "\u200b", "°", "؟", "。", "।", "\u0301", "\ud800"])
def test_nothing_is_left_of_what_is_no_word(word):
    assert normalise_word(word) == ""


@given(st.text(max_size=20))
def test_normal_form_is_stable_and_independent_of_the_unicode_form(word):
    normal = normalise_word(word)
    assert normalise_word(unicodedata.normalize("NFD", word)) == normal
    assert normalise_word(unicodedata.normalize("NFC", word)) == normal
    assert unicodedata.is_normalized("NFC", normal)


@given(st.lists(st.sampled_from("abcde"), max_size=30), st.integers(1, 6))
def test_shingles_are_equal_where_the_tuples_of_words_are(words, size):
    size_here = min(size, len(words))
    tuples = [tuple(words[i : i + size_here]) for i in range(len(words) - size_here + 1)] if words else []
    hashes = shingle_hashes(words, size).tolist()
    assert len(hashes) == len(tuples)
    assert len(set(zip(hashes, tuples, strict=True))) == len(set(hashes)) == len(set(tuples))


def test_words_that_normalise_alike_give_the_same_shingles():
    spoken = ["Le", "café", "coûte", "12", "euros", ",", "dit-il", "."]
    shouted = ["LE", "CAFE", "COUTE", "99", "EUROS", "«", "DIT-IL", "»"]
    np.testing.assert_array_equal(shingle_hashes(spoken, 3), shingle_hashes(shouted, 3))


def test_order_matters():
    assert shingle_hashes(["a", "b", "c"], 3) != shingle_hashes(["c", "b", "a"], 3)


def test_short_documents_have_one_shingle():
    assert shingle_hashes(["only", "three", "words"], 5).shape == (1,)
    assert shingle_hashes(["only", "three", "words"], 5) != shingle_hashes(["only", "two", "words"], 5)


def test_documents_without_normal_words_fall_back_to_their_raw_words():
    assert len(shingle_hashes(["👍", "👎"], 5)) == 1
    assert shingle_hashes(["👍", "👎"], 5) != shingle_hashes(["👎", "👍"], 5)
    assert len(shingle_hashes(["\ud800"], 5)) == 1


def test_an_empty_document_has_no_shingle():
    assert shingle_hashes([], 5).shape == (0,)


def test_hashes_are_spread_over_all_bits():
    hashes = shingle_hashes([str(chr(0x4E00 + i)) for i in range(5000)], 5)
    ones = [(hashes >> np.uint64(bit) & np.uint64(1)).mean() for bit in range(64)]
    assert np.abs(np.array(ones) - 0.5).max() < 5 * 0.5 / len(hashes) ** 0.5
    assert len(np.unique(hashes)) == len(hashes)
