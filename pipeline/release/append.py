"""Add what a run released to the index: its documents, what they are found by, and what grew.

Memory is bounded: shards are read one after the other, everything that needs an order goes through ranges of hashes.
The manifest is written last; until then the index is what it was, and a repeated attempt begins anew.
"""

import datetime
from dataclasses import replace

from pipeline.errors import RunError, UsageError, WriteError
from pipeline.release.build import build_release
from pipeline.release.comparable import check_comparable
from pipeline.release.finished import FinishedRun, read_finished
from pipeline.release.index import ReleaseIndex, check_sizes
from pipeline.release.manifest import RELEASES, Manifest, Release, check_release_name, read_manifest, write_manifest
from pipeline.storage import Folder


def add_release(output: str, url: str, name: str, date: str | None = None) -> Release:
    """Add the documents that a finished run keeps to the index in a folder, which is made where there is none.

    `date` is a day in ISO 8601. Raises UsageError where the run does not fit the index (the release's name is taken,
    other parameters, deduplicated against another state, ids that are released already), RunError where it could not
    be written; in every case the index is as it was.
    """
    check_release_name(name)
    if date is not None:
        _check_date(date)
    run = read_finished(output)
    folder = Folder(url)
    with folder.locked():
        return append(run, folder, name, date)


def append(run: FinishedRun, folder: Folder, name: str, date: str | None) -> Release:
    """Add a run to the index in a folder that nobody else writes to; errors as of `add_release`."""
    manifest = _manifest_for(run, folder, name)
    place = f"{RELEASES}/{name}"
    try:
        folder.remove(place)
        folder.remove_partial_files()
        release = build_release(run, ReleaseIndex(folder, manifest), name, date)
        write_manifest(folder, replace(manifest, releases=(*manifest.releases, release)))
    except (OSError, WriteError) as exc:
        folder.remove(place)
        raise RunError(
            f"{folder.path(place)}: cannot be written ({exc}); the index is as it was. Make room, or correct what is "
            "wrong, and add the release again"
        ) from exc
    except BaseException:
        folder.remove(place)
        raise
    return release


def _check_date(date: str) -> None:
    try:
        datetime.date.fromisoformat(date)
    except ValueError as exc:
        raise UsageError(f'--date: "{date}" is no day as ISO 8601 writes it, such as 2026-11-21') from exc


def _manifest_for(run: FinishedRun, folder: Folder, name: str) -> Manifest:
    """The manifest that the run may be added to. An index begins with one of no releases."""
    manifest = read_manifest(folder)
    if manifest is None or not manifest.releases:
        manifest = Manifest(run.index["comparable"])
        write_manifest(folder, manifest)
    check_comparable(folder.url, manifest.comparable, run.index["comparable"])
    check_sizes(folder, manifest)
    if any(release.name == name for release in manifest.releases):
        raise UsageError(f"{folder.url}: a release {name} is in the index already; choose another --release")
    _check_state(run, folder, manifest)
    return manifest


def _check_state(run: FinishedRun, folder: Folder, manifest: Manifest) -> None:
    """Raise UsageError where the run was not deduplicated against the index as it is now: copies would be released."""
    state = run.index["digest"]
    if state == manifest.digest() or (state is None and not manifest.releases):
        return
    if state is None:
        raise UsageError(
            f"{run.folder.url}: not deduplicated against this index, which has releases; run again with "
            f"--set deduplication.index={folder.url}"
        )
    known = [count for count in range(len(manifest.releases)) if manifest.digest(count) == state]
    since = ", ".join(release.name for release in manifest.releases[known[0] :]) if known else ""
    raise UsageError(
        f"{run.folder.url}: deduplicated against {run.index['url']} in another state than {folder.url} is in now"
        f"{f' ({since} came since)' if since else ''}; run again into another output folder"
    )
