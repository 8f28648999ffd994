"""`glotmill dedup lookup`: what is found in a run, how it is shown, and what is refused."""

import io
import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from configs.load import load_configuration
from configs.model import Deduplication
from dedup.exact import text_digest
from dedup.lookup import Found, Query, compare, look_up, make_query
from dedup.shingles import character_shingle_hashes, shingle_hashes
from filters.text import Text
from pipeline.cli import main
from pipeline.plan import make_plan, read_plan
from pipeline.run import run
from pipeline.runner import InlineRunner
from pipeline.signatures import signature_bytes, signature_type

PAGES = Path(__file__).parents[2] / "pipeline" / "sample" / "pages"
NAMES = (
    *("deu-sauerteig", "fra-noix", "rus-gruzdi", "jpn-umeboshi", "tha-talat"),
    *("hin-baoli", "arb-souq", "kor-doenjang", "vie-banh", "spa-faro"),
)


def page(name: str, left_out: str = "") -> tuple[str, bytes]:
    """A page of the sample as a web page, without one of its sentences."""
    body = (PAGES / f"{name}.md").read_text(encoding="utf-8").split("---\n", 2)[2].replace(left_out, "")
    paragraphs = "".join(f"<p>{line}</p>" for line in body.split("\n") if line.strip())
    address = f"https://{name}.example/{len(left_out)}"
    return address, f"<html><head><title>{name}</title></head><body><article>{paragraphs}".encode()


@pytest.fixture(scope="module")
def finished(tmp_path_factory, make_warc) -> Path:
    """A run over three files: pages in many scripts, a copy of one of them, and a near-copy of it."""
    folder = tmp_path_factory.mktemp("lookup")
    copy = ("https://copy.example/", page(NAMES[0])[1])
    files = (NAMES[:4], NAMES[4:8], NAMES[8:])
    more = ((), (copy,), (page(NAMES[0], "Das ist schade, "),))
    for number, (names, added) in enumerate(zip(files, more, strict=True)):
        (folder / f"{number}.warc.gz").write_bytes(make_warc([*map(page, names), *added]))
    configuration = load_configuration("default", ["deduplication.character_scripts=[Thai]"])
    plan = make_plan(configuration, (str(folder),), str(folder / "out"))
    run(plan, InlineRunner(), Console(quiet=True))
    return folder / "out"


