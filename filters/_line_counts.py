"""Lines of one text, counted in compiled code over its code points."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import compiled
from filters._boundaries import IS_SPACE

_BASE = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_EMPTY = -1
_LINE_FEED, _CARRIAGE_RETURN = 0x0A, 0x0D
_FULL_STOP, _ELLIPSIS, _BULLET, _HYPHEN = ord("."), ord("…"), ord("•"), ord("-")


class Lines(NamedTuple):
    """Parts of a text between line feeds, the empty ones left out."""

    codes: NDArray[np.uint32]
    """Code point of each character of the text."""
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    blank: NDArray[np.bool_]
    """Whether a line is only white space."""
    first: NDArray[np.int64]
    """Place in the list of the first line that is equal."""


@compiled
def split_lines(codes: NDArray[np.uint32], table: NDArray[np.uint8]) -> Lines:
    """The lines of a text; `table` is `character_table()`."""
    count = 1 + np.sum(codes == _LINE_FEED)
    starts, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    blank, hashes = np.ones(count, np.bool_), np.zeros(count, np.uint64)
    line, start = 0, 0
    for i in range(len(codes) + 1):
        if i < len(codes) and codes[i] != _LINE_FEED:
            blank[line] &= table[codes[i]] & IS_SPACE != 0
            hashes[line] = hashes[line] * _BASE + np.uint64(codes[i]) + np.uint64(1)
            continue
        if i > start:
            starts[line], ends[line] = start, i
            line += 1
        start = i + 1
    starts, ends = starts[:line], ends[:line]
    return Lines(codes, starts, ends, blank[:line], _first_alike(codes, starts, ends, hashes))


@compiled
def repeated_lines(lines: Lines) -> tuple[int, int, int, int]:
    """Lines that occurred before, and their characters; then the same for those that are not blank."""
    count, characters, filled, filled_characters = 0, 0, 0, 0
    for line in range(len(lines.starts)):
        if lines.first[line] == line:
            continue
        length = lines.ends[line] - lines.starts[line]
        count += 1
        characters += length
        if not lines.blank[line]:
            filled += 1
            filled_characters += length
    return count, characters, filled, filled_characters


@compiled
def line_ends(lines: Lines, terminals: NDArray[np.uint32], short: int) -> tuple[int, int, int]:
    """Lines that are not blank; those that end in one of the sorted `terminals`; those of up to `short` characters."""
    count, terminated, shorts = 0, 0, 0
    for line in range(len(lines.starts)):
        if lines.blank[line]:
            continue
        count += 1
        shorts += lines.ends[line] - lines.starts[line] <= short
        last = lines.codes[lines.ends[line] - 1]
        place = np.searchsorted(terminals, last)
        terminated += place < len(terminals) and terminals[place] == last
    return count, terminated, shorts


@compiled
def bullets_and_ellipses(codes: NDArray[np.uint32], table: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Lines as `str.splitlines` cuts them; those that start with a bullet, and those that end in an ellipsis."""
    count, bullets, ellipses = 0, 0, 0
    first, last = -1, -1  # the line's first and last characters that are not white space
    begun = False
    for i in range(len(codes) + 1):
        if i < len(codes) and not _ends_line(codes[i]):
            begun = True
            if table[codes[i]] & IS_SPACE == 0:
                first, last = (i if first < 0 else first), i
            continue
        if i == len(codes) and not begun:
            break
        if not (i > 0 and i < len(codes) and codes[i] == _LINE_FEED and codes[i - 1] == _CARRIAGE_RETURN):
            count += 1
            if first >= 0:
                bullets += codes[first] in (_BULLET, _HYPHEN)
                ellipses += codes[last] == _ELLIPSIS or (
                    last - first >= 2
                    and codes[last] == _FULL_STOP
                    and codes[last - 1] == _FULL_STOP
                    and codes[last - 2] == _FULL_STOP
                )
        first, last, begun = -1, -1, False
    return count, bullets, ellipses


@compiled
def _ends_line(code: int) -> bool:
    """As `str.splitlines` has it."""
    return 0x0A <= code <= 0x0D or 0x1C <= code <= 0x1E or code in (0x85, 0x2028, 0x2029)


@compiled
def _first_alike(
    codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64], hashes: NDArray[np.uint64]
) -> NDArray[np.int64]:
    size = 16
    while size < 2 * len(starts):
        size *= 2
    table = np.full(size, _EMPTY, np.int64)
    first = np.empty(len(starts), np.int64)
    for line in range(len(starts)):
        slot = (hashes[line] ^ (hashes[line] >> _HALF)) & np.uint64(size - 1)
        while table[slot] != _EMPTY and not _same(codes, starts, ends, hashes, table[slot], line):
            slot = (slot + np.uint64(1)) & np.uint64(size - 1)
        if table[slot] == _EMPTY:
            table[slot] = line
        first[line] = table[slot]
    return first


@compiled
def _same(
    codes: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    a: int,
    b: int,
) -> bool:
    if hashes[a] != hashes[b] or ends[a] - starts[a] != ends[b] - starts[b]:
        return False
    for i in range(ends[a] - starts[a]):  # noqa: SIM110 - compiled code takes no generator
        if codes[starts[a] + i] != codes[starts[b] + i]:
            return False
    return True
