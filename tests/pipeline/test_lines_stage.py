"""Repeated lines over a run's shards: exact counts, whatever the blocks, the parts, the memory and the runner."""

import hashlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from configs.load import load_configuration
from dedup.lines import LineParameters, Scope
from dedup.urls import site_of
from pipeline import lines
from pipeline.clustering.nodes import ClusterJob, number_nodes
from pipeline.clustering.steps import is_finished
from pipeline.errors import ShardError
from pipeline.fingerprints import Fingerprints
from pipeline.lines import LINES, line_job, measure_lines
from pipeline.runner import InlineRunner, RayRunner
from pipeline.shards import Job, read_table, write_table
from pipeline.storage import Folder

QUIET = Console(quiet=True)
PARAMETERS = LineParameters(letters=4, site_documents=3, language_documents=6)
SITES = ["https://a.example.de/{}", "https://example.de/{}", "https://b.example.org/{}", "http://10.0.0.1/{}", None]
LANGUAGES = ["deu_Latn", "cmn_Hani", "hin_Deva"]
BOILERPLATE = {
    "deu_Latn": ["Alle Rechte vorbehalten", "Nach oben", "Diesen Artikel teilen", "Impressum und Datenschutz"],
    "cmn_Hani": ["版权所有翻印必究", "返回首页", "分享到朋友圈", "上一篇文章"],
    "hin_Deva": ["सर्वाधिकार सुरक्षित", "मुख्य पृष्ठ", "साझा करें यह", "संपर्क करें हमसे"],
}


def make_documents(seed, count):
    """Documents with lines of their own and lines of their site or language; one in five is a copy, of rank 1."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        language = LANGUAGES[random.integers(len(LANGUAGES))]
        site = SITES[random.integers(len(SITES))]
        own = [f"{chr(0x4E00 + number)}{chr(0x5E00 + k)}" * 3 for k in range(random.integers(1, 4))]
        shared = random.choice(BOILERPLATE[language], random.integers(0, 4)).tolist()
        rows.append(
            {
                "key": hashlib.md5(f"{seed}.{number}".encode()).digest(),
                "text": "\n".join(random.permutation([*own, *shared, "", "12"]).tolist()),
                "url": site and site.format(number),
                "language": language,
                "rank": int(random.random() < 0.2),
            }
        )
    return rows


def expected_rows(documents):
    """The oracle: plain counters over plain lines (which have no case, marks or digits to fold)."""
    counts = Counter()

    def scoped(document, line):
        names = {Scope.SITE: site_of(document["url"]), Scope.LANGUAGE: document["language"]}
        return {scope: (scope, name, line) for scope, name in names.items() if name}

    for document in documents:
        if document["rank"] == 0:
            distinct = {line for line in document["text"].split("\n") if sum(map(str.isalpha, line)) >= 4}
            counts.update(key for line in distinct for key in scoped(document, line).values())
    least = {Scope.SITE: 3, Scope.LANGUAGE: 6}
    for document in documents:
        texts = document["text"].split("\n")
        marked = {
            scope: [
                number for number, line in enumerate(texts) if counts[scoped(document, line).get(scope)] >= least[scope]
            ]
            for scope in Scope
        }
        share = {scope: sum(len(texts[n]) for n in marked[scope]) / sum(map(len, texts)) for scope in Scope}
        yield {
            "key": document["key"],
            "repeated_lines_site": share[Scope.SITE] if site_of(document["url"]) else None,
            "repeated_lines_language": share[Scope.LANGUAGE],
            "repeated_line_numbers": sorted({*marked[Scope.SITE], *marked[Scope.LANGUAGE]}),
        }


def write_run(folder, documents, shards, memory=1):
    """A run's folder with these documents and their clusters in so many shards, and its clustering."""
    folder = Folder(str(folder))
    sizes = {}
    for number, rows in enumerate(np.array_split(np.arange(len(documents)), shards)):
        name = f"shard-{number:03d}"
        table = pa.Table.from_pylist([documents[row] for row in rows]).cast(
            pa.schema(
                [
                    ("key", pa.binary(16)),
                    ("text", pa.string()),
                    ("url", pa.string()),
                    ("language", pa.string()),
                    ("rank", pa.int64()),
                ]
            )
        )
        write_table(folder, f"documents/{name}.parquet", table.drop_columns(["rank"]))
        write_table(folder, f"clusters/{name}.parquet", table.select(["key", "rank"]))
        sizes[name] = (len(rows), name)
    configuration = load_configuration("default", [f"deduplication.memory_megabytes={memory}"])
    job = Job(folder, configuration, Fingerprints.of(configuration, [], {}))
    return ClusterJob(job, number_nodes(sizes, 0, memory * 10**6), "clustering")


def in_small_blocks(work):
    """The same shards, each a block of its own."""
    shards = {shard.name: (shard.count, shard.content) for block in work.nodes.blocks for shard in block.shards}
    return replace(work, nodes=number_nodes(shards, 0, 1))


def measured(work):
    names = work.job.folder.names("lines", ".parquet")
    return [row for name in names for row in read_table(work.job.folder, name).to_pylist()]


def file_bytes(work):
    folder = work.job.folder
    return {name: folder.open(name).read() for name in folder.names("lines", ".parquet")}


@pytest.fixture(scope="module")
def documents():
    found = make_documents(1, 600)
    sizes = Counter(len(row["repeated_line_numbers"]) for row in expected_rows(found))
    assert len(sizes) > 3, "documents with and without repeated lines"
    return found


