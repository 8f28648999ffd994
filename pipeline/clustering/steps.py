"""Running one step over its blocks or parts; a killed run continues in the step where it stopped."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console

from pipeline.clustering.nodes import Block, ClusterJob, Part
from pipeline.progress import Work, track
from pipeline.runner import Runner
from pipeline.shards import COMMITS, read_commits

# What only the steps of a stage need; removed when the stage is done.
WORK = "work"

Facts = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One step of a stage: the stage, where the step's commits stand, what it does for a block or part, GPUs a task."""

    stage: str
    place: str
    function: Callable[[Any, Any], Facts]
    gpus: float = 0.0

    @property
    def label(self) -> str:
        """The step's name for people."""
        name = self.place.removeprefix(f"{WORK}/")
        return self.stage if name == self.stage else f"{self.stage}: {name}"


def run_step(
    step: Step, tasks: Sequence[Block] | Sequence[Part], work: ClusterJob, runner: Runner, console: Console
) -> dict[str, Facts]:
    """The facts of all tasks of a step, by name; those that are done are not done again."""
    wanted = {task.name: work.fingerprint for task in tasks}
    facts = read_commits(work.job.folder, step.place, wanted)
    return facts | _map(step, [task for task in tasks if task.name not in facts], work, runner, console)


def run_last_step(step: Step, work: ClusterJob, runner: Runner, console: Console) -> None:
    """A step whose commits are of shards: blocks of which a shard is left to do. Then what was between is removed."""
    done = shards_done(step.place, work)
    blocks = [block for block in work.nodes.blocks if any(shard.name not in done for shard in block.shards)]
    _map(step, blocks, work, runner, console)
    for place in (WORK, f"{COMMITS}/{WORK}"):
        work.job.folder.remove(place)


def shards_done(place: str, work: ClusterJob) -> dict[str, Facts]:
    """The shards that the last step of a stage has done."""
    wanted = {shard.name: work.fingerprint for block in work.nodes.blocks for shard in block.shards}
    return read_commits(work.job.folder, place, wanted)


def is_finished(place: str, work: ClusterJob) -> bool:
    """Whether the last step of a stage has done every shard."""
    return len(shards_done(place, work)) == sum(len(block.shards) for block in work.nodes.blocks)


def sent_files(facts: Mapping[str, Facts]) -> tuple[str, ...]:
    """The files that the tasks of a step say they sent, in the order of the tasks' names."""
    return tuple(name for task in sorted(facts) for name in facts[task]["sent"])


def _map(step: Step, todo: Sequence[Any], work: ClusterJob, runner: Runner, console: Console) -> dict[str, Facts]:
    if not todo:
        return {}
    mapped = partial(runner.map, gpus=step.gpus) if step.gpus else runner.map
    results = mapped(step.function, todo, work)
    shown = track(
        results, Work(step.label, len(todo), "documents", brief=True), lambda item: int(item[0].documents), console
    )
    return {task.name: facts for task, facts in shown}
