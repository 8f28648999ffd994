"""The importer of FineWeb2's folder, on made-up files that have every known defect."""

import pytest

from configs.load import load_configuration
from filters.calibration.fineweb2 import BOUNDS, import_language, read_folder
from filters.calibration.settings import StopwordList
from filters.calibration.work import ENGLISH, STOPWORDS, rules_of
from pipeline.errors import InputError

CONFIGURATION = load_configuration("default")
MEASURED = {column.name: column for column in CONFIGURATION.curate_columns}
COLUMNS = {n: MEASURED[r.column] for n, r in rules_of(CONFIGURATION, ENGLISH).items() if r.column in MEASURED}
WORDS = ["de", "la", "le", "et", "les", "des", "en", "un"]


def imported(label="fra_Latn", **tree):
    return import_language(label, tree, f"{label}.yml", COLUMNS, StopwordList())


def values(result):
    return {path: value.value for path, value in result.calibrated.values.items()}


def test_every_key_of_the_format_has_its_rule():
    result = imported(
        dup_line_frac=0.22,
        dup_n_grams=[[5, 0.17], [10, 0.09]],
        language_score=0.66,
        line_punct_thr=0.07,
        max_avg_word_length=12,
        max_non_alpha_words_ratio=0.77,
        min_avg_word_length=2,
        new_line_ratio=0.21,
        stopwords=WORDS,
        top_n_grams=[[2, 0.19]],
    )
    assert values(result) == {
        ("rules", "gopher_duplicate_line_ratio", "max"): 0.22,
        ("rules", "gopher_duplicate_5_gram_character_ratio", "max"): 0.17,
        ("rules", "gopher_duplicate_10_gram_character_ratio", "max"): 0.09,
        ("rules", "language_score", "min"): 0.66,
        ("rules", "fineweb_terminal_punctuation_ratio", "min"): 0.07,
        ("rules", "gopher_mean_word_length", "max"): 12,
        ("rules", "gopher_alphabetic_word_ratio", "min"): 0.77,
        ("rules", "gopher_mean_word_length", "min"): 2,
        ("rules", "fineweb_newline_word_ratio", "max"): 0.21,
        STOPWORDS: tuple(WORDS),
        ("rules", "gopher_top_2_gram_character_ratio", "max"): 0.19,
    }
    assert result.repairs == result.unknown == []


def test_our_rules_are_those_of_the_table():
    assert {rule for rules in BOUNDS.values() for rule, _ in rules} <= COLUMNS.keys()


@pytest.mark.parametrize("off", [-1, 0, 0.0])
def test_what_means_off_there_is_off_here(off):
    result = imported(line_punct_thr=off, dup_line_frac=off, min_avg_word_length=off, max_avg_word_length=off)
    assert values(result) == {
        ("rules", "fineweb_terminal_punctuation_ratio", "enabled"): False,
        ("rules", "gopher_duplicate_line_ratio", "enabled"): False,
        ("rules", "gopher_mean_word_length", "min"): 0,
        ("rules", "gopher_mean_word_length", "max"): None,
    }
    assert len(result.repairs) == 4
    assert all("means off" in repair for repair in result.repairs)


@pytest.mark.parametrize(
    ("tree", "repair"),
    [
        ({"top_n_grams": [[2, 1.38]]}, r"top_n_grams[2]: 1.38 can never fire"),
        ({"dup_n_grams": [[5, 1]]}, r"dup_n_grams[5]: 1 can never fire"),
        ({"max_avg_word_length": 3141}, "max_avg_word_length: 3141 is no mean word length"),
        ({"new_line_ratio": 0}, "new_line_ratio: 0 would drop every document that has any"),
        ({"line_punct_thr": 1.2}, "line_punct_thr: 1.2 would drop every document"),
    ],
)
def test_defects_are_left_out_and_reported(tree, repair):
    result = imported(**tree)
    assert values(result) == {}
    assert result.repairs == [f"{repair}; left out, the value of the configuration stays"]


def test_marks_and_parts_of_words_leave_the_stopwords():
    result = imported(stopwords=[*WORDS, ",", "l'", "»", "1990", "le"])
    assert values(result)[STOPWORDS] == tuple(WORDS)
    assert '",", "»", "1990" are no words' in result.repairs[0]
    assert '"l\'" are no words as ICU cuts them' in result.repairs[1]


def test_a_list_that_is_too_short_is_left_out():
    result = imported(stopwords=[*WORDS[:7], "."])
    assert values(result) == {}
    assert "7 of 8 remain, fewer than 8" in result.repairs[-1]


def test_what_has_no_counterpart_is_named():
    result = imported(min_line_length=3, top_n_grams=[[2, 0.2], [9, 0.2]])
    assert result.unknown == ["min_line_length", "top_n_grams[9]"]


def test_a_label_that_is_another_here_is_brought_to_ours():
    result = imported("zho_Hani", language_score=0.5)
    assert result.calibrated.language == "cmn_Hani"
    assert result.repairs == ["the label zho_Hani is cmn_Hani here"]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"dup_line_frac": "much"}, "fra_Latn.yml: \"dup_line_frac\" is 'much'; it takes a finite number"),
        ({"dup_line_frac": float("nan")}, "it takes a finite number"),
        ({"dup_line_frac": True}, "it takes a finite number"),
        ({"top_n_grams": [2, 0.2]}, r'"top_n_grams" is a list of \[n, limit\] pairs'),
        ({"stopwords": [True, "de"]}, '"stopwords" is a list of words'),
    ],
)
def test_values_of_the_wrong_kind_are_errors(tree, message):
    with pytest.raises(InputError, match=message):
        imported(**tree)


def test_folders(tmp_path):
    with pytest.raises(InputError, match=r"no \.yml files"):
        list(read_folder(tmp_path, COLUMNS, StopwordList()))
    (tmp_path / "swe_Latn.yml").write_text("language_score: 0.7\n", encoding="utf-8")
    (tmp_path / "dan_Latn.yml").write_text('stopwords: ["\\u00e5"]\n', encoding="utf-8")
    found = list(read_folder(tmp_path, COLUMNS, StopwordList()))
    assert [entry.calibrated.language for entry in found] == ["dan_Latn", "swe_Latn"]
    (tmp_path / "qqq_Latn.yml").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="called by its language"):
        list(read_folder(tmp_path, COLUMNS, StopwordList()))
