"""The files of scripts and languages: their form, their stopwords, and good texts that must pass with them."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs.configuration import Configuration
from configs.load import load_configuration
from configs.model import LANGUAGE_RULES
from filters import fineweb_quality, gopher_quality, gopher_repetition
from filters.base import Rule, Value
from filters.load import load_filter
from filters.text import Text
from filters.words import split_words
from langid.labels import canonical, languages
from langid.script import comprised, main_script

FOLDERS = {kind: sorted(Path(str(files("configs"))).joinpath(kind).glob("*.yaml")) for kind in ("scripts", "languages")}
MODULES = {"gopher_quality": gopher_quality, "gopher_repetition": gopher_repetition, "fineweb_quality": fineweb_quality}
RULES: dict[str, Rule] = {name: rule for module in MODULES.values() for name, rule in module.RULES.items()}
ALL_RULES = LANGUAGE_RULES | RULES
LARGE = (
    "arb_Arab ben_Beng bul_Cyrl cat_Latn ces_Latn cmn_Hani dan_Latn deu_Latn ekk_Latn ell_Grek eng_Latn fin_Latn "
    "fra_Latn heb_Hebr hin_Deva hrv_Latn hun_Latn ind_Latn isl_Latn ita_Latn jpn_Jpan kat_Geor kaz_Cyrl khm_Khmr "
    "kor_Hang lao_Laoo lit_Latn lvs_Latn mal_Mlym mar_Deva mya_Mymr nld_Latn nob_Latn npi_Deva pes_Arab pol_Latn "
    "por_Latn ron_Latn rus_Cyrl sin_Sinh slk_Latn slv_Latn spa_Latn srp_Cyrl swe_Latn swh_Latn tam_Taml tel_Telu "
    "tha_Thai tur_Latn ukr_Cyrl urd_Arab uzn_Latn vie_Latn zsm_Latn"
)


def read(path: Path) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return tree


def stopword_lists() -> dict[str, list[str]]:
    trees = {path.stem: read(path).get("filters", {}) for path in FOLDERS["languages"]}
    return {label: tree["gopher_quality"]["stopwords"] for label, tree in trees.items() if "gopher_quality" in tree}


@pytest.mark.parametrize("path", [*FOLDERS["scripts"], *FOLDERS["languages"]], ids=lambda path: path.stem)
def test_a_file_holds_differences_and_says_where_they_come_from(path: Path) -> None:
    assert path.read_text("utf-8").startswith("# ")
    tree = read(path)
    assert tree
    assert set(tree) <= {"filters", "rules"}
    for name, parameters in tree.get("filters", {}).items():
        kind = load_filter(name).Parameters
        assert kind(**parameters) != kind()
    for name, fields in tree.get("rules", {}).items():
        default = ALL_RULES[name]
        changed = Rule.model_validate(default.model_dump() | fields)
        assert changed != default
        assert (changed.min or 0) <= (default.min or 0)
        assert changed.max is None or changed.max >= (default.max or 0)


@pytest.mark.parametrize("path", FOLDERS["languages"], ids=lambda path: path.stem)
def test_a_language_file_has_the_name_of_a_label(path: Path) -> None:
    assert canonical(path.stem) == path.stem


@pytest.mark.parametrize("path", FOLDERS["scripts"], ids=lambda path: path.stem)
def test_a_script_file_has_the_name_of_a_script(path: Path) -> None:
    assert re.fullmatch("[A-Z][a-z]{3}", path.stem)


def test_many_languages_have_stopwords() -> None:
    lists = stopword_lists()
    assert len(lists) >= 150
    assert set(LARGE.split()) <= set(lists)
    assert lists["eng_Latn"] == ["the", "be", "to", "of", "and", "that", "have", "with"]


@pytest.mark.parametrize(("label", "stopwords"), stopword_lists().items(), ids=stopword_lists())
def test_stopwords_are_words_as_icu_cuts_them(label: str, stopwords: list[str]) -> None:
    assert 8 <= len(stopwords) <= 30
    assert len(set(stopwords)) == len(stopwords)
    for word in stopwords:
        assert isinstance(word, str), f"{word!r}: YAML reads it as something else; quote it"
        assert word == word.lower()
        assert not unicodedata.category(word[0]).startswith("P")
        # Among other words: a dictionary script cuts by what stands around.
        assert split_words(f"{word} {word}", label) == [word, word]


def failures(label: str, text: str) -> dict[str, Value]:
    """Rules that a text fails as a document of its language, with its values."""
    settings = default_configuration().for_language(label)
    view = Text(text, label)
    values: dict[str, Value] = {}
    for name, module in MODULES.items():
        values |= module.measure(view, settings.filters[name])  # type: ignore[arg-type]
    return {
        name: values[name] for name in RULES if name in settings.rules and fails(values[name], settings.rules[name])
    }


def fails(value: Value, rule: Rule) -> bool:
    if not isinstance(value, int | float):
        return False
    return (rule.min is not None and value < rule.min) or (rule.max is not None and value > rule.max)


@cache
def default_configuration() -> Configuration:
    return load_configuration("default")


def label_script(language: str, script: str) -> str:
    """The script of a label: Japanese is written in kana and kanji, and its label says so."""
    return next((usual for usual in languages()[language].scripts if script in comprised(usual)), script)


def declarations(folder: Path) -> Iterator[tuple[str, str]]:
    """Label and main text of each page of the Universal Declaration of Human Rights."""
    import trafilatura
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with (folder / "warc" / "udhr.warc.gz").open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
            language = str(record.headers["WARC-Target-URI"]).removeprefix("https://").partition("-")[0]
            text = trafilatura.extract(record.reader.read().decode("utf-8"), favor_precision=True) or ""
            yield f"{language}_{label_script(language, main_script(text) or 'Zzzz')}", text


@pytest.mark.realdata
def test_no_language_is_lost_by_construction(realdata: Path) -> None:
    """A translation of the Declaration is a good text and fails nothing; pages with only an excerpt are left out."""
    lists = stopword_lists()
    pages = with_list = 0
    failed = {}
    for label, text in declarations(realdata):
        if len(text) < 1000:
            continue
        pages += 1
        with_list += label in lists
        if found := failures(label, text):
            failed[label, pages] = found
    assert pages > 500
    assert with_list > 180
    assert not failed
    assert not any("gopher_stopword_count" in found for found in failed.values()), failed
