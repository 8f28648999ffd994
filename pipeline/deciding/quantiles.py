"""Exact ranks and deviations of values that lie in many blocks, in bounded memory.

The bits of doubles, once negative ones are turned round, sort as the doubles do. So the value of a rank is found from
its leading bits on: each block counts which bits its values have next, the counts are added up, and the search goes on
among the values that share the bits found so far. Counts add up to the same however the values are cut into blocks, so
the answer is a value that occurs, and it is the same for any number of shards and workers. Sums are of whole numbers
for the same reason: sums of doubles depend on their order.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

BITS = 64
# Bits a round: at most so many different counts travel for a search, whatever the number of values.
BITS_A_ROUND = 12
# Where so few values are left, all their bits travel at once.
FEW = 4096
_SIGN = np.uint64(1 << 63)
# The exponent of the smallest unit in a sum: a double's mantissa has 53 bits, and its least exponent is -1073.
_UNIT = 53 + 1073


@dataclass(frozen=True)
class Search:
    """The search for the value of a rank, from 0, among `count` values whose first `known` bits are `prefix`."""

    rank: int
    count: int
    prefix: int = 0
    known: int = 0

    @property
    def bits(self) -> int:
        """How many bits the next round looks at; 0 when the value is found."""
        left = BITS - self.known
        return left if self.count <= FEW else min(BITS_A_ROUND, left)

    @property
    def value(self) -> float:
        """The value that was found."""
        return value_of(self.prefix)


def sort_keys(values: Floats) -> Keys:
    """Numbers that sort as the values do, uint64 of shape (n,); the values are finite, and -0 is 0.

    >>> keys = sort_keys(np.array([-2.0, -0.0, 0.0, 1e-300, 3.0]))
    >>> bool(np.all(np.diff(keys.astype(object)) >= 0)), [value_of(int(key)) for key in keys]
    (True, [-2.0, 0.0, 0.0, 1e-300, 3.0])
    """
    bits = (values + 0.0).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def value_of(key: int) -> float:
    """The value of a sort key."""
    bits = key ^ (1 << 63) if key >> 63 else ~key & (2**BITS - 1)
    return float(np.array(bits, np.uint64).view(np.float64))


def tally(keys: Keys, search: Search) -> tuple[Keys, Counts]:
    """The next bits of the values that share the search's prefix, ascending, and how many values have them."""
    if search.known:
        keys = keys[keys >> np.uint64(BITS - search.known) == search.prefix]
    after = np.uint64(BITS - search.known - search.bits)
    below = np.uint64(2**search.bits - 1)
    digits, counts = np.unique(keys >> after & below, return_counts=True)
    return digits, counts.astype(np.int64)


def add_tallies(one: tuple[Keys, Counts], other: tuple[Keys, Counts]) -> tuple[Keys, Counts]:
    """The tally of two blocks together."""
    digits, places = np.unique(np.concatenate([one[0], other[0]]), return_inverse=True)
    counts = np.zeros(len(digits), np.int64)
    np.add.at(counts, places, np.concatenate([one[1], other[1]]))
    return digits, counts


def advance(search: Search, digits: Keys, counts: Counts) -> Search:
    """The search after a round, given the tally of all blocks."""
    ends = np.cumsum(counts)
    place = int(np.searchsorted(ends, search.rank, side="right"))
    before = int(ends[place - 1]) if place else 0
    return replace(
        search,
        rank=search.rank - before,
        count=int(counts[place]),
        prefix=search.prefix << search.bits | int(digits[place]),
        known=search.known + search.bits,
    )


def rank_of_quantile(count: int, share: float) -> int:
    """The rank, from 0, of the smallest of `count` values that at least a share of them does not exceed.

    Hyndman and Fan (1996), definition 1. The share is taken as it is written: a tenth of thirty values is three.

    >>> rank_of_quantile(30, 0.1), rank_of_quantile(4, 0.5), rank_of_quantile(4, 0), rank_of_quantile(4, 1)
    (2, 1, 0, 3)
    """
    return max(math.ceil(Fraction(str(share)) * count), 1) - 1


def rank_of_top(count: int, fraction: float) -> int:
    """The rank, from 0, of the least of the largest values that are this fraction of `count`, rounded up.

    >>> rank_of_top(30, 0.1), rank_of_top(5, 0.1), rank_of_top(5, 1)
    (27, 4, 0)
    """
    return count - math.ceil(Fraction(str(fraction)) * count)


def exact_sum(values: Floats) -> int:
    """The sum of finite values in units of 2**-1126, without rounding.

    >>> exact_sum(np.array([1e300, 0.1, -1e300])) == exact_sum(np.array([0.1]))
    True
    """
    fractions, exponents = np.frexp(values)
    mantissas = (fractions * 2.0**53).astype(np.int64)
    total = 0
    for exponent in np.unique(exponents).tolist():
        found = mantissas[exponents == exponent]
        # In two halves, so that 2**36 values do not overflow.
        high, low = int((found >> 27).sum()), int((found & (2**27 - 1)).sum())
        total += ((high << 27) + low) << (exponent - 53 + _UNIT)
    return total


def sums_around(values: Floats, centre: float) -> tuple[int, int]:
    """Exact sums of the differences from a centre, and of their squares.

    Raises ValueError where a square is beyond what a double holds.
    """
    apart = values - centre
    with np.errstate(over="ignore"):
        squares = np.square(apart)
    if not np.all(np.isfinite(squares)):
        raise ValueError(f"values up to {np.abs(values).max():g} have no standard deviation in double precision")
    return exact_sum(apart), exact_sum(squares)


def deviation(count: int, total: int, squares: int) -> float:
    """The standard deviation (over n) of `count` values, from their sums around any centre."""
    mean = Fraction(total, count << _UNIT)
    variance = Fraction(squares, count << _UNIT) - mean**2
    return math.sqrt(max(variance, Fraction(0)))
