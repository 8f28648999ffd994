"""Personal data and secrets, as spans of the text: found and counted here, redacted only on export.

`docs/pii.md` says what each kind is, how sure it is, and what is set aside on purpose.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from pydantic import field_validator

from filters.base import Column, FilterParameters, Rule
from filters.pii.spans import KINDS, Span
from filters.text import Text

SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string())]))


class Parameters(FilterParameters):
    """What is looked for."""

    kinds: tuple[str, ...] = KINDS
    """Kinds of spans in the column."""

    @field_validator("kinds")
    @classmethod
    def _kinds_are_known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown:
            raise ValueError(f'no kind "{unknown[0]}"; there are {", ".join(KINDS)}')
        return kinds


COLUMNS = (
    Column(
        "pii", SPANS, "characters", f"personal data and secrets, the end not included: {', '.join(KINDS)}", "curate"
    ),
    Column("pii_count", pa.int64(), "spans", "number of spans in pii", "curate"),
)

# Addresses on a page are no reason to drop it: what they are is annotated, and redacted where that is wanted.
RULES: dict[str, Rule] = {}


def measure(text: Text, parameters: Parameters) -> Mapping[str, Any]:
    """Values of `COLUMNS`."""
    # The finders' libraries are loaded by runs, not by every command that reads the configuration.
    from filters.pii.find import find_pii

    spans = find_pii(text.text, text.language, text.url, parameters.kinds)
    return {"pii": as_rows(spans), "pii_count": len(spans)}


def as_rows(spans: Iterable[Span]) -> list[dict[str, int | str]]:
    """Spans as values of the column `pii`."""
    return [span._asdict() for span in spans]


def as_span(row: Mapping[str, Any]) -> Span:
    """A value of the column `pii` as a span."""
    return Span(row["start"], row["end"], row["kind"])
