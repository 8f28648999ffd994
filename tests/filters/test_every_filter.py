"""One sweep over every filter of the package: what each must survive, declare and return."""

import importlib
import pickle
import pkgutil
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

import filters
from filters.base import Column, FilterParameters, Rule
from filters.text import Text

MODULES = [importlib.import_module(f"filters.{found.name}") for found in pkgutil.iter_modules(filters.__path__)]
FILTERS = [module for module in MODULES if hasattr(module, "COLUMNS")]
TEXTS = {
    "empty": "",
    "blank": " \n\t\n ",
    "emoji": "😀",
    "letter": "a",
    "line feeds": "\n" * 1000,
    "punctuation": "!?,." * 50,
    "megabyte line": "word " * 200_000,
    "megabyte without spaces": "x" * 1_000_000,
    "Thai without spaces": "สวัสดีชาวโลก" * 20_000,
    "NUL": "a\0b \0\0 c",
    "lone surrogates": "a \ud800 b\udfff",
    "astral": "𝒜𝒷𝒸 🇩🇪 👩‍👩‍👧\n" * 10,
    "right to left": "שלום\u200f عالم\n" * 10,
    "carriage returns": "one\r\ntwo\rthree\u2028four\x85five",
}
URLS = ["", "https://example.org/page", "::::", "http://\ud800/", "ftp://[::1", "http://example.org/" + "a" * 10_000]


def test_the_sweep_finds_the_filters() -> None:
    names = {module.__name__ for module in FILTERS}
    assert names >= {"filters.gopher_quality", "filters.gopher_repetition", "filters.fineweb_quality"}


@pytest.fixture(params=FILTERS, ids=lambda module: module.__name__)
def module(request: pytest.FixtureRequest) -> ModuleType:
    found: ModuleType = request.param
    return found


def assert_fits(module: ModuleType, values: Any) -> None:
    """Every column has a value, nothing else has one, and Arrow takes each as declared."""
    columns: tuple[Column, ...] = module.COLUMNS
    assert set(values) == {column.name for column in columns}
    for column in columns:
        array = pa.array([values[column.name]], column.type)
        assert array.to_pylist() == [values[column.name]]
        if pa.types.is_floating(column.type) and column.unit == "ratio 0-1" and array.null_count == 0:
            assert 0 <= values[column.name] <= 1


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_every_text_is_measured(module: ModuleType, text: str) -> None:
    assert_fits(module, module.measure(Text(text), module.Parameters()))


@pytest.mark.parametrize("url", URLS)
def test_every_address_is_measured(module: ModuleType, url: str) -> None:
    assert_fits(module, module.measure(Text("Some text.", url=url), module.Parameters()))


def test_measuring_twice_gives_the_same(module: ModuleType) -> None:
    view = Text("One line.\nOne line.\n- another one…\n" * 30, "eng_Latn", "https://example.org/")
    first = dict(module.measure(view, module.Parameters()))
    assert dict(module.measure(view, module.Parameters())) == first
    assert dict(module.measure(Text(view.text, view.language, view.url), module.Parameters())) == first


def test_parameters_and_values_can_be_pickled(module: ModuleType) -> None:
    parameters = module.Parameters()
    assert pickle.loads(pickle.dumps(parameters)) == parameters
    values = dict(module.measure(Text("Some text. Some text."), parameters))
    assert pickle.loads(pickle.dumps(values)) == values


def test_parameters_are_frozen_and_refuse_unknown_keys(module: ModuleType) -> None:
    assert issubclass(module.Parameters, FilterParameters)
    with pytest.raises(ValueError, match="no_such_key"):
        module.Parameters(no_such_key=1)
    with pytest.raises(ValueError, match="frozen"):
        module.Parameters().enabled = False


def test_columns_are_described(module: ModuleType) -> None:
    columns: tuple[Column, ...] = module.COLUMNS
    assert len({column.name for column in columns}) == len(columns)
    for column in columns:
        assert column.unit
        assert column.meaning
        assert column.stage == "curate"


def test_rules_are_over_the_columns(module: ModuleType) -> None:
    names = {column.name for column in module.COLUMNS}
    for name, rule in module.RULES.items():
        assert isinstance(rule, Rule)
        assert rule.column in names, name


def test_no_column_belongs_to_two_filters() -> None:
    names = [column.name for module in FILTERS for column in module.COLUMNS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_modules_have_a_docstring(module: ModuleType) -> None:
    assert module.__doc__
