"""Language, measurements and signature of pages: nothing here decides about a document."""

from collections.abc import Iterator, Sequence

from configs.configuration import Configuration
from dedup.minhash import document_signature
from filters.load import FilterError, measured
from filters.text import Text
from langid.documents import Segments, label_group, segment_langs
from langid.identify import Identification, identify
from langid.models import load_model
from pipeline.curating.pages import Row
from pipeline.curating.rows import page_row
from pipeline.extraction.cascade import is_wanted
from pipeline.signatures import signature_bytes

BATCH = 256


def annotate(pages: Sequence[Row], configuration: Configuration, skipped: list[Row]) -> Iterator[Row]:
    """Pages with their language, every filter's measurements, and the signature.

    A page for which a filter fails, or whose language is not wanted, is added to `skipped`.
    """
    identification = configuration.settings.identification
    model = load_model(identification.model)
    found = identify([page["text"] for page in pages], model, identification.top)
    deduplication = configuration.settings.deduplication
    for page, language in zip(pages, found, strict=True):
        if not is_wanted(language.language, configuration.settings.extraction.languages):
            skipped.append(page_row(page, "skipped", "unwanted_language", language.language))
            continue
        settings = configuration.for_language(language.language)
        segments = segment_langs(page["text"], model)
        text = Text(page["text"], language.language, page["url"], segments.share_of(language.language))
        row = page | language_columns(language, segments, identification.group_score)
        try:
            for name, module in configuration.filters.items():
                row |= measured(name, module, text, settings.filters[name])
        except FilterError as exc:
            skipped.append(page_row(page, "failed", "filter_failed", str(exc)))
            continue
        signature = document_signature(page["text"], text.words, language.language_script, deduplication)
        row["signature"] = signature_bytes(signature)
        yield row


def language_columns(language: Identification, segments: Segments, group_score: float) -> Row:
    """The columns that say which language a document is in, and which its lines are in."""
    return {
        "language": language.language,
        "language_script": language.language_script,
        "language_score": language.language_score,
        "top_langs": [{"language": label, "score": score} for label, score in language.top_langs],
        "language_group": label_group(language.top_langs, group_score),
        "segment_langs": [{"language": label, "share": share} for label, share in segments.shares.items()],
        "code_share": segments.code_share,
        "script_share": language.script_share,
    }


def batches(pages: list[Row]) -> Iterator[list[Row]]:
    """Pages in groups that are identified together."""
    for start in range(0, len(pages), BATCH):
        yield pages[start : start + BATCH]
