"""Limits: CPU time stops work, waiting does not, and memory stops growing."""

import contextlib
import hashlib
import resource
import signal
import time

import pytest

from pipeline.children import ChildKilledError, in_child
from pipeline.extraction import limits
from pipeline.extraction.limits import CpuLimitExceeded, cpu_limit, memory_limit
from pipeline.extraction.limits_markup import MarkupLimitError, check_markup


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


def test_native_code_that_never_comes_back_ends_with_its_process(monkeypatch):
    """Python sees no signal while a library derives a key."""
    monkeypatch.setattr(limits, "GRACE_SECONDS", 0)

    def work():
        with contextlib.suppress(Exception), cpu_limit(0.2):
            yield hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

    with pytest.raises(ChildKilledError, match="SIGXCPU"):
        list(in_child(work))


def test_limits_of_the_process_are_as_before():
    before = resource.getrlimit(resource.RLIMIT_CPU), resource.getrlimit(resource.RLIMIT_DATA)
    with cpu_limit(1), memory_limit(64):
        assert resource.getrlimit(resource.RLIMIT_CPU) != before[0]
        assert resource.getrlimit(resource.RLIMIT_DATA) != before[1]
    assert (resource.getrlimit(resource.RLIMIT_CPU), resource.getrlimit(resource.RLIMIT_DATA)) == before


def test_a_signal_at_the_end_of_the_work_leaves_no_limit_behind(monkeypatch):
    """The exception may come between the body and the switching off of the timer: the next page must not meet it."""
    state = resource.getrlimit(resource.RLIMIT_CPU), signal.getsignal(signal.SIGPROF)
    switch = signal.setitimer
    calls = []

    def interrupted(kind: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
        calls.append(seconds)
        if len(calls) == 2:
            raise CpuLimitExceeded
        return switch(kind, seconds, interval)

    monkeypatch.setattr(signal, "setitimer", interrupted)
    with pytest.raises(CpuLimitExceeded), cpu_limit(5):
        pass
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    assert (resource.getrlimit(resource.RLIMIT_CPU), signal.getsignal(signal.SIGPROF)) == state


@pytest.mark.parametrize(
    ("html", "depth"),
    [
        ("", 0),
        ("text", 0),
        ("<div><div></div><div></div></div>", 2),
        ("<p>one<p>two<br><li>three<td>", 0),
        ("</div></div><div>", 1),
        ("</div></div><div><b>", 2),
        ("<DIV><Div></DIV>", 2),
        ("<svg><path/><path/></svg>", 1),
        ("<x/><y/><z/>", 3),
        ("<script>'<div><\\/div><div><\\/div>'</script>", 2),
        ("a < b < c <3", 0),
        ("<", 0),
        ("<div", 1),
        ("Größe <b>東京</b> <i>", 1),
    ],
)
def test_nesting_is_counted_as_tokens_show_it(html, depth):
    html += "<br>" * 20  # so that there are more tags than depth in question
    check_markup(html, 100, depth)
    if depth:
        with pytest.raises(MarkupLimitError) as raised:
            check_markup(html, 100, depth - 1)
        assert raised.value.reason == "too_deep"


def test_many_tags_and_many_attributes_are_refused():
    check_markup("<p>" * 100, 100, 10)
    with pytest.raises(MarkupLimitError, match="101 tags"):
        check_markup("<p>" * 101, 100, 10)
    check_markup("<p " + " a=1" * 9000 + ">", 100, 10)
    with pytest.raises(MarkupLimitError, match="attributes"):
        check_markup("<p " + " a=1" * 11000 + ">", 100, 10)
    check_markup("<img src='data:" + "AB+/" * 100_000 + "'>", 100, 10)
