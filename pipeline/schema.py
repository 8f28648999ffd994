"""Every column of the product, declared once: type, unit, meaning and the stage that adds it.

Filters declare theirs in their own files; `configuration.columns` is both together. The documentation and the dataset
card are generated from these declarations.
"""

from collections.abc import Iterable

import pyarrow as pa

from filters.base import Column
from pipeline.classifying.parameters import CLASS_COLUMNS
from pipeline.rights.parameters import RIGHTS_COLUMNS, ROBOTS_COLUMN

SHARED_LABELS = pa.list_(pa.struct([("language", pa.string()), ("share", pa.float32())]))
ADDRESSES = pa.list_(pa.struct([("language", pa.string()), ("url", pa.string())]))
SCORED_LABELS = pa.list_(pa.struct([("language", pa.string()), ("score", pa.float32())]))

CURATE_COLUMNS = (
    Column(
        "id",
        pa.string(),
        "",
        "WARC-Record-ID of the response; where it is missing, a hash of file, offset and address",
        "curate",
    ),
    Column("text", pa.string(), "", "main text of the page, paragraphs separated by line breaks", "curate"),
    Column("text_characters", pa.int64(), "characters", "length of the text", "curate"),
    Column("extracted_characters", pa.int64(), "characters", "length of the text before repair", "curate"),
    Column("repairs", pa.list_(pa.string()), "", "what repair changed in the text, in order", "curate"),
    Column("url", pa.string(), "", "address of the page", "curate"),
    Column("date", pa.string(), "UTC, ISO 8601", "time of the crawl", "curate"),
    Column("dump", pa.string(), "", "name of the crawl, such as CC-MAIN-2026-30; null when unknown", "curate"),
    Column("file_path", pa.string(), "", "WARC file that holds the record", "curate"),
    Column("offset", pa.int64(), "bytes", "where the record starts in its file", "curate"),
    Column("length", pa.int64(), "bytes", "length of the record in its file, compressed if the file is", "curate"),
    Column(
        "digest",
        pa.string(),
        "",
        "WARC-Payload-Digest, or the SHA-1 of the payload in the same form",
        "curate",
    ),
    Column("charset", pa.string(), "", "character encoding that the page was decoded with", "curate"),
    Column(
        "charset_source",
        pa.string(),
        "",
        "what named it: bom, header, meta, valid-utf8 or detector; conversion: text as it was",
        "curate",
    ),
    Column(
        "extraction_engine", pa.string(), "", "what found the main text, the fallback where it was needed", "curate"
    ),
    Column("markdown", pa.string(), "", "the main text as Markdown; null unless extraction.markdown is set", "curate"),
    Column("html_lang", pa.string(), "", "language that the page declares in <html lang>", "curate"),
    Column("title", pa.string(), "", "title of the page", "curate"),
    Column("author", pa.string(), "", "author that the page declares", "curate"),
    Column("published", pa.date32(), "", "day of publication that the page declares", "curate"),
    Column("site_name", pa.string(), "", "name of the site that the page declares", "curate"),
    Column("canonical_url", pa.string(), "", "address that the page declares as its own", "curate"),
    Column("hreflang", ADDRESSES, "", "versions in other languages that the page links to", "curate"),
    ROBOTS_COLUMN,
    Column("licence", pa.string(), "", "licence that the page states for itself, such as cc-by-sa-4.0", "curate"),
    Column("url_depth", pa.int64(), "segments", "parts of the address's path; null: no address", "curate"),
    Column("language", pa.string(), "", "identified language, ISO 639-3 and ISO 15924 such as deu_Latn", "curate"),
    Column("language_script", pa.string(), "", "script of the label, ISO 15924", "curate"),
    Column("language_score", pa.float64(), "probability", "the model's probability of the label", "curate"),
    Column("top_langs", SCORED_LABELS, "", "the most probable labels with their probabilities", "curate"),
    Column("language_group", pa.string(), "", "confusable group that is sure where no single label is", "curate"),
    Column("segment_langs", SHARED_LABELS, "ratio 0-1", "languages of the longer lines, by share of letters", "curate"),
    Column("code_share", pa.float64(), "ratio 0-1", "letters in longer lines that are no language", "curate"),
    Column(
        "script_share",
        pa.float64(),
        "ratio 0-1",
        "share of the letters that are in the label's script",
        "curate",
    ),
)
CLUSTER_COLUMNS = (
    Column(
        "minhash_cluster_id",
        pa.string(),
        "",
        "smallest id among the near-duplicates; that of the released cluster where one is continued",
        "cluster",
    ),
    Column(
        "minhash_cluster_size",
        pa.int64(),
        "documents",
        "near-duplicates, itself included, with those of earlier releases",
        "cluster",
    ),
    Column(
        "minhash_similarity",
        pa.float32(),
        "ratio 0-1",
        "Jaccard similarity to the copy that was kept, or else to the best one, estimated; null where it is alone",
        "cluster",
    ),
)
LINE_COLUMNS = (
    Column(
        "repeated_lines_site",
        pa.float64(),
        "ratio 0-1",
        "characters in lines that other documents of the site have too; null: no site",
        "lines",
    ),
    Column(
        "repeated_lines_language",
        pa.float64(),
        "ratio 0-1",
        "characters in lines that many documents of the language have",
        "lines",
    ),
    Column(
        "repeated_line_numbers",
        pa.list_(pa.int32()),
        "lines",
        "places of the repeated lines in the text, from 0",
        "lines",
    ),
)
# Of stages that annotate documents row by row, by their folders.
ANNOTATIONS = {"lines": LINE_COLUMNS, "rights": RIGHTS_COLUMNS, "classes": CLASS_COLUMNS}
DECIDE_COLUMNS = (
    Column("keep", pa.bool_(), "", "whether the document is in the dataset", "decide"),
    Column(
        "reject_reasons",
        pa.list_(pa.string()),
        "",
        "all rules that it fails, in order, and `duplicate`",
        "decide",
    ),
    Column("duplicate_of", pa.string(), "", "id of the copy that was kept instead", "decide"),
    Column(
        "duplicate_kind",
        pa.string(),
        "",
        "what it shares with that copy: payload, text, url, or near (only similar)",
        "decide",
    ),
    Column(
        "upsample_weight",
        pa.int64(),
        "times",
        "how often a kept document is to be seen in training, by the size of its cluster; null without `upsampling`",
        "decide",
    ),
)

# Joins rows of one run across stages: a hash of id, file and offset, so that it survives re-sharding and repeated ids.
KEY = pa.field("key", pa.binary(16))

# By what documents are the same whatever their signatures say; beside the signatures, in no file of the dataset.
IDENTITIES = pa.schema(
    [("payload_identity", pa.binary(16)), ("text_digest", pa.binary(16)), ("url_identity", pa.binary(16))]
)

SKIPPED = pa.schema(
    [
        ("id", pa.string()),
        ("url", pa.string()),
        ("date", pa.string()),
        ("file_path", pa.string()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("response", pa.bool_()),
        ("detail", pa.string()),
        ("http_status", pa.int32()),
        ("content_type", pa.string()),
    ]
)

LEDGER = pa.schema(
    [
        ("file", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("language", pa.string()),
        ("records", pa.int64()),
        ("characters", pa.int64()),
    ]
)


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """The columns as an Arrow schema, in order."""
    return pa.schema([pa.field(column.name, column.type) for column in columns])
