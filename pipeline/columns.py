"""The reference tables of the documentation, rendered from the declarations: docs/columns.md and docs/settings.md.

`python -m pipeline.columns [docs/columns.md]` writes both; a test holds the files against this module.
"""

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from configs.load import load_configuration
from configs.model import Section, Settings
from filters.base import Column, FilterParameters
from filters.load import load_filter, own_filters

NOTE = "<!-- Written by `python -m pipeline.columns`; edit the declarations, not this file. -->"
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
# Bases that every model has; their docstrings say nothing about one section.
COMMON_BASES = (Section, FilterParameters, BaseModel)


COLUMNS_TEXT = """\
The columns of `dataset/`, kept and rejected alike, with the filters of the default configuration. A null in a
measurement means that it was not measured, never zero."""
SETTINGS_TEXT = """\
Every key of a configuration file with its default; [configuration](configuration.md) says how files are layered."""
FILTERS_TEXT = (
    "What changes a measurement; [filters](filters.md) explains them. These may differ per language and script."
)
RULES_TEXT = """\
What decides; [rules](rules.md) explains their keys, which may differ per language and script. A null passes every rule.
The table has the defaults, below scripts, languages and presets."""
SETTING = ("setting", "type", "default", "meaning")
LISTS = (("one_of", "one of"), ("none_of", "none of"))


def columns_page(columns: Iterable[Column]) -> str:
    """A Markdown page with every column of the dataset: name, type, unit, meaning, stage."""
    rows = [
        (f"`{column.name}`", f"`{type_name(column.type)}`", column.unit, escape(column.meaning), column.stage)
        for column in columns
    ]
    return page("Columns", COLUMNS_TEXT, table(("column", "type", "unit", "meaning", "stage"), rows))


def settings_page() -> str:
    """A Markdown page with every setting of the run, every parameter of our filters, and every default rule."""
    sections = {name: type(value) for name, value in Settings() if isinstance(value, BaseModel)}
    parts = ["## The run", table(SETTING, setting_rows(Settings, "", skip=sections))]
    for name, model in sections.items():
        parts += [f"## `{name}`", introduction(model), table(SETTING, setting_rows(model, f"{name}."))]
    parts += ["## `filters`", FILTERS_TEXT]
    for name in own_filters():
        parameters = load_filter(name).Parameters
        parts += [f"### `filters.{name}`", table(SETTING, setting_rows(parameters, f"filters.{name}."))]
    parts += ["## `rules`", RULES_TEXT, table(("rule", "column", "passes when", ""), rule_rows())]
    return page("Settings", SETTINGS_TEXT, *parts)


def setting_rows(model: type[BaseModel], prefix: str, skip: Iterable[str] = ()) -> Iterator[Sequence[str]]:
    """A row for each field of a model: key, type with its bounds, default, meaning."""
    schema = model.model_json_schema()["properties"]
    docstrings = attribute_docstrings(model)
    for name, field in model.model_fields.items():
        if name in skip:
            continue
        meaning = field.description or docstrings.get(name) or ("takes part in the run" if name == "enabled" else "")
        default = to_jsonable_python(field.get_default())
        kind = schema[name]
        keys = {f"{name}.{key}": value for key, value in default.items()} if isinstance(default, dict) else {}
        for key, value in (keys or {name: default}).items():
            type_ = setting_type(kind["additionalProperties"] if keys else kind)
            shown = json.dumps(value, ensure_ascii=False)
            yield f"`{prefix}{key}`", type_, f"`{shown}`", escape(sentence(meaning))


def setting_type(schema: dict[str, Any]) -> str:
    """A JSON schema as people write types.

    >>> setting_type({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}]})
    'number > 0, or null'
    >>> setting_type({"type": "array", "items": {"type": "string"}})
    'list of string'
    """
    if "anyOf" in schema:
        return ", or ".join(setting_type(option) for option in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if "$ref" in schema:
        return "mapping"
    if schema["type"] == "array":
        return f"list of {setting_type(schema['items'])}"
    bounds = " and ".join(f"{sign} {schema[key]}" for key, sign in BOUNDS.items() if key in schema)
    return f"{schema['type']} {bounds}".rstrip()


def rule_rows() -> Iterator[Sequence[str]]:
    """A row for each default rule: its name, its column, its bounds, and whether it is off."""
    for name, rule in load_configuration("default").default.tree["rules"].items():
        bounds = [f"{sign} {rule[key]}" for key, sign in (("min", "≥"), ("max", "≤")) if key in rule]
        bounds += [f"{words} {', '.join(rule[key])}" for key, words in LISTS if key in rule]
        yield f"`{name}`", f"`{rule['column']}`", " and ".join(bounds), "" if rule["enabled"] else "off"


def introduction(model: type[BaseModel]) -> str:
    """The docstrings of a section's own classes, the most special first."""
    classes = (c for c in model.__mro__ if issubclass(c, BaseModel) and c not in COMMON_BASES)
    return "\n\n".join(inspect.cleandoc(c.__doc__) for c in classes if c.__doc__)


def attribute_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The strings that stand below a model's fields in its source, by field."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: str(text.value.value)
        for field, text in pairwise(body.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def type_name(kind: pa.DataType) -> str:
    """An Arrow type as its documentation writes it, nested ones without the names of their parts.

    >>> type_name(pa.list_(pa.struct([("language", pa.string()), ("score", pa.float32())])))
    'list<struct<language: string, score: float>>'
    """
    if pa.types.is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    return str(kind)


def sentence(text: str) -> str:
    """A meaning in the form of the others: one line, small first letter, no full stop.

    >>> sentence("Characters up to which a line is short.")
    'characters up to which a line is short'
    """
    line = " ".join(text.split()).removesuffix(".")
    return line if line[:2].isupper() else line[:1].lower() + line[1:]


def escape(text: str) -> str:
    """Text for a Markdown cell: neither a cell's border nor an HTML element.

    >>> escape("<html lang> a|b")
    '&lt;html lang> a\\\\|b'
    """
    return text.replace("|", "\\|").replace("<", "&lt;")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    >>> print(table(("a", "b"), [("1", "2")]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def page(title: str, *parts: str) -> str:
    """A generated page."""
    return "\n\n".join([f"# {title}", NOTE, *parts]) + "\n"


def pages() -> dict[str, str]:
    """Every generated page by its file name in docs/."""
    return {"columns.md": columns_page(load_configuration("default").columns), "settings.md": settings_page()}


def main(target: Path) -> None:
    """Write the pages into the folder of `target`."""
    for name, text in pages().items():
        target.with_name(name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/columns.md"))
