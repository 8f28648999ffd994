"""The report: report.html, one page that says what became of every record, with samples to read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.card import template
from pipeline.clustering.samples import NAME as CLUSTERS
from pipeline.counts import count_rules, count_spans, count_values
from pipeline.deciding.thresholds import read_thresholds
from pipeline.deciding.words import describe
from pipeline.rights.count import count_rights
from pipeline.shards import Job, read_table
from pipeline.summary import LanguageSum, by_language, by_outcome, by_reason

NAME = "report.html"
SAMPLES_A_LANGUAGE = 3
SAMPLE_CHARACTERS = 600
OUTCOMES = ("kept", "duplicate", "rejected", "skipped", "failed")
# What a reader needs to know of a reason that no rule explains.
MEANINGS = {
    "not_html": "the media type is not a web page",
    "status": "the HTTP status is not 200",
    "blocked_url": "the address is on a block list (skipped before extraction)",
    "not_http": "the record holds something else than an HTTP response",
    "empty": "the body is empty",
    "unwanted_language": "the language is none of extraction.languages",
    "too_short": "less visible text than extraction.minimum_characters",
    "no_main_text": "extraction found no main content",
    "undecodable": "the body could not be decoded",
    "too_large": "the page is larger than the limit",
    "malformed_http": "the HTTP head could not be read",
    "extraction_failed": "extraction raised an error",
    "extraction_timeout": "extraction used more CPU time than the limit",
    "extraction_memory": "extraction used more memory than the limit",
    "too_many_tags": "the page has more tags, or more attributes in one, than a parser should see",
    "too_deep": "elements nest deeper than a parser should see",
    "killed_worker": "it killed the process that worked on it, every time",
    "filter_failed": "a filter raised an error, or returned what its columns cannot hold",
    "cut_record": "the record ends before its length",
    "corrupt_record": "the record's bytes are damaged",
    "not_a_warc": "the file is no WARC",
    "empty_file": "the file is empty",
    "missing_file": "the file that the index names is not there",
    "no_record": "no response record stands where the index says",
    "near_duplicate": "its text is much like that of a document that was kept",
    "text_duplicate": "its text is that of a document that was kept",
    "payload_duplicate": "its page is, byte for byte, that of a document that was kept",
    "url_duplicate": "its address is that of a document that was kept",
}


@dataclass(frozen=True)
class Sample:
    """A document to read."""

    url: str
    title: str | None
    text: str
    reasons: tuple[str, ...]


def write_report(job: Job, ledger: pa.Table, facts: Mapping[str, Any], damages: tuple[str, ...]) -> None:
    """Write report.html from the ledger and the dataset's first documents of each language."""
    languages = by_language(ledger)
    rules = job.configuration.for_language("und_Zzzz").rules
    text = template("report.html").render(
        name=job.configuration.name,
        dump=job.configuration.settings.dump,
        outcomes=by_outcome(ledger),
        names=OUTCOMES,
        languages=languages,
        most=max((language.documents for language in languages), default=1),
        characters=sum(language.characters for language in languages),
        rules=count_rules(job.folder, rules),
        passes={name: describe(rule, name) for name, rule in rules.items()},
        thresholds=read_thresholds(job.folder),
        statements=count_rights(job.folder),
        spans=count_spans(job.folder),
        redacted=job.configuration.settings.redaction.kinds,
        licences=count_values(job.folder, "licence"),
        duplicates=by_reason(ledger, ("duplicate",)),
        clusters=job.folder.read_json(CLUSTERS),
        without_text=by_reason(ledger, ("skipped", "failed")),
        meanings=MEANINGS,
        samples={language.language: list(samples(job, language)) for language in languages},
        damages=damages,
        facts=facts,
        values=[(".".join(path), value, layer) for path, value, layer in job.configuration.values()],
    )
    with job.folder.write(NAME) as stream:
        stream.write(text.encode())


def samples(job: Job, language: LanguageSum) -> Iterator[Sample]:
    """The first kept and the first rejected documents of a language."""
    for folder in (f"dataset/{language.language}", f"dataset/rejected/{language.language}"):
        for name in job.folder.names(folder, ".parquet")[:1]:
            table = read_table(job.folder, name, ["url", "title", "text", "reject_reasons"])
            for row in table.slice(0, SAMPLES_A_LANGUAGE).to_pylist():
                text = row["text"][:SAMPLE_CHARACTERS] + ("…" if len(row["text"]) > SAMPLE_CHARACTERS else "")
                yield Sample(row["url"], row["title"], text, tuple(row["reject_reasons"]))
