"""Transformer classifiers: texts in, labels with probabilities, or a value, out."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from langid.errors import ModelError
from langid.models import file_sha256
from pipeline.classifying.parameters import Classifier
from pipeline.errors import UsageError

EXTRA = "transformers and torch are not installed: pip install 'glotmill[transformers]'"


class Classes(NamedTuple):
    """What a classifier says of a document."""

    given: list[str]
    scores: list[tuple[str, float]]


class TransformerClassifier:
    """A loaded classifier, on the GPU where the process has one."""

    def __init__(self, classifier: Classifier) -> None:
        torch, transformers = _libraries()
        self.classifier = classifier
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(classifier.model, revision=classifier.revision)
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                classifier.model, revision=classifier.revision
            )
        except (OSError, ValueError, RuntimeError) as exc:
            raise _unusable(classifier, exc) from exc
        self._model = model.to(self._device).eval()
        self.kind = classifier.kind or _kind(model.config)
        self._labels = [model.config.id2label[number] for number in range(model.config.num_labels)]

    def classify(self, texts: Sequence[str]) -> Iterator[Classes]:
        """What the classifier says of each text, by its first tokens."""
        torch, _ = _libraries()
        for start in range(0, len(texts), self.classifier.batch):
            encoded = self._tokenizer(
                # A token has a character at least: what lies beyond is never read.
                [text[: 50 * self.classifier.tokens] for text in texts[start : start + self.classifier.batch]],
                truncation=True,
                max_length=self.classifier.tokens,
                padding=True,
                return_tensors="pt",
            ).to(self._device)
            with torch.inference_mode():
                logits = self._model(**encoded).logits.float()
            yield from (self._classes(values) for values in self._values(logits))

    def _values(self, logits: Any) -> list[list[float]]:
        outputs = {"one": lambda: logits.softmax(-1), "many": logits.sigmoid, "scale": lambda: logits}
        values: list[list[float]] = outputs[self.kind]().tolist()
        return values

    def _classes(self, values: list[float]) -> Classes:
        name = self.classifier.name
        if self.kind == "scale":
            # Scales of education and the like have whole numbers; int_score is what their authors round to.
            return Classes([f"{name}:{round(values[0])}"], [(name, values[0])])
        scores = [(f"{name}:{label}", value) for label, value in zip(self._labels, values, strict=True)]
        if self.kind == "one":
            return Classes([max(scores, key=lambda item: item[1])[0]], scores)
        return Classes([label for label, value in scores if value >= self.classifier.threshold], scores)


@cache
def load_classifier(classifier: Classifier) -> TransformerClassifier:
    """The classifier, loaded once per process. Raises ModelError or UsageError."""
    return TransformerClassifier(classifier)


def classifier_version(classifier: Classifier) -> str:
    """What tells a classifier's weights from others: the hub's commit, or a hash of the folder's files.

    Raises UsageError where the extra is not installed, ModelError where there is no such model.
    """
    _, transformers = _libraries()
    try:
        config = transformers.AutoConfig.from_pretrained(classifier.model, revision=classifier.revision)
    except (OSError, ValueError) as exc:
        raise _unusable(classifier, exc) from exc
    folder = Path(classifier.model)
    if folder.is_dir():
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return hashlib.sha256("\n".join(f"{path.name} {file_sha256(path)}" for path in files).encode()).hexdigest()
    return str(getattr(config, "_commit_hash", None) or classifier.revision)


def _kind(config: Any) -> str:
    """What a model's configuration says that its outputs are."""
    known = {"regression": "scale", "multi_label_classification": "many", "single_label_classification": "one"}
    return known.get(config.problem_type, "scale" if config.num_labels == 1 else "one")


def _libraries() -> tuple[Any, Any]:
    # An extra: a run without classifiers never loads them.
    try:
        import torch
        import transformers
    except ImportError as exc:
        raise UsageError(f"classifying.models: {EXTRA} ({exc})") from exc
    return torch, transformers


def _unusable(classifier: Classifier, exc: Exception) -> ModelError:
    return ModelError(
        f"classifier {classifier.name}: {classifier.model} cannot be loaded ({exc}); name a sequence classifier of the "
        "hub, or a folder with its files"
    )
