"""Redaction replaces what it is asked to, leaves the rest, and says where everything is now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.lines import without_lines
from filters.pii.redact import MASK, Redacted, RedactionParameters, redact, spans_of_kept_lines
from filters.pii.spans import KINDS, Span

SPANS = [Span(6, 19, "email"), Span(26, 34, "phone")]
TEXT = "पता:  a@example.org, फ़ोन 555 0100 ✆"


@st.composite
def texts_with_spans(draw: st.DrawFn) -> tuple[str, list[Span]]:
    text = draw(st.text(max_size=80))
    edges = sorted(draw(st.lists(st.integers(0, len(text)), max_size=10)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return text, [Span(start, end, draw(st.sampled_from(KINDS))) for start, end in pairs]


STYLES = st.builds(
    RedactionParameters,
    kinds=st.lists(st.sampled_from(KINDS)).map(tuple),
    style=st.sampled_from(["placeholder", "mask"]),
    placeholders=st.dictionaries(st.sampled_from(KINDS), st.text(st.characters(exclude_characters="\n"), max_size=6)),
)


@given(texts_with_spans(), STYLES)
def test_all_but_the_spans_stays(marked: tuple[str, list[Span]], parameters: RedactionParameters) -> None:
    text, spans = marked
    redacted = redact(text, spans, parameters)
    assert outside(redacted.text, redacted.spans) == outside(text, spans)
    assert [span.kind for span in redacted.spans] == [span.kind for span in spans]
    for old, new in zip(spans, redacted.spans, strict=True):
        before, after = text[old.start : old.end], redacted.text[new.start : new.end]
        if old.kind not in parameters.kinds:
            assert after == before
        assert after.count("\n") == before.count("\n")
        if parameters.style == "mask":
            assert (new.start, new.end) == (old.start, old.end)


def outside(text: str, spans: list[Span] | tuple[Span, ...]) -> list[str]:
    edges = [0, *(edge for span in spans for edge in span[:2]), len(text)]
    return [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


@given(texts_with_spans())
def test_without_kinds_nothing_changes(marked: tuple[str, list[Span]]) -> None:
    text, spans = marked
    assert redact(text, spans, RedactionParameters()) == Redacted(text, tuple(spans))


def test_placeholders_and_masks() -> None:
    words = RedactionParameters(kinds=KINDS, placeholders={"phone": "☎"})
    assert redact(TEXT, SPANS, words).text == "पता:  <email>, फ़ोन ☎ ✆"
    assert redact(TEXT, SPANS, words).spans == (Span(6, 13, "email"), Span(20, 21, "phone"))
    masked = redact(TEXT, SPANS, RedactionParameters(kinds=("phone",), style="mask")).text
    assert masked == TEXT[:26] + MASK * 8 + TEXT[34:]


def test_line_numbers_hold_where_a_key_spans_lines() -> None:
    text = "one\n-----BEGIN\nx\n-----END\nfive"
    for style in ("placeholder", "mask"):
        redacted = redact(text, [Span(4, 25, "secret")], RedactionParameters(kinds=("secret",), style=style))
        assert redacted.text.split("\n")[4] == "five"
        assert "BEGIN" not in redacted.text


@pytest.mark.parametrize("spans", [[Span(0, 99, "email")], [Span(0, 5, "email"), Span(4, 6, "ip")], [Span(3, 2, "ip")]])
def test_spans_of_another_text_are_refused(spans: list[Span]) -> None:
    with pytest.raises(ValueError, match="overlaps another or is beyond"):
        redact("short text", spans, RedactionParameters(kinds=KINDS))


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValueError, match='no kind "names"; there are secret, email'):
        RedactionParameters(kinds=("names",))
    with pytest.raises(ValueError, match='no kind "mail"'):
        RedactionParameters(placeholders={"mail": "x"})
    with pytest.raises(ValueError, match='the placeholder of "email" has a line break'):
        RedactionParameters(placeholders={"email": "a\nb"})


@given(texts_with_spans(), st.sets(st.integers(0, 6)))
def test_spans_follow_the_lines_that_are_kept(marked: tuple[str, list[Span]], removed: set[int]) -> None:
    text, spans = marked
    kept = without_lines(text, removed)
    moved = spans_of_kept_lines(text, kept, spans)
    assert all(0 <= span.start <= span.end <= len(kept) for span in moved)
    contents = [(text[span.start : span.end], span.kind) for span in spans]
    for span in moved:
        assert (kept[span.start : span.end], span.kind) in contents
    if not removed:
        assert moved == spans
