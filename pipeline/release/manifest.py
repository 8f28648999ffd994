"""index.json: what an index of releases holds. A release counts from the moment that this file names it.

Everything else is written before and never changed, so whatever stops a writer leaves the index as it was.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.errors import RunError, UsageError
from pipeline.fingerprints import digest
from pipeline.storage import Folder

NAME = "index.json"
FORMAT = 2
RELEASES = "releases"
REMOVALS = "removals"
RELEASE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class DamagedIndexError(RunError):
    """A file of the index is missing, cut or changed; the message names it and the fix."""


@dataclass(frozen=True)
class FileFacts:
    """Size in bytes and XXH3-128 of a file, in hexadecimal digits.

    `footer` is that of a Parquet file's metadata, which no checksum of a page covers; null for other files.
    """

    size: int
    xxh3_128: str
    footer: str | None = None


@dataclass(frozen=True)
class Release:
    """What one run released: as many entries as documents, as many keys as those are found by."""

    name: str
    date: str | None
    documents: int
    keys: int
    grown: int
    run: str
    versions: Mapping[str, str]
    files: Mapping[str, FileFacts]
    removals: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of the release below that of the index."""
        return f"{RELEASES}/{self.name}"

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(facts.size for facts in self.files.values())


@dataclass(frozen=True)
class Removal:
    """A list of documents that were taken down from releases."""

    file: str
    documents: int
    date: str | None
    facts: FileFacts


@dataclass(frozen=True)
class Manifest:
    """All of index.json. Entries are numbered through the releases in their order."""

    comparable: Mapping[str, Any]
    releases: tuple[Release, ...] = ()
    removals: tuple[Removal, ...] = ()
    format: int = field(default=FORMAT)

    @property
    def count(self) -> int:
        """Entries of all releases."""
        return sum(release.documents for release in self.releases)

    def digest(self, releases: int | None = None) -> str:
        """A hash of what the first releases hold (all of them by default), and of what makes keys comparable.

        Taking documents down does not change it: they stay in the index, so that their copies stay out.
        """
        held = [[release.name, _plain_files(release.files)] for release in self.releases[:releases]]
        return digest(self.format, self.comparable, held)

    def first_entries(self) -> tuple[int, ...]:
        """The number of each release's first entry, and at the end of them the count of all."""
        firsts = [0]
        for release in self.releases:
            firsts.append(firsts[-1] + release.documents)
        return tuple(firsts)

    def files(self) -> dict[str, tuple[FileFacts, str]]:
        """Every file of the index but index.json: its facts, and how the index does without it."""
        found = {}
        for release in self.releases:
            for name, facts in release.files.items():
                found[f"{release.folder}/{name}"] = (facts, f"remove the release {release.name}")
        for removal in self.removals:
            found[removal.file] = (removal.facts, "take the same documents down again in a new index")
        return found


def _plain_files(files: Mapping[str, FileFacts]) -> dict[str, Any]:
    return {name: asdict(facts) for name, facts in files.items()}


def check_release_name(name: str) -> None:
    """Raise UsageError for a name that is no name of a folder."""
    if not RELEASE_NAME.fullmatch(name):
        raise UsageError(f'--release: "{name}" is no name of a release; use letters, digits, dot, dash and underscore')


def write_manifest(folder: Folder, manifest: Manifest) -> None:
    """Replace index.json; all that it names has been written."""
    data = asdict(manifest)
    folder.write_json(NAME, data | {"checksum": digest(data)})


def read_manifest(folder: Folder) -> Manifest | None:
    """The manifest of an index; None where the folder holds nothing.

    Raises UsageError for a folder with something else, and for an index of a newer format; DamagedIndexError for a
    manifest that is not as it was written.
    """
    if not folder.exists(NAME):
        _check_nothing(folder)
        return None
    data = _json_of(folder)
    if data["format"] != FORMAT:
        raise UsageError(
            f"{folder.path(NAME)}: an index of format {data['format']}, this version of glotmill reads {FORMAT}; "
            "use the version that made it"
        )
    checksum = data.pop("checksum", None)
    if checksum != digest(data):
        raise DamagedIndexError(f"{folder.path(NAME)}: changed since it was written; restore it from a copy")
    return Manifest(
        comparable=data["comparable"],
        releases=tuple(_release(entry) for entry in data["releases"]),
        removals=tuple(Removal(**entry | {"facts": FileFacts(**entry["facts"])}) for entry in data["removals"]),
    )


def _check_nothing(folder: Folder) -> None:
    """Raise where a release shows that a manifest is lost, or where the folder holds something else."""
    if folder.names(RELEASES):
        raise DamagedIndexError(f"{folder.path(NAME)}: missing, but there are releases; restore it from a copy")
    strangers = folder.names("")
    if strangers:
        raise UsageError(f"{folder.url}: no index of releases, but a folder with {strangers[0]} in it; name another")


def _json_of(folder: Folder) -> dict[str, Any]:
    import json

    with folder.open(NAME) as stream:
        try:
            data = json.load(stream)
        except ValueError as exc:
            raise DamagedIndexError(f"{folder.path(NAME)}: damaged ({exc}); restore it from a copy") from exc
    if not isinstance(data, dict) or "comparable" not in data or "format" not in data:
        raise UsageError(f"{folder.path(NAME)}: not the manifest of an index of releases; name another folder")
    return data


def _release(entry: dict[str, Any]) -> Release:
    files = {name: FileFacts(**facts) for name, facts in entry["files"].items()}
    return Release(**entry | {"files": files, "removals": tuple(entry["removals"])})
