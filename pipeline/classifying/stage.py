"""Stage classify: classes/<shard>.parquet, row-aligned with documents/<shard>.parquet.

One step over blocks. A worker process loads each classifier once and keeps it for all blocks that come to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from rich.console import Console

from pipeline.classifying.models import classifier_version, load_classifier
from pipeline.classifying.parameters import CLASS_COLUMNS, Classifier, ClassifyingParameters
from pipeline.clustering.nodes import Block, ClusterJob, ShardNodes
from pipeline.clustering.steps import Facts, Step, run_last_step
from pipeline.fingerprints import digest
from pipeline.runner import Runner
from pipeline.schema import KEY
from pipeline.shards import Done, commit, open_parquet, write_table

STAGE = "classes"
CLASSES = pa.schema([KEY, *((column.name, column.type) for column in CLASS_COLUMNS)])
# Documents whose texts are in memory at a time.
BATCH = 256


@dataclass(frozen=True)
class ClassifyingJob(ClusterJob):
    """What every task of the stage needs."""

    parameters: ClassifyingParameters = field(default_factory=ClassifyingParameters)


def classifying_job(work: ClusterJob, parameters: ClassifyingParameters) -> ClassifyingJob:
    """The stage's job over the documents of a clustering. Raises ModelError or UsageError."""
    versions = [classifier_version(classifier) for classifier in parameters.models]
    # A tag may come to name another commit: what was found under the name counts.
    models = [classifier.model_dump(exclude={"revision"}) for classifier in parameters.models]
    return ClassifyingJob(work.job, work.nodes, digest(work.fingerprint, models, versions), work.index, parameters)


def classify_documents(work: ClassifyingJob, runner: Runner, console: Console) -> None:
    """Write classes/ of all shards."""
    run_last_step(Step(STAGE, STAGE, write_classes, work.parameters.gpus), work, runner, console)


def write_classes(block: Block, work: ClassifyingJob) -> Facts:
    """Write classes/ of the block's shards."""
    for shard in block.shards:
        rows = _rows(shard, work)
        name = f"{STAGE}/{shard.name}.parquet"
        write_table(work.job.folder, name, pa.Table.from_pylist(rows, schema=CLASSES))
        facts = {"documents": len(rows), "classified": sum(row["classes"] is not None for row in rows)}
        commit(work.job.folder, Done(STAGE, shard.name, work.fingerprint, [name]), facts)
    return {"documents": block.count}


def _rows(shard: ShardNodes, work: ClassifyingJob) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with open_parquet(work.job.folder, f"documents/{shard.name}.parquet") as file:
        for batch in file.iter_batches(BATCH, columns=[KEY.name, "text", "language"], use_threads=False):
            documents = batch.to_pylist()
            found = [{KEY.name: row[KEY.name], "classes": None, "class_scores": None} for row in documents]
            for classifier in work.parameters.models:
                _add_classes(classifier, documents, found)
            rows += found
    return rows


def _add_classes(classifier: Classifier, documents: Sequence[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """Add to the rows of the classifier's languages what it says of their documents."""
    places = [place for place, row in enumerate(documents) if is_for(classifier, row["language"])]
    texts = [documents[place]["text"] for place in places]
    said = load_classifier(classifier).classify(texts) if texts else ()
    for place, classes in zip(places, said, strict=True):
        row = found[place]
        row["classes"] = (row["classes"] or []) + classes.given
        scores = [{"class": name, "score": score} for name, score in classes.scores]
        row["class_scores"] = (row["class_scores"] or []) + scores


def is_for(classifier: Classifier, language: str) -> bool:
    """Whether a classifier is for a language such as `deu_Latn`.

    >>> is_for(Classifier(name="a", model="b", languages=("Cyrl", "deu_Latn")), "rus_Cyrl")
    True
    """
    return not {"*", language, language.rpartition("_")[2]}.isdisjoint(classifier.languages)
