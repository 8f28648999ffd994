"""The rounds of step components over files: any graph, any blocks, killed anywhere."""

import json
import random
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from pipeline.clustering import components
from pipeline.clustering.components import connect
from pipeline.clustering.exchange import receive, send
from pipeline.clustering.nodes import Block, ClusterJob, Nodes, number_nodes
from pipeline.clustering.rounds import BYTES_A_ROW, RESULT
from pipeline.errors import RunError, ShardError
from pipeline.runner import InlineRunner
from pipeline.shards import Job, read_table
from pipeline.storage import Folder

QUIET = Console(quiet=True)


def smallest_of_component(n, edges):
    """Labels spread along the edges until none changes."""
    labels = list(range(n))
    neighbours = {}
    for a, b in edges:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    for start in range(n):
        waiting = [start]
        while waiting:
            for other in neighbours.get(waiting.pop(), []):
                if labels[other] > labels[start]:
                    labels[other] = labels[start]
                    waiting.append(other)
    return labels


def nodes_in_blocks(n, blocks):
    bounds = np.linspace(0, n, blocks + 1).astype(int).tolist()
    return Nodes(tuple(Block(number, first, end - first, ()) for number, (first, end) in enumerate(pairwise(bounds))))


def cluster_job(folder, nodes, rows):
    """A job whose tasks hold this many rows at a time."""
    deduplication = SimpleNamespace(memory=rows * BYTES_A_ROW)
    configuration = SimpleNamespace(settings=SimpleNamespace(deduplication=deduplication))
    return ClusterJob(Job(Folder(str(folder)), configuration, None), nodes, "fingerprint")


def write_edges(work, edges, files=2):
    """Edges as earlier steps send them, in some files."""
    edges = np.array(edges, np.int64).reshape(-1, 2)
    names = []
    for number in range(files):
        some = edges[number::files]
        both = np.concatenate((some, some[:, ::-1]))
        names.append(f"work/edges/{number:05d}.parquet")
        table = pa.table({"node": both[:, 0].copy(), "other": both[:, 1].copy()})
        send(work.job.folder, names[-1], table, work.nodes.block_of(both[:, 0]), len(work.nodes.blocks))
    return names


def roots_of(work):
    """The roots that each block's file holds, and whether its nodes are the block's, in order."""
    roots = {}
    for block in work.nodes.blocks:
        (*tables,) = receive(work.job.folder, [f"{RESULT}/{block.name}.parquet"], block.number)
        nodes = [node for table in tables for node in table.column("node").to_pylist()]
        assert nodes == sorted(set(nodes))
        assert all(block.first <= node < block.first + block.count for node in nodes)
        roots |= zip(nodes, [root for table in tables for root in table.column("root").to_pylist()], strict=True)
    return roots


def expected_roots(n, edges):
    labels = smallest_of_component(n, edges)
    linked = {node for a, b in edges if a != b for node in (a, b)}
    return {node: labels[node] for node in linked}


def shuffled_chain(n):
    nodes = random.Random(7).sample(range(n), n)
    return list(pairwise(nodes))


N = 40
SHAPES = {
    "star": [(N - 1, i) for i in range(N - 1)],
    "star of the smallest": [(0, i) for i in range(1, N)],
    "chain": [(i, i + 1) for i in range(N - 1)],
    "chain across blocks": [(i, i + 13) for i in range(N - 13)],
    "chain in random numbers": shuffled_chain(N),
    "clique": [(i, j) for i in range(30, 38) for j in range(i)],
    "grid": [(i, i + step) for i in range(N - 10) for step in (1, 10) if step == 10 or i % 10 != 9],
    "nothing": [],
    "loops and repetitions": [(7, 7), (5, 9), (9, 5), (35, 9)] * 30,
}


