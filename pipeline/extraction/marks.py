"""Floods of combining marks, which no language writes."""

import regex

# Longest run that stays: that of the Stream-Safe Text Format (UAX #15, section 13).
LONGEST = 30
_FLOOD = regex.compile(rf"(\p{{M}}{{{LONGEST}}})\p{{M}}+")


def stream_safe(text: str) -> str:
    """A text without the marks beyond LONGEST of a run: to put them in order takes time that grows with its square.

    Normalisation is native code that no signal interrupts. A letter of Vietnamese, Hebrew or Thai has two or three.

    >>> len(stream_safe("Việt בְּרֵאשִׁית ที่" + "a" + "\\u0301\\u0323" * 500)) - len("Việt בְּרֵאשִׁית ที่")
    31
    """
    return _FLOOD.sub(r"\1", text)
