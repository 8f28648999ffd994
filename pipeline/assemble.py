"""Stage assemble: one language's documents with their decisions, as the files of the dataset."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dedup.lines import without_lines
from filters.pii import SPANS, as_rows, as_span
from filters.pii.redact import RedactionParameters, redact, spans_of_kept_lines
from filters.pii.spans import Span
from pipeline.lines import STAGE as LINES
from pipeline.schema import CLUSTER_COLUMNS, DECIDE_COLUMNS, arrow_schema
from pipeline.shards import (
    ROWS_A_GROUP,
    Done,
    Job,
    LanguageTask,
    check_same_documents,
    commit,
    read_languages,
)
from pipeline.storage import Folder

STAGE = "dataset"
DECIDED = tuple(column.name for column in (*CLUSTER_COLUMNS, *DECIDE_COLUMNS))


@dataclass(frozen=True)
class AssembleJob:
    """A run, and the fingerprint of each language's files."""

    job: Job
    fingerprints: Mapping[str, str]


def assemble(task: LanguageTask, work: AssembleJob) -> None:
    """Write dataset/<lang>/ and dataset/rejected/<lang>/ of each language."""
    job = work.job
    decisions = read_languages(job.folder, "decisions", task)
    for (language, decided), (_, documents) in zip(decisions, _documents(task, job), strict=True):
        written = assemble_language(language, documents, pa.concat_tables(decided), job)
        for folder in (f"dataset/{language}", f"dataset/rejected/{language}"):
            for name in set(job.folder.names(folder, ".parquet")) - set(written):
                job.folder.remove(name)  # of an earlier decision
        commit(job.folder, Done(STAGE, language, work.fingerprints[language], written), {})


def _documents(task: LanguageTask, job: Job) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """Each language's documents, redacted, with the columns of all stages that annotate them."""
    redaction = job.configuration.settings.redaction
    documents: Iterator[tuple[str, Iterator[pa.Table]]] = (
        (language, (_redacted(table, redaction) for table in tables))
        for language, tables in read_languages(job.folder, "documents", task)
    )
    for stage in job.configuration.annotations:
        documents = _annotated(documents, stage, task, job)
    yield from documents


def _annotated(
    documents: Iterator[tuple[str, Iterator[pa.Table]]], stage: str, task: LanguageTask, job: Job
) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """Each language's documents with the columns of one stage."""
    remove = stage == LINES and job.configuration.settings.dataset.remove_repeated_lines
    for (language, described), (_, found) in zip(documents, read_languages(job.folder, stage, task), strict=True):
        yield language, map(partial(_with_columns, language, stage, remove), described, found)


def _redacted(documents: pa.Table, parameters: RedactionParameters) -> pa.Table:
    """Documents with the wanted kinds of spans replaced; `pii` says where they are in the new text."""
    if not parameters.kinds or "pii" not in documents.column_names:
        return documents
    pairs = zip(documents.column("text").to_pylist(), documents.column("pii").to_pylist(), strict=True)
    redacted = [redact(text, map(as_span, rows or ()), parameters) for text, rows in pairs]
    return _with_text(documents, [(each.text, each.spans) for each in redacted])


def _with_text(documents: pa.Table, pairs: Sequence[tuple[str, Sequence[Span]]]) -> pa.Table:
    """Documents with other texts, and the spans in them where there are any."""
    values = {
        "text": pa.array([text for text, _ in pairs], pa.string()),
        "pii": pa.array([as_rows(spans) for _, spans in pairs], SPANS),
    }
    for name in documents.column_names:
        if name in values:
            documents = documents.set_column(documents.schema.get_field_index(name), name, values[name])
    return documents


def _with_columns(language: str, stage: str, remove: bool, documents: pa.Table, lines: pa.Table) -> pa.Table:
    """Documents with the columns of a stage, and without the repeated lines where they are to be removed."""
    check_same_documents(language, documents, lines, f"{stage}/")
    if remove:
        texts, numbers = documents.column("text").to_pylist(), lines.column("repeated_line_numbers").to_pylist()
        spans = documents.column("pii").to_pylist() if "pii" in documents.column_names else [()] * len(texts)
        kept = [without_lines(text, cut) for text, cut in zip(texts, numbers, strict=True)]
        moved = [
            spans_of_kept_lines(text, shorter, map(as_span, rows or ()))
            for text, shorter, rows in zip(texts, kept, spans, strict=True)
        ]
        documents = _with_text(documents, list(zip(kept, moved, strict=True)))
    columns = {name: documents.column(name) for name in documents.column_names}
    return pa.table(columns | {name: lines.column(name) for name in lines.column_names if name not in columns})


