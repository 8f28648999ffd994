"""A resolved configuration: ordered layers, the run's settings, and the settings of any language with their origins."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from math import isfinite
from typing import Any, TypeVar

import pyarrow as pa
from pydantic import BaseModel, ValidationError

from configs.layers import JUDGED, Layer, Merged, Path, Tree, flatten, merge, nearest, refuse_unknown
from configs.model import GENERAL_RULES, LanguageSettings, Settings
from filters.base import BOUNDS, Column, Computed, Condition, Filter, FilterParameters, Rule
from filters.calibration.methods import possible_range
from filters.load import is_own, load_filter, own_filters, read_source
from langid.labels import languages
from pipeline.errors import ConfigurationError
from pipeline.schema import ANNOTATIONS, CLUSTER_COLUMNS, CURATE_COLUMNS, DECIDE_COLUMNS

PER_LANGUAGE = ("filters", "rules")
PIPELINE_COLUMNS = (CURATE_COLUMNS, CLUSTER_COLUMNS, *ANNOTATIONS.values(), DECIDE_COLUMNS)
# Reasons of the ledger that are no rules.
RESERVED_REASONS = frozenset({"duplicate", "kept"})
Model = TypeVar("Model", bound=BaseModel)


def default_layer(sources: Mapping[str, str | None] | None = None) -> Layer:
    """The defaults in code: the settings, and every filter's parameters and rules.

    `sources` are a user's filters, with their text where they are files.
    """
    tree: Tree = Settings().model_dump(mode="json")
    tree["filters"], tree["rules"] = {}, {name: _dump(rule) for name, rule in GENERAL_RULES.items()}
    for name, source in {**dict.fromkeys(own_filters()), **(sources or {})}.items():
        module = _filter(name, source)
        tree["filters"][name] = module.Parameters().model_dump(mode="json")
        tree["rules"] |= {rule: _dump(value) for rule, value in module.RULES.items()}
    return Layer("default", tree)


def filter_sources(names: Iterable[str]) -> dict[str, str | None]:
    """Filters by name, each with its text where it is a user's file. Raises ConfigurationError."""
    try:
        return {name: read_source(name) if name.endswith(".py") else None for name in names}
    except LookupError as exc:
        raise ConfigurationError(f"filters: {exc}") from exc


def _dump(rule: Rule) -> Tree:
    values = rule.model_dump(mode="json", exclude_defaults=True) | {"enabled": rule.enabled}
    whole = (key for key, value in values.items() if isinstance(value, float) and value.is_integer())
    return values | {key: int(values[key]) for key in whole}  # as a person writes them


@lru_cache
def _filter(name: str, source: str | None = None) -> Filter:
    try:
        return load_filter(name, source)
    except LookupError as exc:
        hint = nearest(name, own_filters()) if is_own(name) else ""
        raise ConfigurationError(f"filters: {exc}{hint}") from exc


def known_keys(default: Layer) -> Tree:
    """Every key that a run's layer may hold; the parts below `overrides` are checked as layers of their own."""
    return {**default.tree, "overrides": {"scripts": {}, "languages": {}}}


