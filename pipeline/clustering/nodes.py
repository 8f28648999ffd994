"""Documents as the nodes of a graph: numbered through all shards, in blocks that fit a task's memory.

A number is a place, and a place is no identity: a file that changes would pair other documents. So a numbering holds
the digest of every shard's rows, all steps carry the digest of the numbering in their fingerprints, and the last
step joins by key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.shards import Job

if TYPE_CHECKING:
    from pipeline.release.index import ReleaseIndex

Int64Array = npt.NDArray[np.int64]
Uint64Array = npt.NDArray[np.uint64]

# A document's share of a task's memory in any step, rounded up: 17 keys of 16 bytes, sorted with a copy, or a
# signature of 448 bytes with the columns that rank copies.
BYTES_A_DOCUMENT = 2000


@dataclass(frozen=True)
class ShardNodes:
    """A shard of documents, the number of its first row, and the digest of its rows of signatures/."""

    name: str
    first: int
    count: int
    content: str


@dataclass(frozen=True)
class Block:
    """Consecutive nodes that one task works on: whole shards, or entries of an index of earlier releases."""

    number: int
    first: int
    count: int
    shards: tuple[ShardNodes, ...]

    @property
    def name(self) -> str:
        """The block's name in files."""
        return f"{self.number:05d}"

    @property
    def documents(self) -> int:
        """How many nodes the block has."""
        return self.count

    def __str__(self) -> str:
        if not self.shards:
            return f"block {self.number} of the index"
        return f"{self.shards[0].name}–{self.shards[-1].name}" if len(self.shards) > 1 else self.shards[0].name


@dataclass(frozen=True)
class Part:
    """A range of hash values that one task works on: of keys, or of clusters."""

    number: int
    documents: int

    @property
    def name(self) -> str:
        """The part's name in files."""
        return f"{self.number:05d}"

    def __str__(self) -> str:
        return f"part {self.number}"


@dataclass(frozen=True)
class Nodes:
    """All nodes: the documents of the run, behind them the entries of an index of earlier releases."""

    blocks: tuple[Block, ...]

    @property
    def documents(self) -> int:
        """How many nodes are documents of the run; entries of the index have higher numbers."""
        return sum(block.count for block in self.document_blocks)

    @property
    def document_blocks(self) -> tuple[Block, ...]:
        """The blocks of documents of the run."""
        return tuple(block for block in self.blocks if block.shards)

    @property
    def count(self) -> int:
        """How many nodes there are."""
        return sum(block.count for block in self.blocks)

    @cached_property
    def part_count(self) -> int:
        """Hash ranges, a power of two, so that a range of the index holds whole ranges of a run or the reverse."""
        return 1 << (max(len(self.blocks), 1) - 1).bit_length()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The hash ranges, with the nodes that each is expected to hold."""
        return tuple(Part(number, self.count // self.part_count) for number in range(self.part_count))

    def block_of(self, nodes: Int64Array) -> Int64Array:
        """The number of each node's block, int64 of shape (n,)."""
        firsts = np.array([block.first for block in self.blocks], np.int64)
        return np.asarray(np.searchsorted(firsts, nodes, side="right") - 1, np.int64)

    def part_of(self, hashes: Uint64Array) -> Int64Array:
        """The part of each hash by its upper bits, int64 of shape (n,)."""
        bits = self.part_count.bit_length() - 1
        if bits == 0:
            return np.zeros(len(hashes), np.int64)
        return (hashes >> np.uint64(64 - bits)).astype(np.int64)


def number_nodes(shards: Mapping[str, tuple[int, str]], released: int, memory: int) -> Nodes:
    """Nodes of shards (name: documents, content), in name order, and of the released documents of an index.

    A block holds as many documents as `memory` bytes allow, or one shard where that alone has more.
    """
    limit = max(1, memory // BYTES_A_DOCUMENT)
    blocks: list[Block] = []
    first = 0
    for shards_of_block in _blocks_of_shards(shards, limit):
        numbered = []
        start = first
        for name in shards_of_block:
            count, content = shards[name]
            numbered.append(ShardNodes(name, first, count, content))
            first += count
        blocks.append(Block(len(blocks), start, first - start, tuple(numbered)))
    for start in range(0, released, limit):
        blocks.append(Block(len(blocks), first + start, min(limit, released - start), ()))
    return Nodes(tuple(blocks))


def _blocks_of_shards(shards: Mapping[str, tuple[int, str]], limit: int) -> Iterable[list[str]]:
    block: list[str] = []
    held = 0
    for name in sorted(shards):
        count, _ = shards[name]
        if block and held + count > limit:
            yield block
            block, held = [], 0
        block.append(name)
        held += count
    if block:
        yield block


def in_piece(hashes: Uint64Array, piece: int, pieces: int) -> npt.NDArray[np.bool_]:
    """Which hashes of a part are in one of its equal pieces: by their lower bits, since a part has its upper ones."""
    return np.asarray((hashes & np.uint64(0xFFFF_FFFF)) % np.uint64(pieces) == piece, np.bool_)


@dataclass(frozen=True)
class ClusterJob:
    """What every task of the clustering needs: the run, its nodes, and the hash of what all of it depends on."""

    job: Job
    nodes: Nodes
    fingerprint: str
    index: "ReleaseIndex | None" = None

    @property
    def memory(self) -> int:
        """Bytes that the data of one task may take."""
        return self.job.configuration.settings.deduplication.memory

    def files(self, stage: str) -> list[str]:
        """The files that the run's blocks wrote in a step, in order."""
        return [f"{stage}/{block.name}.parquet" for block in self.nodes.document_blocks]


def rows_of(shard: ShardNodes, table: pa.Table) -> pa.Table:
    """For each row of a shard the row of its node in a table, nulls where there is none."""
    nodes = table.column("node").to_numpy()
    mine = np.flatnonzero((nodes >= shard.first) & (nodes < shard.first + shard.count))
    places = np.full(shard.count, -1, np.int64)
    places[nodes[mine] - shard.first] = mine
    return table.take(pa.array(places, mask=places < 0))
