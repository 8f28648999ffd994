"""Labels of lines by compiled code against fastText itself."""

import random

import pytest

from langid.lines import best_labels, read_line_model
from langid.models import load_model, presets

LINES = [
    "Gestern haben wir den alten Schrank in den Keller getragen.",
    "Вчера мы долго искали дорогу к озеру.",
    "ပန်းခြံထဲမှာ ကလေးတွေ ကစားနေကြတယ်။",
    "今日は朝から雨が降っているので、家で本を読みます。",
    "for (var index = 0; index < values.length; index++) { total += 1; }",
    "a b c d e f g",
    "<b>  words\twith   marks > < of their own  </b>",
    "é 漢 𠀋 👍🏽 a\x00b \u200b ﷽",
    "word " * 400,
    "一" * 3000,
]


def by_fasttext(lines):
    return [found[0][0] for found in load_model("bundled").predict(lines, 1)]


def test_labels_are_those_of_fasttext():
    assert best_labels(LINES, load_model("bundled")) == by_fasttext(LINES)


def test_labels_of_random_characters_are_those_of_fasttext():
    choose = random.Random(0)
    alphabets = ["abcdefgh <>ç", "абвгдежз ", "अआइकखग ािी", "的一是不了人我 ", "".join(map(chr, range(33, 2000)))]
    lines = ["x" + "".join(choose.choices(choose.choice(alphabets), k=choose.randint(1, 80))) for _ in range(500)]
    assert best_labels(lines, load_model("bundled")) == by_fasttext(lines)


def test_a_line_with_a_word_that_fasttext_takes_for_a_label_is_left_to_it():
    lines = ["__label__deu_Latn " + LINES[1], LINES[0]]
    assert best_labels(lines, load_model("bundled")) == by_fasttext(lines)


def test_no_lines_have_no_labels():
    assert best_labels([], load_model("bundled")) == []


@pytest.mark.parametrize("loss", ["ova", "hs"])
def test_models_of_another_kind_are_not_read(tmp_path, loss):
    fasttext = pytest.importorskip("fasttext")
    examples = tmp_path / "examples"
    examples.write_text("__label__deu_Latn ein Satz\n__label__eng_Latn a sentence\n" * 20, encoding="utf-8")
    model = fasttext.train_supervised(str(examples), dim=4, bucket=1000, maxn=2, loss=loss, thread=1, verbose=0)
    model.save_model(str(tmp_path / "model.bin"))
    assert read_line_model(tmp_path / "model.bin") is None


def test_a_model_that_is_no_preset_is_asked_itself():
    class Other:
        name, checksum = "of my own", "0"

        def predict(self, texts, k=1):
            return [[("deu_Latn", 0.9)] for _ in texts]

    assert "of my own" not in presets()
    assert best_labels(["anything"], Other()) == ["deu_Latn"]
