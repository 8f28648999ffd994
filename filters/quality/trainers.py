"""What makes quality models: the interface of trainers, and fastText's."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from filters.quality.documents import Example
from filters.quality.metrics import Floats, average_precision
from filters.quality.models import (
    MANIFEST_SUFFIX,
    NEGATIVE_LABEL,
    POSITIVE_LABEL,
    PREFIX,
    Encoder,
    Preparation,
    QualityModel,
    beside,
)
from langid.models import file_sha256
from pipeline.errors import UsageError

# One thread and a seed make the same file again; more threads write into the same weights at once.
REPRODUCIBLE = {"thread": 1, "seed": 1, "verbose": 0}
# Word pairs as in FineWeb2-HQ (Messmer et al. 2025); 2^18 places for them and 32 dimensions keep a model at 40 MB,
# where fastText's defaults make 800 MB.
FIXED = {"dim": 32, "bucket": 1 << 18, "wordNgrams": 2, "minCount": 2, "lr": 0.5, "loss": "softmax"}
# A few hundred documents need more passes than a hundred thousand: about so many are seen in all.
DOCUMENTS_SEEN, FEWEST_PASSES, MOST_PASSES = 20_000, 5, 25
# What autotune may choose; size stays.
TUNED = ("wordNgrams", "minCount", "epoch", "lr", "minn", "maxn")


class Scorer(Protocol):
    """What gives texts probabilities of the positive class."""

    name: str

    def score_texts(self, texts: Sequence[str]) -> list[float]:
        """The probability for each text."""
        ...


class Trainer(Protocol):
    """What makes models of one kind."""

    @property
    def encoder(self) -> Encoder | None:
        """The encoder that models of a head need."""
        ...

    @property
    def preparation(self) -> Preparation:
        """How texts become what the model reads."""
        ...

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the libraries that make a model what it is."""
        ...

    def parameters(self, training: Sequence[Example], validation: Sequence[Example]) -> dict[str, Any]:
        """The parameters, which the validation part may choose."""
        ...

    def write_model(self, training: Sequence[Example], parameters: dict[str, Any], output: Path) -> None:
        """Train, and write the model's file."""
        ...

    def model(self, file: Path) -> Scorer:
        """The model of a written file."""
        ...

    def scores(self, training: Sequence[Example], held_out: Sequence[Example], parameters: dict[str, Any]) -> Floats:
        """Scores of held-out examples by a model of its own."""
        ...


@dataclass(frozen=True)
class FastTextTrainer:
    """fastText over files in a folder of its own."""

    folder: Path
    preparation: Preparation
    seconds: int
    """Budget of autotune; 0: the fixed parameters."""
    seed: int
    encoder: None = None

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the libraries that make a model what it is."""
        return {name: version(name) for name in ("fasttext-community", "icu4py")}

    def parameters(self, training: Sequence[Example], validation: Sequence[Example]) -> dict[str, Any]:
        """fastText's parameters: the fixed ones, or what autotune finds where that ranks the validation part better.

        Autotune maximises the F1 of the positive class; a short budget may find nothing that takes any document.
        """
        passes = min(MOST_PASSES, max(FEWEST_PASSES, DOCUMENTS_SEEN // len(training)))
        fixed = FIXED | {"epoch": passes} | REPRODUCIBLE
        if not self.seconds:
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
                autotuneDuration=self.seconds,
                **{name: value for name, value in FIXED.items() if name not in TUNED},
                **REPRODUCIBLE,
            ).f.getArgs()
        except RuntimeError as exc:  # no trial ended in time
            raise UsageError(
                f"--autotune: {self.seconds} seconds are too few for {len(training):,} documents ({exc}); "
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

    def model(self, file: Path) -> QualityModel:
        """The model of a file that was written."""
        return QualityModel(file, file_sha256(file), POSITIVE_LABEL, self.preparation)

    def scores(self, training: Sequence[Example], held_out: Sequence[Example], parameters: dict[str, Any]) -> Floats:
        """Scores of held-out examples by a model of its own."""
        path = self.folder / "fold.bin"
        self.write_model(training, parameters, path)
        return score_examples(self.model(path), held_out)

    def _write(self, examples: Sequence[Example], name: str) -> Path:
        path = self.folder / name
        order = np.random.default_rng(self.seed).permutation(len(examples))
        with path.open("w", encoding="utf-8", errors="replace") as file:
            for index in order:
                label = POSITIVE_LABEL if examples[index].positive else NEGATIVE_LABEL
                text = self.preparation.prepare(examples[index].document.text)
                file.write(f"{PREFIX}{label} {text}\n")
        return path


def score_examples(model: Scorer, examples: Sequence[Example]) -> Floats:
    """Scores of examples, float64 of shape (examples,)."""
    return np.array(model.score_texts([example.document.text for example in examples]), np.float64)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
