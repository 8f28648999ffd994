"""The counts of statements for the dataset card."""

import pyarrow as pa

from pipeline.rights.count import StatementCount, count_rights
from pipeline.shards import write_table
from pipeline.storage import Folder

SCHEMA = pa.schema(
    [("robots", pa.list_(pa.string())), ("robots_txt", pa.list_(pa.string())), ("opted_out", pa.string())]
)


def test_statements_are_counted_kept_and_rejected(tmp_path):
    folder = Folder(str(tmp_path))
    rows = [
        {"robots": ["meta:noindex"], "robots_txt": [], "opted_out": None},
        {"robots": None, "robots_txt": ["robots.txt:search=yes"], "opted_out": None},
    ]
    write_table(folder, "dataset/deu_Latn/train-00000-of-00001.parquet", pa.Table.from_pylist(rows * 2, schema=SCHEMA))
    write_table(folder, "dataset/eng_Latn/train-00000-of-00001.parquet", pa.Table.from_pylist(rows, schema=SCHEMA))
    out = [{"robots": ["meta:noai", "meta:noindex"], "robots_txt": None, "opted_out": "a.example"}] * 4
    write_table(folder, "dataset/rejected/deu_Latn/train-0.parquet", pa.Table.from_pylist(out, schema=SCHEMA))
    assert count_rights(folder) == [
        StatementCount("robots", "meta:noai", 0, 4),
        StatementCount("robots", "meta:noindex", 3, 4),
        StatementCount("robots_txt", "robots.txt:search=yes", 3, 0),
        StatementCount("opted_out", "an entry of the list", 0, 4),
    ]


def test_a_run_without_the_stage_has_its_pages_statements(tmp_path):
    folder = Folder(str(tmp_path))
    table = pa.table({"robots": pa.array([["meta:noai"], None], SCHEMA.field("robots").type)})
    write_table(folder, "dataset/deu_Latn/train-0.parquet", table)
    assert count_rights(folder) == [StatementCount("robots", "meta:noai", 1, 0)]
    assert count_rights(Folder(str(tmp_path / "nothing"))) == []
