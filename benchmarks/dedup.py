"""Near-duplicate detection side by side: glotmill, datatrove, datasketch and rensa, from words to clusters.

    .venv/bin/python benchmarks/dedup.py [--documents N] [--real FOLDER] [--systems NAME,NAME]

Each system runs in a process of its own on the same file of documents: synthetic pages with planted pairs, or
the pages of the WARC files in a folder. Counted are CPU seconds of all threads after a warm-up (imports,
compilation), reading and splitting included; the memory that clustering added; the share of pairs that end in
one cluster, by their similarity; and the share of pairs in one cluster that belong there: planted, or of a true
similarity of at least PRECISE. What the peers need beyond the project's dependencies is installed into
runs/benchmark-peers, outside the environment; a peer that cannot be installed is reported as absent.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

# This file would hide the package of the same name.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.duplicates import real, synthetic
from benchmarks.duplicates.systems import PARAMETERS, SYSTEMS, read_lines
from dedup.components import connected_components

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "runs" / "benchmark-peers"
# datatrove's dedup imports tokenizers without using it, and hashes str, which xxhash 4 refuses.
PEER_PACKAGES = ("rensa==0.5.0", "tokenizers==0.23.3", "xxhash==3.6.0")
WARM_UP = 50
# The fastest of several runs counts, since neighbours on a shared machine only slow a run; all are shown.
REPEATS = 5
LONG = 120  # CPU seconds after which no further run begins
MEBIBYTE = 2**20
PRECISE = 0.5
BINS = ((1.0, 1.01), (0.9, 1.0), (0.8, 0.9), (0.7, 0.8), (0.6, 0.7), (0.5, 0.6))  # of true similarities


def measure(system: str, folder: Path) -> dict[str, Any]:
    """Run one system in this process: CPU seconds of each run, memory in MiB, recall by similarity, precision."""
    cluster, path = SYSTEMS[system], folder / "documents"
    cluster(path, WARM_UP)
    before = peak_memory()
    seconds: list[float] = []
    while len(seconds) < REPEATS and sum(seconds) < LONG:
        start = time.process_time()
        edges = cluster(path, None)
        seconds.append(time.process_time() - start)
    memory = peak_memory() - before
    documents = sum(1 for _ in read_lines(path, None))
    labels = connected_components(documents, np.array(edges, np.int64).reshape(-1, 2))
    quality = quality_real if (folder / "similar.npz").exists() else quality_synthetic
    return {"documents": documents, "seconds": seconds, "memory": memory / MEBIBYTE, **quality(folder, labels)}


def quality_synthetic(folder: Path, labels: np.ndarray) -> dict[str, Any]:
    """Share of the planted pairs in one cluster, by similarity, and of the pairs in one cluster that were planted."""
    recall, found = [], 0
    for similarity, pairs in json.loads((folder / "pairs.json").read_text(encoding="utf-8")):
        rows = np.array(pairs, np.int64).reshape(-1, 2)
        together = labels[rows[:, 0]] == labels[rows[:, 1]]
        found += int(together.sum())
        recall.append(of_pairs(f"{similarity:g}", together, np.full(len(rows), similarity)))
    clustered = clustered_pairs(labels)
    return {"recall": recall, "precision": found / clustered if clustered else None, "clustered": clustered}


def quality_real(folder: Path, labels: np.ndarray) -> dict[str, Any]:
    """Share of similar pairs in one cluster, and of pairs in one cluster whose true similarity is at least PRECISE."""
    similar = np.load(folder / "similar.npz")
    similarities = similar["similarities"]
    together = labels[similar["rows"]] == labels[similar["columns"]]
    recall = []
    for low, high in BINS:
        inside = (similarities >= low) & (similarities < high)
        recall.append(of_pairs(f"{low:g}" if low == 1 else f"{low:g}–", together[inside], similarities[inside]))
    clustered = clustered_pairs(labels)
    precise = int((together & (similarities >= PRECISE)).sum())
    return {"recall": recall, "precision": precise / clustered if clustered else None, "clustered": clustered}


def of_pairs(name: str, together: np.ndarray, similarities: np.ndarray) -> dict[str, Any]:
    """Share of pairs in one cluster, what theory expects of it, and its standard error; None without pairs."""
    expected = np.array([PARAMETERS.match_probability(similarity) for similarity in similarities])
    pairs = len(expected)
    return {
        "name": name,
        "pairs": pairs,
        "share": float(together.mean()) if pairs else None,
        "expected": float(expected.mean()) if pairs else None,
        "error": float((expected * (1 - expected)).sum() ** 0.5 / pairs) if pairs else None,
    }


def clustered_pairs(labels: np.ndarray) -> int:
    """Pairs of documents in one cluster."""
    return sum(comb(size, 2) for size in Counter(labels.tolist()).values())


def peak_memory() -> int:
    """Largest resident set of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def install_peers() -> None:
    """Put the peers' packages into PEERS once; where that fails, pip says why and the peers are absent."""
    if not PEERS.exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(PEERS), *PEER_PACKAGES]
        subprocess.run(command, check=False)


