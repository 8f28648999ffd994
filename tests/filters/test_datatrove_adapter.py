"""datatrove's filters and formatters through the adapter, held against datatrove's own pipeline."""

import doctest
import importlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4ParagraphFilter,
    C4QualityFilter,
    GopherQualityFilter,
    LambdaFilter,
    RegexFilter,
    gopher_quality_filter,
)
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.formatters import PIIFormatter, SymbolLinesFormatter

import filters.datatrove_adapter as module
from configs.load import load_configuration
from filters.base import Rule
from filters.datatrove_adapter import adapt, column_prefix
from filters.load import FilterError, load_filter, measured, try_out
from filters.text import Text
from filters.words import split_words
from pipeline.errors import ConfigurationError

FILTERS = "datatrove.pipeline.filters"
SENTENCE = "The quick brown fox jumps over the lazy dog and that is all there is to be said of it."
TEXTS = [
    "",
    "One line.",
    "\n".join([SENTENCE] * 6),
    "\n".join([SENTENCE, "A menu", "Home | About", "Please enable javascript.", SENTENCE, "no end here"] * 3),
    "Lorem ipsum dolor sit amet.\n" * 6,
    "function() { return 1; }\n" * 6,
    "\n\n".join([SENTENCE * 4] * 4),
    "สวัสดีชาวโลก\n" * 10,
    "Write to a.person@mail.example or to b@mail.example from 8.8.8.8\n***\nText",
]


def through_datatrove(step: Any, text: str) -> Document | None:
    """The oracle: datatrove's own way to run a step over documents; None for a dropped one."""
    document = Document(text, id="1", metadata={"url": "https://example.org/", "language": "und_Zzzz"})
    return next(iter(step.run([document])), None)


