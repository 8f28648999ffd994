"""Transformer classifiers and heads over embeddings: tiny models that the tests train, alone and through the stage."""

import json
import random
import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console
from typer.testing import CliRunner

from configs.load import load_configuration
from filters.quality.cli import app
from filters.quality.models import Encoder, Manifest, read_manifest, write_manifest
from filters.quality.train import Settings, train
from langid.errors import ModelError
from langid.models import file_sha256
from pipeline.classifying.heads import HEAD
from pipeline.classifying.models import classifier_version, load_classifier
from pipeline.classifying.parameters import Classifier, ClassifyingParameters
from pipeline.classifying.stage import CLASSES, classify_documents, classifying_job
from pipeline.clustering.nodes import ClusterJob, number_nodes
from pipeline.clustering.steps import is_finished
from pipeline.errors import UsageError
from pipeline.fingerprints import Fingerprints
from pipeline.runner import InlineRunner, RayRunner
from pipeline.schema import KEY
from pipeline.shards import Job, read_commits, read_table, write_table
from pipeline.storage import Folder

QUIET = Console(quiet=True)
GOOD, BAD = "lesson school science learn teacher", "casino bonus win jackpot bet"
TEXTS = [f"{GOOD} {GOOD}", f"{BAD} {BAD}", "", f"{GOOD} " * 500]
DOCUMENTS = pa.schema([KEY, ("text", pa.string()), ("language", pa.string())])
NEEDS_EXTRA = "the extra `transformers` is not installed"


