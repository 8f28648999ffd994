"""The examples in the docstrings of the filters."""

import doctest
import importlib
import pkgutil

import pytest

import filters

NAMES = [f"filters.{module.name}" for module in pkgutil.iter_modules(filters.__path__)]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
