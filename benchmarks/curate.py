"""Stage curate beside datatrove's recipe of FineWeb2, records of WARC files per CPU second.

    .venv/bin/python benchmarks/curate.py WARC [WARC ...] [--repeats 3]

Each system lives in a process of its own that goes once over the file outside the clock (models load, functions
compile), and then `--repeats` times, in turns with the other. Counted is the CPU time of the process and of those it
starts: datatrove extracts in a child.

- `glotmill`: the stage as a run does it, with the default configuration, every language kept and every filter measured,
  to the three Parquet files of a split;
- `datatrove`: WarcReader, URLFilter, Trafilatura (precision; with 600 s, since its limit of 1 s loses pages on a busy
  machine), LanguageFilter (labels only), MinHash signatures, and then, in FineWeb2's order, Gopher repetition, FineWeb
  quality and Gopher quality as they are by default, the words by its own splitter for each language.

What is cheaper for datatrove here than in FineWeb2: the language model is the bundled one, not GlotLID, which is
hundreds of times as large and has to be downloaded; a language whose splitter is absent ends at its label, not
`signed`; nothing is written, not even the signatures. Its filters stop at the first rule that a document fails.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
# Before this folder, whose files have the names of packages.
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

PEERS = ROOT / "runs" / "benchmark-peers" / "curate"
# What datatrove's readers and filters import; its hashing of strings needs xxhash 3.
PEER_PACKAGES = ("faust-cchardet", "python-magic", "fasteners", "tokenizers==0.23.3", "xxhash==3.6.0")
TIMEOUT = 600.0
Counts = dict[str, float]


def glotmill(path: Path) -> Callable[[Path], Counts]:
    """A pass over the file as a run's workers do it, into a new folder."""
    from configs.load import load_configuration
    from pipeline.curating.stage import curate
    from pipeline.plan import make_plan

    configuration = load_configuration("default")

    def run(folder: Path) -> Counts:
        plan = make_plan(configuration, [str(path)], str(folder))
        start = cpu_seconds()
        facts = [curate(split, plan.job) for split in plan.splits]
        seconds = cpu_seconds() - start
        records = sum(fact["responses"] for fact in facts)
        documents = sum(fact["documents"] for fact in facts)
        return {"seconds": seconds, "records": records, "documents": documents, "signed": documents}

    return run


def datatrove(path: Path) -> Callable[[Path], Counts]:
    """A pass over the file with datatrove's own steps."""
    from datatrove.pipeline.dedup.minhash import MinhashDedupSignature
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.filters import LanguageFilter, URLFilter
    from datatrove.pipeline.readers import WarcReader
    from datatrove.utils.logging import logger
    from fasttext.FastText import _FastText

    from benchmarks.filters import missing, their_filters

    logger.remove()
    # Without a network tldextract says at length that it uses its own list.
    logging.getLogger("tldextract").setLevel(logging.CRITICAL)
    address, language = URLFilter(), LanguageFilter(backend="glotlid", label_only=True, keep_top_pairs_threshold=0.01)
    language.model._model = _FastText(model_path=str(ROOT / "langid" / "bundled.ftz"))
    absent = cache(missing)
    signer = cache(lambda label, folder: MinhashDedupSignature(folder, language=label))

    def run(folder: Path) -> Counts:
        counts = dict.fromkeys(("records", "documents", "signed"), 0)

        def counted(documents: Iterable[Any], name: str) -> Iterator[Any]:
            for document in documents:
                counts[name] += 1
                yield document

        start = cpu_seconds()
        steps: Any = counted(WarcReader(str(path.parent), glob_pattern=path.name).run(), "records")
        for step in (address, Trafilatura(favour_precision=True, timeout=TIMEOUT), language):
            steps = step.run(steps)
        for document in counted(steps, "documents"):
            label = f"{document.metadata['language']}_{document.metadata['language_script']}"
            if absent(label) is None:
                signing = signer(label, str(folder))
                shingles = signing.get_shingles(document.text)
                if shingles.size:
                    signing.get_signature(shingles)
                    counts["signed"] += 1
                next((judge for judge in their_filters(label) if judge.filter(document) is not True), None)
        return {"seconds": cpu_seconds() - start, **counts}

    return run


