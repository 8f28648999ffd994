"""What tasks of one step hand to tasks of the next: a file a sender, in it the rows of each receiver together.

Every row group belongs to one receiver, and the file says which, so that a receiver reads its rows of a file and no
others. Pages carry checksums: a damaged file is an error and never other numbers.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.shards import open_parquet, read_group
from pipeline.storage import Folder

Int64Array = npt.NDArray[np.int64]

# A receiver streams its rows by row group: few enough that one of them is small beside a task's memory.
ROWS_A_GROUP = 100_000
_FIRST_GROUPS = b"first_groups"


def send(folder: Folder, name: str, table: pa.Table, receivers: Int64Array, count: int) -> None:
    """Write a table as the file `name`, each row for the receiver (0 to count - 1) that `receivers` gives it.

    Rows of one receiver keep their order.
    """
    order = np.argsort(receivers, kind="stable")
    table = table.take(pa.array(order)).combine_chunks()
    bounds = np.searchsorted(receivers[order], np.arange(count + 1)).tolist()
    slices = [
        [(start, min(ROWS_A_GROUP, end - start)) for start in range(begin, end, ROWS_A_GROUP)]
        for begin, end in pairwise(bounds)
    ]
    first_groups = np.cumsum([0, *map(len, slices)]).tolist()
    schema = table.schema.with_metadata({_FIRST_GROUPS: json.dumps(first_groups)})
    options = {"compression": "lz4", "use_dictionary": False, "write_statistics": False, "write_page_checksum": True}
    with folder.write(name) as stream, pq.ParquetWriter(stream, schema, **options) as writer:
        for start, rows in (entry for of_receiver in slices for entry in of_receiver):
            writer.write_table(table.slice(start, rows), row_group_size=ROWS_A_GROUP)


def receive(
    folder: Folder, names: Iterable[str], receiver: int, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """The rows that files hold for a receiver, a table per row group, in the order of the names.

    Raises ShardError, which names the file, where one is damaged.
    """
    for name in names:
        with open_parquet(folder, name) as file:
            for group in _groups(file, receiver):
                yield read_group(file, group, columns).replace_schema_metadata()


def receive_all(folder: Folder, names: Sequence[str], receiver: int) -> pa.Table:
    """All rows that files hold for a receiver, in the order of the names, as one table; at least one file."""
    with open_parquet(folder, names[0]) as file:
        nothing = file.schema_arrow.remove_metadata().empty_table()
    return pa.concat_tables([nothing, *receive(folder, names, receiver)])


def rows_for(folder: Folder, names: Iterable[str], receiver: int) -> int:
    """How many rows files hold for a receiver; only their footers are read."""
    rows = 0
    for name in names:
        with open_parquet(folder, name) as file:
            rows += sum(file.metadata.row_group(group).num_rows for group in _groups(file, receiver))
    return rows


def _groups(file: pq.ParquetFile, receiver: int) -> range:
    first_groups = json.loads(file.schema_arrow.metadata[_FIRST_GROUPS])
    return range(first_groups[receiver], first_groups[receiver + 1])