@pytest.fixture
def is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Document], bool]:
    (tmp_path / "rules_of_tests.py").write_text("def is_long(doc):\n    return len(doc.text) > 50\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    function: Callable[[Document], bool] = importlib.import_module("rules_of_tests").is_long
    return function


class ShortFilter(BaseFilter):
    """A filter of one's own, derived from datatrove's."""

    def __init__(self, most: int = 20, words: list[str] | None = None) -> None:
        super().__init__()
        self.most, self.words = most, words or []

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        if len(doc.text) > self.most:
            return False, "too_long"
        return doc.metadata["language"] == "deu_Latn" or doc.metadata["url"] != ""


class BrokenFilter(BaseFilter):
    """A filter that wants more than a document has."""

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        return bool(doc.metadata["date"])


def test_doctests() -> None:
    assert doctest.testmod(module).failed == 0


CASES = [
    (C4QualityFilter, {"min_num_sentences": -1}),
    (C4QualityFilter, {"min_num_sentences": -1, "min_words_per_line": 5, "remove_citations": False}),
    (C4ParagraphFilter, {}),
    (RegexFilter, {"regex_exp": "lazy|ชาว"}),
    (LambdaFilter, {"filter_function": "rules_of_tests.is_long"}),
    (ShortFilter, {}),
    (ShortFilter, {"most": 300}),
]


@pytest.mark.parametrize(("step", "arguments"), CASES)
def test_verdicts_are_datatroves(step: type, arguments: dict[str, Any], is_long: Callable[[Document], bool]) -> None:
    adapted = adapt(step)
    parameters = adapted.Parameters(**arguments)
    given = {key: is_long if key == "filter_function" else value for key, value in arguments.items()}
    prefix = column_prefix(step)
    verdicts = set()
    for text in TEXTS:
        document = through_datatrove(step(**given), text)
        values = adapted.measure(Text(text, url="https://example.org/"), parameters)
        assert values[f"{prefix}_keep"] == (document is not None)
        verdicts.add(values[f"{prefix}_keep"])
        if document is not None:
            assert values[f"{prefix}_text"] == (document.text if document.text != text else None)
            assert values[f"{prefix}_reason"] is None
    assert verdicts == {True, False}


def test_reasons_are_datatroves() -> None:
    adapted = adapt(C4QualityFilter)
    found = [adapted.measure(Text(text), adapted.Parameters(min_num_sentences=-1)) for text in TEXTS]
    assert [values["datatrove_c4_quality_reason"] for values in found[4:6]] == ["lorem_ipsum", None]
    short = adapt(ShortFilter)
    assert short.measure(Text("x" * 30), short.Parameters())["datatrove_short_reason"] == "too_long"


def test_gopher_with_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """datatrove's splitter needs spaCy; with ICU's words in its place the verdicts are those of the class."""
    monkeypatch.setattr(gopher_quality_filter, "split_into_words", lambda text, language: split_words(text))
    adapted = adapt(GopherQualityFilter)
    reasons = set()
    for text in (*TEXTS, SENTENCE * 10, "# " * 100, "- point of a list of that and the other\n" * 20):
        expected = GopherQualityFilter(min_doc_words=10).filter(Document(text, id="1"))
        values = adapted.measure(Text(text), adapted.Parameters(min_doc_words=10))
        keep, reason = expected if isinstance(expected, tuple) else (expected, None)
        assert (values["datatrove_gopher_quality_keep"], values["datatrove_gopher_quality_reason"]) == (keep, reason)
        reasons.add(reason)
    assert len(reasons) > 3


def test_formatters_begin_anew_with_every_document() -> None:
    adapted = adapt(PIIFormatter)
    parameters = adapted.Parameters(remove_ips=False)
    expected = PIIFormatter(remove_ips=False).format(TEXTS[8])
    assert expected != TEXTS[8]
    for _ in range(3):
        assert adapted.measure(Text(TEXTS[8]), parameters) == {"datatrove_pii_text": expected}
    assert adapted.measure(Text(TEXTS[2]), parameters) == {"datatrove_pii_text": None}
    assert adapted.RULES == {}
    symbols = adapt(SymbolLinesFormatter)
    edited = symbols.measure(Text(TEXTS[8]), symbols.Parameters())["datatrove_symbol_lines_text"]
    assert edited == SymbolLinesFormatter().format(TEXTS[8]) != TEXTS[8]


def test_the_rule_is_the_verdict() -> None:
    assert {"datatrove_regex": Rule(column="datatrove_regex_keep", min=1)} == adapt(RegexFilter).RULES


def test_parameters_are_the_arguments() -> None:
    parameters = adapt(GopherQualityFilter).Parameters
    assert set(parameters.model_fields) >= {"enabled", "min_doc_words", "stop_words", "language"}
    assert "exclusion_writer" not in parameters.model_fields
    assert parameters().min_doc_words == GopherQualityFilter().min_doc_words
    with pytest.raises(ValueError, match="min_docwords"):
        parameters(min_docwords=1)
    with pytest.raises(ValueError, match="valid integer"):
        parameters(min_doc_words="many")
    with pytest.raises(ValueError, match="cannot be made without it"):
        adapt(RegexFilter).Parameters(regex_exp=None)
    assert pickle.loads(pickle.dumps(parameters().model_dump())) == parameters().model_dump()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"{FILTERS}.SamplerFilter", "draws its verdict"),
        (f"{FILTERS}.base_filter.BaseFilter", "neither a filter module nor"),
        (f"{FILTERS}.NoSuchFilter", "No module named"),
        ("datatrove.pipeline.readers.JsonlReader", "neither a filter module nor"),
    ],
)
def test_classes_that_cannot_be_adapted(name: str, message: str) -> None:
    with pytest.raises(LookupError, match=message):
        load_filter(name)


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(text: str, language: str) -> list[str]:
        raise ImportError("Please install `spacy` to use en word tokenizer (`pip install spacy`).")

    monkeypatch.setattr(gopher_quality_filter, "split_into_words", missing)
    name = f"{FILTERS}.GopherQualityFilter"
    adapted = load_filter(name)
    with pytest.raises(LookupError, match="GopherQualityFilter: Please install `spacy`"):
        try_out(name, adapted, adapted.Parameters())


def test_what_a_step_raises_costs_the_document() -> None:
    adapted = adapt(BrokenFilter)
    with pytest.raises(FilterError, match=r"team\.BrokenFilter: KeyError: 'date'"):
        measured("team.BrokenFilter", adapted, Text("text"), adapted.Parameters())


def test_functions_that_are_not_there() -> None:
    adapted = adapt(LambdaFilter)
    for path, message in (("is_long", "no dotted path"), ("no_such.module", "No module named 'no_such'")):
        with pytest.raises(ImportError, match=message):
            adapted.measure(Text("text"), adapted.Parameters(filter_function=path))


def test_configuration(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        f"""\
filters:
  {FILTERS}.RegexFilter: {{regex_exp: "a+b"}}
overrides:
  languages:
    deu_Latn:
      filters:
        {FILTERS}.RegexFilter: {{regex_exp: "c"}}
""",
        encoding="utf-8",
    )
    configuration = load_configuration(str(file), [f"filters.{FILTERS}.RegexFilter.regex_exp=d"])
    name = f"{FILTERS}.RegexFilter"
    assert configuration.for_language("und_Zzzz").filters[name].regex_exp == "d"
    assert configuration.for_language("deu_Latn").rules["datatrove_regex"].min == 1
    assert "datatrove_regex_keep" in {column.name for column in configuration.columns}
    file.write_text(f"filters:\n  {FILTERS}.RegexFilter: {{regex: a}}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match='the nearest known key is "regex_exp"'):
        load_configuration(str(file))
    file.write_text(f"filters:\n  {FILTERS}.RegexFilter: {{enabled: true}}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"RegexFilter\.regex_exp.*cannot be made without it"):
        load_configuration(str(file))
