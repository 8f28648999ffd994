"""Step judge: the rules that each document fails; members of clusters stand for election."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.clustering.exchange import send
from pipeline.clustering.keys import EXACT_COLUMNS, digest_keys, read_signatures
from pipeline.clustering.nodes import Block, ClusterJob, ShardNodes
from pipeline.deciding.bounds import with_thresholds
from pipeline.deciding.columns import read_columns
from pipeline.deciding.rules import failed_rules
from pipeline.deciding.thresholds import read_thresholds
from pipeline.schema import KEY
from pipeline.shards import Done, check_same_documents, commit, read_table, rows_by_language, write_table

STAGE = "work/judged"
CANDIDATES = "work/candidates"
# What copies of a cluster are compared by again, where the best of them fails a rule.
COMPARED = (*EXACT_COLUMNS.values(), "signature")


def judge(block: Block, work: ClusterJob) -> dict[str, Any]:
    """Write the failed rules of the block's documents, and the members of clusters for the parts that elect.

    The facts count clusters by language, size, and whether a rule is against their best copy.
    """
    candidates, counts, names = [], Counter[tuple[str, int, bool]](), []
    for shard in block.shards:
        table = judge_shard(shard, work)
        names.append(f"{STAGE}/{shard.name}.parquet")
        write_table(work.job.folder, names[-1], table.select([KEY.name, "reasons"]))
        candidates.append(candidates_of(table, shard, work))
        counts += count_failures(table)
    table = pa.concat_tables(candidates)
    hashes, _ = digest_keys(table.column("cluster"))
    names.append(f"{CANDIDATES}/{block.name}.parquet")
    send(work.job.folder, names[-1], table, work.nodes.part_of(hashes), work.nodes.part_count)
    facts = {"failures": [[*place, count] for place, count in sorted(counts.items())]}
    commit(work.job.folder, Done(STAGE, block.name, work.fingerprint, names), facts)
    return facts


def judge_shard(shard: ShardNodes, work: ClusterJob) -> pa.Table:
    """Each document's failed rules in order, its cluster and its digests. Raises ShardError for other documents."""
    folder, configuration = work.job.folder, work.job.configuration
    thresholds = read_thresholds(folder)
    documents = read_columns(folder, shard.name, _judged_columns(shard, work))
    clusters = read_table(folder, f"clusters/{shard.name}.parquet")
    check_same_documents(shard.name, documents, clusters, "clusters/")
    digests = read_signatures(shard, work)
    check_same_documents(shard.name, documents, digests, "documents/ and signatures/")
    reasons: list[list[str]] = []
    for language, (first, count) in rows_by_language(documents).items():
        rules = with_thresholds(configuration.for_language(language).rules, thresholds.get(language, {}))
        names = list(rules)
        failures = failed_rules(documents.slice(first, count), rules)
        reasons += [[names[rule] for rule in np.flatnonzero(row)] for row in failures]
    columns = {name: clusters.column(name) for name in clusters.column_names}
    columns |= {name: digests.column(name) for name in COMPARED}
    columns |= {"language": documents.column("language"), "reasons": pa.array(reasons, pa.list_(pa.string()))}
    return pa.table(columns)


def _judged_columns(shard: ShardNodes, work: ClusterJob) -> list[str]:
    """What the rules of the shard's languages read."""
    configuration = work.job.configuration
    labels = rows_by_language(read_columns(work.job.folder, shard.name, ()))
    rules = (rule for label in labels for rule in configuration.for_language(label).rules.values())
    return list(dict.fromkeys(name for rule in rules for name in rule.columns))


def candidates_of(judged: pa.Table, shard: ShardNodes, work: ClusterJob) -> pa.Table:
    """The documents of clusters that elect a copy: of more than one document, and without a released one."""
    clustered = (judged.column("minhash_cluster_size").to_numpy() > 1) & ~judged.column(
        "released_id"
    ).is_valid().to_numpy()
    if not work.job.configuration.settings.deduplication.remove:
        clustered[:] = False
    rows = np.flatnonzero(clustered)
    members = judged.take(pa.array(rows))
    passes: npt.NDArray[np.bool_] = pc.list_value_length(members.column("reasons")).to_numpy() == 0
    return pa.table(
        {
            "node": rows + shard.first,
            "cluster": members.column("cluster"),
            "id": members.column("id"),
            "rank": members.column("rank"),
            "passes": passes,
            **{name: members.column(name) for name in COMPARED},
        }
    )


def count_failures(judged: pa.Table) -> Counter[tuple[str, int, bool]]:
    """Clusters by language, size, and whether a rule is against their best copy.

    Copies fare alike, so that counting them all would pretend a larger sample than there is.
    """
    best = judged.filter(pc.equal(judged.column("rank"), 0))
    failed = pc.greater(pc.list_value_length(best.column("reasons")), 0)
    columns = (best.column("language"), best.column("minhash_cluster_size"), failed)
    return Counter(zip(*(column.to_pylist() for column in columns), strict=True))
