"""How long each stage of a run takes for a sample: the run itself, timed."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from pipeline.fingerprints import Fingerprints
from pipeline.forecast.sample import Sample
from pipeline.plan import Plan
from pipeline.reading.sources import find_inputs, plan_splits
from pipeline.run import run
from pipeline.runner import Function, InlineRunner, Result, Shared, Task
from pipeline.shards import Job
from pipeline.storage import Folder
from pipeline.summary import by_outcome

# Stages in the order of the run, by the part of pipeline/ whose functions do their work.
STAGES = {
    "curating": "curate",
    "clustering": "cluster",
    "lines": "lines",
    "rights": "rights",
    "classifying": "classify",
    "deciding": "decide",
    "assemble": "assemble",
}


@dataclass(frozen=True)
class Measured:
    """Records of a sample, and the seconds of CPU time that each stage of its run took for one of them."""

    records: int
    seconds: dict[str, float]


class StageTimer(InlineRunner):
    """Runs tasks in this process and adds up the CPU time of each stage's tasks, in seconds.

    CPU time, since a busy machine would make every run look slower than it is.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def map(
        self,
        function: Function[Task, Shared, Result],
        tasks: Sequence[Task],
        shared: Shared,
        rescue: Function[Task, Shared, Result] | None = None,
        gpus: float = 0,
    ) -> Iterator[tuple[Task, Result]]:
        """Each task with its result, in order; never in a fork, whose time and loaded models this process would miss.

        So `rescue` is not used: a record that kills its process ends the measurement.
        """
        part = function.__module__.split(".")[1]

        def timed(task: Task, shared: Shared) -> Result:
            start = time.process_time()
            try:
                return function(task, shared)
            finally:
                self.seconds[STAGES.get(part, part)] += time.process_time() - start

        return super().map(timed, tasks, shared)


def measure(plan: Plan, sample: Sample) -> Measured:
    """The stages of a run over a sample, without what is done once a process: loading models, compiling kernels.

    Stages after curate take a second or two whatever there is to do; what counts for a large run is what further
    records add, the difference between the sample and its first part.

    Raises InputError for a sample without records.
    """
    part = sample.files[:1]
    _run(plan, part)
    records, seconds = _run(plan, sample.files)
    if len(sample.files) == 1:
        return Measured(records, {stage: took / records for stage, took in seconds.items()})
    fewer, less = _run(plan, part)
    more = records - fewer
    return Measured(
        records,
        {
            stage: took / records if stage == "curate" or more < 1 else max(took - less.get(stage, 0), 0) / more
            for stage, took in seconds.items()
        },
    )


def _run(plan: Plan, files: Sequence[str]) -> tuple[int, dict[str, float]]:
    """The plan's run over other files, in a folder that is removed: its records, and each stage's seconds."""
    splits = tuple(plan_splits(find_inputs(files), None))
    configuration = plan.job.configuration
    timer = StageTimer()
    with TemporaryDirectory(prefix="glotmill-plan-") as temporary:
        fingerprints = Fingerprints.of(configuration, splits, plan.facts)
        job = Job(Folder(str(Path(temporary) / "run")), configuration, fingerprints)
        outcome = run(Plan(job, splits, plan.facts), timer, Console(quiet=True))
    return by_outcome(outcome.ledger).total(), dict(timer.seconds)
