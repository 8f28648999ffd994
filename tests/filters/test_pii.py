"""Personal data in texts of many languages, and nothing in what only looks like it."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import pii
from filters.pii.find import find_pii
from filters.pii.spans import KINDS, Span, count_kinds, resolve
from filters.text import Text

CASES = yaml.safe_load(Path(__file__).with_name("pii_cases.yaml").read_text(encoding="utf-8"))
MARKED = re.compile(r"\[\[(\w+)\|(.*?)\]\]")


def unmarked(marked: str) -> tuple[str, list[Span]]:
    """A text without its marks, and the spans that they show."""
    parts, spans, last, length = [], [], 0, 0
    for found in MARKED.finditer(marked):
        parts += [marked[last : found.start()], found[2]]
        length += found.start() - last
        spans.append(Span(length, length + len(found[2]), found[1]))
        length += len(found[2])
        last = found.end()
    return "".join([*parts, marked[last:]]), spans


@pytest.mark.parametrize("case", CASES, ids=[f"{case['language']}-{case['url']}" for case in CASES])
def test_exactly_what_is_marked_is_found(case: dict[str, str]) -> None:
    text, expected = unmarked(case["text"])
    found = find_pii(text, case["language"], case["url"])
    assert [(text[s.start : s.end], s.kind) for s in found] == [(text[s.start : s.end], s.kind) for s in expected]
    assert found == expected


def test_the_cases_cover_every_kind_and_over_thirty_languages() -> None:
    assert {span.kind for case in CASES for span in unmarked(case["text"])[1]} == set(KINDS)
    assert len({case["language"] for case in CASES}) > 30


PARTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*(unmarked(case["text"])[0] for case in CASES), *"@:./-+()[] \n\t5٥५５", " at ", "(at)", "AKIA"]),
    st.integers(0, 10**20).map(str),
    st.from_regex(
        r"[A-Z]{2}\d{2}( ?\d{4}){3,6}|\d{1,3}(\.\d{1,3}){3}|(\(0?\d{2,4}\)|\+?\d{2})[ -]\d{3,5}([ -]\d{2,5}){1,3}"
    ),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(PARTS, max_size=8), st.sampled_from([case["language"] for case in CASES]))
def test_spans_lie_in_the_text_in_order_and_apart(parts: list[str], language: str) -> None:
    text = "".join(parts)
    spans = find_pii(text, language)
    edges = [edge for span in spans for edge in span[:2]]
    assert edges == sorted(edges)
    assert all(0 <= span.start < span.end <= len(text) and span.kind in KINDS for span in spans)
    assert all("\n" not in text[span.start : span.end] for span in spans if span.kind != "secret")
    assert find_pii(text, language) == spans


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            lambda start, size, kind: Span(start, start + size, kind),
            st.integers(0, 60),
            st.integers(1, 9),
            st.sampled_from(KINDS),
        )
    )
)
def test_resolving_keeps_the_surest_and_loses_nothing_that_fits(spans: list[Span]) -> None:
    kept = resolve(spans)
    assert all(a.end <= b.start for a, b in pairwise(kept))
    assert set(kept) <= set(spans)
    for span in set(spans) - set(kept):
        rivals = [other for other in kept if span.start < other.end and other.start < span.end]
        assert min(KINDS.index(other.kind) for other in rivals) <= KINDS.index(span.kind)
    assert resolve(kept) == kept


def test_kinds_that_are_not_wanted_still_decide_between_readings() -> None:
    text = "Kreditkarte 4111 1111 1111 1111"
    assert find_pii(text, "deu_Latn", kinds=("phone",)) == []
    assert find_pii(text, "deu_Latn", kinds=("card",)) == [Span(12, 31, "card")]


def test_the_filter_gives_rows_and_their_number() -> None:
    text = Text("Mail: a@example.org, b@example.org", "eng_Latn")
    values = pii.measure(text, pii.Parameters())
    assert values == {
        "pii": [{"start": 6, "end": 19, "kind": "email"}, {"start": 21, "end": 34, "kind": "email"}],
        "pii_count": 2,
    }
    assert pii.measure(text, pii.Parameters(kinds=("ip",))) == {"pii": [], "pii_count": 0}


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match='no kind "name"; there are secret, email'):
        pii.Parameters(kinds=("name",))


def test_counts_are_by_kind() -> None:
    spans = find_pii("a@example.org 84.115.20.7 b@example.org")
    assert count_kinds(spans) == {"email": 2, "ip": 1}


HOSTILE = (
    *("1", "12 ", "a@", "1.", "(0", "::", "2a:", "@a.", "A1", " AT ", "eyJ", "(at)", "030 23125-000, "),
    "-----BEGIN PRIVATE KEY-----",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_take_no_forever(piece: str) -> None:
    text = piece * 20_000
    assert all(span.end <= len(text) for span in find_pii(text, "deu_Latn"))
