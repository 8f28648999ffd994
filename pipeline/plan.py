"""Stage plan: what will be done, written to run.json before anything else."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from configs.configuration import Configuration
from configs.layers import Layer
from configs.model import MEGABYTE, Deduplication, Settings
from filters.load import is_own, try_out
from pipeline.classifying.models import classifier_version
from pipeline.errors import ConfigurationError, OutputError, UsageError
from pipeline.fingerprints import Fingerprints, run_facts
from pipeline.reading.sources import InputFile, Split, find_inputs, plan_splits
from pipeline.release.comparable import comparable
from pipeline.release.index import ReleaseIndex
from pipeline.selection.index import index_files, index_of
from pipeline.selection.plan import FOLDER as SELECTION
from pipeline.selection.plan import select_splits
from pipeline.shards import Job
from pipeline.storage import Folder

NAME = "run.json"
KEYS = {"configuration", "inputs", "splits", "index", "code", "versions", "language_model", "filter_files"}


@dataclass(frozen=True)
class Plan:
    """A run: its configuration, its splits, and what its results depend on."""

    job: Job
    splits: tuple[Split, ...]
    facts: dict[str, Any]
    index: ReleaseIndex | None = None


def make_plan(configuration: Configuration, inputs: Sequence[str], output: str) -> Plan:
    """Find the inputs, cut them into splits, and check that the output folder may hold this run.

    Raises InputError for an input that is not there, OutputError for a folder with something else in it.
    """
    settings = configuration.settings
    _try_filters(configuration)
    for classifier in settings.classifying.models:
        classifier_version(classifier)  # before hours of work, not after them
    files = _find_files(settings, inputs)
    folder = Folder(output)
    before = read_run(folder)
    _check_folder(folder, before, files)
    splits = tuple(_cut(files, settings, folder))
    facts = run_facts(configuration)
    deduplication = configuration.settings.deduplication
    index = open_index(deduplication.index, deduplication, _index_state(folder, before, deduplication))
    return Plan(Job(folder, configuration, Fingerprints.of(configuration, splits, facts)), splits, facts, index)


def _find_files(settings: Settings, inputs: Sequence[str]) -> list[InputFile]:
    """The files that are read whole, or the index whose records are selected, as one."""
    selection = settings.selection
    if not selection.enabled:
        return find_inputs(inputs or settings.inputs, settings.reading.base)
    if inputs or settings.inputs:
        raise UsageError("selection.index and inputs are both set: a run reads selected records, or whole files")
    return [index_of(selection.index, index_files(selection.index, selection.base))]


def _cut(files: list[InputFile], settings: Settings, folder: Folder) -> list[Split]:
    """The splits of the inputs; the records of a selection are written to the folder."""
    wanted = settings.reading.split_megabytes
    split_bytes = int(wanted * MEGABYTE) if wanted else None
    if settings.selection.enabled:
        return select_splits(settings.selection, split_bytes, folder)
    return plan_splits(files, split_bytes)


def _try_filters(configuration: Configuration) -> None:
    """Let each of a user's filters measure a few texts. Raises ConfigurationError before anything is written."""
    parameters = configuration.for_language("und_Zzzz").filters
    for name, module in configuration.filters.items():
        if not is_own(name):
            try:
                try_out(name, module, parameters[name])
            except LookupError as exc:
                raise ConfigurationError(f"filters: {exc}") from exc


def _index_state(folder: Folder, before: dict[str, Any] | None, settings: Deduplication) -> str | None:
    """The state of the index that the folder's run is compared with, once it has begun.

    Its own release may have been added since, and would make all its documents copies of themselves.
    """
    if before is None:
        return None
    url, wanted = before["index"]["url"], settings.index
    if url != (wanted and Folder(wanted).address):
        raise OutputError(
            f"{folder.url}: the run here was compared with {url or 'no index'}, not with {wanted or 'none'}, which may "
            "hold its own documents by now; name another folder with -o"
        )
    state: str | None = before["index"]["digest"]
    return state


