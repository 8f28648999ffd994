"""What calibration works with, and what it finds: values of a language, each with where it comes from."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from configs.configuration import Configuration
from configs.layers import merge
from filters.base import Column, Rule
from filters.calibration import factors
from filters.calibration.measure import DOC_SCORE, IDENTIFIED
from filters.calibration.methods import FIXED, METHODS, Method, least_documents
from filters.calibration.samples import LanguageSample
from filters.calibration.settings import CalibrationSettings
from filters.calibration.stopwords import read_words
from pipeline.deciding.rules import fails
from pipeline.errors import ConfigurationError

ENGLISH = "eng_Latn"
STOPWORDS = ("filters", "gopher_quality", "stopwords")
STOPWORD_COLUMN = "gopher_stopword_count"
SCORER = "web_docs_scorer"
TOO_SMALL = "too few documents"

Path = tuple[str, ...]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Value:
    """One value for a language, with what a reader of the file has to know of it."""

    value: Any
    method: str
    source: str
    """Where it comes from: documents, or other languages."""

    interval: tuple[float, float] | None = None
    """95 % interval."""

    span: float | None = None
    """Share of the documents that the rule drops at one end of the interval and not at the other."""

    notes: tuple[str, ...] = ()


@dataclass
class Calibrated:
    """What calibration found for a language; `documents` is 0 where all values come from other languages."""

    language: str
    documents: int
    values: dict[Path, Value] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Calibration:
    """What every language needs: the configuration, the settings, and the reference languages."""

    configuration: Configuration
    settings: CalibrationSettings
    references: Mapping[str, LanguageSample] = field(default_factory=dict)

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Every rule of the configuration that can judge numbers, off or on, as it is for English."""
        return rules_of(self.configuration, ENGLISH)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Every column known before documents are compared, by name."""
        return {column.name: column for column in self.configuration.curate_columns}

    @cached_property
    def moved(self) -> dict[str, Method]:
        """The rules that are not fixed, with their methods. Raises ConfigurationError for a column of a later stage."""
        found = {}
        for name, method in self.settings.methods.items():
            if method == FIXED:
                continue
            if self.rules[name].column not in self.columns:
                raise ConfigurationError(
                    f'rule "{name}": the column "{self.rules[name].column}" is not measured on single documents; '
                    f"--method {name}={FIXED} leaves its bounds alone"
                )
            found[name] = METHODS[method]
        return found

    @cached_property
    def wanted(self) -> tuple[str, ...]:
        """Columns that calibration or its report reads, in order."""
        names = {rule.column for rule in self.rules.values() if rule.column in self.columns}
        names |= {DOC_SCORE} if self.scores else set()
        # Addresses are no property of a language, and a sample of texts has none.
        return tuple(sorted(name for name in names if not name.startswith("url_")))

    @property
    def scores(self) -> bool:
        """Whether the factors of web_docs_scorer are calibrated."""
        return self.settings.doc_score_factors and SCORER in self.configuration.filters

    @property
    def least(self) -> int:
        """Documents under which a language has no values of its own."""
        return least_documents(self.settings.tail)

    @cached_property
    def english_words(self) -> Counter[str]:
        """Word counts of the English reference; empty without one."""
        english = self.references.get(ENGLISH)
        return read_words(english.texts, ENGLISH).counts if english else Counter()

    @cached_property
    def spanish(self) -> dict[str, float] | None:
        """Densities of the Spanish reference, None without one."""
        sample = self.references.get(factors.REFERENCE)
        if sample is None or len(sample) < self.least:
            return None
        return factors.densities(sample.texts, sample.columns[DOC_SCORE])

    def judged(self, sample: LanguageSample) -> Bools:
        """Documents that are in the language by the rules that say so, bool of shape (n,).

        Others would calibrate the language on what the rules before drop.
        """
        rules = self.configuration.for_language(sample.language).rules
        keep = np.ones(len(sample), np.bool_)
        for name in IDENTIFIED:
            if name in rules and name in sample.columns:
                keep &= ~fails(pa.chunked_array([pa.array(sample.columns[name], from_pandas=True)]), rules[name])
        return keep


def rules_of(configuration: Configuration, label: str) -> dict[str, Rule]:
    """Every rule of a language, off or on, whose bounds are numbers: what a run computes needs no calibration."""
    tree, _ = merge(configuration.layers_of(label))
    rules = {name: Rule(**fields) for name, fields in tree["rules"].items()}
    return {name: rule for name, rule in rules.items() if has_numbers(rule)}


def has_numbers(rule: Rule) -> bool:
    """Whether a rule has bounds, and all of them are numbers."""
    bounds = [bound for bound in (rule.min, rule.max) if bound is not None]
    return bool(bounds) and all(isinstance(bound, float) for bound in bounds)
