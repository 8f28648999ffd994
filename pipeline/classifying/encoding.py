"""Texts through a transformer of the hub or of a folder, batch by batch, for classifiers and for embeddings."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langid.errors import ModelError
from langid.models import file_sha256
from pipeline.errors import UsageError

EXTRA = "transformers and torch are not installed: pip install 'glotmill[transformers]'"
CLASSIFIER, ENCODER = "AutoModelForSequenceClassification", "AutoModel"
_FIXES = {CLASSIFIER: "name a sequence classifier", ENCODER: "name an encoder"}


@dataclass(frozen=True)
class Weights:
    """Which weights, read as what; `used_by` is what errors name."""

    model: str
    revision: str | None
    kind: str
    used_by: str

    def unusable(self, exc: Exception) -> ModelError:
        """The error for weights that cannot be loaded."""
        return ModelError(
            f"{self.used_by}: {self.model} cannot be loaded ({exc}); {_FIXES[self.kind]} of the hub, or a folder with "
            "its files"
        )


class Transformer:
    """A loaded model with its tokenizer, on the GPU where the process has one. Raises ModelError or UsageError."""

    def __init__(self, weights: Weights, tokens: int, batch: int) -> None:
        self._torch, transformers = libraries()
        self._device = "cuda" if self._torch.cuda.is_available() else "cpu"
        self._tokens, self._batch = tokens, batch
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(weights.model, revision=weights.revision)
            model = getattr(transformers, weights.kind).from_pretrained(weights.model, revision=weights.revision)
        except (OSError, ValueError, RuntimeError) as exc:
            raise weights.unusable(exc) from exc
        self._model = model.to(self._device).eval()
        self.config = model.config

    def outputs(self, texts: Sequence[str]) -> Iterator[tuple[Any, Any]]:
        """The model's output for each batch of texts, by their first tokens, and which of the tokens are no padding."""
        for start in range(0, len(texts), self._batch):
            encoded = self._tokenizer(
                # A token has a character at least: what lies far beyond is never read. Lone surrogates have no UTF-8.
                [
                    text[: 50 * self._tokens].encode("utf-8", "replace").decode()
                    for text in texts[start : start + self._batch]
                ],
                truncation=True,
                max_length=self._tokens,
                padding=True,
                return_tensors="pt",
            ).to(self._device)
            with self._torch.inference_mode():
                output = self._model(**encoded)
            yield output, encoded["attention_mask"]


def weights_version(weights: Weights) -> str:
    """What tells a model's weights from others: the hub's commit, or a hash of the folder's files.

    Raises UsageError where the extra is not installed, ModelError where there is no such model.
    """
    _, transformers = libraries()
    try:
        config = transformers.AutoConfig.from_pretrained(weights.model, revision=weights.revision)
    except (OSError, ValueError) as exc:
        raise weights.unusable(exc) from exc
    folder = Path(weights.model)
    if folder.is_dir():
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return hashlib.sha256("\n".join(f"{path.name} {file_sha256(path)}" for path in files).encode()).hexdigest()
    return str(getattr(config, "_commit_hash", None) or weights.revision)


def libraries() -> tuple[Any, Any]:
    """The modules torch and transformers. Raises UsageError where they are not installed."""
    # An extra: a run without classifiers never loads them.
    try:
        import torch
        import transformers
    except ImportError as exc:
        raise UsageError(f"{EXTRA} ({exc})") from exc
    return torch, transformers
