"""Whole runs in one process: outputs, bookkeeping, resume, re-decision, determinism."""

import json
import shutil
from collections import Counter
from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from rich.console import Console
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from configs.load import load_configuration
from pipeline.errors import LedgerError, OutputError
from pipeline.ledger import write_ledger
from pipeline.plan import make_plan, read_plan
from pipeline.run import check_chain, is_done, run
from pipeline.runner import InlineRunner
from pipeline.shards import read_commits

SAMPLE = Path(__file__).parents[2] / "pipeline" / "sample" / "sample.warc.gz"
SPLIT = "reading.split_megabytes=0.06"
QUIET = Console(quiet=True)


def execute(output: Path, *sets: str, inputs: tuple[str, ...] = (str(SAMPLE),), preset: str = "default"):
    plan = make_plan(load_configuration(preset, [SPLIT, *sets]), inputs, str(output))
    return plan, run(plan, InlineRunner(), QUIET)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("run") / "out"
    execute(output)
    return output


@pytest.fixture
def output(finished, tmp_path) -> Path:
    """A copy of the finished run, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def kept_and_rejected(output: Path) -> list[dict]:
    files = sorted((output / "dataset").rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def test_the_tree_is_that_of_the_design(finished):
    names = {path.name for path in finished.iterdir()}
    stages = {"documents", "signatures", "skipped", "clusters", "lines", "decisions", "dataset"}
    assert stages | {"run.json", "ledger.parquet", "report.html", "clusters.json"} <= names
    assert (finished / "dataset" / "README.md").is_file()
    assert list((finished / "dataset" / "deu_Latn").glob("train-00000-of-*.parquet"))
    assert list((finished / "dataset" / "rejected").glob("*/train-*.parquet"))
    assert not list(finished.rglob("*.partial-*"))


def test_every_response_is_counted_once(finished):
    from warcio.archiveiterator import ArchiveIterator

    with SAMPLE.open("rb") as stream:
        responses = Counter(record.rec_type for record in ArchiveIterator(stream))["response"]
    ledger = pq.read_table(finished / "ledger.parquet").to_pylist()
    assert sum(row["records"] for row in ledger) == responses
    assert {row["outcome"] for row in ledger} <= {"skipped", "failed", "rejected", "duplicate", "kept"}
    rows = kept_and_rejected(finished)
    counted = Counter({"kept": 0, "duplicate": 0, "rejected": 0})
    for row in ledger:
        if row["outcome"] in counted:
            counted[row["outcome"]] += row["records"]
    assert sum(row["keep"] for row in rows) == counted["kept"]
    assert len(rows) == counted.total()
    assert len({(row["file_path"], row["offset"]) for row in rows}) == len(rows)


def test_a_lost_document_fails_the_run(output):
    plan = read_plan(str(output))
    wanted = {split.name: plan.job.fingerprints.documents(split) for split in plan.splits}
    commits = read_commits(plan.job.folder, "documents", wanted)
    write_ledger(plan.job.folder, commits)
    decisions = output / "decisions" / "000001.parquet"
    pq.write_table(pq.read_table(decisions).slice(1), decisions)
    with pytest.raises(LedgerError, match="response records were read, but"):
        write_ledger(plan.job.folder, commits)


def test_a_lost_row_of_the_dataset_fails_the_run(output):
    plan = read_plan(str(output))
    wanted = {split.name: plan.job.fingerprints.documents(split) for split in plan.splits}
    commits = read_commits(plan.job.folder, "documents", wanted)
    file = output / "dataset" / "deu_Latn" / "train-00000-of-00001.parquet"
    pq.write_table(pq.read_table(file).slice(1), file)
    with pytest.raises(LedgerError, match="rows are written, but"):
        write_ledger(plan.job.folder, commits)


def test_reasons_and_keepers_agree(finished):
    rows = kept_and_rejected(finished)
    kept = {row["id"] for row in rows if row["keep"]}
    for row in rows:
        assert row["keep"] == (not row["reject_reasons"])
        assert (row["duplicate_of"] is not None) == ("duplicate" in row["reject_reasons"])
        assert row["duplicate_of"] is None or row["duplicate_of"] in kept
    clusters = Counter(row["minhash_cluster_id"] for row in rows)
    assert all(row["minhash_cluster_size"] == clusters[row["minhash_cluster_id"]] for row in rows)
    assert max(clusters.values()) > 1, "the sample has near-duplicates"
    copies = Counter(row["minhash_cluster_id"] for row in rows if row["keep"])
    assert max(copies.values()) == 1
    assert all(row["minhash_similarity"] >= 0.6 for row in rows if row["duplicate_of"])


def test_the_dataset_opens_everywhere(finished, tmp_path):
    folder = finished / "dataset" / "deu_Latn"
    expected = pq.read_table(folder).num_rows
    (found,) = duckdb.sql(f"select count(*), min(text_characters) from '{folder}/*.parquet'").fetchall()
    assert (found[0], found[1] > 0) == (expected, True)
    loaded = load_dataset("parquet", data_files=f"{folder}/*.parquet", split="train", cache_dir=str(tmp_path / "a"))
    assert loaded.num_rows == expected
    by_card = load_dataset(str(finished / "dataset"), "deu_Latn", split="train", cache_dir=str(tmp_path / "b"))
    assert by_card["text"] == loaded["text"]
    everything = load_dataset(str(finished / "dataset"), split="train", cache_dir=str(tmp_path / "c"))
    assert (everything.num_rows, set(everything["keep"])) == (
        sum(r["keep"] for r in kept_and_rejected(finished)),
        {True},
    )
    for name in ("documents", "signatures", "skipped", "clusters", "decisions"):
        assert pq.read_table(finished / name).num_rows > 0
        for file in (finished / name).glob("*.parquet"):
            assert duckdb.sql(f"select count(*) from '{file}'").fetchall() == [(pq.read_metadata(file).num_rows,)]


def test_a_finished_run_does_nothing(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*.parquet") if path.name != "ledger.parquet"}
    plan, outcome = execute(finished)
    assert is_done(plan)
    assert outcome.worked == ()
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_lost_commits_are_made_again_with_the_same_bytes(finished, output):
    first = bytes_of(output / "dataset")
    for name in (
        "commits/documents/000001.json",
        "documents/000002.parquet",
        "commits/documents/000002.json",
        "commits/clusters/000001.json",
    ):
        (output / name).unlink()
    (output / "documents" / "000003.parquet.partial-0123abcd").write_bytes(b"half")
    _, outcome = execute(output)
    assert "curate" in outcome.worked
    assert bytes_of(output / "dataset") == first == bytes_of(finished / "dataset")
    assert not list(output.rglob("*.partial-*"))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("documents/000001.parquet", "cut"),
        ("signatures/000001.parquet", "gone"),
        ("skipped/000002.parquet", "gone"),
        ("clusters/000001.parquet", "cut"),
        ("decisions/000001.parquet", "gone"),
        ("dataset/fra_Latn/train-00000-of-00001.parquet", "cut"),
        ("dataset/rejected", "gone"),
        ("commits/clusters/000001.json", "cut"),
    ],
)
def test_files_that_were_damaged_are_made_again(finished, output, name, damage):
    path = output / name
    if path.is_dir():
        shutil.rmtree(path)
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    execute(output)
    assert bytes_of(output / "dataset") == bytes_of(finished / "dataset")
    assert (output / name).exists()


def test_there_and_back_again(finished, output):
    """Settings under which no page is small enough, and then the first ones."""
    _, outcome = execute(output, "extraction.page_megabytes=0.0001")
    assert {row["outcome"] for row in outcome.ledger.to_pylist()} <= {"skipped", "failed"}
    execute(output)
    assert bytes_of(output / "dataset") == bytes_of(finished / "dataset")


def test_two_runs_at_once_are_refused(output):
    plan = read_plan(str(output))
    with plan.job.folder.locked(), pytest.raises(OutputError, match="another run is writing here"):
        run(plan, InlineRunner(), QUIET)


def test_the_order_of_work_does_not_change_the_bytes(finished, tmp_path):
    class Backwards(InlineRunner):
        def map(self, function, tasks, job, rescue=None, gpus=0):
            return super().map(function, list(reversed(tasks)), job, rescue, gpus)

    plan = make_plan(load_configuration("default", [SPLIT]), [str(SAMPLE)], str(tmp_path / "out"))
    run(plan, Backwards(), QUIET)
    assert bytes_of(tmp_path / "out" / "dataset") == bytes_of(finished / "dataset")


def test_splits_do_not_change_the_documents(finished, tmp_path):
    execute(tmp_path / "out", "reading.split_megabytes=5")
    assert len(list((tmp_path / "out" / "documents").glob("*.parquet"))) == 1
    assert len(list((finished / "documents").glob("*.parquet"))) > 2
    assert bytes_of(tmp_path / "out" / "dataset") == bytes_of(finished / "dataset")


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        ("rules.gopher_word_count.min=5", ("decide", "assemble")),
        ("deduplication.keep=[text_characters]", ("cluster", "lines", "decide", "assemble")),
        ("deduplication.remove=false", ("decide", "assemble")),
        ("dataset.rejected=false", ("assemble",)),
        ("filters.fineweb_quality.short_line_length=20", ("curate", "cluster", "lines", "decide", "assemble")),
        ("card.title=Pages", ()),
    ],
)
def test_a_change_redoes_only_what_it_touches(output, tmp_path, change, stages):
    _, outcome = execute(output, change)
    assert outcome.worked == stages
    execute(tmp_path / "fresh", change)
    assert bytes_of(output / "dataset") == bytes_of(tmp_path / "fresh" / "dataset")


def test_a_rule_for_one_language_redoes_that_language(output, tmp_path):
    (tmp_path / "fra.yaml").write_text(
        "overrides: {languages: {fra_Latn: {rules: {gopher_word_count: {min: 9000}}}}}\n"
    )
    files = {path: path.stat().st_mtime_ns for path in (output / "dataset").rglob("*.parquet")}
    execute(output, preset=str(tmp_path / "fra.yaml"))
    changed = {path.parent.name for path, time in files.items() if not path.exists() or path.stat().st_mtime_ns != time}
    assert changed == {"fra_Latn"}
    rejected = pq.read_table(output / "dataset" / "rejected" / "fra_Latn").column("reject_reasons").to_pylist()
    assert all("gopher_word_count" in reasons for reasons in rejected)
    assert not list((output / "dataset" / "fra_Latn").glob("*.parquet"))


def test_all_reasons_are_kept(output):
    execute(output, "rules.language.one_of=[nothing]", "rules.gopher_word_count.min=90000")
    rows = kept_and_rejected(output)
    assert all({"language", "gopher_word_count"} <= set(row["reject_reasons"]) for row in rows)
    ledger = pq.read_table(output / "ledger.parquet").to_pylist()
    assert all(row["reason"] != "gopher_word_count" for row in ledger)


def test_another_run_s_folder_is_refused(finished, tmp_path):
    shutil.copy(SAMPLE, tmp_path / "other.warc.gz")
    with pytest.raises(OutputError, match="holds a run over other inputs"):
        execute(finished, inputs=(str(tmp_path / "other.warc.gz"),))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty and holds no run"):
        execute(tmp_path)


def test_run_json_says_where_each_value_comes_from(finished):
    data = json.loads((finished / "run.json").read_text())
    assert data["values"]["reading.split_megabytes"] == {"value": 0.06, "layer": f"--set {SPLIT}"}
    assert data["values"]["deduplication.bands"]["layer"] == "default"
    assert data["language_model"]["sha256"]
    assert read_plan(str(finished)).job.configuration.settings.reading.split_megabytes == 0.06


def test_a_plan_that_is_read_back_is_the_same(finished):
    """Also in the order of its rules, which is the order of the reasons."""
    plan, _ = execute(finished)
    again = read_plan(str(finished))
    assert list(again.job.configuration.for_language("deu_Latn").rules) == list(
        plan.job.configuration.for_language("deu_Latn").rules
    )
    assert is_done(again)


def test_splits_that_do_not_meet_are_refused(finished):
    plan = read_plan(str(finished))
    wanted = {split.name: plan.job.fingerprints.documents(split) for split in plan.splits}
    commits = read_commits(plan.job.folder, "documents", wanted)
    check_chain(plan.splits, commits)
    commits["000001"] = {**commits["000001"], "first_offset": commits["000001"]["first_offset"] + 1}
    with pytest.raises(Exception, match="one split ends at offset"):
        check_chain(plan.splits, commits)


def test_a_run_in_memory_needs_no_local_disk():
    plan = make_plan(load_configuration("default"), [str(SAMPLE)], "memory://test-run")
    run(plan, InlineRunner(), QUIET)
    assert plan.job.folder.exists("ledger.parquet")
    assert any(name.startswith("dataset/deu_Latn/") for name in plan.job.folder.names("dataset"))


def test_signatures_of_another_time_are_made_again(finished, output):
    """A file of the right name, size and rows that is not what curate wrote."""
    path = output / "signatures" / "000001.parquet"
    table = pq.read_table(path)
    place = table.schema.get_field_index("signature")
    pq.write_table(table.set_column(place, "signature", table.column("signature").take([0] * table.num_rows)), path)
    commit = output / "commits" / "documents" / "000001.json"
    facts = json.loads(commit.read_text())
    facts["files"]["signatures/000001.parquet"] = path.stat().st_size
    commit.write_text(json.dumps(facts))
    shutil.rmtree(output / "commits" / "clusters")
    _, outcome = execute(output)
    assert outcome.worked[:2] == ("curate", "cluster")
    assert path.read_bytes() == (finished / "signatures" / "000001.parquet").read_bytes()
    assert bytes_of(output / "dataset") == bytes_of(finished / "dataset")


def test_copies_may_be_compared_across_languages(output):
    """A cluster of several languages keeps one document, whatever the order in which languages are decided."""
    loose = ("deduplication.rows=1", "deduplication.shingle_size=1", "deduplication.minimum_similarity=0")
    execute(output, "deduplication.scope=global", *loose)
    rows = kept_and_rejected(output)
    languages: dict[str, set[str]] = {}
    for row in rows:
        languages.setdefault(row["minhash_cluster_id"], set()).add(row["language"])
    assert max(map(len, languages.values())) > 1
    kept = Counter(row["minhash_cluster_id"] for row in rows if row["keep"])
    assert set(kept.values()) == {1}
    keepers = {row["id"] for row in rows if row["keep"]}
    assert all(row["duplicate_of"] in keepers for row in rows if "duplicate" in row["reject_reasons"])


def test_copies_stay_when_they_are_not_to_be_removed(output):
    execute(output, "deduplication.remove=false")
    rows = kept_and_rejected(output)
    kept = Counter(row["minhash_cluster_id"] for row in rows if row["keep"])
    assert max(kept.values()) > 1
    assert all(row["duplicate_of"] is row["duplicate_kind"] is None for row in rows)


def test_kept_documents_have_weights_when_asked(output):
    table = "upsampling.table=[{first: 1, last: 1, weight: 1}, {first: 2, weight: 7}]"
    _, outcome = execute(output, "upsampling.method=table", table)
    assert outcome.worked == ("decide", "assemble")
    for row in kept_and_rejected(output):
        expected = (7 if row["minhash_cluster_size"] > 1 else 1) if row["keep"] else None
        assert row["upsample_weight"] == expected
    assert json.loads((output / "weights.json").read_text())["deu_Latn"]["rates"] == []
    execute(output)
    assert {row["upsample_weight"] for row in kept_and_rejected(output)} == {None}
    assert not (output / "weights.json").exists()


NOTICE = "Wir weisen darauf hin, dass alle Angaben auf diesen Seiten ohne Gewähr sind und sich ändern können."


def site_of_pages(finished: Path, path: Path) -> str:
    """A WARC with pages of one site: texts of the sample, each with the same notice below."""
    texts = [row["text"] for row in kept_and_rejected(finished) if row["keep"] and row["text_characters"] > 800]
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for number, text in enumerate(texts[:8]):
            paragraphs = "".join(f"<p>{line}</p>" for line in [*text.split("\n"), NOTICE])
            page = f"<html><head><title>{number}</title></head><body><article>{paragraphs}</article></body></html>"
            headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
            address = f"https://www.notice.example/{number}"
            body = BytesIO(page.encode())
            writer.write_record(writer.create_warc_record(address, "response", payload=body, http_headers=headers))
    return str(path)


def test_repeated_lines_are_columns_of_rules_and_can_be_left_out(finished, tmp_path):
    inputs = (site_of_pages(finished, tmp_path / "site.warc.gz"),)
    output = tmp_path / "out"
    execute(output, inputs=inputs)
    rows = kept_and_rejected(output)
    assert len(rows) == 8
    for row in rows:
        lines = row["text"].split("\n")
        assert [lines[number] for number in row["repeated_line_numbers"]] == [NOTICE]
        assert row["repeated_lines_site"] == pytest.approx(len(NOTICE) / sum(map(len, lines)))
        assert row["repeated_lines_language"] == 0
    rule = ("rules.repeats.column=repeated_lines_site", "rules.repeats.max=0.05")
    _, outcome = execute(output, *rule, inputs=inputs)
    assert outcome.worked == ("decide", "assemble")
    for row in kept_and_rejected(output):
        assert ("repeats" in row["reject_reasons"]) == (row["repeated_lines_site"] > 0.05)
    _, outcome = execute(output, "dataset.remove_repeated_lines=true", inputs=inputs)
    assert NOTICE not in "".join(row["text"] for row in kept_and_rejected(output))
    execute(output, "lines.enabled=false", inputs=inputs)
    assert "repeated_line_numbers" not in kept_and_rejected(output)[0]