def assemble_language(language: str, documents: Iterator[pa.Table], decisions: pa.Table, job: Job) -> list[str]:
    """Stream one language's documents into its files; their names."""
    settings = job.configuration.settings.dataset
    keep = decisions.column("keep").to_numpy(zero_copy_only=False)
    characters = decisions.column("text_characters").to_numpy()
    schema = arrow_schema(job.configuration.columns)
    wanted = {f"dataset/{language}": keep}
    if settings.rejected:
        wanted[f"dataset/rejected/{language}"] = ~keep
    with ExitStack() as stack:
        parts = [
            stack.enter_context(
                PartWriter(job.folder, name, schema, files_of_rows(characters[rows], settings.file_characters))
            )
            for name, rows in wanted.items()
        ]
        first = 0
        for table in _with_decisions(language, documents, decisions):
            for part, rows in zip(parts, wanted.values(), strict=True):
                part.write(table.filter(pa.array(rows[first : first + table.num_rows])))
            first += table.num_rows
    return [name for part in parts for name in part.names]


def files_of_rows(characters: Sequence[int] | npt.NDArray[np.int64], limit: int) -> npt.NDArray[np.int64]:
    """The number of each row's file, when no file may hold more characters than the limit; one row always fits.

    >>> files_of_rows([4, 4, 4, 20, 1], 10).tolist()
    [0, 0, 1, 2, 3]
    """
    numbers = np.zeros(len(characters), np.int64)
    number, held = 0, 0
    for row, size in enumerate(characters):
        if held and held + size > limit:
            number, held = number + 1, 0
        held += int(size)
        numbers[row] = number
    return numbers


def _with_decisions(language: str, documents: Iterator[pa.Table], decisions: pa.Table) -> Iterator[pa.Table]:
    """Documents with the columns of the later stages, in order. Raises ShardError if they are not the same ones."""
    first = 0
    for table in documents:
        rows = decisions.slice(first, table.num_rows)
        first += table.num_rows
        check_same_documents(language, table, rows, "decisions/")
        columns = {name: table.column(name) for name in table.column_names}
        yield pa.table(columns | {name: rows.column(name) for name in DECIDED})


class PartWriter(AbstractContextManager["PartWriter"]):
    """The files of one part of a language, kept or rejected: each is complete before the next begins.

    `file_of_row` says, for every row that will be written, the number of its file. Row groups are filled across the
    tables that come in, so that a file's bytes depend on its rows and not on the shards they came from.
    """

    def __init__(self, folder: Folder, part: str, schema: pa.Schema, file_of_row: npt.NDArray[np.int64]) -> None:
        self.folder, self.schema, self.file_of_row = folder, schema, file_of_row
        count = int(file_of_row.max()) + 1 if len(file_of_row) else 0
        self.names = [f"{part}/train-{number:05d}-of-{count:05d}.parquet" for number in range(count)]
        self._row, self._number = 0, -1
        self._open = ExitStack()
        self._writer: pq.ParquetWriter | None = None
        self._waiting = schema.empty_table()

    def write(self, table: pa.Table) -> None:
        """Append rows, each to its file."""
        table = table.select(self.schema.names).cast(self.schema)
        numbers = self.file_of_row[self._row : self._row + table.num_rows]
        self._row += table.num_rows
        for number in np.unique(numbers).tolist():
            if number != self._number:
                self._next_file(number)
            rows = np.flatnonzero(numbers == number)
            self._waiting = pa.concat_tables([self._waiting, table.slice(int(rows[0]), len(rows))])
            self._write_groups(ROWS_A_GROUP)

    def _write_groups(self, least: int) -> None:
        """Write waiting rows as row groups, while there are at least so many."""
        while self._writer is not None and self._waiting.num_rows >= least:
            group = self._waiting.slice(0, ROWS_A_GROUP)
            self._writer.write_table(group.combine_chunks(), row_group_size=ROWS_A_GROUP)
            self._waiting = self._waiting.slice(ROWS_A_GROUP)

    def _next_file(self, number: int) -> None:
        self._finish_file()
        stream = self._open.enter_context(self.folder.write(self.names[number]))
        self._writer = self._open.enter_context(pq.ParquetWriter(stream, self.schema, compression="zstd"))
        self._number = number

    def _finish_file(self) -> None:
        self._write_groups(1)
        self._open.close()

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc is None:
            self._finish_file()
        else:
            # The file that is being written is removed, never published half.
            self._open.__exit__(kind, exc, trace)
