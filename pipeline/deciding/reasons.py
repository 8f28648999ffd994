"""Which documents a finished run rejected for which reasons, without judging them again."""

from collections.abc import Set
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.deciding.reelect import BoolArray, Int64Array


@dataclass(frozen=True)
class Reasons:
    """The reasons of a shard's documents, in one row: the code of each, and its document."""

    documents: int
    names: tuple[str, ...]
    codes: Int64Array
    rows: Int64Array
    _given: dict[frozenset[str], BoolArray] = field(default_factory=dict)

    @classmethod
    def of(cls, reasons: pa.ListArray) -> "Reasons":
        """The reasons of a column of lists without nulls.

        >>> reasons = Reasons.of(pa.array([["long", "duplicate"], [], ["short"]]))
        >>> reasons.given({"long", "short"}).tolist(), reasons.given({"long"}).tolist()
        ([True, False, True], [True, False, False])
        """
        encoded = pc.list_flatten(reasons).dictionary_encode()
        rows = np.repeat(np.arange(len(reasons)), pc.list_value_length(reasons).to_numpy())
        return cls(len(reasons), tuple(encoded.dictionary.to_pylist()), encoded.indices.to_numpy(), rows)

    def given(self, wanted: Set[str]) -> BoolArray:
        """Which documents have one of the wanted reasons, bool of shape (documents,)."""
        key = frozenset(wanted)
        if key not in self._given:  # languages ask for the same, nearly all of them
            chosen = np.array([name in key for name in self.names], np.bool_)
            found = np.zeros(self.documents, np.bool_)
            found[self.rows[chosen[self.codes]]] = True
            self._given[key] = found
        return self._given[key]