def run_alone(system: str, folder: Path) -> dict[str, Any] | str:
    """`measure` in a fresh process; the last line of its error where it fails."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(PEERS)))}
    command = [sys.executable, __file__, "--corpus", str(folder), "--systems", system]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        return run.stderr.strip().splitlines()[-1] if run.stderr.strip() else f"ended with {run.returncode}"
    result: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return result


def show(results: dict[str, dict[str, Any] | str]) -> None:
    """Print one row a system, and what theory expects of the recall."""
    measured = {system: result for system, result in results.items() if not isinstance(result, str)}
    table = Table(title=f"5-word shingles, {PARAMETERS.bands} bands of {PARAMETERS.rows} rows")
    if measured:
        first = next(iter(measured.values()))
        table.title = f"{first['documents']:,} documents; {table.title}"
        recalls = [f"{entry['name']} ({entry['pairs']:,})" for entry in first["recall"]]
        for column in ("system", "documents / CPU s", "slowest", "× datatrove", "added MiB", *recalls, "precision"):
            table.add_column(column, justify="right")
        table.add_row("theory", *[""] * 4, *(number(entry["expected"], 3) for entry in first["recall"]), "")
        table.add_row("± 1 σ", *[""] * 4, *(number(entry["error"], 3) for entry in first["recall"]), "")
    for system, result in results.items():
        if isinstance(result, str):
            table.add_row(system, f"absent: {result}")
            continue
        rates = [result["documents"] / seconds for seconds in result["seconds"]]
        baseline = measured.get("datatrove")
        ratio = max(rates) * min(baseline["seconds"]) / baseline["documents"] if baseline else None
        cells = [f"{max(rates):,.0f}", f"{min(rates):,.0f} of {len(rates)}", number(ratio, 1)]
        recall = [number(entry["share"], 3) for entry in result["recall"]]
        table.add_row(system, *cells, f"{result['memory']:,.0f}", *recall, number(result["precision"], 4))
    Console(width=170).print(table)


def number(value: float | None, digits: int) -> str:
    """A number for the table, empty where nothing could be measured."""
    return "" if value is None else f"{value:.{digits}f}"


def main() -> None:
    """Measure systems on a new corpus, or with --corpus print the measurements of one as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=20_000, help="synthetic documents")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="the pages of a folder of WARC files instead")
    parser.add_argument("--systems", type=lambda names: names.split(","), default=list(SYSTEMS), help="names, by comma")
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if unknown := set(arguments.systems) - set(SYSTEMS):
        parser.error(f"unknown system {', '.join(sorted(unknown))} (known: {', '.join(SYSTEMS)})")
    if arguments.documents < WARM_UP:
        parser.error(f"--documents must be at least {WARM_UP}")
    if arguments.corpus:
        print(json.dumps(measure(arguments.systems[0], arguments.corpus)))
        return
    install_peers()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.real:
            real.write(folder, arguments.real)
        else:
            synthetic.write(folder, arguments.documents)
        show({system: run_alone(system, folder) for system in arguments.systems})


if __name__ == "__main__":
    main()
