"""The dataset card: dataset/README.md, as the hub and `datasets.load_dataset` read it."""

from importlib.metadata import version
from importlib.resources import files
from typing import Any

import pyarrow as pa
import yaml
from jinja2 import Environment, FunctionLoader, StrictUndefined

from langid.labels import split_label
from pipeline.columns import escape, type_name
from pipeline.counts import count_rules, count_spans, count_values
from pipeline.deciding.thresholds import read_thresholds
from pipeline.deciding.words import describe
from pipeline.rights.count import count_rights
from pipeline.shards import Job
from pipeline.summary import by_language, by_outcome

NAME = "dataset/README.md"


def template(name: str) -> Any:
    """A Jinja template of pipeline/templates/; an unknown variable is an error."""

    def source(wanted: str) -> str:
        return (files("pipeline") / "templates" / wanted).read_text(encoding="utf-8")

    environment = Environment(
        loader=FunctionLoader(source),
        undefined=StrictUndefined,
        autoescape=name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def write_card(job: Job, ledger: pa.Table) -> None:
    """Write dataset/README.md from the ledger and the files that are there."""
    languages = by_language(ledger)
    rules = job.configuration.for_language("und_Zzzz").rules
    text = template("card.md").render(
        front_matter=front_matter(job),
        title=job.configuration.settings.card.title or f"{job.configuration.name}: a multilingual web corpus",
        languages=[language for language in languages if language.outcomes["kept"]],
        outcomes=by_outcome(ledger),
        statements=count_rights(job.folder),
        columns=job.configuration.columns,
        rules={name: describe(rule, name) for name, rule in rules.items()},
        counts={count.name: count for count in count_rules(job.folder, rules)},
        thresholds=computed_values(job),
        spans=count_spans(job.folder),
        redacted=job.configuration.settings.redaction.kinds,
        licences=count_values(job.folder, "licence"),
        dump=job.configuration.settings.dump,
        configuration=job.configuration,
        version=version("glotmill"),
        type_name=type_name,
        escape=escape,
    )
    with job.folder.write(NAME) as stream:
        stream.write(text.encode())


def computed_values(job: Job) -> dict[str, list[float]]:
    """The bounds that rules took from the run's own values, of all languages in order, by their place in the rules."""
    values: dict[str, list[float]] = {}
    for places in read_thresholds(job.folder).values():
        for place, found in places.items():
            values.setdefault(place, []).extend([found.value] if found.value is not None else [])
    return {place: sorted(found) for place, found in sorted(values.items())}


def front_matter(job: Job) -> str:
    """The card's YAML: languages, licence, and a configuration per language, kept and rejected."""
    # All kept documents; the pattern does not reach into rejected/, which is one folder deeper.
    everything = {"split": "train", "path": "*_*/train-*.parquet"}
    configs: list[dict[str, Any]] = [{"config_name": "default", "data_files": [everything]}]
    for folder, suffix in (("dataset", ""), ("dataset/rejected", "_rejected")):
        for language in languages_of(job, folder):
            place = f"{folder.removeprefix('dataset').lstrip('/')}/{language}/train-*.parquet".lstrip("/")
            entry = {"config_name": language + suffix, "data_files": [{"split": "train", "path": place}]}
            configs.append(entry)
    codes = sorted({split_label(language)[0] for language in languages_of(job, "dataset")})
    card = job.configuration.settings.card
    data: dict[str, Any] = {
        "pretty_name": card.title or job.configuration.name,
        "language": codes,
        "task_categories": ["text-generation"],
        "configs": configs,
    }
    if card.license:
        data["license"] = card.license
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def languages_of(job: Job, folder: str) -> list[str]:
    """Languages that have files in a folder of the dataset."""
    depth = folder.count("/") + 1
    names = (name.split("/") for name in job.folder.names(folder, ".parquet"))
    return sorted({parts[depth] for parts in names if len(parts) == depth + 2})
