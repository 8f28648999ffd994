"""The command: from the bundled sample of pages to files, and from FineWeb2's folder."""

from importlib.resources import files

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from configs.load import load_configuration, parse_yaml
from filters.calibration.cli import calibrate_command
from pipeline.curating.annotate import annotate
from pipeline.curating.pages import Skip, page_of
from pipeline.errors import GlotmillError, InputError, UsageError
from pipeline.reading.sources import find_inputs, plan_splits
from pipeline.reading.warc import Damage, SplitReader
from pipeline.schema import arrow_schema

app = typer.Typer()
app.command()(calibrate_command)
# The bundled sample has few pages of each language: a broad tail needs few documents.
FEW = "tail: 0.4\nstopword_list: {least: 4}\n"


def run(*arguments, error=None):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if error is not None:
        assert isinstance(result.exception, error), result.output
        return str(result.exception)
    assert result.exception is None, result.output
    return result.output


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """documents/ of a run over the bundled sample."""
    folder = tmp_path_factory.mktemp("run")
    configuration = load_configuration("default")
    split = plan_splits(find_inputs([str(files("pipeline") / "sample" / "sample.warc.gz")]), None)
    rows = []
    for part in split:
        for item in SplitReader(part, 10**7):
            if isinstance(item, Damage):
                continue
            try:
                rows.append(page_of(item, "sample.warc.gz", configuration))
            except Skip:
                continue
    table = pa.Table.from_pylist(list(annotate(rows, configuration, [])), arrow_schema(configuration.curate_columns))
    (folder / "documents").mkdir()
    pq.write_table(table, folder / "documents" / "000000.parquet")
    (folder / "run.json").write_text("{}")
    (folder / "few.yaml").write_text(FEW)
    return folder


def test_a_run_becomes_files_and_a_report(pages, tmp_path):
    output = run(pages, "-o", tmp_path / "a", "--methods", pages / "few.yaml")
    written = sorted(path.name for path in (tmp_path / "a").glob("*.yaml"))
    assert "eng_Latn.yaml" in written
    assert "report.html" in output
    assert "eng_Latn" in (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    for name in written:
        text = (tmp_path / "a" / name).read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert parse_yaml(text, name)


def test_a_second_run_writes_the_same_bytes(pages, tmp_path):
    for name in "ab":
        run(pages, "-o", tmp_path / name, "--methods", pages / "few.yaml")
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "ab")
    assert first == second


def test_measurements_are_read_not_made_again(pages, tmp_path):
    """Without its measurements a sample gives the same values: they are made as the run made them."""
    table = pq.read_table(pages / "documents" / "000000.parquet")
    bare = tmp_path / "bare.parquet"
    pq.write_table(table.select(["text", "language"]), bare)
    for place, name in ((pages, "a"), (bare, "b")):
        run(place, "-o", tmp_path / name, "--methods", pages / "few.yaml", "--language", "eng_Latn")
    first, second = ((tmp_path / name / "eng_Latn.yaml").read_text(encoding="utf-8") for name in "ab")
    assert first == second
    lied = table.set_column(
        table.column_names.index("gopher_alphabetic_word_ratio"),
        "gopher_alphabetic_word_ratio",
        pa.array([0.123] * table.num_rows),
    )
    pq.write_table(lied, tmp_path / "lied.parquet")
    run(tmp_path / "lied.parquet", "-o", tmp_path / "c", "--methods", pages / "few.yaml")
    tree = parse_yaml((tmp_path / "c" / "eng_Latn.yaml").read_text(encoding="utf-8"), "c")
    assert tree["rules"]["gopher_alphabetic_word_ratio"]["min"] == 0.123


def test_relatives_of_a_language_without_pages(pages, tmp_path):
    run(pages, "-o", tmp_path, "--methods", pages / "few.yaml", "--language", "enm_Latn")
    assert [path.name for path in tmp_path.glob("*.yaml")] == ["enm_Latn.yaml"]
    text = (tmp_path / "enm_Latn.yaml").read_text(encoding="utf-8")
    assert "No documents: values come from related languages" in text
    assert "median of the genus West Germanic: " in text


def test_text_files_need_an_english_sample_for_some_methods(pages, tmp_path):
    text = tmp_path / "deu_Latn.txt"
    sentence = "Das ist ein Satz, und er ist nicht lang.\n"
    text.write_text("\n".join(f"{number}. {sentence * (number % 5 + 3)}" for number in range(60)), encoding="utf-8")
    assert "--english" in run(text, "-o", tmp_path, error=InputError)
    run(text, "-o", tmp_path / "c", "--english", pages, "--methods", pages / "few.yaml")
    tree = parse_yaml((tmp_path / "c" / "deu_Latn.yaml").read_text(encoding="utf-8"), "c")
    assert {"das", "ist", "ein", "nicht"} <= set(tree["filters"]["gopher_quality"]["stopwords"])


def test_a_fineweb2_folder(tmp_path):
    folder = tmp_path / "configs"
    folder.mkdir()
    (folder / "swe_Latn.yml").write_text("dup_line_frac: 0.21\nline_punct_thr: -1\nnovel: 1\n", encoding="utf-8")
    output = run("--from-fineweb2", folder, "-o", tmp_path / "out")
    assert "1 files, 1 written, 1 repairs" in output
    assert "no counterpart: novel" in output
    text = (tmp_path / "out" / "swe_Latn.yaml").read_text(encoding="utf-8")
    assert "line_punct_thr: -1 means off" in " ".join(text.replace("#", " ").split())
    assert parse_yaml(text, "swe")["rules"] == {
        "gopher_duplicate_line_ratio": {"max": 0.21},
        "fineweb_terminal_punctuation_ratio": {"enabled": False},
    }
    assert "novel: no counterpart" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_wrong_usage(tmp_path):
    assert "name samples" in run(error=UsageError)
    assert "name samples" in run("a", "--from-fineweb2", tmp_path, error=UsageError)
    assert "deu_Latn" in run("a", "--language", "german", error=GlotmillError)
    assert "nothing" in run(tmp_path / "nothing", error=InputError)
