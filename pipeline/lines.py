"""Stage lines: which lines of a document other documents of its site or its language have too.

Near-copies count once: of each cluster the lines of the best copy. Three steps; every task's memory is bounded by
`deduplication.memory_megabytes`, and the counts are exact, so that nothing depends on blocks, parts or memory:
 1. keys     (block)  the keys of the block's lines, each once with its documents -> to the part of the key
 2. repeated (part)   a sketch passes over what is certainly rare, the rest is counted; what is repeated -> back to the
                      blocks that have it
 3. lines    (block)  lines/<shard>.parquet, row-aligned with documents/<shard>.parquet
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from rich.console import Console

from dedup.kernels import Uint64Array
from dedup.lines import (
    BoolArray,
    CountMin,
    Int64Array,
    LineParameters,
    Scope,
    contains,
    countable_lines,
    line_hashes,
    line_keys,
    sum_counts,
)
from dedup.urls import site_of
from pipeline.clustering.clusters import STAGE as CLUSTERS
from pipeline.clustering.exchange import receive, rows_for, send
from pipeline.clustering.nodes import Block, ClusterJob, Part, ShardNodes
from pipeline.clustering.steps import Facts, Step, run_last_step, run_step, sent_files
from pipeline.fingerprints import digest
from pipeline.runner import Runner
from pipeline.schema import KEY, LINE_COLUMNS
from pipeline.shards import Done, check_same_documents, commit, open_parquet, read_table, write_table

STAGE = "lines"
KEYS = "work/line_keys"
REPEATED = "work/repeated_lines"
# A key with its count, its block and its receiver, sorted, with the copies that sorting and writing make.
BYTES_A_KEY = 80
# A sketch of this size has four cells a row for every key, so that it takes one rare key in a thousand for repeated.
SKETCH_BYTES_A_KEY = 64
# Documents whose text is in memory at a time.
BATCH = 256

LINES = pa.schema([KEY, *((column.name, column.type) for column in LINE_COLUMNS)])


@dataclass(frozen=True)
class LineJob(ClusterJob):
    """What every task of the stage needs; `received` are the files that the step before sent."""

    parameters: LineParameters = field(default_factory=LineParameters)
    received: tuple[str, ...] = ()


class DocumentLines(NamedTuple):
    """The lines of a document that count: their numbers, and their keys in each scope that the document has."""

    numbers: Sequence[int]
    keys: Mapping[Scope, Uint64Array]


def measure_lines(work: LineJob, runner: Runner, console: Console) -> None:
    """Write lines/ of all shards, whose clusters/ are there."""
    made = run_step(Step(STAGE, KEYS, make_keys), work.nodes.document_blocks, work, runner, console)
    work = replace(work, received=sent_files(made))
    found = run_step(Step(STAGE, REPEATED, find_repeated), work.nodes.parts, work, runner, console)
    work = replace(work, received=sent_files(found))
    run_last_step(Step(STAGE, STAGE, mark_lines), work, runner, console)


def line_job(work: ClusterJob, parameters: LineParameters) -> LineJob:
    """The stage's job over the documents and clusters of a clustering."""
    fingerprint = digest(work.fingerprint, parameters)
    return LineJob(work.job, work.nodes, fingerprint, work.index, parameters)


def make_keys(block: Block, work: LineJob) -> Facts:
    """Write the keys of the block's lines, with the documents that have each, as files of bounded size."""
    names: list[str] = []
    for keys, documents in _counted_keys(block, work):
        names.append(f"{KEYS}/{block.name}-{len(names):05d}.parquet")
        table = pa.table({"key": keys, "documents": documents, "block": np.full(len(keys), block.number)})
        send(work.job.folder, names[-1], table, work.nodes.part_of(keys), work.nodes.part_count)
    facts: Facts = {"sent": names}
    commit(work.job.folder, Done(KEYS, block.name, work.fingerprint, names), facts)
    return facts


def _counted_keys(block: Block, work: LineJob) -> Iterator[tuple[Uint64Array, Int64Array]]:
    """The keys of a block, sorted, each with its documents, as often as memory is full."""
    limit = work.memory // BYTES_A_KEY
    held: list[Uint64Array] = []
    counted: list[BoolArray] = []
    size = 0
    for shard in block.shards:
        for document in read_documents(shard, work):
            keys = np.unique(np.concatenate([*document_lines(document, work.parameters).keys.values()]))
            held.append(keys)
            # A copy sends its keys without counting them, since it wants to know as well whether they are repeated.
            counted.append(np.full(len(keys), document["rank"] == 0))
            size += len(keys)
            if size > limit:
                yield sum_counts(np.concatenate(held), np.concatenate(counted).astype(np.int64))
                held, counted, size = [], [], 0
    if size:
        yield sum_counts(np.concatenate(held), np.concatenate(counted).astype(np.int64))


def document_lines(document: Mapping[str, Any], parameters: LineParameters) -> DocumentLines:
    """The lines of a document that count, from its `text`, `url` and `language`."""
    numbers = countable_lines(document["text"], parameters.letters)
    hashes = line_hashes(document["text"], numbers)
    names = {Scope.SITE: site_of(document["url"]), Scope.LANGUAGE: document["language"]}
    keys = {scope: line_keys(hashes, scope, name) for scope, name in names.items() if name is not None}
    return DocumentLines(numbers, keys)


