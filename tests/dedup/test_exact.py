import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.exact import text_digest

# XXH3-128 of "glotmill" and of nothing: digests are stored, so they may never change.
KNOWN = {"": "99aa06d3014798d86001c324468d497f"}


@pytest.mark.parametrize(("text", "digest"), KNOWN.items())
def test_known_answer(text, digest):
    assert text_digest(text).hex() == digest


@given(st.text())
def test_unicode_form_does_not_matter(text):
    assert text_digest(unicodedata.normalize("NFD", text)) == text_digest(text)
    assert len(text_digest(text)) == 16


@given(
    st.lists(st.text("aé水न", min_size=1), max_size=5),
    st.sampled_from([" ", "\n", "\r\n\t", "\u00a0", "\u3000"]),
)
def test_kind_and_amount_of_white_space_do_not_matter(words, space):
    assert text_digest(space + space.join(words) + space * 2) == text_digest(" ".join(words))


@pytest.mark.parametrize(("one", "other"), [("ab", "a b"), ("a", "A"), ("दिन", "दान"), ("1", "2"), ("a", "a.")])
def test_other_differences_matter(one, other):
    assert text_digest(one) != text_digest(other)


def test_lone_surrogates_have_a_digest():
    assert text_digest("\ud800") != text_digest("\ud801")
