"""FineWeb2's published configurations (`configs/<language>.yml`) as files of ours, with their known defects repaired.

Facts of the format: https://github.com/huggingface/fineweb-2. Its pipeline passes each key to a parameter of datatrove:
GopherRepetitionFilter, GopherQualityFilter or FineWebQualityFilter. No value of it is in this project.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from configs.load import parse_yaml
from filters.base import Column
from filters.calibration.methods import NotComputableError, Side, can_fire, fit_column, possible_range
from filters.calibration.settings import StopwordList
from filters.calibration.stopwords import is_cut_alone, is_word
from filters.calibration.work import STOPWORDS, Calibrated, Value
from langid.errors import UnknownLabelError
from langid.labels import canonical
from pipeline.errors import InputError

# Keys of the published files, and the other parameters of the same filters under the same names.
BOUNDS: Mapping[str, tuple[tuple[str, Side], ...]] = {
    "language_score": (("language_score", "min"),),
    "dup_line_frac": (("gopher_duplicate_line_ratio", "max"),),
    "dup_line_char_frac": (("gopher_duplicate_line_character_ratio", "max"),),
    "dup_para_frac": (("gopher_duplicate_paragraph_ratio", "max"),),
    "dup_para_char_frac": (("gopher_duplicate_paragraph_character_ratio", "max"),),
    "line_punct_thr": (("fineweb_terminal_punctuation_ratio", "min"),),
    "new_line_ratio": (("fineweb_newline_word_ratio", "max"),),
    "short_line_thr": (("fineweb_short_line_ratio", "max"),),
    "char_duplicates_ratio": (("fineweb_duplicate_line_character_ratio", "max"),),
    "char_dup_ratio": (("fineweb_duplicate_line_character_ratio", "max"),),
    "min_avg_word_length": (("gopher_mean_word_length", "min"),),
    "max_avg_word_length": (("gopher_mean_word_length", "max"),),
    # Misnamed upstream: it is the least share of words with a letter.
    "max_non_alpha_words_ratio": (("gopher_alphabetic_word_ratio", "min"),),
    "min_stop_words": (("gopher_stopword_count", "min"),),
    "min_doc_words": (("gopher_word_count", "min"),),
    "max_doc_words": (("gopher_word_count", "max"),),
    "max_symbol_word_ratio": (("gopher_hash_ratio", "max"), ("gopher_ellipsis_ratio", "max")),
    "max_bullet_lines_ratio": (("gopher_bullet_line_ratio", "max"),),
    "max_ellipsis_lines_ratio": (("gopher_ellipsis_line_ratio", "max"),),
}
NGRAMS = {
    "top_n_grams": "gopher_top_{}_gram_character_ratio",
    "dup_n_grams": "gopher_duplicate_{}_gram_character_ratio",
}
# `ratio > limit` is always checked there, so 0 would drop every text of two lines; elsewhere 0 takes a rule off.
ZERO_IS_ZERO = frozenset({"new_line_ratio", "language_score", "char_duplicates_ratio", "char_dup_ratio"})
# Words of no language are longer on average; the published 3141 is a mean over a broken corpus.
LONGEST_MEAN_WORD = 100


@dataclass
class Imported:
    """One file: its values, what was repaired, and what has no counterpart here."""

    file: str
    calibrated: Calibrated
    repairs: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def read_folder(folder: Path, columns: Mapping[str, Column], settings: StopwordList) -> Iterator[Imported]:
    """Every language of a folder; `columns` are those of our rules, by the rule's name. Raises InputError."""
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    if not files:
        raise InputError(f"{folder}: no .yml files; name the folder `configs` of a copy of huggingface/fineweb-2")
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as exc:
            raise InputError(f"{file}: not UTF-8 at byte {exc.start}") from exc
        yield import_language(file.stem, parse_yaml(text, str(file)), str(file.name), columns, settings)


def import_language(
    label: str, tree: Mapping[str, Any], file: str, columns: Mapping[str, Column], settings: StopwordList
) -> Imported:
    """The values of one file. Raises InputError for a label that is no language, or a value that is no number."""
    try:
        ours = canonical(label)
    except UnknownLabelError as exc:
        raise InputError(f"{file}: {exc}; a file is called by its language, such as fra_Latn.yml") from exc
    result = Imported(file, Calibrated(ours, 0))
    if ours != label:
        result.repairs.append(f"the label {label} is {ours} here")
    for key, value in tree.items():
        if key == "stopwords":
            _add_stopwords(value, result, settings)
        elif key == "short_line_length":
            path = ("filters", "fineweb_quality", "short_line_length")
            result.calibrated.values[path] = Value(int(_number(value, key, file)), "FineWeb2", f"{file}, {key}")
        else:
            found = list(_bounds(key, value, file))
            if not found:
                result.unknown.append(key)
            for name, rule, side, bound in found:
                if rule not in columns:
                    result.unknown.append(name)
                else:
                    _add_bound((name, rule, side), bound, columns[rule], result)
    return result


