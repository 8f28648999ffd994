"""The command line as a user meets it: output, messages, exit statuses."""

import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.cli import main

SAMPLE = Path(__file__).parents[2] / "pipeline" / "sample" / "sample.warc.gz"
PAGE = "<html lang=en><title>A page</title><body><article>" + "".join(
    f"<p>The {word} of the town is old, and the people who live there have told stories of it with pride.</p>"
    for word in ("mill", "bridge", "market", "school", "harbour", "library", "theatre", "station", "garden", "tower")
)


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


@pytest.fixture
def warc(make_warc) -> bytes:
    return make_warc([(f"https://town{n}.example/", (PAGE + f"<p>Number {n}.</p>").encode()) for n in range(4)])


def test_a_run_ends_with_a_table_and_the_report_s_path(glotmill, tmp_path):
    status, out, _ = glotmill("run", "demo", "--runner", "inline", "-o", tmp_path / "out")
    assert status == 0
    assert "deu_Latn" in out
    assert "characters kept" in out
    assert out.rstrip().endswith(f"{tmp_path}/out/report.html")
    status, _, err = glotmill("run", "demo", "--runner", "inline", "-o", tmp_path / "out")
    assert status == 0
    assert "nothing to do" in err
    status, out, err = glotmill(
        "decide", tmp_path / "out", "--runner", "inline", "--set", "rules.gopher_word_count.min=500"
    )
    assert status == 0
    assert "rules.gopher_word_count.min: 50 → 500" in err
    assert "done: decide, assemble" in err
    assert "gopher_word_count" in out
    status, _, err = glotmill("run", "demo", "--runner", "inline", "-o", tmp_path / "out")
    assert (status, "done: decide, assemble" in err) == (0, True), "the run's own configuration is back"


def test_decide_refuses_what_is_more_than_rules(glotmill, tmp_path, warc):
    (tmp_path / "a.warc.gz").write_bytes(warc)
    glotmill("run", "default", "--runner", "inline", "-i", tmp_path / "a.warc.gz", "-o", tmp_path / "out")
    status, _, err = glotmill("decide", tmp_path / "out", "--set", "extraction.engine=resiliparse")
    assert status == 2
    assert "extraction.engine: cascade → resiliparse" in err
    status, _, err = glotmill("decide", tmp_path / "nowhere")
    assert (status, "no run.json here" in err) == (2, True)


def damaged(kind: str, warc: bytes) -> bytes:
    middle = warc.find(b"\x1f\x8b\x08", len(warc) // 2)
    if kind == "cut":
        return warc[:-150]
    if kind == "corrupt":
        return warc[: middle + 15] + bytes(40) + warc[middle + 55 :]
    if kind == "empty":
        return b""
    return {"text": b"not a WARC at all\n" * 20, "gzipped text": gzip.compress(b"nor this\n" * 30)}[kind]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("empty", "offset 0 (0 bytes): empty file"),
        ("text", "offset 0 (360 bytes): not a warc"),
        ("gzipped text", "not a warc"),
        ("cut", "cut record"),
        ("corrupt", "corrupt record"),
    ],
)
def test_damaged_input_is_named_and_the_rest_is_kept(glotmill, tmp_path, warc, kind, message):
    (tmp_path / "good.warc.gz").write_bytes(warc)
    (tmp_path / "bad.warc.gz").write_bytes(damaged(kind, warc.replace(b"town", b"toun")))
    arguments = ["run", "--runner", "inline", "-i", tmp_path / "*.warc.gz", "-o", tmp_path / "out"]
    status, _, err = glotmill(*arguments)
    assert status == 1
    assert "bad.warc.gz" in err
    assert message in err
    assert "Traceback" not in err
    rows = (
        pq.read_table(tmp_path / "out" / "skipped").to_pylist()
        + pq.read_table(tmp_path / "out" / "decisions", columns=["file_path"]).to_pylist()
    )
    assert sum(row["file_path"].endswith("good.warc.gz") for row in rows) == 4
    status, _, _ = glotmill(*arguments, "--set", "reading.allow_damage=true")
    assert status == 0


