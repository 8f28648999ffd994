"""`glotmill quality`: train, eval, score."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from filters.quality.card import write_card
from filters.quality.documents import Document, read_documents
from filters.quality.metrics import Metrics, threshold_for
from filters.quality.models import Preparation
from filters.quality.train import Settings, evaluate_languages, load_scorer, read_examples, seen_in_training
from filters.quality.train import evaluate as evaluate_model
from filters.quality.train import train as train_model
from filters.quality.trainers import Scorer
from langid.labels import UNKNOWN, canonical
from pipeline.errors import InputError, UsageError

app = typer.Typer(no_args_is_help=True, help="Train quality classifiers, test them, and score documents with them.")

BATCH = 512
# The share of documents seen in training from which a test is none.
SEEN = 0.01
PLACES = "Parquet, JSON lines or text files, folders of them, or a run (its kept pages)."

Positive = Annotated[
    list[str], typer.Option("--positive", metavar="PLACE", help=f"Good documents: {PLACES} Repeatable.")
]
Negative = Annotated[list[str], typer.Option("--negative", metavar="PLACE", help="The others, in the same forms.")]
Languages = Annotated[
    list[str] | None, typer.Option("--language", help="Only this language, such as deu_Latn. Repeatable.")
]
Group = Annotated[
    str,
    typer.Option(
        "--group",
        help="What stays together: site, none, or a regular expression whose first group in the address does.",
    ),
]
Seed = Annotated[int, typer.Option(help="Another seed splits the documents in another way.")]
Share = Annotated[list[float] | None, typer.Option("--share", help="Print the threshold that keeps this share.")]


@app.command()
def train(
    positive: Positive,
    negative: Negative,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The model: .bin, quantised .ftz, or with --encoder a folder."),
    ],
    language: Languages = None,
    group: Group = "site",
    most: Annotated[int, typer.Option(min=3, help="Documents of a class at most.")] = 100_000,
    autotune: Annotated[int, typer.Option(min=0, metavar="SECONDS", help="Time to search for parameters in.")] = 0,
    words: Annotated[int, typer.Option(min=1, help="Words of a document that fastText reads.")] = 1000,
    encoder: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Train a head over this encoder's embeddings: of the hub, or a folder."),
    ] = None,
    tokens: Annotated[int, typer.Option(min=8, help="Tokens of a document that the encoder reads.")] = 512,
    share: Share = None,
    folds: Annotated[int, typer.Option(min=0, max=20, help="Cross-validate over so many parts, too.")] = 0,
    seed: Seed = 1,
) -> None:
    """Train a classifier, of fastText or over embeddings; its manifest (.yaml) and card (.md) are written beside it.

    80 % of the documents are trained on, 10 % choose parameters, 10 % test; no site is in two of these parts. Without
    --autotune the same documents give the same file.

    [bold]glotmill quality train --positive good.jsonl --negative corpus --language deu_Latn -o models/good.bin[/]
    """
    if folds == 1:
        raise UsageError("--folds: one part leaves nothing to train on; give 2 or more, or 0")
    labels = _labels(language)
    settings = Settings(
        tuple(labels),
        group,
        most,
        autotune,
        tuple(share or (0.1,)),
        folds,
        seed,
        Preparation(words=words),
        encoder,
        tokens,
    )
    trained = train_model(positive, negative, output, settings)
    card = write_card(trained.file, trained.manifest, trained.by_language)
    console = Console()
    named = {"test": trained.test, **({f"{folds} folds": trained.folds} if trained.folds else {})}
    named |= trained.by_language if len(trained.by_language) > 1 else {}
    console.print(metrics_table("Held-out documents", named))
    for part, counts in trained.manifest.documents.items():
        console.print(f"{part}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()), highlight=False)
    for reason, count in trained.manifest.left_out.items():
        console.print(f"left out, {reason}: {count:,}", highlight=False)
    for wanted, threshold in trained.manifest.thresholds.items():
        console.print(f"{wanted:.0%} of the held-out negatives score {threshold:.4f} or more", highlight=False)
    console.print(f"{escape(str(output))}: SHA-256 {trained.manifest.sha256}", highlight=False, soft_wrap=True)
    console.print(f"card: {escape(str(card))}", highlight=False, soft_wrap=True)


@app.command("eval")
def evaluate(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="Models to compare.")],
    positive: Positive,
    negative: Negative,
    language: Languages = None,
    group: Group = "site",
    most: Annotated[int, typer.Option(min=1, help="Documents of a class at most.")] = 100_000,
    seed: Seed = 1,
) -> None:
    """Metrics of models over documents of both classes, side by side, and by language for one model."""
    settings = Settings(tuple(_labels(language)), group, most, seed=seed)
    examples = read_examples(positive, negative, settings).chosen
    loaded = [(path, load_scorer(path)) for path in models]
    named = {model.name: evaluate_model(model, examples, seed) for _, model in loaded}
    if len(loaded) == 1:
        by_language = evaluate_languages(loaded[0][1], examples, seed)
        named |= by_language if len(by_language) > 1 else {}
    console = Console()
    console.print(metrics_table(f"{len(examples):,} documents", named))
    for path, _ in loaded:
        seen = seen_in_training(path, examples)
        if seen is not None and seen > SEEN:
            console.print(
                f"[yellow]{escape(path.name)}: about {seen:.0%} of these documents are of its training; its "
                "metrics are not those of new documents[/]",
                highlight=False,
            )


@app.command()
def score(
    model: Annotated[Path, typer.Argument(help="The model.")],
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="PLACE...", help=f"{PLACES} Standard input without.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A Parquet file for the scores; without it lines are printed.")
    ] = None,
    language: Languages = None,
    share: Share = None,
) -> None:
    """Write `score TAB language TAB address` for each document; of standard input each line is one.

    [bold]glotmill quality score models/good.bin corpus --share 0.1[/]
    """
    loaded = load_scorer(model)
    documents = read_documents(inputs, _labels(language)) if inputs else _lines()
    scored = score_documents(documents, loaded)
    if output is None and not share:
        for document, value in scored:
            typer.echo(f"{value:.4f}\t{document.language}\t{document.url}")
        return
    held = list(scored)
    if output is not None:
        write_scores(output, held, loaded.name)
    if share:
        Console().print(share_table(held, share))


def score_documents(documents: Iterable[Document], model: Scorer) -> Iterator[tuple[Document, float]]:
    """Documents with their scores, in order; without their texts, so that many can be held."""
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == BATCH:
            yield from _scored(batch, model)
            batch = []
    yield from _scored(batch, model)


def _scored(batch: Sequence[Document], model: Scorer) -> Iterator[tuple[Document, float]]:
    scores = model.score_texts([document.text for document in batch])
    return ((document._replace(text=""), value) for document, value in zip(batch, scores, strict=True))


def write_scores(path: Path, scored: Iterable[tuple[Document, float]], model: str) -> None:
    """Scores as a Parquet file: address, language, hash of the text (xxh3, 64 bits), score, model."""
    rows = [
        {"url": d.url, "language": d.language, "text_hash": d.digest, "quality_score": value, "quality_model": model}
        for d, value in scored
    ]
    schema = pa.schema(
        [
            ("url", pa.string()),
            ("language", pa.string()),
            ("text_hash", pa.uint64()),
            ("quality_score", pa.float64()),
            ("quality_model", pa.string()),
        ]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, compression="zstd")


def share_table(scored: Iterable[tuple[Document, float]], shares: Sequence[float]) -> Table:
    """The exact thresholds that keep shares of each language."""
    by_language: dict[str, list[float]] = {}
    for document, value in scored:
        by_language.setdefault(document.language, []).append(value)
    if not by_language:
        raise InputError("there are no documents, in the languages that are asked for")
    table = Table("language", "documents", *(f"best {share:.0%}" for share in shares), title="Thresholds")
    for label, values in sorted(by_language.items()):
        try:
            thresholds = [threshold_for(np.array(values), share) for share in shares]
        except ValueError as exc:
            raise UsageError(f"--share: {exc}") from exc
        table.add_row(label, f"{len(values):,}", *(f"{threshold:.4f}" for threshold in thresholds))
    return table


def metrics_table(title: str, metrics: dict[str, Metrics]) -> Table:
    """Metrics side by side, a row for each name; narrow enough for 80 columns, which is also what pipes get."""
    table = Table(title=title, box=None, pad_edge=False, collapse_padding=True, header_style="bold")
    table.add_column("", overflow="fold")
    for head in ("documents", "positives", "F1", "95 % interval", "precision", "recall", "AP", "AUC"):
        table.add_column(head, justify="right", no_wrap=True)
    for name, found in metrics.items():
        interval = "" if found.f1_low is None else f"{found.f1_low:.3f}–{found.f1_high:.3f}"
        values = (found.precision, found.recall, found.average_precision, found.area_under_curve)
        first, *others = ("–" if value is None else f"{value:.3f}" for value in (found.f1, *values))
        table.add_row(escape(name), f"{found.documents:,}", f"{found.positives:,}", first, interval, *others)
    return table


def _labels(languages: Sequence[str] | None) -> list[str]:
    """Labels in normal form. Raises UsageError."""
    try:
        return [canonical(label) for label in languages or ()]
    except ValueError as exc:
        raise UsageError(f"--language: {exc}; write labels such as deu_Latn") from exc


def _lines() -> Iterator[Document]:
    for line in sys.stdin.buffer:
        yield Document(line.decode("utf-8", "replace").rstrip("\r\n"), UNKNOWN, "", 0)
