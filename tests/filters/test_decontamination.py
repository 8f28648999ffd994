"""Overlap with evaluation sets: what is found, what is not, and what is refused."""

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters.decontamination import EvaluationSet, Parameters, checksums, measure
from filters.text import Text
from langid.models import file_sha256
from pipeline.errors import InputError

WORDS = [f"{a}{b}{c}" for a in "bdfgkl" for b in "aeiou" for c in "mnprst"]
CHINESE = "请根据下面这段文字回答问题世界上最长的河流是哪一条它流经多少个国家并且最后注入哪一片海洋"
THAI = "แม่น้ำที่ยาวที่สุดในโลกคือแม่น้ำสายใดและไหลผ่านกี่ประเทศก่อนลงสู่ทะเล"


def sentence(seed, count=40):
    return " ".join(random.Random(seed).choices(WORDS, k=count))


def make_set(tmp_path, items, name="quiz", **options):
    path = tmp_path / f"{name}.jsonl"
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")
    return EvaluationSet(name=name, path=str(path), **options)


def found(text, *sets, **options):
    values = measure(Text(text), Parameters(sets=sets, **options))
    return values["contamination"], values["contamination_item"], values["contamination_set"]


def brute_force(text, item, size):
    """Share of the document's words in runs of the item, and of the item's runs in the document, by definition."""
    words, wanted = text.split(), item.split()
    runs = {tuple(wanted[n : n + size]) for n in range(len(wanted) - size + 1)}
    covered, seen = set(), set()
    for n in range(len(words) - size + 1):
        run = tuple(words[n : n + size])
        if run in runs:
            seen.add(run)
            covered.update(range(n, n + size))
    return len(covered) / len(words), len(seen) / len(runs)


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_those_of_the_definition(tmp_path, seed):
    chance = random.Random(seed)
    item = sentence(seed)
    start = chance.randrange(20)
    part = item.split()[start : start + chance.randrange(5, 40)]
    text = " ".join([sentence(seed + 1000, 30), *part, sentence(seed + 2000, chance.randrange(1, 60))])
    share, item_share, name = found(text, make_set(tmp_path, [{"q": item}, {"q": sentence(seed + 500)}]))
    expected, expected_item = brute_force(text, item, 13)
    assert share == pytest.approx(expected)
    assert item_share == pytest.approx(expected_item)
    assert name == ("quiz" if expected_item else None)


def test_case_marks_and_punctuation_do_not_hide_an_item(tmp_path):
    item = sentence(1)
    quiz = make_set(tmp_path, [{"q": item}])
    shouted = item.upper().replace(" ", ", ").replace("A", "Á")
    assert found(f"Q: {shouted}?", quiz)[1:] == (1.0, "quiz")


@pytest.mark.parametrize("item", [CHINESE, THAI])
def test_scripts_without_spaces_are_compared_by_characters(tmp_path, item):
    quiz = make_set(tmp_path, [{"q": item}, {"q": sentence(3)}])
    before, after = sentence(9), "ข้อความอื่น" if item == THAI else "另外一段没有关系的文字"
    assert found(f"{after}{item}{after}", quiz)[1:] == (1.0, "quiz")
    share, item_share, _ = found(f"{before} {item[5:35]} {before}", quiz)
    assert 0 < share < 1
    assert 0 < item_share < 1
    assert found(after * 5, quiz) == (0.0, 0.0, None)


def test_short_items_are_looked_for_whole_and_very_short_ones_not(tmp_path):
    short, shorter = sentence(4, 9), sentence(5, 7)
    quiz = make_set(tmp_path, [{"q": short}, {"q": shorter}])
    assert found(f"{sentence(6)} {short} {sentence(7)}", quiz)[1:] == (1.0, "quiz")
    assert found(f"{sentence(6)} {' '.join(short.split()[:8])} {sentence(7)}", quiz)[1:] == (0.0, None)
    assert found(f"{sentence(6)} {shorter} {sentence(7)}", quiz)[1:] == (0.0, None)


