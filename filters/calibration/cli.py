"""`glotmill calibrate`: files of languages from a sample, or from FineWeb2's published configurations."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from configs.configuration import Configuration, check_label
from configs.load import load_configuration
from filters.calibration.calibrate import calibrate
from filters.calibration.effects import effect_of
from filters.calibration.factors import REFERENCE
from filters.calibration.files import differences, language_file, write_files
from filters.calibration.fineweb2 import read_folder
from filters.calibration.measure import complete
from filters.calibration.report import Entry, import_report, sample_report
from filters.calibration.samples import LanguageSample, read_samples
from filters.calibration.settings import CalibrationSettings, load_settings
from filters.calibration.work import ENGLISH, Calibrated, Calibration, rules_of
from pipeline.errors import UsageError

NOTES_SHOWN = 12


def calibrate_command(
    samples: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SAMPLE...",
            help="The folder of a run, Parquet files with the columns text and language, or text files (deu_Latn.txt).",
        ),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the files.")] = Path("calibrated"),
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="Only this language; without documents, from its relatives. Repeatable."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option("--method", metavar="RULE=METHOD", help="Another method for a rule, or fixed. Repeatable."),
    ] = None,
    methods: Annotated[
        Path | None, typer.Option("--methods", help="A YAML file with other settings than methods.yaml.")
    ] = None,
    english: Annotated[
        list[str] | None,
        typer.Option("--english", metavar="SAMPLE", help="Where English, and Spanish, documents are. Repeatable."),
    ] = None,
    config: Annotated[str, typer.Option("--config", help="The configuration to start from.")] = "default",
    report: Annotated[Path | None, typer.Option("--report", help="The report; OUTPUT/report.html without.")] = None,
    from_fineweb2: Annotated[
        Path | None, typer.Option("--from-fineweb2", metavar="FOLDER", help="Import FineWeb2's folder `configs`.")
    ] = None,
) -> None:
    """Thresholds, stopwords and factors per language, from a sample of good texts.

    Writes a file for each language with what differs from the configuration, and a report of what it would change.

    [bold]glotmill calibrate corpus -o calibrated[/]
    [bold]glotmill calibrate wikipedia.parquet --language swh_Latn --method gopher_duplicate_line_ratio=tail[/]
    [bold]glotmill calibrate --from-fineweb2 fineweb-2/configs[/]
    """
    if bool(samples) == (from_fineweb2 is not None):
        raise UsageError("name samples, or a folder with --from-fineweb2")
    for label in language or ():
        check_label(label, "--language")
    configuration = load_configuration(config)
    settings = load_settings(rules_of(configuration, ENGLISH), methods, method or [])
    place = report or output / "report.html"
    console = Console()
    if from_fineweb2 is not None:
        _import(from_fineweb2, configuration, settings, (output, place), language or [], console)
    else:
        _calibrate(Calibration(configuration, settings), (samples or [], english or []), language or [], output, place)


def _calibrate(
    work: Calibration, places: tuple[list[str], list[str]], labels: list[str], output: Path, report: Path
) -> None:
    samples, references = _read(work, *places, labels)
    work = Calibration(work.configuration, work.settings, references)
    found = calibrate(work, samples, labels)
    entries = []
    for calibrated in found:
        sample = samples.get(calibrated.language)
        effect = effect_of(work, sample, calibrated) if sample else None
        entries.append(Entry(calibrated, differences(work.configuration, calibrated), effect))
    written = _write(output, entries, _sample_header)
    _write_report(report, sample_report(entries, work, places[0]))
    console = Console()
    console.print(_summary(entries))
    _print_places(console, written, output, report)


def _read(
    work: Calibration, places: list[str], english: list[str], labels: list[str]
) -> tuple[dict[str, LanguageSample], dict[str, LanguageSample]]:
    """The samples, with every measurement that is needed, and the reference languages.

    A language that is asked for needs its relatives too, so with `labels` all languages are read and fewer written.
    """
    read = read_samples(places, work.wanted, work.settings.documents, _only_text_files(places, labels))
    others = read_samples(english, work.wanted, work.settings.documents) if english else {}
    references = {label: others.get(label) or read.get(label) for label in (ENGLISH, REFERENCE)}
    needed = {id(sample): sample for sample in [*read.values(), *filter(None, references.values())]}
    for sample in needed.values():
        complete(sample, work.wanted, work.configuration)
    return read, {label: sample for label, sample in references.items() if sample is not None}


def _only_text_files(places: list[str], labels: list[str]) -> Collection[str]:
    """The label that names the language of text files."""
    return labels if len(labels) == 1 and all(place.endswith(".txt") for place in places) else ()


def _import(
    folder: Path,
    configuration: Configuration,
    settings: CalibrationSettings,
    places: tuple[Path, Path],
    labels: list[str],
    console: Console,
) -> None:
    columns = {column.name: column for column in configuration.curate_columns}
    rules = {name: rule for name, rule in rules_of(configuration, ENGLISH).items() if rule.column in columns}
    by_rule = {name: columns[rule.column] for name, rule in rules.items()}
    imported = [
        entry
        for entry in read_folder(folder, by_rule, settings.stopword_list)
        if not labels or entry.calibrated.language in labels
    ]
    entries = [Entry(entry.calibrated, differences(configuration, entry.calibrated), None) for entry in imported]
    for entry, source in zip(entries, imported, strict=True):
        entry.calibrated.notes.extend(source.repairs)
        entry.calibrated.notes.extend(f"{key}: no counterpart" for key in source.unknown)
    written = _write(places[0], entries, _import_header)
    _write_report(places[1], import_report(entries, str(folder)))
    repairs = sum(len(entry.repairs) for entry in imported)
    unknown = sorted({key for entry in imported for key in entry.unknown})
    console.print(f"{len(imported)} files, {len(written)} written, {repairs} repairs", highlight=False)
    if unknown:
        console.print(f"no counterpart: {escape(', '.join(unknown))}", highlight=False, soft_wrap=True)
    _print_places(console, written, *places)


def _write(output: Path, entries: list[Entry], header: Callable[[Calibrated], str]) -> list[Path]:
    """The files of languages that differ from the configuration."""
    return write_files(
        output,
        (
            (entry.label, language_file(entry.label, header(entry.calibrated), entry.differences))
            for entry in entries
            if entry.differences
        ),
    )


def _sample_header(calibrated: Calibrated) -> str:
    if calibrated.documents:
        return f"From {calibrated.documents:,} documents, by `glotmill calibrate`."
    return f"By `glotmill calibrate`. {calibrated.notes[0]}."


def _import_header(calibrated: Calibrated) -> str:
    repaired = f" Repaired or left out: {'; '.join(calibrated.notes)}." if calibrated.notes else ""
    return f"By `glotmill calibrate --from-fineweb2`.{repaired}"


def _write_report(path: Path, page: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _summary(entries: list[Entry]) -> Table:
    """A row for each language, narrow enough for 80 columns, which is also what pipes get."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("language", no_wrap=True)
    numbers = ("documents", "values", "dropped\nbefore", "dropped\nafter", "gained", "lost", "too small\nfor", "notes")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for entry in entries:
        total = entry.effect.total if entry.effect else None
        shares = (
            (f"{total.before / total.documents:.1%}", f"{total.after / total.documents:.1%}", total.gained, total.lost)
            if total
            else ("", "", "", "")
        )
        documents = f"{entry.calibrated.documents:,}" if entry.calibrated.documents else "relatives"
        cells = (entry.label, documents, len(entry.differences), *shares, len(entry.too_small), len(entry.warnings))
        table.add_row(*map(str, cells))
    return table


def _print_places(console: Console, written: list[Path], output: Path, report: Path) -> None:
    console.print(f"{len(written)} files: {escape(str(output))}", highlight=False, soft_wrap=True)
    console.print(f"report:  {escape(str(report))}", highlight=False, soft_wrap=True)
