"""From a plan and a measured sample to what the run will read, take and cost."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.forecast.measure import measure
from pipeline.forecast.sample import take_sample
from pipeline.plan import Plan
from pipeline.selection.plan import Selected, read_selected

SECONDS_AN_HOUR = 3600


@dataclass(frozen=True)
class StageTime:
    """Seconds of a worker that a stage takes for 1,000 records, and hours for all of them."""

    stage: str
    seconds_per_1000_records: float
    worker_hours: float


@dataclass(frozen=True)
class Times:
    """What a sample says about the whole run; `sampled` is how many records it had."""

    sampled: int
    records: int
    stages: tuple[StageTime, ...]

    @property
    def worker_hours(self) -> float:
        """Hours of one worker for all stages."""
        return sum(stage.worker_hours for stage in self.stages)


@dataclass(frozen=True)
class Estimate:
    """What a run will do. What was not measured is None: without a sample there are no times, and no cost.

    `records` are known of a selection; of whole files they are reckoned from the sample's records per byte.
    """

    files: int
    splits: int
    bytes: int
    records: int | None
    selection: Selected | None
    times: Times | None
    workers: int
    worker_hours: float | None
    hours: float | None
    cost: float | None


def estimate(plan: Plan, sample: int, workers: int, price: float | None) -> Estimate:
    """What the plan amounts to, with times from about `sample` records of it (0: none), at a price a worker's hour."""
    found = read_selected(plan.job.folder) if plan.splits[0].selected is not None else None
    selection = found[1] if found else None
    sizes = {split.file.path: split.file.size for split in plan.splits}
    files, size = (selection.files, selection.bytes) if selection else (len(sizes), sum(sizes.values()))
    known = selection.records if selection else None
    times = _times(plan, sample, size, known) if sample else None
    worker_hours = times.worker_hours if times else None
    return Estimate(
        files=files,
        splits=len(plan.splits),
        bytes=size,
        records=times.records if times else known,
        selection=selection,
        times=times,
        workers=workers,
        worker_hours=worker_hours,
        hours=None if worker_hours is None else worker_hours / min(workers, len(plan.splits)),
        cost=None if worker_hours is None or price is None else worker_hours * price,
    )


def _times(plan: Plan, sample: int, size: int, known: int | None) -> Times:
    """Times from a sample, for `known` records or as many as `size` bytes hold at the sample's rate."""
    with TemporaryDirectory(prefix="glotmill-sample-") as temporary:
        taken = take_sample(plan, sample, Path(temporary))
        measured = measure(plan, taken)
    records = known if known is not None else round(measured.records * size / taken.bytes)
    seconds = {"fetch": taken.seconds / measured.records, **measured.seconds}
    stages = [StageTime(stage, 1000 * took, took * records / SECONDS_AN_HOUR) for stage, took in seconds.items()]
    return Times(measured.records, records, tuple(stages))
