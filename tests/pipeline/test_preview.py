"""Previews and thresholds on a finished run: against real decisions, and against plain loops over its files."""

import json
import shutil
from collections import Counter, defaultdict
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from configs.load import assignment_layers, load_configuration
from pipeline.clustering.nodes import ClusterJob, number_nodes
from pipeline.counts import count_rules, count_spans, count_values
from pipeline.curating.stage import STAGE as CURATED
from pipeline.deciding import thresholds
from pipeline.deciding.examples import show_preview
from pipeline.deciding.preview import preview
from pipeline.deciding.stage import decide_all
from pipeline.errors import OutputError
from pipeline.plan import make_plan, read_plan
from pipeline.run import Later, run
from pipeline.runner import InlineRunner
from pipeline.shards import read_commits

SAMPLE = Path(__file__).parents[2] / "pipeline" / "sample" / "sample.warc.gz"
QUIET = Console(quiet=True)
SCORES = "rules.language_score.min={median_minus_deviations: 1, least: 0.3, most: 0.9}"
BEST = "rules.best={column: doc_score, top_fraction: 0.4, among: passing}"
TAIL = "rules.tail={column: text_characters, min: {quantile: 0.3}}"
COMBINED = "rules.x={any: [{column: gopher_word_count, min: 300}, {column: doc_score, min: 0.7}]}"
CHANGES = {
    "stricter": ["rules.gopher_word_count.min=150", COMBINED, "overrides.languages.deu_Latn.rules.x.enabled=false"],
    "looser": ["rules.robots.enabled=false", "rules.url_blocked.max=1"],
    "computed": [SCORES, BEST, TAIL],
    # What is ranked are the documents that pass rules that change, too: a stricter one, one that is off, a new one.
    "computed over what passes anew": [
        BEST,
        "rules.gopher_word_count.min=150",
        "rules.robots.enabled=false",
        "overrides.languages.deu_Latn.rules.gopher_word_count.min=5",
        "overrides.languages.eng_Latn.rules.c4_bad={column: text_characters, max: 2000}",
    ],
    "copies": ["deduplication.remove=false"],
    # The best copy of some clusters is the longest, so that others stand for it.
    "best copies fail": ["rules.x={column: text_characters, max: 1380}"],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("run") / "out"
    plan = make_plan(load_configuration("default", ["reading.split_megabytes=0.06"]), [str(SAMPLE)], str(output))
    run(plan, InlineRunner(), QUIET)
    return output


def changed(output: Path, sets: list[str]):
    before = read_plan(str(output)).job.configuration
    return before, read_plan(str(output), assignment_layers(sets, before.default))


def documents(output: Path, *columns: str) -> list[dict]:
    rows = []
    for place in sorted((output / "decisions").glob("*.parquet")):
        decided = pq.read_table(place, columns=["key", "keep", "reject_reasons", "text_characters"]).to_pylist()
        stored = pq.read_table(output / "documents" / place.name, columns=["language", *columns]).to_pylist()
        rows += [one | other for one, other in zip(decided, stored, strict=True)]
    return rows


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def decide(plan) -> None:
    """The stage decide alone."""
    commits = read_commits(plan.job.folder, CURATED, {s.name: plan.job.fingerprints.documents(s) for s in plan.splits})
    assert len(commits) == len(plan.splits)
    decide_all(Later.of(plan, commits).decided, InlineRunner(), QUIET)


@pytest.mark.parametrize("name", CHANGES)
def test_a_preview_is_what_deciding_does(finished, tmp_path, name):
    output = Path(shutil.copytree(finished, tmp_path / "out"))
    old = {row["key"]: row for row in documents(output)}
    before, plan = changed(output, CHANGES[name])
    untouched = files(output)
    found = preview(before, plan.job, 2)
    assert files(output) == untouched
    decide(plan)
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in documents(output):
        was, size = old[row["key"]]["keep"], row["text_characters"]
        counts = expected[row["language"]]
        if row["keep"] != was:
            counts[0 if row["keep"] else 2] += 1
            counts[1 if row["keep"] else 3] += size
    changes = {c.language: [c.gained, c.characters_gained, c.lost, c.characters_lost] for c in found.changes}
    assert changes == dict(expected)
    assert any(sum(counts) for counts in expected.values())


def test_a_change_is_shown_with_documents_to_read(finished):
    before, plan = changed(finished, CHANGES["stricter"])
    found = preview(before, plan.job, 1)
    stream = StringIO()
    show_preview(found, plan.job, Console(file=stream, width=200), 5)
    shown = stream.getvalue()
    assert "gopher_word_count" in shown
    assert "− lost" in shown
    assert "http" in shown
    assert "nothing was written" in shown
    for places in found.places.values():
        assert len(places) == 1
    stream = StringIO()
    before, plan = changed(finished, ["rules.gopher_word_count.min=50"])
    show_preview(preview(before, plan.job, 1), plan.job, Console(file=stream, width=200), 5)
    assert "nothing would change" in stream.getvalue()


def test_a_folder_without_a_finished_run_is_refused(finished, tmp_path):
    output = Path(shutil.copytree(finished, tmp_path / "out"))
    (output / "ledger.parquet").unlink()
    before, plan = changed(output, CHANGES["stricter"])
    with pytest.raises(OutputError, match="no finished run"):
        preview(before, plan.job, 1)


def test_computed_bounds_are_those_of_numpy_and_are_kept(finished, tmp_path):
    output = Path(shutil.copytree(finished, tmp_path / "out"))
    _, plan = changed(output, [SCORES, BEST, TAIL, "overrides.languages.fra_Latn.rules.language_score.min=0.31"])
    rows = documents(output, "language_score", "doc_score")
    run(plan, InlineRunner(), QUIET)
    kept = json.loads((output / "thresholds.json").read_text())
    by_language = defaultdict(list)
    for row in rows:
        by_language[row["language"]].append(row)
    assert kept.keys() == by_language.keys()
    for language, mine in by_language.items():
        scores = np.array([row["language_score"] for row in mine])
        bound = kept[language].get("language_score.min")
        assert (bound is None) == (language == "fra_Latn")
        if bound is not None:
            assert bound["documents"] == len(mine)
            assert bound["median"] == np.median(scores)
            assert bound["deviation"] == pytest.approx(scores.std(), abs=1e-12)
            assert bound["value"] == pytest.approx(max(0.3, min(0.9, np.median(scores) - scores.std())), abs=1e-12)
        sizes = [row["text_characters"] for row in mine]
        assert kept[language]["tail.min"]["value"] == np.quantile(sizes, 0.3, method="inverted_cdf")
    assert "language_score.min" in (output / "report.html").read_text()
    assert "| `language_score.min` |" in (output / "dataset" / "README.md").read_text()
    best = [row for row in documents(output, "doc_score") if row["language"] == "deu_Latn"]
    passing = [row for row in best if not set(row["reject_reasons"]) - {"best", "tail", "language_score", "duplicate"}]
    threshold = kept["deu_Latn"]["best.top_fraction"]
    assert threshold["documents"] == len(passing)
    above = [row for row in passing if row["doc_score"] >= threshold["value"]]
    assert len(above) == -(-len(passing) * 4 // 10)


def test_bounds_do_not_depend_on_shards_or_blocks(finished, monkeypatch):
    """Gathered at once, or searched in rounds over one block or many."""
    _, plan = changed(finished, [SCORES, BEST, TAIL])
    names = [path.stem for path in sorted((finished / "documents").glob("*.parquet"))]
    counts = {name: (pq.read_metadata(finished / "documents" / f"{name}.parquet").num_rows, "") for name in names}
    assert len(counts) > 2
    found = []
    for memory, gathered in ((10**9, 10**6), (10**9, 0), (1, 0)):
        monkeypatch.setattr(thresholds, "FEW_DOCUMENTS", gathered)
        work = ClusterJob(plan.job, number_nodes(counts, 0, memory), "")
        found.append(thresholds.compute_thresholds(work, InlineRunner()))
    assert len(work.nodes.blocks) == len(names)
    assert found[0] == found[1] == found[2]


def test_rules_and_personal_data_are_counted_as_by_hand(finished):
    job = read_plan(str(finished)).job
    rows = documents(finished)
    rules = [count for count in count_rules(job.folder, ["unheard_of"]) if count.failed or count.name == "unheard_of"]
    named = [[reason for reason in row["reject_reasons"] if reason != "duplicate"] for row in rows]
    failed = Counter(reason for reasons in named for reason in reasons)
    assert {count.name: count.failed for count in rules} == {**failed, "unheard_of": 0}
    for count in rules:
        assert count.first == sum(row["reject_reasons"][:1] == [count.name] for row in rows)
        assert count.alone == sum(reasons == [count.name] for reasons in named)
    published = [
        row | {"rejected": "rejected" in place.parts}
        for place in (finished / "dataset").rglob("*.parquet")
        for row in pq.read_table(place, columns=["pii", "licence"]).to_pylist()
    ]
    for count in count_spans(job.folder):
        for rejected, spans, having in (
            (False, count.kept, count.kept_documents),
            (True, count.rejected, count.rejected_documents),
        ):
            mine = [
                [s for s in row["pii"] if s["kind"] == count.kind] for row in published if row["rejected"] == rejected
            ]
            assert (spans, having) == (sum(map(len, mine)), sum(map(bool, mine)))
    found = Counter(row["licence"] for row in published if row["licence"] and not row["rejected"])
    assert dict(count_values(job.folder, "licence")) == dict(found)
    card = (finished / "dataset" / "README.md").read_text()
    assert all(f"| {count.kind} | {count.kept:,} |" in card for count in count_spans(job.folder))