@pytest.mark.parametrize("blocks", [1, 2, 6])
@pytest.mark.parametrize("rows", [5, 10**6])
@pytest.mark.parametrize("edges", SHAPES.values(), ids=SHAPES)
def test_shapes_agree_with_labels_spread_along_edges(tmp_path, edges, rows, blocks):
    work = cluster_job(tmp_path, nodes_in_blocks(N, blocks), rows)
    connect(write_edges(work, random.Random(3).sample(edges, len(edges))), work, InlineRunner(), QUIET)
    assert roots_of(work) == expected_roots(N, edges)


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 30))
    node = st.integers(0, n - 1)
    return n, draw(st.lists(st.tuples(node, node), max_size=40)), draw(st.integers(1, n)), draw(st.integers(1, 20))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs())
def test_random_graphs_in_any_blocks(tmp_path_factory, graph):
    n, edges, blocks, rows = graph
    work = cluster_job(tmp_path_factory.mktemp("run"), nodes_in_blocks(n, blocks), rows)
    connect(write_edges(work, edges), work, InlineRunner(), QUIET)
    assert roots_of(work) == expected_roots(n, edges)


def test_numbered_shards_are_blocks(tmp_path):
    nodes = number_nodes({"a": (3, ""), "b": (2, ""), "c": (4, "")}, released=5, memory=8000)
    work = cluster_job(tmp_path, nodes, 100)
    edges = [(0, 8), (8, 13), (4, 9)]
    connect(write_edges(work, edges), work, InlineRunner(), QUIET)
    assert roots_of(work) == {0: 0, 8: 0, 13: 0, 4: 4, 9: 4}


@pytest.fixture
def chain(tmp_path):
    """A graph that takes several rounds, with its edges written."""
    work = cluster_job(tmp_path, nodes_in_blocks(N, 3), rows=12)
    return work, write_edges(work, shuffled_chain(N))


def test_rounds_shrink_until_one_task_settles_the_rest(chain):
    work, names = chain
    rounds = connect(names, work, InlineRunner(), QUIET)
    assert rounds[0]["edges"] == 2 * (N - 1)
    assert all(now["left"] == after["edges"] < now["edges"] for now, after in pairwise(rounds))
    assert [now["settled"] for now in rounds] == [False] * (len(rounds) - 1) + [True]
    assert rounds[-2]["edges"] > 12 >= rounds[-1]["edges"]
    assert rounds[-1]["left"] == 0
    assert all(now["bytes"] > 0 for now in rounds)


def test_only_the_result_stays(chain):
    work, names = chain
    connect(names, work, InlineRunner(), QUIET)
    results = [f"{RESULT}/{block.name}.parquet" for block in work.nodes.blocks]
    assert work.job.folder.names("work/components") == results
    commits = {name.split("/")[3] for name in work.job.folder.names("commits/work/components")}
    assert commits == {"result", "whole.json"}


def test_a_finished_step_is_not_done_again(chain):
    work, names = chain
    rounds = connect(names, work, InlineRunner(), QUIET)
    work.job.folder.remove("work/edges")
    assert connect(names, work, CountingRunner(), QUIET) == rounds
    assert CountingRunner.tasks == 0


class CountingRunner(InlineRunner):
    """Stops after some tasks, as a kill does."""

    tasks = 0
    stop_after = None

    def map(self, function, tasks, shared):
        for task in tasks:
            if self.tasks == self.stop_after:
                raise KeyboardInterrupt
            self.tasks += 1
            yield from super().map(function, [task], shared)


def tasks_of(chain_job, names):
    runner = CountingRunner()
    connect(names, chain_job, runner, QUIET)
    return runner.tasks


def test_a_run_killed_anywhere_continues_with_the_same_bytes(chain, tmp_path_factory):
    work, names = chain
    tasks = tasks_of(work, names)
    expected = {name: work.job.folder.open(name).read() for name in work.job.folder.names(RESULT)}
    assert tasks > 25
    for stop in range(1, tasks, 7):
        again = cluster_job(tmp_path_factory.mktemp("run"), work.nodes, rows=12)
        write_edges(again, shuffled_chain(N))
        killed = CountingRunner()
        killed.stop_after = stop
        with pytest.raises(KeyboardInterrupt):
            connect(names, again, killed, QUIET)
        resumed = CountingRunner()
        connect(names, again, resumed, QUIET)
        assert resumed.tasks == tasks - stop
        assert {name: again.job.folder.open(name).read() for name in again.job.folder.names(RESULT)} == expected


