"""OSCAR's quality warnings as measurements (Abadji et al. 2022, arXiv:2201.06642, section 3.2, and its tool Ungoliant).

A warning is a rule over one of these columns: `oscar_line_count` for tiny, and a share above a half for header, footer,
short sentences and noisy. OSCAR's texts have no blank lines, so lines are those that are not blank.
"""

import pyarrow as pa

from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text

EDGE = 0.2  # of the lines are the header, and as many the footer


class Parameters(FilterParameters):
    """What changes the measurements; lengths are Ungoliant's."""

    short_line_length: int = 100
    """Characters from which a line is long."""

    edge_line_bytes: int = 100
    """Bytes of UTF-8 from which a line of the header or the footer is long."""


COLUMNS = (
    Column("oscar_line_count", pa.int32(), "lines", "lines that are not blank", "curate"),
    Column("oscar_short_line_ratio", pa.float64(), "ratio 0-1", "lines under `short_line_length` characters", "curate"),
    *(
        Column(
            f"oscar_{name}_short_line_ratio",
            pa.float64(),
            "ratio 0-1",
            f"lines under `edge_line_bytes` bytes in the {place} fifth of the lines; null: under 5 lines",
            "curate",
        )
        for name, place in (("header", "first"), ("footer", "last"))
    ),
    Column("oscar_noise_ratio", pa.float64(), "ratio 0-1", "characters that are no letters, spaces too", "curate"),
)

RULES = {
    rule.column: rule
    for rule in (
        Rule(column="oscar_line_count", min=5, enabled=False),
        Rule(column="oscar_short_line_ratio", max=0.5, enabled=False),
        Rule(column="oscar_header_short_line_ratio", max=0.5, enabled=False),
        Rule(column="oscar_footer_short_line_ratio", max=0.5, enabled=False),
        Rule(column="oscar_noise_ratio", max=0.5, enabled=False),
    )
}


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; shares are null where there are no lines."""
    lines = text.lines
    edge = int(len(lines) * EDGE)
    return {
        "oscar_line_count": len(lines),
        "oscar_short_line_ratio": sum(len(line) < parameters.short_line_length for line in lines) / len(lines)
        if lines
        else None,
        "oscar_header_short_line_ratio": _short_bytes(lines[:edge], parameters.edge_line_bytes),
        "oscar_footer_short_line_ratio": _short_bytes(lines[len(lines) - edge :], parameters.edge_line_bytes),
        "oscar_noise_ratio": 1 - text.characters.letters / len(text.text) if text.text else None,
    }


def _short_bytes(lines: list[str], limit: int) -> float | None:
    """Share of the lines that have fewer bytes than `limit`."""
    if not lines:
        return None
    # A character has at least one byte: a line of as many characters needs no encoding.
    return sum(len(line) < limit and len(line.encode("utf-8", "surrogatepass")) < limit for line in lines) / len(lines)
