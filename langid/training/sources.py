"""Where training texts come from: archives of registry packages, pinned in sources.yaml with their licences."""

import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from langid.errors import ModelError


class Source(BaseModel):
    """Files of one package. `files` is a regular expression over the paths in the archive whose group `code` is the
    locale; `code` names it where the path does not. Texts that also stand in the locale `base` are untranslated.
    A source that is `held_out` teaches nothing: the scores are calibrated on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    registry: Literal["npm", "pypi", "debian"]
    name: str
    version: str
    licence: str
    reader: str
    files: str
    code: str | None = None
    base: str | None = None
    held_out: bool = False


def load_sources() -> list[Source]:
    """The sources of sources.yaml; an entry with `each` stands for several packages that differ in `{each}`."""
    entries = yaml.safe_load(files("langid.training").joinpath("sources.yaml").read_text(encoding="utf-8"))
    return [source for entry in entries for source in _expand(entry)]


def _expand(entry: dict[str, Any]) -> Iterator[Source]:
    each = entry.pop("each", None)
    for value in str(each).split() if each else [""]:
        yield Source.model_validate(
            {
                key: text.replace("{each}", value) if key in ("name", "files", "code") else text
                for key, text in entry.items()
            }
        )


def find_archive(source: Source, folder: Path) -> Path | None:
    """The archive of a source among those in `folder`, by the names that npm pack, pip and apt-get give them."""
    name, version = source.name, source.version
    patterns = {
        "npm": [f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"],
        "pypi": [f"{re.sub('[-_.]+', separator, name.lower())}-{version}[-.]*" for separator in "_-"],
        "debian": [f"{name}_{version.replace(':', '%3a')}_*.deb"],
    }
    for path in sorted(folder.iterdir()):
        for pattern in patterns[source.registry]:
            if path.is_file() and Path(path.name.lower()).match(pattern.lower()):
                return path
    return None


def fetch(source: Source, folder: Path) -> Path:
    """The archive of a source, downloaded with the registry's own client unless it is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    if found := find_archive(source, folder):
        return found
    commands = {
        "npm": ["npm", "pack", "--silent", f"{source.name}@{source.version}"],
        "pypi": ["pip", "download", "--quiet", "--no-deps", f"{source.name}=={source.version}"],
        "debian": ["apt-get", "download", f"{source.name}={source.version}"],
    }
    done = subprocess.run(commands[source.registry], cwd=folder, capture_output=True, text=True, check=False)
    found = find_archive(source, folder)
    if done.returncode or found is None:
        raise ModelError(
            f"cannot download {source.name} {source.version} from {source.registry}: {done.stderr.strip()}"
        )
    return found


def members(archive: Path, pattern: str) -> Iterator[tuple[re.Match[str], bytes]]:
    """The files of a .tgz, .tar.gz, .whl or .deb archive whose whole path matches, in the order of their paths."""
    found = (_zip_members if archive.suffix == ".whl" else _tar_members)(archive, re.compile(pattern))
    yield from sorted(found, key=lambda item: item[0].string)


def _zip_members(archive: Path, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if match := pattern.fullmatch(name):
                yield match, opened.read(name)


def _tar_members(archive: Path, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    with tempfile.TemporaryFile() as unpacked:
        stream: IO[bytes] | None = None
        if archive.suffix == ".deb":
            subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=unpacked, check=True)
            unpacked.seek(0)
            stream = unpacked
        with tarfile.open(None if stream else archive, fileobj=stream) as opened:
            for member in opened:
                match = pattern.fullmatch(member.name.removeprefix("./"))
                if match and member.isfile() and (file := opened.extractfile(member)):
                    yield match, file.read()
