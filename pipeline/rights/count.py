"""How many documents of a dataset have each statement, for its card."""

from collections import Counter
from typing import NamedTuple

from pipeline.rights.parameters import RIGHTS_COLUMNS, ROBOTS_COLUMN
from pipeline.rights.statements import count_statements
from pipeline.shards import open_parquet
from pipeline.storage import Folder

COLUMNS = (ROBOTS_COLUMN.name, *(column.name for column in RIGHTS_COLUMNS))
OPTED_OUT = "opted_out"


class StatementCount(NamedTuple):
    """Documents with a statement, kept and rejected."""

    column: str
    statement: str
    kept: int
    rejected: int


def count_rights(folder: Folder) -> list[StatementCount]:
    """The statements of a finished run's dataset, column by column; entries of the opt-out list are one.

    Only the columns of statements are read, a row group at a time.
    """
    kept, rejected = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for name in folder.names("dataset", ".parquet"):
        counts = rejected if name.startswith("dataset/rejected/") else kept
        with open_parquet(folder, name) as file:
            found = [column for column in COLUMNS if column in file.schema_arrow.names]
            for batch in file.iter_batches(columns=found):
                for column in found:
                    values = batch.column(column).to_pylist()
                    if column == OPTED_OUT:
                        values = [None if value is None else ["an entry of the list"] for value in values]
                    counts.update({(column, word): n for word, n in count_statements(values).items()})
    places = sorted(kept.keys() | rejected.keys(), key=lambda place: (COLUMNS.index(place[0]), place[1]))
    return [StatementCount(*place, kept[place], rejected[place]) for place in places]
