"""Training, testing and scoring by the command line, and the parts that they are made of."""

import json
import random
from io import StringIO

import fasttext
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from filters.quality import trainers
from filters.quality.cli import app, metrics_table
from filters.quality.documents import Document, Example, choose_examples, read_documents, split
from filters.quality.metrics import area_under_curve, average_precision, measure_scores, threshold_for
from filters.quality.models import load_quality_model
from filters.quality.train import Settings, seen_in_training, train
from pipeline.errors import InputError, UsageError

MANUAL = [
    "function",
    "argument",
    "returns",
    "value",
    "module",
    "option",
    "install",
    "configure",
    "package",
    "server",
    "file",
    "error",
    "default",
]
SHOP = [
    "cheap",
    "price",
    "offer",
    "ticket",
    "win",
    "prize",
    "week",
    "holiday",
    "fashion",
    "star",
    "football",
    "match",
    "summer",
    "beach",
    "party",
]


def make_text(words, seed):
    chosen = random.Random(seed)
    return " ".join(chosen.choices([*words, *["the", "a", "of", "and", "to", "in", "is", "it"]], k=60))


def documents(words, count, sites, language="eng_Latn", start=0):
    return [
        {"text": make_text(words, start + n), "language": language, "url": f"https://{words[0]}{n % sites}.example/{n}"}
        for n in range(count)
    ]


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def small_models(monkeypatch):
    monkeypatch.setitem(trainers.FIXED, "bucket", 1 << 12)
    monkeypatch.setitem(trainers.FIXED, "dim", 16)


@pytest.fixture
def sources(tmp_path):
    good = write_jsonl(tmp_path / "good.jsonl", documents(MANUAL, 120, 30))
    bad = tmp_path / "bad.parquet"
    pq.write_table(pa.Table.from_pylist(documents(SHOP, 120, 40, start=5000)), bad)
    return good, str(bad)


def invoke(*arguments, **options):
    return CliRunner().invoke(app, list(map(str, arguments)), **options)


def as_documents(rows):
    return [Document(r["text"], r["language"], r["url"], hash(r["text"]) & (2**64 - 1)) for r in rows]


def test_a_model_is_trained_with_manifest_and_card(sources, tmp_path):
    good, bad = sources
    output = tmp_path / "models" / "manual.bin"
    result = invoke("train", "--positive", good, "--negative", bad, "-o", output, "--share", 0.25, "--folds", 3)
    assert result.exit_code == 0, result.output
    manifest = yaml.safe_load(output.with_name("manual.bin.yaml").read_text(encoding="utf-8"))
    parts = manifest["documents"]
    assert sum(part[label] for part in parts.values() for label in ("positive", "negative")) == 240
    assert parts["test"]["positive"] >= 8
    assert manifest["held_out"]["f1"] > 0.95
    assert manifest["held_out"]["documents"] == parts["test"]["positive"] + parts["test"]["negative"]
    assert manifest["held_out"]["cross_validation"]["documents"] == 240
    card = output.with_name("manual.bin.md").read_text(encoding="utf-8")
    assert manifest["sha256"] in card
    assert "25% of the held-out negatives" in card
    good_score, bad_score = load_quality_model(str(output)).score_texts([make_text(MANUAL, -1), make_text(SHOP, -1)])
    assert good_score > 0.8
    assert bad_score < 0.2


def test_the_same_documents_make_the_same_file(sources, tmp_path):
    good, bad = sources
    first = train([good], [bad], tmp_path / "one.bin", Settings())
    again = train([good], [bad], tmp_path / "two.bin", Settings())
    assert (tmp_path / "one.bin").read_bytes() == (tmp_path / "two.bin").read_bytes()
    assert first.test == again.test


def test_a_quantised_model_is_small_and_tested_as_it_is(sources, tmp_path):
    good, bad = sources
    trained = train([good], [bad], tmp_path / "small.ftz", Settings())
    whole = train([good], [bad], tmp_path / "whole.bin", Settings())
    assert (tmp_path / "small.ftz").stat().st_size < (tmp_path / "whole.bin").stat().st_size / 2
    assert trained.test.f1 > 0.9
    assert whole.manifest.parameters == trained.manifest.parameters


def test_autotune_gives_parameters_that_are_recorded(sources, tmp_path):
    good, bad = sources
    trained = train([good], [bad], tmp_path / "tuned.bin", Settings(seconds=5))
    assert trained.manifest.parameters["thread"] == 1
    assert trained.manifest.parameters["epoch"] >= 1
    assert trained.test.f1 is not None


