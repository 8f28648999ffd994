"""Rules against columns: which documents fail which rule. Nothing is measured here, so new thresholds cost minutes."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from filters.base import Rule

BoolArray = npt.NDArray[np.bool_]


def failed_rules(documents: pa.Table, rules: Mapping[str, Rule]) -> BoolArray:
    """Which rules each document fails, bool of shape (documents, rules); a null was not measured and passes."""
    failures = np.zeros((documents.num_rows, len(rules)), np.bool_)
    for position, rule in enumerate(rules.values()):
        failures[:, position] = fails(documents.column(rule.column), rule)
    return failures


def passing(failures: BoolArray) -> BoolArray:
    """Which documents fail no rule, bool of shape (documents,)."""
    return np.asarray(np.count_nonzero(failures, axis=1) == 0, np.bool_)


def fails(values: pa.ChunkedArray, rule: Rule) -> BoolArray:
    """Which values one rule is against, bool of shape (n,).

    A list is one of the patterns when one of its entries is.

    >>> fails(pa.chunked_array([[1.0, None, 3.0]]), Rule(column="c", max=2)).tolist()
    [False, False, True]
    >>> said = pa.chunked_array([[["meta:noai", "meta:noindex"], [], None]])
    >>> fails(said, Rule(column="robots", none_of=["*:noai"])).tolist()
    [True, False, False]
    """
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    against = []
    if rule.min is not None:
        against.append(pc.less(values, rule.min))
    if rule.max is not None:
        against.append(pc.greater(values, rule.max))
    if rule.one_of is not None:
        against.append(pc.invert(_matches(values, rule.one_of)))
    if rule.none_of is not None:
        against.append(_matches(values, rule.none_of))
    failed = np.zeros(len(values), np.bool_)
    for test in against:
        failed |= test.fill_null(False).to_numpy()
    return np.asarray(failed & values.is_valid().to_numpy(), np.bool_)


def _matches(values: pa.ChunkedArray, patterns: Sequence[str]) -> pa.ChunkedArray:
    """Which values are one of the patterns; `*` stands for anything, as in `und_*`."""
    if pa.types.is_list(values.type):
        lengths = pc.list_value_length(values).fill_null(0).to_numpy()
        rows = np.repeat(np.arange(len(values)), lengths)[_matches(pc.list_flatten(values), patterns).to_numpy()]
        return pa.chunked_array([pa.array(np.isin(np.arange(len(values)), rows))])
    distinct = values.unique().drop_null().to_pylist()
    found = [value for value in distinct if any(fnmatchcase(value, pattern) for pattern in patterns)]
    return pc.is_in(values, pa.array(found, values.type))
