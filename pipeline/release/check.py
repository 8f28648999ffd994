"""Read every byte of an index and compare it with what the manifest says."""

from collections.abc import Iterator

from pipeline.errors import UsageError
from pipeline.release.files import checksum, damage
from pipeline.release.manifest import NAME, Manifest, read_manifest
from pipeline.storage import Folder


def check_index(url: str) -> Iterator[tuple[str, str | None]]:
    """Every file of an index with what is wrong with it and the fix; None where nothing is.

    Files that the manifest does not name count as nothing wrong: a writer that was killed left them.
    """
    folder = Folder(url)
    manifest = read_manifest(folder)
    if manifest is None:
        raise UsageError(f"{url}: no index of releases here")
    yield NAME, None
    for name, (facts, remedy) in sorted(manifest.files().items()):
        if not folder.exists(name):
            yield name, damage(folder, name, "missing", remedy)
            continue
        found = checksum(folder, name)
        if found.size != facts.size:
            yield name, damage(folder, name, f"{found.size:,} of {facts.size:,} bytes", remedy)
        elif found.xxh3_128 != facts.xxh3_128:
            yield name, damage(folder, name, "its bytes are not those that were written", remedy)
        else:
            yield name, None


def strangers(url: str) -> list[str]:
    """Files below an index that its manifest does not name: what a killed writer left."""
    folder = Folder(url)
    manifest = read_manifest(folder) or Manifest({})
    return sorted(set(folder.names("")) - manifest.files().keys() - {NAME})
