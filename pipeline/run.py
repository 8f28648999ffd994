"""The whole run, top to bottom: plan, curate, cluster, decide, assemble, card."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from rich.console import Console

from pipeline import assemble as assembly
from pipeline.card import write_card
from pipeline.classifying.stage import STAGE as CLASSES
from pipeline.classifying.stage import ClassifyingJob, classify_documents, classifying_job
from pipeline.clustering.nodes import ClusterJob
from pipeline.clustering.samples import check_limit
from pipeline.clustering.stage import CLUSTERS, cluster, cluster_job
from pipeline.clustering.steps import is_finished
from pipeline.curating import stage as curation
from pipeline.curating.poison import curate_apart
from pipeline.deciding.stage import DECIDE, decide_all, decide_job
from pipeline.errors import InputError, RunError, StaleShardsError
from pipeline.ledger import write_ledger
from pipeline.lines import STAGE as LINES
from pipeline.lines import LineJob, line_job, measure_lines
from pipeline.plan import Plan, write_plan
from pipeline.progress import Work, track
from pipeline.reading.sources import Split
from pipeline.report import write_report
from pipeline.rights.stage import STAGE as RIGHTS
from pipeline.rights.stage import RightsJob, look_up_rights, rights_job
from pipeline.runner import Runner
from pipeline.shards import (
    COMMITS,
    Job,
    LanguageRows,
    count_documents,
    group_languages,
    language_rows,
    read_commits,
    read_table,
)

DAMAGE_REASONS = frozenset({"cut_record", "corrupt_record", "not_a_warc", "empty_file", "missing_file", "no_record"})


@dataclass(frozen=True)
class Outcome:
    """A finished run: its ledger, which stages did work, and what of the input could not be read."""

    ledger: pa.Table
    worked: tuple[str, ...]
    damages: tuple[str, ...]


def run(plan: Plan, runner: Runner, console: Console) -> Outcome:
    """Do what of the plan is not done yet.

    Raises ShardError, LedgerError or InputError; what is done stays, and running again continues from there.
    """
    with plan.job.folder.locked():
        return _run(plan, runner, console)


def _run(plan: Plan, runner: Runner, console: Console) -> Outcome:
    job = plan.job
    job.folder.remove_partial_files()
    write_plan(plan)
    try:
        return _stages(plan, runner, console)
    except StaleShardsError as stale:
        console.print(f"made again, since their files changed: {', '.join(stale.shards)}", highlight=False)
        for shard in stale.shards:
            job.folder.remove(f"{COMMITS}/{curation.STAGE}/{shard}.json")
        return _stages(plan, runner, console)


def _stages(plan: Plan, runner: Runner, console: Console) -> Outcome:
    job = plan.job
    commits, curated = _curate(plan, runner, console)
    check_chain(plan.splits, commits)
    unread = (*damages(job, commits), *files_without_response(commits))
    languages = language_rows(commits)
    if not languages and not any(facts["responses"] for facts in commits.values()):
        raise InputError("\n".join(["no response record in any input", *unread]))
    later = Later.of(plan, commits)
    worked = ["curate"] * curated
    if not is_finished(CLUSTERS.place, later.clustered):
        _remove_strangers(job, (CLUSTERS.place, f"{COMMITS}/{CLUSTERS.place}"), commits)
        cluster(later.clustered, count_documents(languages), runner, console)
        worked.append("cluster")
    if later.lines and not is_finished(LINES, later.lines):
        _remove_strangers(job, (LINES, f"{COMMITS}/{LINES}"), commits)
        measure_lines(later.lines, runner, console)
        worked.append("lines")
    if later.rights and not is_finished(RIGHTS, later.rights):
        _remove_strangers(job, (RIGHTS, f"{COMMITS}/{RIGHTS}"), commits)
        look_up_rights(later.rights, runner, console)
        worked.append("rights")
    if later.classified and not is_finished(CLASSES, later.classified):
        _remove_strangers(job, (CLASSES, f"{COMMITS}/{CLASSES}"), commits)
        classify_documents(later.classified, runner, console)
        worked.append("classify")
    if not is_finished(DECIDE.place, later.decided):
        check_limit(later.clustered, count_documents(languages))
        _remove_strangers(job, (DECIDE.place, f"{COMMITS}/{DECIDE.place}"), commits)
        decide_all(later.decided, runner, console)
        worked.append("decide")
    worked += _assemble(later, languages, runner, console)
    ledger = write_ledger(job.folder, commits)
    write_card(job, ledger)
    write_report(job, ledger, plan.facts, unread)
    return Outcome(ledger, tuple(worked), unread)


@dataclass(frozen=True)
class Later:
    """What the stages after curate are to do, known once every shard is curated."""

    clustered: ClusterJob
    lines: LineJob | None
    rights: RightsJob | None
    classified: ClassifyingJob | None
    decided: ClusterJob
    assembled: assembly.AssembleJob

    @classmethod
    def of(cls, plan: Plan, commits: Mapping[str, dict[str, Any]]) -> "Later":
        """The stages after curate, given the commits of all shards."""
        languages = language_rows(commits)
        clustered = cluster_job(plan.job, commits, plan.index)
        settings = plan.job.configuration.settings
        lines = line_job(clustered, settings.lines) if settings.lines.enabled else None
        rights = rights_job(clustered, settings.rights) if settings.rights.enabled else None
        known = replace(clustered, fingerprint=rights.fingerprint) if rights else clustered
        classified = classifying_job(known, settings.classifying) if settings.classifying.enabled else None
        known = replace(known, fingerprint=classified.fingerprint) if classified else known
        fingerprint = plan.job.fingerprints.dataset
        wanted = {language: fingerprint(known.fingerprint, language, languages) for language in languages}
        decided = decide_job(known, languages)
        return cls(clustered, lines, rights, classified, decided, assembly.AssembleJob(plan.job, wanted))


def is_done(plan: Plan) -> bool:
    """Whether no shard of any stage is left to do, so that no cluster need be started."""
    wanted = _wanted_splits(plan)
    commits = read_commits(plan.job.folder, curation.STAGE, wanted)
    if len(commits) < len(wanted):
        return False
    later = Later.of(plan, commits)
    assembled = later.assembled.fingerprints
    return (
        is_finished(CLUSTERS.place, later.clustered)
        and (later.lines is None or is_finished(LINES, later.lines))
        and (later.rights is None or is_finished(RIGHTS, later.rights))
        and (later.classified is None or is_finished(CLASSES, later.classified))
        and is_finished(DECIDE.place, later.decided)
        and len(read_commits(plan.job.folder, assembly.STAGE, assembled)) == len(assembled)
    )


def _wanted_splits(plan: Plan) -> dict[str, str]:
    """The fingerprint that each split's commit has when it is done."""
    return {split.name: plan.job.fingerprints.documents(split) for split in plan.splits}


