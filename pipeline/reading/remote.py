"""Files far away, read by byte ranges: an outage slows the reading down, and never loses or mixes bytes.

A transport asks for a range once. `RemoteObject` repeats it until it has every byte: it waits as long as the server
says, or longer each time, and goes on at the byte where the connection broke. `RemoteFile` makes a seekable stream of
it.
"""

import io
import random
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from time import sleep
from typing import IO, Any, Protocol

from pipeline.errors import InputError

# Attempts in a row that bring less than PROGRESS bytes in all; with the waits below that is five minutes of an outage.
ATTEMPTS = 12
PROGRESS = 1 << 16
# An address that has never answered is mistyped more often than down.
FIRST_ATTEMPTS = 5
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
# Nobody watches a run that sleeps for longer; it is better stopped, and started again later.
LONGEST_RETRY_AFTER = 3600.0
# Read-ahead: few bytes where the reader jumps, more each time that it goes straight on.
LEAST_AHEAD, MOST_AHEAD, WINDOWS = 1 << 18, 1 << 23, 3
RUN_AGAIN = "what is done stays: run again when it answers"


class MissingInputError(InputError):
    """There is no such file; the run could not have found it later either."""


class UnavailableError(Exception):
    """The server cannot answer now, or broke off; it may be asked again, after `wait` seconds if it said so."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class UnreachableError(UnavailableError):
    """Nothing answers at the address."""


@dataclass(frozen=True)
class Answer:
    """What a server answers to a request for a range.

    `size` (bytes) and `version` are the whole object's, None and "" where they are not told. `pieces` begin with the
    first byte asked for, or, if the server knows no ranges (`whole`), with the first byte of the object.
    """

    size: int | None
    version: str
    pieces: Generator[bytes, None, None]
    whole: bool = False


def in_pieces(*data: bytes) -> Generator[bytes, None, None]:
    """Bytes that are at hand, as the pieces of an answer."""
    yield from data


class Transport(Protocol):
    """Asks for the bytes of one object."""

    def ask(self, start: int, end: int) -> Answer:
        """Ask for bytes start ≤ offset < end. Raises UnavailableError where asking again may help, else InputError."""
        ...


class Patience:
    """Waits after failures, until there were too many in a row."""

    def __init__(self, path: str, known: bool) -> None:
        self.path = path
        self.known = known
        self.failures = 0

    def wait(self, exc: UnavailableError, doing: str) -> None:
        """Sleep before the next attempt. Raises InputError if there is to be none."""
        self.failures += 1
        most = FIRST_ATTEMPTS if isinstance(exc, UnreachableError) and not self.known else ATTEMPTS
        if self.failures >= most:
            raise InputError(f"{self.path}: {doing}: {exc}, {self.failures} times in a row; {RUN_AGAIN}") from exc
        if exc.wait is not None and exc.wait > LONGEST_RETRY_AFTER:
            raise InputError(f"{self.path}: {doing}: {exc}, come back in {exc.wait:,.0f} seconds; {RUN_AGAIN}") from exc
        sleep(waiting_time(self.failures, exc.wait))


def waiting_time(failures: int, asked: float | None) -> float:
    """Seconds before asking again: exponential back-off with jitter, on top of what the server asks for.

    Without the jitter all workers that were refused together would come back together.

    >>> waiting_time(3, None) <= 2.0, 7.0 <= waiting_time(1, 7.0) <= 7.5
    (True, True)
    """
    backoff = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (failures - 1))
    return (asked or 0.0) + backoff * random.uniform(0.5, 1.0)


@dataclass
class RemoteObject:
    """One object, of which every answer has to be of the same version and size; `size` is None until one came."""

    path: str
    transport: Transport
    size: int | None = None
    version: str = ""
    whole: bool = field(default=False, init=False)

    def describe(self) -> None:
        """Ask for size and version. Raises InputError."""
        self.copy(0, 1, lambda piece: None)

    def read(self, start: int, end: int) -> bytes:
        """The bytes start ≤ offset < end, fewer where the object ends. Raises InputError."""
        received = bytearray()
        self.copy(start, end, received.extend)
        return bytes(received)

    def copy(self, start: int, end: int, sink: Callable[[bytes], Any]) -> None:
        """Hand the bytes start ≤ offset < end to `sink`, each exactly once, as they come. Raises InputError."""
        position = before = start
        patience = Patience(self.path, known=self.size is not None)
        while position < end and (self.size is None or position < self.size):
            try:
                for piece in self._pieces(position, end):
                    sink(piece)
                    position += len(piece)
                if position < min(end, self.size or 0):
                    raise UnavailableError("the connection broke")
            except UnavailableError as exc:
                if position - before >= PROGRESS:
                    patience.failures, before = 0, position
                patience.wait(exc, f"byte {position:,}")

    def _pieces(self, position: int, end: int) -> Iterator[bytes]:
        """One answer's bytes from `position` on, never beyond `end`."""
        answer = self.transport.ask(position, end)
        with closing(answer.pieces) as pieces:
            self._check_same(answer)
            skip = position if answer.whole else 0
            for piece in pieces:
                wanted = piece[skip : skip + end - position]
                skip = max(skip - len(piece), 0)
                position += len(wanted)
                if wanted:
                    yield wanted
                if position >= end:
                    return

    def _check_same(self, answer: Answer) -> None:
        if answer.size is None:
            raise InputError(f"{self.path}: the server does not tell its size; download it, and read the copy")
        if self.size is None:
            self.size = answer.size
        self.version = self.version or answer.version
        self.whole = answer.whole
        if answer.size != self.size or (answer.version or self.version) != self.version:
            raise changed(self.path, f"{self.size:,} bytes {self.version}", f"{answer.size:,} bytes {answer.version}")


