"""A run's folder on any fsspec filesystem, where files appear whole or not at all."""

import fcntl
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import fsspec

from pipeline.errors import OutputError, WriteError

LOCK = ".lock"


class Folder:
    """The root of a run's output: a local path, `s3://…`, `memory://…`; paths below it are relative."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.filesystem, self.root = fsspec.core.url_to_fs(url)
        protocol = self.filesystem.protocol
        self.local = "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    @property
    def address(self) -> str:
        """The folder's address from anywhere: absolute where it is local."""
        return self.root if self.local else self.url

    def path(self, name: str) -> str:
        """The filesystem's own path of a file of the run."""
        return f"{self.root.rstrip('/')}/{name}"

    def exists(self, name: str = "") -> bool:
        """Whether a file or folder of the run exists."""
        return bool(self.filesystem.exists(self.path(name)))

    def names(self, folder: str, suffix: str = "") -> list[str]:
        """Files below a folder of the run, relative to the run, sorted; none where the folder is absent."""
        found = self.filesystem.find(self.path(folder)) if self.exists(folder) else []
        start = len(self.path(""))
        names = (path[start:] for path in found if path.endswith(suffix) and ".partial-" not in path)
        return sorted(name for name in names if name != LOCK)

    def size(self, name: str) -> int:
        """Size in bytes of a file of the run."""
        return int(self.filesystem.size(self.path(name)))

    def sizes(self, folder: str) -> dict[str, int]:
        """Size in bytes of each file below a folder of the run."""
        found = self.filesystem.find(self.path(folder), detail=True) if self.exists(folder) else {}
        start = len(self.path(""))
        return {path[start:]: int(info["size"]) for path, info in found.items()}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of the folder, where the filesystem can: on local disks.

        Raises OutputError when another process is writing here.
        """
        if not self.local:
            yield
            return
        self.filesystem.makedirs(self.root, exist_ok=True)
        with open(self.path(LOCK), "w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise OutputError(f"{self.url}: another run is writing here") from exc
            yield

    def open(self, name: str) -> BinaryIO:
        """A file of the run, for reading."""
        return cast(BinaryIO, self.filesystem.open(self.path(name), "rb"))

    @contextmanager
    def write(self, name: str) -> Iterator[BinaryIO]:
        """A new file that appears under its name only once it is complete, also over an older one.

        Local files are written beside their place and renamed; object stores show an object only when it is whole.
        """
        path = self.path(name)
        target = f"{path}.partial-{uuid.uuid4().hex[:8]}" if self.local else path
        self.filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            with self.filesystem.open(target, "wb") as stream:
                yield stream
            if self.local:
                self.filesystem.mv(target, path)
        except BaseException as exc:
            if self.local and self.filesystem.exists(target):
                self.filesystem.rm(target)
            if isinstance(exc, OSError):
                fix = "make room, or correct what is wrong, and run again"
                raise WriteError(f"{path}: cannot be written ({exc}); {fix}") from exc
            raise

    def write_json(self, name: str, data: Any) -> None:
        """Plain data as a JSON file; the order of keys is kept, since the order of rules is that of reasons."""
        with self.write(name) as stream:
            stream.write(json.dumps(data, indent=1, ensure_ascii=False).encode() + b"\n")

    def read_json(self, name: str) -> Any:
        """The data of a JSON file, or None where there is no such file. Raises OutputError if it is no JSON."""
        if not self.exists(name):
            return None
        with self.open(name) as stream:
            try:
                return json.load(stream)
            except ValueError as exc:
                raise OutputError(
                    f"{self.path(name)}: damaged ({exc}); remove the output folder, or name another one"
                ) from exc

    def remove(self, name: str) -> None:
        """Remove a file or folder if it exists."""
        if self.exists(name):
            self.filesystem.rm(self.path(name), recursive=True)

    def remove_partial_files(self) -> None:
        """Remove what a killed run was writing."""
        for path in self.filesystem.find(self.root) if self.exists() else []:
            if ".partial-" in path:
                self.filesystem.rm(path)
