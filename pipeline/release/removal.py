"""Take documents down from releases, and remove a whole release from the index.

A document that was taken down stays in the index: its copies in later crawls are copies of it, so that they stay out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from pipeline.errors import UsageError
from pipeline.release.files import FilesWriter, open_parquet
from pipeline.release.index import ReleaseIndex
from pipeline.release.layout import REMOVALS_SCHEMA, Int64Array, id_hashes
from pipeline.release.manifest import REMOVALS, Removal, read_manifest, write_manifest
from pipeline.shards import read_group
from pipeline.storage import Folder

SHOWN_IDS = 5


@dataclass(frozen=True)
class Removed:
    """Documents that were taken down: the lists, and their rows."""

    files: tuple[str, ...]
    rows: pa.Table


def take_down(url: str, ids: Sequence[str], reason: str | None = None, date: str | None = None) -> int:
    """Note that documents were taken down; how many of them were not before.

    Raises UsageError, which names some, where ids are not released; then nothing is noted.
    """
    folder = Folder(url)
    with folder.locked():
        index = ReleaseIndex.open(url)
        known = set(read_removals(index, index.manifest.removals).column("id").to_pylist())
        wanted = sorted(set(ids) - known)
        entries = find_ids(index, wanted)
        missing = [identifier for identifier, entry in zip(wanted, entries.tolist(), strict=True) if entry < 0]
        if missing:
            more = f" and {len(missing) - SHOWN_IDS} more" if len(missing) > SHOWN_IDS else ""
            raise UsageError(f"{url}: no document of any release: {', '.join(missing[:SHOWN_IDS])}{more}")
        if wanted:
            _write_removal(index, wanted, entries, reason, date)
        return len(wanted)


def find_ids(index: ReleaseIndex, ids: Sequence[str]) -> Int64Array:
    """The entry of each id, -1 where it is not released. The ids are distinct."""
    high, low = id_hashes(ids)
    order = np.lexsort((low, high))
    found = np.empty(len(ids), np.int64)
    found[order] = index.find(high[order], low[order], 0, 1)
    return found


def _write_removal(
    index: ReleaseIndex,
    ids: Sequence[str],
    entries: Int64Array,
    reason: str | None,
    date: str | None,
) -> None:
    manifest = index.manifest
    releases = index.release_of(entries)
    firsts = np.array(manifest.first_entries(), np.int64)
    columns = {
        "id": pa.array(ids, pa.string()),
        "release": [manifest.releases[number].name for number in releases.tolist()],
        "entry": entries - firsts[releases],
        "reason": pa.array([reason] * len(ids), pa.string()),
    }
    name = f"{len(manifest.removals):05d}.parquet"
    writer = FilesWriter(index.folder, REMOVALS)
    with writer.parquet(name, REMOVALS_SCHEMA) as file:
        file.write_table(pa.table(columns, schema=REMOVALS_SCHEMA))
    removal = Removal(f"{REMOVALS}/{name}", len(ids), date, writer.files[name])
    write_manifest(index.folder, replace(manifest, removals=(*manifest.removals, removal)))


def read_removals(index: ReleaseIndex, removals: Sequence[Removal]) -> pa.Table:
    """The rows of lists of removals."""
    tables = [REMOVALS_SCHEMA.empty_table()]
    for removal in removals:
        remedy = "take the same documents down again"
        with open_parquet(index.folder, removal.file, removal.facts, removal.documents, remedy) as file:
            tables += [read_group(file, group) for group in range(file.num_row_groups)]
    return pa.concat_tables(tables)


def pending_removals(index: ReleaseIndex) -> Removed:
    """What was taken down and is in no release's delta manifest yet."""
    reported = {name for release in index.manifest.releases for name in release.removals}
    pending = [removal for removal in index.manifest.removals if removal.file not in reported]
    return Removed(tuple(removal.file for removal in pending), read_removals(index, pending))


def drop_release(url: str, name: str) -> None:
    """Remove a release from the index; entries of later ones are numbered anew. Raises UsageError where there is none.

    The manifest is written first: its files, damaged or not, are of no use from then on.
    """
    folder = Folder(url)
    with folder.locked():
        manifest = read_manifest(folder)
        releases = manifest.releases if manifest else ()
        left = tuple(release for release in releases if release.name != name)
        if manifest is None or len(left) == len(releases):
            known = ", ".join(release.name for release in releases) or "none"
            raise UsageError(f"{url}: no release {name} in this index (there are: {known})")
        write_manifest(folder, replace(manifest, releases=left))
        for release in releases:
            if release.name == name:
                folder.remove(release.folder)
