"""Any datatrove filter or formatter as a filter: its verdict, its reason and its text become columns.

The class is named by its dotted path in the configuration, and its arguments are the filter's parameters:

    filters:
      datatrove.pipeline.filters.RegexFilter: {regex_exp: "(?i)lorem ipsum"}

A filter gives `datatrove_regex_keep` and `datatrove_regex_reason`, and `datatrove_regex_text` where it edits texts, as
C4QualityFilter does; its rule `datatrove_regex` rejects what it would drop. A formatter gives its text only.
"""

import copy
import importlib
import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pydantic import create_model, field_validator

from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text

# Arguments about how datatrove runs a step: a filter here sees one document at a time and writes nothing.
RUN_ARGUMENTS = frozenset({"self", "exclusion_writer", "batch_size"})
# Their verdict is drawn from a generator that goes on from document to document, so it depends on the worker.
DRAWN = frozenset({"SamplerFilter"})
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLAIN = (bool, int, float, str, type(None))


@dataclass
class Adapted:
    """A datatrove step with the face of a filter module; each set of parameters has one instance a process."""

    step: type
    COLUMNS: tuple[Column, ...]
    RULES: dict[str, Rule]
    Parameters: type[FilterParameters]
    _instances: dict[str, Any] = field(default_factory=dict)

    def measure(self, text: Text, parameters: FilterParameters) -> Measurements:
        """Values of `COLUMNS`; the text is null where the step leaves it as it is.

        Raises what the step raises: ImportError where it needs a library that is not installed.
        """
        step = self.instance(parameters)
        prefix = column_prefix(self.step)
        if not hasattr(step, "filter"):
            # Formatters count their replacements through, from one document to the next: each document begins anew.
            edited = copy.deepcopy(step).format(text.text)
            return {f"{prefix}_text": edited if edited != text.text else None}
        from datatrove.data import Document

        document = Document(text.text, id=text.url, metadata={"url": text.url, "language": text.language})
        result = step.filter(document)
        keep, reason = result if isinstance(result, tuple) else (result, None)
        return {
            f"{prefix}_keep": bool(keep),
            f"{prefix}_reason": None if keep or reason is None else str(reason),
            f"{prefix}_text": document.text if document.text != text.text else None,
        }

    def instance(self, parameters: FilterParameters) -> Any:
        """The step with these arguments, made at its first use in a process."""
        values = parameters.model_dump(exclude={"enabled"})
        key = json.dumps(values, sort_keys=True)
        if key not in self._instances:
            self._instances[key] = self.step(**dict(_resolved(self.step, values)))
        return self._instances[key]


def adapt(step: type) -> Adapted:
    """A datatrove filter or formatter as a filter.

    Raises LookupError for a class that is neither, or whose verdict depends on the order of documents.

    >>> from datatrove.pipeline.filters import RegexFilter
    >>> [column.name for column in adapt(RegexFilter).COLUMNS]
    ['datatrove_regex_keep', 'datatrove_regex_reason', 'datatrove_regex_text']
    """
    from datatrove.pipeline.filters.base_filter import BaseFilter
    from datatrove.pipeline.formatters.base import BaseFormatter

    name = f"{step.__module__}.{step.__qualname__}"
    if not issubclass(step, BaseFilter | BaseFormatter) or inspect.isabstract(step):
        raise LookupError(f"{name} is neither a filter module nor a filter or formatter of datatrove")
    if step.__name__ in DRAWN:
        raise LookupError(f"{name} draws its verdict, so a run would not give the same result twice")
    prefix = column_prefix(step)
    text = Column(f"{prefix}_text", pa.string(), "", f"the text as {name} edits it; null: unchanged", "curate")
    if issubclass(step, BaseFormatter):
        return Adapted(step, (text,), {}, _parameters(step))
    keep = Column(f"{prefix}_keep", pa.bool_(), "boolean", f"the verdict of {name}", "curate")
    reason = Column(f"{prefix}_reason", pa.string(), "", "its reason to drop; null: kept, or no reason", "curate")
    rules = {prefix: Rule(column=keep.name, min=1)}
    return Adapted(step, (keep, reason, text), rules, _parameters(step))


def column_prefix(step: type) -> str:
    """How the columns of a step begin.

    >>> column_prefix(type("C4QualityFilter", (), {})), column_prefix(type("FTFYFormatter", (), {}))
    ('datatrove_c4_quality', 'datatrove_ftfy')
    """
    name = re.sub(r"(Filter|Formatter)$", "", step.__name__)
    return f"datatrove_{_WORD_STARTS.sub('_', name).lower()}"


def _arguments(step: type) -> Iterator[inspect.Parameter]:
    """What a step is made with, but for how it is run."""
    for argument in inspect.signature(step).parameters.values():
        if argument.name not in RUN_ARGUMENTS and argument.kind in (
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        ):
            yield argument


def _parameters(step: type) -> type[FilterParameters]:
    """The step's arguments as a model: unknown ones are refused, and those without default have to be given."""
    fields: dict[str, Any] = {}
    needed: list[str] = []
    for argument in _arguments(step):
        default = argument.default
        if default is inspect.Parameter.empty:
            needed.append(argument.name)
            fields[argument.name] = (_type_of(argument) | None, None)
        elif _is_plain(default):
            fields[argument.name] = (_type_of(argument), default)
    # Defaults are not validated, so the model can be made without arguments; what a configuration gives is.
    validators = {"_is_given": field_validator(*needed)(_refuse_null)} if needed else {}
    return create_model(
        f"{step.__name__}Parameters",
        __base__=FilterParameters,
        __doc__=f"Arguments of {step.__module__}.{step.__qualname__}.",
        __validators__=typing.cast(dict[str, Callable[..., Any]], validators),
        **fields,
    )


def _refuse_null(value: Any) -> Any:
    if value is None:
        raise ValueError("the step cannot be made without it")
    return value


def _type_of(argument: inspect.Parameter) -> Any:
    """An argument's type as far as it is one of plain values; a function is given by its dotted path."""
    if _is_function(argument):
        return str
    return argument.annotation if _is_plain_type(argument.annotation) else Any


def _is_function(argument: inspect.Parameter) -> bool:
    options = (argument.annotation, *typing.get_args(argument.annotation))
    return any(option is Callable or typing.get_origin(option) is Callable for option in options)


def _is_plain_type(annotation: Any) -> bool:
    """Whether a type is made of numbers, strings, lists and tuples, and says so correctly."""
    if annotation in _PLAIN or annotation is None:
        return True
    origin, options = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union, list):
        return all(map(_is_plain_type, options))
    return False


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(entry) for key, entry in value.items())
    return isinstance(value, _PLAIN)


def _resolved(step: type, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of arguments, with functions for their dotted paths. Raises ImportError where one is not found."""
    functions = {argument.name for argument in _arguments(step) if _is_function(argument)}
    for name, value in values.items():
        if name in functions and isinstance(value, str):
            module, _, function = value.rpartition(".")
            if not module:
                raise ImportError(f'"{value}" is no dotted path of a function, such as my_team.rules.is_long')
            yield name, getattr(importlib.import_module(module), function)
        else:
            yield name, value
