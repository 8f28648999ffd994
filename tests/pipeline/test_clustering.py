"""Clustering over files: the same clusters as union-find, whatever the blocks, the order and the deaths of workers."""

import json
import os
import random
import signal
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
from rich.console import Console

from configs.load import load_configuration
from dedup.minhash import signature
from dedup.shingles import shingle_hashes
from pipeline.clustering.clusters import CLUSTERS
from pipeline.clustering.exchange import receive, receive_all, rows_for, send
from pipeline.clustering.keys import content_digest, document_keys
from pipeline.clustering.nodes import Nodes, number_nodes
from pipeline.clustering.stage import cluster, cluster_job
from pipeline.errors import RunError, ShardError, StaleShardsError
from pipeline.fingerprints import Fingerprints
from pipeline.runner import InlineRunner, RayRunner
from pipeline.schema import KEY
from pipeline.shards import Job, write_table
from pipeline.signatures import signature_bytes, signature_type
from pipeline.storage import Folder

QUIET = Console(quiet=True)
# Letters: digits are folded into one.
WORDS = ["".join(letters) for letters in product("abcdefghijklmnop", repeat=3)]


def page(draw: random.Random, words: int = 60) -> list[str]:
    return draw.choices(WORDS, k=words)


def corpus(documents: int, seed: int = 1) -> list[dict]:
    """Pages of three languages; some are copied, some edited, many share a template, some have no words at all."""
    draw = random.Random(seed)
    template = page(draw, 50)
    rows: list[dict] = []
    while len(rows) < documents:
        language = draw.choice(["deu_Latn", "fra_Latn", "hrv_Latn", "bos_Latn"])
        words = page(draw)
        kind = draw.random()
        if kind < 0.2:
            words = template + page(draw, 3)
        copies = draw.choice([1, 1, 1, 2, 3, 15]) if kind < 0.6 else 1
        for _ in range(copies):
            edited = list(words)
            if draw.random() < 0.5:
                edited[draw.randrange(len(edited))] = "edited"
            rows.append({"language": draw.choice([language] * 5 + ["deu_Latn"]), "words": edited})
        if kind > 0.97:
            rows += [{"language": language, "words": []} for _ in range(3)]
    return rows[:documents]


def describe(number: int, row: dict, settings) -> dict:
    text = " ".join(row["words"])
    digest = xxhash.xxh3_128_digest(text.encode())
    return {
        "key": xxhash.xxh3_128_digest(str(number).encode()),
        "id": f"<urn:{number:05d}>",
        "url": f"https://{number}.example/",
        "dump": row.get("dump", "CC-MAIN-2026-30"),
        "file_path": "a.warc",
        "offset": number,
        "language": row["language"],
        "text": text,
        "text_characters": len(text),
        "date": "2026-01-01",
        "payload_identity": xxhash.xxh3_128_digest(f"{text}!".encode()),
        "text_digest": digest,
        "url_identity": xxhash.xxh3_128_digest(str(row.get("url", number)).encode()),
        "signature": signature_bytes(signature(shingle_hashes(row["words"], settings.shingle_size), settings)),
    }


def write_run(folder: Path, rows: list[dict], shards: int, *sets: str, order: int = 0):
    """A run that is curated: its rows dealt over shards in some order."""
    configuration = load_configuration("default", list(sets))
    settings = configuration.settings.deduplication
    described = [describe(number, row, settings) for number, row in enumerate(rows)]
    random.Random(order).shuffle(described)
    job = Job(Folder(str(folder)), configuration, Fingerprints("curate", "cluster", configuration))
    commits = {}
    for shard in range(shards):
        mine = sorted(described[shard::shards], key=lambda row: (row["language"], row["offset"]))
        names = ["key", "id", "url", "file_path", "offset", "language", "text", "text_characters", "date"]
        documents = pa.Table.from_pylist([{name: row[name] for name in names} for row in mine])
        documents = documents.set_column(0, KEY, documents.column("key").cast(pa.binary(16)))
        schema = pa.schema(
            [
                KEY,
                ("language", pa.string()),
                ("dump", pa.string()),
                *((name, pa.binary(16)) for name in ("payload_identity", "text_digest", "url_identity")),
                ("signature", signature_type(settings.size)),
            ]
        )
        signatures = pa.Table.from_pylist([{name: row[name] for name in schema.names} for row in mine], schema=schema)
        write_table(job.folder, f"documents/{shard:06d}.parquet", documents)
        write_table(job.folder, f"signatures/{shard:06d}.parquet", signatures)
        commits[f"{shard:06d}"] = {"documents": len(mine), "content": content_digest(signatures)}
    return job, commits


def languages_of(rows) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["language"]] = counts.get(row["language"], 0) + 1
    return counts


