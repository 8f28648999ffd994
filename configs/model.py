"""The configuration's shape: what can be set, with types, bounds and defaults.

Two parts differ per language and may appear in script and language layers: `filters` (what changes a measurement)
and `rules` (what decides). Everything else holds for the whole run.
"""

import re
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from dedup.keep import policy_columns
from dedup.lines import LineParameters
from dedup.parameters import MinHashParameters
from dedup.rehydration import DEFAULT_TABLE, WeightRange, WeightTable
from filters.base import FilterParameters, Rule
from filters.pii.redact import RedactionParameters
from langid.labels import languages
from pipeline.classifying.parameters import ClassifyingParameters
from pipeline.extraction.repair import RepairParameters
from pipeline.rights.parameters import RIGHTS_RULES, RightsParameters
from pipeline.selection.parameters import SelectionParameters

MEGABYTE = 1_000_000
# Judged before any filter's rules: a wrong language makes every per-language threshold meaningless.
LANGUAGE_RULES = {
    "language": Rule(column="language", none_of=("und_*", "zxx_*")),
    "language_score": Rule(column="language_score", min=0.3),
    "script_share": Rule(column="script_share", min=0.5),
}
# Of no filter: they stand before those of filters.
GENERAL_RULES = LANGUAGE_RULES | RIGHTS_RULES


Engine = Literal["content", "resiliparse", "trafilatura", "trafilatura-fast"]


