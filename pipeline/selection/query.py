"""From the selection's settings to SQL conditions, and from an index to the rows that fit all of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langid.labels import languages
from pipeline.errors import InputError
from pipeline.reading.sources import InputFile
from pipeline.selection.index import IndexFiles
from pipeline.selection.parameters import SelectionParameters

PLACE = ("url", "warc_filename", "warc_record_offset", "warc_record_length")


@dataclass(frozen=True)
class Condition:
    """What one setting asks of one column, as SQL with its values."""

    setting: str
    column: str
    sql: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Size:
    """Records, and the bytes they have in their files."""

    records: int
    bytes: int


def conditions(parameters: SelectionParameters) -> list[Condition]:
    """The conditions of the settings that are set.

    >>> [c.sql for c in conditions(SelectionParameters(hosts=("a.org", "*.b.org"), mime=(), status=(200, 404)))]
    ['(url_host_name in (?) or url_host_name glob ?)', '(fetch_status in (?, ?))']
    """
    named = (
        _any_of("crawls", "crawl", parameters.crawls),
        _any_of("subsets", "subset", parameters.subsets),
        _spoken(parameters.languages),
        _any_of("hosts", "url_host_name", parameters.hosts),
        _any_of("tlds", "url_host_tld", parameters.tlds),
        _any_of("mime", "content_mime_detected", parameters.mime),
        _any_of("status", "fetch_status", parameters.status),
        _found("url_pattern", "url", parameters.url_pattern),
    )
    return [condition for condition in named if condition]


def _any_of(setting: str, column: str, wanted: Sequence[Any]) -> Condition | None:
    """Equal to one of the values, or fitting one with `*`."""
    globs = [value for value in wanted if isinstance(value, str) and "*" in value]
    plain = [value for value in wanted if value not in globs]
    # `in` with constants is compared with the statistics of row groups, so that most of the index is never read.
    parts = [f"{column} in ({', '.join('?' * len(plain))})"] if plain else []
    parts += [f"{column} glob ?"] * len(globs)
    return Condition(setting, column, f"({' or '.join(parts)})", (*plain, *globs)) if parts else None


def _spoken(labels: Sequence[str]) -> Condition | None:
    """Any of a page's languages, which stand with commas between them, the most used first."""
    codes = sorted({code for label in labels for code in index_codes(label)})
    sql = "list_has_any(string_split(content_languages, ','), ?)"
    return Condition("languages", "content_languages", sql, (codes,)) if codes else None


def _found(setting: str, column: str, pattern: str | None) -> Condition | None:
    return Condition(setting, column, f"regexp_matches({column}, ?)", (pattern,)) if pattern else None


def index_codes(label: str) -> tuple[str, ...]:
    """The codes under which an index may have a language.

    CLD2, which labels Common Crawl's pages, knows Chinese, Arabic or Norwegian, and not which one.

    >>> index_codes("arb_Arab"), index_codes("deu"), index_codes("zho")
    (('arb', 'ara'), ('deu',), ('zho',))
    """
    code = label.partition("_")[0]
    row = languages().get(code)
    return (code, row.macrolanguage) if row and row.macrolanguage else (code,)