@pytest.mark.parametrize("shards", [1, 7])
def test_counts_agree_with_plain_counters(tmp_path, documents, shards):
    work = write_run(tmp_path, documents, shards)
    measure_lines(line_job(work, PARAMETERS), InlineRunner(), QUIET)
    found = measured(work)
    assert found == list(expected_rows(documents))
    assert read_table(work.job.folder, "lines/shard-000.parquet").schema.equals(LINES)
    assert not work.job.folder.names("work"), "nothing of the steps between is left"


def test_blocks_parts_and_full_memory_change_nothing(tmp_path, documents, monkeypatch):
    whole = write_run(tmp_path / "whole", documents, 7)
    measure_lines(line_job(whole, PARAMETERS), InlineRunner(), QUIET)
    assert len(whole.nodes.blocks) < 7
    monkeypatch.setattr(lines, "BYTES_A_KEY", 20_000)  # 50 keys fill a megabyte
    small = write_run(tmp_path / "small", documents, 7)
    small = in_small_blocks(small)
    assert len(small.nodes.blocks) == 7
    assert small.nodes.part_count == 8
    sent = []
    send = lines.send
    monkeypatch.setattr(lines, "send", lambda folder, name, *rest: (sent.append(name), send(folder, name, *rest)))
    measure_lines(line_job(small, PARAMETERS), InlineRunner(), QUIET)
    assert any(name.endswith("00000-00001.parquet") for name in sent if "line_keys" in name), "blocks wrote in pieces"
    assert any(name.endswith("-00001.parquet") for name in sent if "repeated" in name), "parts counted in pieces"
    assert file_bytes(small) == file_bytes(whole)


def test_order_and_cutting_of_shards_change_no_row(tmp_path, documents):
    one, other = write_run(tmp_path / "1", documents, 3), write_run(tmp_path / "2", documents[::-1], 5)
    for work in (one, other):
        measure_lines(line_job(work, PARAMETERS), InlineRunner(), QUIET)
    assert measured(one) == measured(other)[::-1]


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_ray_writes_the_same_bytes(tmp_path, documents):
    works = [write_run(tmp_path / name, documents, 4) for name in ("inline", "ray")]
    for work, runner in zip(works, (InlineRunner(), RayRunner()), strict=True):
        measure_lines(line_job(work, PARAMETERS), runner, QUIET)
    assert file_bytes(works[0]) == file_bytes(works[1])


class KilledError(Exception):
    """In place of a kill: nothing after it happens."""


class DyingRunner(InlineRunner):
    """Dies before its n-th task."""

    def __init__(self, tasks):
        self.left = tasks

    def map(self, function, tasks, shared):
        for task in tasks:
            if self.left == 0:
                raise KilledError
            self.left -= 1
            yield from super().map(function, [task], shared)


@pytest.mark.parametrize("tasks", [0, 2, 4, 5, 7, 9, 10])
def test_a_killed_run_continues_with_what_is_left(tmp_path, documents, tasks):
    work = write_run(tmp_path, documents[:200], 4)
    work = in_small_blocks(work)  # 4 blocks, 4 parts: 12 tasks
    with pytest.raises(KilledError):
        measure_lines(line_job(work, PARAMETERS), DyingRunner(tasks), QUIET)
    measure_lines(line_job(work, PARAMETERS), DyingRunner(12 - tasks), QUIET)
    assert measured(work) == list(expected_rows(documents[:200]))
    assert is_finished("lines", line_job(work, PARAMETERS))


def test_other_settings_measure_again(tmp_path, documents):
    work = write_run(tmp_path, documents, 2)
    measure_lines(line_job(work, PARAMETERS), InlineRunner(), QUIET)
    other = line_job(work, PARAMETERS.model_copy(update={"site_documents": 10_000}))
    assert not is_finished("lines", other)
    measure_lines(other, InlineRunner(), QUIET)
    assert {row["repeated_lines_site"] for row in measured(work)} == {0.0, None}


@pytest.mark.parametrize("damage", ["other documents", "fewer rows", "cut file"])
def test_damage_is_named(tmp_path, documents, damage):
    work = write_run(tmp_path, documents[:50], 2)
    folder = work.job.folder
    clusters = read_table(folder, "clusters/shard-001.parquet")
    if damage == "cut file":
        with folder.write("documents/shard-001.parquet") as stream:
            stream.write(b"PAR1")
    else:
        rows = clusters.slice(0, 20) if damage == "fewer rows" else clusters.take(list(range(25))[::-1])
        write_table(folder, "clusters/shard-001.parquet", rows)
    with pytest.raises(ShardError, match=r"shard-001.*run again"):
        measure_lines(line_job(work, PARAMETERS), InlineRunner(), QUIET)


def test_no_documents_and_no_lines(tmp_path):
    nothing = write_run(tmp_path / "nothing", make_documents(3, 1), 1)
    nothing = replace(nothing, nodes=number_nodes({}, 0, 1))
    measure_lines(line_job(nothing, PARAMETERS), InlineRunner(), QUIET)
    assert measured(nothing) == []
    blank = [document | {"text": "1234\n\n--", "rank": 0} for document in make_documents(3, 5)]
    work = write_run(tmp_path / "blank", blank, 1)
    measure_lines(line_job(work, PARAMETERS), InlineRunner(), QUIET)
    assert [row["repeated_line_numbers"] for row in measured(work)] == [[]] * 5
    assert {row["repeated_lines_language"] for row in measured(work)} == {0.0}
