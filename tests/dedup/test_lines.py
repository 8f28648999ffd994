import doctest
import math
import sys
from collections import Counter
from unicodedata import east_asian_width

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dedup.lines
from dedup.lines import (
    CountMin,
    LineParameters,
    Scope,
    contains,
    countable_lines,
    line_hashes,
    line_keys,
    sum_counts,
    without_lines,
)
from dedup.urls import site_of

# The same line, as two pages of a site have it.
SAME_LINES = {
    "German": ("Veröffentlicht am 12.03.2026 | 8 Kommentare", "VERÖFFENTLICHT AM 01.11.2025 | 4 Kommentare"),
    "Russian": ("Всё о компании", "все о компании…"),
    "Greek": ("Κοινοποίηση", "ΚΟΙΝΟΠΟΙΗΣΗ"),
    "Arabic": ("جميع الحُقوق مَحفوظة ٢٠٢٦", "جميع الحقوق محفوظة ٢٠٢٥"),
    "Hebrew": ("כָּל הַזְּכֻיּוֹת שְׁמוּרוֹת", "כל הזכיות שמורות"),
    "Hindi": ("सर्वाधिकार सुरक्षित © २०२६", "सर्वाधिकार  सुरक्षित, २०२५"),
    "Chinese": ("版权所有 © 2026", "版权所有　©　2025"),
    "Japanese": ("コメント（12）", "コメント (３４)"),
    "Thai": ("แชร์ข่าวนี้", "แชร์ ข่าวนี้ »"),
    "Korean": ("저작권자 ⓒ 무단전재", "저작권자 ⓒ  무단전재"),
}
DIFFERENT_LINES = {
    "German": ("Alle Rechte vorbehalten", "Alle Recht vorbehalten"),
    "Hindi": ("अच्छा दिन", "अच्छा दान"),
    "Thai": ("อยู่ใกล้", "อยู่ไกล"),
    "Japanese": ("かき", "かぎ"),
}


def hash_of(line):
    return int(line_hashes(line, [0])[0])


def test_examples():
    assert doctest.testmod(dedup.lines).failed == 0


@pytest.mark.parametrize(("one", "other"), SAME_LINES.values(), ids=SAME_LINES)
def test_what_pages_write_in_several_ways_is_one_line(one, other):
    assert hash_of(one) == hash_of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT_LINES.values(), ids=DIFFERENT_LINES)
def test_lines_of_other_letters_are_other_lines(one, other):
    assert hash_of(one) != hash_of(other)


@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=12), max_size=8))
def test_hashes_stay_with_their_lines_whatever_the_characters(lines):
    text = "\n".join(lines)
    numbers = range(len(text.split("\n")))
    assert line_hashes(text, numbers).tolist() == [hash_of(line) for line in text.split("\n")]


@pytest.mark.parametrize("text", ["", "\n\n", "1234567\n— — —\n👍👍👍👍", "a b\nc d"])
def test_lines_of_few_letters_are_not_counted(text):
    assert countable_lines(text, 3) == []
    assert line_hashes(text, []).shape == (0,)


@given(st.text(max_size=60), st.integers(1, 5))
def test_letters_are_counted_line_by_line(text, letters):
    def weight(line):
        return sum(2 if east_asian_width(character) == "W" else 1 for character in line if character.isalpha())

    expected = [number for number, line in enumerate(text.split("\n")) if weight(line) >= letters]
    assert countable_lines(text, letters) == expected


def test_no_letter_is_beyond_the_table():
    assert not any(chr(code).isalpha() for code in range(dedup.lines.LAST_LETTER, sys.maxunicode + 1))


def test_keys_differ_between_scopes_and_names():
    hashes = line_hashes("Nach oben\nImpressum", [0, 1])
    scopes = [(Scope.SITE, "a.de"), (Scope.SITE, "b.de"), (Scope.LANGUAGE, "deu_Latn"), (Scope.LANGUAGE, "a.de")]
    keys = np.concatenate([line_keys(hashes, scope, name) for scope, name in scopes])
    assert len(np.unique(keys)) == 8
    assert (keys & np.uint64(1)).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.example.co.uk/a?b#c", "example.co.uk"),
        ("HTTP://News.Example.COM:8080/", "example.com"),
        ("https://one.github.io/x", "one.github.io"),
        ("https://blogspot.com/", "blogspot.com"),
        ("http://localhost/", "localhost"),
        ("http://[::1]/x", "[::1]"),
        ("https://a.b.example/", "a.b.example"),
        ("//", None),
        ("mailto:a@example.org", None),
        ("", None),
        (None, None),
    ],
)
def test_sites(url, site):
    assert site_of(url) == site


