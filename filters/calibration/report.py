"""The report: what was found for each language, how sure it is, and what it would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from filters.calibration.effects import Effect
from filters.calibration.files import provenance
from filters.calibration.work import TOO_SMALL, Calibrated, Calibration, Path, Value
from langid.labels import language_name


@dataclass(frozen=True)
class Entry:
    """A language in the report."""

    calibrated: Calibrated
    differences: Mapping[Path, Value]
    effect: Effect | None
    """None without documents."""

    @property
    def label(self) -> str:
        """The language."""
        return self.calibrated.language

    @property
    def name(self) -> str:
        """Its English name."""
        return language_name(self.label)

    @property
    def too_small(self) -> list[str]:
        """Values that the sample is too small for."""
        return [
            ".".join(path)
            for path, value in self.calibrated.values.items()
            if any(note.startswith(TOO_SMALL) for note in value.notes)
        ]

    @property
    def warnings(self) -> list[str]:
        """Notes of the language and of its values, and rules that are without effect or too strict."""
        found = list(self.calibrated.notes)
        for path, value in self.calibrated.values.items():
            found += [f"{'.'.join(path)}: {note}" for note in value.notes]
        if self.effect:
            found += [f"{name}: drops every document of the sample" for name in self.effect.deadly]
            found += [f"{name}: can reject nothing at all" for name in self.effect.powerless]
        return list(dict.fromkeys(found))


def sample_report(entries: Sequence[Entry], work: Calibration, places: Sequence[str]) -> str:
    """The page of a calibration from samples."""
    return _page(
        title="Calibration",
        entries=entries,
        subtitle=f"from {', '.join(places)}",
        least=work.least,
        tail=work.settings.tail,
        tolerance=work.settings.tolerance,
        everywhere=_silent_everywhere(entries),
    )


def import_report(entries: Sequence[Entry], folder: str) -> str:
    """The page of an import: there are no documents to see its effect on."""
    return _page(
        title="FineWeb2's configurations",
        entries=entries,
        subtitle=f"from {folder}",
        least=None,
        tail=None,
        tolerance=None,
        everywhere=[],
    )


def _silent_everywhere(entries: Sequence[Entry]) -> list[str]:
    """Rules that drop no document of any language."""
    effects = [entry.effect for entry in entries if entry.effect]
    if not effects:
        return []
    return [name for name in effects[0].silent if all(name in effect.silent for effect in effects)]


def _page(**values: Any) -> str:
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("filters") / "calibration" / "report.html").read_text(encoding="utf-8"))
    return template.render(provenance=provenance, shown=_shown, **values)


def _shown(value: Any) -> str:
    """A value as a reader wants it.

    >>> _shown(("der", "die")), _shown(0.25), _shown(None)
    ('der, die', '0.25', 'null')
    """
    if isinstance(value, list | tuple):
        return ", ".join(value)
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value).lower()
