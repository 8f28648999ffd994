"""Layers of settings: nested mappings with a name, merged in order, where every value remembers its layer."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ConfigurationError

Path = tuple[str, ...]
Tree = dict[str, Any]
Merged = tuple[Tree, dict[Path, str]]
# A new rule says with one of these what it judges.
JUDGED = {"column", "all", "any"}


@dataclass(frozen=True)
class Layer:
    """One named source of values: the defaults, a YAML file, the command line."""

    name: str
    tree: Tree


def flatten(tree: Mapping[str, Any], prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Paths and values of the leaves; lists and empty mappings are leaves.

    >>> list(flatten({"a": {"b": 1, "c": [2]}}))
    [(('a', 'b'), 1), (('a', 'c'), [2])]
    """
    for key, value in tree.items():
        path = (*prefix, str(key))
        if isinstance(value, dict) and value:
            yield from flatten(value, path)
        else:
            yield path, value


def merge(layers: Iterable[Layer], onto: Merged | None = None) -> Merged:
    """The merged tree and, for each leaf, the name of the layer that set it; later layers win.

    `onto` is what lower layers make; it stays as it is.

    >>> below = merge([Layer("default", {"a": {"b": 1, "c": 2}})])
    >>> merge([Layer("run", {"a": {"b": 3}})], below)
    ({'a': {'b': 3, 'c': 2}}, {('a', 'b'): 'run', ('a', 'c'): 'default'})
    """
    merged, origins = (_copy(onto[0]), dict(onto[1])) if onto else ({}, {})
    for layer in layers:
        for path, value in flatten(layer.tree):
            if value == {}:
                continue
            _assign(merged, path, value)
            for depth in range(1, len(path)):
                origins.pop(path[:depth], None)  # of a value that a mapping replaces
            origins[path] = layer.name
    return merged, origins


def _copy(tree: Tree) -> Tree:
    """The same leaves in mappings of their own."""
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in tree.items()}


def _assign(tree: Tree, path: Path, value: Any) -> None:
    for key in path[:-1]:
        if not isinstance(tree.get(key), dict):
            tree[key] = {}  # where a lower layer has a value, such as a number for a bound, a mapping replaces it
        tree = tree[key]
    tree[path[-1]] = value


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name, or nothing.

    >>> nearest("extractoin", ["extraction", "dataset"])
    '; the nearest known key is "extraction"'
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f'; the nearest known key is "{found[0]}"' if found else ""


def refuse_unknown(layer: Layer, known: Tree, rule_fields: Iterable[str]) -> None:
    """Check a layer's keys against the tree of known keys.

    A rule may be new when it says what it judges. Raises ConfigurationError with the layer and the nearest key.
    """
    rule_fields = sorted(rule_fields)
    for path, _ in flatten(layer.tree):
        if path[0] == "rules" and len(path) > 2:
            if path[1] not in known["rules"] and not JUDGED & layer.tree["rules"][path[1]].keys():
                hint = nearest(path[1], known["rules"])
                raise ConfigurationError(
                    f'{layer.name}: unknown rule "{path[1]}"{hint} (a new rule has to name its `column`, or `all` or '
                    "`any` of some conditions)"
                )
            _refuse_at(layer, path, 2, rule_fields)
        else:
            _walk(layer, path, known)


def _walk(layer: Layer, path: Path, known: Any) -> None:
    for depth, key in enumerate(path):
        if not isinstance(known, Mapping):
            raise ConfigurationError(f'{layer.name}: "{".".join(path[:depth])}" is a value, not a section')
        _refuse_at(layer, path, depth, known)
        known = known[key]
    if isinstance(known, Mapping) and known:
        raise ConfigurationError(f'{layer.name}: "{".".join(path)}" is a section: it needs keys below it')


def _refuse_at(layer: Layer, path: Path, depth: int, known: Iterable[str]) -> None:
    if path[depth] not in known:
        raise ConfigurationError(
            f'{layer.name}: unknown key "{".".join(path[: depth + 1])}"{nearest(path[depth], known)}'
        )


def parse_assignment(text: str, parse_value: Any, known: Tree) -> Tree:
    """One `KEY=VALUE` of the command line as a tree; keys are dotted, also around dotted filter names.

    >>> parse_assignment("dataset.rejected=false", lambda v: v == "true", {"dataset": {"rejected": True}})
    {'dataset': {'rejected': False}}
    """
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise ConfigurationError(f'--set: "{text}" is not of the form KEY=VALUE')
    tree: Tree = {}
    _assign(tree, _split_key(key.strip().split("."), known), parse_value(value))
    return tree


def _split_key(parts: Sequence[str], known: Any) -> Path:
    """Dotted parts as a path: the longest run of parts that is a known key counts as one key."""
    if not parts:
        return ()
    for length in range(len(parts), 1, -1):
        joined = ".".join(parts[:length])
        if isinstance(known, Mapping) and joined in known:
            return (joined, *_split_key(parts[length:], known[joined]))
    below = known.get(parts[0]) if isinstance(known, Mapping) else None
    return (parts[0], *_split_key(parts[1:], below))
