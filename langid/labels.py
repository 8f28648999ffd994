"""Labels: `iso639-3_Script`, as FineWeb2 writes them, and every model's own codes brought to that form.

The facts are in one table, `languages.tsv`; this module only reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from langid.errors import UnknownLabelError

NO_LANGUAGE = "zxx_Zzzz"
UNKNOWN = "und_Zzzz"

# Simplified and traditional Chinese are two ways to write one script, and hanja belong to Korean orthography:
# a corpus keeps them under one label.
SCRIPT_ALIASES = {"Hans": "Hani", "Hant": "Hani", "Kore": "Hang", "Zxxx": "Zzzz", "Hrkt": "Jpan"}


@dataclass(frozen=True)
class Language:
    """One row of the table; `scripts` are the usual ones, the first is the default."""

    code: str
    name: str
    scripts: tuple[str, ...]
    macrolanguage: str | None
    aliases: tuple[str, ...]


@cache
def languages() -> Mapping[str, Language]:
    """The table by ISO 639-3 code.

    >>> languages()["srp"].scripts
    ('Cyrl', 'Latn')
    """
    lines = files("langid").joinpath("languages.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith(("#", "code\t")))
    return {
        code: Language(code, name, tuple(scripts.split()), macro or None, tuple(aliases.split()))
        for code, name, scripts, macro, aliases in rows
    }


@cache
def _codes() -> Mapping[str, str]:
    """Every code that is understood, to its ISO 639-3 code; `scheme:code` for one model's own meaning."""
    aliases = {alias: row.code for row in languages().values() for alias in row.aliases}
    return aliases | {code: code for code in languages()}


@cache
def members(macrolanguage: str) -> tuple[str, ...]:
    """The individual languages of a macrolanguage in the table.

    >>> members("hbs")
    ('bos', 'cnr', 'hrv', 'srp')
    """
    return tuple(row.code for row in languages().values() if row.macrolanguage == macrolanguage)


def split_label(label: str) -> tuple[str, str]:
    """Language and script of a label in normal form.

    >>> split_label("deu_Latn")
    ('deu', 'Latn')
    """
    language, separator, script = label.partition("_")
    if not (separator and language and script):
        raise UnknownLabelError(f"{label!r} is not of the form iso639-3_Script, such as deu_Latn")
    return language, script


def language_name(label: str) -> str:
    """English name of a label's language.

    >>> language_name("nno_Latn"), language_name("cmn_Hani")
    ('Norwegian Nynorsk', 'Chinese (Mandarin)')
    """
    code = label.partition("_")[0]
    try:
        return languages()[code].name
    except KeyError:
        raise UnknownLabelError(f"{label!r}: no language {code!r} in the table of languages") from None


@cache
def normalise(label: str, scheme: str = "") -> tuple[str, str | None]:
    """ISO 639-3 code and script of a model's own label; the script is None where several are usual.

    `scheme` names a model family whose codes differ from ISO's in the table, for example `fasttext`.

    >>> normalise("__label__zh"), normalise("zho_Hant"), normalise("kor_Kore")
    (('cmn', 'Hani'), ('cmn', 'Hani'), ('kor', 'Hang'))
    >>> normalise("sr"), normalise("als"), normalise("als", "fasttext")
    (('srp', None), ('als', 'Latn'), ('gsw', 'Latn'))
    """
    code, *rest = label.removeprefix("__label__").replace("-", "_").split("_")
    known = _codes()
    language = known.get(f"{scheme}:{code.lower()}") or known.get(code.lower())
    if language is None:
        raise UnknownLabelError(f"label {label!r}: no language {code!r} in the table of languages")
    # A two-letter part is a region (zh-TW) and says nothing that the label keeps.
    named = [part.title() for part in rest if len(part) == 4 and part.isalpha()]
    if named:
        return language, SCRIPT_ALIASES.get(named[0], named[0])
    scripts = languages()[language].scripts
    return language, scripts[0] if len(scripts) == 1 else None


def canonical(label: str, scheme: str = "") -> str:
    """A model's own label in normal form, with the language's default script where the model names none.

    >>> canonical("no"), canonical("sr"), canonical("arb_Arab"), canonical("uz_Cyrl")
    ('nob_Latn', 'srp_Cyrl', 'arb_Arab', 'uzn_Cyrl')
    """
    language, script = normalise(label, scheme)
    return f"{language}_{script or languages()[language].scripts[0]}"
