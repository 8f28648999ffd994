"""Rules against columns: which documents fail which rule. Nothing is measured here, so new thresholds cost minutes."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from filters.base import Bound, Computed, Condition, Rule

BoolArray = npt.NDArray[np.bool_]


def failed_rules(documents: pa.Table, rules: Mapping[str, Rule]) -> BoolArray:
    """Which rules each document fails, bool of shape (documents, rules); a null was not measured and passes.

    Raises ValueError for a rule whose bounds are still to be computed from the run's values.
    """
    failures = np.zeros((documents.num_rows, len(rules)), np.bool_)
    for position, rule in enumerate(rules.values()):
        failures[:, position] = failed(documents, rule)
    return failures


def passing(failures: BoolArray) -> BoolArray:
    """Which documents fail no rule, bool of shape (documents,)."""
    return np.asarray(np.count_nonzero(failures, axis=1) == 0, np.bool_)


def passing_documents(
    documents: pa.Table, rows: Mapping[str, Sequence[int]], rules: Mapping[str, Mapping[str, Rule]]
) -> BoolArray:
    """Which documents pass the rules of their language, bool of shape (documents,); without rules they pass.

    `rows` are each language's first row and count. A rule that several languages share is applied once for all.
    """
    users: dict[Rule, list[slice]] = {}
    for language, found in rules.items():
        first, count = rows[language]
        for rule in found.values():
            users.setdefault(rule, []).append(slice(first, first + count))
    passes = np.ones(documents.num_rows, np.bool_)
    for rule, places in users.items():
        start, stop = min(place.start for place in places), max(place.stop for place in places)
        against = failed(documents.slice(start, stop - start), rule)
        for place in places:
            passes[place] &= ~against[place.start - start : place.stop - start]
    return passes


def failed(documents: pa.Table, condition: Condition) -> BoolArray:
    """Which documents do not fulfil a condition, bool of shape (documents,).

    >>> table = pa.table({"words": [10, 10, 500], "score": [0.9, 0.2, 0.2]})
    >>> short_is_good = {"any": [{"column": "words", "min": 100}, {"column": "score", "min": 0.5}]}
    >>> failed(table, Condition(**short_is_good)).tolist()
    [False, True, False]
    """
    if condition.parts:
        parts = np.stack([failed(documents, part) for part in condition.parts])
        return np.asarray(parts.any(axis=0) if condition.all else parts.all(axis=0), np.bool_)
    return fails(documents.column(condition.column), condition, documents)


def fails(values: pa.ChunkedArray, rule: Condition, documents: pa.Table | None = None) -> BoolArray:
    """Which values the bounds of a column are against, bool of shape (n,); `documents` have what it is compared with.

    A list is one of the patterns when one of its entries is.

    >>> fails(pa.chunked_array([[1.0, None, 3.0]]), Rule(column="c", max=2)).tolist()
    [False, False, True]
    >>> said = pa.chunked_array([[["meta:noai", "meta:noindex"], [], None]])
    >>> fails(said, Rule(column="robots", none_of=["*:noai"])).tolist()
    [True, False, False]
    """
    if rule.top_fraction is not None:
        raise ValueError(f"top_fraction of {rule.column} is still to be computed")
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    against = []
    if rule.min is not None:
        against.append(pc.less(values, _limit(rule.min, rule.column, documents)))
    if rule.max is not None:
        against.append(pc.greater(values, _limit(rule.max, rule.column, documents)))
    if rule.one_of is not None:
        against.append(pc.invert(_matches(values, rule.one_of)))
    if rule.none_of is not None:
        against.append(_matches(values, rule.none_of))
    outcome = np.zeros(len(values), np.bool_)
    for test in against:
        outcome |= test.fill_null(False).to_numpy()
    return np.asarray(outcome & values.is_valid().to_numpy(), np.bool_)


def _limit(bound: Bound, column: str, documents: pa.Table | None) -> float | pa.ChunkedArray | None:
    """A bound as what values are compared with: a number, or each document's value of another column."""
    if not isinstance(bound, Computed):
        return bound
    if bound.column is None or documents is None:
        raise ValueError(f"a bound of {column} is still to be computed")
    limit = pc.multiply(documents.column(bound.column).cast(pa.float64()), bound.times)
    if bound.least is not None:
        limit = pc.if_else(pc.less(limit, bound.least), bound.least, limit)
    if bound.most is not None:
        limit = pc.if_else(pc.greater(limit, bound.most), bound.most, limit)
    return limit


def _matches(values: pa.ChunkedArray, patterns: Sequence[str]) -> pa.ChunkedArray:
    """Which values are one of the patterns; `*` stands for anything, as in `und_*`."""
    if pa.types.is_list(values.type):
        lengths = pc.list_value_length(values).fill_null(0).to_numpy()
        rows = np.repeat(np.arange(len(values)), lengths)[_matches(pc.list_flatten(values), patterns).to_numpy()]
        return pa.chunked_array([pa.array(np.isin(np.arange(len(values)), rows))])
    distinct = values.unique().drop_null().to_pylist()
    found = [value for value in distinct if any(fnmatchcase(value, pattern) for pattern in patterns)]
    return pc.is_in(values, pa.array(found, values.type))