@dataclass(frozen=True)
class Configuration:
    """Layers in order, lowest first: default, then per language its script and language, then the run's."""

    name: str
    default: Layer
    scripts: dict[str, Layer]
    languages: dict[str, Layer]
    run: tuple[Layer, ...]
    sources: dict[str, str] = field(default_factory=dict)
    _cache: dict[tuple[str, ...], LanguageSettings] = field(default_factory=dict, compare=False, repr=False)
    _rules: dict[tuple[str, str], Rule] = field(default_factory=dict, compare=False, repr=False)
    _parameters: dict[tuple[str, str], FilterParameters] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._refuse_unknown_keys()
        self._refuse_columns_of_two()
        for name in self.settings.deduplication.keep_columns:
            self._check_keep(name)
        for label in ["und_Zzzz", *self.overridden_languages()]:
            self.for_language(label)

    def _check_keep(self, name: str) -> None:
        """Refuse a column of the keeping policy that is none, or has no order."""
        known = {column.name: column for column in self.curate_columns if not pa.types.is_nested(column.type)}
        if name not in known:
            layers = [layer for path, _, layer in self.values() if path == ("deduplication", "keep")]
            raise ConfigurationError(
                f'{layers[0]}: "deduplication.keep": "{name}" is no column to order copies by{nearest(name, known)}'
            )

    def _refuse_columns_of_two(self) -> None:
        """Refuse a column that two filters have, or a filter and the pipeline."""
        owners = {column.name: "glotmill" for columns in PIPELINE_COLUMNS for column in columns}
        for name, module in self.filters.items():
            for column in module.COLUMNS:
                if column.name in owners:
                    raise ConfigurationError(
                        f'filters: the column "{column.name}" of {name} is one of {owners[column.name]}, too; rename it'
                    )
                owners[column.name] = name

    def _filter(self, name: str) -> Filter:
        return _filter(name, self.sources.get(name))

    def __getstate__(self) -> dict[str, Any]:
        # Only the layers travel: what is derived holds modules, and is derived again.
        layers = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return layers | {"_cache": {}, "_rules": {}, "_parameters": {}}

    @cached_property
    def settings(self) -> Settings:
        """What holds for the whole run."""
        tree, origins = merge([self.default, *(_without(layer, "overrides", *PER_LANGUAGE) for layer in self.run)])
        return _validate(Settings, {k: v for k, v in tree.items() if k not in PER_LANGUAGE}, origins, "")

    @cached_property
    def filters(self) -> dict[str, Filter]:
        """The filter modules that measure in this run, by name."""
        enabled = self.for_language("und_Zzzz").filters
        return {name: self._filter(name) for name, parameters in enabled.items() if parameters.enabled}

    @cached_property
    def curate_columns(self) -> tuple[Column, ...]:
        """Every column that is known before documents are compared: provenance, language, measurements."""
        measured = (column for module in self.filters.values() for column in module.COLUMNS)
        return (*CURATE_COLUMNS, *measured)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every column of this run's dataset."""
        annotated = (column for stage in self.annotations for column in ANNOTATIONS[stage])
        return (*self.curate_columns, *CLUSTER_COLUMNS, *annotated, *DECIDE_COLUMNS)

    @property
    def annotations(self) -> tuple[str, ...]:
        """The stages of this run that annotate documents row by row."""
        settings = self.settings
        enabled = {
            "lines": settings.lines.enabled,
            "rights": settings.rights.enabled,
            "classes": settings.classifying.enabled,
        }
        return tuple(stage for stage in ANNOTATIONS if enabled[stage])

    def for_language(self, label: str) -> LanguageSettings:
        """Filter parameters and rules of a language such as `tha_Thai`."""
        layers = self.layers_of(label)
        # Most languages have no layer of their own, and share the settings of their script.
        key = tuple(layer.name for layer in layers)
        if key not in self._cache:
            self._cache[key] = self._language_settings(*merge(layers[1:], self._defaults), label)
        return self._cache[key]

    def _language_settings(self, tree: Tree, origins: dict[Path, str], label: str) -> LanguageSettings:
        parameters = {
            name: self._filter_parameters(name, values, origins, label) for name, values in tree["filters"].items()
        }
        rules = {name: self._rule(name, values, origins, label) for name, values in tree["rules"].items()}
        # A rule over a filter that is switched off has nothing to judge.
        measured = {column.name for name, p in parameters.items() if p.enabled for column in self._filter(name).COLUMNS}
        measured |= {column.name for stage in self.annotations for column in ANNOTATIONS[stage]}
        absent = self._known_columns.keys() - {column.name for column in CURATE_COLUMNS} - measured
        active = {name: rule for name, rule in rules.items() if rule.enabled and absent.isdisjoint(rule.columns)}
        return LanguageSettings(filters=parameters, rules=active)

    @cached_property
    def _defaults(self) -> Merged:
        """The lowest layer, which every language has."""
        return merge([self.default])

    # Hundreds of languages have the same values of nearly all rules and filters: each is checked once.
    def _filter_parameters(self, name: str, values: Tree, origins: dict[Path, str], label: str) -> FilterParameters:
        key = (name, repr(values))
        if key not in self._parameters:
            model = self._filter(name).Parameters
            self._parameters[key] = _validate(model, values, origins, label, ("filters", name))
        return self._parameters[key]

    def _rule(self, name: str, values: Tree, origins: dict[Path, str], label: str) -> Rule:
        key = (name, repr(values))
        if key not in self._rules:
            rule = _validate(Rule, values, origins, label, ("rules", name))
            _check_rule(name, rule, self._known_columns, origins)
            self._rules[key] = rule
        return self._rules[key]

    @cached_property
    def _known_columns(self) -> dict[str, Column]:
        """What rules may judge: the columns of all filters, also of those that are off, and of all stages."""
        measured = (column for name in self.default.tree["filters"] for column in self._filter(name).COLUMNS)
        annotated = (column for columns in ANNOTATIONS.values() for column in columns)
        return {column.name: column for column in (*CURATE_COLUMNS, *measured, *annotated)}

    def layers_of(self, label: str) -> list[Layer]:
        """The layers that make a language's settings, lowest first."""
        script = label.partition("_")[2]
        layers = [self.default]
        layers += [self.scripts[script]] if script in self.scripts else []
        layers += [self.languages[label]] if label in self.languages else []
        for layer in self.run:
            layers.append(_without(layer, "overrides"))
            found = _overrides(layer)
            layers += [
                found[kind, key] for kind, key in (("scripts", script), ("languages", label)) if (kind, key) in found
            ]
        return layers

    def overridden_languages(self) -> list[str]:
        """Languages and scripts (as `und_Script`) that any layer sets something for."""
        labels = {*self.languages, *(f"und_{script}" for script in self.scripts)}
        return sorted({*labels, *self.run_overrides()})

    def run_overrides(self) -> list[str]:
        """Languages and scripts (as `und_Script`) that the run's own layers set something for."""
        keys = {key for layer in self.run for key in _overrides(layer)}
        return sorted(key if kind == "languages" else f"und_{key}" for kind, key in keys)

    def values(self, label: str | None = None) -> list[tuple[Path, Any, str]]:
        """Every key, its value and the layer that set it: of one language, or of the run."""
        layers = self.layers_of(label) if label else [self.default, *(_without(x, "overrides") for x in self.run)]
        tree, origins = merge(layers)
        chosen = self._chosen_bands(origins) if label is None else {}
        return [(path, *chosen.get(path, (value, origins.get(path, "default")))) for path, value in flatten(tree)]

    def _chosen_bands(self, origins: Mapping[Path, str]) -> dict[Path, tuple[int, str]]:
        """The bands and rows that a threshold chooses, with the layer that set the threshold."""
        deduplication = self.settings.deduplication
        if deduplication.threshold is None:
            return {}
        layer = f"chosen by deduplication.threshold of {origins[('deduplication', 'threshold')]}"
        return {("deduplication", name): (getattr(deduplication, name), layer) for name in ("bands", "rows")}

    def _refuse_unknown_keys(self) -> None:
        known = known_keys(self.default)
        rule_fields = Rule.model_fields
        # A new rule names its column in one layer, and may be filled in others.
        known["rules"] = known["rules"] | {name: {} for layer in self.run for name in _new_rules(layer)}
        # A filter measures for all languages or for none: its columns are in the whole dataset.
        parameters = {name: {k: v for k, v in f.items() if k != "enabled"} for name, f in known["filters"].items()}
        per_language = {"filters": parameters, "rules": known["rules"]}
        for layer in (*self.scripts.values(), *self.languages.values()):
            refuse_unknown(layer, per_language, rule_fields)
        for layer in self.run:
            refuse_unknown(_without(layer, "overrides"), known, rule_fields)
            for override in _overrides(layer).values():
                refuse_unknown(override, per_language, rule_fields)

    def to_json(self) -> dict[str, Any]:
        """The layers as plain data, for `run.json`."""

        def dump(layer: Layer) -> dict[str, Any]:
            return {"name": layer.name, "tree": layer.tree}

        return {
            "name": self.name,
            "default": dump(self.default),
            "scripts": {key: dump(layer) for key, layer in self.scripts.items()},
            "languages": {key: dump(layer) for key, layer in self.languages.items()},
            "run": [dump(layer) for layer in self.run],
            "sources": self.sources,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any], more: Sequence[Layer] = ()) -> "Configuration":
        """The configuration of a finished run, with further layers on top."""

        def load(entry: dict[str, Any]) -> Layer:
            return Layer(entry["name"], entry["tree"])

        return cls(
            name=data["name"],
            default=load(data["default"]),
            scripts={key: load(entry) for key, entry in data["scripts"].items()},
            languages={key: load(entry) for key, entry in data["languages"].items()},
            run=(*(load(entry) for entry in data["run"]), *more),
            sources=data["sources"],
        )


