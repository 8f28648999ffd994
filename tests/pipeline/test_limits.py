"""Limits: CPU time stops work, waiting does not, and memory stops growing."""

import contextlib
import time

import pytest

from pipeline.extraction.limits import CpuLimitExceeded, cpu_limit, memory_limit


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(1000))


def test_cpu_time_is_limited():
    start = time.process_time()
    with pytest.raises(CpuLimitExceeded), cpu_limit(0.2):
        burn(30)
    assert time.process_time() - start < 10


def test_waiting_is_not_work():
    """A busy machine makes a document wait; the limit must not take that for work."""
    with cpu_limit(0.3):
        time.sleep(1.0)


def test_a_library_that_swallows_exceptions_is_stopped_all_the_same():
    with pytest.raises(CpuLimitExceeded), cpu_limit(0.1):
        for _ in range(100):
            with contextlib.suppress(Exception):
                burn(30)


def test_the_limit_ends_with_its_block():
    with cpu_limit(0.1):
        pass
    burn(0.4)


def test_memory_is_limited_and_then_free_again():
    with pytest.raises(MemoryError), memory_limit(64):
        bytearray(500_000_000)
    assert len(bytearray(100_000_000)) == 100_000_000
