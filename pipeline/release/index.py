"""The index of released documents, for reading: by hash range, by number, and by id.

Entries are numbered through all releases in their order. Every read opens one file and takes the row groups that it
needs; what it holds at once is one row group, or the rows that were asked for.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from configs.model import Deduplication
from pipeline.errors import UsageError
from pipeline.release.comparable import check_comparable, comparable
from pipeline.release.files import damage, open_parquet
from pipeline.release.layout import (
    ENTRIES,
    GROWTH,
    IDS,
    KEYS,
    Int64Array,
    Uint64Array,
    bounds_of,
    entries_schema,
    find_hashes,
)
from pipeline.release.manifest import DamagedIndexError, Manifest, Release, read_manifest
from pipeline.shards import read_group
from pipeline.storage import Folder


@dataclass(frozen=True)
class ReleaseIndex:
    """An index as it was when it was opened: releases that are added later do not show."""

    folder: Folder
    manifest: Manifest

    @classmethod
    def open(cls, url: str, settings: Deduplication | None = None, state: str | None = None) -> "ReleaseIndex":
        """The index in a folder, as it is, or as it was when its digest was `state`.

        Raises UsageError where there is none, where keys made by `settings` (if given) mean something else, or where it
        never was in that state; DamagedIndexError, which names every file that is missing or of another size.
        """
        folder = Folder(url)
        manifest = read_manifest(folder)
        if manifest is None:
            raise UsageError(
                f"{url}: no index of releases here; `glotmill dedup index add OUTPUT {url} --release NAME` makes one, "
                "and the first release needs no deduplication.index"
            )
        if settings is not None:
            check_comparable(url, manifest.comparable, comparable(settings))
        if state is not None:
            manifest = _manifest_at(url, manifest, state)
        check_sizes(folder, manifest)
        return cls(folder, manifest)

    @property
    def count(self) -> int:
        """Entries of all releases."""
        return self.manifest.count

    @property
    def digest(self) -> str:
        """A hash of everything that deduplication against the index depends on."""
        return self.manifest.digest()

    def release(self, name: str) -> Release:
        """A release by its name. Raises UsageError where there is none."""
        for release in self.manifest.releases:
            if release.name == name:
                return release
        known = ", ".join(release.name for release in self.manifest.releases) or "none"
        raise UsageError(f"{self.folder.url}: no release {name} in this index (there are: {known})")

    def rows(self, part: int, part_count: int) -> int:
        """How many keys a hash range holds."""
        return sum(self._rows(release, *bounds_of(part, part_count)) for release in self.manifest.releases)

    def _rows(self, release: Release, low: int, high: int) -> int:
        rows = 0
        with self._open(release, KEYS) as file:
            for group, whole in _groups_between(file, low, high):
                if whole:
                    rows += file.metadata.row_group(group).num_rows
                else:
                    rows += _between(read_group(file, group, ["key"]), "key", low, high).num_rows
        return rows

    def keys(self, part: int, part_count: int) -> Iterator[pa.Table]:
        """Keys of a hash range with the numbers of their entries: tables of `key` uint64 and `entry` int64.

        `part_count` is a power of two. Keys are sorted within a release.
        """
        for release, first in zip(self.manifest.releases, self.manifest.first_entries(), strict=False):
            for table in self.hashes(release, KEYS, part, part_count):
                entry = pc.add(table.column("entry"), pa.scalar(first, pa.int64()))
                yield table.set_column(table.schema.get_field_index("entry"), "entry", entry)

    def hashes(self, release: Release, name: str, part: int, part_count: int) -> Iterator[pa.Table]:
        """Rows of a range of one release's file that is sorted by its first column, a table per row group."""
        low, high = bounds_of(part, part_count)
        with self._open(release, name) as file:
            column = file.schema_arrow.names[0]
            for group, whole in _groups_between(file, low, high):
                table = read_group(file, group, None)
                yield table if whole else _between(table, column, low, high)

    def entries(self, first: int, count: int, columns: Sequence[str] | None = None) -> pa.Table:
        """Entries `first` to `first + count - 1`, with cluster sizes as of now. All columns by default."""
        wanted = [max(first, 0), min(first + count, self.count)]
        firsts = self.manifest.first_entries()
        tables = []
        for number, release in enumerate(self.manifest.releases):
            begin, end = (min(max(bound - firsts[number], 0), release.documents) for bound in wanted)
            if begin < end:
                table = self._rows_of(release, np.arange(begin, end), columns)
                tables.append(self._numbered(table, number, np.arange(begin, end)))
        return pa.concat_tables(tables) if tables else self._no_entries(columns)

    def take(self, entries: Int64Array, columns: Sequence[str] | None = None) -> pa.Table:
        """The entries of ascending numbers, with cluster sizes as of now."""
        firsts = self.manifest.first_entries()
        bounds = np.searchsorted(entries, firsts)
        tables = []
        for number, release in enumerate(self.manifest.releases):
            rows = entries[bounds[number] : bounds[number + 1]] - firsts[number]
            if len(rows):
                tables.append(self._numbered(self._rows_of(release, rows, columns), number, rows))
        return pa.concat_tables(tables) if tables else self._no_entries(columns)

    def _no_entries(self, columns: Sequence[str] | None) -> pa.Table:
        parameters = self.manifest.comparable
        table = entries_schema(parameters["bands"] * parameters["rows"]).empty_table()
        return table.select(list(columns)) if columns is not None else table

    def find(self, high: Uint64Array, low: Uint64Array, part: int, part_count: int) -> Int64Array:
        """The entry of each id by its 128-bit hash, -1 where none is released.

        The hashes are distinct, sorted by their upper halves, and all of them in one range.
        """
        found = np.full(len(high), -1, np.int64)
        if len(high) == 0:
            return found
        for release, first in zip(self.manifest.releases, self.manifest.first_entries(), strict=False):
            for table in self.hashes(release, IDS, part, part_count):
                places = find_hashes(table.column("high").to_numpy(), table.column("low").to_numpy(), high, low)
                known = places >= 0
                found[places[known]] = table.column("entry").to_numpy()[known] + first
        return found

    def release_of(self, entries: Int64Array) -> Int64Array:
        """The place of each entry's release in the manifest."""
        return np.asarray(np.searchsorted(self.manifest.first_entries(), entries, side="right") - 1, np.int64)

    def _rows_of(self, release: Release, rows: Int64Array, columns: Sequence[str] | None) -> pa.Table:
        """Rows of one release's entries, ascending."""
        tables = []
        with self._open(release, ENTRIES) as file:
            counts = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            starts = np.cumsum([0, *counts])
            bounds = np.searchsorted(rows, starts)
            for group in np.flatnonzero(np.diff(bounds)).tolist():
                table = read_group(file, group, columns)
                inside = rows[bounds[group] : bounds[group + 1]] - starts[group]
                tables.append(table if len(inside) == table.num_rows else table.take(pa.array(inside)))
        return pa.concat_tables(tables)

    def _numbered(self, table: pa.Table, number: int, rows: Int64Array) -> pa.Table:
        """Entries of a release with their numbers among all, and sizes with what later releases added."""
        if "entry" in table.column_names:
            place = table.schema.get_field_index("entry")
            table = table.set_column(place, "entry", pa.array(rows + self.manifest.first_entries()[number]))
        if "cluster_size" in table.column_names:
            sizes = table.column("cluster_size").to_numpy() + self._growth(number, rows)
            table = table.set_column(table.schema.get_field_index("cluster_size"), "cluster_size", pa.array(sizes))
        return table

    def _growth(self, number: int, rows: Int64Array) -> Int64Array:
        """Documents that later releases added to the clusters of a release's entries; `rows` ascend."""
        grown = np.zeros(len(rows), np.int64)
        name = self.manifest.releases[number].name
        for release in self.manifest.releases[number + 1 :]:
            with self._open(release, GROWTH) as file:
                for group in _groups_of_growth(file, name, int(rows[0]), int(rows[-1])):
                    table = read_group(file, group, ["entry", "documents"])
                    entry, documents = (table.column(column).to_numpy() for column in ("entry", "documents"))
                    place = np.minimum(np.searchsorted(rows, entry), len(rows) - 1)
                    inside = rows[place] == entry
                    grown[place[inside]] += documents[inside]
        return grown

    def _open(self, release: Release, name: str) -> AbstractContextManager[pq.ParquetFile]:
        rows = {KEYS: release.keys, GROWTH: release.grown}.get(name, release.documents)
        remedy = f"remove the release {release.name}"
        return open_parquet(self.folder, f"{release.folder}/{name}", release.files[name], rows, remedy)


