"""The view of a document: its parts by the expressions that define them."""

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text import Text

TEXTS = st.text(alphabet="ab \n\r\t", max_size=30)


@settings(deadline=None)
@given(TEXTS)
def test_line_blocks_are_parted_by_runs_of_line_feeds(text: str) -> None:
    places = Text(text).line_places
    inner = [text[start:end] for start, end in zip(places.starts, places.ends, strict=True)]
    assert inner == [part for part in re.split("\n+", text) if part]
    assert [inner[place] for place in places.first] == inner
    assert places.first.tolist() == [inner.index(part) for part in inner]
    assert places.blank.tolist() == [part.isspace() for part in inner]


@settings(deadline=None)
@given(TEXTS)
def test_paragraphs_are_parted_by_blank_lines(text: str) -> None:
    assert Text(text).paragraphs == re.split("\n{2,}", text.strip())


@settings(deadline=None)
@given(TEXTS)
def test_lines_have_text(text: str) -> None:
    assert Text(text).lines == [line for line in text.split("\n") if line.strip()]


def test_words_are_cut_once_and_counted() -> None:
    view = Text("la la land")
    assert view.words is view.words
    assert view.word_counts == Counter({"la": 2, "land": 1})