def read_documents(shard: ShardNodes, work: LineJob) -> Iterator[dict[str, Any]]:
    """The documents of a shard in order, with their rank among their copies, a few at a time in memory.

    Raises ShardError where a file is damaged or clusters/ is not of the same documents.
    """
    folder, name = work.job.folder, f"documents/{shard.name}.parquet"
    ranks = read_table(folder, f"{CLUSTERS}/{shard.name}.parquet", [KEY.name, "rank"])
    with open_parquet(folder, name) as file:
        check_same_documents(
            shard.name, file.read([KEY.name], use_threads=False), ranks, f"{CLUSTERS}/{shard.name}.parquet"
        )
        first = 0
        for batch in file.iter_batches(BATCH, columns=[KEY.name, "text", "url", "language"], use_threads=False):
            rank = ranks.column("rank").slice(first, batch.num_rows)
            yield from pa.Table.from_batches([batch]).append_column("rank", rank).to_pylist()
            first += batch.num_rows


def find_repeated(part: Part, work: LineJob) -> Facts:
    """Write the part's keys that enough documents have, for the blocks that have them.

    What a sketch says is rare is rare, and that is most. The rest is counted, in as many pieces as memory needs.
    """
    least = np.array([work.parameters.documents(scope) for scope in Scope])
    rows = rows_for(work.job.folder, work.received, part.number)
    sketch = CountMin(min(work.memory // 2, rows * SKETCH_BYTES_A_KEY))
    for table in receive(work.job.folder, work.received, part.number):
        # More than is asked for need not be counted, and 2^32 cannot be.
        sketch.add(table.column("key").to_numpy(), np.minimum(table.column("documents").to_numpy(), least.max()))
    candidates = sum(table.num_rows for table in _candidates(part, work, sketch, least))
    pieces = 1 + candidates * BYTES_A_KEY // (work.memory // 2)
    names: list[str] = []
    for piece in range(pieces):
        repeated = _repeated(list(_candidates(part, work, sketch, least, piece, pieces)), least)
        if repeated is not None:
            names.append(f"{REPEATED}/{part.name}-{piece:05d}.parquet")
            receivers = repeated.column("block").to_numpy()
            send(work.job.folder, names[-1], repeated.select(["key"]), receivers, len(work.nodes.blocks))
    facts: Facts = {"sent": names}
    commit(work.job.folder, Done(REPEATED, part.name, work.fingerprint, names), facts)
    return facts


def _candidates(
    part: Part, work: LineJob, sketch: CountMin, least: Int64Array, piece: int = 0, pieces: int = 1
) -> Iterator[pa.Table]:
    """The rows of a part that may be repeated; all rows of a key are in one piece."""
    for table in receive(work.job.folder, work.received, part.number):
        keys = table.column("key").to_numpy()
        enough = sketch.estimate(keys) >= least[keys & np.uint64(1)]
        yield table.filter(pa.array(enough & ((keys >> np.uint64(1)) % np.uint64(pieces) == piece)))


def _repeated(candidates: list[pa.Table], least: Int64Array) -> pa.Table | None:
    """The rows of keys that enough documents have."""
    if not candidates:
        return None
    table = pa.concat_tables(candidates)
    keys = table.column("key").to_numpy()
    distinct, documents = sum_counts(keys, table.column("documents").to_numpy())
    repeated = distinct[documents >= least[distinct & np.uint64(1)]]
    return table.filter(pa.array(contains(repeated, keys)))


def mark_lines(block: Block, work: LineJob) -> Facts:
    """Write lines/ of the block's shards."""
    found = [table.column("key").to_numpy() for table in receive(work.job.folder, work.received, block.number)]
    repeated = np.unique(np.concatenate([np.empty(0, np.uint64), *found]))
    for shard in block.shards:
        rows = [mark(document, repeated, work.parameters) for document in read_documents(shard, work)]
        name = f"{STAGE}/{shard.name}.parquet"
        write_table(work.job.folder, name, pa.Table.from_pylist(rows, schema=LINES))
        facts = {"documents": len(rows), "lines": sum(len(row["repeated_line_numbers"]) for row in rows)}
        commit(work.job.folder, Done(STAGE, shard.name, work.fingerprint, [name]), facts)
    return {"documents": block.count}


def mark(document: Mapping[str, Any], repeated: Uint64Array, parameters: LineParameters) -> dict[str, Any]:
    """The row of LINES of a document, given the sorted keys that are repeated."""
    numbers, keys = document_lines(document, parameters)
    numbers_array = np.array(numbers, np.int64)
    sizes = np.array([len(line) for line in document["text"].split("\n")])
    marked = {scope: numbers_array[contains(repeated, of_scope)] for scope, of_scope in keys.items()}
    total = int(sizes.sum())
    shares = {scope: float(sizes[places].sum() / total) for scope, places in marked.items()} if total else {}
    return {
        KEY.name: document[KEY.name],
        "repeated_lines_site": shares.get(Scope.SITE),
        "repeated_lines_language": shares.get(Scope.LANGUAGE),
        "repeated_line_numbers": np.unique(np.concatenate([*marked.values()])).tolist(),
    }