@pytest.mark.parametrize("seed", range(5))
def test_files_and_commits_that_vanish_are_made_again(chain, seed):
    work, names = chain
    killed = CountingRunner()
    killed.stop_after = 5 * seed + 4
    with pytest.raises(KeyboardInterrupt):
        connect(names, work, killed, QUIET)
    draw = random.Random(seed)
    there = [*work.job.folder.names("work/components"), *work.job.folder.names("commits/work/components")]
    for name in draw.sample(there, len(there) // 4):
        work.job.folder.remove(name)
    connect(names, work, InlineRunner(), QUIET)
    assert roots_of(work) == expected_roots(N, shuffled_chain(N))


def test_a_lost_result_is_made_again(chain):
    work, names = chain
    connect(names, work, InlineRunner(), QUIET)
    work.job.folder.remove(f"{RESULT}/00002.parquet")
    connect(names, work, InlineRunner(), QUIET)
    assert roots_of(work) == expected_roots(N, shuffled_chain(N))


def test_another_fingerprint_makes_all_of_it_again(chain):
    work, names = chain
    connect(names, work, InlineRunner(), QUIET)
    other = ClusterJob(work.job, work.nodes, "another")
    connect(write_edges(other, [(3, 35)]), other, InlineRunner(), QUIET)
    assert roots_of(other) == {3: 3, 35: 3}


def damage(work, name):
    path = Path(work.job.folder.path(name))
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 0xFF
    path.write_bytes(content)


def test_damaged_edges_are_named(chain):
    work, names = chain
    damage(work, names[1])
    with pytest.raises(ShardError, match=r"work/edges/00001\.parquet: cannot be read .* remove it and run again"):
        connect(names, work, InlineRunner(), QUIET)


@pytest.mark.parametrize("kind", ["members", "choices", "told"])
def test_damage_between_steps_is_named(chain, kind):
    work, names = chain
    killed = CountingRunner()
    killed.stop_after = 4  # in the middle of `rename` of the first round
    with pytest.raises(KeyboardInterrupt):
        connect(names, work, killed, QUIET)
    name = work.job.folder.names(f"work/components/00-choose/{kind}")[-1]
    damage(work, name)
    with pytest.raises(ShardError, match=name):
        connect(names, work, InlineRunner(), QUIET)
    work.job.folder.remove(name)
    connect(names, work, InlineRunner(), QUIET)
    assert roots_of(work) == expected_roots(N, shuffled_chain(N))


def test_an_edge_without_its_other_end_is_refused(chain):
    work, _ = chain
    table = pa.table({"node": [3], "other": [35]})
    send(work.job.folder, "work/half.parquet", table, work.nodes.block_of(np.array([3])), len(work.nodes.blocks))
    with pytest.raises(ShardError, match="an edge of document 35 is known to its other end only"):
        connect(["work/half.parquet"], work, InlineRunner(), QUIET)


def test_rounds_without_end_are_an_error(chain, monkeypatch):
    work, names = chain
    monkeypatch.setattr(components, "MOST_ROUNDS", 2)
    with pytest.raises(RunError, match="after 2 rounds"):
        connect(names, work, InlineRunner(), QUIET)


def test_results_are_plain_tables_of_whole_numbers(chain):
    work, names = chain
    connect(names, work, InlineRunner(), QUIET)
    schema = read_table(work.job.folder, f"{RESULT}/00000.parquet").schema
    assert [(field.name, field.type) for field in schema] == [("node", pa.int64()), ("root", pa.int64())]
    commit = json.loads(work.job.folder.open("commits/work/components/whole.json").read())
    assert commit["fingerprint"] == "fingerprint"
