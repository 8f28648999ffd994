"""What calibration does with each rule: `methods.yaml`, a file of the same form over it, and `RULE=METHOD`."""

from collections.abc import Collection, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from configs.layers import nearest
from configs.load import parse_yaml
from filters.calibration.methods import FIXED, METHODS
from pipeline.errors import ConfigurationError

NAME = "methods.yaml"


class Section(BaseModel):
    """Base: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class StopwordList(Section):
    """How frequent a stopword is, and how many a list has."""

    share: float = Field(default=0.008, gt=0, lt=1)
    second_share: float = Field(default=0.003, gt=0, lt=1)
    least: int = Field(default=8, ge=1)
    most: int = Field(default=30, ge=1)


class CalibrationSettings(Section):
    """The keys of `methods.yaml`, which says what they mean."""

    methods: dict[str, str]
    stopwords: bool = True
    doc_score_factors: bool = True
    documents: int = Field(default=2000, ge=1)
    tail: float = Field(default=0.1, gt=0, lt=0.5)
    tolerance: float = Field(default=0.1, gt=0, lt=1)
    stopword_list: StopwordList = StopwordList()


def load_settings(
    rules: Collection[str], file: Path | None = None, assignments: Sequence[str] = ()
) -> CalibrationSettings:
    """The shipped settings, a file's over them, `RULE=METHOD` over both; `rules` are the names of the configuration.

    Raises ConfigurationError, naming the file, the key and the nearest known one.
    """
    tree = parse_yaml((files("filters") / "calibration" / NAME).read_text(encoding="utf-8"), NAME)
    # A configuration without one of our filters has none of its rules, which is no mistake.
    methods = {rule: method for rule, method in tree["methods"].items() if rule in rules}
    if file is not None:
        own = parse_yaml(_read(file), str(file))
        given = own.pop("methods", {})
        if not isinstance(given, dict):
            raise ConfigurationError(f'{file}: "methods" is a section: it needs RULE: METHOD below it')
        methods |= _checked(given, rules, str(file))
        tree |= own
    for text in assignments:
        rule, separator, method = text.partition("=")
        if not separator:
            raise ConfigurationError(f'--method: "{text}" is not of the form RULE=METHOD')
        methods |= _checked({rule: method}, rules, "--method")
    return _validate(tree | {"methods": methods}, str(file or NAME))


def _checked(methods: dict[str, Any], rules: Collection[str], source: str) -> dict[str, str]:
    """Methods of rules that exist. Raises ConfigurationError."""
    for rule, method in methods.items():
        if rule not in rules:
            raise ConfigurationError(f'{source}: there is no rule "{rule}"{nearest(rule, rules)}')
        if method not in METHODS and method != FIXED:
            known = ", ".join([*METHODS, FIXED])
            raise ConfigurationError(f'{source}: rule "{rule}": "{method}" is no method (methods: {known})')
    return methods


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise ConfigurationError(f"{file}: there is no such file") from exc
    except UnicodeDecodeError as exc:
        raise ConfigurationError(f"{file}: not UTF-8 at byte {exc.start}") from exc


def _validate(tree: dict[str, Any], source: str) -> CalibrationSettings:
    try:
        return CalibrationSettings(**tree)
    except ValidationError as exc:
        problem = exc.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        hint = nearest(key, CalibrationSettings.model_fields) if problem["type"] == "extra_forbidden" else ""
        raise ConfigurationError(f'{source}: "{key}": {problem["msg"]}{hint}') from exc
