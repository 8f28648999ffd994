"""Work in a forked child process, whose death the caller survives and learns of."""

import ctypes
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, Pipe
from typing import Any, TypeVar

from pipeline.errors import GlotmillError, ShardError

Item = TypeVar("Item")
PR_SET_PDEATHSIG = 1


class ChildKilledError(Exception):
    """The child ended before its work did; the message says how."""


def in_child(work: Callable[[], Iterable[Item]]) -> Iterator[Item]:
    """What `work` yields, made in a forked process and sent here one by one.

    Raises ChildKilledError if the process ends before the work, and ShardError for what the work raises.
    """
    receiver, sender = Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        receiver.close()
        _work_and_exit(work, sender)
    sender.close()
    ended = False
    try:
        while True:
            try:
                kind, value = receiver.recv()
            except EOFError:
                ended = True
                raise ChildKilledError(_how_it_ended(child)) from None
            if kind == "failure":
                raise ShardError(value)
            if kind == "end":
                return
            yield value
    finally:
        receiver.close()
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _work_and_exit(work: Callable[[], Iterable[Any]], sender: Connection) -> None:
    """The child's whole life. It never returns: what the parent had on its stack must not run twice."""
    status = 1
    try:
        die_with_parent()
        for item in work():
            sender.send(("item", item))
        sender.send(("end", None))
        status = 0
    except GlotmillError as exc:
        sender.send(("failure", str(exc)))
    except Exception as exc:  # noqa: BLE001  sent to the parent, which raises it
        sender.send(("failure", f"{type(exc).__name__}: {exc}"))
    finally:
        os._exit(status)


def _how_it_ended(child: int) -> str:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends (Linux), so that a killed run leaves nobody at work."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
