"""Near-duplicate detection side by side: glotmill, datatrove, datasketch and rensa, from words to clusters.

    .venv/bin/python benchmarks/dedup.py [--documents N]

Each system runs in a process of its own on the same synthetic documents, splits words at white space, and
uses 5-word shingles and 14 bands of 8 rows. Counted are CPU seconds of all threads after a warm-up (imports,
compilation), memory added to that of a process that holds the words, the share of planted pairs that end in
one cluster, and the share of pairs in one cluster that were planted. What the peers need beyond the project's
dependencies is installed into runs/benchmark-peers, outside the environment; a peer that cannot be installed
is reported as absent.
"""

import argparse
import json
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import comb
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

# This file would hide the package of the same name.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dedup.bands import band_keys, candidate_edges
from dedup.components import connected_components
from dedup.minhash import signature
from dedup.parameters import MinHashParameters
from dedup.shingles import shingle_hashes

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "runs" / "benchmark-peers"
# datatrove's dedup imports tokenizers without using it, and hashes str, which xxhash 4 refuses.
PEER_PACKAGES = ("rensa==0.5.0", "tokenizers==0.23.3", "xxhash==3.6.0")
PARAMETERS = MinHashParameters()
SIMILARITIES = (1.0, 0.95, 0.9, 0.8, 0.7)
WARM_UP = 50
REPEATS = 3  # the fastest counts: neighbours on a shared machine only slow a run
MEBIBYTE = 2**20

Documents = Sequence[list[str]]
Edges = Iterable[tuple[int, int]]


@dataclass(frozen=True)
class Corpus:
    """Words of documents, and the planted pairs (row, row) by their similarity; other rows are unrelated."""

    documents: list[list[str]]
    pairs: dict[float, list[tuple[int, int]]]


