"""Stage cluster: near-duplicates within a language, from the signatures of all shards.

A document of a cluster gets a rank, not a verdict: which copy is kept is decided later, among those that pass the
rules, so that a cluster never vanishes because its first copy was the one with a rule against it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.bands import band_keys, candidate_edges
from dedup.components import connected_components
from dedup.keep import rank_members
from dedup.parameters import MinHashParameters
from pipeline.schema import KEY
from pipeline.shards import Done, Job, LanguageTask, check_same_documents, commit, read_languages, write_table

STAGE = "clusters"
CLUSTERS = pa.schema(
    [
        KEY,
        ("id", pa.string()),
        ("minhash_cluster_id", pa.string()),
        ("minhash_cluster_size", pa.int64()),
        ("rank", pa.int64()),
    ]
)


def cluster(task: LanguageTask, job: Job) -> None:
    """Write the clusters of each language, a row per document in the order of its shards."""
    policy = [entry.removeprefix("-") for entry in job.configuration.settings.deduplication.keep]
    columns = list(dict.fromkeys(["key", "id", "file_path", "offset", *policy]))
    signatures = read_languages(job.folder, "signatures", task)
    documents = read_languages(job.folder, "documents", task, columns)
    for (language, signed), (_, described) in zip(signatures, documents, strict=True):
        table = cluster_language(language, pa.concat_tables(signed), pa.concat_tables(described), job)
        name = f"{STAGE}/{language}.parquet"
        write_table(job.folder, name, table)
        commit(job.folder, Done(STAGE, language, job.fingerprints.cluster, [name]), {"documents": table.num_rows})


def cluster_language(language: str, signatures: pa.Table, documents: pa.Table, job: Job) -> pa.Table:
    """The rows of clusters/ of one language. Raises ShardError if the two tables are not of the same documents."""
    check_same_documents(language, documents, signatures, "documents/ and signatures/")
    deduplication = job.configuration.settings.deduplication
    labels = components_of(signature_matrix(signatures, deduplication), deduplication)
    # Two records may share an id; with file and offset behind it the order is the same in every run.
    places = zip(*(documents.column(name).to_pylist() for name in ("id", "file_path", "offset")), strict=True)
    ids = [f"{identifier}\0{path}\0{offset:020d}" for identifier, path, offset in places]
    policy = [entry.removeprefix("-") for entry in deduplication.keep]
    columns = {name: documents.column(name).to_numpy(zero_copy_only=False) for name in policy}
    return cluster_table(documents, labels, rank_members(labels, columns, deduplication.keep, ids))


def signature_matrix(table: pa.Table, parameters: MinHashParameters) -> list[npt.NDArray[np.uint32] | None]:
    """One signature a document, None where the document had nothing to hash."""
    column = table.column("signature").combine_chunks()
    values = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, parameters.size)
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    # flatten() leaves out the values of null lists, so valid documents number the rows of the matrix.
    numbers = np.cumsum(valid) - 1
    return [values[number] if known else None for number, known in zip(numbers, valid, strict=True)]


def components_of(
    signatures: Sequence[npt.NDArray[np.uint32] | None], parameters: MinHashParameters
) -> npt.NDArray[np.int64]:
    """Component of each document, int64 of shape (n,); one without a signature is alone."""
    rows = np.array([row for row, signature in enumerate(signatures) if signature is not None], dtype=np.int64)
    labels = np.arange(len(signatures), dtype=np.int64)
    if len(rows):
        matrix = np.stack([signature for signature in signatures if signature is not None])
        edges = candidate_edges(band_keys(matrix, parameters))
        labels[rows] = rows[connected_components(len(rows), edges)]
    return labels


def cluster_table(documents: pa.Table, labels: npt.NDArray[np.int64], ranks: npt.NDArray[np.int64]) -> pa.Table:
    """The rows of clusters/: the cluster's id is its smallest document id, whatever the order of the rows."""
    ids = np.array(documents.column("id").to_pylist(), dtype=object)
    _, component, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    smallest: dict[int, str] = {}
    for label, identifier in zip(component.tolist(), ids.tolist(), strict=True):
        smallest[label] = min(smallest.get(label, identifier), identifier)
    return pa.table(
        {
            "key": documents.column("key").combine_chunks(),
            "id": ids,
            "minhash_cluster_id": [smallest[label] for label in component.tolist()],
            "minhash_cluster_size": sizes[component],
            "rank": ranks,
        },
        schema=CLUSTERS,
    )