def make_model(folder, labels, problem, targets):
    """Train a two-word-list classifier in a second and save it as the hub stores models."""
    torch = pytest.importorskip("torch", reason=NEEDS_EXTRA)
    transformers = pytest.importorskip("transformers", reason=NEEDS_EXTRA)
    tokenizers = pytest.importorskip("tokenizers", reason=NEEDS_EXTRA)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *GOOD.split(), *BAD.split()]
    folder.mkdir()
    known = tokenizers.models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]")
    whole = tokenizers.Tokenizer(known)
    whole.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    whole.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=whole, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    torch.manual_seed(0)
    torch.set_num_threads(1)  # more only wait for each other in so small a model
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        problem_type=problem,
    )
    model = transformers.BertForSequenceClassification(config)
    batch = tokenizer(TEXTS[:2], return_tensors="pt", padding=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        model(**batch, labels=torch.tensor(targets)).loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {
        "one": make_model(folder / "one", ["spam", "teaching"], "single_label_classification", [1, 0]),
        "many": make_model(folder / "many", ["teaching", "gambling"], "multi_label_classification", [[1.0, 0], [0, 1]]),
        "scale": make_model(folder / "scale", ["score"], "regression", [4.0, 1.0]),
    }


def classify(model, **options):
    return list(load_classifier(Classifier(name="kind", model=model, tokens=32, **options)).classify(TEXTS))


def test_one_label_is_the_most_probable(models):
    found = classify(models["one"])
    assert [classes.given for classes in found[:2]] == [["kind:teaching"], ["kind:spam"]]
    for classes in found:
        assert sum(score for _, score in classes.scores) == pytest.approx(1, abs=1e-5)
    assert found[3].given == ["kind:teaching"]


def test_of_many_labels_those_above_the_threshold_are_given(models):
    found = classify(models["many"])
    assert [classes.given for classes in found[:2]] == [["kind:teaching"], ["kind:gambling"]]
    assert classify(models["many"], threshold=1.0)[0].given == []
    assert classify(models["many"], threshold=0.0)[0].given == ["kind:teaching", "kind:gambling"]


def test_a_scale_gives_its_rounded_value(models):
    found = classify(models["scale"])
    assert [classes.given for classes in found[:2]] == [["kind:4"], ["kind:1"]]
    assert found[0].scores[0][1] == pytest.approx(4, abs=0.3)


def test_scores_are_those_of_the_library_and_of_no_batch(models):
    transformers = pytest.importorskip("transformers", reason=NEEDS_EXTRA)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(models["one"]).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(models["one"])
    for batch in (1, 2, 32):
        for text, classes in zip(TEXTS, classify(models["one"], batch=batch), strict=True):
            encoded = tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
            expected = model(**encoded).logits.softmax(-1)[0].tolist()
            assert [score for _, score in classes.scores] == pytest.approx(expected, abs=1e-5)


def make_work(folder, parameters):
    """Three shards of documents in two languages."""
    counts = {}
    for shard in range(3):
        rows = [
            {KEY.name: bytes([shard, n] + [0] * 14), "text": TEXTS[n % 3], "language": ["deu_Latn", "rus_Cyrl"][n % 2]}
            for n in range(7)
        ]
        write_table(folder, f"documents/00000{shard}.parquet", pa.Table.from_pylist(rows, schema=DOCUMENTS))
        counts[f"00000{shard}"] = (7, f"content {shard}")
    configuration = load_configuration("default")
    job = Job(folder, configuration, Fingerprints("curate", "cluster", configuration))
    return classifying_job(ClusterJob(job, number_nodes(counts, 0, 10**4), "before"), parameters)


def read_all(work):
    return [read_table(work.job.folder, f"classes/00000{shard}.parquet") for shard in range(3)]


def test_the_stage_writes_rows_that_are_aligned(models, tmp_path):
    parameters = ClassifyingParameters(
        models=(
            Classifier(name="topic", model=models["one"], tokens=32),
            Classifier(name="edu", model=models["scale"], tokens=32, languages=("Cyrl",)),
        )
    )
    work = make_work(Folder(str(tmp_path)), parameters)
    assert not is_finished("classes", work)
    classify_documents(work, InlineRunner(), QUIET)
    assert is_finished("classes", work)
    for shard, table in enumerate(read_all(work)):
        assert table.schema.equals(CLASSES)
        documents = read_table(work.job.folder, f"documents/00000{shard}.parquet")
        assert table.column(KEY.name).equals(documents.column(KEY.name))
        rows = table.to_pylist()
        assert rows[0]["classes"] == ["topic:teaching"]
        assert rows[1]["classes"] == ["topic:spam", "edu:1"]
        assert [entry["class"] for entry in rows[1]["class_scores"]] == ["topic:spam", "topic:teaching", "edu"]


def test_languages_without_a_classifier_are_null(models, tmp_path):
    parameters = ClassifyingParameters(
        models=(Classifier(name="topic", model=models["one"], tokens=32, languages=("rus_Cyrl",)),)
    )
    work = make_work(Folder(str(tmp_path)), parameters)
    classify_documents(work, InlineRunner(), QUIET)
    rows = read_all(work)[0].to_pylist()
    assert [row["classes"] is None for row in rows] == [row % 2 == 0 for row in range(7)]
    facts = read_commits(work.job.folder, "classes", {f"00000{n}": work.fingerprint for n in range(3)})
    assert [facts[name]["classified"] for name in sorted(facts)] == [3, 3, 3]


@pytest.mark.ray
def test_ray_writes_the_same_files(models, tmp_path, ray_cluster):
    parameters = ClassifyingParameters(models=(Classifier(name="topic", model=models["one"], tokens=32),))
    tables = []
    for runner in (InlineRunner(), RayRunner()):
        work = make_work(Folder(str(tmp_path / type(runner).__name__)), parameters)
        classify_documents(work, runner, QUIET)
        tables.append(read_all(work))
    assert all(one.equals(other) for one, other in zip(*tables, strict=True))


def test_other_weights_are_another_version(models):
    one = Classifier(name="a", model=models["one"])
    assert classifier_version(one) == classifier_version(Classifier(name="b", model=models["one"]))
    assert classifier_version(one) != classifier_version(Classifier(name="a", model=models["many"]))


def test_what_is_no_model_is_refused(models, tmp_path):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    for check in (classifier_version, load_classifier):
        with pytest.raises(ModelError, match=r"classifier a: .* cannot be loaded"):
            check(Classifier(name="a", model=str(tmp_path)))


def test_without_the_extra_the_fix_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UsageError, match=r"pip install 'glotmill\[transformers\]'"):
        classifier_version(Classifier(name="a", model="some/model"))


