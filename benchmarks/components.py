"""Connected components through the rounds over files that a run uses, at growing size, each in a process of its own.

    .venv/bin/python benchmarks/components.py [--nodes 100000 1000000 10000000] [--memory MEGABYTES]

The graphs are like those of near-duplicates: two of five documents are in clusters, most of two or three copies, some
of thousands; a document has the cluster's key in most bands, and the documents of a key are linked to the smallest.
To these come chains of a hundred links, and one star that holds a twentieth of all documents. Numbers are random.
The roots are compared with those of scipy; large-star/small-star is counted on the same graph, without files.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from dedup.components import connected_components, contract, distinct_pairs  # noqa: E402
from pipeline.clustering.components import connect  # noqa: E402
from pipeline.clustering.exchange import receive, send  # noqa: E402
from pipeline.clustering.nodes import ClusterJob, number_nodes  # noqa: E402
from pipeline.clustering.rounds import RESULT  # noqa: E402
from pipeline.runner import InlineRunner  # noqa: E402
from pipeline.shards import Job  # noqa: E402
from pipeline.storage import Folder  # noqa: E402

Int64Array = npt.NDArray[np.int64]

MEGABYTE = 10**6
BANDS = 14
SHARD = 10_000
CHAIN = 100
# Shares of the band keys that the documents of a cluster have in common: copies, near-copies, rewritten ones.
ALIKE = (0.95, 0.7, 0.4)


def graph(nodes: int) -> Int64Array:
    """Edges between random numbers below `nodes`, int64 of shape (m, 2)."""
    random = np.random.default_rng(nodes)
    numbers = random.permutation(nodes)
    star, chains, clustered = np.split(numbers[: nodes * 2 // 5], [nodes // 20, nodes // 20 + nodes // 50])
    links = np.column_stack((chains[:-1], chains[1:]))[np.arange(1, len(chains)) % CHAIN != 0]
    edges = [np.column_stack((np.full(len(star) - 1, star[0]), star[1:])), links]
    sizes = 1 + np.minimum(random.zipf(2.2, len(clustered)), nodes // 100)
    cluster = np.repeat(np.arange(len(sizes)), sizes)[: len(clustered)]
    alike = random.choice(ALIKE, len(sizes))[cluster]
    for _ in range(BANDS):
        other = random.integers(1, 2 + sizes[cluster] // 2)
        key = np.where(random.random(len(cluster)) < alike, 0, other)
        edges.append(stars_of_keys(cluster * nodes + key, clustered))
    return np.concatenate(edges)


def stars_of_keys(keys: Int64Array, nodes: Int64Array) -> Int64Array:
    """Edges from the smallest node of each key to the others."""
    order = np.lexsort((nodes, keys))
    keys, nodes = keys[order], nodes[order]
    starts = np.concatenate(([True], keys[1:] != keys[:-1]))
    smallest = np.repeat(nodes[starts], np.diff(np.flatnonzero(starts), append=len(keys)))
    return np.column_stack((smallest, nodes))[~starts]


def job_of(folder: Folder, nodes: int, memory: int) -> ClusterJob:
    """A job over shards of this many nodes in all, with what the step reads of a configuration."""
    settings = SimpleNamespace(deduplication=SimpleNamespace(memory=memory))
    shards = {f"{number:06d}": (min(SHARD, nodes - start), "") for number, start in enumerate(range(0, nodes, SHARD))}
    job = Job(folder, SimpleNamespace(settings=settings), None)  # type: ignore[arg-type]
    return ClusterJob(job, number_nodes(shards, 0, memory), "benchmark")


def write_graph(folder: Folder, nodes: int, memory: int) -> int:
    """Write a graph as an array, and as earlier steps send it: a file a part. The value is the number of edges."""
    work = job_of(folder, nodes, memory)
    edges = graph(nodes)
    with folder.write("edges.npy") as stream:
        np.save(stream, edges)
    for number, some in enumerate(np.array_split(edges, work.nodes.part_count)):
        both = np.concatenate((some, some[:, ::-1]))
        table = pa.table({"node": both[:, 0].copy(), "other": both[:, 1].copy()})
        receivers = work.nodes.block_of(both[:, 0])
        send(folder, f"work/edges/{number:05d}.parquet", table, receivers, len(work.nodes.blocks))
    return len(edges)


def measure_rounds(folder: Folder, nodes: int, memory: int) -> dict[str, Any]:
    """The rounds over files; and whether the result is right, which is not measured."""
    work = job_of(folder, nodes, memory)
    names = folder.names("work/edges")
    result, rounds = timed(lambda: connect(names, work, InlineRunner(), Console(quiet=True)))
    moved = sum(map(folder.size, names)) + sum(each["bytes"] for each in rounds)
    facts = {"blocks": len(work.nodes.blocks), "rounds": rounds, "moved": moved, "correct": is_correct(folder, nodes)}
    return result | facts


def measure_alone(function: Callable[[Int64Array, int], Any]) -> Callable[[Folder, int, int], dict[str, Any]]:
    """A function of all edges and the number of nodes, in one process."""

    def measure(folder: Folder, nodes: int, memory: int) -> dict[str, Any]:
        edges = np.load(folder.path("edges.npy"))
        return timed(lambda: function(edges, nodes))[0]

    return measure


def timed(function: Callable[[], Any]) -> tuple[dict[str, Any], Any]:
    """Seconds, CPU seconds and the peak of memory, and the function's value. Compiled loops are loaded before."""
    contract(np.array([[0, 1]], np.int64))
    start, start_cpu = time.monotonic(), time.process_time()
    value = function()
    cpu = time.process_time() - start_cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": time.monotonic() - start, "cpu": cpu, "memory": memory}, value


