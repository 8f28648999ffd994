"""Objects behind https:// and http://, and those of the Hugging Face hub, which serves its files over HTTP."""

import os
import re
import socket
import time
from collections.abc import Generator, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import requests
import urllib3

from pipeline.errors import InputError
from pipeline.reading.remote import Answer, MissingInputError, UnavailableError, UnreachableError, in_pieces

# Seconds to connect, and between two pieces of an answer.
TIMEOUTS = (15.0, 60.0)
CONNECTIONS = 32
PIECE = 1 << 18
# Too early, too slow, too many requests; the others of the client's own faults stay.
TRANSIENT = frozenset({408, 420, 425, 429})
# A server's own faults pass, but for what it cannot do at all.
LASTING = frozenset({501, 505})
MISSING = frozenset({404, 410})
CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")
REFUSED = (
    "check the address and the permissions; credentials come from ~/.netrc for https://, from HF_TOKEN for hf://, from "
    "the usual AWS_… variables and files for s3://"
)


class HttpTransport:
    """Ranges of one address; `headers` go with every request (to this host only, where it redirects)."""

    def __init__(self, path: str, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.url = url
        # The bytes as they are stored: an encoding would change sizes and offsets.
        self.headers = {**(headers or {}), "Accept-Encoding": "identity"}

    def ask(self, start: int, end: int) -> Answer:
        """Ask for bytes start ≤ offset < end. Raises UnavailableError where asking again may help, else InputError."""
        headers = {**self.headers, "Range": f"bytes={start}-{end - 1}"}
        try:
            response = _session(os.getpid()).get(self.url, headers=headers, stream=True, timeout=TIMEOUTS)
        except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as exc:
            raise InputError(f"{self.path}: {exc}") from exc
        except (requests.ConnectionError, requests.Timeout) as exc:
            cause = _innermost(exc)
            kind = (
                UnreachableError if isinstance(cause, (ConnectionRefusedError, socket.gaierror)) else UnavailableError
            )
            raise kind(f"no answer ({cause})") from exc
        except requests.RequestException as exc:
            raise InputError(f"{self.path}: {exc}") from exc
        if response.status_code in {200, 206, 416}:
            return self._answer(response, start)
        response.close()
        raise failure(self.path, response.status_code, response.headers, response.reason)

    def _answer(self, response: requests.Response, start: int) -> Answer:
        version, pieces = _version(response), _pieces(response)
        if response.status_code == 200:
            length = response.headers.get("Content-Length", "")
            return Answer(int(length) if length.isdigit() else None, version, pieces, whole=True)
        told = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status_code == 416:  # nothing stands there: what the object is, but none of its bytes
            response.close()
            return Answer(int(told[2]) if told else None, "", in_pieces())
        if told is None or told[1] is None or int(told[1]) != start:
            response.close()
            raise InputError(
                f"{self.path}: the server answers a request for byte {start:,} with Content-Range "
                f"{response.headers.get('Content-Range', '(none)')!r}; download the file, and read the copy"
            )
        return Answer(int(told[2]), version, pieces)


def failure(path: str, status: int, headers: Mapping[str, str], detail: str) -> UnavailableError | InputError:
    """What a status that is no answer means; the headers are asked for Retry-After."""
    if status in TRANSIENT or (status >= 500 and status not in LASTING):
        return UnavailableError(f"the server says {status} {detail}".rstrip(), retry_after(headers))
    if status in MISSING:
        return MissingInputError(f"{path}: no such file (the server says {status})")
    return InputError(f"{path}: the server refuses it ({status} {detail}); {REFUSED}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks to wait (RFC 9110, section 10.2.3), None where it says nothing.

    A date is compared with the server's own clock, if it shows it.

    >>> retry_after({"Retry-After": "120"}), retry_after({"Retry-After": "soon"}), retry_after({})
    (120.0, None, None)
    >>> later, now = "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:29 GMT"
    >>> retry_after({"Retry-After": later, "Date": now}), retry_after({"Retry-After": now, "Date": later})
    (30.0, 0.0)
    """
    value = headers.get("Retry-After", headers.get("retry-after", "")).strip()
    if value.isascii() and value.isdigit():
        return float(value)
    until = _seconds(value)
    if until is None:
        return None
    now = _seconds(headers.get("Date", headers.get("date", "")))
    return max(0.0, until - (time.time() if now is None else now))


def _seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _version(response: requests.Response) -> str:
    """What changes when the object does. The hub's own tag comes with the redirect to where its large files are."""
    for each in (*response.history, response):
        if linked := each.headers.get("X-Linked-ETag"):
            return str(linked)
    return str(response.headers.get("ETag") or response.headers.get("Last-Modified") or "")


def _pieces(response: requests.Response) -> Generator[bytes, None, None]:
    """The body's bytes as they come."""
    try:
        while piece := response.raw.read1(PIECE, decode_content=False):
            yield piece
    except (urllib3.exceptions.HTTPError, OSError) as exc:
        raise UnavailableError(f"the connection broke ({_innermost(exc)})") from exc
    finally:
        response.close()


def _innermost(exc: BaseException) -> BaseException:
    """The cause at the bottom: the libraries wrap it three times."""
    while inner := exc.__cause__ or exc.__context__:
        exc = inner
    return exc


@lru_cache(maxsize=1)
def _session(process: int) -> requests.Session:
    """This process's connections: those of a parent process are its own."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS))
    return session


def hub_transport(path: str, filesystem: Any) -> HttpTransport:
    """A file of the hub, with the user's token if there is one."""
    from huggingface_hub import get_token

    token = filesystem.token if isinstance(filesystem.token, str) else get_token()
    return HttpTransport(path, filesystem.url(path), {"Authorization": f"Bearer {token}"} if token else {})