def synthesise(documents: int, seed: int = 1) -> Corpus:
    """One document in five has a partner at one of the SIMILARITIES; one in four carries a template of its
    site.

    Words are drawn by Zipf's law from 50,000, documents have 100 to 600 of them (2 kB on average), and a
    template is a fifth of a document, so that unrelated pages of a site have a similarity of about 0.1.
    """
    draw = random.Random(seed)
    vocabulary = ["".join(draw.choices("aeiou" + "bcdfghjklmnprstvz", k=draw.randint(2, 9))) for _ in range(50_000)]
    weights = np.cumsum(1 / np.arange(1, len(vocabulary) + 1)).tolist()

    def words(count: int) -> list[str]:
        return draw.choices(vocabulary, cum_weights=weights, k=count)

    templates = [words(70) for _ in range(20)]
    corpus: list[list[str]] = []
    pairs: dict[float, list[tuple[int, int]]] = {similarity: [] for similarity in SIMILARITIES}
    for similarity in SIMILARITIES * (documents // (10 * len(SIMILARITIES))):
        original = words(draw.randint(100, 600))
        pairs[similarity].append((len(corpus), len(corpus) + 1))
        corpus += [original, _similar(original, similarity, words)]
    while len(corpus) < documents:
        page = words(draw.randint(100, 600))
        corpus.append(page + draw.choice(templates) if draw.random() < 0.25 else page)
    return Corpus(corpus, pairs)


def _similar(original: list[str], jaccard: float, words: Callable[[int], list[str]]) -> list[str]:
    """The original with another end, so that its shingles have this similarity to the original's.

    Two sets of n shingles that share k have the similarity k / (2n - k), so k = 2n·s / (1 + s).
    """
    width = PARAMETERS.shingle_size - 1
    shared = round(2 * (len(original) - width) * jaccard / (1 + jaccard)) + width
    return original[:shared] + words(len(original) - shared)


def write(corpus: Corpus, folder: Path) -> None:
    """Save a corpus, so that a process that measures has no memory from making it."""
    lines = (" ".join(words) + "\n" for words in corpus.documents)
    with (folder / "documents").open("w", encoding="utf-8") as file:
        file.writelines(lines)
    (folder / "pairs.json").write_text(json.dumps(list(corpus.pairs.items())), encoding="utf-8")


def read(folder: Path) -> Corpus:
    """Load a corpus; every word is a string of its own, as from a tokenizer."""
    with (folder / "documents").open(encoding="utf-8") as file:
        documents = [line.split() for line in file]
    return Corpus(documents, dict(json.loads((folder / "pairs.json").read_text(encoding="utf-8"))))


def cluster_glotmill(documents: Documents) -> Edges:
    """This project."""
    size = PARAMETERS.shingle_size
    signatures = [signature(shingle_hashes(words, size), PARAMETERS) for words in documents]
    rows = np.stack([row for row in signatures if row is not None])  # no synthetic document is empty
    labels = connected_components(len(rows), candidate_edges(band_keys(rows, PARAMETERS)))
    return enumerate(labels.tolist())


def cluster_datatrove(documents: Documents) -> Edges:
    """datatrove's three stages, one after another in this process, with words split at white space."""
    from datatrove.pipeline.dedup import minhash

    minhash.load_word_tokenizer = lambda _language: SimpleNamespace(word_tokenize=str.split)
    config = minhash.MinhashConfig(num_buckets=PARAMETERS.bands, hashes_per_bucket=PARAMETERS.rows)
    with tempfile.TemporaryDirectory() as folder:
        signatures, buckets, clusters = (f"{folder}/{name}" for name in ("signatures", "buckets", "clusters"))
        minhash.MinhashDedupSignature(signatures, config).run(
            SimpleNamespace(text=" ".join(words)) for words in documents
        )
        for rank in range(PARAMETERS.bands):
            stage = minhash.MinhashDedupBuckets(signatures, buckets, config=config)
            stage.run(None, rank, world_size=PARAMETERS.bands)
        minhash.MinhashDedupCluster(buckets, clusters, config, save_cluster_id=True).run(None, 0, world_size=1)
        records = b"".join(path.read_bytes() for path in Path(clusters).glob("*.clusters"))
    first: dict[int, int] = {}
    return [(row, first.setdefault(label, row)) for row, label in struct.iter_unpack("<2I", records)]


def cluster_datasketch(documents: Documents) -> Edges:
    """datasketch's MinHash and its index, asked for the earlier candidates of each document."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=PARAMETERS.size, params=(PARAMETERS.bands, PARAMETERS.rows))
    edges = []
    for row, words in enumerate(documents):
        minhash = MinHash(num_perm=PARAMETERS.size, seed=PARAMETERS.seed)
        minhash.update_batch([shingle.encode() for shingle in joined_shingles(words)])
        edges += [(row, other) for other in index.query(minhash)]
        index.insert(row, minhash)
    return edges


def cluster_rensa(documents: Documents) -> Edges:
    """rensa's MinHash (R-MinHash, in Rust) and its index."""
    rensa = import_module("rensa")
    index = rensa.RMinHashLSH(0.7, PARAMETERS.size, PARAMETERS.bands)
    edges = []
    for row, words in enumerate(documents):
        minhash = rensa.RMinHash(num_perm=PARAMETERS.size, seed=PARAMETERS.seed)
        minhash.update(joined_shingles(words))
        edges += [(row, other) for other in index.query(minhash)]
        index.insert(row, minhash)
    return edges


def joined_shingles(words: list[str]) -> list[str]:
    """Shingles as strings, which datasketch and rensa hash."""
    size = PARAMETERS.shingle_size
    return [" ".join(words[i : i + size]) for i in range(len(words) - size + 1)]


SYSTEMS: dict[str, Callable[[Documents], Edges]] = {
    "datatrove": cluster_datatrove,
    "datasketch": cluster_datasketch,
    "rensa": cluster_rensa,
    "glotmill": cluster_glotmill,
}


def measure(system: str, folder: Path) -> dict[str, Any]:
    """Run one system in this process: documents per CPU second, memory in MiB, recall by similarity, precision."""
    corpus = read(folder)
    cluster = SYSTEMS[system]
    list(cluster(corpus.documents[:WARM_UP]))
    before = peak_memory()
    runs = [timed(cluster, corpus.documents) for _ in range(REPEATS)]
    memory = peak_memory() - before
    seconds, edges = min(runs, key=lambda run: run[0])
    documents = len(corpus.documents)
    labels = connected_components(documents, np.array(edges, np.int64).reshape(-1, 2))
    return {"rate": documents / seconds, "memory": memory / MEBIBYTE, **quality(corpus, labels)}


def timed(cluster: Callable[[Documents], Edges], documents: Documents) -> tuple[float, list[tuple[int, int]]]:
    """CPU seconds of all threads, and the edges."""
    start = time.process_time()
    edges = list(cluster(documents))
    return time.process_time() - start, edges


def quality(corpus: Corpus, labels: np.ndarray) -> dict[str, Any]:
    """Share of the planted pairs in one cluster, by similarity, and of pairs in one cluster that were planted."""
    found = {s: sum(labels[a] == labels[b] for a, b in pairs) for s, pairs in corpus.pairs.items()}
    clustered = sum(comb(size, 2) for size in Counter(labels.tolist()).values())
    return {
        "recall": [float(found[s]) / len(corpus.pairs[s]) for s in SIMILARITIES],
        "precision": float(sum(found.values())) / clustered if clustered else None,
    }


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
    command = [sys.executable, __file__, "--corpus", str(folder), "--system", system]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        return run.stderr.strip().splitlines()[-1]
    result: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return result


def show(results: dict[str, dict[str, Any] | str], documents: int) -> None:
    """Print one row a system, and what theory expects of the recall."""
    table = Table(title=f"{documents:,} documents; 5-word shingles, {PARAMETERS.bands} bands of {PARAMETERS.rows} rows")
    table.add_column("system")
    recalls = (f"recall {similarity}" for similarity in SIMILARITIES)
    for column in ("documents / CPU s", "× datatrove", "added MiB", *recalls, "precision"):
        table.add_column(column, justify="right")
    theory = [f"{PARAMETERS.match_probability(similarity):.3f}" for similarity in SIMILARITIES]
    table.add_row("theory", "", "", "", *theory, "")
    baseline = results["datatrove"]
    for system, result in results.items():
        if isinstance(result, str):
            table.add_row(system, f"absent: {result}")
            continue
        ratio = "" if isinstance(baseline, str) else f"{result['rate'] / baseline['rate']:.1f}"
        recall = [f"{share:.3f}" for share in result["recall"]]
        precision = "" if result["precision"] is None else f"{result['precision']:.4f}"
        table.add_row(system, f"{result['rate']:,.0f}", ratio, f"{result['memory']:,.0f}", *recall, precision)
    Console(width=150).print(table)


def main() -> None:
    """Measure every system on a new corpus, or with --system and --corpus print one as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--system", choices=SYSTEMS, help=argparse.SUPPRESS)
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.documents < WARM_UP:
        parser.error(f"--documents must be at least {WARM_UP}")
    if arguments.system:
        print(json.dumps(measure(arguments.system, arguments.corpus)))
        return
    install_peers()
    with tempfile.TemporaryDirectory() as folder:
        write(synthesise(arguments.documents), Path(folder))
        results = {system: run_alone(system, Path(folder)) for system in SYSTEMS}
    show(results, arguments.documents)


if __name__ == "__main__":
    main()
