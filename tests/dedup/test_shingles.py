import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.folding import FoldingTable, fold
from dedup.kernels import CLASS_SHIFT, SEQUENCE
from dedup.shingles import character_shingle_hashes, normalise_word, shingle_hashes, word_hashes

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


def mixed(value):
    """The finalizer of splitmix64, in Python's unbounded integers."""
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def plain_hashes(words):
    """Of the folded words, in Python's unbounded integers."""
    for word in filter(None, map(fold, words)):
        value = 0x27D4EB2F165667C5
        for character in word:
            value = (value ^ ord(character)) * 0x9E3779B185EBCA87 % 2**64
        yield mixed(value)


@given(st.lists(st.text(st.characters(exclude_characters="\0"), max_size=12), max_size=8))
def test_kernel_agrees_with_folding_and_hashing_in_python(words):
    assert word_hashes(words).tolist() == list(plain_hashes(words))


# Letters and marks of scripts whose marks have several combining classes, in any order.
MARKS = "กั่ำ\u0e38ກ\u0eb8\u0ec8ད\u0f71\u0f72\u0f74क\u093c\u094dか\u3099ا\u0653\u0654\u0655\u064e\u0651\u200dé\u0345"


@given(st.lists(st.text(MARKS, max_size=8), max_size=4))
def test_kernel_agrees_where_marks_are_out_of_order(words):
    assert word_hashes(words).tolist() == list(plain_hashes(words))


def test_kernel_agrees_on_every_character():
    words = [f"a{chr(code)}" for code in range(1, sys.maxunicode + 1, 7)]
    assert word_hashes(words).tolist() == list(plain_hashes(words))


@given(st.text(st.characters(exclude_characters="\0"), max_size=40), st.integers(1, 5))
def test_character_shingles_are_those_of_words_of_one_folded_character(text, size):
    characters = [unicodedata.normalize("NFD", character) for character in fold(text)]
    if characters:
        assert character_shingle_hashes(text, size).tolist() == shingle_hashes(characters, size).tolist()


@pytest.mark.parametrize(
    "text", ["漢字かな交じり文", "ภาษาไทย", "ພາສາລາວ", "ភាសាខ្មែរ", "မြန်မာဘာသာ", "བོད་སྐད།", "한국어", "ﷺ" * 9]
)
def test_character_shingles_of_many_scripts(text):
    folded = fold(text)
    assert len(character_shingle_hashes(text, 3)) == len(folded) - 2
    spaced = "\n".join(text)
    np.testing.assert_array_equal(character_shingle_hashes(spaced, 3), character_shingle_hashes(text, 3))


def test_text_without_folded_characters_is_compared_as_it_is():
    assert len(character_shingle_hashes("👍 👎", 2)) == 1
    assert character_shingle_hashes("👍👎", 2) == character_shingle_hashes(" 👍 👎\n", 2)
    assert character_shingle_hashes(" \n", 2).shape == (0,)


def test_shingle_is_the_mixed_polynomial_of_its_words():
    words = ["alpha", "beta", "gamma", "delta"]
    a, b, c, d = plain_hashes(words)
    base = 0x9E3779B97F4A7C15
    expected = [mixed((x * base**2 + y * base + z) % 2**64) for x, y, z in [(a, b, c), (b, c, d)]]
    assert shingle_hashes(words, 3).tolist() == expected


def test_folding_table_holds_all_of_unicode():
    table = FoldingTable()
    for block in range(0, sys.maxunicode, 256):
        table.learn(block)
    assert len(np.unique(table.entries)) > 100_000
    assert table.sequences[-1] == 0
    hangul = int(table.entries[ord("한")])
    place = hangul ^ int(SEQUENCE)
    assert [chr(entry) for entry in table.sequences[place + 1 : place + 4]] == ["ᄒ", "ᅡ", "ᆫ"]
    assert table.entries[ord("\u094d")] >> CLASS_SHIFT == 9
