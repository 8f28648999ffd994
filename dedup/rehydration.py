"""Rehydration: how often a document is repeated in training, by how many copies of it there were.

Pages that are copied moderately often pass quality filters more often than pages that are unique, and than
pages that are copied very often. So the share of documents that the filters remove, by cluster size, says
which sizes deserve repeating (FineWeb2, arXiv:2506.20920).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

Int64Array = npt.NDArray[np.int64]

# The mean is taken over a size and so many neighbours on either side: five values.
NEIGHBOURS = 2


class WeightRange(BaseModel):
    """The weight of the cluster sizes `first` to `last`, both included; without `last`, of all from `first` on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: int = Field(ge=1, description="smallest cluster size, in documents")
    last: int | None = Field(default=None, ge=1, description="largest cluster size; null: no limit")
    weight: int = Field(ge=1, description="times that a document is to be seen in training")

    @model_validator(mode="after")
    def _end_behind_start(self) -> "WeightRange":
        if self.last is not None and self.last < self.first:
            raise ValueError(f"the range {self} ends before it starts")
        return self

    def __str__(self) -> str:
        if self.last is None:
            return f"{self.first}-"
        return str(self.first) if self.last == self.first else f"{self.first}-{self.last}"


class WeightTable(BaseModel):
    """A weight for every cluster size: ranges in ascending order, from 1 to no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ranges: tuple[WeightRange, ...] = Field(min_length=1, description="cluster sizes with their weights")

    @model_validator(mode="after")
    def _cover_every_size_once(self) -> "WeightTable":
        """Refuse ranges that leave a size out or name it twice."""
        if self.ranges[0].first != 1:
            raise ValueError(f"the first range is {self.ranges[0]}, and has to start at cluster size 1")
        for one, other in pairwise(self.ranges):
            if one.last is None or other.first <= one.last:
                raise ValueError(f"the ranges {one} and {other} overlap or are not in ascending order")
            if other.first != one.last + 1:
                raise ValueError(f"no range holds the cluster sizes between {one} and {other}")
        if self.ranges[-1].last is not None:
            raise ValueError(f"the last range is {self.ranges[-1]}, and has to be without limit")
        return self

    def weight_of(self, cluster_sizes: npt.ArrayLike) -> Int64Array:
        """The weight of each cluster size, int64 of the same shape. ValueError for a size below 1."""
        sizes = np.asarray(cluster_sizes, np.int64)
        if sizes.size and sizes.min() < 1:
            raise ValueError(f"a cluster of {sizes.min()} documents; a document alone has a cluster of 1")
        firsts = np.array([entry.first for entry in self.ranges])
        weights = np.array([entry.weight for entry in self.ranges], np.int64)
        return weights[np.searchsorted(firsts, sizes, side="right") - 1]


def table_of(weights: dict[tuple[int, int | None], int]) -> WeightTable:
    """A table from weights by first and last cluster size."""
    return WeightTable(
        ranges=tuple(WeightRange(first=first, last=last, weight=weight) for (first, last), weight in weights.items())
    )


# The weights of an earlier data set that FineWeb2 names, the same for every language.
DEFAULT_TABLE = table_of({(1, 1): 1, (2, 2): 2, (3, 4): 3, (5, 99): 5, (100, 999): 8, (1000, None): 1})


@dataclass(frozen=True)
class RemovalRate:
    """What the filters do to the clusters of some sizes: `first` to `last`, without limit where that is None."""

    first: int
    last: int | None
    documents: int
    removed: int

    @property
    def rate(self) -> Fraction:
        """Share of the documents that the filters remove, exact."""
        return Fraction(self.removed, self.documents)


def removal_rates(
    cluster_sizes: npt.ArrayLike, documents: npt.ArrayLike, removed: npt.ArrayLike, minimum_documents: int = 1000
) -> list[RemovalRate]:
    """Removal rates by cluster size, ascending, from counts of documents and of those that the filters remove.

    The three arrays run in parallel; a size may come several times, and is added up. Count one document a
    cluster: copies fare alike, so counting them all would pretend a sample that is not there. A rate of n
    documents has a standard deviation of at most 0.5/√n. So a size with fewer than `minimum_documents` is
    taken together with the sizes that follow until there are as many; what is left at the end belongs to the
    last rate, which has no limit. Too few documents altogether give one rate, none give no rate. ValueError
    for counts that cannot be.
    """
    sizes, counted, failed = _add_up(cluster_sizes, documents, removed)
    bins: list[list[int]] = []  # first size, documents, removed
    for size, of_size, failed_of_size in zip(sizes.tolist(), counted.tolist(), failed.tolist(), strict=True):
        if not bins or bins[-1][1] >= minimum_documents:
            bins.append([size if bins else 1, 0, 0])
        bins[-1][1] += of_size
        bins[-1][2] += failed_of_size
    if len(bins) > 1 and bins[-1][1] < minimum_documents:
        _, of_rest, failed_of_rest = bins.pop()
        bins[-1][1] += of_rest
        bins[-1][2] += failed_of_rest
    lasts = [following[0] - 1 for following in bins[1:]] + [None]
    return [RemovalRate(first, last, *counts) for (first, *counts), last in zip(bins, lasts, strict=False)]


def _add_up(
    cluster_sizes: npt.ArrayLike, documents: npt.ArrayLike, removed: npt.ArrayLike
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Distinct cluster sizes that have documents, with the sums of both counts."""
    sizes, of_size, failed = (np.asarray(values, np.int64) for values in (cluster_sizes, documents, removed))
    if not sizes.shape == of_size.shape == failed.shape or sizes.ndim != 1:
        raise ValueError(f"counts of shapes {sizes.shape}, {of_size.shape} and {failed.shape}; all are (sizes,)")
    wrong = np.flatnonzero((sizes < 1) | (failed < 0) | (failed > of_size))
    if len(wrong):
        size, count, gone = sizes[wrong[0]], of_size[wrong[0]], failed[wrong[0]]
        raise ValueError(f"cluster size {size}: {gone} of {count} documents removed, which cannot be")
    distinct, place = np.unique(sizes[of_size > 0], return_inverse=True)
    documents_of, removed_of = np.zeros((2, len(distinct)), np.int64)
    np.add.at(documents_of, place, of_size[of_size > 0])
    np.add.at(removed_of, place, failed[of_size > 0])
    return distinct, documents_of, removed_of


