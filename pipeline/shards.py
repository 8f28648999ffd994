"""Shards of a run: tables sorted by language, and the commit file that makes them count.

A shard is done when its commit file holds the stage's fingerprint. Commits are written last, so a killed task leaves no
commit, and what it left is written anew. The commit says which rows hold which language, so that a reader of one
language opens only the row groups that it needs: thousands of languages never become thousands of files per shard.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from configs.configuration import Configuration
from pipeline.errors import OutputError, ShardError
from pipeline.fingerprints import Fingerprints
from pipeline.schema import KEY
from pipeline.storage import Folder

# Small enough that a rare language costs little to read, large enough that Parquet's own data stays small.
ROWS_A_GROUP = 1000
# Small languages share a task up to this many documents: few enough for one task's memory.
DOCUMENTS_A_TASK = 2000
# Apart from the data, so that every folder of a stage opens as one Parquet dataset.
COMMITS = "commits"
# The folders of stages and steps that write into more than one.
PLACES = {
    "documents": ("documents", "signatures", "skipped"),
    "work/keys": ("work/keys", "work/links"),
    "work/judged": ("work/judged", "work/candidates"),
}


@dataclass(frozen=True)
class Job:
    """What every task of a run needs: where it writes, what is configured, and each stage's fingerprint."""

    folder: Folder
    configuration: Configuration
    fingerprints: Fingerprints


@dataclass(frozen=True)
class LanguageRows:
    """The rows of one language in one shard."""

    shard: str
    first: int
    count: int


@dataclass(frozen=True)
class LanguageTask:
    """Languages that one task works on, each with the places of its rows: one large language, or some small ones.

    Small languages share row groups, so they are read together; large ones are read as a stream.
    """

    languages: tuple[tuple[str, tuple[LanguageRows, ...]], ...]

    @property
    def documents(self) -> int:
        """How many rows the languages have."""
        return sum(place.count for _, places in self.languages for place in places)

    def __str__(self) -> str:
        names = [language for language, _ in self.languages]
        return names[0] if len(names) == 1 else f"{names[0]}–{names[-1]} ({len(names)} languages)"


def group_languages(rows: Mapping[str, list[LanguageRows]]) -> list[LanguageTask]:
    """Languages as tasks, in name order: neighbours together until they hold as many rows as a task may."""
    groups: list[list[str]] = []
    held = 0
    for language in sorted(rows):
        count = sum(place.count for place in rows[language])
        if not groups or held + count > DOCUMENTS_A_TASK:
            groups.append([])
            held = 0
        groups[-1].append(language)
        held += count
    return [LanguageTask(tuple((language, tuple(rows[language])) for language in group)) for group in groups]


def write_table(folder: Folder, name: str, table: pa.Table, random: Sequence[str] = ()) -> None:
    """A Parquet file with small row groups; its bytes depend on the table alone.

    `random` names columns that neither dictionaries nor compression make smaller, in a table without nested columns.
    """
    others = [column for column in table.column_names if column not in random]
    options: dict[str, Any] = {"compression": "zstd"}
    if random:
        compression = dict.fromkeys(random, "none") | dict.fromkeys(others, "zstd")
        options = {"use_dictionary": others, "compression": compression}
    with folder.write(name) as stream:
        pq.write_table(table, stream, row_group_size=ROWS_A_GROUP, write_page_checksum=True, **options)


def read_group(file: pq.ParquetFile, group: int, columns: Sequence[str] | None = None) -> pa.Table:
    """A row group, or some of its columns; by this thread: Arrow's own may outlive the file and abort the process."""
    return file.read_row_group(group, columns=list(columns) if columns is not None else None, use_threads=False)


