"""A filter is named by its module, its file, or the class of a datatrove step.

`gopher_quality` is ours; `my_team.my_filter` a module that can be imported; `/home/me/my_filter.py` a file; and
`datatrove.pipeline.filters.C4QualityFilter` a class that the adapter wraps.
"""

import importlib
import importlib.util
import math
import pkgutil
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pyarrow as pa
import xxhash

import filters
from filters.base import Column, Filter, FilterParameters, Measurements, Rule
from filters.text import Text
from pipeline.errors import GlotmillError

NOT_FILTERS = frozenset({"base", "calibration", "datatrove_adapter", "load", "text", "words"})
FACE = ("COLUMNS", "RULES", "Parameters", "measure")
FILE_SUFFIX = ".py"
_COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]*")
# What every filter has to stand, and most that do not fail here.
TRIAL_TEXTS = (
    "",
    "- Eine Zeile…\n\nสวัสดีชาวโลก 東京へ行く。\n",
    "This is a sentence with some words. Here is one more of them, and there is another.\n" * 5,
)


class FilterError(Exception):
    """A filter failed for one document: it raised an error, or returned what its columns cannot hold."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")


def own_filters() -> list[str]:
    """Names of the filters in this package."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(filters.__path__)
        if module.name not in NOT_FILTERS and not module.name.startswith("_")
    )


def is_own(name: str) -> bool:
    """Whether a name is that of a filter of this package; a user's has a dot.

    >>> is_own("gopher_quality"), is_own("my_team.capitals"), is_own("/home/me/capitals.py")
    (True, False, False)
    """
    return "." not in name


def load_filter(name: str, source: str | None = None) -> Filter:
    """The filter of a name in configuration.

    `source` is the text of a user's file, where the file itself may be out of reach (a worker on another machine).
    Raises LookupError when there is no such filter, or when it is none; the message says what is wrong.
    """
    if name.endswith(FILE_SUFFIX):
        found: Any = _load_file(name, read_source(name) if source is None else source)
    else:
        found = _import(name if not is_own(name) else f"filters.{name}", name)
    if isinstance(found, type):
        from filters.datatrove_adapter import adapt

        found = adapt(found)
    problem = _problem(found)
    if problem:
        raise LookupError(f'"{name}" is not a filter: {problem}')
    return cast(Filter, found)


def read_source(name: str) -> str | None:
    """The text of a user's filter, which results depend on; None for ours, and where there is no file to read.

    Raises LookupError for the name of a file that cannot be read.
    """
    if is_own(name):
        return None
    if name.endswith(FILE_SUFFIX):
        try:
            return Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise LookupError(f'no filter "{name}": {exc}') from exc
    module = sys.modules.get(name) or sys.modules.get(name.rpartition(".")[0])
    file = getattr(module, "__file__", None)
    return Path(file).read_text(encoding="utf-8") if file and file.endswith(FILE_SUFFIX) else None


def measured(name: str, module: Filter, text: Text, parameters: FilterParameters) -> Measurements:
    """What a filter measures; a user's values are held against its columns.

    Raises FilterError for whatever the filter raises, so that it costs one document; ImportError and GlotmillError as
    they are, since a library or a model that is missing is missing for every document.
    """
    try:
        values = module.measure(text, parameters)
    except (ImportError, GlotmillError):
        raise
    except Exception as exc:  # a filter of anyone's: its error is counted, by name
        raise FilterError(name, f"{type(exc).__name__}: {exc}") from exc
    if not is_own(name):
        _check_values(name, module.COLUMNS, values)
    return values


def try_out(name: str, module: Filter, parameters: FilterParameters) -> None:
    """Measure a few short texts, before a run begins.

    Raises LookupError where the filter fails, or needs something that is not installed.
    """
    for text in TRIAL_TEXTS:
        try:
            measured(name, module, Text(text, "eng_Latn", "https://example.org/"), parameters)
        except FilterError as exc:
            raise LookupError(f"{exc} (for the text {text[:20]!r})") from exc
        except ImportError as exc:
            raise LookupError(f"{name}: {exc}") from exc