def check_sizes(folder: Folder, manifest: Manifest) -> None:
    """Raise DamagedIndexError, with the fix, where files of the index are missing or of another size."""
    wanted = manifest.files()
    places = {name.partition("/")[0] for name in wanted}
    sizes = {name: size for place in places for name, size in folder.sizes(place).items()}
    problems = []
    for name, (facts, remedy) in wanted.items():
        if name not in sizes:
            problems.append(damage(folder, name, "missing", remedy))
        elif sizes[name] != facts.size:
            problems.append(damage(folder, name, f"{sizes[name]:,} of {facts.size:,} bytes", remedy))
    if problems:
        raise DamagedIndexError("\n".join(problems))


def _manifest_at(url: str, manifest: Manifest, state: str) -> Manifest:
    """The manifest of the first releases that had this digest. Raises UsageError where there is none."""
    for count in range(len(manifest.releases), -1, -1):
        if manifest.digest(count) == state:
            return Manifest(manifest.comparable, manifest.releases[:count], manifest.removals)
    raise UsageError(
        f"{url}: the run was deduplicated against a state of this index that it is no longer in: a release was "
        "removed, or it is another index. Run again with another output folder"
    )


def _groups_between(file: pq.ParquetFile, low: int, high: int) -> Iterator[tuple[int, bool]]:
    """Row groups that hold hashes from `low` to `high`, each with whether it holds no others; the file is sorted."""
    groups = range(file.num_row_groups)
    start = bisect_left(groups, low, key=lambda group: _bounds(file, group)[1])
    stop = bisect_right(groups, high, key=lambda group: _bounds(file, group)[0])
    for group in groups[start:stop]:
        smallest, largest = _bounds(file, group)
        yield group, low <= smallest and largest <= high


def _bounds(file: pq.ParquetFile, group: int) -> tuple[int, int]:
    """Smallest and largest hash of a row group."""
    statistics = file.metadata.row_group(group).column(0).statistics
    if statistics is None:
        raise OSError(f"row group {group} does not say which hashes it holds")
    return int(statistics.min), int(statistics.max)


def _between(table: pa.Table, column: str, low: int, high: int) -> pa.Table:
    values = table.column(column).to_numpy()
    return table.filter(pa.array((values >= np.uint64(low)) & (values <= np.uint64(high))))


def _groups_of_growth(file: pq.ParquetFile, release: str, first: int, last: int) -> Iterator[int]:
    """Row groups with entries `first` to `last` of a release; a row group is of one release."""
    for group in range(file.num_row_groups):
        columns = file.metadata.row_group(group)
        name, entry = (columns.column(place).statistics for place in (0, 1))
        if name is None or entry is None:
            raise OSError(f"row group {group} does not say which entries it holds")
        if name.min == release and entry.min <= last and entry.max >= first:
            yield group
