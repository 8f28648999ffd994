"""The stage decide: its steps in their order."""

from collections.abc import Iterable
from dataclasses import replace

from rich.console import Console

from pipeline.clustering.nodes import ClusterJob
from pipeline.clustering.steps import Step, run_last_step, run_step
from pipeline.deciding import decide, elect, judge
from pipeline.deciding.thresholds import write_thresholds
from pipeline.deciding.weights import write_weights
from pipeline.runner import Runner

STAGE = "decide"
JUDGE = Step(STAGE, judge.STAGE, judge.judge)
ELECT = Step(STAGE, elect.STAGE, elect.elect)
DECIDE = Step(STAGE, decide.STAGE, decide.decide)


def decide_job(clustered: ClusterJob, languages: Iterable[str]) -> ClusterJob:
    """The decisions on the documents of a clustering; their fingerprint holds the rules of all its languages."""
    return replace(clustered, fingerprint=clustered.job.fingerprints.decisions(clustered.fingerprint, languages))


def decide_all(work: ClusterJob, runner: Runner, console: Console) -> None:
    """Write decisions/ of all shards."""
    write_thresholds(work, runner)
    judged = run_step(JUDGE, work.nodes.document_blocks, work, runner, console)
    write_weights(work.job, judged.values())
    run_step(ELECT, work.nodes.parts, work, runner, console)
    run_last_step(DECIDE, work, runner, console)