def read_run(folder: Folder) -> dict[str, Any] | None:
    """The data of run.json, None where there is none. Raises OutputError where it is not one of this version."""
    data = folder.read_json(NAME)
    if data is None:
        return None
    if not isinstance(data, dict) or KEYS - data.keys():
        raise OutputError(
            f"{folder.path(NAME)}: edited, or of another version of glotmill; name another folder with -o, or remove "
            "this one"
        )
    return data


def open_index(url: str | None, settings: Deduplication, state: str | None) -> ReleaseIndex | None:
    """The index of earlier releases, if there is to be one, as it is or as it was when its digest was `state`."""
    return ReleaseIndex.open(url, settings, state) if url else None


def index_facts(settings: Deduplication, index: ReleaseIndex | None) -> dict[str, Any]:
    """Which state of which index the run's documents are compared with, and what makes its keys comparable."""
    return {
        "url": index.folder.address if index else None,
        "digest": index.digest if index else None,
        "comparable": comparable(settings),
    }


def _check_folder(folder: Folder, before: dict[str, Any] | None, files: list[InputFile]) -> None:
    """Refuse a folder that holds another run, or anything else."""
    if before is None:
        if any(not name.startswith(f"{SELECTION}/") for name in folder.names("")):
            raise OutputError(f"{folder.url}: the folder is not empty and holds no run; name another one with -o")
        return
    paths = [file.path for file in files]
    if before["inputs"] != paths:
        raise OutputError(
            f"{folder.url}: the folder holds a run over other inputs ({_few(before['inputs'])}, not {_few(paths)}); "
            "name another folder with -o, or remove this one"
        )


def _few(paths: list[str]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]}{more}" if paths else "none"


def write_plan(plan: Plan) -> None:
    """Write run.json: layers, every value with its layer, versions, model checksums, splits."""
    configuration = plan.job.configuration
    values = {".".join(path): {"value": value, "layer": layer} for path, value, layer in configuration.values()}
    data = {
        "configuration": configuration.to_json(),
        "values": values,
        "inputs": list(dict.fromkeys(split.file.path for split in plan.splits)),
        "splits": [asdict(split) for split in plan.splits],
        "index": index_facts(configuration.settings.deduplication, plan.index),
        **plan.facts,
    }
    if plan.job.folder.read_json(NAME) != data:
        plan.job.folder.write_json(NAME, data)


def read_plan(output: str, more: Sequence[Layer] = ()) -> Plan:
    """The plan of a run that was begun, with further layers on top. Raises OutputError where there is none."""
    folder = Folder(output)
    data = read_run(folder)
    if data is None:
        raise OutputError(f"{output}: no run.json here; `glotmill run CONFIG -o {output}` makes one")
    configuration = Configuration.from_json(data["configuration"], more)
    splits = tuple(Split(**{**split, "file": InputFile(**split["file"])}) for split in data["splits"])
    facts = {key: data[key] for key in ("code", "versions", "language_model", "filter_files")}
    index = open_index(data["index"]["url"], configuration.settings.deduplication, data["index"]["digest"])
    return Plan(Job(folder, configuration, Fingerprints.of(configuration, splits, facts)), splits, facts, index)


def changed_values(output: str, configuration: Configuration) -> list[str]:
    """Settings that differ from those of the run in a folder, for people to read."""
    data = read_run(Folder(output))
    if data is None:
        return []
    before = Configuration.from_json(data["configuration"])
    labels = sorted({*before.run_overrides(), *configuration.run_overrides()})
    return [
        f"{f'{label}: ' if label else ''}{key}: {old} → {new}"
        for label in (None, *labels)
        for key, old, new in _differences(before, configuration, label)
    ]


def _differences(before: Configuration, after: Configuration, label: str | None) -> Iterator[tuple[str, Any, Any]]:
    """Keys whose values differ, with both values: of the run, or of one language."""
    old, new = ({path: value for path, value, _ in each.values(label)} for each in (before, after))
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            yield ".".join(path), old.get(path), new.get(path)
