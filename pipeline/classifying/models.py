"""Transformer classifiers: texts in, labels with probabilities, or a value, out."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.classifying.encoding import CLASSIFIER, Transformer, Weights, weights_version
from pipeline.classifying.heads import head_version, is_head, load_embedding_model
from pipeline.classifying.parameters import Classifier
from pipeline.errors import UsageError


class Classes(NamedTuple):
    """What a classifier says of a document."""

    given: list[str]
    scores: list[tuple[str, float]]


class TransformerClassifier:
    """A loaded sequence classifier, on the GPU where the process has one."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self._transformer = Transformer(_weights(classifier), classifier.tokens, classifier.batch)
        config = self._transformer.config
        self.kind = classifier.kind or _kind(config)
        self._labels = [config.id2label[number] for number in range(config.num_labels)]

    def classify(self, texts: Sequence[str]) -> Iterator[Classes]:
        """What the classifier says of each text, by its first tokens."""
        for output, _ in self._transformer.outputs(texts):
            yield from (self._classes(values) for values in self._values(output.logits.float()))

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
        return Classes(_above(scores, self.classifier.threshold), scores)


class EmbeddingClassifier:
    """A loaded head over sentence embeddings: one label, given from the threshold on."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self._model = load_embedding_model(Path(classifier.model), classifier.batch)

    def classify(self, texts: Sequence[str]) -> Iterator[Classes]:
        """What the head says of each text; it reads as many tokens as it was trained with."""
        for value in self._model.score_texts(texts):
            scores = [(f"{self.classifier.name}:positive", value)]
            yield Classes(_above(scores, self.classifier.threshold), scores)


@cache
def load_classifier(classifier: Classifier) -> TransformerClassifier | EmbeddingClassifier:
    """The classifier, loaded once per process. Raises ModelError or UsageError."""
    return EmbeddingClassifier(classifier) if is_head(classifier.model) else TransformerClassifier(classifier)


def classifier_version(classifier: Classifier) -> str:
    """What tells a classifier's weights from others: the hub's commit, or a hash of the folder's files.

    Raises UsageError where the extra is not installed, ModelError where there is no such model.
    """
    if not is_head(classifier.model):
        return weights_version(_weights(classifier))
    if classifier.kind is not None or classifier.revision is not None:
        raise UsageError(f"classifier {classifier.name}: {classifier.model} is a head; leave out `kind` and `revision`")
    return head_version(Path(classifier.model))


def _above(scores: Sequence[tuple[str, float]], threshold: float) -> list[str]:
    return [label for label, value in scores if value >= threshold]


def _weights(classifier: Classifier) -> Weights:
    return Weights(classifier.model, classifier.revision, CLASSIFIER, f"classifier {classifier.name}")


def _kind(config: Any) -> str:
    """What a model's configuration says that its outputs are."""
    known = {"regression": "scale", "multi_label_classification": "many", "single_label_classification": "one"}
    return known.get(config.problem_type, "scale" if config.num_labels == 1 else "one")
