"""The ledger: every response record that was read is counted in exactly one place, and the sums must agree."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipeline.deciding.decide import DUPLICATE
from pipeline.errors import LedgerError
from pipeline.schema import LEDGER
from pipeline.shards import read_table, write_table
from pipeline.storage import Folder

NAME = "ledger.parquet"
Place = tuple[str, str, str, str | None]


def outcome_of(reasons: list[str], duplicate_kind: str | None) -> tuple[str, str]:
    """Outcome and reason of a document: its first reason counts, the others are in the data.

    >>> outcome_of([], None), outcome_of(["duplicate"], "near"), outcome_of(["language_score", "duplicate"], "near")
    (('kept', 'kept'), ('duplicate', 'near_duplicate'), ('rejected', 'language_score'))
    """
    if not reasons:
        return "kept", "kept"
    if reasons[0] == DUPLICATE:
        return DUPLICATE, f"{duplicate_kind}_{DUPLICATE}"
    return "rejected", reasons[0]


def write_ledger(folder: Folder, commits: Mapping[str, dict[str, Any]]) -> pa.Table:
    """Count skipped/ and decisions/, check against what was read and what was written, and write the ledger.

    Raises LedgerError with the file and the difference.
    """
    records: Counter[Place] = Counter()
    characters: Counter[Place] = Counter()
    for shard in sorted(commits):
        for row in read_table(folder, f"skipped/{shard}.parquet").to_pylist():
            records[row["file_path"], row["outcome"], row["reason"], None] += row["response"]
    kept = 0
    for shard in sorted(commits):
        columns = ["file_path", "language", "reject_reasons", "duplicate_kind", "text_characters"]
        for row in read_table(folder, f"decisions/{shard}.parquet", columns).to_pylist():
            outcome = outcome_of(row["reject_reasons"], row["duplicate_kind"])
            place = (row["file_path"], *outcome, row["language"])
            records[place] += 1
            characters[place] += row["text_characters"]
            kept += not row["reject_reasons"]
    _check_records(records, commits)
    _check_dataset(folder, kept)
    places = sorted(records, key=lambda place: tuple(part or "" for part in place))
    rows = [(*place, records[place], characters[place]) for place in places]
    table = pa.Table.from_pylist([dict(zip(LEDGER.names, row, strict=True)) for row in rows], schema=LEDGER)
    write_table(folder, NAME, table)
    return table


def _check_records(records: Counter[Place], commits: Mapping[str, dict[str, Any]]) -> None:
    """What was read of each file is what the ledger counts of it."""
    read: Counter[str] = Counter()
    for facts in commits.values():
        read.update(facts["records"])
    counted: Counter[str] = Counter()
    for (file, *_), count in records.items():
        counted[file] += count
    for file in sorted(read.keys() | counted.keys()):
        if read[file] != counted[file]:
            raise LedgerError(
                f"{file}: {read[file]:,} response records were read, but {counted[file]:,} are counted in skipped/ and "
                "decisions/; some are lost or doubled. Remove the output folder and run again; if it stays, report it"
            )


def _check_dataset(folder: Folder, kept: int) -> None:
    """The dataset's files hold as many rows as decisions keep."""
    import pyarrow.parquet as pq

    written = 0
    for name in folder.names("dataset", ".parquet"):
        if not name.startswith("dataset/rejected/"):
            with folder.open(name) as stream:
                written += pq.read_metadata(stream).num_rows
    if written != kept:
        raise LedgerError(f"dataset/: {written:,} rows are written, but {kept:,} documents are kept")
