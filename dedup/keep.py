"""Which copy of a cluster is kept: documents ranked by a policy, the best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Preference:
    """An entry of a policy: a column, and which of its values is better."""

    entry: str
    column: str
    descending: bool = False
    patterns: tuple[str, ...] = ()


def parse_preference(entry: str) -> Preference:
    """An entry of a policy as data.

    `date` prefers the smallest value, `-text_characters` the largest, and `licence=cc0*,*,all-rights*` values
    in the order of the patterns: the first that matches the value as text counts (booleans are `true` and
    `false`). A value that none matches has the place of `*`, and without one comes behind them all.
    ValueError for an entry of another form.

    >>> parse_preference("-quality_score")
    Preference(entry='-quality_score', column='quality_score', descending=True, patterns=())
    >>> parse_preference("licence=cc0*, cc-by*").patterns
    ('cc0*', 'cc-by*')
    """
    name, listed, values = entry.partition("=")
    column = name.removeprefix("-").strip()
    patterns = tuple(value.strip() for value in values.split(",")) if listed else ()
    if not column:
        raise ValueError(f"the policy of duplicates has {entry!r}, which names no column")
    if "" in patterns or (listed and name.startswith("-")):
        raise ValueError(f"the policy of duplicates has {entry!r}; write column, -column or column=best,next,*")
    return Preference(entry, column, name.startswith("-"), patterns)


def policy_columns(policy: Sequence[str]) -> list[str]:
    """The columns that a policy names, each once. ValueError for an entry of another form.

    >>> policy_columns(["-quality_score", "licence=cc0,*", "date", "-date"])
    ['quality_score', 'licence', 'date']
    """
    return list(dict.fromkeys(parse_preference(entry).column for entry in policy))


def rank_members(
    cluster: Int64Array,
    columns: Mapping[str, npt.ArrayLike | pa.Array | pa.ChunkedArray],
    policy: Sequence[str],
    ids: npt.ArrayLike | pa.Array | pa.ChunkedArray,
) -> Int64Array:
    """Rank of each document within its cluster, 0 the best, int64 of shape (n,).

    Entries of the policy are those of `parse_preference`; earlier ones weigh more. Text is ordered by code
    point, false before true. Nulls (None, NaN, NaT, masked) come last either way; ties go to the smaller id,
    so neither the order of documents nor the numbering of clusters changes who wins as long as ids differ.
    ValueError for an entry of another form or that names no column, for a column of another length, and for
    one whose values have no order.
    """
    preferences = [parse_preference(entry) for entry in policy]
    keys = {str(place): _sort_key(entry, columns, len(cluster)) for place, entry in enumerate(preferences)}
    table = pa.table({"cluster": cluster, **keys, "id": _values("id", ids, len(cluster))})
    ranks = np.zeros(len(cluster), np.int64)
    _, component, sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(sizes[component] > 1)  # documents that are alone need no sorting
    descending = {str(place): entry.descending for place, entry in enumerate(preferences)}
    sort_keys = [(name, "descending" if descending.get(name) else "ascending") for name in table.column_names]
    order = rows[pc.sort_indices(table.take(rows), sort_keys=sort_keys).to_numpy()]
    members = cluster[order]
    starts = np.flatnonzero(np.concatenate(([True], members[1:] != members[:-1])))
    ranks[order] = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    return ranks


def _sort_key(preference: Preference, columns: Mapping[str, Any], length: int) -> pa.Array:
    name = preference.column
    if name not in columns:
        nearest = "".join(f"; did you mean {match}?" for match in get_close_matches(name, columns, n=1))
        raise ValueError(f"the policy of duplicates names {preference.entry!r}, which is no column{nearest}")
    values = _values(name, columns[name], length)
    return _preferred(values, preference.patterns) if preference.patterns else values


def _values(name: str, column: Any, length: int) -> pa.Array:
    """A column as an array that Arrow can sort, with one kind of null."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    values = column if isinstance(column, pa.Array) else pa.array(column, from_pandas=True)
    if len(values) != length:
        raise ValueError(f"column {name!r} has {len(values)} values for {length} documents")
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_nested(values.type):
        raise ValueError(f"column {name!r} holds {values.type}, which has no order")
    if pa.types.is_null(values.type):
        return values.cast(pa.int8())
    if pa.types.is_floating(values.type):  # else NaN would come before null
        return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return values


def _preferred(values: pa.Array, patterns: Sequence[str]) -> pa.Array:
    """The place of the first pattern that matches each value; that of `*`, or behind all, where none does."""
    others = patterns.index("*") if "*" in patterns else len(patterns)
    named = [(place, pattern) for place, pattern in enumerate(patterns) if pattern != "*"]
    encoded = values.cast(pa.string()).dictionary_encode()
    places = [
        next((place for place, pattern in named if fnmatchcase(value, pattern)), others)
        for value in encoded.dictionary.to_pylist()
    ]
    return pa.array(places, pa.int64()).take(encoded.indices)
