"""Columns of documents, wherever they stand: in documents/ and in what later stages annotate, joined by key."""

from collections.abc import Iterable

import pyarrow as pa

from pipeline.schema import ANNOTATIONS, KEY
from pipeline.shards import check_same_documents, read_table
from pipeline.storage import Folder


def read_columns(folder: Folder, shard: str, wanted: Iterable[str]) -> pa.Table:
    """Key, language and the wanted columns of a shard's documents. Raises ShardError for other documents."""
    names = dict.fromkeys([KEY.name, "language", *wanted])
    annotations = {
        stage: [column.name for column in columns if column.name in names] for stage, columns in ANNOTATIONS.items()
    }
    elsewhere = {name for found in annotations.values() for name in found}
    documents = read_table(folder, f"documents/{shard}.parquet", [name for name in names if name not in elsewhere])
    for stage, found in annotations.items():
        if found:
            table = read_table(folder, f"{stage}/{shard}.parquet", [KEY.name, *found])
            check_same_documents(shard, documents, table, f"{stage}/")
            for name in found:
                documents = documents.append_column(name, table.column(name))
    return documents
