"""The largest clusters: for the report, and the limit on what a single cluster may remove."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from configs.model import Deduplication
from pipeline.errors import RunError

# In the report; people look at the first few.
SHOWN = 20
Cluster = dict[str, Any]
Int64Array = npt.NDArray[np.int64]


def largest_clusters(members: pa.Table, verdicts: pa.Table, best: Int64Array, documents: int) -> list[Cluster]:
    """The clusters with most documents of this run, and all that have at least `documents`, largest first.

    `best` is the row of each member's best copy. Each has its id, its documents by language, the least and the median
    similarity to its best copy, and three of its nodes: the best-ranked, the one in the middle and the last.
    """
    of_run = np.flatnonzero(~members.column("released_id").is_valid().to_numpy())
    _, first, numbers, sizes = np.unique(best[of_run], return_index=True, return_inverse=True, return_counts=True)
    ids = verdicts.column("minhash_cluster_id").take(pa.array(of_run[first]))
    keys = [("documents", "descending"), ("id", "ascending")]
    order = pc.sort_indices(pa.table({"documents": sizes, "id": ids}), keys).to_numpy()
    wanted = order[(np.arange(len(order)) < SHOWN) | (sizes[order] >= documents)]
    return [_describe(members, verdicts, of_run[numbers == number]) for number in wanted.tolist()]


def _describe(members: pa.Table, verdicts: pa.Table, rows: Int64Array) -> Cluster:
    ranks = verdicts.column("rank").to_numpy()[rows]
    by_rank = rows[np.argsort(ranks)]
    # The best copy is like itself, which says nothing; it is not among the rows where it is a released document.
    copies = verdicts.column("minhash_similarity").take(pa.array(by_rank[ranks[np.argsort(ranks)] > 0]))
    similarity = copies.drop_null().to_numpy()
    samples = by_rank[[0, len(by_rank) // 2, -1]]
    return {
        "id": verdicts.column("minhash_cluster_id")[int(rows[0])].as_py(),
        "documents": len(rows),
        "languages": dict(Counter(members.column("language").take(pa.array(rows)).to_pylist()).most_common()),
        "least_similarity": float(similarity.min()) if len(similarity) else None,
        "median_similarity": float(np.median(similarity)) if len(similarity) else None,
        "nodes": list(dict.fromkeys(members.column("node").to_numpy()[samples].tolist())),
    }


def merge_largest(parts: Iterable[Iterable[Cluster]]) -> list[Cluster]:
    """The clusters of all parts, largest first; ties by id."""
    return sorted((entry for part in parts for entry in part), key=lambda entry: (-entry["documents"], entry["id"]))


def check_largest(clusters: Iterable[Cluster], documents: Mapping[str, int], settings: Deduplication) -> None:
    """No single cluster may remove more of a language than the configuration allows.

    `documents` counts the documents of each language. Raises RunError, which names the cluster and how to allow it.
    """
    if not settings.remove:
        return
    for cluster in clusters:
        for language, count in cluster["languages"].items():
            share = count / documents[language]
            if count > settings.largest_cluster_documents and share > settings.largest_cluster_share:
                raise RunError(
                    f"one cluster of near-duplicates holds {count:,} of the {documents[language]:,} "
                    f"documents in {language} ({share:.0%}; deduplication.largest_cluster_share allows to remove "
                    f"{settings.largest_cluster_share:.0%}). Its id is {cluster['id']}; clusters.json shows documents "
                    "of it. If they are copies of one page, allow it with --set "
                    "deduplication.largest_cluster_share=1; if they are not, raise deduplication.minimum_similarity"
                )
