"""Step keys: what documents are found by, 64 bits each: bands of their signatures, and digests of what is exact.

Documents of equal key are linked. Within a block that happens here, so that each key leaves the block once: a page that
a million documents copy is one row a block, and no hash range is ever larger than the others for its sake.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from configs.model import Deduplication
from dedup.bands import band_keys, link_equal_keys
from dedup.components import contract
from dedup.kernels import GOLDEN_GAMMA, MIX_1, MIX_2, SHIFT_27, SHIFT_30, SHIFT_31, Uint64Array
from langid.documents import group_of
from pipeline.clustering.exchange import send
from pipeline.clustering.nodes import Block, ClusterJob, Int64Array, ShardNodes
from pipeline.errors import ShardError
from pipeline.shards import Done, commit, read_table
from pipeline.signatures import signature_matrix

STAGE = "work/keys"
LINKS = "work/links"
EXACT_COLUMNS = {"payload": "payload_identity", "text": "text_digest", "url": "url_identity"}

BoolArray = npt.NDArray[np.bool_]


def make_keys(block: Block, work: ClusterJob) -> dict[str, Any]:
    """Write the block's keys for each hash range, and its links for the blocks of components.

    The facts name the shards whose signatures/ are not those that curate committed.
    """
    settings = work.job.configuration.settings.deduplication
    nodes, keys, stale = [np.empty(0, np.int64)], [np.empty(0, np.uint64)], []
    for shard in block.shards:
        signatures = read_table(work.job.folder, f"signatures/{shard.name}.parquet")
        if content_digest(signatures) != shard.content:
            stale.append(shard.name)
            continue
        found, valid = document_keys(signatures, settings)
        rows, _ = np.nonzero(valid)
        nodes.append(rows + shard.first)
        keys.append(found[valid])
    links, key, node = link(np.concatenate(keys), np.concatenate(nodes))
    names = [f"{STAGE}/{block.name}.parquet", f"{LINKS}/{block.name}.parquet"]
    send(
        work.job.folder,
        names[0],
        pa.table({"key": key, "node": node}),
        work.nodes.part_of(key),
        work.nodes.part_count,
    )
    send_edges(names[1], links, work)
    facts = {"keys": len(key), "links": len(links), "stale": stale}
    if not stale:  # else the block is to be done again
        commit(work.job.folder, Done(STAGE, block.name, work.fingerprint, names), facts)
    return facts


def read_signatures(shard: ShardNodes, work: ClusterJob) -> pa.Table:
    """A shard's signatures. Raises ShardError where they are not those that the numbering was made for."""
    table = read_table(work.job.folder, f"signatures/{shard.name}.parquet")
    if content_digest(table) != shard.content:
        raise ShardError(f"signatures/{shard.name}.parquet: changed since it was made; remove it and run again")
    return table


def content_digest(signatures: pa.Table) -> str:
    """What a shard's rows of signatures/ are: documents, digests, signatures, in their order."""
    hasher = xxhash.xxh3_128()
    for name in signatures.column_names:
        column = signatures.column(name).combine_chunks()
        hasher.update(name.encode())
        hasher.update(column.is_valid().to_numpy(zero_copy_only=False).tobytes())
        for buffer in column.drop_null().buffers()[1:]:
            hasher.update(buffer or b"")
    return hasher.hexdigest()


def document_keys(signatures: pa.Table, settings: Deduplication) -> tuple[Uint64Array, BoolArray]:
    """The keys of documents, uint64 of shape (n, bands + kinds of identity), and which of them exist.

    `signatures` has the columns of signatures/. A key is salted with the scope, within which alone documents are
    compared, and with its kind. A document without a signature has no keys of bands, one without a digest none of that.
    By chance two keys of 2^64 agree among 10 billion documents some hundred times, and link two documents each time.
    """
    matrix, valid = signature_matrix(signatures, settings)
    salts = scope_salts(signatures, settings)
    kinds = [*range(settings.bands), *(settings.bands + list(EXACT_COLUMNS).index(name) for name in settings.exact)]
    keys = np.zeros((len(matrix), len(kinds)), np.uint64)
    exists = np.zeros(keys.shape, np.bool_)
    keys[:, : settings.bands] = band_keys(matrix, settings)
    exists[:, : settings.bands] = valid[:, None]
    for place, name in enumerate(settings.exact, settings.bands):
        keys[:, place], exists[:, place] = digest_keys(signatures.column(EXACT_COLUMNS[name]))
    offsets = np.array([(kind + 1) * int(GOLDEN_GAMMA) % 2**64 for kind in kinds], np.uint64)
    return mix((keys + offsets) ^ salts[:, None]), exists


