"""The same words give the same values as datatrove's filters, found through their decisions at a value's two sides."""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4ParagraphFilter,
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    c4_filters,
    fineweb_quality_filter,
)
from datatrove.pipeline.filters import gopher_quality_filter as gopher_quality_module
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)

from filters import c4_quality, fineweb_quality, gopher_quality, gopher_repetition
from filters._lines import count_sentences
from filters.base import Measurements
from filters.text import Text

EPSILON = 1e-9
SENTENCES = Path(__file__).with_name("sentences.tsv").read_text("utf-8").splitlines()
STOPWORDS = ("и", "the", "und", "के", "的", "に", "และ", "في", "και", "since", "in")

# Column, keyword of datatrove's filter, and whether it is an upper bound.
QUALITY = [
    ("gopher_word_count", "min_doc_words", False),
    ("gopher_word_count", "max_doc_words", True),
    ("gopher_mean_word_length", "min_avg_word_length", False),
    ("gopher_mean_word_length", "max_avg_word_length", True),
    ("gopher_bullet_line_ratio", "max_bullet_lines_ratio", True),
    ("gopher_ellipsis_line_ratio", "max_ellipsis_lines_ratio", True),
    ("gopher_alphabetic_word_ratio", "max_non_alpha_words_ratio", False),
    ("gopher_stopword_count", "min_stop_words", False),
]
FINEWEB = [
    ("fineweb_terminal_punctuation_ratio", "line_punct_thr", False),
    ("fineweb_short_line_ratio", "short_line_thr", True),
    ("fineweb_duplicate_line_character_ratio", "char_duplicates_ratio", True),
    ("fineweb_newline_word_ratio", "new_line_ratio", True),
]
NO_QUALITY_RULES = {
    "min_doc_words": None,
    "max_doc_words": None,
    "min_avg_word_length": None,
    "max_avg_word_length": None,
    "max_symbol_word_ratio": None,
    "max_bullet_lines_ratio": None,
    "max_ellipsis_lines_ratio": None,
    "max_non_alpha_words_ratio": None,
    "min_stop_words": None,
}
# Statistics that datatrove counts for dropped lines, and its rules, by the rule of ours.
C4_LINES = {
    "long_word": ("line-filter-too_long_word", {"max_word_length": 1000}),
    "unterminated": ("line-filter-no_terminal_punc", {"filter_no_terminal_punct": True}),
    "few_words": ("line-filter-too_few_words", {"min_words_per_line": 3}),
    "javascript": ("line-filter-javascript", {"filter_javascript": True}),
    "policy": ("line-filter-policy", {"filter_policy": True}),
}
NO_C4_RULES = {
    "filter_no_terminal_punct": False,
    "min_num_sentences": -1,
    "min_words_per_line": -1,
    "max_word_length": -1,
    "filter_lorem_ipsum": False,
    "filter_javascript": False,
    "filter_curly_bracket": False,
    "filter_policy": False,
}
C4_PARAMETERS = c4_quality.Parameters(terminals="".join(c4_filters.END_PUNCTUATION))
NO_FINEWEB_RULES = {"line_punct_thr": -1, "short_line_thr": 2, "char_duplicates_ratio": 2, "new_line_ratio": 1e9}


