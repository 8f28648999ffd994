"""Which copy of a cluster is kept: documents ranked by a policy, the best first."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
Values = npt.NDArray[Any]


def rank_members(
    cluster: Int64Array, columns: Mapping[str, npt.ArrayLike], policy: Sequence[str], ids: Sequence[str]
) -> Int64Array:
    """Rank of each document within its cluster, 0 the best, int64 of shape (n,).

    An entry of the policy is a column, its smallest value first (`date`: earliest), or with `-` its largest
    value first (`-text_characters`: longest). Earlier entries weigh more. Nulls (None, NaN, NaT, masked) come
    last either way; ties go to the smaller id. Neither the order of documents nor the numbering of clusters
    changes who wins. ValueError for an entry that names no column, or a column of another length.
    """
    ranks = np.zeros(len(cluster), np.int64)
    _, component, sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(sizes[component] > 1)  # most documents are alone, and need no sorting
    keys = [_sort_key(_column(entry, columns, len(cluster))[rows], entry.startswith("-")) for entry in policy]
    id_key = _sort_key(np.array(ids, dtype=object)[rows], descending=False)
    order = np.lexsort((id_key, *reversed(keys), cluster[rows]))
    members = cluster[rows][order]
    starts = np.flatnonzero(np.concatenate(([True], members[1:] != members[:-1])))
    first_position = np.repeat(starts, np.diff(starts, append=len(members)))
    ranks[rows[order]] = np.arange(len(members)) - first_position
    return ranks


def _column(entry: str, columns: Mapping[str, npt.ArrayLike], length: int) -> Values:
    name = entry.removeprefix("-")
    if name not in columns:
        nearest = "".join(f"; did you mean {match}?" for match in get_close_matches(name, columns, n=1))
        raise ValueError(f"the policy of duplicates names {entry!r}, which is no column{nearest}")
    values: Values = np.ma.asanyarray(columns[name])
    if len(values) != length:
        raise ValueError(f"column {name!r} has {len(values)} values for {length} documents")
    return values


def _sort_key(values: Values, descending: bool) -> Int64Array:
    """Dense positions in sorted order, so that any type can be reversed; nulls after all values."""
    valid = ~_nulls(values)
    distinct, positions = np.unique(np.asarray(values)[valid], return_inverse=True)
    key = np.full(len(values), len(distinct), np.int64)
    key[valid] = len(distinct) - 1 - positions if descending else positions
    return key


def _nulls(values: Values) -> npt.NDArray[np.bool_]:
    nulls: npt.NDArray[np.bool_] = np.ma.getmaskarray(values).copy()
    if values.dtype.kind == "O":
        nulls |= np.array([value is None for value in np.asarray(values)], bool)
    elif values.dtype.kind in "fmM":
        nulls |= np.isnan(np.asarray(values))
    return nulls