SYSTEMS = {"datatrove": datatrove, "glotmill": glotmill}


def cpu_seconds() -> float:
    """CPU seconds of this process and of its children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def work(name: str, path: Path) -> None:
    """Go over the file once for each line of standard input, and answer with the counts as a line of JSON."""
    # Libraries may print; answers have a stream of their own.
    answers, sys.stdout = sys.stdout, sys.stderr
    run = SYSTEMS[name](path)
    for _ in sys.stdin:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(run(Path(folder) / "run")), file=answers, flush=True)


def start(name: str, path: Path) -> subprocess.Popen[str]:
    """A process in which a system waits for its turns."""
    before = [str(PEERS), str(ROOT)] if name == "datatrove" else [str(ROOT)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(before), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, str(path), "--work", name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ask(process: subprocess.Popen[str]) -> Counts:
    """The counts of one more pass. Raises RuntimeError where the process ends instead."""
    stdin, stdout = stream(process.stdin), stream(process.stdout)
    stdin.write("\n")
    stdin.flush()
    answer = stdout.readline()
    if not answer:
        raise RuntimeError(f"{process.args!r} ended with {process.wait()}")
    counts: Counts = json.loads(answer)
    return counts


def stream(pipe: IO[str] | None) -> IO[str]:
    """A pipe that was asked for."""
    assert pipe is not None
    return pipe


def measure(path: Path, repeats: int) -> dict[str, list[Counts]]:
    """The counts of each pass by system, the first pass left out."""
    processes = {name: start(name, path) for name in SYSTEMS}
    try:
        rounds = [{name: ask(process) for name, process in processes.items()} for _ in range(repeats + 1)]
    finally:
        for process in processes.values():
            stream(process.stdin).close()
            process.wait()
    return {name: [passes[name] for passes in rounds[1:]] for name in SYSTEMS}


def show(path: Path, passes: dict[str, list[Counts]]) -> None:
    """Records per CPU second of each system: the median and the range of its passes; and how the medians compare."""
    table = Table(title=f"{path.name}, counted passes: {len(passes['glotmill'])}")
    for heading in ("system", "records", "documents", "signed", "CPU s", "records / CPU s", "× datatrove"):
        table.add_column(heading, justify="left" if heading == "system" else "right")
    medians = {name: statistics.median(run["seconds"] for run in runs) for name, runs in passes.items()}
    responses = passes["glotmill"][0]["records"]
    for name, runs in passes.items():
        rates = sorted(responses / run["seconds"] for run in runs)
        counts = (f"{runs[0][key]:,.0f}" for key in ("records", "documents", "signed"))
        rate = f"{responses / medians[name]:.1f} ({rates[0]:.1f}–{rates[-1]:.1f})"
        table.add_row(name, *counts, f"{medians[name]:.1f}", rate, f"{medians['datatrove'] / medians[name]:.2f}")
    Console(width=120).print(table)


def install_peers() -> None:
    """Put what datatrove needs into PEERS once, and its word splitters where benchmarks/filters.py looks for them."""
    from benchmarks.filters import install_peers as install_splitters

    install_splitters()
    if not PEERS.exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(PEERS), *PEER_PACKAGES]
        subprocess.run(command, check=True)


def main() -> None:
    """Measure file by file, and print a table for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="WARC")
    parser.add_argument("--repeats", type=int, default=3, help="passes that are counted")
    parser.add_argument("--work", choices=tuple(SYSTEMS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")
    if arguments.work:
        work(arguments.work, arguments.files[0])
        return
    install_peers()
    for path in arguments.files:
        show(path.resolve(), measure(path.resolve(), arguments.repeats))


if __name__ == "__main__":
    main()
