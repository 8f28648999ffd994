"""clusters.json: how many clusters were checked and split, and the largest ones with documents to look at."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.clustering.largest import SHOWN, Cluster, check_largest
from pipeline.clustering.nodes import ClusterJob, ShardNodes
from pipeline.shards import read_table

NAME = "clusters.json"
SAMPLE_CHARACTERS = 300


def write_largest(work: ClusterJob, largest: Sequence[Cluster], facts: Iterable[Mapping[str, Any]]) -> None:
    """Write clusters.json from the facts of settled parts."""
    parts = list(facts)
    data = {name: sum(part[name] for part in parts) for name in ("checked", "split")}
    shown = [entry | {"samples": [sample(node, work) for node in entry["nodes"]]} for entry in largest[:SHOWN]]
    limit = work.job.configuration.settings.deduplication.largest_cluster_documents
    large = [entry for entry in largest if entry["documents"] > limit]
    work.job.folder.write_json(NAME, data | {"largest": shown, "large": large})


def check_limit(work: ClusterJob, documents: Mapping[str, int]) -> None:
    """No cluster of clusters.json may remove more of a language than is allowed. Raises RunError."""
    data = work.job.folder.read_json(NAME)
    check_largest(data["large"] if data else [], documents, work.job.configuration.settings.deduplication)


def sample(node: int, work: ClusterJob) -> dict[str, Any]:
    """The document of a node, for people to look at."""
    shard = _shard_of(node, work)
    table = read_table(work.job.folder, f"documents/{shard.name}.parquet", ["id", "url", "language", "text"])
    row: dict[str, Any] = table.slice(node - shard.first, 1).to_pylist()[0]
    text = row.pop("text")
    return row | {"characters": len(text), "text": text[:SAMPLE_CHARACTERS]}


def _shard_of(node: int, work: ClusterJob) -> ShardNodes:
    shards = (shard for block in work.nodes.blocks for shard in block.shards)
    return next(shard for shard in shards if shard.first <= node < shard.first + shard.count)
