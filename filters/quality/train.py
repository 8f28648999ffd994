"""Training a quality classifier: examples to a trainer, metrics on held-out documents, manifest."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from filters.quality.documents import Example, Examples, choose_examples, read_documents, split
from filters.quality.embeddings import HeadTrainer, head_file
from filters.quality.metrics import Floats, Metrics, measure_scores, threshold_for
from filters.quality.models import (
    NEGATIVE_LABEL,
    POSITIVE_LABEL,
    Manifest,
    Preparation,
    load_quality_model,
    read_manifest,
    write_manifest,
)
from filters.quality.trainers import FastTextTrainer, Scorer, Trainer, score_examples
from langid.models import file_sha256
from pipeline.classifying.heads import HEAD, is_head, load_embedding_model
from pipeline.errors import UsageError

SUFFIXES = (".bin", ".ftz")
PARTS = ("training", "validation", "test")
SHARES = (0.8, 0.1, 0.1)
SAMPLE = 512


@dataclass(frozen=True)
class Settings:
    """What a model depends on besides its documents."""

    languages: tuple[str, ...] = ()
    group: str = "site"
    most: int = 100_000
    seconds: int = 0
    """Budget of autotune; 0: the fixed parameters."""
    shares: tuple[float, ...] = (0.1,)
    folds: int = 0
    """Parts of a cross-validation beside the held-out test; 0: none."""
    seed: int = 1
    preparation: Preparation = field(default_factory=Preparation)
    encoder: str | None = None
    """Encoder, of the hub or a folder, over whose embeddings a head is trained; None: fastText."""
    tokens: int = 512
    """Tokens of a document that an encoder reads."""


@dataclass(frozen=True)
class Trained:
    """A trained model: its file, its manifest, and metrics of all held-out documents and by language."""

    file: Path
    manifest: Manifest
    test: Metrics
    by_language: dict[str, Metrics]
    folds: Metrics | None


def train(positives: Sequence[str], negatives: Sequence[str], output: Path, settings: Settings) -> Trained:
    """Train a model from files, folders or runs of both classes, and write it with its manifest.

    The model is tested on the very file that is written. Raises InputError or UsageError, before anything is written.
    """
    file = _model_file(output, settings)
    _check_shares(settings.shares)
    examples = read_examples(positives, negatives, settings)
    parts = split(examples.chosen, SHARES, settings.seed)
    folds = split(examples.chosen, [1 / settings.folds] * settings.folds, settings.seed) if settings.folds else []
    with tempfile.TemporaryDirectory(prefix="glotmill-quality-") as folder:
        trainer = _trainer(Path(folder), settings)
        parameters = trainer.parameters(parts[0], parts[1])
        file.parent.mkdir(parents=True, exist_ok=True)
        trainer.write_model(parts[0], parameters, file)
        validated = _cross_validate(folds, trainer, parameters, settings) if folds else None
    model = trainer.model(file)
    test = evaluate(model, parts[2], settings.seed)
    negatives_held_out = [example for part in parts[1:] for example in part if not example.positive]
    scores = score_examples(model, negatives_held_out)
    manifest = Manifest(
        file=file.name,
        bytes=file.stat().st_size,
        sha256=file_sha256(file),
        preparation=trainer.preparation,
        encoder=trainer.encoder,
        languages=tuple(sorted({example.document.language for example in examples.chosen})),
        sources={"positive": list(positives), "negative": list(negatives)},
        settings={name: value for name, value in _plain(asdict(settings)).items() if name != "preparation"},
        parameters=parameters,
        documents={name: _counts(part) for name, part in zip(PARTS, parts, strict=True)},
        left_out=examples.left_out,
        held_out=asdict(test) | ({"cross_validation": asdict(validated)} if validated else {}),
        thresholds={share: threshold_for(scores, share) for share in settings.shares},
        versions=trainer.versions,
        training_sample=training_sample(parts[0]),
    )
    write_manifest(file, manifest)
    return Trained(file, manifest, test, evaluate_languages(model, parts[2], settings.seed), validated)


def read_examples(positives: Iterable[str], negatives: Iterable[str], settings: Settings) -> Examples:
    """The chosen documents of both classes. Raises InputError."""
    return choose_examples(
        read_documents(positives, settings.languages),
        read_documents(negatives, settings.languages),
        settings.most,
        settings.group,
        settings.seed,
    )


def _model_file(output: Path, settings: Settings) -> Path:
    """The file of the weights. Raises UsageError for options that do not go together."""
    if settings.encoder is None:
        if output.suffix not in SUFFIXES:
            raise UsageError(
                f"{output}: a model's file ends in .bin (whole) or .ftz (quantised, a few percent of the size)"
            )
        return output
    if settings.seconds:
        raise UsageError("--autotune searches fastText's parameters; leave it out with --encoder")
    return head_file(output)


def _trainer(folder: Path, settings: Settings) -> Trainer:
    if settings.encoder is None:
        return FastTextTrainer(folder, settings.preparation, settings.seconds, settings.seed)
    return HeadTrainer(settings.encoder, settings.tokens, settings.seed)


def load_scorer(path: Path) -> Scorer:
    """The model of a fastText file, or of a head's folder. Raises ModelError or UsageError."""
    return load_embedding_model(path) if is_head(path) else load_quality_model(str(path))


