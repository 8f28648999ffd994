"""The Web Docs Scorer: every stated breakpoint, properties of the score, values counted by hand, real pages."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pipeline.sample
from filters._characters import DIGIT, LETTER, OTHER, PUNCTUATION, SINGULAR, count_characters, kind
from filters.base import Measurements
from filters.text import Text
from filters.web_docs_scorer import (
    BASE_WEIGHTS,
    COLUMNS,
    PENALTIES,
    RULES,
    Parameters,
    combine,
    count_addresses,
    great_lines,
    informativeness,
    interpolate,
    penalty,
    repeated,
    short_lines,
)
from filters.web_docs_scorer import measure as measure_text

DEFAULT = Parameters()
PAGES = Path(pipeline.sample.__file__).parent / "pages"


def prose(language: str) -> str:
    """The sample pages of a language, without their heads."""
    pages = sorted(PAGES.glob(f"{language}-*.md"))
    return "\n".join(page.read_text(encoding="utf-8").split("---\n", 2)[2].strip() for page in pages)


PROSE = prose("spa")


def measured(text: str, share: float | None = 1.0, parameters: Parameters = DEFAULT) -> Measurements:
    return measure_text(Text(text, "spa_Latn", "https://example.org/", share), parameters)


@pytest.mark.parametrize(
    ("name", "value", "score"),
    [
        *[("urls", value, score) for value, score in ((0, 1), (3, 1), (6.5, 0.5), (10, 0), (99, 0))],
        *[("numbers", value, score) for value, score in ((0, 1), (1, 1), (15.5, 0.5), (30, 0), (99, 0))],
        *[("punctuation", value, score) for value, score in ((0, 0), (0.3, 0), (0.4, 0.25), (0.5, 0.5), (0.7, 0.75))],
        *[("punctuation", value, score) for value, score in ((0.9, 1), (2.5, 1), (13.75, 0.5), (25, 0), (99, 0))],
        *[("singular", value, score) for value, score in ((0, 1), (1, 1), (1.5, 0.85), (2, 0.7), (4, 0.6), (6, 0.5))],
        *[("singular", value, score) for value, score in ((8, 0.25), (10, 0), (99, 0))],
        *[("informativeness", value, score) for value, score in ((0, 1), (10, 1), (12.5, 0.85), (15, 0.7))],
        *[("informativeness", value, score) for value, score in ((17.5, 0.35), (20, 0), (99, 0))],
        *[("short_lines", value, score) for value, score in ((0, 0.5), (0.3, 0.75), (0.6, 1), (2, 1))],
    ],
)
def test_breakpoints(name: str, value: float, score: float) -> None:
    assert interpolate(getattr(DEFAULT, name), value) == pytest.approx(score)


@pytest.mark.parametrize("name", ["urls", "numbers", "punctuation", "singular", "informativeness", "short_lines"])
def test_lines_between_breakpoints_are_those_of_numpy(name: str) -> None:
    points = getattr(DEFAULT, name)
    values = np.linspace(-1, 40, 500)
    expected = np.interp(values, *zip(*points, strict=True))
    assert [interpolate(points, value) for value in values] == pytest.approx(expected.tolist())


@pytest.mark.parametrize("points", [(), ((1, 1), (1, 0)), ((2, 1), (1, 0)), ((1, 1.5),), ((1, -0.1),), ((1,),)])
def test_breakpoints_that_make_no_line_are_refused(points: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match="breakpoints"):
        Parameters(urls=points)


@pytest.mark.parametrize("factor", [0, -1, float("inf")])
def test_factors_are_positive(factor: float) -> None:
    with pytest.raises(ValueError, match="punctuation_factor"):
        Parameters(punctuation_factor=factor)


def test_the_published_example() -> None:
    """That of web-docs-scorer's documentation, whose components are rounded to two digits."""
    components = {"language": 0.99, "long_lines": 0.4, "great_lines": 1.0, "urls": 1.0, "punctuation": 1.0}
    components |= {"singular": 1.0, "numbers": 0.92, "repeated": 0.89, "informativeness": 1.0, "short_lines": 0.84}
    assert combine(components) == pytest.approx(0.77, abs=0.015)


penalties = st.lists(st.floats(0, 1), min_size=7, max_size=7)


@given(penalties)
def test_the_penalty_is_between_0_and_the_worst(values: list[float]) -> None:
    # The exponents sum to 3 and the worst value has the largest, at least 3/7.
    assert 0 <= penalty(values) <= min(values) ** (3 / 7) + 1e-9
    assert (penalty(values) == 0) == (min(values) < 0.1)


@given(penalties, st.floats(0, 1))
def test_a_better_worst_value_never_lowers_the_penalty(values: list[float], step: float) -> None:
    values = sorted(values)
    better = [values[0] + step * (values[1] - values[0]), *values[1:]]
    assert penalty(better) >= penalty(values) - 1e-12


