"""`glotmill langid detect` and `eval`, as a user calls them."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from langid.cli import app

TEXT = "Gestern haben wir den alten Schrank in den Keller getragen, weil es geregnet hat."


@pytest.fixture
def run():
    runner = CliRunner()
    return lambda *arguments, **keywords: runner.invoke(app, [str(argument) for argument in arguments], **keywords)


def test_one_line_for_each_line_of_standard_input(run):
    result = run("detect", input=f"{TEXT}\n12 %\n\nМы долго искали дорогу к озеру и вернулись поздно вечером.\n")
    first, *nothing, last = result.stdout.splitlines()
    assert result.exit_code == 0
    assert first.split("\t")[0] == "deu_Latn"
    assert 0.5 < float(first.split("\t")[1]) <= 1
    assert nothing == ["zxx_Zzzz\t", "zxx_Zzzz\t"]
    assert last.startswith("rus_Cyrl\t")


def test_several_labels(run):
    fields = run("detect", "--top", 3, input=TEXT).stdout.rstrip("\n").split("\t")
    assert len(fields) == 6
    assert [float(score) for score in fields[1::2]] == sorted(map(float, fields[1::2]), reverse=True)


def test_text_files_with_broken_bytes(run, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode() + b"\n\xff\xfe\x00\n")
    labels = [line.split("\t")[0] for line in run("detect", path).stdout.splitlines()]
    assert labels == ["deu_Latn", "zxx_Zzzz"]


def test_parquet_rows_with_a_null(run, tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"body": [TEXT, None]}), path)
    labels = [line.split("\t")[0] for line in run("detect", path, "--column", "body").stdout.splitlines()]
    assert labels == ["deu_Latn", "zxx_Zzzz"]


@pytest.mark.parametrize("arguments", [["--model", "nowhere.ftz"], ["nowhere.txt"]])
def test_what_is_missing_is_named(run, arguments):
    result = run("detect", *arguments, input="x")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr


def test_a_missing_column_is_named(run, tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"body": [TEXT]}), path)
    result = run("detect", path)
    assert result.exit_code == 2
    assert "text" in result.stderr


def test_eval_prints_its_tables(run, tmp_path):
    labelled = tmp_path / "rows.tsv"
    labelled.write_text(f"deu_Latn\t{TEXT}\n", encoding="utf-8")
    noise = tmp_path / "noise.tsv"
    noise.write_text("zxx_Zzzz\t<div></div>\n", encoding="utf-8")
    result = run("eval", labelled, "--noise", noise, "--languages")
    assert result.exit_code == 0
    assert "macro-F1" in result.stdout
    assert "noise taken for language" in result.stdout


def test_eval_names_a_wrong_line(run, tmp_path):
    labelled = tmp_path / "rows.tsv"
    labelled.write_text("deu_Latn text\n", encoding="utf-8")
    result = run("eval", labelled)
    assert result.exit_code == 2
    assert "line 1" in result.stderr
