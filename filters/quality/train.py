"""Training a quality classifier: examples to fastText, metrics on held-out documents, manifest."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from filters.quality.documents import Example, Examples, choose_examples, read_documents, split
from filters.quality.metrics import Floats, Metrics, average_precision, measure_scores, threshold_for
from filters.quality.models import (
    MANIFEST_SUFFIX,
    NEGATIVE_LABEL,
    POSITIVE_LABEL,
    PREFIX,
    Manifest,
    Preparation,
    QualityModel,
    beside,
    read_manifest,
    write_manifest,
)
from langid.models import file_sha256
from pipeline.errors import UsageError

SUFFIXES = (".bin", ".ftz")
PARTS = ("training", "validation", "test")
SHARES = (0.8, 0.1, 0.1)
# One thread and a seed make the same file again; more threads write into the same weights at once.
REPRODUCIBLE = {"thread": 1, "seed": 1, "verbose": 0}
# Word pairs as in FineWeb2-HQ (Messmer et al. 2025); 2^18 places for them and 32 dimensions keep a model at 40 MB,
# where fastText's defaults make 800 MB.
FIXED = {"dim": 32, "bucket": 1 << 18, "wordNgrams": 2, "minCount": 2, "lr": 0.5, "loss": "softmax"}
# A few hundred documents need more passes than a hundred thousand: about so many are seen in all.
DOCUMENTS_SEEN, FEWEST_PASSES, MOST_PASSES = 20_000, 5, 25
# What autotune may choose; size stays.
TUNED = ("wordNgrams", "minCount", "epoch", "lr", "minn", "maxn")
SAMPLE = 512

Train = Callable[[Sequence[Example]], QualityModel]


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


@dataclass(frozen=True)
class Trained:
    """A trained model: its manifest, and metrics of all held-out documents and by language."""

    manifest: Manifest
    test: Metrics
    by_language: dict[str, Metrics]
    folds: Metrics | None


def train(positives: Sequence[str], negatives: Sequence[str], output: Path, settings: Settings) -> Trained:
    """Train a model from files, folders or runs of both classes, and write it with its manifest.

    The model is tested on the very file that is written. Raises InputError or UsageError, before anything is written.
    """
    if output.suffix not in SUFFIXES:
        raise UsageError(
            f"{output}: a model's file ends in .bin (whole) or .ftz (quantised, a few percent of the size)"
        )
    _check_shares(settings.shares)
    examples = read_examples(positives, negatives, settings)
    parts = split(examples.chosen, SHARES, settings.seed)
    folds = split(examples.chosen, [1 / settings.folds] * settings.folds, settings.seed) if settings.folds else []
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="glotmill-quality-") as folder:
        trainer = Trainer(Path(folder), settings)
        parameters = trainer.parameters(parts[0], parts[1])
        trainer.write_model(parts[0], parameters, output)
        validated = _cross_validate(folds, trainer, parameters, settings) if folds else None
    checksum = file_sha256(output)
    model = QualityModel(output, checksum, POSITIVE_LABEL, settings.preparation)
    test = evaluate(model, parts[2], settings.seed)
    negatives_held_out = [example for part in parts[1:] for example in part if not example.positive]
    scores = score_examples(model, negatives_held_out)
    manifest = Manifest(
        file=output.name,
        bytes=output.stat().st_size,
        sha256=checksum,
        preparation=settings.preparation,
        languages=tuple(sorted({example.document.language for example in examples.chosen})),
        sources={"positive": list(positives), "negative": list(negatives)},
        settings={name: value for name, value in _plain(asdict(settings)).items() if name != "preparation"},
        parameters=parameters,
        documents={name: _counts(part) for name, part in zip(PARTS, parts, strict=True)},
        left_out=examples.left_out,
        held_out=asdict(test) | ({"cross_validation": asdict(validated)} if validated else {}),
        thresholds={share: threshold_for(scores, share) for share in settings.shares},
        versions={"fasttext-community": version("fasttext-community"), "icu4py": version("icu4py")},
        training_sample=training_sample(parts[0]),
    )
    write_manifest(output, manifest)
    return Trained(manifest, test, evaluate_languages(model, parts[2], settings.seed), validated)


def read_examples(positives: Iterable[str], negatives: Iterable[str], settings: Settings) -> Examples:
    """The chosen documents of both classes. Raises InputError."""
    return choose_examples(
        read_documents(positives, settings.languages),
        read_documents(negatives, settings.languages),
        settings.most,
        settings.group,
        settings.seed,
    )


@dataclass(frozen=True)
class Trainer:
    """fastText over files in a folder of its own."""

    folder: Path
    settings: Settings

    def parameters(self, training: Sequence[Example], validation: Sequence[Example]) -> dict[str, Any]:
        """fastText's parameters: the fixed ones, or what autotune finds where that ranks the validation part better.

        Autotune maximises the F1 of the positive class; a short budget may find nothing that takes any document.
        """
        passes = min(MOST_PASSES, max(FEWEST_PASSES, DOCUMENTS_SEEN // len(training)))
        fixed = FIXED | {"epoch": passes} | REPRODUCIBLE
        if not self.settings.seconds:
            return fixed
        tuned = self._tuned(training, validation)
        positive = np.array([example.positive for example in validation], np.bool_)
        precision = [average_precision(self.scores(training, validation, p), positive) or 0.0 for p in (fixed, tuned)]
        return tuned if precision[1] > precision[0] else fixed

    def _tuned(self, training: Sequence[Example], validation: Sequence[Example]) -> dict[str, Any]:
        import fasttext

        try:
            found = fasttext.train_supervised(
                str(self._write(training, "training.txt")),
                autotuneValidationFile=str(self._write(validation, "validation.txt")),
                autotuneMetric=f"f1:{PREFIX}{POSITIVE_LABEL}",
                autotuneDuration=self.settings.seconds,
                **{name: value for name, value in FIXED.items() if name not in TUNED},
                **REPRODUCIBLE,
            ).f.getArgs()
        except RuntimeError as exc:  # no trial ended in time
            raise UsageError(
                f"--autotune: {self.settings.seconds} seconds are too few for {len(training):,} documents ({exc}); "
                "give more, or leave it out"
            ) from exc
        return FIXED | {name: _rounded(getattr(found, name)) for name in TUNED} | REPRODUCIBLE

    def write_model(self, training: Sequence[Example], parameters: dict[str, Any], output: Path) -> None:
        """Train with one thread and write the model; `.ftz` is pruned and quantised."""
        import fasttext

        examples = str(self._write(training, "training.txt"))
        model = fasttext.train_supervised(examples, **parameters)
        if output.suffix == ".ftz":
            model.quantize(examples, cutoff=1 << 16, retrain=True, qnorm=True, thread=1, verbose=0)
        beside(output, MANIFEST_SUFFIX).unlink(missing_ok=True)  # of an earlier model
        partial = output.with_name(f".{output.name}.partial")
        model.save_model(str(partial))
        partial.rename(output)

    def scores(self, training: Sequence[Example], held_out: Sequence[Example], parameters: dict[str, Any]) -> Floats:
        """Scores of held-out examples by a model of its own."""
        path = self.folder / "fold.bin"
        self.write_model(training, parameters, path)
        model = QualityModel(path, file_sha256(path), POSITIVE_LABEL, self.settings.preparation)
        return score_examples(model, held_out)

    def _write(self, examples: Sequence[Example], name: str) -> Path:
        path = self.folder / name
        order = np.random.default_rng(self.settings.seed).permutation(len(examples))
        with path.open("w", encoding="utf-8", errors="replace") as file:
            for index in order:
                label = POSITIVE_LABEL if examples[index].positive else NEGATIVE_LABEL
                text = self.settings.preparation.prepare(examples[index].document.text)
                file.write(f"{PREFIX}{label} {text}\n")
        return path


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


def evaluate(model: QualityModel, examples: Sequence[Example], seed: int = 1) -> Metrics:
    """Metrics of a model over examples."""
    return _metrics(score_examples(model, examples), examples, seed)


def evaluate_languages(model: QualityModel, examples: Sequence[Example], seed: int = 1) -> dict[str, Metrics]:
    """Metrics of a model by language, in the order of the labels."""
    languages = sorted({example.document.language for example in examples})
    of_language = {label: [e for e in examples if e.document.language == label] for label in languages}
    return {label: evaluate(model, found, seed) for label, found in of_language.items()}


def score_examples(model: QualityModel, examples: Sequence[Example]) -> Floats:
    """Scores of examples, float64 of shape (examples,)."""
    return np.array(model.score_texts([example.document.text for example in examples]), np.float64)


def training_sample(examples: Sequence[Example]) -> tuple[str, ...]:
    """The smallest hashes of the texts, in order: a sample that any other set of texts can be held against."""
    return tuple(f"{digest:016x}" for digest in sorted(example.document.digest for example in examples)[:SAMPLE])


def seen_in_training(model: Path, examples: Sequence[Example]) -> float | None:
    """Estimated share of the examples whose texts the model was trained on; None where nothing can be told."""
    manifest = read_manifest(model)
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


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {name: list(entry) if isinstance(entry, tuple) else entry for name, entry in value.items()}
