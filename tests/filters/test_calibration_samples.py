"""Samples: what is read, what is chosen, and what is wrong with them."""

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters.calibration.samples import read_samples
from pipeline.errors import InputError

WANTED = ("gopher_word_count", "gopher_hash_ratio")


def write(path, **columns):
    pq.write_table(pa.table(columns), path)
    return str(path)


def test_labels_are_brought_to_normal_form_and_no_language_is_left_out(tmp_path):
    labels = ["deu_Latn", "de", "zxx_Zzzz", "und_Latn", None]
    path = write(tmp_path / "a.parquet", text=["eins", "zwei", "-", "?", "!"], language=labels)
    found = read_samples([path], WANTED, 10)
    assert list(found) == ["deu_Latn"]
    assert sorted(found["deu_Latn"].texts) == ["eins", "zwei"]
    assert found["deu_Latn"].columns == {}


def test_a_script_column_completes_the_label(tmp_path):
    path = write(tmp_path / "a.parquet", text=["a", "б"], language=["srp", "srp"], language_script=["Latn", "Cyrl"])
    assert list(read_samples([path], WANTED, 10)) == ["srp_Cyrl", "srp_Latn"]


def test_the_choice_does_not_depend_on_order_or_copies(tmp_path):
    texts = [f"text {number}" for number in range(50)]
    one = write(tmp_path / "1.parquet", text=texts, language=["eng_Latn"] * 50)
    two = write(tmp_path / "2.parquet", text=texts[::-1] + texts[:30], language=["eng_Latn"] * 80)
    first, second = (read_samples([path], (), 10)["eng_Latn"] for path in (one, two))
    assert first.texts == second.texts
    assert len(first) == 10
    assert len(set(first.texts)) == 10
    assert (first.seen, second.seen) == (50, 80)


def test_measurements_are_read_where_every_file_has_them(tmp_path):
    full = write(
        tmp_path / "1.parquet", text=["a", "b"], language=["eng_Latn"] * 2, gopher_word_count=[7, None],
        gopher_hash_ratio=[0.5, 0.25],
    )  # fmt: skip
    less = write(tmp_path / "2.parquet", text=["c"], language=["eng_Latn"], gopher_word_count=[9])
    sample = read_samples([full, less], WANTED, 10)["eng_Latn"]
    assert set(sample.columns) == {"gopher_word_count"}
    by_text = dict(zip(sample.texts, sample.columns["gopher_word_count"].tolist(), strict=True))
    assert (by_text["a"], by_text["c"]) == (7, 9)
    assert math.isnan(by_text["b"])


def test_text_files_have_a_document_between_blank_lines(tmp_path):
    path = tmp_path / "tha_Thai.txt"
    path.write_text("ก\nข\n\n\n \nค\n", encoding="utf-8")
    assert sorted(read_samples([str(path)], WANTED, 10)["tha_Thai"].texts) == ["ก\nข", "ค"]
    other = tmp_path / "wiki.txt"
    other.write_text("eins", encoding="utf-8")
    assert list(read_samples([str(other)], WANTED, 10, ["deu_Latn"])) == ["deu_Latn"]


def test_a_run_is_read_from_its_documents(tmp_path):
    (tmp_path / "documents").mkdir()
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match="no documents/ yet"):
        read_samples([str(tmp_path)], WANTED, 10)
    write(tmp_path / "documents" / "0.parquet", text=["ja"], language=["deu_Latn"])
    write(tmp_path / "other.parquet", text=["no"], language=["eng_Latn"])
    assert list(read_samples([str(tmp_path)], WANTED, 10)) == ["deu_Latn"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": ["a"]}, r'a.parquet: there is no column "language" \(it has text\)'),
        ({"language": ["deu_Latn"]}, r'a.parquet: there is no column "text"'),
        ({"text": ["a"], "language": ["klingonish"]}, r'a.parquet: column "language": .*klingonish'),
        (
            {"text": ["a"], "language": ["deu_Latn"], "gopher_hash_ratio": [math.nan]},
            r'a.parquet: column "gopher_hash_ratio" holds nan.*write null',
        ),
        (
            {"text": ["a"], "language": ["deu_Latn"], "gopher_hash_ratio": [math.inf]},
            r'column "gopher_hash_ratio" holds inf',
        ),
        (
            {"text": ["a"], "language": ["deu_Latn"], "gopher_hash_ratio": ["much"]},
            r'column "gopher_hash_ratio" holds string, not numbers',
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, columns, message):
    with pytest.raises(InputError, match=message):
        read_samples([write(tmp_path / "a.parquet", **columns)], WANTED, 10)


def test_places_that_are_no_samples(tmp_path):
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "a.parquet").write_text("x")
    (tmp_path / "deu_Latn.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("missing", "no such file or folder"),
        ("a.csv", "a sample is a Parquet file"),
        ("a.parquet", "cannot be read as Parquet"),
        ("deu_Latn.txt", "not UTF-8"),
        ("notes.txt", "in which language"),
        ("empty", "neither a run"),
    ):
        with pytest.raises(InputError, match=message):
            read_samples([str(tmp_path / name)], WANTED, 10)