def test_two_classifiers_need_two_names():
    one = Classifier(name="a", model="x")
    with pytest.raises(ValueError, match='two classifiers are called "a"'):
        ClassifyingParameters(models=(one, one))
    with pytest.raises(ValueError, match="pattern"):
        Classifier(name="A b", model="x")


def write_documents(path, words, name):
    """Documents of ten words of which seven are of the class, on twenty sites."""
    chance = random.Random(name)
    lists = (words.split(), (GOOD + " " + BAD).split())
    rows = [
        {
            "text": " ".join(chance.choices(lists[0], k=7) + chance.choices(lists[1], k=3)),
            "language": "eng_Latn",
            "url": f"https://{name}{number % 20}.example/{number}",
        }
        for number in range(100)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    return write_documents(folder / "good.jsonl", GOOD, "good"), write_documents(folder / "bad.jsonl", BAD, "bad")


@pytest.fixture(scope="module")
def head(models, classes, tmp_path_factory):
    """A head over the embeddings of one of the tiny models, made by the command line."""
    folder = tmp_path_factory.mktemp("heads") / "good"
    arguments = ["train", "--positive", classes[0], "--negative", classes[1], "--encoder", models["one"]]
    result = CliRunner().invoke(app, [*arguments, "--tokens", "32", "--folds", "2", "-o", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


def test_a_head_is_trained_with_manifest_and_card(head, models):
    manifest = read_manifest(head / HEAD)
    assert manifest.sha256 == file_sha256(head / HEAD)
    assert manifest.encoder.model == models["one"]
    assert manifest.encoder.tokens == 32
    assert manifest.parameters["hidden"] == 256
    assert sum(part["positive"] + part["negative"] for part in manifest.documents.values()) == 200
    assert manifest.held_out["f1"] > 0.9
    assert manifest.held_out["cross_validation"]["documents"] == 200
    card = (head / f"{HEAD}.md").read_text(encoding="utf-8")
    assert f"Sentence-embedding (`{models['one']}`" in card
    assert manifest.sha256 in card


def test_the_same_documents_make_the_same_head(head, models, classes, tmp_path):
    again = train([classes[0]], [classes[1]], tmp_path / "again", Settings(encoder=models["one"], tokens=32))
    assert again.file.read_bytes() == (head / HEAD).read_bytes()
    other = train([classes[0]], [classes[1]], tmp_path / "other", Settings(encoder=models["one"], tokens=32, seed=2))
    assert other.file.read_bytes() != again.file.read_bytes()


def test_a_head_scores_means_of_embeddings_in_any_batch(head, models):
    torch = pytest.importorskip("torch", reason=NEEDS_EXTRA)
    transformers = pytest.importorskip("transformers", reason=NEEDS_EXTRA)
    from safetensors.torch import load_file

    model = transformers.AutoModel.from_pretrained(models["one"]).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(models["one"])
    weights = load_file(head / HEAD)
    for batch in (1, 2, 32):
        loaded = load_classifier(Classifier(name="good", model=str(head), batch=batch))
        for text, found in zip(TEXTS, loaded.classify(TEXTS), strict=True):
            encoded = tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
            mean = model(**encoded).last_hidden_state[0].mean(0)
            hidden = torch.relu(weights["hidden_weight"] @ mean + weights["hidden_bias"])
            expected = torch.sigmoid(weights["output_weight"] @ hidden + weights["output_bias"]).item()
            assert found.scores == [("good:positive", pytest.approx(expected, abs=1e-5))]
            assert found.given == (["good:positive"] if expected >= 0.5 else [])
    assert [found.given for found in list(loaded.classify(TEXTS))[:2]] == [["good:positive"], []]


def test_a_head_goes_through_the_stage_beside_a_sequence_classifier(head, models, tmp_path):
    parameters = ClassifyingParameters(
        models=(
            Classifier(name="good", model=str(head), threshold=0.0),
            Classifier(name="edu", model=models["scale"], tokens=32),
        )
    )
    work = make_work(Folder(str(tmp_path)), parameters)
    classify_documents(work, InlineRunner(), QUIET)
    row = read_all(work)[0].to_pylist()[1]
    assert row["classes"] == ["good:positive", "edu:1"]
    assert [entry["class"] for entry in row["class_scores"]] == ["good:positive", "edu"]
    assert row["class_scores"][0]["score"] < 0.5


def test_heads_are_tested_and_score_by_the_command_line(head, classes):
    arguments = ["eval", str(head), "--positive", classes[0], "--negative", classes[1]]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "about 80% of these documents are of its training" in result.output.replace("\n", " ")
    lines = CliRunner().invoke(app, ["score", str(head)], input=f"{TEXTS[0]}\n{TEXTS[1]}\n").stdout.splitlines()
    assert float(lines[0].split("\t")[0]) > 0.5 > float(lines[1].split("\t")[0])


def test_a_head_belongs_to_its_encoder(head, models, tmp_path):
    encoder = shutil.copytree(models["one"], tmp_path / "encoder")
    copy = shutil.copytree(head, tmp_path / "head")
    manifest = read_manifest(copy / HEAD)
    moved = manifest.encoder.model_copy(update={"model": str(encoder)})
    write_manifest(copy / HEAD, manifest.model_copy(update={"encoder": moved}))
    classifier = Classifier(name="good", model=str(copy))
    assert classifier_version(classifier) == classifier_version(Classifier(name="good", model=str(head)))
    (encoder / "extra.txt").write_text("other", encoding="utf-8")
    with pytest.raises(ModelError, match="train the head anew"):
        classifier_version(classifier)


def test_more_tokens_than_an_encoder_reads_are_refused(models, classes, tmp_path):
    with pytest.raises(UsageError, match="reads 64 tokens at most, not 512"):
        train([classes[0]], [classes[1]], tmp_path / "head", Settings(encoder=models["one"]))
    assert not (tmp_path / "head").exists()


def make_head_files(folder, **more):
    """A folder that says that it is a head; nothing here needs the extra."""
    (folder / HEAD).write_bytes(b"weights")
    checksum = file_sha256(folder / HEAD)
    write_manifest(folder / HEAD, Manifest(**{"file": HEAD, "bytes": 7, "sha256": checksum, **more}))
    return Classifier(name="good", model=str(folder))


def test_heads_that_are_not_whole_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"head\.safetensors\.yaml is missing, or names no encoder"):
        classifier_version(make_head_files(tmp_path))
    classifier = make_head_files(tmp_path, encoder=Encoder(model="x", version="y"))
    (tmp_path / HEAD).write_bytes(b"damaged")
    for check in (classifier_version, load_classifier):
        with pytest.raises(ModelError, match="but its manifest says"):
            check(classifier)


def test_options_without_a_meaning_for_heads_are_refused(classes, tmp_path):
    make_head_files(tmp_path)
    with pytest.raises(UsageError, match="leave out `kind` and `revision`"):
        classifier_version(Classifier(name="good", model=str(tmp_path), kind="scale"))
    for name, options, message in (("x", {"seconds": 5}, "--autotune"), ("x.bin", {}, "is a folder")):
        with pytest.raises(UsageError, match=message):
            train([classes[0]], [classes[1]], Path(name), Settings(encoder="some/model", **options))


def test_without_the_extra_no_head_is_trained(classes, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UsageError, match=r"pip install 'glotmill\[transformers\]'"):
        train([classes[0]], [classes[1]], tmp_path / "head", Settings(encoder="some/model"))
    assert not (tmp_path / "head").exists()