@pytest.fixture
def output(finished, tmp_path) -> Path:
    """A copy of the run, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


@pytest.fixture(scope="module")
def documents(finished) -> list[dict]:
    """Every document of the run with its decision, read file by file."""
    rows = []
    for path in sorted((finished / "documents").glob("*.parquet")):
        decided = pq.read_table(finished / "decisions" / path.name).to_pylist()
        rows += [
            row | decision | {"shard": path.stem}
            for row, decision in zip(pq.ParquetFile(path).read().to_pylist(), decided, strict=True)
        ]
    return rows


@pytest.fixture
def lookup(capsys, monkeypatch):
    """Runs `glotmill dedup lookup` in this process; its status, standard output and standard error."""

    def call(*arguments: object, stdin: bytes = b"", terminal: bool = False) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["glotmill", "dedup", "lookup", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
        with pytest.raises(SystemExit) as stopped:
            main()
            sys.exit(0)
        captured = capsys.readouterr()
        return int(stopped.value.code or 0), captured.out, captured.err

    return call


def jaccard(one: str, other: str, language: str, parameters: Deduplication) -> float:
    """Similarity of the sets of shingles themselves."""
    if language.partition("_")[2] in parameters.character_scripts:
        shingles = (character_shingle_hashes(text, parameters.character_shingle_size) for text in (one, other))
    else:
        shingles = (shingle_hashes(Text(text, language).words, parameters.shingle_size) for text in (one, other))
    a, b = (set(hashes.tolist()) for hashes in shingles)
    return len(a & b) / len(a | b)


def edited(text: str) -> str:
    """A text without some characters in its middle; not all scripts have blanks."""
    middle = len(text) // 2
    return text[:middle] + text[middle + 20 :]


def test_every_document_is_found_where_it_is(finished, documents):
    plan = read_plan(str(finished))
    shards = sorted({row["shard"] for row in documents})
    queries = [make_query(row["id"], row["text"], plan.job.configuration) for row in documents]
    results = look_up(plan, shards, queries, 3, 1.0)
    for row, result in zip(documents, results, strict=True):
        assert all(hit.exact or hit.similarity == 1 for hit in result.hits)
        (hit,) = [hit for hit in result.hits if hit.row["offset"] == row["offset"]]
        assert hit.exact
        assert hit.row == {name: row[name] for name in hit.row}
        assert {"url", "file_path", "keep", "duplicate_of", "minhash_cluster_size"} <= hit.row.keys()


def test_an_edited_text_is_found_with_its_similarity(lookup, finished, documents):
    parameters = read_plan(str(finished)).job.configuration.settings.deduplication
    for row in documents:
        text = edited(row["text"])
        _, out, _ = lookup(finished, "-", "--json", stdin=text.encode())
        hits = {hit["id"]: hit for hit in map(json.loads, out.splitlines())}
        hit = hits[row["id"]]
        true = jaccard(row["text"], text, row["language"], parameters)
        assert hit["match"] == "near"
        assert 0 < abs(1 - true) < 0.3
        assert hit["similarity"] == pytest.approx(true, abs=4 * (true * (1 - true) / 112) ** 0.5)


def test_the_most_similar_are_those_of_a_brute_force_search(finished, documents):
    plan = read_plan(str(finished))
    shards = sorted({row["shard"] for row in documents})
    tables = [pq.ParquetFile(finished / "signatures" / f"{shard}.parquet").read() for shard in shards]
    rows = [row for table in tables for row in table.to_pylist()]
    query = make_query("q", edited(documents[3]["text"]), plan.job.configuration, "fra_Latn")
    similarities = {
        row["key"]: float(np.mean(np.frombuffer(row["signature"], np.uint32) == query.signature)) for row in rows
    }
    keys = {row["key"]: row["id"] for row in documents}
    for top, minimum in ((3, 0.0), (1000, 0.001), (5, 0.99)):
        (result,) = look_up(plan, shards, [query], top, minimum)
        wanted = sorted((-value, key) for key, value in similarities.items() if value >= minimum)
        assert [hit.row["id"] for hit in result.hits] == [keys[key] for _, key in wanted[:top]]
        assert result.count == len(wanted)


def test_a_duplicate_names_the_copy_that_was_kept(lookup, finished, documents, tmp_path):
    copy = next(row for row in documents if row["duplicate_of"])
    (tmp_path / "page.txt").write_text(copy["text"], encoding="utf-8")
    status, out, _ = lookup(finished, tmp_path / "page.txt")
    lines = [line.split("\t") for line in out.splitlines()]
    (line,) = [line for line in lines if line[6] == copy["id"]]
    assert status == 0
    assert line[:3] == [str(tmp_path / "page.txt"), "1.000", "exact"]
    assert f"duplicate of {copy['duplicate_of']}" in line[5]
    assert line[7:] == [copy["url"], copy["file_path"], str(copy["offset"])]
    assert copy["duplicate_of"] in {line[6] for line in lines}, "the kept copy is found as well"


def test_another_label_does_not_hide_a_document(lookup, finished, documents):
    row = next(row for row in documents if row["language"] == "fra_Latn")
    status, out, _ = lookup(finished, "-", "--json", "--language", "deu_Latn", stdin=row["text"].encode())
    assert (status, json.loads(out.splitlines()[0])["id"]) == (0, row["id"])


def test_several_files_are_answered_in_order(lookup, finished, documents, tmp_path):
    (tmp_path / "new.txt").write_text("Words that no page of this run has in such an order, not even one of them.")
    (tmp_path / "old.txt").write_text("\ufeff" + documents[0]["text"], encoding="utf-8")
    status, out, _ = lookup(finished, tmp_path / "new.txt", tmp_path / "old.txt", terminal=True)
    assert status == 0
    assert out.index("nothing is similar enough") < out.index("old.txt")
    assert "exact" in out
    assert lookup(finished, tmp_path / "new.txt")[:2] == (1, "")


def test_what_is_not_decided_yet_is_said_so(lookup, output, documents):
    text = documents[0]["text"].encode()
    shutil.rmtree(output / "decisions")
    hit = json.loads(lookup(output, "-", "--json", "--top", 1, stdin=text)[1])
    assert hit["minhash_cluster_size"] == documents[0]["minhash_cluster_size"]
    assert "keep" not in hit
    shutil.rmtree(output / "clusters")
    status, out, _ = lookup(output, "-", "--top", 1, stdin=text)
    assert (status, out.split("\t")[4:6]) == (0, ["", "not decided yet"])
    assert "not decided yet" in lookup(output, "-", stdin=text, terminal=True)[1]


def test_an_unfinished_run_is_searched_as_far_as_it_is(lookup, output, documents):
    (output / "commits" / "documents" / f"{documents[0]['shard']}.json").unlink()
    status, _, err = lookup(output, "-", stdin=documents[-1]["text"].encode())
    assert status == 0
    assert "the run is not finished: looking in" in err
    shutil.rmtree(output / "commits" / "documents")
    status, _, err = lookup(output, "-", stdin=documents[-1]["text"].encode())
    assert (status, "no documents yet" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["-"], b"", "standard input: empty"),
        (["-"], b" \n\t", "standard input: empty"),
        (["-"], "\u200b".encode(), "no words"),
        (["-"], b"caf\xe9", "not UTF-8 text (byte 3)"),
        (["nowhere.txt"], b"", "nowhere.txt: cannot be read (No such file or directory)"),
        (["-", "--language", "klingon"], b"Words", "--language"),
    ],
)
def test_what_is_no_text_is_refused(lookup, finished, arguments, stdin, message):
    status, out, err = lookup(finished, *arguments, stdin=stdin)
    assert (status, out) == (2, "")
    assert message in err


def test_a_folder_without_a_run_is_refused(lookup, tmp_path):
    status, _, err = lookup(tmp_path, "-", stdin=b"Words")
    assert (status, "no run.json here" in err) == (2, True)


def test_decisions_on_other_documents_are_refused(lookup, output, documents):
    path = output / "decisions" / f"{documents[0]['shard']}.parquet"
    table = pq.ParquetFile(path).read()
    pq.write_table(table.take(list(range(table.num_rows))[::-1]), path)
    status, _, err = lookup(output, "-", stdin=documents[0]["text"].encode())
    assert (status, f"{path}: not the documents of signatures/" in err) == (2, True)


def test_signatures_of_other_parameters_are_refused(lookup, output, documents):
    shard = documents[0]["shard"]
    path = output / "signatures" / f"{shard}.parquet"
    table = pq.ParquetFile(path).read()
    short = pa.array([values[: 4 * 96] for values in table.column("signature").to_pylist()], signature_type(96))
    pq.write_table(table.set_column(table.column_names.index("signature"), "signature", short), path)
    commit = output / "commits" / "documents" / f"{shard}.json"
    facts = json.loads(commit.read_text())
    facts["files"][f"signatures/{shard}.parquet"] = path.stat().st_size
    commit.write_text(json.dumps(facts))
    status, _, err = lookup(output, "-", stdin=documents[0]["text"].encode())
    assert status == 2
    assert "signatures of type fixed_size_binary[384], and the run's configuration has 14 × 8" in err


def test_documents_of_other_settings_are_refused(lookup, output, documents):
    for commit in (output / "commits" / "documents").glob("*.json"):
        commit.write_text(json.dumps(json.loads(commit.read_text()) | {"fingerprint": "of another version"}))
    status, _, err = lookup(output, "-", stdin=documents[0]["text"].encode())
    assert (status, "or of another version of glotmill" in err) == (2, True)


def test_a_damaged_file_is_named(lookup, output, documents):
    name = output / "signatures" / f"{documents[0]['shard']}.parquet"
    data = bytearray(name.read_bytes())
    data[len(data) // 2] ^= 0xFF
    name.write_bytes(data)
    status, _, err = lookup(output, "-", stdin=documents[0]["text"].encode())
    assert (status, f"{name}: cannot be read" in err) == (2, True)


def test_documents_without_a_digest_or_a_signature_are_passed_over():
    """The signature of a document without words is null, and is like no other one."""
    settings = Deduplication(bands=2, rows=2)
    one, other = (signature_bytes(np.array([0, 0, 0, last], np.uint32)) for last in (0, 1))
    table = pa.table(
        {
            "key": pa.array([bytes([n]) * 16 for n in range(4)], pa.binary(16)),
            "text_digest": pa.array([None, text_digest("a"), text_digest("b"), None], pa.binary(16)),
            "signature": pa.array([one, None, None, other], signature_type(4)),
        }
    )
    query = Query("q", "und_Zzzz", text_digest("a"), np.zeros(4, np.uint32))
    found = Found()
    compare(table, "000000", [query], [found], settings, 10, 0.0)
    assert [(place.row, place.exact, place.similarity) for place in found.places] == [
        (1, True, 1.0),
        (0, False, 1.0),
        (3, False, 0.75),
    ]