def test_another_worse_value_can_raise_the_product() -> None:
    """A property of the published formula: a second bad value takes weight off the first one."""
    assert penalty([0.2, 0.5, 1, 1, 1, 1, 1]) > penalty([0.2, 1, 1, 1, 1, 1, 1])


@given(st.fixed_dictionaries({name: st.floats(0, 1) for name in (*BASE_WEIGHTS, *PENALTIES)}))
def test_the_score_is_within_0_and_1_and_rises_with_the_base(components: dict[str, float]) -> None:
    score = combine(components)
    assert score is not None
    assert 0 <= score <= 1
    for name in BASE_WEIGHTS:
        assert (combine(components | {name: 1.0}) or 0.0) >= score


def test_a_component_that_was_not_measured_takes_nothing_off() -> None:
    components: dict[str, float | None] = dict.fromkeys((*BASE_WEIGHTS, *PENALTIES), 1.0)
    assert combine(components | {"punctuation": None}) == combine(components) == 1
    assert combine(components | {"language": None}) is None


@settings(deadline=None)  # the first call makes the table of characters
@given(st.text(max_size=300), st.none() | st.floats(0, 1))
def test_any_text_has_values_between_0_and_1(text: str, share: float | None) -> None:
    for name, value in measured(text, share).items():
        assert value is None or 0 <= float(value) <= 1, name


@pytest.mark.parametrize("language", ["spa", "deu", "eng", "fra", "por"])
def test_prose_scores_high(language: str) -> None:
    assert measured(prose(language))["doc_score"] > 0.75


@pytest.mark.parametrize(
    ("component", "spoilt"),
    [
        ("urls", PROSE + " https://example.org/x" * 40),
        ("numbers", PROSE + " 12 34 56 78 90" * 60),
        ("punctuation", PROSE.replace(",", "").replace(".", "")),
        ("singular", PROSE + " 😀 → ★" * 100),
        ("repeated", "\n".join([PROSE] * 2)),
        ("informativeness", PROSE + " compre ahora" * 3000),
        ("short_lines", re.sub(r"((?:\S+ ){5}\S+) ", r"\1\n", PROSE)),  # six words a line
    ],
)
def test_each_fault_takes_off(component: str, spoilt: str) -> None:
    good, bad = measured(PROSE), measured(spoilt)
    assert bad[f"doc_score_{component}"] < 0.95 * good[f"doc_score_{component}"]
    assert bad["doc_score"] < good["doc_score"]


def test_lines_of_other_languages_take_off_the_base() -> None:
    good, mixed = measured(PROSE, 1.0), measured(PROSE, 0.5)
    base = sum(weight * good[f"doc_score_{name}"] for name, weight in BASE_WEIGHTS.items())
    assert mixed["doc_score"] / good["doc_score"] == pytest.approx((base - 0.4) / base)
    assert measured(PROSE, None)["doc_score"] is None


def test_lines_are_long_above_250_letters_and_ten_are_enough() -> None:
    for count, score in ((0, 0), (1, 0.1), (9, 0.9), (10, 1), (30, 1)):
        text = "\n".join(["a" * 251] * count + ["b" * 250])
        assert measured(text)["doc_score_long_lines"] == pytest.approx(score)


@pytest.mark.parametrize(
    ("lengths", "score"),
    [([], 0), ([625], 0), ([626], 0.1 + 376 / 750), ([700, 800], (0.6 + 550 / 750) / 2 + 0.1), ([940], 1), ([9999], 1)],
)
def test_great_lines(lengths: list[float], score: float) -> None:
    assert great_lines(lengths) == pytest.approx(score)


def test_densities_are_per_letter() -> None:
    letters = "a" * 2400
    for addresses, score in ((3, 1), (5, 5 / 7), (10, 0)):
        # An address has letters too, so that the text is filled up to 2,400.
        text = " www." * addresses + letters[: 2400 - 3 * addresses]
        assert measured(text)["doc_score_urls"] == pytest.approx(score)
    values = measured("a" * 100 + "." * 5 + "7" * 10 + "€" * 4)
    assert values["doc_score_punctuation"] == pytest.approx(1 - 2.5 / 22.5)
    assert values["doc_score_numbers"] == pytest.approx(1 - 9 / 29)
    assert values["doc_score_singular"] == pytest.approx(0.6)


def test_factors_move_densities_and_lengths() -> None:
    """With four times the marks of Spanish per letter, 10 % of marks is 2.5 %, and 63 letters are a long line."""
    chinese = Parameters(punctuation_factor=4, number_factor=10, singular_factor=4)
    values = measured("a" * 63 + "." * 6 + "7" * 6 + "€" * 2, parameters=chinese)
    assert values["doc_score_punctuation"] == 1
    assert values["doc_score_numbers"] == 1
    assert values["doc_score_singular"] == 1
    assert values["doc_score_long_lines"] == pytest.approx(0.1)
    assert measured("a" * 63)["doc_score_long_lines"] == 0