def is_correct(folder: Folder, nodes: int) -> bool:
    """Whether the roots in the files are those of scipy."""
    expected = connected_components(nodes, np.load(folder.path("edges.npy")))
    found = np.arange(nodes)
    for name in folder.names(RESULT):
        number = int(name.rpartition("/")[2].removesuffix(".parquet"))
        for table in receive(folder, [name], number):
            found[table.column("node").to_numpy()] = table.column("root").to_numpy()
    return bool((found == expected).all())


def large_star_small_star(edges: Int64Array) -> tuple[int, int]:
    """Rounds, and rows moved, of the alternating algorithm of Kiveris et al., SoCC 2014, which ends with a star a node.

    Large-star sends each edge to its larger end; small-star sends it to both.
    """
    nodes = int(edges.max()) + 1
    now = distinct_pairs(np.sort(edges[edges[:, 0] != edges[:, 1]], axis=1))
    moved, rounds = 2 * len(edges), 0
    while True:
        smallest = np.arange(nodes)
        np.minimum.at(smallest, now[:, 1], now[:, 0])
        large = distinct_pairs(np.column_stack((smallest[now[:, 0]], now[:, 1])))
        smallest = np.arange(nodes)
        np.minimum.at(smallest, large[:, 1], large[:, 0])
        parents = smallest[large[:, 1]]
        small = np.concatenate((np.column_stack((parents, large[:, 0])), np.column_stack((parents, large[:, 1]))))
        small = distinct_pairs(small[small[:, 0] != small[:, 1]])
        rounds, moved = rounds + 1, moved + len(large) + 2 * len(small)
        if np.array_equal(small, now):
            return rounds, moved
        now = small


def measure_peer(folder: Folder, nodes: int, memory: int) -> dict[str, Any]:
    """Rounds and rows of large-star/small-star."""
    rounds, rows = large_star_small_star(np.load(folder.path("edges.npy")))
    return {"rounds": rounds, "rows": rows}


PROCESSES: dict[str, Callable[[Folder, int, int], Any]] = {
    "graph": write_graph,
    "rounds": measure_rounds,
    "contract": measure_alone(lambda edges, nodes: contract(edges)),
    "scipy": measure_alone(lambda edges, nodes: connected_components(nodes, edges)),
    "peer": measure_peer,
}


def measure(nodes: int, memory: int) -> dict[str, Any]:
    """What each process has to say of a graph of this size; the graph is written by the first."""
    figures = {}
    with tempfile.TemporaryDirectory() as place:
        for name in PROCESSES:
            command = [sys.executable, __file__, "--process", name, "--folder", place, "--nodes", str(nodes)]
            command += ["--memory", str(memory // MEGABYTE)]
            environment = os.environ | {"OMP_NUM_THREADS": "1"}
            run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            figures[name] = json.loads(run.stdout.splitlines()[-1])
    return figures


def rows_moved(edges: int, rounds: list[dict[str, Any]]) -> int:
    """Rows of edges that were sent, those of the input included, as `large_star_small_star` counts them."""
    return 2 * edges + sum(each["told"] + each["left"] for each in rounds)


def show(results: dict[int, dict[str, Any]], memory: int) -> None:
    """Print a row for each size and way."""
    table = Table(title=f"connected components; tasks of {memory // MEGABYTE} MB, one after the other")
    for column in ("nodes", "edges", "way", "blocks", "s", "CPU s", "peak MB", "rounds", "rows/edge", "bytes/edge"):
        table.add_column(column, justify="right")
    for nodes, figures in results.items():
        edges = figures["graph"]
        for way in ("rounds", "contract", "scipy"):
            figure = figures[way]
            cells = [f"{nodes:,}", f"{edges:,}", way, "", f"{figure['seconds']:.1f}", f"{figure['cpu']:.1f}"]
            cells.append(f"{figure['memory'] / MEGABYTE:,.0f}")
            if way == "rounds":
                rows = rows_moved(edges, figure["rounds"]) / edges
                cells[2] = "rounds" if figure["correct"] else "rounds: WRONG"
                cells[3] = str(figure["blocks"])
                cells += [str(len(figure["rounds"])), f"{rows:.2f}", f"{figure['moved'] / edges:.1f}"]
            table.add_row(*cells)
        peer = figures["peer"]
        cells = ["", "", "", "", str(peer["rounds"]), f"{peer['rows'] / edges:.2f}"]
        table.add_row(f"{nodes:,}", f"{edges:,}", "large-star/small-star", *cells)
    console = Console(width=120)
    console.print(table)
    for nodes, figures in results.items():
        for number, each in enumerate(figures["rounds"]["rounds"]):
            console.print(f"{nodes:,} nodes, round {number}: {each}", highlight=False)


def main() -> None:
    """Measure each size, or with --process do the part of one process and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--memory", type=int, default=128, help="deduplication.memory_megabytes")
    parser.add_argument("--process", choices=PROCESSES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    memory = arguments.memory * MEGABYTE
    if arguments.process:
        figures = PROCESSES[arguments.process](Folder(arguments.folder), arguments.nodes[0], memory)
        print(json.dumps(figures))
        return
    show({nodes: measure(nodes, memory) for nodes in arguments.nodes}, memory)


if __name__ == "__main__":
    main()
