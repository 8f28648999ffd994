"""Burmese in the Zawgyi font encoding, which uses Unicode's code points for other characters in another order.

Unicode writes a syllable as it is spoken: consonant, medials, vowels. Zawgyi writes it as it is seen, from left to
right: the vowel ေ (U+1031) stands before its consonant, and so does the medial that Zawgyi has at U+103B. In Unicode
both follow a consonant or another medial (Unicode Standard, section 16.3): a sign behind anything else is Zawgyi's.
"""

from functools import cache

import pyarrow as pa
import regex

from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text

FEWEST_SIGNS = 5
_SIGNS = ("\u1031", "\u103b")
# Consonants and medials of Burmese, Mon, Karen, Shan, Khamti and others, in order: letters, medials, extensions.
_BASES = (
    r"\u1000-\u1021\u1025\u1027\u1029\u103f\u1050\u1051\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081"
    r"\u108e"
    r"\u103b-\u103e\u105e-\u1060\u1082"
    r"\ua9e0-\ua9e4\ua9e7-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa6f\uaa71-\uaa76\uaa7a\uaa7e\uaa7f"
)


class Parameters(FilterParameters):
    """Nothing but `enabled`."""


COLUMNS = (
    Column(
        "zawgyi_ratio",
        pa.float64(),
        "ratio 0-1",
        "Burmese signs ေ and ျ that stand where only Zawgyi has them / all of them; null: under 5 of them",
        "curate",
    ),
)
RULES = {"zawgyi_ratio": Rule(column="zawgyi_ratio", max=0.3, enabled=False)}


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; null for texts in other scripts.

    >>> measure(Text("ကြေညာစာတမ်း။ " * 9), Parameters())
    {'zawgyi_ratio': 0.0}
    >>> measure(Text("ေၾကညာစာတမ္း။ " * 9), Parameters())
    {'zawgyi_ratio': 1.0}
    >>> measure(Text("Zawgyi"), Parameters())
    {'zawgyi_ratio': None}
    """
    signs = sum(map(text.text.count, _SIGNS))
    misplaced = sum(1 for _ in _misplaced().finditer(text.text)) if signs >= FEWEST_SIGNS else 0
    return {"zawgyi_ratio": misplaced / signs if signs >= FEWEST_SIGNS else None}


@cache
def _misplaced() -> regex.Pattern[str]:
    """A sign that follows no consonant or medial; invisible characters do not part them."""
    return regex.compile(rf"(?<![{_BASES}][\u200b-\u200d\u2060]*)[{''.join(_SIGNS)}]")
