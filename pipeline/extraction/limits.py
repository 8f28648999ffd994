"""Limits on the CPU time and the memory of a piece of work in this process.

CPU time, not wall time: on a busy machine a document waits, and waiting is no reason to lose it.
"""

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from configs.model import MEGABYTE

# The signal comes again while it is not obeyed: a library may catch everything in one place of its code.
REPEAT_SECONDS = 0.25


class CpuLimitExceeded(BaseException):
    """The work used more CPU time than it may."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise CpuLimitExceeded in the body once the process has used `seconds` of CPU time in it.

    Signals reach the main thread only, so this has to be called there; RuntimeError elsewhere.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("cpu_limit works in the main thread only")

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise CpuLimitExceeded

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, REPEAT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def memory_limit(megabytes: int) -> Iterator[None]:
    """Let allocations in the body fail (MemoryError) beyond `megabytes` more than the process holds now."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _data_bytes() + megabytes * MEGABYTE
    hard = before[1]
    soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _data_bytes() -> int:
    """Private writable memory of this process, in bytes (field `data` of /proc/self/statm, in pages)."""
    with open("/proc/self/statm", "rb") as stream:
        return int(stream.read().split()[5]) * resource.getpagesize()