class Section(BaseModel):
    """Base of every section: unknown keys are errors, values are frozen before the run."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Reading(Section):
    """How input files are cut into shards."""

    split_megabytes: float | None = Field(
        default=None,
        gt=0,
        description="megabytes of input a shard; null: a sixteenth of the file, between 1 and 64",
    )
    base: str | None = Field(
        default=None,
        description="address that relative lines of *.paths lists belong to; null: found from the list's own address",
    )
    allow_damage: bool = Field(
        default=False,
        description="end with status 0 although some input could not be read; it is counted all the same",
    )


class Selection(SelectionParameters, Section):
    """What of a columnar index is read."""


def _label_pattern(pattern: str) -> str:
    """Refuse what no label fits: a run that waits for it would skip every page."""
    code, _, script = pattern.partition("_")
    known = any(fnmatchcase(language, code) for language in (*languages(), "und", "zxx"))
    if pattern != "*" and not (known and re.fullmatch(r"[A-Z][a-z]{3}|[A-Za-z]{0,3}\*", script)):
        raise ValueError(f'no label of a language fits "{pattern}": write deu_Latn, deu_* or *_Cyrl')
    return pattern


class Extraction(Section):
    """From bytes to main text."""

    engine: Literal["cascade", "content", "resiliparse", "trafilatura", "trafilatura-fast"] = Field(
        default="cascade", description="what finds the main text; cascade: another one, where cheap signs let it"
    )
    cascade_engine: Engine = Field(default="content", description="of cascade: what finds the main text")
    fallback: Engine | None = Field(
        default="resiliparse", description="asked once where a limit or an error ended the engine's work; null: nothing"
    )
    languages: tuple[Annotated[str, AfterValidator(_label_pattern)], ...] = Field(
        default=(), description="labels of wanted languages, such as deu_* or *_Cyrl; none: all are wanted"
    )
    minimum_characters: int = Field(
        default=0, ge=0, description="of cascade: pages with less visible text, navigation included, are not extracted"
    )
    markdown: bool = Field(default=False, description="write the main text as Markdown as well")
    cpu_seconds: float = Field(default=20.0, gt=0, description="limit of CPU time (never wall time) per document")
    memory_megabytes: int = Field(default=2048, ge=64, description="limit of additional memory per document")
    page_megabytes: float = Field(default=16.0, gt=0, description="larger pages are counted as too large")
    page_tags: int = Field(
        default=500_000, ge=1, description="pages with more tags are counted as such, and not parsed"
    )
    page_depth: int = Field(
        default=2000, ge=1, description="pages whose elements nest deeper are counted as such, and not parsed"
    )
    skip_blocked: bool = Field(default=False, description="skip pages of blocked addresses before extraction")

    @property
    def page_bytes(self) -> int:
        """The limit of a page, in bytes."""
        return int(self.page_megabytes * MEGABYTE)

    @property
    def text_engine(self) -> Engine:
        """What finds the main text."""
        return self.cascade_engine if self.engine == "cascade" else self.engine


class Repair(RepairParameters, Section):
    """What is repaired in extracted text, before its language is identified."""


class Identification(Section):
    """Which language a document is in."""

    model: str = Field(default="bundled", description="name in configs/models.yaml, or the path of a fastText model")
    top: int = Field(default=5, ge=1, le=50, description="labels kept in top_langs")
    group_score: float = Field(default=0.7, gt=0, le=1, description="probability from which a label or group is sure")


class Deduplication(MinHashParameters):
    """Copies and near-copies: what is compared with what, how clusters are checked, and which copy is kept."""

    exact: tuple[Literal["payload", "text", "url"], ...] = Field(
        default=("payload", "text"), description="what makes two documents copies whatever their signatures say"
    )
    scope: Literal["language", "group", "global"] = Field(
        default="language", description="compare within a language, within confusable languages, or everything"
    )
    snapshots: Literal["all", "each"] = Field(default="all", description="compare across crawls, or within each")
    index: str | None = Field(default=None, description="folder of earlier releases that copies are removed of")
    verify_above: int = Field(default=1, ge=1, description="clusters of more documents are checked and split")
    minimum_similarity: float = Field(
        default=0.6, ge=0, le=1, description="least similarity to the best copy in a checked cluster (an estimate)"
    )
    largest_cluster_share: float = Field(
        default=0.1, gt=0, le=1, description="share of a language that one cluster may remove; 1: any"
    )
    largest_cluster_documents: int = Field(
        default=1000, ge=1, description="a cluster that removes fewer documents is never too large"
    )
    memory_megabytes: int = Field(default=512, ge=1, description="memory for the data of one task")
    remove: bool = Field(default=True, description="keep one document a cluster; false: only annotate clusters")
    keep: tuple[str, ...] = Field(
        default=("-text_characters", "date"),
        description="which copy is best: columns in order; `-` before a name: highest first; `column=best,next,*`",
    )

    @field_validator("exact")
    @classmethod
    def _each_identity_once(cls, exact: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(exact))

    @field_validator("keep")
    @classmethod
    def _entries_can_be_read(cls, keep: tuple[str, ...]) -> tuple[str, ...]:
        policy_columns(keep)
        return keep

    @property
    def keep_columns(self) -> tuple[str, ...]:
        """The columns that `keep` orders copies by, each once."""
        return tuple(policy_columns(self.keep))

    @property
    def memory(self) -> int:
        """Bytes that the data of one task may take."""
        return self.memory_megabytes * MEGABYTE


class Lines(LineParameters, Section):
    """Lines that many documents of a site or a language have: furniture of pages that extraction left."""


class Rights(RightsParameters, Section):
    """What sites say about the use of their pages outside the pages, and who asked to be left out."""


class Classifying(ClassifyingParameters, Section):
    """Classes of documents by transformer classifiers: education, registers, toxicity; docs/classifiers.md."""


class Upsampling(Section):
    """How often a kept document is to be seen in training, by the size of its cluster: the column upsample_weight."""

    method: Literal["none", "rehydration", "table"] = Field(
        default="none", description="no weights, weights from what the rules remove of each size, or a fixed table"
    )
    largest_weight: int = Field(default=5, ge=2, le=10, description="of rehydration: the weight of the best sizes")
    minimum_documents: int = Field(
        default=1000, ge=1, description="of rehydration: clusters that a size needs for a rate of its own"
    )
    table: tuple[WeightRange, ...] = Field(
        default=DEFAULT_TABLE.ranges, description="of table: ranges of cluster sizes with their weights"
    )

    @field_validator("table")
    @classmethod
    def _sizes_are_covered_once(cls, table: tuple[WeightRange, ...]) -> tuple[WeightRange, ...]:
        return WeightTable(ranges=table).ranges


class Dataset(Section):
    """The files of the published dataset."""

    file_characters: int = Field(default=500_000_000, gt=0, description="characters of text a file holds at most")
    rejected: bool = Field(default=True, description="write rejected documents to dataset/rejected/ as well")
    remove_repeated_lines: bool = Field(
        default=False, description="leave repeated lines out of the text; measurements are those of the whole text"
    )


class Redaction(RedactionParameters, Section):
    """What is written in place of spans of `pii` in the published text; documents/ keeps the text as it is."""


class Card(Section):
    """What only the publisher can say of the dataset."""

    title: str | None = Field(default=None, description="name of the dataset; null: the configuration's name")
    license: str | None = Field(default=None, description="licence identifier as the hub writes it, such as odc-by")


class LanguageSettings(Section):
    """What may differ per language, resolved for one language."""

    filters: dict[str, FilterParameters]
    rules: dict[str, Rule]


class Settings(Section):
    """What holds for the whole run."""

    inputs: tuple[str, ...] = Field(default=(), description="WARC files: paths, globs, directories, *.paths lists")
    dump: str | None = Field(default=None, description="name of the crawl; null: taken from the file's path")
    reading: Reading = Reading()
    selection: Selection = Selection()
    extraction: Extraction = Extraction()
    repair: Repair = Repair()
    identification: Identification = Identification()
    deduplication: Deduplication = Deduplication()
    lines: Lines = Lines()
    rights: Rights = Rights()
    classifying: Classifying = Classifying()
    upsampling: Upsampling = Upsampling()
    dataset: Dataset = Dataset()
    redaction: Redaction = Redaction()
    card: Card = Card()