def test_instructions_that_many_items_share_are_not_content(tmp_path):
    instruction = sentence(8, 20)
    items = [{"q": f"{instruction} {sentence(100 + n)}"} for n in range(11)]
    assert found(instruction, make_set(tmp_path, items))[1:] == (0.0, None)
    assert found(instruction, make_set(tmp_path, items[:10], "few"))[2] == "few"
    assert found(items[3]["q"], make_set(tmp_path, items, "again"))[1:] == (1.0, "again")


def test_instructions_of_one_set_may_be_content_of_another(tmp_path):
    instruction = sentence(8, 20)
    many = make_set(tmp_path, [{"q": f"{instruction} {sentence(100 + n)}"} for n in range(11)], "many")
    one = make_set(tmp_path, [{"q": instruction}], "one")
    assert found(instruction, many, one) == (1.0, 1.0, "one")


def test_rows_of_numbers_are_in_no_item(tmp_path):
    quiz = make_set(tmp_path, [{"q": " ".join(map(str, range(10, 60)))}, {"q": sentence(2)}])
    assert found(" ".join(map(str, range(99, 40, -1))), quiz) == (0.0, 0.0, None)


def test_the_set_with_most_of_an_item_is_named(tmp_path):
    half, whole = sentence(11), sentence(12)
    sets = make_set(tmp_path, [{"q": half}], "half"), make_set(tmp_path, [{"q": whole}], "whole")
    assert found(f"{' '.join(half.split()[:20])} {whole}", *sets)[1:] == (1.0, "whole")


def test_columns_are_chosen_and_nested_texts_found(tmp_path):
    item = {"question": sentence(13), "choices": {"text": [sentence(14), sentence(15)]}, "id": 7}
    for columns, seed, expected in (((), 15, True), (("question",), 15, False), (("question",), 13, True)):
        quiz = make_set(tmp_path, [item], f"set{len(columns)}{seed}", columns=columns)
        assert (found(sentence(seed), quiz)[1] > 0) == expected


def test_parquet_and_text_are_read(tmp_path):
    pq.write_table(pa.table({"text": [sentence(16)], "n": [1]}), tmp_path / "a.parquet")
    (tmp_path / "b.txt").write_text(f"{sentence(17)}\n\n{sentence(18)}\n", encoding="utf-8")
    folder = EvaluationSet(name="folder", path=str(tmp_path))
    for seed in (16, 17, 18):
        assert found(sentence(seed), folder)[1:] == (1.0, "folder")
    assert checksums(Parameters(sets=(folder,))) == {
        str(tmp_path / name): file_sha256(tmp_path / name) for name in ("a.parquet", "b.txt")
    }


def test_nothing_to_compare_is_null(tmp_path):
    quiz = make_set(tmp_path, [{"q": sentence(1)}])
    assert found(" \n", quiz) == (None, None, None)
    assert found(sentence(1)) == (None, None, None)
    assert found("one word", quiz) == (0.0, 0.0, None)
    assert checksums(Parameters()) == {}


@pytest.mark.parametrize(
    ("items", "options", "message"),
    [
        ([{"q": "too short"}], {}, "no text of the evaluation set quiz has 8 words"),
        ([{"q": 3}], {}, "has no text in it"),
        ([], {}, "has no text in it"),
        ([{"q": "x", "a": "y"}, {"q": "x"}], {"columns": ("q", "a")}, 'has no column "a"'),
        ([{"q": "x"}], {"columns": ("question",)}, "it has no field question, only q"),
    ],
)
def test_sets_without_anything_to_look_for_are_refused(tmp_path, items, options, message):
    with pytest.raises(InputError, match=message):
        checksums(Parameters(sets=(make_set(tmp_path, items, **options),)))


def test_a_missing_set_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        checksums(Parameters(sets=(EvaluationSet(name="x", path=str(tmp_path / "x.jsonl")),)))


def test_two_sets_need_two_names():
    with pytest.raises(ValueError, match='two sets are called "a"'):
        Parameters(sets=(EvaluationSet(name="a", path="1"), EvaluationSet(name="a", path="2")))