def weights_from_rates(rates: Sequence[RemovalRate], maximum_weight: int = 5) -> WeightTable:
    """The weights of cluster sizes from their removal rates, as FineWeb2 computes them.

    With g the rate of all documents and m the lowest rate: w = 1 where r ≥ g, else
    1 + (maximum_weight - 1)·(r - g)/(m - g), the mean of up to five neighbours (fewer at the ends), rounded
    half up. Nothing stands out where all rates are equal, where nothing is removed, or where there is one rate
    or none: then every weight is 1, which repeats nothing. ValueError for a maximum weight below 1.
    """
    if maximum_weight < 1:
        raise ValueError(f"a maximum weight of {maximum_weight}, which is below 1")
    if not rates:
        return table_of({(1, None): 1})
    weights = _raw_weights(rates, maximum_weight)
    neighbours = [weights[max(place - NEIGHBOURS, 0) : place + NEIGHBOURS + 1] for place in range(len(weights))]
    # Fractions, since floats would round a half up on one machine and down on another.
    rounded = [floor(sum(values, Fraction(0)) / len(values) + Fraction(1, 2)) for values in neighbours]
    starts = [place for place, weight in enumerate(rounded) if place == 0 or weight != rounded[place - 1]]
    ends = [*(start - 1 for start in starts[1:]), len(rates) - 1]
    return table_of(
        {(rates[start].first, rates[end].last): rounded[start] for start, end in zip(starts, ends, strict=True)}
    )


def _raw_weights(rates: Sequence[RemovalRate], maximum_weight: int) -> list[Fraction]:
    overall = Fraction(sum(entry.removed for entry in rates), sum(entry.documents for entry in rates))
    lowest = min(entry.rate for entry in rates)
    return [
        1 + (maximum_weight - 1) * (entry.rate - overall) / (lowest - overall) if entry.rate < overall else Fraction(1)
        for entry in rates
    ]
