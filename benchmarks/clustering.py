"""The whole stage cluster over files, from signatures to clusters, at growing size, each in a process of its own.

    .venv/bin/python benchmarks/clustering.py [--documents 100000 1000000 10000000] [--memory MEGABYTES]

Two of five documents are in clusters with power-law sizes, half of them exact copies, half with a similarity of .9 to
each other's common source; the others have nothing in common. Signatures are made, not computed: `benchmarks/dedup.py`
measures from words to signatures. Counted are CPU seconds of the stage by step, the peak of memory, and whether exact
copies ended in one cluster and unrelated documents did not.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from configs.load import load_configuration  # noqa: E402
from pipeline.clustering.keys import content_digest, mix  # noqa: E402
from pipeline.clustering.stage import cluster, cluster_job  # noqa: E402
from pipeline.fingerprints import Fingerprints  # noqa: E402
from pipeline.runner import InlineRunner  # noqa: E402
from pipeline.schema import IDENTITIES, KEY  # noqa: E402
from pipeline.shards import Job, write_table  # noqa: E402
from pipeline.signatures import signature_type  # noqa: E402
from pipeline.storage import Folder  # noqa: E402

SHARD = 50_000
SIMILARITY = 0.9
MEGABYTE = 10**6


def sources(documents: int) -> npt.NDArray[np.int64]:
    """The source that each document is made from, int64 of shape (documents,); unrelated ones have their own."""
    random = np.random.default_rng(documents)
    clustered = documents * 2 // 5
    sizes = 1 + np.minimum(random.zipf(2.2, clustered), documents // 100)
    source = np.arange(documents)
    source[:clustered] = documents + np.repeat(np.arange(len(sizes)), sizes)[:clustered]
    return random.permutation(source)


def signatures_of(numbers: npt.NDArray[np.int64], source: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.uint32]:
    """Signatures, uint32 of shape (n, size): those of the source; of every odd one some values differ."""
    places = np.arange(size, dtype=np.uint64)
    values = mix(source.astype(np.uint64)[:, None] * np.uint64(1024) + places)
    own = mix((numbers.astype(np.uint64)[:, None] + np.uint64(2**40)) * np.uint64(1024) + places)
    # Documents of one source agree where both kept a value, so each keeps the square root.
    kept = (own & np.uint64(0xFFFF)) < np.uint64(int(SIMILARITY**0.5 * 0x10000))
    return (np.where(kept | (source % 2 == 0)[:, None], values, own) >> np.uint64(32)).astype(np.uint32)


def write_shard(job: Job, name: str, numbers: npt.NDArray[np.int64], source: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Write documents/ and signatures/ of a shard; the facts that curate would commit."""
    settings = job.configuration.settings.deduplication
    rows = len(numbers)
    key = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), rows, [None, pa.py_buffer(np.column_stack((numbers, numbers)).astype("<i8").tobytes())]
    )
    # Texts of one source are equal when their signatures are.
    text_number = np.where(source % 2 == 0, source, numbers + 2**40)
    digest = mix(np.column_stack((text_number, text_number)).astype(np.uint64)).tobytes()
    digests = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), rows, [None, pa.py_buffer(digest)])
    language = pa.array(["eng_Latn"] * rows)
    ids = pa.array([f"<urn:uuid:{number:032d}>" for number in numbers.tolist()])
    documents = {
        "key": key,
        "id": ids,
        "url": ids,
        "text": ids,
        "language": language,
        "file_path": pa.array(["crawl.warc.gz"] * rows),
        "offset": numbers,
        "text_characters": mix(numbers.astype(np.uint64)).astype(np.int64) % 5000,
        "date": pa.array(["2026-01-01T00:00:00Z"] * rows),
    }
    matrix = signatures_of(numbers, source, settings.size)
    signed = {
        "key": key,
        "language": language,
        "dump": pa.nulls(rows, pa.string()),
        "payload_identity": pa.nulls(rows, pa.binary(16)),
        "text_digest": digests,
        "url_identity": pa.nulls(rows, pa.binary(16)),
        "signature": pa.FixedSizeBinaryArray.from_buffers(
            signature_type(settings.size), rows, [None, pa.py_buffer(matrix.astype("<u4").tobytes())]
        ),
    }
    kind = pa.schema([KEY, ("language", pa.string()), ("dump", pa.string()), *IDENTITIES])
    table = pa.table(signed, kind.append(pa.field("signature", signature_type(settings.size))))
    write_table(job.folder, f"documents/{name}.parquet", pa.table(documents))
    write_table(job.folder, f"signatures/{name}.parquet", table, ["key", *IDENTITIES.names, "signature"])
    return {"documents": rows, "content": content_digest(table)}