def test_an_autotune_that_ends_before_its_first_trial_is_refused(sources, tmp_path, monkeypatch):
    def train_supervised(*arguments, **options):
        raise RuntimeError("Didn't have enough time to train once")

    monkeypatch.setattr(fasttext, "train_supervised", train_supervised)
    with pytest.raises(UsageError, match="--autotune: 1 seconds are too few for"):
        train([sources[0]], [sources[1]], tmp_path / "tuned.bin", Settings(seconds=1))
    assert not (tmp_path / "tuned.bin").exists()


def test_no_site_is_in_two_parts(sources):
    good, bad = sources
    settings = Settings()
    examples = choose_examples(read_documents([good]), read_documents([bad]), 1000, "site", settings.seed)
    parts = split(examples.chosen, (0.8, 0.1, 0.1), 1)
    groups = [{example.group for example in part} for part in parts]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]
    assert sum(map(len, parts)) == len(examples.chosen)
    for label in (True, False):
        assert 8 <= sum(example.positive == label for example in parts[2]) <= 16


def test_a_split_depends_on_no_order():
    rows = [
        Example(Document(str(n), "deu_Latn" if n % 3 else "eng_Latn", "", n), n % 2 == 0, f"g{n % 50}")
        for n in range(200)
    ]
    expected = [sorted(part) for part in split(rows, (0.8, 0.1, 0.1), 7)]
    random.Random(3).shuffle(rows)
    assert [sorted(part) for part in split(rows, (0.8, 0.1, 0.1), 7)] == expected
    assert [sorted(part) for part in split(rows, (0.8, 0.1, 0.1), 8)] != expected


def test_strata_have_their_shares():
    rows = [
        Example(Document(str(n), "deu_Latn" if n % 4 else "eng_Latn", "", n), n % 2 == 0, str(n)) for n in range(4000)
    ]
    test = split(rows, (0.8, 0.1, 0.1), 1)[2]
    for language, positive, expected in (("deu_Latn", False, 200), ("deu_Latn", True, 100), ("eng_Latn", True, 100)):
        found = sum(e.positive == positive and e.document.language == language for e in test)
        assert abs(found - expected) <= 2


def test_copies_and_texts_of_both_classes_are_left_out():
    shared = documents(MANUAL, 1, 1)
    good = documents(MANUAL, 10, 10, start=10)
    bad = documents(SHOP, 10, 10)
    examples = choose_examples(as_documents([*good, *good, *shared]), as_documents([*bad, *shared]), 100, "site", 1)
    assert len(examples.chosen) == 20
    assert examples.left_out == {"copy": 10, "in both classes": 2}


def test_languages_with_one_class_are_left_out():
    good = [*documents(MANUAL, 5, 5), *documents(MANUAL, 5, 5, "deu_Latn", start=100)]
    examples = choose_examples(as_documents(good), as_documents(documents(SHOP, 5, 5)), 100, "site", 1)
    assert {example.document.language for example in examples.chosen} == {"eng_Latn"}
    assert examples.left_out == {"language with one class": 5}
    with pytest.raises(InputError, match="would learn the language"):
        choose_examples(
            as_documents(documents(MANUAL, 5, 5, "deu_Latn")), as_documents(documents(SHOP, 5, 5)), 9, "site", 1
        )


def test_the_limit_keeps_the_same_documents_in_any_order():
    rows = as_documents(documents(MANUAL, 50, 50))
    others = as_documents(documents(SHOP, 5, 5))
    chosen = choose_examples(rows, others, 7, "none", 1).chosen
    assert sum(example.positive for example in chosen) == 7
    assert choose_examples(rows[::-1], others, 7, "none", 1).chosen == chosen


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--language", "swh_Latn"], "no positive documents"),
        (["--language", "qqq_Latn"], "--language: "),
        (["--group", "("], "--group: "),
        (["--share", "2"], "--share: 2"),
        (["--folds", "1"], "--folds: "),
    ],
)
def test_bad_options_are_refused(sources, tmp_path, arguments, message):
    good, bad = sources
    output = tmp_path / "x.bin"
    result = invoke("train", "--positive", good, "--negative", bad, "-o", output, *arguments)
    assert result.exit_code != 0
    assert message in str(result.exception)
    assert not output.exists()