def _check_rule(name: str, rule: Rule, known: Mapping[str, Column], origins: dict[Path, str]) -> None:
    """Refuse a rule whose columns are not measured, or whose bounds do not fit their types."""
    layer = next(layer for path, layer in reversed(origins.items()) if path[:2] == ("rules", name))
    if name in RESERVED_REASONS:
        raise ConfigurationError(f'{layer}: a rule cannot be called "{name}": it is a reason')
    for column in rule.columns:
        if column not in known:
            raise ConfigurationError(
                f'{origins.get(("rules", name, "column"), layer)}: rule "{name}" needs the column "{column}", which no '
                f"filter of the run measures{nearest(column, known)}"
            )
    _check_bounds(name, rule, known, origins, layer)


def _check_bounds(
    name: str, condition: Condition, known: Mapping[str, Column], origins: dict[Path, str], layer: str
) -> None:
    """Refuse a bound that does not fit its column's type, in a condition or its parts."""
    for part in condition.parts:
        _check_bounds(name, part, known, {}, layer)
    kind = known[condition.column].type if condition.column else pa.null()
    fitting = ("min", "max", "top_fraction") if _is_number(kind) else ("one_of", "none_of") if _is_words(kind) else ()
    for bound in BOUNDS:
        value = getattr(condition, bound)
        if value is not None and bound not in fitting:
            at = origins.get(("rules", name, bound), layer)
            hint = f"it takes {' and '.join(fitting)}" if fitting else "rules cannot judge it"
            raise ConfigurationError(
                f'{at}: rule "{name}": "{bound}" does not fit the column "{condition.column}" of type {kind}; {hint}'
            )
        if isinstance(value, float):
            _check_range(f'{origins.get(("rules", name, bound), layer)}: rule "{name}"', bound, value, condition, known)
        other = value.column if isinstance(value, Computed) else None
        if other is not None and not _is_number(known[other].type):
            raise ConfigurationError(
                f'{layer}: rule "{name}": "{condition.column}" cannot be compared with "{other}" of type '
                f"{known[other].type}"
            )


