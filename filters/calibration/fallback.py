"""A language without documents takes the values of its relatives: genus, then family, then all of its script.

As HPLT does for its scorer: the nearest group that has any, among languages of the same script, since a bound depends
on how a language is written as much as on its grammar. Where there is none, nothing is written and the configuration's
own value stays.
"""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from filters.calibration.methods import SIDES, can_fire, fit_column
from filters.calibration.work import STOPWORDS, Calibrated, Calibration, Path, Value
from langid.families import families_of

# A list of words and the sureness of the identifier belong to one language alone.
_OWN = (STOPWORDS, ("rules", "language_score", "min"))
_NAMED = 4


def borrowed_values(work: Calibration, label: str, documents: int, calibrated: Sequence[Calibrated]) -> Calibrated:
    """The medians over the nearest relatives among `calibrated`; each value says from which."""
    result = Calibrated(label, 0)
    having = f"{documents:,} documents" if documents else "No documents"
    result.notes.append(
        f"{having}: values come from related languages. {work.least} are needed: with fewer, all of them may lie "
        f"within a bound that cuts off {work.settings.tail:.0%} (probability above 2.5 %)"
    )
    active = work.configuration.for_language(label).rules
    paths = dict.fromkeys(path for other in calibrated for path in other.values if path not in _OWN)
    for path in paths:
        if path[0] == "rules" and path[1] not in active:
            continue  # off for this language
        for level, members in relatives(label, calibrated):
            having_it = [other for other in members if path in other.values]
            if having_it:
                result.values[path] = _median(work, path, level, having_it)
                break
        else:
            result.notes.append(f"{'.'.join(path)}: no relative has a value; the shipped one stays")
    return result


def relatives(label: str, calibrated: Sequence[Calibrated]) -> Iterator[tuple[str, list[Calibrated]]]:
    """Languages of the same script by ever wider group, each with the group in words; empty groups are left out."""
    language, _, script = label.partition("_")
    same_script = [other for other in calibrated if other.language.partition("_")[2] == script]
    for number, group in enumerate(families_of(language)):
        members = [other for other in same_script if group in families_of(other.language.partition("_")[0])]
        if members:
            yield f"{'genus' if number == 0 else 'family'} {group.name}", members
    if same_script:
        yield f"script {script}", same_script


def _median(work: Calibration, path: Path, level: str, members: Sequence[Calibrated]) -> Value:
    names = [other.language for other in members]
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    value = _middle([other.values[path].value for other in members])
    notes: tuple[str, ...] = ()
    if path[0] == "rules" and path[2] in SIDES:
        side = next(side for side in SIDES if side == path[2])
        column = work.columns[work.rules[path[1]].column]
        value = fit_column(value, column, side)
        notes = () if can_fire(value, column, side) else ("it can reject nothing: no value lies beyond it",)
    return Value(value, f"median of the {level}", shown, notes=notes)


def _middle(values: Sequence[Any]) -> Any:
    """The median; null (a language written without marks) where it is that for most."""
    numbers = [value for value in values if value is not None]
    if 2 * len(numbers) < len(values) or not numbers:
        return None
    return round(median(numbers), 6)
