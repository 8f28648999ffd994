"""The stage cluster: its steps in their order."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from pipeline.clustering import clusters, edges, keys, members, settle
from pipeline.clustering.components import connect
from pipeline.clustering.largest import merge_largest
from pipeline.clustering.nodes import ClusterJob, number_nodes
from pipeline.clustering.samples import check_limit, write_largest
from pipeline.clustering.steps import Step, run_last_step, run_step
from pipeline.errors import StaleShardsError
from pipeline.fingerprints import digest
from pipeline.release.index import ReleaseIndex
from pipeline.runner import Runner
from pipeline.shards import Job

STAGE = "cluster"
KEYS = Step(STAGE, keys.STAGE, keys.make_keys)
EDGES = Step(STAGE, edges.STAGE, edges.make_edges)
MEMBERS = Step(STAGE, members.STAGE, members.make_members)
SETTLE = Step(STAGE, settle.STAGE, settle.settle)
CLUSTERS = Step(STAGE, clusters.STAGE, clusters.make_clusters)


def cluster_job(job: Job, commits: Mapping[str, dict[str, Any]], index: ReleaseIndex | None) -> ClusterJob:
    """The clustering of a run's shards, given their commits.

    Its fingerprint holds what each shard's rows are, so that a shard with other rows makes all of it anew.
    """
    contents = [(shard, facts["content"]) for shard, facts in sorted(commits.items())]
    fingerprint = digest(job.fingerprints.cluster, contents, index.digest if index else None)
    memory = job.configuration.settings.deduplication.memory
    shards = {shard: (int(facts["documents"]), str(facts["content"])) for shard, facts in commits.items()}
    return ClusterJob(job, number_nodes(shards, index.count if index else 0, memory), fingerprint, index)


def cluster(work: ClusterJob, documents: Mapping[str, int], runner: Runner, console: Console) -> None:
    """Write clusters/ of all shards; `documents` counts the documents of each language.

    Raises RunError where one cluster would remove more of a language than is allowed; then clusters/ is not written.
    Raises StaleShardsError where signatures/ are not those that curate committed.
    """
    made = run_step(KEYS, work.nodes.document_blocks, work, runner, console)
    stale = [shard for facts in made.values() for shard in facts["stale"]]
    if stale:
        raise StaleShardsError(stale)
    run_step(EDGES, work.nodes.parts, work, runner, console)
    names = work.files(keys.LINKS)
    names += [f"{edges.STAGE}/{part.name}.parquet" for part in work.nodes.parts]
    connect(names, work, runner, console)
    run_step(MEMBERS, work.nodes.blocks, work, runner, console)
    settled = run_step(SETTLE, work.nodes.parts, work, runner, console)
    largest = merge_largest(facts["largest"] for facts in settled.values())
    write_largest(work, largest, settled.values())
    check_limit(work, documents)
    run_last_step(CLUSTERS, work, runner, console)