def _check_range(where: str, bound: str, value: float, condition: Condition, known: Mapping[str, Column]) -> None:
    """Refuse a bound beyond what the column can have: it would reject every document, or none."""
    if bound not in ("min", "max"):
        return
    column = known[condition.column]
    low, high = possible_range(column)
    if not low <= value <= high:
        limits = f"from {low:g} to {high:g}" if isfinite(high) else f"{low:g} or more"
        raise ConfigurationError(
            f'{where}: "{bound}" {value:g} is out of the range of the column "{column.name}" ({column.unit}: '
            f"{limits}); `enabled: false` switches a rule off"
        )


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _is_words(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or (pa.types.is_list(kind) and pa.types.is_string(kind.value_type)))


def _new_rules(layer: Layer) -> Iterator[str]:
    rules = layer.tree.get("rules")
    for name, fields_of_rule in rules.items() if isinstance(rules, dict) else ():
        if isinstance(fields_of_rule, dict) and JUDGED & fields_of_rule.keys():
            yield name


def _overrides(layer: Layer) -> dict[tuple[str, str], Layer]:
    """A run layer's own layers per script and per language. Raises ConfigurationError."""
    found: dict[tuple[str, str], Layer] = {}
    for kind, entries in _section(layer, layer.tree.get("overrides", {}), "overrides").items():
        if kind not in ("scripts", "languages"):
            hint = nearest(kind, ("scripts", "languages"))
            raise ConfigurationError(f'{layer.name}: unknown key "overrides.{kind}"{hint}')
        for key, tree in _section(layer, entries, f"overrides.{kind}").items():
            path = f"overrides.{kind}.{key}"
            if kind == "scripts" and not re.fullmatch("[A-Z][a-z]{3}", key):
                raise ConfigurationError(f'{layer.name}: "{path}": a script is four letters, such as Latn or Thai')
            if kind == "languages":
                check_label(key, f"{layer.name} (overrides.languages)")
            found[kind, key] = Layer(f"{layer.name} ({path})", _section(layer, tree, path))
    return found


def _section(layer: Layer, value: Any, path: str) -> Tree:
    if not isinstance(value, dict):
        raise ConfigurationError(f'{layer.name}: "{path}" is a section: it needs keys below it')
    return value


def check_label(label: str, source: str) -> None:
    """Refuse a language that nobody knows; `source` says where it was named."""
    known = languages()
    code = label.partition("_")[0]
    if not re.fullmatch(r"[a-z]{3}_[A-Z][a-z]{3}", label) or (code not in known and code not in ("und", "zxx")):
        labels = (f"{entry.code}_{script}" for entry in known.values() for script in entry.scripts)
        raise ConfigurationError(f'{source}: "{label}" is no language such as deu_Latn{nearest(label, labels)}')


def _without(layer: Layer, *keys: str) -> Layer:
    return Layer(layer.name, {key: value for key, value in layer.tree.items() if key not in keys})


def _validate(model: type[Model], values: Tree, origins: dict[Path, str], label: str, prefix: Path = ()) -> Model:
    """Values as a model; an error names the layer that set the wrong value."""
    try:
        return model(**values)
    except ValidationError as exc:
        problem = exc.errors()[0]
        path = (*prefix, *(str(part) for part in problem["loc"] if not isinstance(part, int)))
        # A contradiction between values is blamed on the last layer that set one of them.
        related = [key for key in origins if key[: len(path)] == path[: len(key)] and origins[key] != "default"]
        layers = [origins[key] for key in related]
        layer = origins.get(path) or (layers[-1] if layers else "default")
        message = problem["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list")
        if problem["type"] == "extra_forbidden":
            message = f"unknown key{nearest(path[-1], model.model_fields)}"
        # Without a language the values are those of all that have none of their own.
        language = f" for {label}" if label and label != "und_Zzzz" else ""
        raise ConfigurationError(f'{layer}: "{".".join(path)}"{language}: {message}') from exc
