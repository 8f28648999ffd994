"""Settings of the selection: what is wanted of a columnar index."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

COMMON_CRAWL = "https://data.commoncrawl.org/"
LANGUAGE = re.compile(r"[a-z]{3}(_([A-Z][a-z]{3}|\*))?")


def _ascii_name(name: str) -> str:
    """A host or TLD as indexes write it: lower case, other scripts than Latin as Punycode; `*` stays.

    >>> _ascii_name("Пример.РФ"), _ascii_name(".de"), _ascii_name("*.Example.org")
    ('xn--e1afmkfd.xn--p1ai', 'de', '*.example.org')
    """
    parts = name.strip().lower().strip(".").split(".")
    try:
        return ".".join(part if part.isascii() else part.encode("idna").decode("ascii") for part in parts)
    except UnicodeError as exc:
        raise ValueError(f'"{name}" is no name of a host: {exc}') from exc


def _language(label: str) -> str:
    if not LANGUAGE.fullmatch(label):
        raise ValueError(f'"{label}" is no language: write deu or deu_Latn (the index knows no scripts)')
    return label


def _pattern(pattern: str | None) -> str | None:
    """Refuse what the engine of the selection cannot search for (RE2: neither look-around nor back references)."""
    import duckdb

    try:
        duckdb.execute("select regexp_matches('', ?)", [pattern])
    except duckdb.Error as exc:
        raise ValueError(f'"{pattern}" is no regular expression of RE2: {exc}') from exc
    return pattern


HostName = Annotated[str, AfterValidator(_ascii_name)]


class SelectionParameters(BaseModel):
    """Which records of a columnar index are read, instead of whole files.

    A record is selected when it fits every list that is not empty. `*` stands for any characters in `hosts` and `mime`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: tuple[str, ...] = Field(
        default=(), description="Parquet files of the index: paths, addresses, globs, folders, *.paths lists"
    )
    base: str = Field(default=COMMON_CRAWL, description="what the index's `warc_filename` is relative to")
    crawls: tuple[str, ...] = Field(default=(), description="`crawl`, such as CC-MAIN-2026-30")
    subsets: tuple[str, ...] = Field(default=(), description="`subset`, such as warc")
    languages: tuple[Annotated[str, AfterValidator(_language)], ...] = Field(
        default=(), description="any of `content_languages`: deu, or deu_Latn, whose script the index does not know"
    )
    hosts: tuple[HostName, ...] = Field(default=(), description="`url_host_name`: example.org, or *.example.org")
    tlds: tuple[HostName, ...] = Field(default=(), description="`url_host_tld`, such as de")
    mime: tuple[str, ...] = Field(
        default=("text/html", "application/xhtml+xml"), description="`content_mime_detected`, such as text/*"
    )
    status: tuple[int, ...] = Field(default=(200,), description="`fetch_status`")
    url_pattern: Annotated[str, AfterValidator(_pattern)] | None = Field(
        default=None, description="regular expression (RE2) that is found in `url`"
    )
    limit: int | None = Field(default=None, ge=1, description="records at most, drawn at random; null: all")
    seed: int = Field(default=0, description="another seed draws other records")
    gap_bytes: int = Field(
        default=16_000, ge=0, description="records closer than this are fetched with what lies between; 0: never"
    )

    @field_validator("index", mode="before")
    @classmethod
    def _one_is_a_list(cls, index: object) -> object:
        return (index,) if isinstance(index, str) else index

    @property
    def enabled(self) -> bool:
        """Whether records are selected; without it whole files are read."""
        return bool(self.index)
