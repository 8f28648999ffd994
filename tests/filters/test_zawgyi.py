"""Zawgyi is told from Unicode; the pairs are one text in both encodings."""

from pathlib import Path

import pytest

from filters.text import Text
from filters.zawgyi import RULES, Parameters, measure

# Lines of the Universal Declaration of Human Rights in Unicode and, by the npm package `rabbit-node`, in Zawgyi.
PAIRS = [tuple(line.split("\t")) for line in Path(__file__).with_name("zawgyi.tsv").read_text("utf-8").splitlines()]


def ratio(text: str) -> float | None:
    value = measure(Text(text, "mya_Mymr"), Parameters())["zawgyi_ratio"]
    assert value is None or isinstance(value, float)
    return value


@pytest.mark.parametrize(("unicode", "zawgyi"), PAIRS)
def test_one_text_in_both_encodings(unicode: str, zawgyi: str) -> None:
    limit = RULES["zawgyi_ratio"].max or 0
    assert ratio(unicode) == 0
    assert (ratio(zawgyi) or 0) > limit


def test_mixed_text_is_in_between() -> None:
    unicode, zawgyi = PAIRS[0]
    assert 0 < (ratio(unicode + zawgyi) or 0) < (ratio(zawgyi) or 0)


def test_other_scripts_and_few_signs_say_nothing() -> None:
    assert ratio("An English text.") is None
    assert ratio("ကြေညာ") is None
