"""Where tasks run: on Ray, on a laptop or a cluster, or in this process. The functions are the same."""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

from pipeline.errors import GlotmillError, RunError, ShardError

Task = TypeVar("Task")
Shared = TypeVar("Shared")
Result = TypeVar("Result")
Function = Callable[[Task, Shared], Result]

# A task that a worker's death takes down is tried again this often before its shard is given up.
RETRIES = 3


class Runner(Protocol):
    """Runs a function over tasks; results come as they finish."""

    def map(
        self,
        function: Function[Task, Shared, Result],
        tasks: Sequence[Task],
        shared: Shared,
        rescue: Function[Task, Shared, Result] | None = None,
        gpus: float = 0.0,
    ) -> Iterator[tuple[Task, Result]]:
        """Each task with its result, in order of completion.

        A task that kills its worker is handed to `rescue`, where there is one. A failed task does not stop the others:
        ShardError, raised at the end, names all that failed.
        """
        ...

    def close(self) -> None:
        """Give back what the runner holds."""
        ...


class InlineRunner:
    """Runs every task in this process, one after the other: a debugger sees all of it.

    It has no worker to lose, so `rescue` is never needed: what kills the process ends the run.
    """

    def map(
        self,
        function: Function[Task, Shared, Result],
        tasks: Sequence[Task],
        shared: Shared,
        rescue: Function[Task, Shared, Result] | None = None,
        gpus: float = 0.0,
    ) -> Iterator[tuple[Task, Result]]:
        """Each task with its result, in order."""
        failures: list[str] = []
        for task in tasks:
            try:
                result = function(task, shared)
            except Exception as exc:  # noqa: BLE001  reported below with every other failure
                failures.append(_describe(task, exc))
                continue
            yield task, result
        _raise_failures(failures)

    def close(self) -> None:
        """Nothing is held."""


class RayRunner:
    """Runs tasks on a Ray cluster: the one at `address`, or a local one that it starts and stops."""

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        import ray

        self.owns_cluster = not ray.is_initialized()
        if self.owns_cluster:
            _start(address, workers)
        self.slots = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
        if workers is not None:
            self.slots = min(self.slots, workers)

    def map(
        self,
        function: Function[Task, Shared, Result],
        tasks: Sequence[Task],
        shared: Shared,
        rescue: Function[Task, Shared, Result] | None = None,
        gpus: float = 0.0,
    ) -> Iterator[tuple[Task, Result]]:
        """Each task with its result, in order of completion; at most two tasks a CPU are in flight.

        Ray ends a worker after a task with a part of a GPU (`gpus`) unless it is told not to; it keeps its models.
        """
        import ray

        # A rescue begins by trying the task once more, so that there is no need to do so before.
        remote = ray.remote(num_cpus=1, num_gpus=gpus, max_calls=0, max_retries=0 if rescue else RETRIES)(function)
        rescuer = ray.remote(num_cpus=1, max_retries=RETRIES)(rescue) if rescue else None
        everywhere = ray.put(shared)
        waiting = iter(tasks)
        running: dict[Any, Task] = {}
        rescued: set[Any] = set()
        failures: list[str] = []
        while True:
            for task in islice(waiting, 2 * self.slots - len(running)):
                running[remote.remote(task, everywhere)] = task
            if not running:
                break
            finished, _ = ray.wait(list(running), num_returns=1)
            task, was_rescue = running.pop(finished[0]), finished[0] in rescued
            try:
                result = ray.get(finished[0])
            except ray.exceptions.RayTaskError as exc:
                failures.append(_describe(task, exc.cause))
            except ray.exceptions.RayError as exc:
                if rescuer and not was_rescue:
                    again = rescuer.remote(task, everywhere)
                    rescued.add(again)
                    running[again] = task
                    continue
                failures.append(f"{task}: its worker died {RETRIES + 1} times ({type(exc).__name__})")
            else:
                yield task, result
        _raise_failures(failures)

    def close(self) -> None:
        """Stop the cluster, if this runner started it."""
        import ray

        if self.owns_cluster:
            ray.shutdown()


def _start(address: str | None, workers: int | None) -> None:
    import ray

    # Ray would copy the whole project to every worker when it is started through uv.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        options |= {"num_cpus": workers, "include_dashboard": False, "address": "local"}
    else:
        options |= {"address": address}
    try:
        ray.init(**options)
    except Exception as exc:  # Ray raises bare Exceptions, too, such as where a node does not start in time
        if address:
            hint = "Where the cluster asks for a token, set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to the cluster's"
            raise RunError(f"cannot connect to the Ray cluster at {address}: {exc}. {hint}") from exc
        raise RunError(f"cannot start a local Ray cluster: {exc}. `--runner inline` runs without Ray") from exc


def open_runner(kind: str, address: str | None, workers: int | None) -> Runner:
    """A runner by its name on the command line."""
    return InlineRunner() if kind == "inline" else RayRunner(address, workers)


def _describe(task: object, exc: BaseException | None) -> str:
    if isinstance(exc, GlotmillError):
        return str(exc)
    return f"{task}: {type(exc).__name__}: {exc}"


def _raise_failures(failures: list[str]) -> None:
    if failures:
        raise ShardError("\n".join(sorted(failures)))
