"""Stage curate: from the records of a split to documents with their measurements and signatures.

Cheap first: status, media type and address are judged before decoding, decoding before extraction. Nothing here decides
about a document; what is skipped or fails is written down with its reason.
"""

import pyarrow as pa

from configs.configuration import Configuration
from pipeline.clustering.keys import content_digest
from pipeline.curating.annotate import annotate, batches
from pipeline.curating.pages import Row, Skip, page_of
from pipeline.curating.rows import damage_row, skipped_row
from pipeline.extraction.extract import forget_pages
from pipeline.reading.sources import Split
from pipeline.reading.warc import Damage, SplitReader
from pipeline.schema import IDENTITIES, KEY, SKIPPED, arrow_schema
from pipeline.shards import PLACES, Done, Job, commit, sort_by_language, write_table
from pipeline.signatures import signature_type

STAGE = "documents"


def curate(split: Split, job: Job) -> Row:
    """Write the split's documents, signatures and skipped records; the value is the commit's facts."""
    configuration = job.configuration
    reader = SplitReader(split, configuration.settings.extraction.page_bytes)
    pages, skipped = _read_pages(reader, configuration)
    annotated = [row for batch in batches(pages) for row in annotate(batch, configuration, skipped)]
    forget_pages()
    signed = pa.field("signature", signature_type(configuration.settings.deduplication.size))
    schema = pa.schema([*arrow_schema(configuration.curate_columns), KEY, *IDENTITIES, signed])
    table, languages = sort_by_language(pa.Table.from_pylist(annotated, schema=schema))
    signatures = table.select([KEY.name, "language", "dump", *IDENTITIES.names, "signature"])
    write_table(job.folder, f"{STAGE}/{split.name}.parquet", table.drop_columns(["signature", *IDENTITIES.names]))
    random = [KEY.name, *IDENTITIES.names, "signature"]
    write_table(job.folder, f"signatures/{split.name}.parquet", signatures, random)
    write_table(job.folder, f"skipped/{split.name}.parquet", pa.Table.from_pylist(skipped, schema=SKIPPED))
    facts = {
        "file": split.file.path,
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


def _read_pages(reader: SplitReader, configuration: Configuration) -> tuple[list[Row], list[Row]]:
    """Extracted pages, and the records that gave none."""
    pages: list[Row] = []
    skipped: list[Row] = []
    path = reader.split.file.path
    for item in reader:
        if isinstance(item, Damage):
            skipped.append(damage_row(item, path))
            continue
        try:
            pages.append(page_of(item, path, configuration))
        except Skip as skip:
            skipped.append(skipped_row(item, path, skip))
    return pages, skipped
