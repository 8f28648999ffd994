"""Writing `<language>.yaml`: differences only, in the shape of configs/languages/, each value with where it is from."""

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from configs.configuration import Configuration
from configs.layers import flatten, merge
from filters.calibration.work import Calibrated, Value
from filters.calibration.work import Path as KeyPath
from langid.labels import language_name

WIDTH = 110


def differences(configuration: Configuration, calibrated: Calibrated) -> dict[KeyPath, Value]:
    """The values that differ from what holds without the language's own file, or with the shipped one.

    So the file is right in place of the shipped one, and over it.
    """
    with_own = {path: value for path, value, _ in configuration.values(calibrated.language)}
    layers = configuration.layers_of(calibrated.language)
    shipped = configuration.languages.get(calibrated.language)
    without = dict(flatten(merge([layer for layer in layers if layer is not shipped])[0]))
    return {
        path: value
        for path, value in calibrated.values.items()
        if any(_plain(tree.get(path)) != _plain(value.value) for tree in (with_own, without))
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def language_file(label: str, header: str, values: Mapping[KeyPath, Value]) -> str:
    """The YAML of a language: a comment that says where it comes from, then its values, each under its own comment."""
    lines = _comment(f"{language_name(label)}. {header}", "")
    before: KeyPath = ()
    # Filters before rules, and within them the order of calibration, as in the shipped files.
    for path, value in sorted(values.items(), key=lambda item: item[0][0]):
        shared = _common(path[:-1], before[:-1])
        for depth in range(shared, len(path) - 1):
            lines.append(f"{'  ' * depth}{path[depth]}:")
        indent = "  " * (len(path) - 1)
        lines += _comment(provenance(value), indent)
        lines += _entry(path[-1], value.value, indent)
        before = path
    return "\n".join(lines) + "\n"


def _common(path: KeyPath, other: KeyPath) -> int:
    """How many keys two paths begin with together."""
    differing = (depth for depth, (a, b) in enumerate(zip(path, other, strict=False)) if a != b)
    return next(differing, min(len(path), len(other)))


def provenance(value: Value) -> str:
    """Method, documents, interval and warnings of a value in words.

    >>> provenance(Value(0.2, "tail", "120 documents", (0.18, 0.21)))
    'tail: 120 documents; 95 %: 0.18 to 0.21'
    """
    text = f"{value.method}: {value.source}"
    if value.interval:
        text += f"; 95 %: {value.interval[0]:g} to {value.interval[1]:g}"
    return "; ".join([text, *value.notes])


def _comment(text: str, indent: str) -> list[str]:
    mark = f"{indent}# "
    return textwrap.wrap(text, WIDTH, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False)


def _entry(key: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as a person writes it
    width = WIDTH - len(f"{indent}{key}: ")
    text = yaml.safe_dump(_plain(value), allow_unicode=True, default_flow_style=True, width=width)
    lines = text.removesuffix("...\n").rstrip("\n").split("\n")
    return [f"{indent}{key}: {lines[0]}", *(indent + line for line in lines[1:])]


def write_files(folder: Path, texts: Iterable[tuple[str, str]]) -> list[Path]:
    """Write `<label>.yaml` files; each appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for label, text in texts:
        path = folder / f"{label}.yaml"
        partial = path.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
        paths.append(path)
    return paths