def check(folder: Path, source: npt.NDArray[np.int64]) -> dict[str, float]:
    """Of exact copies, the share in the cluster of their source; of unrelated documents, the share that is alone."""
    found: dict[int, str] = {}
    together = copies = alone = unrelated = 0
    for path in sorted((folder / "clusters").glob("*.parquet")):
        table = pq.read_table(path, columns=["id", "minhash_cluster_id", "minhash_cluster_size"])
        for identifier, label, size in zip(*(column.to_pylist() for column in table.columns), strict=True):
            number = int(identifier[10:-1])
            if source[number] < len(source):
                unrelated += 1
                alone += size == 1
            elif source[number] % 2 == 0:
                copies += 1
                together += found.setdefault(int(source[number]), label) == label
    return {"together": together / copies, "alone": alone / unrelated}


def measure(documents: int, memory: int, folder: Path) -> dict[str, Any]:
    """Run the stage in this process."""
    configuration = load_configuration("default", [f"deduplication.memory_megabytes={memory}"])
    job = Job(Folder(str(folder)), configuration, Fingerprints("curate", "cluster", configuration))
    source = sources(documents)
    commits = {
        f"{first // SHARD:06d}": write_shard(job, f"{first // SHARD:06d}", numbers, source[numbers])
        for first in range(0, documents, SHARD)
        for numbers in [np.arange(first, min(first + SHARD, documents))]
    }
    work = cluster_job(job, commits, None)
    wall, cpu = time.monotonic(), time.process_time()
    cluster(work, {"eng_Latn": documents}, InlineRunner(), Console(stderr=True))
    return {
        "documents": documents,
        "blocks": len(work.nodes.blocks),
        "seconds": time.monotonic() - wall,
        "cpu": time.process_time() - cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE,
        **check(folder, source),
    }


def show(results: Sequence[dict[str, Any]], memory: int) -> None:
    """Print a row a size."""
    table = Table(title=f"stage cluster, {memory} MB a task, one task at a time")
    for column in ("documents", "blocks", "s", "CPU s", "documents / CPU s", "peak MB", "copies together", "alone"):
        table.add_column(column, justify="right")
    for result in results:
        table.add_row(
            f"{result['documents']:,}",
            str(result["blocks"]),
            f"{result['seconds']:.1f}",
            f"{result['cpu']:.1f}",
            f"{result['documents'] / result['cpu']:,.0f}",
            f"{result['peak']:,.0f}",
            f"{result['together']:.6f}",
            f"{result['alone']:.6f}",
        )
    Console(width=120).print(table)


def main() -> None:
    """Measure every size in a process of its own, or one of them with --folder, which prints JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--memory", type=int, default=512)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        print(json.dumps(measure(arguments.documents[0], arguments.memory, arguments.folder)))
        return
    results = []
    for documents in arguments.documents:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--documents", str(documents), "--memory", str(arguments.memory)]
            command += ["--folder", folder]
            run = subprocess.run(command, env=os.environ, stdout=subprocess.PIPE, text=True, check=True)
            results.append(json.loads(run.stdout.strip().splitlines()[-1]))
    show(results, arguments.memory)


if __name__ == "__main__":
    main()