def _bounds(key: str, value: Any, file: str) -> Iterator[tuple[str, str, Side, float]]:
    """Name in the file, rule, side and bound of a key; nothing for a key that is unknown here."""
    for rule, side in BOUNDS.get(key, ()):
        yield key, rule, side, _number(value, key, file)
    if key in NGRAMS:
        if not isinstance(value, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in value):
            raise InputError(f'{file}: "{key}" is a list of [n, limit] pairs, not {value!r}')
        for n, limit in value:
            yield f"{key}[{n}]", NGRAMS[key].format(n), "max", _number(limit, f"{key}[{n}]", file)


def _number(value: Any, key: str, file: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f'{file}: "{key}" is {value!r}; it takes a finite number')
    return float(value)


def _add_bound(place: tuple[str, str, Side], bound: float, column: Column, result: Imported) -> None:
    """A bound as it is, as an explicit off, or left out because it is a defect."""
    name, rule, side = place
    source = f"{result.file}, {name}"
    if bound < 0 or (bound == 0 and name not in ZERO_IS_ZERO):
        result.repairs.append(f"{name}: {bound:g} means off; " + _switch_off(rule, side, source, result))
        return
    defect = _defect(name, bound, column, side)
    if defect:
        result.repairs.append(f"{name}: {bound:g} {defect}; left out, the value of the configuration stays")
        return
    try:
        value = fit_column(bound, column, side)
    except NotComputableError as exc:
        raise InputError(f"{source}: {exc}") from exc
    result.calibrated.values["rules", rule, side] = Value(value, "FineWeb2", source)


def _switch_off(rule: str, side: Side, source: str, result: Imported) -> str:
    """A rule with one bound goes off; of the word length only the bound."""
    values = result.calibrated.values
    if side == "min" and rule in ("gopher_mean_word_length", "gopher_word_count", "gopher_stopword_count"):
        values["rules", rule, "min"] = Value(0, "FineWeb2", f"{source} (off)")
        return "the least value is 0"
    if rule in ("gopher_mean_word_length", "gopher_word_count"):
        values["rules", rule, "max"] = Value(None, "FineWeb2", f"{source} (off)")
        return "there is no greatest value"
    values["rules", rule, "enabled"] = Value(False, "FineWeb2", f"{source} (off)")
    return "the rule is switched off"


def _defect(name: str, bound: float, column: Column, side: Side) -> str | None:
    """What is wrong with a bound, in words; None for a good one."""
    if name == "max_avg_word_length" and bound > LONGEST_MEAN_WORD:
        return "is no mean word length"
    if side == "max" and bound == 0:
        return "would drop every document that has any"
    # Shares of characters: a limit of 1 or more never fires but on a text of one repeated word.
    shares = column.unit.startswith("ratio") or possible_range(column)[1] == 1
    if side == "max" and shares and bound >= 1:
        return "can never fire"
    if side == "min" and shares and bound > 1:
        return "would drop every document"
    return None if can_fire(bound, column, side) else "can never fire"


def _add_stopwords(value: Any, result: Imported, settings: StopwordList) -> None:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise InputError(
            f'{result.file}: "stopwords" is a list of words, not {value!r}; quote what YAML reads otherwise'
        )
    label = result.calibrated.language
    words = list(dict.fromkeys(value))
    marks = [word for word in words if not is_word(word)]
    parts = [word for word in words if is_word(word) and not is_cut_alone(word, label)]
    kept = [word for word in words if word not in marks and word not in parts]
    if marks:
        result.repairs.append(f"stopwords: {_quoted(marks)} are no words, and would let anything pass; left out")
    if parts:
        result.repairs.append(
            f"stopwords: {_quoted(parts)} are no words as ICU cuts them, so no text has them; left out"
        )
    if len(kept) < settings.least:
        result.repairs.append(
            f"stopwords: {len(kept)} of {len(words)} remain, fewer than {settings.least}; the list of "
            "the configuration stays"
        )
        return
    result.calibrated.values[STOPWORDS] = Value(tuple(kept), "FineWeb2", f"{result.file}, stopwords")


def _quoted(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)