def digest_keys(column: pa.ChunkedArray) -> tuple[Uint64Array, BoolArray]:
    """The first eight of each digest's sixteen bytes, and which digests there are."""
    array = column.combine_chunks()
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    filled = array.fill_null(bytes(16))
    values = np.frombuffer(filled.buffers()[1], np.dtype("<u8"), 2 * len(filled), filled.offset * 16)
    return values[::2].copy(), valid


def scope_salts(signatures: pa.Table, settings: Deduplication) -> Uint64Array:
    """A hash of each document's scope, uint64 of shape (n,): only documents of one scope are compared."""
    parts = []
    if settings.scope != "global":
        parts.append(signatures.column("language"))
    if settings.snapshots == "each":
        parts.append(signatures.column("dump"))
    salts = np.zeros(signatures.num_rows, np.uint64)
    for place, column in enumerate(parts):
        encoded = column.combine_chunks().dictionary_encode()
        names = [_scope_name(name, settings) for name in encoded.dictionary.to_pylist()]
        hashes = np.array([xxhash.xxh3_64_intdigest(f"{place}\0{name}".encode()) for name in [*names, ""]], np.uint64)
        numbers = encoded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
        salts ^= hashes[numbers]
    return salts


def _scope_name(name: str, settings: Deduplication) -> str:
    return group_of(name) if settings.scope == "group" else name


def mix(values: Uint64Array) -> Uint64Array:
    """The finalizer of splitmix64, so that parts by upper bits are of equal size."""
    values = (values ^ (values >> SHIFT_30)) * MIX_1
    values = (values ^ (values >> SHIFT_27)) * MIX_2
    return np.asarray(values ^ (values >> SHIFT_31), np.uint64)


def link(keys: Uint64Array, nodes: Int64Array) -> tuple[Int64Array, Uint64Array, Int64Array]:
    """Links between the nodes of equal keys, as a star forest (root, other), and each key once with a root's number."""
    edges, distinct, smallest = link_equal_keys(keys, nodes)
    forest = contract(edges)
    return forest, distinct, roots_of(smallest, forest)


def roots_of(nodes: Int64Array, forest: Int64Array) -> Int64Array:
    """The root of each node in a star forest (root, other); its own where it is in no edge."""
    if len(forest) == 0:
        return nodes
    order = np.argsort(forest[:, 1], kind="stable")
    others = forest[order, 1]
    places = np.minimum(np.searchsorted(others, nodes), len(others) - 1)
    return np.where(others[places] == nodes, forest[order[places], 0], nodes)


def send_edges(name: str, edges: Int64Array, work: ClusterJob) -> None:
    """Write edges for the blocks of both their ends, each with its own end first."""
    both = np.concatenate((edges, edges[:, ::-1]))
    table = pa.table({"node": both[:, 0].copy(), "other": both[:, 1].copy()})
    send(work.job.folder, name, table, work.nodes.block_of(both[:, 0]), len(work.nodes.blocks))


def duplicate_kinds(copies: pa.Table, kept: pa.Table, exact: tuple[str, ...]) -> pa.Array:
    """In what each copy equals the document at its side: the first of `exact` that agrees, or `near`."""
    kinds = pa.array(["near"] * copies.num_rows, pa.string())
    for kind in reversed(exact):
        same = pc.equal(copies.column(EXACT_COLUMNS[kind]), kept.column(EXACT_COLUMNS[kind])).fill_null(False)
        kinds = pc.if_else(same.combine_chunks(), kind, kinds)
    return kinds
