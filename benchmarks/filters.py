"""Gopher quality, Gopher repetition and FineWeb quality beside datatrove's filters, documents per CPU second.

    .venv/bin/python benchmarks/filters.py OUTPUT [OUTPUT ...] [--documents 1000]

OUTPUT are folders of runs: their documents are read with the languages found there. All systems see the same documents
in turns of a few, in one process, so that a busy machine slows all alike:

- `datatrove, its words`: the word splitters that datatrove has for each language; what they need is installed into
  runs/benchmark-peers, outside the environment, and languages whose splitter is absent are named and left out;
- `datatrove, our words`: the same filters with `filters.words.split_words` put in their place;
- `glotmill`: the three filters here.

datatrove's filters stop at the first rule that a document fails; ours measure everything.
"""

import argparse
import importlib
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
PEERS = ROOT / "runs" / "benchmark-peers" / "filters"
# Behind the environment's own packages: the peers bring other versions of some.
sys.path[:] = [str(ROOT), *sys.path, str(PEERS)]

from datatrove.data import Document  # noqa: E402
from datatrove.pipeline.filters import (  # noqa: E402
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    fineweb_quality_filter,
    gopher_quality_filter,
    gopher_repetition_filter,
)

from configs.load import load_configuration  # noqa: E402
from filters import fineweb_quality, gopher_quality, gopher_repetition  # noqa: E402
from filters.text import Text  # noqa: E402
from filters.words import split_words  # noqa: E402

# datatrove's extra `multilingual` without stanza and urduhack, which need models from the network or tensorflow.
PEER_PACKAGES = (
    "spacy[ja]>=3.8",
    "pyvi",
    "pythainlp",
    "jieba",
    "indic-nlp-library",
    "kiwipiepy<0.22.0",
    "khmer-nltk",
    "laonlp",
    "botok",
    "pyidaungsu-numpy2",
)
PATCHED = (gopher_quality_filter, gopher_repetition_filter, fineweb_quality_filter)
THEIR_WORDS = gopher_quality_filter.split_into_words
SYSTEMS = ("datatrove, its words", "datatrove, our words", "glotmill")
TURN = 20

System = Callable[[str, str], None]
Seconds = dict[str, dict[str, float]]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("outputs", nargs="+", type=Path, metavar="OUTPUT")
    parser.add_argument("--documents", type=int, default=1000, help="how many, chosen by chance")
    arguments = parser.parse_args()
    install_peers()
    documents = list(read_documents(arguments.outputs))
    random.Random(0).shuffle(documents)
    documents = documents[: arguments.documents]
    absent = {label: reason for label in sorted({label for label, _ in documents}) if (reason := missing(label))}
    show(documents, absent, measure(documents, absent))


def install_peers() -> None:
    """Put the peers' packages into PEERS once; where that fails, pip says why and their languages are left out."""
    if not PEERS.exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(PEERS), *PEER_PACKAGES]
        subprocess.run(command, check=False)
        importlib.invalidate_caches()


def read_documents(outputs: list[Path]) -> Iterator[tuple[str, str]]:
    """Language and text of each document of the runs."""
    for output in outputs:
        for path in sorted((output / "documents").glob("*.parquet")):
            for row in pq.read_table(path, columns=["language", "text"]).to_pylist():
                yield row["language"], row["text"]


def missing(label: str) -> str | None:
    """Why datatrove has no words for a language here; None if it has. Loads its splitter, outside of any clock."""
    try:
        THEIR_WORDS("One sentence.", label)
    except Exception as error:  # noqa: BLE001 - whatever a foreign library raises is the reason to report
        return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:80]}"
    return None


@cache
def their_filters(label: str) -> tuple[Any, ...]:
    """datatrove's three filters for a language, as they are by default."""
    return tuple(kind(language=label) for kind in (GopherQualityFilter, GopherRepetitionFilter, FineWebQualityFilter))


def with_words(split: Callable[[str, str], list[str]]) -> System:
    """datatrove's filters with a word splitter."""

    def judge(text: str, label: str) -> None:
        for module in PATCHED:
            module.split_into_words = split
        for judging in their_filters(label):
            judging.filter(Document(text=text, id="0"))

    return judge


def ours() -> System:
    """The three filters, with the parameters of the default configuration."""
    configuration = load_configuration("default")

    def judge(text: str, label: str) -> None:
        parameters: Any = configuration.for_language(label).filters
        view = Text(text, label)
        gopher_quality.measure(view, parameters["gopher_quality"])
        gopher_repetition.measure(view, parameters["gopher_repetition"])
        fineweb_quality.measure(view, parameters["fineweb_quality"])

    return judge


def measure(documents: list[tuple[str, str]], absent: dict[str, str]) -> Seconds:
    """CPU seconds by system and by language."""
    systems = dict(zip(SYSTEMS, (with_words(THEIR_WORDS), with_words(split_words), ours()), strict=True))
    for label in {label for label, _ in documents}:  # models load and functions compile outside the clock
        for name, system in systems.items():
            if not (name == SYSTEMS[0] and label in absent):
                system("One short sentence to begin with. And another one.", label)
    seconds: Seconds = {name: defaultdict(float) for name in SYSTEMS}
    for start in range(0, len(documents), TURN):
        for name, system in systems.items():
            for label, text in documents[start : start + TURN]:
                if name == SYSTEMS[0] and label in absent:
                    continue
                begin = time.process_time()
                system(text, label)
                seconds[name][label] += time.process_time() - begin
    return seconds


def show(documents: list[tuple[str, str]], absent: dict[str, str], seconds: Seconds) -> None:
    """Documents per CPU second, over all languages and by script, and who was left out."""
    table = Table(title=f"{len(documents)} documents, {len({label for label, _ in documents})} languages")
    for heading in ("script", "documents", *(f"{name} /s" for name in SYSTEMS), "× its words", "× our words"):
        table.add_column(heading, justify="left" if heading == "script" else "right")
    counts = Counter(label for label, _ in documents)
    scripts = Counter({"all": len(documents)})
    for label, count in counts.items():
        scripts[label.partition("_")[2]] += count
    for script, count in scripts.most_common():
        labels = [label for label in counts if script in ("all", label.partition("_")[2])]
        common = [label for label in labels if label not in absent]
        table.add_row(script, str(count), *cells(counts, labels, common, seconds))
    console = Console(width=140)
    console.print(table)
    for label, reason in absent.items():
        console.print(f"{label} ({counts[label]} documents): no words of datatrove's: {reason}")


def cells(counts: Counter[str], labels: list[str], common: list[str], seconds: Seconds) -> Iterator[str]:
    """Rates, and how many times ours is as fast; against datatrove's words over the languages that it has."""

    def rate(name: str, of: list[str]) -> float:
        spent = sum(seconds[name][label] for label in of)
        return sum(counts[label] for label in of) / spent if spent else 0.0

    own, same, here = (rate(name, common if name == SYSTEMS[0] else labels) for name in SYSTEMS)
    yield from (f"{value:.0f}" if value else "–" for value in (own, same, here))
    yield f"{rate(SYSTEMS[2], common) / own:.1f}" if own else "–"
    yield f"{here / same:.1f}" if same else "–"


if __name__ == "__main__":
    main()
