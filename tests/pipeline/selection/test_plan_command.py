"""`glotmill plan`: its figures against those of the run."""

import json
import sys
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from configs.load import load_configuration
from pipeline.cli import main
from pipeline.forecast.cli import duration, megabytes
from pipeline.forecast.measure import STAGES
from pipeline.forecast.sample import spread, take_sample
from pipeline.plan import make_plan

SAMPLE = Path(__file__).parents[3] / "pipeline" / "sample" / "sample.warc.gz"


@pytest.fixture
def glotmill(capsys, monkeypatch):
    """Runs the command in this process; its status, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["glotmill", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
            sys.exit(0)
        captured = capsys.readouterr()
        return int(stopped.value.code or 0), captured.out, captured.err

    return call


def sets(settings: list[str]) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


def test_the_figures_of_a_selection_are_those_of_the_run(glotmill, crawl, tmp_path):
    settings = sets(crawl.settings(crawl.write(), "selection.tlds=[de]", "selection.gap_bytes=0"))
    status, out, _ = glotmill("plan", "default", *settings, "--json", "--sample", 0, "-o", tmp_path / "out")
    assert status == 0
    figures = json.loads(out)
    lengths = {row["url"]: row["warc_record_length"] for row in crawl.rows}
    chosen = sum(length for url, length in lengths.items() if ".de/" in url)
    assert (figures["records"], figures["bytes"], figures["files"]) == (12, chosen, 2)
    selection = figures["selection"]
    assert (selection["index_records"], selection["index_bytes"]) == (42, sum(lengths.values()))
    assert (selection["saved_records"], selection["saved_bytes"]) == (30, sum(lengths.values()) - chosen)
    assert selection["fetched"] == chosen
    assert figures["times"] is figures["hours"] is figures["cost"] is None
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")}
    status, out, _ = glotmill("run", "default", *settings, "--runner", "inline", "-o", tmp_path / "out")
    assert (status, "12 response records" in out) == (0, True)
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")}.items()


def test_times_are_measured_and_priced(glotmill, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("plan", "default", "-i", SAMPLE, "--sample", 12, "--workers", 8, "--price", 2, "--json")
    status, out, _ = glotmill(*arguments, "--set", "reading.split_megabytes=0.06")
    figures = json.loads(out)
    assert status == 0
    assert figures["bytes"] == SAMPLE.stat().st_size
    stages = [stage["stage"] for stage in figures["times"]["stages"]]
    assert set(stages) <= {"fetch", *STAGES.values()}
    assert stages[:3] == ["fetch", "curate", "cluster"]
    assert all(stage["worker_hours"] >= 0 for stage in figures["times"]["stages"])
    hours = sum(stage["worker_hours"] for stage in figures["times"]["stages"])
    assert figures["worker_hours"] == pytest.approx(hours)
    assert figures["cost"] == pytest.approx(2 * hours)
    assert figures["hours"] == pytest.approx(hours / min(8, figures["splits"]))
    assert 4 <= figures["times"]["sampled"] <= 40
    assert list(tmp_path.iterdir()) == [], "a plan without -o leaves nothing behind"


def test_a_sample_of_everything_knows_the_records(glotmill, make_warc, tmp_path):
    page = "<html><body><article>" + "<p>The old mill of the town has been there for long, they say.</p>" * 5
    data = make_warc([(f"https://town{n}.example/", page.encode()) for n in range(5)])
    (tmp_path / "a.warc.gz").write_bytes(data)
    status, out, _ = glotmill("plan", "default", "-i", tmp_path / "a.warc.gz", "--sample", 100)
    assert status == 0
    assert "1 files, 0.00 MB, in 1 splits" in out
    assert "about 5, from a sample of 5" in out
    assert "s per 1,000 records" in out


def test_a_selection_is_sampled_by_its_records(crawl, tmp_path):
    settings = crawl.settings(crawl.write(), "selection.tlds=[se]", "reading.split_megabytes=0.001")
    plan = make_plan(load_configuration("default", settings), [], str(tmp_path / "out"))
    sample = take_sample(plan, 4, tmp_path)
    found = []
    for name in sample.files:
        with open(name, "rb") as stream:
            found += [record.rec_headers.get_header("WARC-Target-URI") for record in ArchiveIterator(stream)]
    lengths = {row["url"]: row["warc_record_length"] for row in crawl.rows if row["url_host_tld"] == "se"}
    assert len(set(found)) == len(found) >= 4
    assert sample.bytes == sum(lengths[url] for url in found)


def test_nothing_selected_is_said_with_status_1(glotmill, crawl):
    status, _, err = glotmill("plan", "default", *sets(crawl.settings(crawl.write(), "selection.tlds=[fr]")))
    assert status == 1
    assert "none of 42 records is selected" in err


def test_places_are_spread():
    assert spread(list(range(28))) == [0, 9, 18, 27]
    assert spread([1]) == [1]


def test_figures_for_people():
    assert megabytes(81_250_000_000) == "81,250.00 MB"
    assert [duration(hours) for hours in (0.01, 1.5, 30.26)] == ["36 s", "90 min", "30.3 h"]