class Index:
    """An open index: counts its rows, and writes those that are selected."""

    def __init__(self, connection: Any, name: str, folder: Path) -> None:
        self.connection = connection
        self.name = name
        self.folder = folder

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises InputError, which names the index."""
        import duckdb

        try:
            found: list[tuple[Any, ...]] = self.connection.execute(sql, list(values)).fetchall()
        except duckdb.Error as exc:
            raise InputError(
                f"{self.name}: the index cannot be read: {str(exc).partition('LINE 1:')[0].strip()}"
            ) from exc
        return found

    @property
    def size(self) -> Size:
        """Of all its records."""
        ((records, length),) = self.rows("select count(*), coalesce(sum(warc_record_length), 0) from rows_of_index")
        return Size(records, int(length))

    @property
    def selected_size(self) -> tuple[Size, int]:
        """Of the selected records, and the number of files that they are in."""
        ((records, length, files),) = self.rows("select count(*), sum(length), count(distinct file) from selected")
        return Size(records, int(length)), files

    def select(self, parameters: SelectionParameters) -> Path:
        """A Parquet file with the places of the selected records, by file and offset, each once.

        Raises InputError for an index without a column that is needed, and where nothing is selected.
        """
        wanted = conditions(parameters)
        self._check_columns(wanted)
        where = " and ".join(condition.sql for condition in wanted) or "true"
        values = [value for condition in wanted for value in condition.values]
        # A hash of the place is an order that neither threads nor the order of the files change.
        draw = f"order by md5(concat_ws(' ', {parameters.seed}, file, start)), file, start limit {parameters.limit}"
        self.rows(
            f"""create table selected as
            select warc_filename as file, warc_record_offset::bigint as start,
                max(warc_record_length)::bigint as length, min(url) as url
            from rows_of_index where {where} group by file, start {draw if parameters.limit else ""}""",
            values,
        )
        self._check_rows(wanted)
        path = self.folder / "selected.parquet"
        self.rows(f"copy (select * from selected order by file, start) to {_quoted(str(path))} (format parquet)")
        return path

    def _check_columns(self, wanted: Sequence[Condition]) -> None:
        present = [name for name, *_ in self.rows("describe rows_of_index")]
        needed = [(column, "every selection") for column in PLACE]
        needed += [(condition.column, f"selection.{condition.setting}") for condition in wanted]
        missing = [f"{column} (for {setting})" for column, setting in needed if column not in present]
        if missing:
            raise InputError(
                f"{self.name}: the index has no column {', '.join(missing)}; it has {', '.join(present)}. Name "
                "files of Common Crawl's columnar index, or leave the setting empty"
            )

    def _check_rows(self, wanted: Sequence[Condition]) -> None:
        ((count, unplaced),) = self.rows(
            "select count(*), count(*) filter (where file is null or start is null or start < 0 or "
            "coalesce(length, 0) < 1) from selected"
        )
        if unplaced:
            raise InputError(
                f"{self.name}: {unplaced:,} of {count:,} selected rows name no place of a record (warc_filename, "
                "warc_record_offset from 0, warc_record_length from 1); the index is damaged"
            )
        if not count:
            self._explain_nothing(wanted)

    def _explain_nothing(self, wanted: Sequence[Condition]) -> None:
        counts = [f"count(*) filter (where {condition.sql})" for condition in wanted]
        values = [value for condition in wanted for value in condition.values]
        ((total, *fitting),) = self.rows(f"select {', '.join(['count(*)', *counts])} from rows_of_index", values)
        each = [f"{condition.setting} {fits:,}" for condition, fits in zip(wanted, fitting, strict=True)]
        raise InputError(
            f"{self.name}: none of {total:,} records is selected; records that fit each setting: {', '.join(each)}"
        )


@contextmanager
def open_index(name: str, files: Sequence[InputFile]) -> Iterator[Index]:
    """An index for queries; what does not fit into memory goes to a temporary folder. Raises InputError."""
    import duckdb

    with TemporaryDirectory(prefix="glotmill-selection-") as temporary:
        connection = duckdb.connect(str(Path(temporary) / "selection.db"))
        try:
            reader = IndexFiles(files)
            connection.register_filesystem(reader)
            index = Index(connection, name, Path(temporary))
            addresses = ", ".join(map(_quoted, reader.addresses))
            index.rows(
                f"create temp view rows_of_index as select * from read_parquet([{addresses}], "
                "hive_partitioning = true, hive_types_autocast = false)"
            )
            yield index
        finally:
            connection.close()


def _quoted(text: str) -> str:
    """Text as SQL writes it, where no value can be bound."""
    return "'" + text.replace("'", "''") + "'"
