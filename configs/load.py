"""From a preset's name or a YAML file and `--set` to one validated Configuration."""

from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from configs.configuration import Configuration, default_layer, filter_sources, known_keys
from configs.layers import Layer, Tree, nearest, parse_assignment
from pipeline.errors import ConfigurationError

# Settings of filters that are lists of files, each with a `path`.
FILTER_FILES = {"quality": "models", "decontamination": "sets"}


class _StrictLoader(yaml.CSafeLoader):
    """Refuses a key that stands twice in one mapping: the first value would be lost in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping whose keys are distinct."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.MarkedYAMLError(
                    problem=f'the key "{key}" stands twice', problem_mark=node.value[position][0].start_mark
                )
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, name: str) -> Tree:
    """A YAML mapping; errors name the layer, line and column."""
    try:
        tree = yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigurationError(f"{name}{place}: {exc.problem}") from exc
    except yaml.YAMLError as exc:
        raise ConfigurationError(f"{name}: not YAML: {exc}") from exc
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigurationError(f"{name}: expected keys and values, found {type(tree).__name__}")
    return tree


def preset_names() -> list[str]:
    """Names of the shipped presets."""
    return sorted(file.name.removesuffix(".yaml") for file in _yaml_files("presets"))


def load_configuration(source: str, assignments: Sequence[str] = ()) -> Configuration:
    """The configuration of a preset's name or a file's path, with `KEY=VALUE` assignments on top.

    Raises ConfigurationError, naming the layer and the key.
    """
    run_layers = _run_layers(source)
    sources = filter_sources(dict.fromkeys(str(name) for layer in run_layers for name in _mapping(layer, "filters")))
    default = default_layer(sources)
    return Configuration(
        name=Path(source).stem,
        default=default,
        scripts=_shipped("scripts"),
        languages=_shipped("languages"),
        run=(*run_layers, *assignment_layers(assignments, default)),
        sources={name: text for name, text in sources.items() if text is not None},
    )


def assignment_layers(assignments: Sequence[str], default: Layer) -> list[Layer]:
    """Each `KEY=VALUE` as a layer of its own, so that an error and a value's origin name it."""
    known = known_keys(default)
    layers = []
    for text in assignments:
        layers.append(Layer(f"--set {text}", parse_assignment(text, parse_yaml_value, known)))
    return layers