def _import(path: str, name: str) -> Any:
    """The module of a dotted path, or the class in its parent."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as exc:
        parent, _, attribute = path.rpartition(".")
        if exc.name != path or is_own(name):
            raise LookupError(f'no filter "{name}": {exc}') from exc
        found = getattr(importlib.import_module(parent), attribute, None)
        if not isinstance(found, type):
            raise LookupError(f'no filter "{name}": {exc}') from exc
        return found
    except Exception as exc:  # whatever a user's module raises while it is imported
        raise LookupError(f'no filter "{name}": it cannot be imported: {type(exc).__name__}: {exc}') from exc


def _load_file(name: str, source: str | None) -> ModuleType:
    """A file's text as a module of its own name, so that two files called alike stay two."""
    text = source or ""
    code_name = f"{Path(name).stem}_{xxhash.xxh3_64_hexdigest((name + text).encode())}"
    if code_name not in sys.modules:
        module = ModuleType(code_name, None)
        module.__file__ = name
        sys.modules[code_name] = module  # pickle and dataclasses look a class up by its module
        try:
            exec(compile(text, name, "exec"), module.__dict__)
        except Exception as exc:  # whatever a user's file raises while it runs
            del sys.modules[code_name]
            raise LookupError(f'no filter "{name}": it cannot be run: {type(exc).__name__}: {exc}') from exc
    return sys.modules[code_name]


def _problem(module: Any) -> str | None:
    """What keeps a module from being a filter, for people."""
    missing = [part for part in FACE if not hasattr(module, part)]
    if missing:
        return f"it has no {', '.join(missing)}"
    if not callable(module.measure):
        return "measure is no function"
    rules = module.RULES
    if not isinstance(rules, Mapping) or not all(isinstance(rule, Rule) for rule in rules.values()):
        return "RULES is no dict of Rule by name"
    return _problem_of_columns(module.COLUMNS) or _problem_of_parameters(module.Parameters)


def _problem_of_columns(columns: Any) -> str | None:
    if not isinstance(columns, tuple) or not all(isinstance(column, Column) for column in columns):
        return "COLUMNS is no tuple of Column; one column is written (Column(...),)"
    counts = Counter(column.name for column in columns)
    doubled = [name for name, count in counts.items() if count > 1]
    if doubled:
        return f"COLUMNS has {', '.join(doubled)} twice"
    odd = [name for name in counts if not _COLUMN_NAME.fullmatch(name)]
    return f'the column "{odd[0]}" is not named in small letters, digits and underscores' if odd else None


def _problem_of_parameters(parameters: Any) -> str | None:
    if not (isinstance(parameters, type) and issubclass(parameters, FilterParameters)):
        return "Parameters is no class of FilterParameters"
    try:
        parameters()
    except ValueError as exc:
        return f"a parameter has no default: {exc}"
    return None


def _check_values(name: str, columns: tuple[Column, ...], values: Any) -> None:
    """Raise FilterError unless each column has a value, nothing else has one, and Arrow takes each as declared."""
    if not isinstance(values, Mapping):
        raise FilterError(name, f"measure returned {type(values).__name__}, not a dict of values by column")
    wanted = {column.name for column in columns}
    if values.keys() != wanted:
        missing, strange = sorted(wanted - values.keys()), sorted(map(str, values.keys() - wanted))
        parts = [f"no value for {', '.join(missing)}"] * bool(missing)
        parts += [f"{', '.join(strange)}, which is in no column"] * bool(strange)
        raise FilterError(name, f"measure returned {' and '.join(parts)}")
    for column in columns:
        value = values[column.name]
        if isinstance(value, float) and not math.isfinite(value):
            raise FilterError(name, f"{column.name} is {value}; what cannot be measured is None")
        try:
            pa.array([value], column.type)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as exc:
            raise FilterError(name, f"{column.name} is {value!r}, not {column.type}: {exc}") from exc
