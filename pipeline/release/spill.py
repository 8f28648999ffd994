"""Rows on their way to the range that they belong to: collected in memory, written when there are many."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

from pipeline.clustering.exchange import receive, send
from pipeline.release.layout import RANGES, Int64Array
from pipeline.storage import Folder

# What is collected before it is written; writing sorts it with a copy.
BYTES_A_FILE = 64_000_000
# A range of so many rows is read as a whole: 24 bytes each, sorted with a copy.
ROWS_A_RANGE = 1 << 22


def ranges_for(rows: int) -> int:
    """Ranges of hashes, a power of two and at least RANGES, so that none of them has too many rows.

    >>> ranges_for(0), ranges_for(2**22 * 300)
    (256, 512)
    """
    return max(RANGES, 1 << (max(rows // ROWS_A_RANGE, 1) - 1).bit_length())


class Spill:
    """Rows for ranges 0 to `ranges` - 1, in a folder that the caller removes."""

    def __init__(self, folder: Folder, place: str, schema: pa.Schema, ranges: int) -> None:
        self.ranges = ranges
        self._folder = folder
        self._place = place
        self._schema = schema
        self._tables: list[pa.Table] = []
        self._receivers: list[Int64Array] = []
        self._bytes = 0
        self._names: list[str] = []

    def add(self, table: pa.Table, receivers: Int64Array) -> None:
        """Keep rows, each for the range that `receivers` gives it."""
        if table.num_rows:
            self._tables.append(table.cast(self._schema))
            self._receivers.append(receivers)
            self._bytes += table.nbytes + receivers.nbytes
        if self._bytes >= BYTES_A_FILE:
            self._write()

    def _write(self) -> None:
        if self._tables:
            self._names.append(f"{self._place}/{len(self._names):05d}.parquet")
            rows, receivers = pa.concat_tables(self._tables), np.concatenate(self._receivers)
            self._tables, self._receivers, self._bytes = [], [], 0
            send(self._folder, self._names[-1], rows, receivers, self.ranges)

    def read(self) -> Iterator[pa.Table]:
        """The rows of each range, in the order of the ranges; rows of a range are in the order of `add`.

        What never was too much for memory is read from there.
        """
        if self._names:
            self._write()
            for number in range(self.ranges):
                yield pa.concat_tables([self._schema.empty_table(), *receive(self._folder, self._names, number)])
            return
        receivers = np.concatenate([np.empty(0, np.int64), *self._receivers])
        order = np.argsort(receivers, kind="stable")
        rows = pa.concat_tables([self._schema.empty_table(), *self._tables]).take(pa.array(order))
        bounds = np.searchsorted(receivers[order], np.arange(self.ranges + 1)).tolist()
        for start, end in pairwise(bounds):
            yield rows.slice(start, end - start)