def parse_yaml_value(text: str) -> Any:
    """A value of the command line, read as YAML: numbers, true/false, null, [lists], words."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as exc:
        problem = exc.problem if isinstance(exc, yaml.MarkedYAMLError) else exc
        raise ConfigurationError(f'--set: "{text}" is not a value: {problem}') from exc


def _run_layers(source: str) -> list[Layer]:
    """The preset or file, below it what it extends, lowest layer first."""
    layers: list[Layer] = []
    seen: list[str] = []
    name: str | None = source
    while name is not None:
        if name in seen:
            raise ConfigurationError(f"{name}: extends itself ({' → '.join([*seen, name])})")
        seen.append(name)
        layer = _read_run_layer(name)
        files = _language_files(layer, name)
        name = _extended(layer, name)
        layers[:0] = [*files, layer]
    return layers


def _language_files(layer: Layer, source: str) -> list[Layer]:
    """The files of languages in the folder that `languages` names, over the shipped ones and below the layer itself."""
    folder = layer.tree.pop("languages", None)
    if folder is None:
        return []
    place = Path(str(_beside(source, folder)))
    if not isinstance(folder, str) or not place.is_dir():
        raise ConfigurationError(
            f'{layer.name}: "languages" names a folder of files such as deu_Latn.yaml, not {folder!r}'
        )
    trees = {path.stem: parse_yaml(_read_text(path, str(path)), str(path)) for path in sorted(place.glob("*.yaml"))}
    if not trees:
        raise ConfigurationError(f'{layer.name}: "languages": {place} has no files such as deu_Latn.yaml')
    return [Layer(str(place), {"overrides": {"languages": trees}})]


def _extended(layer: Layer, source: str) -> str | None:
    """What a layer extends: a preset, or a file beside it."""
    below = layer.tree.pop("extends", None)
    if below is None:
        return None
    if not isinstance(below, str):
        raise ConfigurationError(f'{layer.name}: "extends" takes one preset or file, not {below!r}')
    return below if below in preset_names() else str(_beside(source, below))


def _read_run_layer(source: str) -> Layer:
    if source in preset_names():
        file: Traversable = resources.files("configs") / "presets" / f"{source}.yaml"
        name = f"presets/{source}.yaml"
    else:
        file, name = Path(source), source
        if not Path(source).is_file():
            known = preset_names()
            raise ConfigurationError(
                f"{source}: neither a configuration file nor a preset (presets: {', '.join(known)})"
                f"{nearest(source, known)}"
            )
    tree = parse_yaml(_read_text(file, name), name)
    if isinstance(tree.get("inputs"), list):
        tree["inputs"] = [_beside(str(file), entry) for entry in tree["inputs"]]
    if isinstance(tree.get("deduplication"), dict) and "index" in tree["deduplication"]:
        tree["deduplication"]["index"] = _beside(str(file), tree["deduplication"]["index"])
    _resolve_rights(str(file), tree)
    _resolve_selection(str(file), tree)
    _resolve_filters(str(file), tree)
    _resolve_classifiers(str(file), tree)
    return Layer(name, _with_filter_files(str(file), tree))


def _resolve_rights(file: str, tree: Tree) -> None:
    """Make the paths of `rights` absolute."""
    rights = tree.get("rights")
    if isinstance(rights, dict):
        if isinstance(rights.get("robots_txt"), list):
            rights["robots_txt"] = [_beside(file, entry) for entry in rights["robots_txt"]]
        if "opt_outs" in rights:
            rights["opt_outs"] = _beside(file, rights["opt_outs"])


def _resolve_selection(file: str, tree: Tree) -> None:
    """Make the paths of `selection` absolute."""
    selection = tree.get("selection")
    if isinstance(selection, dict):
        index = selection.get("index", [])
        if index:
            selection["index"] = [_beside(file, entry) for entry in (index if isinstance(index, list) else [index])]
        if "base" in selection:
            selection["base"] = _beside(file, selection["base"])


def _resolve_classifiers(file: str, tree: Tree) -> None:
    """Make the paths of classifiers that are folders absolute; anything else is a name on the hub."""
    models = tree["classifying"].get("models") if isinstance(tree.get("classifying"), dict) else None
    for entry in models if isinstance(models, list) else ():
        if isinstance(entry, dict) and Path(str(_beside(file, entry.get("model")))).is_dir():
            entry["model"] = _beside(file, entry["model"])


def _resolve_filters(file: str, tree: Tree) -> None:
    """Make the paths of filters' models and evaluation sets absolute, in overrides as well."""
    for key, value in tree.items():
        for name, setting in FILTER_FILES.items() if key == "filters" and isinstance(value, dict) else ():
            entries = value[name].get(setting) if isinstance(value.get(name), dict) else None
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, dict) and "path" in entry:
                    entry["path"] = _beside(file, entry["path"])
        if isinstance(value, dict):
            _resolve_filters(file, value)


def _with_filter_files(file: str, tree: Tree) -> Tree:
    """A tree whose filters that are files are named by absolute paths, in overrides as well."""
    found: Tree = {}
    for key, value in tree.items():
        if key == "filters" and isinstance(value, dict):
            found[key] = {_beside(file, name) if str(name).endswith(".py") else name: v for name, v in value.items()}
        else:
            found[key] = _with_filter_files(file, value) if isinstance(value, dict) else value
    return found


def _read_text(file: Traversable, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise ConfigurationError(f"{name}: not UTF-8 at byte {exc.start}") from exc


def _beside(file: str, entry: Any) -> Any:
    """A relative path in a file is relative to that file, so that a configuration works from any folder."""
    if not isinstance(entry, str) or "://" in entry or Path(entry).is_absolute():
        return entry
    return str((Path(file).parent / entry).resolve())


def _mapping(layer: Layer, key: str) -> Iterable[str]:
    value = layer.tree.get(key)
    return value if isinstance(value, dict) else ()


@cache
def _shipped(folder: str) -> dict[str, Layer]:
    return {
        file.name.removesuffix(".yaml"): Layer(
            f"{folder}/{file.name}", parse_yaml(file.read_text(encoding="utf-8"), f"{folder}/{file.name}")
        )
        for file in _yaml_files(folder)
    }


def _yaml_files(folder: str) -> list[Traversable]:
    place = resources.files("configs") / folder
    return sorted((f for f in place.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