def zipf_keys(seed):
    random = np.random.default_rng(seed)
    ranks = np.minimum(random.zipf(1.3, 60_000), 20_000)
    return random.integers(0, 2**64, 20_001, dtype=np.uint64)[ranks]


def test_a_sketch_is_never_too_small_and_seldom_far_too_large():
    keys = zipf_keys(1)
    sketch = CountMin(memory=4 * 2**12 * 4)
    sketch.add(keys, np.ones(len(keys), np.int64))
    counts = Counter(keys.tolist())
    distinct = np.array(list(counts), np.uint64)
    excess = sketch.estimate(distinct) - np.array(list(counts.values()))
    width = sketch.counts.shape[1]
    assert width == 2**12
    assert excess.min() >= 0
    assert (excess > 2 * math.e * len(keys) / width).mean() <= math.exp(-4)
    assert excess.max() > 0, "so small a table has collisions"


def test_sketches_of_parts_add_up_to_the_sketch_of_all():
    keys = zipf_keys(2)
    ones = np.ones(len(keys), np.int64)
    whole, first, second = (CountMin(memory=2**14) for _ in range(3))
    whole.add(keys, ones)
    first.add(keys[:999], ones[:999])
    second.add(keys[999:], ones[999:])
    np.testing.assert_array_equal(first.counts + second.counts, whole.counts)


@pytest.mark.parametrize("memory", [0, 16, 1000, 2**20])
def test_a_sketch_keeps_to_its_memory(memory):
    sketch = CountMin(memory)
    assert sketch.counts.nbytes <= max(memory, 32)
    assert sketch.counts.nbytes > memory // 2 or memory < 32


def test_estimates_of_nothing():
    sketch = CountMin(1000)
    assert sketch.estimate(np.array([5], np.uint64)).tolist() == [0]
    assert sketch.estimate(np.empty(0, np.uint64)).shape == (0,)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5))))
def test_counts_are_summed_by_key(rows):
    expected = Counter()
    for key, count in rows:
        expected[key] += count
    keys, counts = sum_counts(np.array([k for k, _ in rows], np.uint64), np.array([c for _, c in rows], np.int64))
    assert dict(zip(keys.tolist(), counts.tolist(), strict=True)) == dict(expected)
    assert keys.tolist() == sorted(expected)


@given(st.sets(st.integers(0, 20)), st.lists(st.integers(0, 20)))
def test_membership_agrees_with_sets(keys, wanted):
    found = contains(np.array(sorted(keys), np.uint64), np.array(wanted, np.uint64))
    assert found.tolist() == [key in keys for key in wanted]


LINES = st.lists(st.sampled_from(["", " ", "eins", "二", "три"]), max_size=10)


@given(LINES, st.sets(st.integers(0, 9)))
def test_what_is_not_dropped_stays_in_order_and_no_break_is_longer(lines, numbers):
    text = "\n".join(lines)
    result = without_lines(text, numbers)
    kept = [line for number, line in enumerate(text.split("\n")) if number not in numbers and line.strip()]
    assert [line for line in result.split("\n") if line.strip()] == kept
    assert len(result) <= len(text)


@given(LINES)
def test_a_text_of_which_nothing_is_dropped_is_the_same(lines):
    assert without_lines("\n".join(lines), []) == "\n".join(lines)


def test_a_paragraph_is_cut_with_its_blank_line():
    assert without_lines("a\n\nb\n\nc", [2]) == "a\n\nc"
    assert without_lines("a\nb\nc", [1]) == "a\nc"
    assert without_lines("a\n\nb", [2]) == "a"
    assert without_lines("a\n\nb", [0]) == "b"
    assert without_lines("a\nb", [0, 1]) == ""


@pytest.mark.parametrize("setting", [{"letters": 0}, {"site_documents": 1}, {"language_documents": 1}, {"site": 5}])
def test_settings_out_of_bounds_are_refused(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        LineParameters(**setting)