def run(folder: Path, rows, shards=1, *sets, order=0, runner=None):
    job, commits = write_run(folder, rows, shards, *sets, order=order)
    work = cluster_job(job, commits, None)
    cluster(work, languages_of(rows), runner or InlineRunner(), QUIET)
    return work


def clusters_of(folder: Path) -> dict[str, dict]:
    rows = [row for file in sorted((folder / "clusters").glob("*.parquet")) for row in pq.read_table(file).to_pylist()]
    return {row["id"]: row for row in rows}


def union_find(rows, settings) -> list[set[int]]:
    """Components of documents that share a band of their signature or a digest, within a language."""
    parent = list(range(len(rows)))

    def find(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    first: dict = {}
    for number, row in enumerate(rows):
        found = describe(number, row, settings)
        marks = [("text", found["text"]), ("payload", found["text"])]
        if found["signature"] is not None:
            bands = np.frombuffer(found["signature"], np.uint32).reshape(settings.bands, settings.rows)
            marks += [(band, values.tobytes()) for band, values in enumerate(bands)]
        for mark in marks:
            other = first.setdefault((row["language"], *mark), number)
            parent[find(number)] = find(other)
    groups: dict[int, set[int]] = {}
    for number in range(len(rows)):
        groups.setdefault(find(number), set()).add(number)
    return list(groups.values())


ROWS = corpus(400)
UNCHECKED = "deduplication.verify_above=1000000"


@pytest.fixture(scope="module")
def single(tmp_path_factory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("single")
    run(folder, ROWS, 1)
    return clusters_of(folder)


def test_clusters_are_the_components_of_union_find(tmp_path):
    work = run(tmp_path, ROWS, 7, UNCHECKED)
    found = clusters_of(tmp_path)
    expected = union_find(ROWS, work.job.configuration.settings.deduplication)
    assert max(map(len, expected)) > 20
    for members in expected:
        ids = [f"<urn:{number:05d}>" for number in sorted(members)]
        assert {found[name]["minhash_cluster_id"] for name in ids} == {ids[0]}
        assert {found[name]["minhash_cluster_size"] for name in ids} == {len(ids)}
        assert sorted(found[name]["rank"] for name in ids) == list(range(len(ids)))
    assert len({row["minhash_cluster_id"] for row in found.values()}) == len(expected)


def small_blocks(monkeypatch, documents: int) -> None:
    """Blocks of so many documents, and pieces of hash ranges beside."""
    monkeypatch.setattr("pipeline.clustering.nodes.BYTES_A_DOCUMENT", 10**6 // documents)


@pytest.mark.parametrize(("shards", "documents", "order"), [(1, 1000, 5), (9, 1000, 1), (9, 90, 2), (40, 20, 3)])
def test_neither_shards_nor_blocks_nor_order_change_the_clusters(
    single, tmp_path, monkeypatch, shards, documents, order
):
    small_blocks(monkeypatch, documents)
    work = run(tmp_path, ROWS, shards, "deduplication.memory_megabytes=1", order=order)
    assert len(work.nodes.blocks) == (1 if documents == 1000 else 5 if documents == 90 else 20)
    assert clusters_of(tmp_path) == single


def test_a_task_s_memory_is_worked_through_in_pieces(single, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.clustering.edges.BYTES_A_KEY", 1000)
    monkeypatch.setattr("pipeline.clustering.settle.BYTES_A_MEMBER", 10_000)
    run(tmp_path, ROWS, 3, "deduplication.memory_megabytes=1")
    assert clusters_of(tmp_path) == single


def test_a_cluster_that_no_task_can_hold_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.clustering.settle.BYTES_A_MEMBER", 200_000)
    with pytest.raises(ShardError, match=r"a cluster of .* documents needs more than deduplication.memory_megabytes"):
        run(tmp_path, ROWS, 3, "deduplication.memory_megabytes=1", UNCHECKED)


def test_shards_keep_the_rows_of_their_documents(tmp_path):
    run(tmp_path, ROWS, 5)
    for file in (tmp_path / "documents").glob("*.parquet"):
        clusters = pq.read_table(tmp_path / "clusters" / file.name)
        assert clusters.column("key").equals(pq.read_table(file).column("key"))
        assert clusters.schema.equals(CLUSTERS)
    assert not (tmp_path / "work").exists()
    assert not (tmp_path / "commits" / "work").exists()


def test_documents_without_words_are_linked_by_their_digest_alone(single):
    rows = [number for number, row in enumerate(ROWS) if not row["words"]]
    for number in rows:
        row = single[f"<urn:{number:05d}>"]
        same = [n for n in rows if ROWS[n]["language"] == ROWS[number]["language"]]
        assert row["minhash_cluster_size"] == len(same)
        assert row["minhash_similarity"] is None


def test_scopes(tmp_path):
    rows = [{"language": language, "words": WORDS[:60]} for language in ("hrv_Latn", "bos_Latn", "deu_Latn")]
    rows += [{"language": "deu_Latn", "words": WORDS[:60], "dump": "CC-MAIN-2026-35"}]
    sizes = {}
    for scope in ("language", "group", "global"):
        for snapshots in ("all", "each"):
            folder = tmp_path / scope / snapshots
            run(folder, rows, 2, f"deduplication.scope={scope}", f"deduplication.snapshots={snapshots}")
            sizes[scope, snapshots] = [
                clusters_of(folder)[f"<urn:{n:05d}>"]["minhash_cluster_size"] for n in range(len(rows))
            ]
    assert sizes["language", "all"] == [1, 1, 2, 2]
    assert sizes["language", "each"] == [1, 1, 1, 1]
    assert sizes["group", "all"] == [2, 2, 2, 2]
    assert sizes["global", "all"] == [4, 4, 4, 4]
    assert sizes["global", "each"] == [3, 3, 3, 1]


def test_pages_of_one_address_are_linked_when_configured(tmp_path):
    draw = random.Random(3)
    rows = [{"language": "deu_Latn", "words": page(draw), "url": "same"} for _ in range(30)]
    run(tmp_path / "no", rows)
    run(tmp_path / "yes", rows, 2, "deduplication.exact=[url]")
    assert {row["minhash_cluster_size"] for row in clusters_of(tmp_path / "no").values()} == {1}
    assert {row["minhash_cluster_size"] for row in clusters_of(tmp_path / "yes").values()} == {30}


def test_a_cluster_that_would_remove_too_much_stops_the_run(tmp_path):
    draw = random.Random(4)
    words = page(draw)
    rows = [{"language": "deu_Latn", "words": words} for _ in range(40)]
    rows += [{"language": "deu_Latn", "words": page(draw)} for _ in range(60)]
    limit = ("deduplication.largest_cluster_documents=20", "deduplication.largest_cluster_share=0.3")
    with pytest.raises(RunError, match=r"holds 40 of the 100 documents in deu_Latn \(40%"):
        run(tmp_path, rows, 3, *limit)
    assert not list((tmp_path / "clusters").glob("*.parquet"))
    shown = json.loads((tmp_path / "clusters.json").read_text())["largest"][0]
    assert (shown["documents"], shown["least_similarity"], len(shown["samples"])) == (40, 1.0, 3)
    for allowed in ("deduplication.largest_cluster_share=0.4", "deduplication.remove=false"):
        run(tmp_path, rows, 3, *limit, allowed)
        assert len(clusters_of(tmp_path)) == 100


def die_sometimes(function, folder: str):
    """A function of which every third task kills its worker, the first time."""

    def dying(task, shared):
        mark = Path(folder) / f"{function.__name__}-{task}".replace("/", "-")
        if xxhash.xxh3_64_intdigest(mark.name.encode()) % 3 == 0 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return function(task, shared)

    return dying


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_killing_a_third_of_the_tasks_changes_nothing(single, tmp_path, monkeypatch):
    """The workers die in the middle of the steps; what they began is made again."""
    marks = tmp_path / "marks"
    marks.mkdir()

    class Deadly(RayRunner):
        def map(self, function, tasks, shared):
            return super().map(die_sometimes(function, str(marks)), tasks, shared)

    small_blocks(monkeypatch, 250)
    run(tmp_path / "run", ROWS, 4, "deduplication.memory_megabytes=1", runner=Deadly())
    assert len(list(marks.iterdir())) >= 5
    assert clusters_of(tmp_path / "run") == single


def test_a_run_that_stops_in_a_step_continues_there(single, tmp_path, monkeypatch):
    small_blocks(monkeypatch, 90)
    job, commits = write_run(tmp_path, ROWS, 9, "deduplication.memory_megabytes=1")
    work = cluster_job(job, commits, None)

    class Stopping(InlineRunner):
        def __init__(self, after: int) -> None:
            self.left = after
            self.done = 0

        def map(self, function, tasks, shared):
            for result in super().map(function, tasks, shared):
                if self.left == 0:
                    raise KeyboardInterrupt
                self.left -= 1
                self.done += 1
                yield result

    total = 0
    for after in range(3, 200, 4):
        runner = Stopping(after)
        try:
            cluster(work, languages_of(ROWS), runner, QUIET)
        except KeyboardInterrupt:
            total += runner.done
            continue
        total += runner.done
        break
    assert clusters_of(tmp_path) == single
    whole = Stopping(10**6)
    job, commits = write_run(tmp_path / "again", ROWS, 9, "deduplication.memory_megabytes=1")
    cluster(cluster_job(job, commits, None), languages_of(ROWS), whole, QUIET)
    assert total <= whole.done


def test_signatures_of_other_documents_are_noticed(tmp_path):
    """A file of another shard, or of other parameters, under the right name and with the right number of rows."""
    job, commits = write_run(tmp_path, ROWS, 4)
    work = cluster_job(job, commits, None)
    first, second = (tmp_path / "signatures" / f"00000{number}.parquet" for number in (0, 1))
    first.write_bytes(second.read_bytes())
    with pytest.raises(StaleShardsError) as stale:
        cluster(work, languages_of(ROWS), InlineRunner(), QUIET)
    assert stale.value.shards == ("000000",)


def test_documents_in_another_order_are_noticed(tmp_path):
    job, commits = write_run(tmp_path, ROWS, 4)
    documents = tmp_path / "documents" / "000001.parquet"
    table = pq.read_table(documents)
    pq.write_table(table.take(list(reversed(range(table.num_rows)))), documents)
    with pytest.raises(ShardError, match="two stages hold different documents"):
        cluster(cluster_job(job, commits, None), languages_of(ROWS), InlineRunner(), QUIET)


def test_a_damaged_page_is_an_error_and_never_other_numbers(tmp_path):
    folder = Folder(str(tmp_path))
    send(folder, "x.parquet", pa.table({"a": np.arange(50_000)}), np.arange(50_000) % 3, 3)
    path = tmp_path / "x.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(ShardError, match=r"x.parquet: cannot be read"):
        for receiver in range(3):
            list(receive(folder, ["x.parquet"], receiver))


def test_rows_reach_their_receivers_in_order(tmp_path):
    folder = Folder(str(tmp_path))
    draw = np.random.default_rng(1)
    tables = [(draw.integers(0, 10**6, 1000), draw.integers(0, 8, 1000)) for _ in range(3)]
    names = [f"{number}.parquet" for number in range(3)]
    for name, (values, receivers) in zip(names, tables, strict=True):
        send(folder, name, pa.table({"a": values}), receivers, 9)
    for receiver in range(9):
        expected = np.concatenate([values[receivers == receiver] for values, receivers in tables])
        assert receive_all(folder, names, receiver).column("a").to_numpy().tolist() == expected.tolist()
        assert rows_for(folder, names, receiver) == len(expected)
        assert sum(map(len, receive(folder, names, receiver))) == len(expected)


def test_content_tells_every_change_of_a_table():
    job_settings = load_configuration("default").settings.deduplication
    rows = [describe(number, row, job_settings) for number, row in enumerate(ROWS[:20])]
    table = pa.table({name: [row[name] for row in rows] for name in ("key", "language", "text_digest", "signature")})
    first = content_digest(table)
    assert content_digest(table.slice(0)) == first
    assert content_digest(pa.concat_tables([table.slice(0, 7), table.slice(7)])) == first
    others = [table.slice(1), table.take([1, 0, *range(2, 20)]), table.rename_columns(["a", "b", "c", "d"])]
    changed = [None, *table.column("text_digest").to_pylist()[1:]]
    others.append(table.set_column(2, "text_digest", pa.array(changed)))
    assert len({first, *map(content_digest, others)}) == len(others) + 1


def test_keys_are_salted_with_what_they_are_of():
    """The same digest as text and as payload, and the same rows in two bands, are different keys."""
    settings = load_configuration("default").settings.deduplication
    one = signature(shingle_hashes(WORDS[:60], 5), settings)
    same_rows = np.tile(one[: settings.rows], settings.bands)
    digest = xxhash.xxh3_128_digest(b"x")
    table = pa.table(
        {
            "language": ["deu_Latn"],
            "dump": pa.array([None], pa.string()),
            **{name: pa.array([digest], pa.binary(16)) for name in ("payload_identity", "text_digest", "url_identity")},
            "signature": pa.array([signature_bytes(same_rows)], signature_type(settings.size)),
        }
    )
    keys, valid = document_keys(table, settings)
    assert valid.all()
    assert len(set(keys[0].tolist())) == settings.bands + len(settings.exact)


def test_numbering_and_parts():
    nodes = number_nodes({f"{n:02d}": (10, "x") for n in range(7)}, 25, 60_000)
    assert [block.count for block in nodes.blocks] == [30, 30, 10, 25]
    assert (nodes.count, nodes.documents, nodes.part_count) == (95, 70, 4)
    assert nodes.block_of(np.array([0, 29, 30, 69, 70, 94])).tolist() == [0, 0, 1, 2, 3, 3]
    assert number_nodes({"a": (5, "x"), "b": (90, "x")}, 0, 60_000).blocks[1].count == 90
    hashes = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64)
    for parts in (1, 2, 8):
        many = Nodes(tuple(replace(nodes.blocks[0], number=n) for n in range(parts)))
        assert many.part_of(hashes).tolist() == [int(value) * parts >> 64 for value in hashes]