def read_table(folder: Folder, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A whole Parquet file of the run, or some of its columns. Raises ShardError, which names a damaged file."""
    with open_parquet(folder, name) as file:
        return file.read(columns=list(columns) if columns is not None else None, use_threads=False)


@contextmanager
def open_parquet(folder: Folder, name: str) -> Iterator[pq.ParquetFile]:
    """A Parquet file of the run, whose pages are checked as they are read. Raises ShardError, which names the file."""
    try:
        with folder.open(name) as stream, pq.ParquetFile(stream, page_checksum_verification=True) as file:
            yield file
    except (pa.ArrowException, OSError) as exc:
        raise ShardError(f"{folder.path(name)}: cannot be read ({exc}); remove it and run again") from exc


def sort_by_language(table: pa.Table) -> tuple[pa.Table, dict[str, list[int]]]:
    """Rows ordered by language, then by their place in the input, and each language's first row and count."""
    table = table.sort_by([("language", "ascending"), ("file_path", "ascending"), ("offset", "ascending")])
    return table, rows_by_language(table)


def rows_by_language(table: pa.Table) -> dict[str, list[int]]:
    """Each language's first row and count, in a table that is sorted by language."""
    counts = table.column("language").value_counts().to_pylist()
    rows: dict[str, list[int]] = {}
    first = 0
    for entry in sorted(counts, key=lambda entry: str(entry["values"])):
        rows[entry["values"]] = [first, entry["counts"]]
        first += entry["counts"]
    return rows


@dataclass(frozen=True)
class Done:
    """What a finished shard declares: its fingerprint, and the files that it wrote."""

    stage: str
    shard: str
    fingerprint: str
    files: Sequence[str]


def commit(folder: Folder, done: Done, facts: dict[str, Any]) -> None:
    """Declare a shard done: everything else of it has been written."""
    sizes = {name: folder.size(name) for name in done.files}
    data = {"fingerprint": done.fingerprint, "files": sizes, **facts}
    folder.write_json(f"{COMMITS}/{done.stage}/{done.shard}.json", data)


def read_commits(folder: Folder, stage: str, fingerprints: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The wanted shards of a stage that are done, by name.

    Done is a commit with the fingerprint given here whose files are all there in full; anything else is made again.
    """
    sizes = {name: size for place in PLACES.get(stage, (stage,)) for name, size in folder.sizes(place).items()}
    found = {}
    for name in folder.names(f"{COMMITS}/{stage}"):
        shard = name.rpartition("/")[2].removesuffix(".json")
        data = _read_commit(folder, name) if shard in fingerprints else None
        if data and data["fingerprint"] == fingerprints[shard] and data["files"].items() <= sizes.items():
            found[shard] = data
    return found


def _read_commit(folder: Folder, name: str) -> dict[str, Any] | None:
    try:
        data = folder.read_json(name)
    except OutputError:
        return None  # damaged: the shard is made again
    return data if isinstance(data, dict) and {"fingerprint", "files"} <= data.keys() else None


def check_same_documents(where: str, documents: pa.Table, other: pa.Table, remedy: str) -> None:
    """Identity is never position: rows of two stages are joined only when their keys are equal, row by row.

    Raises ShardError, which names the shard or language and what to remove.
    """
    if not documents.column(KEY.name).equals(other.column(KEY.name)):
        raise ShardError(f"{where}: two stages hold different documents; remove {remedy} and run again")


def language_rows(commits: Mapping[str, Mapping[str, Any]]) -> dict[str, list[LanguageRows]]:
    """For each language, in name order, where its rows are, in shard order."""
    rows: dict[str, list[LanguageRows]] = {}
    for shard in sorted(commits):
        for language, (first, count) in commits[shard]["languages"].items():
            rows.setdefault(language, []).append(LanguageRows(shard, first, count))
    return dict(sorted(rows.items()))


def count_documents(rows: Mapping[str, Sequence[LanguageRows]]) -> dict[str, int]:
    """Documents of each language."""
    return {language: sum(place.count for place in places) for language, places in rows.items()}


def read_languages(
    folder: Folder, stage: str, task: LanguageTask, columns: Sequence[str] | None = None
) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """Each language of a task with its rows of a stage, in shard order."""
    if len(task.languages) == 1:
        ((language, places),) = task.languages
        yield language, _read_rows(folder, stage, places, columns)
        return
    tables: dict[str, list[pa.Table]] = {language: [] for language, _ in task.languages}
    by_shard: dict[str, list[tuple[str, LanguageRows]]] = {}
    for language, places in task.languages:
        for place in places:
            by_shard.setdefault(place.shard, []).append((language, place))
    for shard, entries in sorted(by_shard.items()):
        first = min(place.first for _, place in entries)
        last = max(place.first + place.count for _, place in entries)
        hull = pa.concat_tables(_read_rows(folder, stage, [LanguageRows(shard, first, last - first)], columns))
        for language, place in entries:
            tables[language].append(hull.slice(place.first - first, place.count))
    for language, found in tables.items():
        yield language, iter(found)


def _read_rows(
    folder: Folder, stage: str, places: Sequence[LanguageRows], columns: Sequence[str] | None
) -> Iterator[pa.Table]:
    """Rows of some places, a table per row group."""
    for place in places:
        with open_parquet(folder, f"{stage}/{place.shard}.parquet") as file:
            end = place.first + place.count
            for group in range(place.first // ROWS_A_GROUP, (end - 1) // ROWS_A_GROUP + 1):
                start = group * ROWS_A_GROUP
                table = read_group(file, group, columns)
                begin = max(place.first - start, 0)
                yield table.slice(begin, min(end - start, table.num_rows) - begin)