@pytest.mark.parametrize("kind", ["empty", "text"])
def test_nothing_but_damage_fails(glotmill, tmp_path, warc, kind):
    (tmp_path / "bad.warc").write_bytes(damaged(kind, warc))
    status, _, err = glotmill("run", "--runner", "inline", "-i", tmp_path / "bad.warc", "-o", tmp_path / "out")
    assert (status, "no response record in any input" in err, "bad.warc, offset 0" in err) == (1, True, True)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["run", "-i", "nowhere/x.warc.gz"], 1, "nowhere/x.warc.gz: no such file"),
        (["run", "default"], 2, "no input: name WARC files with -i"),
        (["run", "fineweb"], 2, 'the nearest known key is "fineweb2"'),
        (["run", "demo", "--runner", "spark"], 2, "neither ray nor inline"),
        (["run", "demo", "--set", "nonsense"], 2, "not of the form KEY=VALUE"),
        (["run", "demo", "--set", "extraction.cpu_secnds=3"], 2, 'the nearest known key is "cpu_seconds"'),
        (["run", "demo", "--set", "extraction.cpu_seconds=fast"], 2, "valid number"),
        (["run", "demo", "--set", "identification.model=/no/model.bin"], 2, "/no/model.bin"),
        (["config", "show", "--language", "xxx_Latn"], 2, "xxx"),
    ],
)
def test_wrong_usage_is_explained(glotmill, tmp_path, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    found, _, err = glotmill(*arguments)
    assert (found, message in err) == (status, True), err
    assert "Traceback" not in err
    assert not (tmp_path / "runs").exists(), "nothing is written"


def test_config_show_names_the_layer_of_each_value(glotmill, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "extends: fineweb2\nrules: {gopher_word_count: {min: 40}}\n"
        "overrides: {languages: {tha_Thai: {rules: {language_score: {min: 0.8}}}}}\n"
    )
    status, out, _ = glotmill("config", "show", tmp_path / "mine.yaml", "--language", "tha_Thai", "--set", "dump=x")
    lines = {line.split(" ")[0]: line for line in out.splitlines()}
    assert status == 0
    assert lines["dump"].endswith("# --set dump=x")
    assert lines["rules.gopher_word_count.min"].split("= ")[1] == f"40  # {tmp_path}/mine.yaml"
    assert "0.8" in lines["rules.language_score.min"]
    assert "overrides.languages.tha_Thai" in lines["rules.language_score.min"]
    assert lines["extraction.skip_blocked"].endswith("presets/fineweb2.yaml")
    assert lines["rules.gopher_word_count.max"].endswith("# default")
    assert lines["filters.gopher_quality.stopwords"].endswith("# languages/tha_Thai.yaml")


def test_help_teaches(glotmill):
    status, out, _ = glotmill("run", "--help")
    assert status == 0
    assert "glotmill run demo" in out
    assert "--set" in out


@pytest.mark.ray
def test_a_run_that_was_killed_continues(tmp_path):
    """kill -9 in the middle of curate; the next run continues and writes what an undisturbed run writes."""
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "run",
        "demo",
        "--runner",
        "inline",
        "--set",
        "reading.split_megabytes=0.02",
    ]
    output = tmp_path / "killed"
    with subprocess.Popen(
        [*command, "-o", str(output)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 120
        while len(list(output.glob("commits/documents/*.json"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert not (output / "ledger.parquet").exists()
    left = subprocess.run([*command, "-o", str(output)], capture_output=True, text=True, check=True)
    assert "shards are done already" in left.stderr
    # With another order of sets and dictionaries' hashes than the processes before.
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    subprocess.run([*command, "-o", str(tmp_path / "whole")], capture_output=True, check=True, env=environment)
    for path in sorted((tmp_path / "whole" / "dataset").rglob("*.parquet")):
        assert path.read_bytes() == (output / path.relative_to(tmp_path / "whole")).read_bytes()


def test_a_foreign_langid_is_refused(tmp_path):
    """The PyPI package `langid` would shadow ours."""
    (tmp_path / "langid").mkdir()
    (tmp_path / "langid" / "__init__.py").touch()
    shutil.copy(SAMPLE, tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "config", "presets"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "hides glotmill's own" in done.stderr
