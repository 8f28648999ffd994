"""A filter is named by its module: `gopher_quality` is ours, `my_team.my_filter` is anyone's."""

import importlib
import pkgutil
from typing import cast

import filters
from filters.base import Filter

NOT_FILTERS = frozenset({"base", "load", "text", "words"})
FACE = ("COLUMNS", "RULES", "Parameters", "measure")


def own_filters() -> list[str]:
    """Names of the filters in this package."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(filters.__path__)
        if module.name not in NOT_FILTERS and not module.name.startswith("_")
    )


def load_filter(name: str) -> Filter:
    """The filter module of a name in configuration.

    Raises LookupError when there is no such module, or when it is not a filter; the message says what is missing.
    """
    path = name if "." in name else f"filters.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as exc:
        raise LookupError(f'no filter "{name}": {exc}') from exc
    missing = [part for part in FACE if not hasattr(module, part)]
    if missing:
        raise LookupError(f'"{path}" is not a filter: it has no {", ".join(missing)}')
    return cast(Filter, module)