def _curate(plan: Plan, runner: Runner, console: Console) -> tuple[dict[str, dict[str, Any]], bool]:
    """The commits of all splits, and whether any work was left."""
    job = plan.job
    wanted = _wanted_splits(plan)
    commits = read_commits(job.folder, curation.STAGE, wanted)
    todo = [split for split in plan.splits if split.name not in commits]
    _remove_strangers(job, ("documents", "signatures", "skipped", f"{COMMITS}/{curation.STAGE}"), wanted)
    if todo:
        if commits:
            console.print(f"curate: {len(commits)} of {len(plan.splits)} shards are done already")
        done = runner.map(curation.curate, todo, job, curate_apart)
        work = Work("curate", len(todo), "records")
        for split, facts in track(done, work, lambda item: int(item[1]["responses"]), console):
            commits[split.name] = facts
    return commits, bool(todo)


def _assemble(later: Later, languages: Mapping[str, list[LanguageRows]], runner: Runner, console: Console) -> list[str]:
    """Write each language's files that are not there yet; the name of the stage, if any."""
    work = later.assembled
    done = read_commits(work.job.folder, assembly.STAGE, work.fingerprints)
    left = {language: places for language, places in languages.items() if language not in done}
    todo = sorted(group_languages(left), key=lambda task: -task.documents)
    _remove_stranger_languages(work.job, languages)
    if not todo:
        return []
    results = runner.map(assembly.assemble, todo, work)
    for _ in track(results, Work("assemble", len(todo), "documents"), lambda item: int(item[0].documents), console):
        pass
    return ["assemble"]


def _remove_strangers(job: Job, folders: Sequence[str], wanted: Mapping[str, Any]) -> None:
    """Remove shards that the plan no longer has: they would be read as if they belonged to it."""
    for folder in folders:
        for name in job.folder.names(folder):
            if name.rpartition("/")[2].partition(".")[0] not in wanted:
                job.folder.remove(name)


def _remove_stranger_languages(job: Job, wanted: Mapping[str, Any]) -> None:
    """Remove languages of the dataset that no document has any more."""
    for name in job.folder.names("dataset", ".parquet"):
        if name.split("/")[-2] not in wanted:
            job.folder.remove(name)
    _remove_strangers(job, (f"{COMMITS}/{assembly.STAGE}",), wanted)


def check_chain(splits: Sequence[Split], commits: Mapping[str, dict[str, Any]]) -> None:
    """Neighbouring splits of a file meet at the same record, and the last one reaches the end of the file.

    A selected split has no neighbours: it has read as many records as were selected.

    Raises RunError with the file and the offsets: a record would have been read twice or missed.
    """
    for split, following in zip(splits, [*splits[1:], None], strict=True):
        end = commits[split.name]["next_offset"]
        if split.selected is not None:
            if end != split.end:
                raise RunError(f"{split}: {end - split.start:,} records were read of those that were selected")
            continue
        same_file = following is not None and following.file == split.file
        start = commits[following.name]["first_offset"] if following is not None and same_file else split.file.size
        if start != end:
            raise RunError(
                f"{split.file.path}: one split ends at offset {end:,}, the next record begins at {start:,}; the file "
                f"cannot be cut there. Read it whole with --set reading.split_megabytes={split.file.size // 10**6 + 1}"
            )


def files_without_response(commits: Mapping[str, dict[str, Any]]) -> list[str]:
    """Inputs in which nothing was to be read: another kind of archive, or the wrong half of a crawl."""
    responses: Counter[str] = Counter()
    for facts in commits.values():
        responses.update(facts["records"])
    return [
        f"{file}: no response record in it (requests and WAT are not read)"
        for file, count in sorted(responses.items())
        if not count
    ]


def damages(job: Job, commits: Mapping[str, dict[str, Any]]) -> list[str]:
    """Places of the input that could not be read, for people: file, offset, what is wrong."""
    found = []
    for shard in sorted(shard for shard, facts in commits.items() if facts["damages"]):
        table = read_table(
            job.folder, f"skipped/{shard}.parquet", ["file_path", "offset", "length", "reason", "detail"]
        )
        for row in table.to_pylist():
            if row["reason"] in DAMAGE_REASONS:
                found.append(
                    f"{row['file_path']}, offset {row['offset']:,} ({row['length']:,} bytes): "
                    f"{row['reason'].replace('_', ' ')}: {row['detail']}"
                )
    return found