def composed(sentence: str, seed: int) -> str:
    """A text with repeated sentences and pieces, lists, ellipses and blank lines."""
    choose = random.Random(seed)
    pieces = [sentence, sentence[: len(sentence) // 2], sentence[len(sentence) // 3 :] + "…", "#", "..."]
    # What only C4 looks for, rarely, so that most texts get past it.
    if choose.random() < 0.3:
        pieces += ["Enable JavaScript to read this.", "Lorem ipsum dolor sit amet.", "We use cookies, a few of them."]
        pieces += [
            "if (a) { return b. }",
            "It is so.[12]",
            "x" * 1001 + " is too long.",
            'He said "no"',
            f"{sentence} " * 9,
        ]
    ends = [" ", " ", "\n", "\n\n", "\n• ", "\n- ", "\r\n", "\n \n"]
    return "".join(choose.choice(pieces) + choose.choice(ends) for _ in range(choose.randint(2, 30)))


CASES = [
    pytest.param(composed(sentence, seed), id=f"{language}-{seed}")
    for language, sentence in (line.split("\t") for line in SENTENCES)
    for seed in range(4)
]


@pytest.fixture
def same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (gopher_quality_module, fineweb_quality_filter):
        monkeypatch.setattr(module, "split_into_words", lambda text, language: Text(text).words)
    monkeypatch.setattr(c4_filters, "split_into_sentences", lambda line, language: [""] * count_sentences(line))


def rejects(datatrove_filter: Any, text: str) -> bool:
    return datatrove_filter.filter(Document(text=text, id="0")) is not True


def assert_boundary(make: Callable[[float], Any], text: str, value: float, is_maximum: bool) -> None:
    """The filter lets `text` pass when its threshold is on one side of `value`, and rejects it on the other."""
    distance = EPSILON * max(1, value)
    strict, loose = (value - distance, value + distance) if is_maximum else (value + distance, value - distance)
    assert rejects(make(strict), text)
    assert not rejects(make(loose), text)


def check_quality(text: str, values: Measurements) -> None:
    def make(**rules: float) -> GopherQualityFilter:
        return GopherQualityFilter(**(NO_QUALITY_RULES | rules), stop_words=list(STOPWORDS))

    for column, keyword, is_maximum in QUALITY:
        value = values[column]
        assert isinstance(value, float | int)
        assert_boundary(lambda x, k=keyword: make(**{k: x}), text, value, is_maximum)  # type: ignore[misc]
    symbols = max(values["gopher_hash_ratio"], values["gopher_ellipsis_ratio"])  # type: ignore[type-var]
    assert_boundary(lambda x: make(max_symbol_word_ratio=x), text, symbols, True)  # type: ignore[arg-type]


def check_fineweb(text: str, values: Measurements) -> None:
    terminals = tuple(fineweb_quality.terminal_punctuation())
    for column, keyword, is_maximum in FINEWEB:
        value = values[column]
        assert isinstance(value, float)
        assert_boundary(
            lambda x, k=keyword: FineWebQualityFilter(**(NO_FINEWEB_RULES | {k: x}), stop_chars=terminals),  # type: ignore[misc]
            text,
            value,
            is_maximum,
        )


def c4_counts(text: str, **rules: Any) -> tuple[dict[str, int], str]:
    """What datatrove counts of a text's lines, and the text that it leaves."""
    judging = C4QualityFilter(**(NO_C4_RULES | rules))
    document = Document(text=text, id="0")
    judging.filter(document)
    return {name: int(value.total) for name, value in judging.stats.stats.items()}, document.text


def c4_reason(text: str, **rules: Any) -> str | None:
    judged = C4QualityFilter(**rules).filter(Document(text=text, id="0"))
    return None if judged is True else judged[1]  # type: ignore[index]


def check_c4(text: str) -> None:
    values: Any = c4_quality.measure(Text(text), C4_PARAMETERS)
    for name, (statistic, rule) in C4_LINES.items():
        counts, _ = c4_counts(text, **rule)
        assert values[f"c4_{name}_line_ratio"] == pytest.approx(counts.get(statistic, 0) / counts["line-total"])
    counts, kept = c4_counts(text, **{name: value for _, rule in C4_LINES.values() for name, value in rule.items()})
    assert values["c4_dropped_line_ratio"] == pytest.approx(1 - counts.get("line-kept", 0) / counts["line-total"])
    if "[" not in text:  # citations are cut from kept lines, and from no line of ours
        characters = sum(len(line.strip()) for line in text.splitlines())
        left = sum(map(len, kept.split("\n")))
        assert values["c4_dropped_character_ratio"] == pytest.approx(1 - left / characters)
    # The rules over whole documents, each alone, in the order in which datatrove stops.
    assert (c4_reason(text, filter_curly_bracket=False, min_num_sentences=-1) == "lorem_ipsum") == values[
        "c4_lorem_ipsum"
    ]
    assert (c4_reason(text, filter_lorem_ipsum=False, min_num_sentences=-1) == "curly_bracket") == values[
        "c4_curly_bracket"
    ]
    loose = {"filter_lorem_ipsum": False, "filter_curly_bracket": False}
    sentences = values["c4_sentence_count"]
    assert c4_reason(text, **loose, min_num_sentences=sentences) is None
    assert c4_reason(text, **loose, min_num_sentences=sentences + 1) == "too_few_sentences"
    assert rejects(C4ParagraphFilter(), text) == (values["c4_long_line_count"] < 3)


def check_repetition(text: str, values: Measurements) -> None:
    words = Text(text).words
    lines = gopher_repetition_lines(text)
    for kind, parts in lines.items():
        count, characters = find_duplicates(parts)
        assert values[f"gopher_duplicate_{kind}_ratio"] == pytest.approx(count / len(parts), abs=EPSILON)
        assert values[f"gopher_duplicate_{kind}_character_ratio"] == pytest.approx(characters / len(text), abs=EPSILON)
    for n in gopher_repetition.TOP_LIMITS:
        grams = get_n_grams(words, n)
        expected = pytest.approx(find_top_duplicate(grams) / len(text), abs=EPSILON) if grams else None
        assert values[f"gopher_top_{n}_gram_character_ratio"] == expected
    for n in gopher_repetition.DUPLICATE_LIMITS:
        expected = pytest.approx(find_all_duplicate(words, n) / len(text), abs=EPSILON)
        assert values[f"gopher_duplicate_{n}_gram_character_ratio"] == expected


def gopher_repetition_lines(text: str) -> dict[str, list[str]]:
    """Lines and paragraphs as datatrove's own expressions cut them."""
    from datatrove.pipeline.filters import GopherRepetitionFilter

    reference = GopherRepetitionFilter()
    return {
        "line": reference._line_splitter.split(text),
        "paragraph": reference.paragraph_exp.split(text.strip()),
    }


@pytest.mark.usefixtures("same_words")
@pytest.mark.parametrize("text", CASES)
def test_values_of_composed_texts(text: str) -> None:
    check_all(text)


def check_all(text: str) -> None:
    view = Text(text)
    check_quality(text, gopher_quality.measure(view, gopher_quality.Parameters(stopwords=STOPWORDS)))
    check_fineweb(text, fineweb_quality.measure(view, fineweb_quality.Parameters()))
    check_repetition(text, gopher_repetition.measure(view, gopher_repetition.Parameters()))
    check_c4(text)


@pytest.mark.usefixtures("same_words")
def test_bullets_are_datatroves() -> None:
    for bullet in ("•", "-", "*", "–", "·"):
        text = f"{bullet} one\n{bullet} two"
        rejected = rejects(GopherQualityFilter(**(NO_QUALITY_RULES | {"max_bullet_lines_ratio": 0.5})), text)
        values = gopher_quality.measure(Text(text), gopher_quality.Parameters())
        assert rejected is (values["gopher_bullet_line_ratio"] == 1)


def pages(folder: Path, name: str, step: int) -> Iterator[str]:
    """Main text of every `step`-th page of a WARC."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType
    from resiliparse.extract.html2text import extract_plain_text

    with (folder / "warc" / name).open("rb") as stream:
        records = ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True)
        for record in islice(records, 0, None, step):
            yield extract_plain_text(record.reader.read().decode("utf-8", "replace"), main_content=True)


@pytest.mark.realdata
@pytest.mark.usefixtures("same_words")
@pytest.mark.parametrize(("name", "step"), [("udhr.warc.gz", 12), ("docs.warc.gz", 45), ("web.warc.gz", 12)])
def test_values_of_real_pages(realdata: Path, name: str, step: int) -> None:
    checked = 0
    for text in pages(realdata, name, step):
        if (
            Text(text).word_counts
            and gopher_quality.measure(Text(text), gopher_quality.Parameters())["gopher_word_count"]
        ):
            check_all(text)
            checked += 1
    assert checked > 30
