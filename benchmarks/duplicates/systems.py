"""The systems that are measured: each takes a file of documents and gives the edges of its clusters.

A line is a document, its words are parted by spaces. Every system splits them there, and uses shingles of 5
words and 14 bands of 8 rows.
"""

import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt

from dedup.bands import band_keys, link_equal_keys
from dedup.components import contract
from dedup.minhash import batch_signatures
from dedup.parameters import MinHashParameters

PARAMETERS = MinHashParameters()
BATCH = 500  # documents whose signatures glotmill holds before it cuts them into bands
Edges = Sequence[tuple[int, int]] | npt.NDArray[np.int64]


def read_lines(path: Path, limit: int | None) -> Iterator[str]:
    """The documents of a file, at most `limit`, without holding more than one."""
    with path.open(encoding="utf-8") as file:
        yield from (line.rstrip("\n") for line in islice(file, limit))


def cluster_glotmill(path: Path, limit: int | None) -> Edges:
    """This project: signatures are cut into bands batch by batch, and only the bands' keys are held."""
    keys = [np.empty((0, PARAMETERS.bands), np.uint64)]
    rows = [np.empty(0, np.int64)]
    row = 0
    with path.open("rb") as file:
        lines = islice(file, limit)
        while batch := list(islice(lines, BATCH)):
            ends = np.cumsum([len(line) for line in batch])
            signatures, valid = batch_signatures(b"".join(batch), ends, PARAMETERS, " ")
            keys.append(band_keys(signatures[valid], PARAMETERS))
            rows.append(row + np.flatnonzero(valid))
            row += len(batch)
    signed, of_bands = np.concatenate(rows), np.concatenate(keys).T
    return contract(np.concatenate([link_equal_keys(of_band.copy(), signed)[0] for of_band in of_bands]))


def cluster_datatrove(path: Path, limit: int | None) -> Edges:
    """datatrove's three stages, one after another in this process, with words split at white space."""
    from datatrove.pipeline.dedup import minhash

    minhash.load_word_tokenizer = lambda _language: SimpleNamespace(word_tokenize=str.split)
    config = minhash.MinhashConfig(num_buckets=PARAMETERS.bands, hashes_per_bucket=PARAMETERS.rows)
    with tempfile.TemporaryDirectory() as folder:
        signatures, buckets, clusters = (f"{folder}/{name}" for name in ("signatures", "buckets", "clusters"))
        minhash.MinhashDedupSignature(signatures, config).run(
            SimpleNamespace(text=words) for words in read_lines(path, limit)
        )
        for rank in range(PARAMETERS.bands):
            stage = minhash.MinhashDedupBuckets(signatures, buckets, config=config)
            stage.run(None, rank, world_size=PARAMETERS.bands)
        minhash.MinhashDedupCluster(buckets, clusters, config, save_cluster_id=True).run(None, 0, world_size=1)
        records = b"".join(path.read_bytes() for path in Path(clusters).glob("*.clusters"))
    first: dict[int, int] = {}
    return [(row, first.setdefault(label, row)) for row, label in struct.iter_unpack("<2I", records)]


def cluster_datasketch(path: Path, limit: int | None) -> Edges:
    """datasketch's MinHash and its index, asked for the earlier candidates of each document."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=PARAMETERS.size, params=(PARAMETERS.bands, PARAMETERS.rows))
    edges = []
    for row, words in enumerate(read_lines(path, limit)):
        minhash = MinHash(num_perm=PARAMETERS.size, seed=PARAMETERS.seed)
        minhash.update_batch([shingle.encode() for shingle in joined_shingles(words)])
        edges += [(row, other) for other in index.query(minhash)]
        index.insert(row, minhash)
    return edges


def cluster_rensa(path: Path, limit: int | None) -> Edges:
    """rensa's MinHash (R-MinHash, in Rust) and its index."""
    rensa = import_module("rensa")
    index = rensa.RMinHashLSH(0.7, PARAMETERS.size, PARAMETERS.bands)
    edges = []
    for row, words in enumerate(read_lines(path, limit)):
        minhash = rensa.RMinHash(num_perm=PARAMETERS.size, seed=PARAMETERS.seed)
        minhash.update(joined_shingles(words))
        edges += [(row, other) for other in index.query(minhash)]
        index.insert(row, minhash)
    return edges


def joined_shingles(text: str) -> list[str]:
    """Shingles as strings, which datasketch and rensa hash; a document of fewer words is one shingle."""
    words, size = text.split(), PARAMETERS.shingle_size
    return [" ".join(words[i : i + size]) for i in range(max(len(words) - size + 1, min(len(words), 1)))]


SYSTEMS: dict[str, Callable[[Path, int | None], Edges]] = {
    "datatrove": cluster_datatrove,
    "datasketch": cluster_datasketch,
    "rensa": cluster_rensa,
    "glotmill": cluster_glotmill,
}
