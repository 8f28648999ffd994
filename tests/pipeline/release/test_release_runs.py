"""Releases of whole runs: a second crawl is deduplicated against what the first one published."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from configs.load import load_configuration
from pipeline.errors import UsageError
from pipeline.plan import make_plan
from pipeline.release.append import add_release
from pipeline.release.index import ReleaseIndex
from pipeline.run import run
from pipeline.runner import InlineRunner

SETTINGS = ("dump=CC-MAIN-2026-30",)
PARAGRAPHS = {
    "lake": "Der See liegt zwischen bewaldeten Hügeln, und im Sommer kommen viele Gäste aus der Stadt an sein Ufer. "
    "Wer früh aufsteht, sieht den Nebel über dem Wasser und hört die ersten Vögel im Schilf rufen.",
    "bread": "Gutes Brot braucht vor allem Zeit, denn der Teig soll über Nacht ruhen und langsam aufgehen. Am Morgen "
    "wird er geformt, mit Mehl bestäubt und in einem sehr heißen Ofen gebacken, bis die Kruste dunkel ist.",
    "train": "Die alte Bahnstrecke wurde vor vierzig Jahren stillgelegt, doch nun fahren an Wochenenden wieder Züge. "
    "Freiwillige haben die Wagen hergerichtet, die Schwellen erneuert und den kleinen Bahnhof gestrichen.",
    "music": "Am Abend spielte das Orchester drei Stücke, die bisher kaum jemand im Saal gehört hatte. Nach der Pause "
    "blieb kein Platz mehr frei, weil sich die Nachricht vom schönen Klang schnell verbreitet hatte.",
}


def html(*names: str, extra: str = "") -> bytes:
    body = "".join(f"<p>{PARAGRAPHS[name]}</p>" for name in names)
    page = f"<html lang=de><head><title>{names[0]}</title></head><body><article>{body}{extra}</article></body></html>"
    return page.encode()


FIRST = [("https://a.example/lake", html("lake", "bread")), ("https://a.example/train", html("train", "music"))]
SECOND = [
    ("https://b.example/copy", html("lake", "bread")),  # the same bytes at another address
    ("https://b.example/near", html("train", "music", extra="<p>Danach war Ruhe.</p>")),
    ("https://b.example/new", html("music", "lake")),
    ("https://b.example/again", html("music", "lake")),
]


def crawl(folder: Path, name: str, pages, make_warc, *sets: str) -> tuple[Path, pq.ParquetFile]:
    warc = folder / f"{name}.warc.gz"
    if not warc.exists():
        warc.write_bytes(make_warc(pages))
    output = folder / name
    plan = make_plan(load_configuration("default", [*SETTINGS, *sets]), (str(warc),), str(output))
    outcome = run(plan, InlineRunner(), Console(quiet=True))
    counts = Counter()
    for row in outcome.ledger.to_pylist():
        counts[row["outcome"]] += row["records"]
    return output, counts


@pytest.fixture(scope="module")
def crawls(tmp_path_factory, make_warc):
    """An index of one release, and a finished run that was compared with it."""
    folder = tmp_path_factory.mktemp("crawls")
    index = str(folder / "index")
    first, counts = crawl(folder, "first", FIRST, make_warc)
    assert counts == {"kept": 2}
    with pytest.raises(UsageError, match="no index of releases here"):
        crawl(folder, "early", SECOND, make_warc, f"deduplication.index={index}")
    add_release(str(first), index, "first", "2026-07-01")
    second, counts = crawl(folder, "second", SECOND, make_warc, f"deduplication.index={index}")
    assert counts == {"kept": 1, "duplicate": 3}
    return folder, index, second


def test_a_second_crawl_is_compared_with_what_was_released(crawls):
    _, index, second = crawls
    before = ReleaseIndex.open(index)
    decisions = pq.read_table(second / "decisions").to_pylist()
    ids = {Path(row["url"]).name: row["id"] for row in before.entries(0, 9).to_pylist()}
    urls = {row["id"]: Path(row["url"]).name for row in pq.read_table(second / "documents").to_pylist()}
    found = {urls[row["id"]]: row for row in decisions}
    assert found["copy"]["duplicate_of"] == ids["lake"]
    assert found["near"]["duplicate_of"] == ids["train"]
    assert found["near"]["duplicate_kind"] == "near"
    assert [found[name]["minhash_cluster_size"] for name in ("copy", "near", "new", "again")] == [2, 2, 2, 2]
    assert found["near"]["minhash_cluster_id"] == ids["train"]
    assert {found[name]["keep"] for name in ("new", "again")} == {True, False}


def test_the_second_release_carries_sizes(crawls, make_warc):
    folder, index, second = crawls
    add_release(str(second), index, "second")
    opened = ReleaseIndex.open(index)
    assert opened.entries(0, 9)["cluster_size"].to_pylist() == [2, 2, 2]
    totals = opened.folder.read_json("releases/second/delta.json")
    assert (totals["records"], totals["added"], totals["duplicates_within_the_run"]) == (4, 1, 1)
    assert sum(totals["duplicates_of_releases"]["first"].values()) == 2
    _, counts = crawl(folder, "third", [*FIRST, *SECOND], make_warc, f"deduplication.index={index}")
    assert counts == {"duplicate": 6}
    with pytest.raises(UsageError, match="another state"):
        add_release(str(second), index, "again")


def test_an_unfinished_run_is_no_release(crawls, make_warc, tmp_path):
    output, _ = crawl(tmp_path, "cut", FIRST, make_warc)
    next((output / "decisions").glob("*.parquet")).unlink()
    with pytest.raises(UsageError, match="not finished"):
        add_release(str(output), str(tmp_path / "index"), "first")
    assert not (tmp_path / "index" / "releases").exists()


def test_a_run_that_keeps_copies_is_no_release(make_warc, tmp_path):
    output, _ = crawl(tmp_path, "all", FIRST, make_warc, "deduplication.remove=false")
    with pytest.raises(UsageError, match="kept copies"):
        add_release(str(output), str(tmp_path / "index"), "first")


@pytest.mark.parametrize("name", ["", "a b", "../up", ".hidden", "a/b", "ü", "x" * 101])
def test_a_release_has_the_name_of_a_folder(name, tmp_path):
    with pytest.raises(UsageError, match="no name of a release"):
        add_release(str(tmp_path), str(tmp_path / "index"), name)


def test_a_date_is_a_day(tmp_path):
    with pytest.raises(UsageError, match="no day"):
        add_release(str(tmp_path), str(tmp_path / "index"), "first", "21.11.2026")
