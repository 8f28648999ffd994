"""Step components: the smallest document that each document is connected to, from the edges of all blocks and parts.

A round makes the graph smaller (dedup/components.py), in two steps with an exchange between blocks behind each:
`choose` gives every node its representative and tells its neighbours; `rename` puts representatives in the place of
both ends of each edge. As soon as what is left fits one task, `settle` makes stars of it. Then `answer` goes back
through the rounds: each node learns from its representative which root it has.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from rich.console import Console

from pipeline.clustering.nodes import ClusterJob
from pipeline.clustering.rounds import (
    PLACE,
    RESULT,
    AllBlocks,
    Facts,
    Round,
    answer,
    choose,
    finish,
    rename,
    settle,
)
from pipeline.errors import RunError
from pipeline.progress import Work, track
from pipeline.runner import Runner
from pipeline.shards import COMMITS, Done, commit, read_commits

__all__ = ["RESULT", "connect"]

# Every round halves the nodes of a chain, and most graphs shrink faster: ten billion nodes need less than 40 rounds.
MOST_ROUNDS = 99
# The commit of the whole step, unlike the name of any task.
WHOLE = "whole"


def connect(edges: Sequence[str], work: ClusterJob, runner: Runner, console: Console) -> list[Facts]:
    """Write the root of each node that is not alone to RESULT, a file a block with the columns node and root, by node.

    `edges` are files of exchange.send with the columns node and other, int64: each edge once from each of its ends, for
    the block of that end. The value has for each round what it began with (`edges`, each counted from both ends), what
    it sent (`told`), what is left, the `bytes` that it wrote, and whether one task settled it. A killed run continues
    with the task where it stopped. Raises ShardError where a file is damaged, RunError where the rounds do not end.
    """
    return _Rounds(work, runner, console).connect(tuple(edges))


@dataclass(frozen=True)
class _Rounds:
    """Runs the rounds. The commit of a whole round names the files that later ones need; all others are removed."""

    work: ClusterJob
    runner: Runner
    console: Console

    def connect(self, edges: tuple[str, ...]) -> list[Facts]:
        done = self._commits(PLACE, [WHOLE]).get(WHOLE)
        if done is None:
            rounds = self._contract(edges) if len(self.work.nodes.blocks) > 1 else []
            answers: list[Facts] = []
            for number in reversed(range(len(rounds))):
                answers = self._answer(number, rounds[number], answers)
            result = self._map(finish, RESULT, Round(self.work, 0, edges, answers=tuple(_files(answers))))
            done = {"rounds": [whole["counts"] for whole in rounds]}
            self._commit(WHOLE, _files(result), done)
        for name in self._steps() - {"result", f"{WHOLE}.json"}:
            self._remove(name)
        counts: list[Facts] = done["rounds"]
        return counts

    def _contract(self, edges: tuple[str, ...]) -> list[Facts]:
        """Rounds until no edge is left; those that are whole are not run again."""
        rounds = self._whole_rounds()
        while not rounds or rounds[-1]["edges"]:
            if len(rounds) == MOST_ROUNDS:
                left = rounds[-1]["counts"]["left"]
                raise RunError(f"{left:,} links of documents are left after {MOST_ROUNDS} rounds: please report this")
            rounds.append(self._round(len(rounds), rounds[-1] if rounds else {"edges": edges, "members": ()}))
        return rounds

    def _whole_rounds(self) -> list[Facts]:
        """Rounds to continue from; none where the last one's edges are lost, since what they are made of is removed."""
        names = [f"round-{number:02d}" for number in range(MOST_ROUNDS)]
        found = self._commits(PLACE, names)
        rounds = [found[name] for name in takewhile(found.__contains__, names)]
        if rounds and not set(self.work.job.folder.names(PLACE)).issuperset(rounds[-1]["edges"]):
            for name in self._steps():
                self._remove(name)
            return []
        return rounds

    def _round(self, number: int, before: Facts) -> Facts:
        """A round on what the one before left; the value is its commit's facts."""
        now = Round(self.work, number, tuple(before["edges"]), members=tuple(before["members"]))
        left = before["counts"]["left"] if number else None
        settled: list[Facts] = []
        if left is not None and left <= now.rows_a_piece:
            settled = self._map(settle, now.place("settle"), now, [AllBlocks()])
            now = replace(now, edges=tuple(_files(settled)), final=True)
        chosen = self._map(choose, now.place("choose"), now)
        told = replace(now, told=tuple(_files(chosen, "told")))
        renamed = [] if now.final else self._map(rename, now.place("rename"), told)
        counts = {
            "edges": sum(facts["rows"] for facts in chosen) if left is None else left,
            "told": sum(facts["told"] for facts in chosen),
            "left": sum(facts["rows"] for facts in renamed),
            "bytes": _bytes([*settled, *chosen, *renamed]),
            "settled": now.final,
        }
        edges = _files(renamed) if counts["left"] else []
        members = _files(chosen, "members")
        whole = {"counts": counts, "edges": edges, "members": members}
        self._commit(f"round-{number:02d}", members, whole)
        read = before["edges"] if number else ()
        for name in (*read, *_files(settled), *told.told, *_files(chosen, "choices")):
            self.work.job.folder.remove(name)
        return whole

    def _answer(self, number: int, whole: Facts, answers: list[Facts]) -> list[Facts]:
        """The roots of the nodes of a round, given those of the round behind it."""
        now = Round(self.work, number, members=tuple(whole["members"]), answers=tuple(_files(answers)))
        answered = self._map(answer, now.place("answer"), now)
        whole["counts"]["bytes"] += _bytes(answered)
        return answered

    def _map(
        self, function: Callable[[Any, Round], Facts], place: str, now: Round, tasks: Sequence[Any] = ()
    ) -> list[Facts]:
        """The facts of a part of a round, for all blocks or the tasks given; those that are done are not done again."""
        tasks = tasks or self.work.nodes.blocks
        found = self._commits(place, [task.name for task in tasks])
        todo = [task for task in tasks if task.name not in found]
        if todo:
            shown = Work(f"cluster: components {place.rpartition('/')[2]}", len(todo), "links")
            results = self.runner.map(function, todo, now)
            for task, facts in track(results, shown, lambda item: int(item[1]["rows"]), self.console):
                found[task.name] = facts
        return [found[task.name] for task in tasks]

    def _steps(self) -> set[str]:
        """What stands in the folder of commits: folders of steps, and commits of rounds."""
        return {name.split("/")[3] for name in self.work.job.folder.names(f"{COMMITS}/{PLACE}")}

    def _commits(self, place: str, names: Iterable[str]) -> dict[str, Facts]:
        return read_commits(self.work.job.folder, place, dict.fromkeys(names, self.work.fingerprint))

    def _commit(self, name: str, files: Sequence[str], facts: Facts) -> None:
        commit(self.work.job.folder, Done(PLACE, name, self.work.fingerprint, files), facts)

    def _remove(self, name: str) -> None:
        for place in (f"{PLACE}/{name}", f"{COMMITS}/{PLACE}/{name}"):
            self.work.job.folder.remove(place)


def _bytes(tasks: Iterable[Facts]) -> int:
    return sum(size for facts in tasks for size in facts["files"].values())


def _files(tasks: Iterable[Facts], kind: str = "") -> list[str]:
    """The files of tasks, or those of one kind."""
    return [name for facts in tasks for name in facts["files"] if f"/{kind}" in name]
