"""The selected records as splits: their places in files of the run's folder, and what they amount to."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.fingerprints import digest
from pipeline.reading.sources import InputFile, Split, split_edges
from pipeline.selection import query
from pipeline.selection.index import index_files, index_of
from pipeline.selection.parameters import SelectionParameters
from pipeline.selection.query import Size, open_index
from pipeline.selection.requests import Place, requests_for
from pipeline.shards import read_table, write_table
from pipeline.storage import Folder

FOLDER = "selection"
FACTS = f"{FOLDER}/selection.json"
PLACES = pa.schema([("file", pa.string()), ("start", pa.int64()), ("length", pa.int64()), ("url", pa.string())])
ROWS_A_BATCH = 50_000


@dataclass(frozen=True)
class Selected:
    """What was selected, of what; `fetched` counts the bytes of the requests, `bytes` those of the records."""

    records: int
    bytes: int
    fetched: int
    requests: int
    files: int
    index_records: int
    index_bytes: int
    split_records: tuple[int, ...]

    @property
    def saved_records(self) -> int:
        """Records of the index that are not read."""
        return self.index_records - self.records

    @property
    def saved_bytes(self) -> int:
        """Bytes of the index's records that are not fetched; below 0 if more lies between records than is left out."""
        return self.index_bytes - self.fetched


def select_splits(parameters: SelectionParameters, split_bytes: int | None, folder: Folder) -> list[Split]:
    """The splits of a selection, whose records are written to the folder, unless the same are there already.

    Raises InputError for an index that cannot be read, and for a selection of nothing.
    """
    files = index_files(parameters.index, parameters.base)
    index = index_of(parameters.index, files)
    key = digest(parameters, asdict(index), split_bytes, _code())
    found = read_selected(folder)
    if found is None or found[0] != key:
        found = key, _select(parameters, files, index, split_bytes, folder)
        folder.write_json(FACTS, {"key": key, **asdict(found[1])})
    _, selected = found
    file = replace(index, version=key)
    return [
        Split(number, file, 0, records, selected=split_name(number))
        for number, records in enumerate(selected.split_records)
    ]


def _code() -> list[str]:
    """The source of what selects and cuts, since a checkout changes more often than its version."""
    return [Path(file).read_text(encoding="utf-8") for file in (__file__, query.__file__)]


def read_selected(folder: Folder) -> tuple[str, Selected] | None:
    """What was selected for a run, with the hash of what it depends on; None where there is no whole selection."""
    data: dict[str, Any] | None = folder.read_json(FACTS)
    if data is None:
        return None
    selected = Selected(**{name: value for name, value in data.items() if name != "key"})
    selected = replace(selected, split_records=tuple(selected.split_records))
    names = {split_name(number) for number in range(len(selected.split_records))}
    return (data["key"], selected) if names <= set(folder.names(FOLDER)) else None


def split_name(number: int) -> str:
    """The file with the records of a split."""
    return f"{FOLDER}/{number:06d}.parquet"


def _select(
    parameters: SelectionParameters, files: list[InputFile], index: InputFile, split_bytes: int | None, folder: Folder
) -> Selected:
    folder.remove(FOLDER)
    with open_index(index.path, files) as opened:
        whole = opened.size
        path = opened.select(parameters)
        chosen, in_files = opened.selected_size
        size = split_edges(chosen.bytes, split_bytes)[1]
        written = [
            _write_split(folder, number, places, parameters.gap_bytes)
            for number, places in enumerate(_pieces(_batches(path, parameters.base), size))
        ]
    return _sum(written, in_files, whole)


def _sum(written: Sequence[tuple[Size, Size]], files: int, whole: Size) -> Selected:
    return Selected(
        records=sum(records.records for records, _ in written),
        bytes=sum(records.bytes for records, _ in written),
        fetched=sum(requests.bytes for _, requests in written),
        requests=sum(requests.records for _, requests in written),
        files=files,
        index_records=whole.records,
        index_bytes=whole.bytes,
        split_records=tuple(records.records for records, _ in written),
    )


def _batches(path: Path, base: str) -> Iterator[list[Place]]:
    """The selected places, in order, with the whole names of their files."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_A_BATCH, use_threads=False):
            yield [Place(join(base, row["file"]), row["start"], row["length"], row["url"]) for row in batch.to_pylist()]


def join(base: str, file: str) -> str:
    """A file's whole name; absolute ones stay.

    >>> join("s3://commoncrawl", "crawl-data/a.warc.gz"), join("crawls/", "/data/a.warc.gz")
    ('s3://commoncrawl/crawl-data/a.warc.gz', '/data/a.warc.gz')
    """
    if "://" in file or file.startswith("/") or not base:
        return file
    return f"{base.removesuffix('/')}/{file}"


def _pieces(batches: Iterator[list[Place]], size: int) -> Iterator[list[Place]]:
    """Places of at least `size` bytes a piece, but for the last one."""
    piece: list[Place] = []
    held = 0
    for place in (place for places in batches for place in places):
        piece.append(place)
        held += place.length
        if held >= size:
            yield piece
            piece, held = [], 0
    if piece:
        yield piece


def _write_split(folder: Folder, number: int, places: list[Place], gap: int) -> tuple[Size, Size]:
    """Write a split's records; the value is their size, and that of the requests for them."""
    rows = [{"file": p.file, "start": p.offset, "length": p.length, "url": p.url} for p in places]
    write_table(folder, split_name(number), pa.Table.from_pylist(rows, schema=PLACES))
    requests = list(requests_for(places, gap))
    return (
        Size(len(places), sum(place.length for place in places)),
        Size(len(requests), sum(request.length for request in requests)),
    )


def read_places(folder: Folder, split: Split) -> list[Place]:
    """The places of a split's records, in the order of files and offsets."""
    assert split.selected is not None
    table = read_table(folder, split.selected).slice(split.start, split.end - split.start)
    return [Place(row["file"], row["start"], row["length"], row["url"]) for row in table.to_pylist()]
