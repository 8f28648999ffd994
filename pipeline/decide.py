"""Stage decide: from columns to `keep` and all `reject_reasons`, by rules that are configuration.

Nothing is measured here, so new thresholds cost minutes. The unit is a language: of each cluster of near-duplicates the
best copy that passes the rules is kept, and knowing that takes all copies.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from filters.base import Rule
from pipeline.schema import KEY
from pipeline.shards import (
    Done,
    Job,
    LanguageTask,
    check_same_documents,
    commit,
    read_languages,
    read_table,
    write_table,
)

STAGE = "decisions"
DUPLICATE = "duplicate"
SHOWN = ["key", "id", "file_path", "language", "text_characters"]
DECISIONS = pa.schema(
    [
        KEY,
        ("id", pa.string()),
        ("file_path", pa.string()),
        ("language", pa.string()),
        ("text_characters", pa.int64()),
        ("minhash_cluster_id", pa.string()),
        ("minhash_cluster_size", pa.int64()),
        ("keep", pa.bool_()),
        ("reject_reasons", pa.list_(pa.string())),
        ("duplicate_of", pa.string()),
    ]
)
BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]


def decide(task: LanguageTask, job: Job) -> None:
    """Write the decisions of each language, a row per document in the order of its shards."""
    rules = [job.configuration.for_language(language).rules for language, _ in task.languages]
    judged = dict.fromkeys(rule.column for of_language in rules for rule in of_language.values())
    columns = list(dict.fromkeys([*SHOWN, *judged]))
    for language, tables in read_languages(job.folder, "documents", task, columns):
        clusters = read_table(job.folder, f"clusters/{language}.parquet")
        table = decide_language(language, pa.concat_tables(tables), clusters, job)
        name = f"{STAGE}/{language}.parquet"
        write_table(job.folder, name, table)
        done = Done(STAGE, language, job.fingerprints.decisions(language), [name])
        commit(job.folder, done, {"documents": table.num_rows})


def decide_language(language: str, documents: pa.Table, clusters: pa.Table, job: Job) -> pa.Table:
    """The rows of decisions/ of one language. Raises ShardError if the tables are not of the same documents."""
    check_same_documents(language, documents, clusters, "clusters/")
    rules = job.configuration.for_language(language).rules
    failures = failed_rules(documents, rules)
    ids = clusters.column("minhash_cluster_id").to_pylist()
    keeper = elect(ids, clusters.column("rank").to_numpy(), passing(failures))
    if not job.configuration.settings.deduplication.remove:
        keeper = np.full(documents.num_rows, -1, np.int64)
    return _decision_table(documents.select(SHOWN), clusters, failures, list(rules), keeper)


def failed_rules(documents: pa.Table, rules: Mapping[str, Rule]) -> BoolArray:
    """Which rules each document fails, bool of shape (documents, rules); a null was not measured and passes."""
    failures = np.zeros((documents.num_rows, len(rules)), np.bool_)
    for position, rule in enumerate(rules.values()):
        failures[:, position] = fails(documents.column(rule.column), rule)
    return failures


def passing(failures: BoolArray) -> BoolArray:
    """Which documents fail no rule, bool of shape (documents,)."""
    return np.asarray(np.count_nonzero(failures, axis=1) == 0, np.bool_)


def fails(values: pa.ChunkedArray, rule: Rule) -> BoolArray:
    """Which values one rule is against, bool of shape (n,).

    >>> fails(pa.chunked_array([[1.0, None, 3.0]]), Rule(column="c", max=2)).tolist()
    [False, False, True]
    """
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    against = []
    if rule.min is not None:
        against.append(pc.less(values, rule.min))
    if rule.max is not None:
        against.append(pc.greater(values, rule.max))
    if rule.one_of is not None:
        against.append(pc.invert(_matches(values, rule.one_of)))
    if rule.none_of is not None:
        against.append(_matches(values, rule.none_of))
    failed = np.zeros(len(values), np.bool_)
    for test in against:
        failed |= test.fill_null(False).to_numpy()
    return np.asarray(failed & values.is_valid().to_numpy(), np.bool_)


def _matches(values: pa.ChunkedArray, patterns: Sequence[str]) -> pa.ChunkedArray:
    """Which values are one of the patterns; `*` stands for anything, as in `und_*`."""
    distinct = values.unique().drop_null().to_pylist()
    found = [value for value in distinct if any(fnmatchcase(value, pattern) for pattern in patterns)]
    return pc.is_in(values, pa.array(found, values.type))


def elect(clusters: Sequence[str], rank: Int64Array, passes: BoolArray) -> Int64Array:
    """For each document the row of its cluster's kept copy, int64 of shape (n,); -1 where no copy passes.

    The kept copy is the best-ranked one among those that pass every rule.
    """
    best: dict[str, int] = {}
    for row in np.flatnonzero(passes).tolist():
        before = best.get(clusters[row])
        if before is None or rank[row] < rank[before]:
            best[clusters[row]] = row
    return np.array([best.get(cluster, -1) for cluster in clusters], dtype=np.int64)


def _decision_table(
    documents: pa.Table, clusters: pa.Table, failures: BoolArray, names: list[str], keeper: Int64Array
) -> pa.Table:
    rows = np.arange(documents.num_rows)
    duplicate = (keeper >= 0) & (keeper != rows)
    ids = documents.column("id").to_pylist()
    reasons = [
        [names[rule] for rule in np.flatnonzero(failed)] + [DUPLICATE] * bool(copy)
        for failed, copy in zip(failures, duplicate, strict=True)
    ]
    added = {
        "minhash_cluster_id": clusters.column("minhash_cluster_id"),
        "minhash_cluster_size": clusters.column("minhash_cluster_size"),
        "keep": pa.array([not found for found in reasons], pa.bool_()),
        "reject_reasons": pa.array(reasons, pa.list_(pa.string())),
        "duplicate_of": pa.array([ids[k] if d else None for k, d in zip(keeper, duplicate, strict=True)], pa.string()),
    }
    for name, values in added.items():
        documents = documents.append_column(name, values)
    return documents.select(DECISIONS.names).cast(DECISIONS)