def changed(path: str, before: str, now: str) -> InputError:
    """The error for an object that is not the one that the run began with."""
    return InputError(f"{path}: it changed while it was read ({before.strip()}, now {now.strip()}); run again over it")


class RemoteFile(io.RawIOBase):
    """A remote object as a seekable stream. Holds WINDOWS of at most MOST_AHEAD bytes, or of what one read wants.

    An object of a server without ranges is fetched once, into a temporary file.
    """

    def __init__(self, remote: RemoteObject) -> None:
        super().__init__()
        if remote.size is None:
            remote.describe()
        self._remote = remote
        self._size = remote.size or 0
        self._position = 0
        self._ahead = LEAST_AHEAD
        self._windows: list[tuple[int, bytes]] = []
        self._copy: IO[bytes] | None = None

    @property
    def whole(self) -> bool:
        """Whether the server was seen to send the whole object whatever range it is asked for."""
        return self._remote.whole

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be searched."""
        return True

    def tell(self) -> int:
        """Position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position; nothing is fetched before it is read."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative position {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what is at hand, or with what is fetched now; 0 at the end. Raises InputError."""
        if self._position >= self._size or not len(buffer):
            return 0
        data = self._at_hand() or self._fetch(len(buffer))
        taken = data[: len(buffer)]
        buffer[: len(taken)] = taken
        self._position += len(taken)
        return len(taken)

    def close(self) -> None:
        """Forget what was fetched."""
        self._windows.clear()
        if self._copy:
            self._copy.close()
        super().close()

    def _at_hand(self) -> memoryview | None:
        for start, data in self._windows:
            if start <= self._position < start + len(data):
                return memoryview(data)[self._position - start :]
        return None

    def _fetch(self, wanted: int) -> memoryview:
        """What begins at the position: at least `wanted` bytes, if there are as many."""
        start, newest = self._windows[-1] if self._windows else (-1, b"")
        goes_on = self._position == start + len(newest)
        self._ahead = min(2 * self._ahead, MOST_AHEAD) if goes_on else LEAST_AHEAD
        end = min(self._position + max(self._ahead, wanted), self._size)
        data = self._read(self._position, end)
        self._windows = [*self._windows[1 - WINDOWS :], (self._position, data)]
        return memoryview(data)

    def _read(self, start: int, end: int) -> bytes:
        if not self._remote.whole:
            return self._remote.read(start, end)
        if self._copy is None:
            self._copy = tempfile.TemporaryFile()  # noqa: SIM115  closed with the stream
            self._remote.copy(0, self._size, self._copy.write)
        self._copy.seek(start)
        return self._copy.read(end - start)
