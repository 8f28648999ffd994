"""Families: which groups a language belongs to, narrowest first, from the table `families.tsv`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Group:
    """One row of the table: a group of ISO 639-5, the group above it, and the languages in no narrower one."""

    code: str
    name: str
    parent: str | None
    languages: tuple[str, ...]


@cache
def groups() -> Mapping[str, Group]:
    """The table by ISO 639-5 code.

    >>> groups()["gmq"].name, groups()["gmq"].parent
    ('North Germanic', 'gem')
    """
    lines = files("langid").joinpath("families.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith(("#", "code\t")))
    return {code: Group(code, name, parent or None, tuple(languages.split())) for code, name, parent, languages in rows}


@cache
def _group_of() -> Mapping[str, Group]:
    return {language: group for group in groups().values() for language in group.languages}


def families_of(language: str) -> tuple[Group, ...]:
    """The groups of an ISO 639-3 code, narrowest first; none for an isolate, or where the table does not say.

    >>> [group.name for group in families_of("swe")]
    ['North Germanic', 'Germanic', 'Indo-European']
    >>> families_of("kor")
    ()
    """
    found: list[Group] = []
    group = _group_of().get(language)
    while group is not None:
        found.append(group)
        group = groups()[group.parent] if group.parent else None
    return tuple(found)
