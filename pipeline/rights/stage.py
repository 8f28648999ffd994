"""Stage rights: what robots.txt files of the crawl and a list of opt-outs say about each document's address.

Files and documents meet by origin (scheme, host, port), in parts by its hash; the newest file of an origin holds. Every
task's memory is bounded by `deduplication.memory_megabytes`, and nothing depends on blocks, parts or memory:
 1. site_files (split of a WARC)  robots.txt and tdmrep.json records -> to the part of their origin
 2. addresses  (block)            the documents' addresses -> to the part of their origin
 3. answers    (part)             what the files say about the addresses -> back to their blocks
 4. rights     (block)            rights/<shard>.parquet, row-aligned with documents/<shard>.parquet
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from rich.console import Console

from pipeline.clustering.exchange import receive, send
from pipeline.clustering.nodes import Block, ClusterJob, Part, ShardNodes, Uint64Array
from pipeline.clustering.steps import Facts, Step, run_last_step, run_step, sent_files
from pipeline.fingerprints import digest
from pipeline.reading.sources import InputFile, Split, find_inputs, plan_splits
from pipeline.rights.opt_outs import OptOuts, read_opt_outs
from pipeline.rights.parameters import RIGHTS_COLUMNS, RightsParameters
from pipeline.rights.reading import FILES, batches, read_files
from pipeline.rights.site_files import SiteFile, origin_of, site_statements
from pipeline.rights.statements import count_statements
from pipeline.runner import Runner
from pipeline.schema import KEY
from pipeline.shards import Done, commit, read_table, write_table

STAGE = "rights"
SITE_FILES = "work/site_files"
ADDRESSES = "work/addresses"
ANSWERS = "work/answers"
RIGHTS = pa.schema([KEY, *((column.name, column.type) for column in RIGHTS_COLUMNS)])


@dataclass(frozen=True)
class SplitTask:
    """A split of a WARC with site files."""

    split: Split

    @property
    def name(self) -> str:
        """The split's name in files."""
        return self.split.name

    @property
    def documents(self) -> int:
        """None: what is read are no documents."""
        return 0

    def __str__(self) -> str:
        return str(self.split)


@dataclass(frozen=True)
class RightsJob(ClusterJob):
    """What every task of the stage needs; the files are those that the steps before sent."""

    parameters: RightsParameters = field(default_factory=RightsParameters)
    splits: tuple[Split, ...] = ()
    opt_outs: InputFile | None = None
    site_files: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()

    def entries(self) -> OptOuts:
        """The list of those who asked to be left out; empty where none is given."""
        return read_opt_outs(self.opt_outs.path, self.opt_outs.version) if self.opt_outs else OptOuts.of([])


def rights_job(work: ClusterJob, parameters: RightsParameters) -> RightsJob:
    """The stage's job over the documents of a clustering. Raises InputError for a file that is not there."""
    splits = tuple(plan_splits(find_inputs(parameters.robots_txt), None)) if parameters.robots_txt else ()
    opt_outs = find_inputs([parameters.opt_outs])[0] if parameters.opt_outs else None
    files = [asdict(split) for split in splits], asdict(opt_outs) if opt_outs else None
    return RightsJob(
        work.job, work.nodes, digest(work.fingerprint, parameters, files), work.index, parameters, splits, opt_outs
    )


def look_up_rights(work: RightsJob, runner: Runner, console: Console) -> None:
    """Write rights/ of all shards. Raises ConfigurationError where the list of opt-outs cannot be read."""
    work.entries()
    if work.splits:
        read = run_step(Step(STAGE, SITE_FILES, read_site_files), _tasks(work), work, runner, console)
        _report(read, console)
        asked = run_step(Step(STAGE, ADDRESSES, send_addresses), work.nodes.document_blocks, work, runner, console)
        work = replace(work, site_files=sent_files(read), addresses=sent_files(asked))
        answered = run_step(Step(STAGE, ANSWERS, answer), work.nodes.parts, work, runner, console)
        work = replace(work, answers=sent_files(answered))
    run_last_step(Step(STAGE, STAGE, write_rights), work, runner, console)


def _tasks(work: RightsJob) -> Any:
    return [SplitTask(split) for split in work.splits]


def _report(read: Mapping[str, Facts], console: Console) -> None:
    counts = Counter[str]()
    for facts in read.values():
        counts.update(facts["counts"])
    parts = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in sorted(counts.items()))
    console.print(f"rights: records with site files: {parts or 'none'}", highlight=False)