def test_an_output_of_another_kind_is_refused(sources, tmp_path):
    with pytest.raises(UsageError, match=r"ends in \.bin"):
        train([sources[0]], [sources[1]], tmp_path / "x.model", Settings())


def test_an_empty_class_is_refused(sources, tmp_path):
    empty = write_jsonl(tmp_path / "empty.jsonl", [{"text": "  "}])
    with pytest.raises(InputError, match="no negative documents"):
        train([sources[0]], [empty], tmp_path / "x.bin", Settings())


def test_one_site_cannot_be_split(sources, tmp_path):
    one = write_jsonl(tmp_path / "one.jsonl", documents(MANUAL, 30, 1))
    with pytest.raises(InputError, match=r"positive documents are of 1 group, too few for 3 parts"):
        train([one], [sources[1]], tmp_path / "x.bin", Settings())
    trained = train([one], [sources[1]], tmp_path / "x.bin", Settings(group="none"))
    assert trained.manifest.documents["test"]["positive"] == 3


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "x"}\n{"text"', "a.jsonl, line 2: no JSON"),
        ("a.jsonl", b'["text"]\n', "a.jsonl, line 1: list, not an object"),
        ("a.jsonl", b'{"body": "x"}\n', "a.jsonl, line 1: it has no field text"),
        ("a.jsonl", b'{"url": "x"}\n', 'a.jsonl: there is no column "text"'),
        ("a.jsonl", b'{"text": "x", "language": "klingon"}\n', "a.jsonl: column"),
        ("a.txt", b"\xff\xfe\n", "a.txt: not UTF-8"),
        ("a.parquet", b"PAR1", "a.parquet: cannot be read as Parquet"),
        ("a.jsonl.gz", b"no gzip", "a.jsonl.gz: cannot be read"),
        ("a.csv", b"text\n", "a.csv: this kind of file is not read"),
    ],
)
def test_bad_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        list(read_documents([str(tmp_path / name)]))
    assert message in str(caught.value)


