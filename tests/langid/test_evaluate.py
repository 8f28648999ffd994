"""Figures of evaluation, against sums done by hand."""

import pytest

from langid.evaluate import calibration_error, evaluate, f1_by_label, read_labelled, taken_for_language
from langid.identify import Identification


class Fixed:
    """Answers from a table."""

    name = "fixed"
    checksum = "0"

    def __init__(self, answers):
        self.answers = answers

    def predict(self, texts, k=1):
        return [[self.answers[text]] for text in texts]


def test_figures_of_a_small_set():
    rows = [("deu_Latn", "eins"), ("deu_Latn", "zwei"), ("eng_Latn", "one"), ("eng_Latn", "x" * 40), ("zxx_Zzzz", "12")]
    model = Fixed(
        {"eins": ("deu_Latn", 0.9), "zwei": ("eng_Latn", 0.5), "one": ("eng_Latn", 0.9), "x" * 40: ("eng_Latn", 0.7)}
    )
    result = evaluate(rows, model)
    assert result.accuracy == 4 / 5
    assert result.f1 == pytest.approx({"deu_Latn": 2 / 3, "eng_Latn": 4 / 5, "zxx_Zzzz": 1.0})
    assert result.macro_f1 == pytest.approx((2 / 3 + 4 / 5 + 1) / 3)
    assert result.accuracy_by_length == {0: (3 / 4, 4), 30: (1.0, 1)}
    assert result.confusions == [("deu_Latn", "eng_Latn", 1)]
    # bins: two right at 0.9, one wrong at 0.5, one right at 0.7; the text without letters has no score
    assert result.calibration_error == pytest.approx((2 * 0.1 + 0.5 + 0.3) / 4)


def test_f1_counts_wrong_answers_of_other_labels():
    assert f1_by_label(["a", "b", "b", "c"], ["a", "a", "b", "d"]) == pytest.approx({"a": 2 / 3, "b": 2 / 3, "c": 0})


def test_a_perfectly_calibrated_model_has_no_error():
    scored = [(0.5, index % 2 == 0) for index in range(10)] + [(1.0, True)] * 5
    assert calibration_error(scored)[0] == pytest.approx(0)


def test_nothing_scored_no_error():
    assert calibration_error([(None, True)]) == (0.0, [])


def test_noise_is_counted_at_and_above_the_threshold():
    found = [
        Identification("deu_Latn", "Latn", 0.5),
        Identification("deu_Latn", "Latn", 0.49),
        Identification("zxx_Zzzz", "Zzzz", 0.99),
        Identification("zxx_Zzzz", "Zzzz", None),
    ]
    assert taken_for_language(found, 0.5) == 1 / 4


def test_labels_of_a_file_are_brought_to_normal_form(tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text("cmn_Hant\t漢字\nde\tWort\tnoch eins\n", encoding="utf-8")
    assert read_labelled(path) == [("cmn_Hani", "漢字"), ("deu_Latn", "Wort\tnoch eins")]


@pytest.mark.parametrize(
    ("line", "message"), [("no tab here", "line 2: not of the form"), ("xq9\ttext", "line 2.*xq9")]
)
def test_a_wrong_line_is_named(tmp_path, line, message):
    path = tmp_path / "rows.tsv"
    path.write_text(f"de\tWort\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_labelled(path)
