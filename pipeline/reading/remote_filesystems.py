"""Objects of fsspec's filesystems: S3 by its own requests, the others by what every filesystem can do."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import fsspec
import fsspec.asyn

from pipeline.errors import InputError, UsageError
from pipeline.reading.remote import (
    Answer,
    MissingInputError,
    Patience,
    RemoteObject,
    Transport,
    UnavailableError,
    UnreachableError,
    in_pieces,
)
from pipeline.reading.remote_http import REFUSED, HttpTransport, failure, hub_transport

Result = TypeVar("Result")
PIECE = 1 << 18
HTTP, S3 = ("http", "https"), ("s3", "s3a")


def protocol_of(path: str) -> str:
    """The scheme of a URL, of a chain of them the first; "file" for a path.

    >>> protocol_of("s3://bucket/key"), protocol_of("crawl/a.warc"), protocol_of("zip://a.warc::https://x.example/b.zip")
    ('s3', 'file', 'zip')
    """
    head, mark, _ = path.partition("://")
    return {"local": "file"}.get(head, head) if mark else "file"


def filesystem_of(path: str) -> tuple[Any, str]:
    """The fsspec filesystem of a path or URL, and its own name for it. Raises InputError for an unknown scheme."""
    if not path.strip():
        raise UsageError("an empty input: it would read every WARC below the current folder")
    options = _s3_options() if protocol_of(path) in S3 else {}
    try:
        filesystem, inner = fsspec.core.url_to_fs(path, **options)
    except (ValueError, ImportError) as exc:
        raise InputError(f"{path}: {exc}") from exc
    if options:
        filesystem.retries = 1
    return filesystem, inner


def _s3_options() -> dict[str, Any]:
    """One attempt: repeating is done here, and knows Retry-After. The rest is as the user configured it for fsspec."""
    configured = fsspec.config.conf.get("s3", {}).get("config_kwargs", {})
    return {"config_kwargs": {**configured, "retries": {"total_max_attempts": 1}}}


def remote_object(path: str, size: int | None = None, version: str = "") -> RemoteObject:
    """The object at a URL; with size and version of the one that is expected there. Raises InputError."""
    return RemoteObject(path, _transport(path), size, version)


def _transport(path: str) -> Transport:
    protocol = protocol_of(path)
    if protocol in HTTP and "::" not in path:
        return HttpTransport(path, path)
    filesystem, inner = filesystem_of(path)
    if protocol == "hf":
        return patiently(path, lambda: hub_transport(path, filesystem))
    if protocol in S3:
        return S3Transport(path, filesystem, inner)
    return FilesystemTransport(path, filesystem, inner)


class S3Transport:
    """Ranges of one S3 object."""

    def __init__(self, path: str, filesystem: Any, inner: str) -> None:
        self.path, self.filesystem = path, filesystem
        bucket, key, version = filesystem.split_path(inner)
        self.names = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})

    def ask(self, start: int, end: int) -> Answer:
        """Ask for bytes start ≤ offset < end. Raises UnavailableError where asking again may help, else InputError."""
        wanted = {**self.filesystem.req_kw, **self.names, "Range": f"bytes={start}-{end - 1}"}
        try:
            response = self.filesystem.call_s3("get_object", **wanted)
        except errors() as exc:
            status, details = status_of(exc)
            if status == 416:
                size = details.get("Error", {}).get("ActualObjectSize")
                return Answer(self._size() if size is None else int(size), "", in_pieces())
            raise judge(self.path, exc) from exc
        size = int(response["ContentRange"].rpartition("/")[2])
        return Answer(size, response["ETag"], self._pieces(response["Body"]))

    def _size(self) -> int:
        try:
            return int(self.filesystem.call_s3("head_object", **self.names)["ContentLength"])
        except errors() as exc:
            raise judge(self.path, exc) from exc

    def _pieces(self, body: Any) -> Generator[bytes, None, None]:
        loop = self.filesystem.loop
        try:
            while piece := fsspec.asyn.sync(loop, body.read, PIECE):
                yield piece
        except errors() as exc:
            raise UnavailableError(f"the connection broke ({exc or type(exc).__name__})") from exc
        finally:
            body.close()


class FilesystemTransport:
    """Ranges of a file of any other filesystem, which is asked before each range whether the file is the same."""

    def __init__(self, path: str, filesystem: Any, inner: str) -> None:
        self.path, self.filesystem, self.inner = path, filesystem, inner

    def ask(self, start: int, end: int) -> Answer:
        """Ask for bytes start ≤ offset < end. Raises UnavailableError where asking again may help, else InputError."""
        try:
            self.filesystem.invalidate_cache(self.inner)
            info = self.filesystem.info(self.inner)
            data = self.filesystem.cat_file(self.inner, start=start, end=min(end, info["size"]))
        except errors() as exc:
            raise judge(self.path, exc) from exc
        return Answer(int(info["size"]), version_of(info), in_pieces(data))


def version_of(info: dict[str, Any]) -> str:
    """What a filesystem says of a file that changes when the file does."""
    keys = ("ETag", "etag", "mtime", "LastModified", "updated", "last_modified", "created")
    return str(next((info[key] for key in keys if info.get(key)), ""))


def patiently(path: str, call: Callable[[], Result]) -> Result:
    """What a call to a filesystem returns (listing, describing), repeated while the server cannot answer.

    Raises InputError, MissingInputError where there is no such file or folder.
    """
    patience = Patience(path, known=False)
    while True:
        try:
            return call()
        except errors() as exc:
            verdict = judge(path, exc)
            if not isinstance(verdict, UnavailableError):
                raise verdict from exc
            patience.wait(verdict, "listing")


def errors() -> tuple[type[Exception], ...]:
    """What the libraries of the filesystems raise when something is wrong with a file or its server."""
    import aiohttp
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, ValueError, ImportError, aiohttp.ClientError, BotoCoreError, ClientError)


def judge(path: str, exc: Exception) -> UnavailableError | InputError:
    """Whether asking again may help: by the HTTP status behind an error, else by its kind."""
    from botocore.exceptions import BotoCoreError, ConnectionError, HTTPClientError, SSLError

    status, details = status_of(exc)
    if status:
        headers = details.get("ResponseMetadata", {}).get("HTTPHeaders", {}) | details.get("headers", {})
        return failure(path, status, headers, str(exc))
    if isinstance(exc, FileNotFoundError):
        return MissingInputError(f"{path}: no such file")
    if isinstance(exc, (ConnectionError, HTTPClientError)) and not isinstance(exc, SSLError):
        return UnreachableError(str(exc))
    if isinstance(exc, (PermissionError, IsADirectoryError, ValueError, ImportError, BotoCoreError)):
        return InputError(f"{path}: {exc or type(exc).__name__}; {REFUSED}")
    return UnreachableError(str(exc) or type(exc).__name__)


def status_of(exc: BaseException | None) -> tuple[int | None, dict[str, Any]]:
    """The HTTP status that an error or one of its causes carries, with botocore's details or the headers."""
    while exc is not None:
        response = getattr(exc, "response", None)
        if isinstance(response, dict):
            return response.get("ResponseMetadata", {}).get("HTTPStatusCode"), response
        holder = exc if response is None else response
        status = getattr(holder, "status_code", None) or getattr(holder, "status", None)
        if isinstance(status, int):
            return status, {"headers": dict(getattr(holder, "headers", None) or {})}
        exc = exc.__cause__
    return None, {}
