"""Rules that combine columns, compare them, and say what they are."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from configs.load import load_configuration
from filters.base import Computed, Condition, Rule
from pipeline.deciding.rules import failed, fails
from pipeline.deciding.words import describe
from pipeline.errors import ConfigurationError

NUMBERS = st.one_of(st.none(), st.integers(-3, 3))


def holds(condition: Condition, row: dict) -> bool:
    """What a condition says of one document, written as a person would."""
    if condition.all:
        return all(holds(part, row) for part in condition.all)
    if condition.any:
        return any(holds(part, row) for part in condition.any)
    value = row[condition.column]
    if value is None:
        return True
    return (condition.min is None or value >= condition.min) and (condition.max is None or value <= condition.max)


LEAVES = st.builds(lambda column, low: Condition(column=column, min=low), st.sampled_from("ab"), st.integers(-3, 3))
CONDITIONS = st.recursive(
    LEAVES,
    lambda parts: st.builds(
        lambda kind, found: Condition(**{kind: tuple(found)}),
        st.sampled_from(["all", "any"]),
        st.lists(parts, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@given(CONDITIONS, st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=10))
def test_all_and_any_agree_with_a_plain_reading(condition, pairs):
    rows = [{"a": a, "b": b} for a, b in pairs]
    table = pa.Table.from_pylist(rows, schema=pa.schema([("a", pa.float64()), ("b", pa.int64())]))
    assert failed(table, condition).tolist() == [not holds(condition, row) for row in rows]


def test_a_column_is_compared_with_another():
    table = pa.table({"a": [1.0, 5.0, 5.0, None, 5.0], "b": [4, 4, None, 4, 100]})
    rule = Rule(column="a", min={"column": "b", "times": 0.5, "most": 4})
    assert failed(table, rule).tolist() == [True, False, False, False, False]
    assert failed(table, Rule(column="a", max={"column": "b", "least": 6})).tolist() == [False] * 5


def test_what_is_still_to_be_computed_judges_nothing():
    values = pa.chunked_array([[1.0]])
    for rule in (Rule(column="c", top_fraction=0.1), Rule(column="c", min={"quantile": 0.1})):
        with pytest.raises(ValueError, match="still to be computed"):
            fails(values, rule)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "give one of column, all, any"),
        ({"column": "c", "any": [{"column": "c", "min": 1}]}, "not column and any"),
        ({"all": [{"column": "c", "min": 1}], "max": 3}, "`max` needs a column"),
        ({"any": [{"column": "c"}]}, "the part over c has none of min, max"),
        ({"column": "c", "min": {}}, "give one of quantile, median_minus_deviations, column, not none"),
        ({"column": "c", "min": {"quantile": 0.1, "column": "d"}}, "not quantile and column; take away"),
        ({"column": "c", "min": {"quantile": 1.5}}, "quantile: Input should be less than or equal to 1"),
        ({"column": "c", "min": {"quantle": 0.5}}, "quantle: unknown key; there are quantile"),
        ({"column": "c", "min": {"quantile": 0.5, "times": 2}}, "`times` is a factor for `column`"),
        ({"column": "c", "min": {"quantile": 0.5, "least": 2, "most": 1}}, "least 2 is above most 1"),
        ({"column": "c", "min": "many"}, "valid number"),
        ({"column": "c", "top_fraction": 0}, "greater than 0"),
        ({"column": "c", "top_fraction": 0.1, "min": 3}, "does not go with `min`"),
        ({"column": "c", "min": 2, "max": 1}, "no document could pass"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(fields, message):
    with pytest.raises(ValidationError) as refused:
        Rule(**fields)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("rules.x={any: [{column: gopher_word_cont, min: 9}]}", 'nearest known key is "gopher_word_count"'),
        ("rules.x={any: [{colum: gopher_word_count, min: 9}]}", 'unknown key; the nearest known key is "column"'),
        ("rules.x={column: url, top_fraction: 0.1}", '"top_fraction" does not fit the column "url" of type string'),
        ("rules.x={all: [{column: url, min: 1}]}", '"min" does not fit the column "url"'),
        ("rules.x={column: url_depth, max: {column: url}}", '"url_depth" cannot be compared with "url"'),
        ("rules.x={column: url_depth, max: {column: url_deph}}", 'nearest known key is "url_depth"'),
        ("rules.kept={column: url_depth, max: 3}", "it is a reason"),
        ("rules.x.top_fraction=0.1", "a new rule has to name its `column`, or `all` or `any`"),
        ("rules.language_score.min={quantle: 0.1}", '--set rules.language_score.min={quantle: 0.1}: "rules.language_s'),
    ],
)
def test_configurations_that_cannot_be_meant_are_refused(assignment, message):
    with pytest.raises(ConfigurationError) as refused:
        load_configuration("default", [assignment])
    assert message in str(refused.value)
    assert "--set" in str(refused.value)


def test_a_mapping_takes_the_place_of_a_number_and_back():
    score = "rules.language_score.min"
    computed = f"{score}={{median_minus_deviations: 1, least: 0.3, most: 0.9}}"
    over = "overrides.languages.deu_Latn.rules.language_score.min=0.5"
    configuration = load_configuration("default", [computed, over])
    bound = configuration.for_language("fra_Latn").rules["language_score"].min
    assert bound == Computed(median_minus_deviations=1, least=0.3, most=0.9)
    assert configuration.for_language("deu_Latn").rules["language_score"].min == 0.5
    assert load_configuration("default", [computed, f"{score}=0.4"]).for_language("fra_Latn").rules[
        "language_score"
    ].min == pytest.approx(0.4)
    origins = {path: layer for path, _, layer in configuration.values("fra_Latn")}
    assert origins["rules", "language_score", "min", "least"] == f"--set {computed}"


def test_a_rule_over_a_filter_that_is_off_judges_nothing():
    rule = "rules.x={any: [{column: gopher_word_count, min: 9}, {column: url_depth, max: 3}]}"
    assert "x" in load_configuration("default", [rule]).for_language("deu_Latn").rules
    off = load_configuration("default", [rule, "filters.gopher_quality.enabled=false"])
    assert "x" not in off.for_language("deu_Latn").rules


def test_rules_are_told_in_words():
    parts = [{"column": "a", "max": {"column": "b", "times": 2}}, {"all": [{"column": "c", "none_of": ["x", "y"]}]}]
    assert describe(Rule(any=parts)) == "any of: a ≤ 2 × b; (all of: c none of x, y)"
    assert (
        describe(Rule(column="a", min={"quantile": 0.05, "least": 3}), "a")
        == "≥ 5 % quantile of the language, at least 3"
    )
    best = Rule(column="a", top_fraction=0.1, among="passing")
    assert describe(best) == "a in the top 10 % of the language that passes the other rules"
    assert np.all([word in describe(Rule(column="a", min=1, max=2)) for word in ("≥ 1", "≤ 2")])
