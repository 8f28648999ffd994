"""The tasks of step components: what one block does in each part of a round.

A task holds some numbers for each node of its block, and one piece of edges at a time, whatever the degree of a node.
Rows are int64 and go to the block of their column `node`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from dedup.components import choose_representatives, contract, distinct_pairs, rows_of_block
from pipeline.clustering.exchange import receive, send
from pipeline.clustering.nodes import Block, ClusterJob, Int64Array
from pipeline.errors import ShardError
from pipeline.shards import Done, commit, open_parquet, read_group
from pipeline.storage import Folder

PLACE = "work/components"
RESULT = f"{PLACE}/result"
# What a row of 16 bytes takes while a piece of rows is renamed, sorted and written.
BYTES_A_ROW = 120
EDGE = ("node", "other")
MEMBER = ("node", "member", "smallest")

Facts = dict[str, Any]


@dataclass(frozen=True)
class AllBlocks:
    """The one task that works on what is left of the graph."""

    name: str = "all"

    def __str__(self) -> str:
        return "all blocks"


@dataclass(frozen=True)
class Round:
    """What the tasks of a step read: edges, what neighbours were told, who is represented, and answers.

    `final` says that the edges are a star forest, so that no edge is left after this round.
    """

    work: ClusterJob
    number: int
    edges: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    final: bool = False

    @property
    def folder(self) -> Folder:
        """The run's folder."""
        return self.work.job.folder

    @property
    def rows_a_piece(self) -> int:
        """How many rows a task holds at a time."""
        return max(1, self.work.job.configuration.settings.deduplication.memory // BYTES_A_ROW)

    def place(self, step: str) -> str:
        """The folder of a step of this round."""
        return f"{PLACE}/{self.number:02d}-{step}"

    def received(self, names: Iterable[str], block: Block, columns: Sequence[str] = EDGE) -> "Pieces":
        """The block's rows in some files, in pieces of shape (m, columns)."""
        return Pieces(self, tuple(names), block.number, columns)


@dataclass
class Pieces:
    """Rows of files, read as often as they are asked for; a single piece is kept, since opening files takes longer."""

    round_: Round
    names: tuple[str, ...]
    receiver: int
    columns: Sequence[str]
    only: Int64Array | None = None

    def __iter__(self) -> Iterator[Int64Array]:
        if self.only is not None:
            yield self.only
            return
        tables = receive(self.round_.folder, self.names, self.receiver, self.columns)
        pieces = cut(tables, self.columns, self.round_.rows_a_piece)
        first = next(pieces, np.empty((0, len(self.columns)), np.int64))
        yield first
        second = next(pieces, None)
        if second is None:
            self.only = first
            return
        del first
        yield second
        yield from pieces


def cut(tables: Iterable[pa.Table], columns: Sequence[str], rows: int) -> Iterator[Int64Array]:
    """Columns of whole numbers as arrays of shape (m, columns), at least `rows` rows in each but the last."""
    held: list[Int64Array] = []
    for table in tables:
        held.append(np.column_stack([table.column(name).to_numpy() for name in columns]))
        if sum(map(len, held)) >= rows:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


@dataclass
class Outbox:
    """The files that a task writes, each row for the block of its node, and the task's commit."""

    task: Block | AllBlocks
    work: ClusterJob
    place: str
    sizes: dict[str, int] = field(default_factory=dict)

    def send(self, name: str, node: Int64Array, **columns: Int64Array) -> None:
        """Write a file with the column `node` and others, int64 of shape (n,)."""
        path = f"{self.place}/{name}.parquet"
        table = pa.table({"node": node, **columns})
        send(self.work.job.folder, path, table, self.work.nodes.block_of(node), len(self.work.nodes.blocks))
        self.sizes[path] = self.work.job.folder.size(path)

    def send_piece(self, kind: str, edges: Int64Array) -> None:
        """Write some of the task's edges, int64 of shape (m, 2), for the blocks of their first ends."""
        self.send(f"{kind}/{self.task.name}-{len(self.sizes):05d}", edges[:, 0].copy(), other=edges[:, 1].copy())

    def commit(self, **counts: int) -> Facts:
        """Declare the task done; the value holds the counts, and the files with their sizes."""
        done = Done(self.place, self.task.name, self.work.fingerprint, list(self.sizes))
        facts = {**counts, "files": self.sizes}
        commit(self.work.job.folder, done, facts)
        return facts


def choose(block: Block, round_: Round) -> Facts:
    """Give each node that has edges its representative, and tell that to its neighbours."""
    outbox = Outbox(block, round_.work, round_.place("choose"))
    by_bits = round_.number % 2 == 1 and not round_.final
    received = round_.received(round_.edges, block)
    chosen, linked = choose_representatives(block.first, block.count, map(_without_loops, received), by_bits)
    nodes = block.first + np.flatnonzero(linked)
    smallest = np.arange(block.first, block.first + block.count)
    if round_.members:
        smallest = _smallest(block, round_.received(round_.members, block, MEMBER))
    outbox.send(f"members/{block.name}", chosen[linked], member=nodes, smallest=smallest[linked])
    outbox.send(f"choices/{block.name}", nodes, other=chosen[linked])
    rows = told = 0
    for edges in () if round_.final else map(_without_loops, received):
        news = distinct_pairs(np.column_stack((edges[:, 1], chosen[edges[:, 0] - block.first])))
        outbox.send_piece("told", news)
        rows, told = rows + len(edges), told + len(news)
    return outbox.commit(rows=rows, told=told)


def rename(block: Block, round_: Round) -> Facts:
    """Make edges between representatives: each where the representative of the block's end is.

    Raises ShardError where an edge was sent to one of its ends only.
    """
    outbox = Outbox(block, round_.work, round_.place("rename"))
    chosen = np.full(block.count, -1, np.int64)
    for choices in round_.received([f"{round_.place('choose')}/choices/{block.name}.parquet"], block):
        chosen[rows_of_block(choices[:, 0], block.first, block.count)] = choices[:, 1]
    rows = 0
    for told in round_.received(round_.told, block):
        ends = chosen[rows_of_block(told[:, 0], block.first, block.count)]
        if (ends < 0).any():
            raise ShardError(f"{block}: an edge of document {told[np.argmin(ends), 0]} is known to its other end only")
        apart = ends != told[:, 1]
        edges = distinct_pairs(np.column_stack((ends[apart], told[apart, 1])))
        outbox.send_piece("edges", edges)
        rows += len(edges)
    return outbox.commit(rows=rows)


def settle(everything: AllBlocks, round_: Round) -> Facts:
    """Contract the whole graph that is left to stars."""
    outbox = Outbox(everything, round_.work, round_.place("settle"))
    stars = _stars(round_)
    outbox.send_piece("edges", np.concatenate((stars, stars[:, ::-1])))
    return outbox.commit(rows=len(stars))


def answer(block: Block, round_: Round) -> Facts:
    """Tell those whom the block's nodes represent their root.

    It is the root that the node has in the rounds after this one, or the smallest node that it represents where it has
    no edges in those.
    """
    outbox = Outbox(block, round_.work, round_.place("answer"))
    members = round_.received(round_.members, block, MEMBER)
    roots = _smallest(block, members)
    for answers in round_.received(round_.answers, block):
        roots[rows_of_block(answers[:, 0], block.first, block.count)] = answers[:, 1]
    rows = 0
    for piece in members:
        outbox.send_piece("roots", np.column_stack((piece[:, 1], roots[piece[:, 0] - block.first])))
        rows += len(piece)
    return outbox.commit(rows=rows)


def finish(block: Block, round_: Round) -> Facts:
    """Write the roots of the block's nodes that are not alone, by number; from the edges if it is the only block."""
    outbox = Outbox(block, round_.work, RESULT)
    if round_.answers:
        pieces = list(round_.received(round_.answers, block))
    else:
        stars = _stars(round_)
        roots = distinct_pairs(np.column_stack((stars[:, 0], stars[:, 0])))
        pieces = [stars[:, ::-1], roots]
    pairs = np.concatenate([np.empty((0, 2), np.int64), *pieces])
    pairs = pairs[np.argsort(pairs[:, 0])]
    outbox.send(block.name, pairs[:, 0].copy(), root=pairs[:, 1].copy())
    return outbox.commit(rows=len(pairs))


def _without_loops(edges: Int64Array) -> Int64Array:
    return np.asarray(edges[edges[:, 0] != edges[:, 1]])


def _smallest(block: Block, members: Pieces) -> Int64Array:
    """The smallest document that each node of the block represents; meaningless where it represents none."""
    smallest = np.full(block.count, np.iinfo(np.int64).max)
    for piece in members:
        np.minimum.at(smallest, rows_of_block(piece[:, 0], block.first, block.count), piece[:, 2])
    return smallest


def _stars(round_: Round) -> Int64Array:
    """The edges of all blocks, contracted piece by piece."""
    stars = np.empty((0, 2), np.int64)
    for edges in cut(_read(round_.folder, round_.edges), EDGE, round_.rows_a_piece):
        # Each edge is there twice, once from each end.
        stars = contract(np.concatenate((stars, edges[edges[:, 0] < edges[:, 1]])))
    return stars


def _read(folder: Folder, names: Iterable[str]) -> Iterator[pa.Table]:
    """All rows of some files, whoever they are for."""
    for name in names:
        with open_parquet(folder, name) as file:
            for group in range(file.num_row_groups):
                yield read_group(file, group, EDGE)
