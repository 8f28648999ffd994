"""Measurements that a sample lacks, made as a run makes them; what it has is never made again."""

from collections.abc import Collection

import numpy as np

from configs.configuration import Configuration
from configs.model import Identification
from filters.calibration.methods import Floats
from filters.calibration.samples import LanguageSample
from filters.text import Text
from langid.documents import segment_langs
from langid.identify import identify
from langid.models import load_model
from pipeline.errors import InputError

IDENTIFIED = ("language_score", "script_share")
DOC_SCORE = "doc_score"
_BATCH = 500


def complete(sample: LanguageSample, wanted: Collection[str], configuration: Configuration) -> None:
    """Add the wanted columns that the sample does not have. Raises InputError for a language without words.

    `language_score` is the identifier's score where it gives the text this label, and null elsewhere.
    """
    missing = [name for name in wanted if name not in sample.columns]
    if any(name in missing for name in IDENTIFIED):
        _identify(sample, missing, configuration.settings.identification)
    _measure(sample, missing, configuration)
    if "gopher_word_count" in wanted and not np.nansum(sample.columns["gopher_word_count"]):
        raise InputError(
            f"{sample.language}: none of its {len(sample)} documents has a word; is the column of texts the right one?"
        )


def _identify(sample: LanguageSample, missing: Collection[str], settings: Identification) -> None:
    model = load_model(settings.model)
    scores, shares = [], []
    for start in range(0, len(sample), _BATCH):
        for found in identify(sample.texts[start : start + _BATCH], model, settings.top):
            same = found.language == sample.language
            scores.append(found.language_score if same else None)
            shares.append(found.script_share if same else None)
    for name, values in zip(IDENTIFIED, (scores, shares), strict=True):
        if name in missing:
            sample.columns[name] = _floats(values)


def _measure(sample: LanguageSample, missing: Collection[str], configuration: Configuration) -> None:
    settings = configuration.for_language(sample.language).filters
    modules = {
        name: module
        for name, module in configuration.filters.items()
        if any(column.name in missing for column in module.COLUMNS)
    }
    if not modules:
        return
    # The share of the text that is in its language is known in a run, and costs a look at each line.
    model = load_model(configuration.settings.identification.model) if DOC_SCORE in missing else None
    rows: dict[str, list[object]] = {name: [] for name in missing}
    for text in sample.texts:
        share = segment_langs(text, model).share_of(sample.language) if model else None
        view = Text(text, sample.language, language_share=share)
        for name, module in modules.items():
            for column, value in module.measure(view, settings[name]).items():
                if column in rows:
                    rows[column].append(value)
    for name, values in rows.items():
        if values:
            sample.columns[name] = _floats(values)


def _floats(values: Collection[object]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)
