"""`glotmill decide --preview` on a synthetic finished run, each change in a process of its own.

    .venv/bin/python benchmarks/preview.py [--documents 1000000] [--folder FOLDER]

The run has every column of the default configuration, a hundred languages by Zipf's law, shards of 10,000 documents,
and a fifth of the documents in clusters of five. Values lie around the default bounds, and decisions are what the
default rules say of them. Counted are wall and CPU seconds from reading the run's folders to the printed tables with
their examples, and the peak of memory.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from configs.configuration import Configuration  # noqa: E402
from configs.load import load_configuration  # noqa: E402
from langid.labels import languages  # noqa: E402
from pipeline.clustering.clusters import CLUSTERS  # noqa: E402
from pipeline.deciding.decide import DECISIONS  # noqa: E402
from pipeline.deciding.examples import show_preview  # noqa: E402
from pipeline.deciding.preview import preview  # noqa: E402
from pipeline.deciding.rules import failed_rules  # noqa: E402
from pipeline.fingerprints import Fingerprints  # noqa: E402
from pipeline.schema import ANNOTATIONS, IDENTITIES, KEY  # noqa: E402
from pipeline.shards import Job, write_table  # noqa: E402
from pipeline.signatures import signature_type  # noqa: E402
from pipeline.storage import Folder  # noqa: E402

SHARD = 10_000
CLUSTER = 5
CHANGES = {
    "one threshold": ["rules.gopher_word_count.min=5000"],
    "a combined rule": [
        "rules.mine={any: [{column: gopher_word_count, min: 60000}, {column: language_score, min: 0.5}]}"
    ],
    "scores, median − σ": ["rules.language_score.min={median_minus_deviations: 1, least: 0.3, most: 0.9}"],
    "best tenth of what passes": ["rules.best={column: doc_score, top_fraction: 0.1, among: passing}"],
}
LANGUAGES = sorted(f"{entry.code}_{script}" for entry in languages().values() for script in entry.scripts)[:100]


def main() -> None:
    """Make the run where it is not there, preview each change, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--folder", help="where the run is made, or was made before; a temporary folder by default")
    parser.add_argument("--change", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.change:
        print(json.dumps(measure(arguments.folder, arguments.change)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or temporary
        if not Folder(folder).exists("ledger.parquet"):
            make_run(folder, arguments.documents)
        table = Table("change", "wall s", "CPU s", "peak MB", "gained", "lost", header_style="bold")
        for change in CHANGES:
            command = [sys.executable, __file__, "--folder", folder, "--change", change]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            table.add_row(change, *(f"{found[key]:,.5g}" for key in ("wall", "cpu", "peak", "gained", "lost")))
        Console(width=120).print(table)


def measure(folder: str, change: str) -> dict[str, float]:
    """Preview one change; seconds, megabytes, and what it gains and loses."""
    started, cpu = time.perf_counter(), time.process_time()
    before, after = load_configuration("default"), load_configuration("default", CHANGES[change])
    job = Job(Folder(folder), after, Fingerprints("benchmark", "benchmark", after))
    found = preview(before, job, 2)
    show_preview(found, job, Console(file=io.StringIO(), width=160), 100)
    return {
        "wall": time.perf_counter() - started,
        "cpu": time.process_time() - cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "gained": sum(entry.gained for entry in found.changes),
        "lost": sum(entry.lost for entry in found.changes),
    }


def make_run(folder: str, documents: int) -> None:
    """Write the folders of a finished run that a preview reads."""
    configuration, target = load_configuration("default"), Folder(folder)
    random = np.random.default_rng(7)
    for number in range(-(-documents // SHARD)):
        name = f"{number:06d}.parquet"
        table = make_documents(min(SHARD, documents - number * SHARD), configuration, random)
        annotated = {column.name: column.type for columns in ANNOTATIONS.values() for column in columns}
        write_table(target, f"documents/{name}", table.drop_columns([c for c in table.column_names if c in annotated]))
        lines = [KEY.name, *(column.name for column in ANNOTATIONS["lines"])]
        write_table(target, f"lines/{name}", table.select([c for c in lines if c in table.column_names]))
        decisions, clusters = decide(table, configuration)
        write_table(target, f"decisions/{name}", decisions)
        write_table(target, f"clusters/{name}", clusters)
        write_table(target, f"signatures/{name}", make_signatures(table, configuration, random))
    write_table(target, "ledger.parquet", pa.table({"records": [documents]}))


def make_documents(count: int, configuration: Configuration, random: np.random.Generator) -> pa.Table:
    """Documents sorted by language, with values of every column around the bounds of the rules."""
    shares = 1 / np.arange(1, len(LANGUAGES) + 1)
    labels = np.sort(random.choice(LANGUAGES, count, p=shares / shares.sum()))
    words = np.array([f"word{number}" for number in range(5000)])
    rules = {rule.column: rule for rule in configuration.for_language("und_Zzzz").rules.values() if rule.column}
    columns: dict[str, Any] = {KEY.name: pa.array([random.bytes(16) for _ in range(count)], pa.binary(16))}
    for column in configuration.columns:
        if column.stage not in ("curate", "lines"):
            continue
        bounds = rules.get(column.name)
        low = float(getattr(bounds, "min", None) or 0) * 0.995
        high = float(getattr(bounds, "max", None) or max(2 * low, 1.0)) * 1.005
        values: Any = [None] * count
        if pa.types.is_floating(column.type):
            values = random.uniform(low, high, count)
        elif pa.types.is_integer(column.type):
            values = random.integers(int(low), int(high) + 100, count)
        elif pa.types.is_string(column.type):
            values = [f"https://site{number % 97}.example/{number}" for number in range(count)]
        columns[column.name] = pa.array(values, column.type)
    columns["language"] = pa.array(labels.tolist())
    columns["text"] = pa.array([" ".join(row) for row in random.choice(words, (count, 150)).tolist()])
    return pa.table(columns)


def decide(documents: pa.Table, configuration: Configuration) -> tuple[pa.Table, pa.Table]:
    """Rows of decisions/ and clusters/: what the default rules say, and the best copy of each cluster that passes."""
    count = documents.num_rows
    rules = {
        name: rule
        for name, rule in configuration.for_language("und_Zzzz").rules.items()
        if set(rule.columns) <= set(documents.column_names)
    }
    names = np.array(list(rules))
    reasons = [names[row].tolist() for row in failed_rules(documents, rules)]
    place = np.arange(count)
    clustered = place // CLUSTER % CLUSTER == 0
    labels = documents.column("language").to_pylist()
    first = place - place % CLUSTER
    clustered &= np.array([labels[row] == labels[start] for row, start in enumerate(first.tolist())])
    chosen: dict[int, int] = {}
    for row in np.flatnonzero(clustered).tolist():
        if not reasons[row] and chosen.setdefault(int(first[row]), row) != row:
            reasons[row].append("duplicate")
    data = {
        KEY.name: documents.column(KEY.name),
        "id": documents.column("id"),
        "cluster": documents.column(KEY.name).take(pa.array(np.where(clustered, first, place))),
        "rank": pa.array(np.where(clustered, place - first, 0)),
        "minhash_cluster_size": pa.array(np.where(clustered, CLUSTER, 1)),
        "keep": pa.array([not failed for failed in reasons]),
        "reject_reasons": pa.array(reasons, pa.list_(pa.string())),
        "language": documents.column("language"),
        "text_characters": documents.column("text_characters"),
    }
    data |= {field.name: pa.nulls(count, field.type) for field in (*DECISIONS, *CLUSTERS) if field.name not in data}
    decisions, clusters = (pa.table([data[name] for name in each.names], schema=each) for each in (DECISIONS, CLUSTERS))
    return decisions, clusters


def make_signatures(documents: pa.Table, configuration: Configuration, random: np.random.Generator) -> pa.Table:
    """Signatures of which those of a cluster are equal."""
    size = configuration.settings.deduplication.size
    count = documents.num_rows
    distinct = random.integers(0, 2**32, (-(-count // CLUSTER), size), np.uint32)
    rows = np.repeat(distinct, CLUSTER, axis=0)[:count]
    data = {KEY.name: documents.column(KEY.name), "language": documents.column("language")}
    data |= {field.name: pa.nulls(count, field.type) for field in IDENTITIES}
    kind = signature_type(size)
    data["signature"] = pa.array([row.tobytes() for row in rows], kind)
    return pa.table(data)


if __name__ == "__main__":
    main()