def _cross_validate(
    folds: Sequence[Sequence[Example]], trainer: Trainer, parameters: dict[str, Any], settings: Settings
) -> Metrics:
    """Metrics of all examples, each scored by a model that saw none of its fold."""
    scores = [
        trainer.scores([example for other in folds if other is not fold for example in other], fold, parameters)
        for fold in folds
    ]
    examples = [example for fold in folds for example in fold]
    return _metrics(np.concatenate(scores), examples, settings.seed)


def evaluate(model: Scorer, examples: Sequence[Example], seed: int = 1) -> Metrics:
    """Metrics of a model over examples."""
    return _metrics(score_examples(model, examples), examples, seed)


def evaluate_languages(model: Scorer, examples: Sequence[Example], seed: int = 1) -> dict[str, Metrics]:
    """Metrics of a model by language, in the order of the labels."""
    languages = sorted({example.document.language for example in examples})
    of_language = {label: [e for e in examples if e.document.language == label] for label in languages}
    return {label: evaluate(model, found, seed) for label, found in of_language.items()}


def training_sample(examples: Sequence[Example]) -> tuple[str, ...]:
    """The smallest hashes of the texts, in order: a sample that any other set of texts can be held against."""
    return tuple(f"{digest:016x}" for digest in sorted(example.document.digest for example in examples)[:SAMPLE])


def seen_in_training(model: Path, examples: Sequence[Example]) -> float | None:
    """Estimated share of the examples whose texts the model was trained on; None where nothing can be told."""
    manifest = read_manifest(model / HEAD if is_head(model) else model)
    sample = {int(digest, 16) for digest in manifest.training_sample} if manifest else set()
    if not sample:
        return None
    # Below the largest hash of a full sample every training text is in it.
    bound = max(sample) if len(sample) == SAMPLE else 1 << 64
    comparable = [example.document.digest for example in examples if example.document.digest <= bound]
    return sum(digest in sample for digest in comparable) / len(comparable) if comparable else None


def _metrics(scores: Floats, examples: Sequence[Example], seed: int) -> Metrics:
    positive = np.array([example.positive for example in examples], np.bool_)
    return measure_scores(scores, positive, [example.group for example in examples], seed=seed)


def _check_shares(shares: Iterable[float]) -> None:
    for share in shares:
        if not 0 < share <= 1:
            raise UsageError(f"--share: {share} is no share above 0 and at most 1")


def _counts(part: Sequence[Example]) -> dict[str, int]:
    counts = Counter(POSITIVE_LABEL if example.positive else NEGATIVE_LABEL for example in part)
    return {label: counts[label] for label in (POSITIVE_LABEL, NEGATIVE_LABEL)} | {
        "groups": len({example.group for example in part})
    }


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {name: list(entry) if isinstance(entry, tuple) else entry for name, entry in value.items()}