def test_a_language_without_punctuation_is_not_punished() -> None:
    assert measured("a" * 100)["doc_score_punctuation"] == 0
    values = measured("a" * 100, parameters=Parameters(punctuation_factor=None))
    assert values["doc_score_punctuation"] is None
    assert values["doc_score"] > 0


@pytest.mark.parametrize(
    ("text", "count"),
    [("http https www", 0), ("HTTP://A.B", 1), ("http://www.a.b", 1), ("www.a.b", 1), ("https://a.b http://c.d", 2)],
)
def test_addresses(text: str, count: int) -> None:
    assert count_addresses(text) == count


@pytest.mark.parametrize(
    ("lines", "score"),
    [
        (["first one", "other one"], 1),
        (["same line", "same line"], 0),
        (["same line", " same line ", "a third line", "a fourth one"], 0.5),
        (["1234", "1234", "a line of text"], 1),
        (["1234"], None),
    ],
)
def test_repeated_lines_count_with_their_first(lines: list[str], score: float | None) -> None:
    assert repeated(lines) == score


def test_the_variation_of_line_lengths() -> None:
    points = DEFAULT.short_lines
    assert short_lines([10] * 4, points) == 1
    assert short_lines([10] * 5, points) == pytest.approx(1 - 0.5 * 240 / 250)
    assert short_lines([5, 15] * 5, points) == pytest.approx(1 - (0.5 - 0.5 * 0.5 / 0.6) * 240 / 250)
    assert short_lines([1, 1, 1, 1, 246], points) == 1


def test_paragraphs_that_are_all_long_are_not_punished_for_it() -> None:
    """By the published formula their capped lengths do not vary, and take off as much as the worst menu."""
    assert short_lines([250, 300, 1000, 400, 500], DEFAULT.short_lines) == 1


def test_repetition_and_noise_both_compress_unlike_text() -> None:
    assert informativeness("buy now " * 500, "Latn", DEFAULT.informativeness) == 0
    # Random ASCII characters: zstd saves hardly anything, text of this size about half.
    noise = "".join(map(chr, np.random.default_rng(1).integers(33, 127, 4000)))
    assert informativeness(noise, "Latn", DEFAULT.informativeness) == 0
    assert informativeness(noise[:255], "Latn", DEFAULT.informativeness) is None


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("aßñЖक漢ั᠎"[:7], LETTER),
        ("0٣७๔½Ⅳ", DIGIT),
        (".,;:!?¿«»“”—-()[]。、।॥؟۔།።", PUNCTUATION),
        ("#%&*/@\\_＃％•$€+<>|^~`©→😀★", SINGULAR),
        (" \t\n\u00a0\u200b\u0f0b\u1361\u200d\ufeff", OTHER),
    ],
)
def test_kinds_of_characters(characters: str, expected: int) -> None:
    assert {character: kind(character) for character in characters} == dict.fromkeys(characters, expected)


@settings(deadline=None)  # the first call makes the table of characters
@given(st.text(max_size=200))
def test_counts_are_those_of_each_character(text: str) -> None:
    text = text.replace("'", "").replace("’", "")
    kinds = [kind(character) for character in text]
    counts = count_characters(text)
    assert [counts.letters, counts.digits, counts.punctuation, counts.singular] == [
        kinds.count(one) for one in (LETTER, DIGIT, PUNCTUATION, SINGULAR)
    ]
    assert counts.line_letters.tolist() == [sum(kind(c) == LETTER for c in line) for line in text.split("\n")]


@pytest.mark.parametrize(
    ("text", "marks"), [("l'eau", 0), ("'eau", 1), ("l' eau", 1), ("'", 1), ("a'", 1), ("k’a’b", 0)]
)
def test_apostrophes_between_letters_are_letters(text: str, marks: int) -> None:
    assert count_characters(text).punctuation == marks


@pytest.mark.parametrize("text", ["", "\n\n", "12 34", "😀"])
def test_a_text_without_letters_has_no_values(text: str) -> None:
    assert measured(text) == dict.fromkeys(column.name for column in COLUMNS)


def test_it_annotates_only() -> None:
    assert not RULES


@pytest.mark.realdata
def test_real_declarations_are_running_text(realdata: Path) -> None:
    """In the languages of Spanish-like punctuation nearly every translation of the Declaration passes 0.5."""
    import trafilatura
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    scores = []
    with (realdata / "warc" / "udhr.warc.gz").open("rb") as stream:
        for place, record in enumerate(ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True)):
            if place % 20 == 0:
                text = trafilatura.extract(record.reader.read().decode("utf-8"), favor_precision=True) or ""
                if len(text) > 1000:
                    scores.append(measured(text)["doc_score"])
    assert len(scores) > 20
    assert np.mean(np.array(scores) >= 0.5) > 0.8
