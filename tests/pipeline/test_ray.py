"""The same functions on Ray: same bytes, a worker's death retries its shard, one failure does not stop the others."""

import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from configs.load import load_configuration
from pipeline.errors import ShardError
from pipeline.plan import make_plan
from pipeline.run import run
from pipeline.runner import InlineRunner, RayRunner

SAMPLE = Path(__file__).parents[2] / "pipeline" / "sample" / "sample.warc.gz"
pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_cluster")]


def die_once(task: str, folder: str) -> str:
    """Kill the worker that runs it, the first time."""
    mark = Path(folder) / task
    if task.startswith("fragile") and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task.upper()


def die_always(task: str, _folder: str) -> str:
    if task == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def raise_for_one(task: str, _folder: str) -> str:
    if task == "bad":
        raise ValueError("cannot do this one")
    return task


def test_a_worker_s_death_retries_its_shard(tmp_path):
    tasks = ["a", "fragile-1", "b", "fragile-2"]
    done = dict(RayRunner().map(die_once, tasks, str(tmp_path)))
    assert done == {task: task.upper() for task in tasks}
    assert (tmp_path / "fragile-1").exists()


def test_a_shard_that_always_kills_its_worker_is_named_and_the_others_are_done(tmp_path):
    done = []
    with pytest.raises(ShardError, match="poison: its worker died"):
        for task, _ in RayRunner().map(die_always, ["a", "poison", "b"], str(tmp_path)):
            done.append(task)
    assert sorted(done) == ["a", "b"]


@pytest.mark.parametrize("runner", [RayRunner, InlineRunner])
def test_a_failure_is_named_and_the_others_are_done(runner, tmp_path):
    done = []
    with pytest.raises(ShardError, match="bad: ValueError: cannot do this one"):
        for task, _ in runner().map(raise_for_one, ["a", "bad", "b"], str(tmp_path)):
            done.append(task)
    assert sorted(done) == ["a", "b"]


def test_work_in_flight_is_bounded(tmp_path):
    runner = RayRunner(workers=1)
    started = []

    class Watched(list):
        def __iter__(self):
            for task in super().__iter__():
                started.append(task)
                yield task

    results = runner.map(raise_for_one, Watched(f"task{n}" for n in range(50)), str(tmp_path))
    next(results)
    assert len(started) <= 4
    assert len(list(results)) == 49


def test_one_and_two_workers_and_no_ray_write_the_same_bytes(tmp_path):
    datasets = []
    for number, runner in enumerate((InlineRunner(), RayRunner(workers=1), RayRunner(workers=2))):
        configuration = load_configuration("default", ["reading.split_megabytes=0.05"])
        plan = make_plan(configuration, [str(SAMPLE)], str(tmp_path / str(number)))
        assert len(plan.splits) > 3, "one WARC feeds all cores"
        run(plan, runner, Console(quiet=True))
        folder = tmp_path / str(number) / "dataset"
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        datasets.append({str(path.relative_to(folder)): path.read_bytes() for path in files})
    assert datasets[0] == datasets[1] == datasets[2]
    assert len(datasets[0]) > 30
