"""Scripts of a text: which share of its letters each ISO 15924 script has."""

import math
import sys
import unicodedata
from functools import cache

import numpy as np
from fontTools.unicodedata import Scripts
from numpy.typing import NDArray

# Common and inherited characters belong to no script of their own; Zzzz is unassigned.
_NO_SCRIPT = frozenset({"Zyyy", "Zinh", "Zzzz"})

# Labels whose script is a mixture, or a way to write another (ISO 15924).
_COMPRISES = {
    "Jpan": frozenset({"Hira", "Kana", "Hani"}),
    "Hrkt": frozenset({"Hira", "Kana"}),
    "Kore": frozenset({"Hang", "Hani"}),
    "Hang": frozenset({"Hang", "Hani"}),
    "Hani": frozenset({"Hani", "Bopo"}),
    "Hans": frozenset({"Hani"}),
    "Hant": frozenset({"Hani", "Bopo"}),
    "Zzzz": frozenset[str](),
}


def comprised(script: str) -> frozenset[str]:
    """The Unicode scripts that a text with this label script is written in.

    >>> sorted(comprised("Jpan")), sorted(comprised("Latn"))
    (['Hani', 'Hira', 'Kana'], ['Latn'])
    """
    return _COMPRISES.get(script, frozenset({script}))


@cache
def _table() -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """Names of the scripts, and for every code point the number of its script if it is a letter, else 0."""
    names = ("", *sorted(set(Scripts.VALUES) - _NO_SCRIPT))
    number = {name: index for index, name in enumerate(names)}
    table = np.zeros(sys.maxunicode + 1, dtype=np.uint8)
    ends = [*Scripts.RANGES[1:], sys.maxunicode + 1]
    for start, end, name in zip(Scripts.RANGES, ends, Scripts.VALUES, strict=True):
        if name not in _NO_SCRIPT:
            letters = [unicodedata.category(chr(point)).startswith("L") for point in range(start, end)]
            table[start:end] = np.where(letters, number[name], 0)
    return names, table


def script_counts(text: str) -> dict[str, int]:
    """Number of letters (general category L) in each script; characters of no own script are left out.

    >>> script_counts("Привет, world 42!")
    {'Cyrl': 6, 'Latn': 5}
    """
    names, table = _table()
    counts = np.bincount(table[_points(text)], minlength=len(names))
    return {names[index]: int(counts[index]) for index in np.flatnonzero(counts) if index}


def line_letters(text: str) -> list[int]:
    """Number of the letters that `script_counts` counts, in each line (between line feeds).

    >>> line_letters("Привет 42\\n\\nab")
    [6, 0, 2]
    """
    points = _points(text)
    before = np.append(0, np.cumsum(_table()[1][points] > 0))
    ends = np.append(np.flatnonzero(points == ord("\n")), len(points))
    counts: list[int] = np.diff(before[ends], prepend=0).tolist()
    return counts


def _points(text: str) -> NDArray[np.uint8] | NDArray[np.uint32]:
    """Code point of each character."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def script_histogram(text: str) -> dict[str, float]:
    """Share of the text's letters in each script, the largest first; empty where there are no letters.

    >>> script_histogram("ab γδ"), script_histogram("42 %")
    ({'Grek': 0.5, 'Latn': 0.5}, {})
    >>> script_histogram("カタカナと漢字")
    {'Kana': 0.5714285714285714, 'Hani': 0.2857142857142857, 'Hira': 0.14285714285714285}
    """
    counts = script_counts(text)
    total = sum(counts.values())
    return {name: counts[name] / total for name in sorted(counts, key=lambda name: (-counts[name], name))}


def main_script(text: str) -> str | None:
    """The script of most letters; None where there are no letters.

    >>> main_script("Ελληνικά και English"), main_script("42")
    ('Grek', None)
    """
    return next(iter(script_histogram(text)), None)


def script_share(histogram: dict[str, float], script: str) -> float | None:
    """Share of the letters that a label's script covers; None where there are no letters.

    >>> script_share(script_histogram("日本語のテキスト"), "Jpan")
    1.0
    """
    if not histogram:
        return None
    # fsum: a set has another order in every process, and a plain sum's last digit depends on it.
    return min(1.0, math.fsum(histogram.get(name, 0.0) for name in comprised(script)))
