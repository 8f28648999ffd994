"""Limits on the CPU time and the memory of a piece of work in this process.

CPU time, not wall time: on a busy machine a document waits, and waiting is no reason to lose it.

Python handles a signal between two of its own instructions, so native code that does not return is never interrupted.
Behind the signal stands the kernel: work that is still at it some seconds after its limit is ended with its process.
The run finds out which record that was, and goes on without it (pipeline/curating/poison.py).
"""

import math
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from configs.model import MEGABYTE

# The signal comes again while it is not obeyed: a library may catch everything in one place of its code.
REPEAT_SECONDS = 0.25
# What native code may take beyond the limit before the kernel ends the process.
GRACE_SECONDS = 10


class CpuLimitExceeded(BaseException):
    """The work used more CPU time than it may."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise CpuLimitExceeded in the body once the process has used `seconds` of CPU time in it.

    If the body is in native code and does not come back within GRACE_SECONDS more, the kernel ends the process
    (SIGXCPU). Signals reach the main thread only, so this has to be called there; RuntimeError elsewhere.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("cpu_limit works in the main thread only")

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise CpuLimitExceeded

    # The kernel's limit is outside: the signal comes while its timer runs, and must not keep it from being lifted.
    with _soft_limit(resource.RLIMIT_CPU, math.ceil(time.process_time() + seconds + GRACE_SECONDS)):
        before = signal.signal(signal.SIGPROF, stop)
        try:
            signal.setitimer(signal.ITIMER_PROF, seconds, REPEAT_SECONDS)
            try:
                yield
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        finally:
            # Again, since the signal may have come just before that.
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)


@contextmanager
def memory_limit(megabytes: int) -> Iterator[None]:
    """Let allocations in the body fail (MemoryError) beyond `megabytes` more than the process holds now."""
    with _soft_limit(resource.RLIMIT_DATA, _data_bytes() + megabytes * MEGABYTE):
        yield


@contextmanager
def _soft_limit(kind: int, limit: int) -> Iterator[None]:
    """Lower a soft limit of the process for the time of the body; a limit that is lower already stays."""
    before = resource.getrlimit(kind)
    bounds = [bound for bound in (limit, *before) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(kind, (min(bounds), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


def _data_bytes() -> int:
    """Private writable memory of this process, in bytes (field `data` of /proc/self/statm, in pages)."""
    with open("/proc/self/statm", "rb") as stream:
        return int(stream.read().split()[5]) * resource.getpagesize()
