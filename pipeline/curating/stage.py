"""Stage curate: from the records of a split to documents with their measurements and signatures.

Cheap first: status, media type and address are judged before decoding, decoding before extraction. Nothing here decides
about a document; what is skipped or fails is written down with its reason.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from configs.configuration import Configuration
from langid.models import load_model
from pipeline.clustering.keys import content_digest
from pipeline.curating.annotate import annotate, batches
from pipeline.curating.pages import Row, Seen, Skip, page_of
from pipeline.curating.rows import damage_row, skipped_row
from pipeline.extraction.engines import prepare
from pipeline.extraction.engines.precise import forget_pages
from pipeline.reading.sources import Split
from pipeline.reading.warc import Damage, Response, SplitReader
from pipeline.schema import IDENTITIES, KEY, SKIPPED, arrow_schema
from pipeline.selection.reader import SelectedReader
from pipeline.shards import PLACES, Done, Job, commit, sort_by_language, write_table
from pipeline.signatures import signature_type

STAGE = "documents"
# A record with its file.
Located = tuple[str, Response | Damage]


def curate(split: Split, job: Job, poison: frozenset[tuple[str, int]] = frozenset()) -> Row:
    """Write the split's documents, signatures and skipped records; the value is the commit's facts.

    The records at the places `poison` (file and offset) are known to kill a worker: they are written down, and not
    touched.
    """
    configuration = job.configuration
    reader = open_reader(split, job)
    annotated, skipped = measure_items(located(reader), configuration, poison)
    signed = pa.field("signature", signature_type(configuration.settings.deduplication.size))
    schema = pa.schema([*arrow_schema(configuration.curate_columns), KEY, *IDENTITIES, signed])
    table, languages = sort_by_language(pa.Table.from_pylist(annotated, schema=schema))
    signatures = table.select([KEY.name, "language", "dump", *IDENTITIES.names, "signature"])
    write_table(job.folder, f"{STAGE}/{split.name}.parquet", table.drop_columns(["signature", *IDENTITIES.names]))
    random = [KEY.name, *IDENTITIES.names, "signature"]
    write_table(job.folder, f"signatures/{split.name}.parquet", signatures, random)
    write_table(job.folder, f"skipped/{split.name}.parquet", pa.Table.from_pylist(skipped, schema=SKIPPED))
    facts = {
        "records": dict(reader.files),
        "start": split.start,
        "end": split.end,
        "first_offset": reader.first_offset,
        "next_offset": reader.next_offset,
        "responses": reader.responses,
        "damages": reader.damages,
        "documents": table.num_rows,
        "languages": languages,
        "content": content_digest(signatures),
    }
    names = [f"{place}/{split.name}.parquet" for place in PLACES[STAGE]]
    commit(job.folder, Done(STAGE, split.name, job.fingerprints.documents(split), names), facts)
    return facts


def open_reader(split: Split, job: Job) -> SplitReader | SelectedReader:
    """The records of a split: of a range of bytes, or those that were selected."""
    settings = job.configuration.settings
    if split.selected is None:
        return SplitReader(split, settings.extraction.page_bytes)
    return SelectedReader(split, settings.extraction.page_bytes, job.folder, settings.selection.gap_bytes)


def located(reader: SplitReader | SelectedReader) -> Iterator[Located]:
    """Each record with its file: a selected split has records of many."""
    for item in reader:
        yield reader.path, item


def measure_items(
    items: Iterable[Located], configuration: Configuration, poison: frozenset[tuple[str, int]] = frozenset()
) -> tuple[list[Row], list[Row]]:
    """Measured documents, and the records that gave none. Nothing is written."""
    prepare(configuration.settings.extraction.text_engine)
    load_model(configuration.settings.identification.model)
    pages: list[Row] = []
    skipped: list[Row] = []
    seen: Seen = {}
    for path, item in items:
        if isinstance(item, Damage):
            skipped.append(damage_row(item, path))
            continue
        try:
            if (path, item.offset) in poison:
                raise Skip("failed", "killed_worker", "the process that works on it is killed")
            pages.append(page_of(item, path, configuration, seen))
        except Skip as skip:
            skipped.append(skipped_row(item, path, skip))
    annotated = [row for batch in batches(pages) for row in annotate(batch, configuration, skipped)]
    forget_pages()
    return annotated, skipped
