"""Overlap with evaluation sets: which documents hold the questions that a model will be tested with.

Runs of 13 words (Brown et al. 2020, arXiv:2005.14165, appendix C), of characters in scripts without spaces, compared
without case, punctuation and the values of digits; docs/decontamination.md says what counts.
"""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text


class EvaluationSet(BaseModel):
    """A set of questions, tasks or passages that no training document should hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1)
    """A Parquet, JSON lines or text file, or a folder of them."""

    name: str = Field(min_length=1)
    """What `contamination_set` calls it."""

    columns: tuple[str, ...] = ()
    """The columns or fields whose texts are looked for; empty: all that hold text."""


class Parameters(FilterParameters):
    """What is looked for, and in how long pieces."""

    sets: tuple[EvaluationSet, ...] = ()
    """Evaluation sets, each with `name` and `path`."""

    words: int = Field(default=13, ge=3, le=100)
    """Words of a run; a shorter text is looked for whole where it has `least_words`."""

    least_words: int = Field(default=8, ge=1)
    """Shorter texts are not looked for: they are in documents by chance."""

    characters: int = Field(default=26, ge=6, le=500)
    """Characters of a run in scripts without spaces, two a word; shorter texts are cut off in the same proportion."""

    common: int = Field(default=10, ge=1)
    """Runs that more items of a set share are instructions, no content, and are not looked for."""

    @field_validator("sets")
    @classmethod
    def _names_differ(cls, sets: tuple[EvaluationSet, ...]) -> tuple[EvaluationSet, ...]:
        doubled = [name for name, count in Counter(entry.name for entry in sets).items() if count > 1]
        if doubled:
            raise ValueError(f'two sets are called "{doubled[0]}"')
        return sets


COLUMNS = (
    Column(
        "contamination",
        pa.float64(),
        "ratio 0-1",
        "share of the document's words, or characters, in runs that evaluation sets have; null: no sets, or no words",
        "curate",
    ),
    Column(
        "contamination_item",
        pa.float64(),
        "ratio 0-1",
        "share of the runs of one item that are in the document, of the item with most",
        "curate",
    ),
    Column("contamination_set", pa.string(), "text", "the set of that item; null: nothing found", "curate"),
)

# An item that is half there can be answered from memory. `contamination` with max 0 drops any overlap, as GPT-3 did.
RULES = {
    "contamination_item": Rule(column="contamination_item", max=0.5),
    "contamination": Rule(column="contamination", max=0, enabled=False),
}


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`."""
    if not parameters.sets or not text.words:
        return {"contamination": None, "contamination_item": None, "contamination_set": None}
    from filters.decontamination.index import load_index

    overlap = load_index(parameters).overlap(text.text, text.words)
    return {
        "contamination": overlap.share,
        "contamination_item": overlap.item_share,
        "contamination_set": overlap.set_name,
    }


def checksums(parameters: Parameters) -> Mapping[str, str]:
    """SHA-256 of the files that the measurements depend on, by path. Raises InputError for one that cannot be read."""
    if not parameters.sets:
        return {}
    from filters.decontamination.index import load_index

    return load_index(parameters).checksums