def read_site_files(task: SplitTask, work: RightsJob) -> Facts:
    """Write the split's site files for the parts of their origins, as files of bounded size."""
    names: list[str] = []
    counts = Counter[str]()
    for rows in batches(read_files(task.split, counts), work.memory // 8):
        names.append(f"{SITE_FILES}/{task.name}-{len(names):05d}.parquet")
        table = pa.Table.from_pylist(rows, schema=FILES)
        parts = work.nodes.part_of(_hashes(table.column("origin").to_pylist()))
        send(work.job.folder, names[-1], table, parts, work.nodes.part_count)
    facts: Facts = {"sent": names, "counts": dict(sorted(counts.items()))}
    commit(work.job.folder, Done(SITE_FILES, task.name, work.fingerprint, names), facts)
    return facts


def _hashes(origins: Sequence[str]) -> Uint64Array:
    return np.fromiter((xxhash.xxh3_64_intdigest(origin.encode()) for origin in origins), np.uint64, len(origins))


def send_addresses(block: Block, work: RightsJob) -> Facts:
    """Write the addresses of the block's documents for the parts of their origins."""
    rows = [
        {"node": shard.first + row, "origin": origin, "url": url}
        for shard in block.shards
        for row, url in enumerate(_addresses(shard, work))
        if url is not None and (origin := origin_of(url)) is not None
    ]
    schema = pa.schema([("node", pa.int64()), ("origin", pa.string()), ("url", pa.string())])
    table = pa.Table.from_pylist(rows, schema=schema)
    name = f"{ADDRESSES}/{block.name}.parquet"
    parts = work.nodes.part_of(_hashes(table.column("origin").to_pylist()))
    send(work.job.folder, name, table, parts, work.nodes.part_count)
    facts: Facts = {"sent": [name]}
    commit(work.job.folder, Done(ADDRESSES, block.name, work.fingerprint, [name]), facts)
    return facts


def _addresses(shard: ShardNodes, work: RightsJob) -> list[str | None]:
    table = read_table(work.job.folder, f"documents/{shard.name}.parquet", ["url"])
    addresses: list[str | None] = table.column("url").to_pylist()
    return addresses


def answer(part: Part, work: RightsJob) -> Facts:
    """Write what the part's files say about its addresses, for the blocks that asked; some addresses at a time."""
    newest = _newest(part, work)
    names: list[str] = []
    for asked in receive(work.job.folder, work.addresses, part.number):
        table = pa.Table.from_pylist(_answers(asked, newest, part, work), schema=_ANSWERS)
        names.append(f"{ANSWERS}/{part.name}-{len(names):05d}.parquet")
        blocks = work.nodes.block_of(table.column("node").to_numpy())
        send(work.job.folder, names[-1], table, blocks, len(work.nodes.blocks))
    facts: Facts = {"sent": names}
    commit(work.job.folder, Done(ANSWERS, part.name, work.fingerprint, names), facts)
    return facts


_ANSWERS = pa.schema([("node", pa.int64()), ("kind", pa.string()), ("statements", pa.list_(pa.string()))])
Newest = dict[tuple[str, str], tuple[str, int]]


def _newest(part: Part, work: RightsJob) -> Newest:
    """Date and order of the newest file of each kind, of the origins that documents have.

    Where two have the same date their content decides, so that the order of the inputs does not.
    """
    origins: set[str] = set()
    for table in receive(work.job.folder, work.addresses, part.number, ["origin"]):
        origins.update(table.column("origin").unique().to_pylist())
    newest: Newest = {}
    for table in receive(work.job.folder, work.site_files, part.number, ["origin", "kind", "date", "order"]):
        for row in table.to_pylist():
            if row["origin"] in origins:
                place, version = (row["origin"], row["kind"]), (row["date"], row["order"])
                newest[place] = max(newest.get(place, version), version)
    return newest


def _answers(asked: pa.Table, newest: Newest, part: Part, work: RightsJob) -> list[dict[str, Any]]:
    """A row for each address and kind of file of which the newest is known."""
    by_origin: dict[str, list[tuple[int, str]]] = {}
    for row in asked.to_pylist():
        by_origin.setdefault(row["origin"], []).append((row["node"], row["url"]))
    left = {place: version for place, version in newest.items() if place[0] in by_origin}
    rows = []
    for table in receive(work.job.folder, work.site_files, part.number):
        for file in table.to_pylist():
            place = (file["origin"], file["kind"])
            if left.get(place) != (file["date"], file["order"]):
                continue
            del left[place]  # the same file may be in the inputs twice
            nodes, urls = zip(*by_origin[file["origin"]], strict=True)
            statements = site_statements(file["kind"], file["text"], urls, work.parameters.agents)
            rows += [
                {"node": node, "kind": file["kind"], "statements": said}
                for node, said in zip(nodes, statements, strict=True)
            ]
    return rows


def write_rights(block: Block, work: RightsJob) -> Facts:
    """Write rights/ of the block's shards."""
    said: dict[int, dict[str, list[str]]] = {}
    for table in receive(work.job.folder, work.answers, block.number):
        for row in table.to_pylist():
            said.setdefault(row["node"], {})[row["kind"]] = row["statements"]
    entries = work.entries()
    for shard in block.shards:
        keys = read_table(work.job.folder, f"documents/{shard.name}.parquet", [KEY.name, "url"])
        urls = keys.column("url").to_pylist()
        robots_txt = [_in_order(said.get(shard.first + row)) for row in range(len(urls))]
        opted_out = [entries.match(url) if url else None for url in urls]
        columns = {KEY.name: keys.column(KEY.name), "robots_txt": robots_txt, "opted_out": opted_out}
        name = f"{STAGE}/{shard.name}.parquet"
        write_table(work.job.folder, name, pa.table(columns, schema=RIGHTS))
        facts = {"documents": len(urls), "statements": count_statements(robots_txt), "opted_out": _known(opted_out)}
        commit(work.job.folder, Done(STAGE, shard.name, work.fingerprint, [name]), facts)
    return {"documents": block.count}


def _in_order(said: Mapping[str, list[str]] | None) -> list[str] | None:
    return None if said is None else [statement for kind in SiteFile for statement in said.get(kind, ())]


def _known(values: Sequence[object]) -> int:
    return sum(value is not None for value in values)