def test_missing_places_are_named(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        list(read_documents([str(tmp_path / "none")]))
    with pytest.raises(InputError, match="neither a run, nor a folder"):
        list(read_documents([str(tmp_path)]))


def test_text_files_and_folders_are_read(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n\n\nthree\n", encoding="utf-8")
    write_jsonl(tmp_path / "b.jsonl", [{"text": "four", "language": "de"}, {"text": "five", "language": "fr"}])
    found = list(read_documents([str(tmp_path)], ["deu_Latn"]))
    assert [(d.text, d.language) for d in found] == [
        ("one\ntwo", "deu_Latn"),
        ("three", "deu_Latn"),
        ("four", "deu_Latn"),
    ]


def test_of_a_run_what_it_kept_is_read(tmp_path):
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    for folder, text in (("dataset/eng_Latn", "kept"), ("dataset/rejected/eng_Latn", "rejected"), ("documents", "all")):
        (tmp_path / folder).mkdir(parents=True)
        pq.write_table(pa.table({"text": [text], "language": ["eng_Latn"]}), tmp_path / folder / "x.parquet")
    assert [document.text for document in read_documents([str(tmp_path)])] == ["kept"]
    assert [document.text for document in read_documents([str(tmp_path / "documents")])] == ["all"]


def test_eval_says_when_it_is_given_training_texts(sources, tmp_path):
    good, bad = sources
    output = tmp_path / "m.bin"
    train([good], [bad], output, Settings())
    result = invoke("eval", output, "--positive", good, "--negative", bad)
    assert result.exit_code == 0
    assert "about 80% of these documents are of its training" in result.output.replace("\n", " ")
    others = [
        write_jsonl(tmp_path / "g.jsonl", documents(MANUAL, 20, 20, start=900)),
        write_jsonl(tmp_path / "b.jsonl", documents(SHOP, 20, 20, start=9900)),
    ]
    result = invoke("eval", output, "--positive", others[0], "--negative", others[1])
    assert result.exit_code == 0
    assert "of its training" not in result.output


def test_the_share_seen_in_training_is_estimated_from_a_sample(tmp_path, monkeypatch):
    monkeypatch.setattr("filters.quality.train.SAMPLE", 40)
    good = write_jsonl(tmp_path / "g.jsonl", documents(MANUAL, 300, 300))
    bad = write_jsonl(tmp_path / "b.jsonl", documents(SHOP, 300, 300))
    trained = train([good], [bad], tmp_path / "m.bin", Settings())
    assert len(trained.manifest.training_sample) == 40
    examples = choose_examples(read_documents([good]), read_documents([bad]), 1000, "site", 1).chosen
    assert seen_in_training(tmp_path / "m.bin", examples) == pytest.approx(0.8, abs=0.15)


def test_scores_are_printed_written_and_cut(sources, tmp_path):
    good, bad = sources
    output = tmp_path / "m.bin"
    train([good], [bad], output, Settings())
    lines = invoke("score", output, good, bad).output.splitlines()
    assert len(lines) == 240
    value, language, url = lines[0].split("\t")
    assert float(value) > 0.5
    assert (language, url) == ("eng_Latn", "https://function0.example/0")
    table = tmp_path / "scores.parquet"
    result = invoke("score", output, good, bad, "-o", table, "--share", "0.5", "--share", "0.1")
    assert result.exit_code == 0
    scores = pq.read_table(table).column("quality_score").to_numpy()
    assert len(scores) == 240
    assert f"{np.sort(scores)[-120]:.4f}" in result.output
    assert f"{np.sort(scores)[-24]:.4f}" in result.output
    typed = invoke("score", output, input=f"{make_text(MANUAL, 1)}\n{make_text(SHOP, 1)}\n").output.splitlines()
    assert float(typed[0].split("\t")[0]) > 0.5 > float(typed[1].split("\t")[0])


def test_ranking_metrics_are_those_of_their_definitions():
    random_numbers = np.random.default_rng(5)
    scores = np.round(random_numbers.random(80), 1)  # with ties
    positive = random_numbers.random(80) < 0.4
    pairs = [(a > b) + (a == b) / 2 for a in scores[positive] for b in scores[~positive]]
    assert area_under_curve(scores, positive) == pytest.approx(np.mean(pairs))
    expected, before = 0.0, 0.0
    for cut in sorted(set(scores), reverse=True):
        recall = (positive & (scores >= cut)).sum() / positive.sum()
        expected += (recall - before) * positive[scores >= cut].mean()
        before = recall
    assert average_precision(scores, positive) == pytest.approx(expected)


def test_threshold_metrics_by_hand():
    found = measure_scores(np.array([0.9, 0.6, 0.4, 0.2]), np.array([True, False, True, False]))
    assert (found.precision, found.recall, found.f1, found.macro_f1) == (0.5, 0.5, 0.5, 0.5)
    assert found.f1_low <= 0.5 <= found.f1_high


def test_what_cannot_be_measured_is_none():
    nothing = measure_scores(np.array([0.1, 0.2]), np.array([False, False]))
    assert (nothing.precision, nothing.recall, nothing.f1, nothing.average_precision) == (None,) * 4
    assert nothing.area_under_curve is None
    empty = measure_scores(np.empty(0), np.empty(0, np.bool_))
    assert (empty.documents, empty.f1, empty.f1_low) == (0, None, None)
    # Every resample of a perfect result is perfect, which says nothing about the next documents.
    perfect = measure_scores(np.array([0.9, 0.8, 0.1, 0.2]), np.array([True, True, False, False]))
    assert (perfect.f1, perfect.f1_low, perfect.f1_high) == (1.0, None, None)


def test_no_metric_is_cut_off_in_a_pipe():
    scores = np.random.default_rng(1).random(12_345)
    found = measure_scores(scores, scores + np.random.default_rng(2).normal(0, 0.3, 12_345) > 0.5)
    stream = StringIO()
    Console(file=stream, width=80).print(metrics_table("Documents", {"deu.edu.bin@0123abcd": found, "10 folds": found}))
    values = (found.f1, found.precision, found.recall, found.average_precision, found.area_under_curve)
    row = next(line for line in stream.getvalue().splitlines() if line.startswith("10 folds"))
    assert all(f"{value:.3f}" in row.split() for value in values)
    assert f"{found.f1_low:.3f}–{found.f1_high:.3f}" in row
    assert "…" not in stream.getvalue()


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("count", [1, 7, 10, 30, 1000])
def test_a_threshold_keeps_at_least_its_share_and_the_next_does_not(share, count):
    scores = np.random.default_rng(count).permutation(np.arange(count) / count)
    threshold = threshold_for(scores, share)
    assert threshold in scores
    assert (scores >= threshold).mean() >= share - 1e-9
    assert (scores > threshold).mean() < share


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match="a share is above 0"):
        threshold_for(np.array([0.5]), share)
