"""A page that kills the process that works on it costs itself only."""

import os
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from configs.load import load_configuration
from pipeline.children import ChildKilledError, in_child
from pipeline.curating.poison import MOST_POISON, TooManyError, find_poison
from pipeline.errors import ShardError
from pipeline.plan import make_plan
from pipeline.run import run
from pipeline.runner import InlineRunner, RayRunner

# A filter of a user's, whose library crashes for some pages and whose process the kernel ends for others.
DEADLY_FILTER = """
import os
import signal

import pyarrow as pa

from filters.base import Column, FilterParameters

COLUMNS = (Column("letters", pa.int64(), "letters", "how many characters the text has", "curate"),)
RULES = {}


class Parameters(FilterParameters):
    pass


def measure(text, parameters):
    if "kill me with nine" in text.text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "crash me" in text.text:
        os.kill(os.getpid(), signal.SIGSEGV)
    return {"letters": len(text.text)}
"""
SENTENCES = "The harbour was quiet that morning, and the boats lay still on the water as if nobody had ever sailed. "
ORDINARY = "".join(f"<p>{SENTENCES}Day {day} brought no wind, and nobody went out.</p>" for day in range(6))


def pages(deadly: dict[int, str], count: int = 12) -> list[tuple[str, bytes]]:
    return [
        (
            f"https://example.org/{number}",
            f"<html><head><title>Day</title></head><body><article>{ORDINARY}"
            f"<p>Number {number}. {deadly.get(number, '')} {SENTENCES}</p></article></body></html>".encode(),
        )
        for number in range(count)
    ]


def outcomes(folder: Path) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """Skipped records by address, and the addresses of documents."""
    skipped = pq.read_table(folder / "skipped").to_pylist()
    documents = pq.read_table(folder / "documents").column("url").to_pylist()
    return {row["url"]: (row["outcome"], row["reason"]) for row in skipped}, set(documents)


@pytest.fixture
def plan_of(tmp_path, make_warc):
    """A run's plan over pages, with the deadly filter, in splits of a few records."""

    def make(archive: list[tuple[str, bytes]], name: str = "out"):
        (tmp_path / "deadly.py").write_text(DEADLY_FILTER)
        (tmp_path / "web.warc.gz").write_bytes(make_warc(archive))
        size = (tmp_path / "web.warc.gz").stat().st_size
        (tmp_path / "run.yaml").write_text(f"filters:\n  {tmp_path}/deadly.py: {{enabled: true}}\n")
        configuration = load_configuration(str(tmp_path / "run.yaml"), [f"reading.split_megabytes={size / 2 / 10**6}"])
        return make_plan(configuration, [str(tmp_path / "web.warc.gz")], str(tmp_path / name))

    return make


def check(plan, runner, folder: Path, deadly: set[int], count: int = 12) -> None:
    outcome = run(plan, runner, Console(quiet=True))
    skipped, documents = outcomes(folder)
    poison = {f"https://example.org/{number}" for number in deadly}
    assert skipped == dict.fromkeys(poison, ("failed", "killed_worker"))
    assert documents == {f"https://example.org/{number}" for number in range(count)} - poison
    assert sum(outcome.ledger.column("records").to_pylist()) == count


class WorkersDie(InlineRunner):
    """A runner that loses the worker of every task that can be rescued."""

    def map(self, function, tasks, shared, rescue=None, gpus=0.0):
        return super().map(rescue or function, tasks, shared)


def test_poison_costs_itself_only(plan_of, tmp_path):
    plan = plan_of(pages({4: "kill me with nine", 5: "crash me"}))
    assert len(plan.splits) > 1
    check(plan, WorkersDie(), tmp_path / "out", {4, 5})


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_poison_costs_itself_only_on_ray(plan_of, tmp_path):
    check(plan_of(pages({7: "kill me with nine"})), RayRunner(), tmp_path / "out", {7})


@given(
    st.integers(1, 300).flatmap(lambda count: st.tuples(st.just(count), st.sets(st.integers(0, count - 1), max_size=9)))
)
def test_bisection_finds_exactly_the_killers(case):
    count, killers = case
    assert find_poison(count, lambda first, last: not killers & set(range(first, last))) == sorted(killers)


def test_bisection_tries_few_ranges():
    tried = []
    assert find_poison(1 << 12, lambda *ends: tried.append(ends) or not ends[0] <= 1234 < ends[1]) == [1234]
    assert len(tried) <= 2 * 12 + 3


def test_a_record_that_kills_only_now_and_then_is_not_accused():
    calls = iter([False, False, True, True])  # the whole dies, then the left one, once
    assert find_poison(2, lambda *_: next(calls)) == []


def test_no_items_hold_no_poison():
    assert find_poison(0, lambda *_: False) == []


def test_when_everything_kills_the_pages_are_not_to_blame():
    with pytest.raises(TooManyError):
        find_poison(MOST_POISON + 1, lambda *_: False)
    assert find_poison(MOST_POISON, lambda *_: False) == list(range(MOST_POISON))


def test_a_child_sends_what_the_work_yields():
    parent = os.getpid()
    values = list(in_child(lambda: ((number, os.getpid()) for number in range(3))))
    assert [number for number, _ in values] == [0, 1, 2]
    assert parent not in {child for _, child in values}


def test_a_child_s_death_and_its_errors_are_told_apart():
    def dies():
        yield 1
        os.kill(os.getpid(), signal.SIGKILL)
        yield 2

    received = []
    with pytest.raises(ChildKilledError, match="SIGKILL"):
        received.extend(in_child(dies))
    with pytest.raises(ChildKilledError, match="exit status 3"):
        list(in_child(lambda: iter([os._exit(3)])))
    with pytest.raises(ShardError, match="ZeroDivisionError"):
        list(in_child(lambda: iter([1 // 0])))


def test_a_child_that_nobody_listens_to_any_more_is_ended():
    items = in_child(lambda: iter(os.getpid, None))
    child = next(items)
    items.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
