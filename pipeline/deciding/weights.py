"""weights.json: how often documents are to be seen in training, per language and size of their cluster."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from configs.model import Upsampling
from dedup.rehydration import RemovalRate, WeightTable, removal_rates, weights_from_rates
from pipeline.shards import Job

NAME = "weights.json"
# Language, size of the cluster, whether a rule is against its best copy, and how many clusters that holds for.
Failure = tuple[str, int, bool, int]


def write_weights(job: Job, judged: Iterable[Mapping[str, Any]]) -> None:
    """Write the weights of each language, with the rates that they come from, from the facts of judged blocks."""
    settings = job.configuration.settings.upsampling
    job.folder.remove(NAME)
    if settings.method != "none":
        failures = [tuple(failure) for facts in judged for failure in facts["failures"]]
        job.folder.write_json(NAME, weights_by_language(failures, settings))


def weights_by_language(failures: Iterable[Failure], settings: Upsampling) -> dict[str, dict[str, Any]]:
    """For each language its weights, and, where the run computed them, the removal rates behind them."""
    counts: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for language, size, failed, documents in failures:
        counts[language].append((size, documents, documents if failed else 0))
    data = {}
    for language, rows in sorted(counts.items()):
        rates: list[RemovalRate] = []
        table = WeightTable(ranges=settings.table)
        if settings.method == "rehydration":
            sizes, clusters, removed = np.array(rows, np.int64).T
            rates = removal_rates(sizes, clusters, removed, settings.minimum_documents)
            table = weights_from_rates(rates, settings.largest_weight)
        data[language] = {
            "weights": table.model_dump(mode="json")["ranges"],
            "rates": [[rate.first, rate.last, rate.documents, rate.removed] for rate in rates],
        }
    return data


def read_weights(job: Job) -> dict[str, WeightTable]:
    """The weights of each language; none where there are none."""
    data = job.folder.read_json(NAME) or {}
    return {language: WeightTable(ranges=entry["weights"]) for language, entry in data.items()}


def weights_of(decided: pa.Table, weights: Mapping[str, WeightTable]) -> pa.Array:
    """The weight of each kept document of a shard by its language and cluster size; null where there is none."""
    found = np.zeros(decided.num_rows, np.int64)
    languages = np.array(decided.column("language").to_pylist(), object)
    sizes = decided.column("minhash_cluster_size").to_numpy()
    for language in set(languages.tolist()) & weights.keys():
        rows = languages == language
        found[rows] = weights[language].weight_of(sizes[rows])
    keep = decided.column("keep").to_numpy(zero_copy_only=False)
    return pa.array(found, pa.int64(), mask=~keep | (found == 0))
