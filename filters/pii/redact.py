"""Redaction: spans of a text replaced by placeholders or masks, on export.

What else describes the text has to stay true. A mask keeps every place; a placeholder moves what follows it, so the
spans of the new text come with it. Line breaks of a span stay in both, so that numbers of lines hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from filters.pii.spans import KINDS, Span

MASK = "█"


class RedactionParameters(BaseModel):
    """What is written in place of spans in the published text; the columns of the run's documents are never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[str, ...] = Field(
        default=(), description="kinds of spans to redact, such as email; none: no redaction"
    )
    style: Literal["placeholder", "mask"] = Field(
        default="placeholder", description="a word for the kind, or as many characters as there were"
    )
    placeholders: dict[str, str] = Field(
        default={kind: f"<{kind}>" for kind in KINDS}, description="the word of each kind"
    )

    @field_validator("kinds")
    @classmethod
    def _kinds_are_known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for kind in kinds:
            _check_kind(kind)
        return kinds

    @field_validator("placeholders")
    @classmethod
    def _placeholders_fit(cls, placeholders: dict[str, str]) -> dict[str, str]:
        for kind, word in placeholders.items():
            _check_kind(kind)
            if "\n" in word:
                raise ValueError(f'the placeholder of "{kind}" has a line break, which would change numbers of lines')
        return placeholders


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f'no kind "{kind}"; there are {", ".join(KINDS)}')


@dataclass(frozen=True)
class Redacted:
    """A text after redaction; `spans` are all its spans, redacted or not, at their places in the new text."""

    text: str
    spans: tuple[Span, ...]


def redact(text: str, spans: Iterable[Span], parameters: RedactionParameters) -> Redacted:
    """Replace the spans of the wanted kinds; `spans` are in order and do not overlap.

    Raises ValueError when they do, or reach beyond the text: they belong to another text.

    >>> redact("पता: a@example.org!", [Span(5, 18, "email")], RedactionParameters(kinds=("email",)))
    Redacted(text='पता: <email>!', spans=(Span(start=5, end=12, kind='email'),))
    >>> redact("Tel. 5550100", [Span(5, 12, "phone")], RedactionParameters(kinds=("phone",), style="mask")).text
    'Tel. ███████'
    """
    parts: list[str] = []
    moved: list[Span] = []
    copied = length = 0
    for start, end, kind in spans:
        if not copied <= start <= end <= len(text):
            raise ValueError(f"the span {start}-{end} overlaps another or is beyond the text's {len(text)} characters")
        between, original = text[copied:start], text[start:end]
        new = _replacement(original, kind, parameters) if kind in parameters.kinds else original
        parts += [between, new]
        length += len(between)
        moved.append(Span(length, length + len(new), kind))
        length += len(new)
        copied = end
    return Redacted("".join([*parts, text[copied:]]), tuple(moved))


def _replacement(original: str, kind: str, parameters: RedactionParameters) -> str:
    if parameters.style == "mask":
        return "".join(character if character == "\n" else MASK for character in original)
    return parameters.placeholders.get(kind, f"<{kind}>") + "\n" * original.count("\n")


def spans_of_kept_lines(text: str, kept: str, spans: Iterable[Span]) -> list[Span]:
    """Where spans of a text are in what is left of it after lines were taken out; those of lost lines are lost.

    >>> text = "Menu\\nEscribe a: a@example.org\\nb@example.org\\nFin"
    >>> spans_of_kept_lines(text, "Escribe a: a@example.org\\nFin", [Span(16, 29, "email"), Span(30, 43, "email")])
    [Span(start=11, end=24, kind='email')]
    """
    shifts: dict[int, int] = {}  # where a line that was kept begins -> how far it moved
    lines = iter(text.split("\n"))
    old = new = 0
    for line in kept.split("\n"):
        for original in lines:
            begin, old = old, old + len(original) + 1
            if original == line:
                shifts[begin] = new - begin
                break
        new += len(line) + 1
    found = []
    for start, end, kind in spans:
        begins = [text.rfind("\n", 0, start) + 1]
        begins += [place + 1 for place in range(start, end) if text[place] == "\n"]
        moves = {shifts.get(begin) for begin in begins}
        if len(moves) == 1 and (move := moves.pop()) is not None:
            found.append(Span(start + move, end + move, kind))
    return found
