"""Classifiers of sentence embeddings: an encoder of the hub, and a small head that `glotmill quality train` made.

As in FineWeb2-HQ (Messmer et al. 2025): the mean of the encoder's last hidden states over the first 512 tokens, one
hidden layer with ReLU, one sigmoid. A head is a folder: head.safetensors, and its manifest, which names the encoder.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from filters.quality.models import MANIFEST_SUFFIX, Encoder, Manifest, beside, read_manifest
from langid.errors import ModelError
from langid.models import file_sha256
from pipeline.classifying.encoding import ENCODER, Transformer, Weights, libraries, weights_version
from pipeline.errors import UsageError

Embeddings = NDArray[np.float32]
HEAD = "head.safetensors"
BATCH = 32


class Head(NamedTuple):
    """Weights of the two layers: arrays, or tensors while they are trained."""

    hidden_weight: Any
    """(hidden, embedding)"""
    hidden_bias: Any
    output_weight: Any
    """(hidden,)"""
    output_bias: Any
    """(1,)"""

    def logits(self, embeddings: Any) -> Any:
        """Log-odds of the positive class, of shape (documents,), for embeddings of shape (documents, embedding).

        >>> Head(np.array([[1, 0], [0, 1]]), np.array([0, -1]), np.array([2, 3]), np.array([1])).logits(
        ...     np.array([[1, 2], [-1, 0]])
        ... ).tolist()
        [6, 1]
        """
        return (embeddings @ self.hidden_weight.T + self.hidden_bias).clip(0) @ self.output_weight + self.output_bias


class EmbeddingModel:
    """A head with what makes its embeddings: texts in, probabilities of the positive class out."""

    def __init__(self, embed: Callable[[Sequence[str]], Embeddings], head: Head, name: str) -> None:
        self._embed = embed
        self._head = head
        self.name = name

    def score_texts(self, texts: Sequence[str]) -> list[float]:
        """The probability of the positive class for each text, 0 to 1."""
        probabilities: list[float] = expit(self._head.logits(self._embed(texts))).tolist()
        return probabilities


def embedder(encoder: Encoder, batch: int = BATCH) -> Callable[[Sequence[str]], Embeddings]:
    """What makes embeddings of shape (texts, size): means over tokens that are no padding.

    Raises ModelError or UsageError.
    """
    transformer = Transformer(encoder_weights(encoder), encoder.tokens, batch)
    size = transformer.config.hidden_size
    most = getattr(transformer.config, "max_position_embeddings", None) or encoder.tokens
    if encoder.tokens > most:
        raise UsageError(
            f"encoder {encoder.model} reads {most} tokens at most, not {encoder.tokens}; give --tokens {most}"
        )

    def embed(texts: Sequence[str]) -> Embeddings:
        means = [np.empty((0, size), np.float32)]
        for output, real in transformer.outputs(texts):
            mask = real.unsqueeze(-1).float()
            # An encoder whose tokenizer adds no marks has no token for an empty text.
            mean = (output.last_hidden_state.float() * mask).sum(1) / mask.sum(1).clamp(min=1)
            means.append(mean.cpu().numpy())
        return np.concatenate(means)

    return embed


def encoder_weights(encoder: Encoder) -> Weights:
    """Where an encoder's weights are; of the hub those of the commit that the manifest names."""
    revision = None if Path(encoder.model).is_dir() else encoder.version
    return Weights(encoder.model, revision, ENCODER, f"encoder {encoder.model}")


def is_head(model: str | Path) -> bool:
    """Whether this is a folder with a head."""
    return (Path(model) / HEAD).is_file()


def head_manifest(folder: Path) -> tuple[Manifest, Encoder]:
    """The manifest of a head, and its encoder. Raises ModelError where the head is not the one that it describes."""
    file = folder / HEAD
    manifest = read_manifest(file)
    if manifest is None or manifest.encoder is None:
        raise ModelError(f"{beside(file, MANIFEST_SUFFIX)} is missing, or names no encoder; restore it")
    checksum = file_sha256(file)
    if checksum != manifest.sha256:
        raise ModelError(f"{file} has SHA-256 {checksum}, but its manifest says {manifest.sha256}; restore the file")
    return manifest, manifest.encoder


def head_version(folder: Path) -> str:
    """What tells a head with its encoder from others. Raises ModelError or UsageError."""
    manifest, encoder = head_manifest(folder)
    found = weights_version(encoder_weights(encoder))
    if found != encoder.version:
        raise ModelError(
            f"encoder {encoder.model} has version {found}, but the head {folder} was trained with {encoder.version}; "
            "restore the encoder, or train the head anew"
        )
    return f"{manifest.sha256} {found}"


def load_embedding_model(folder: Path, batch: int = BATCH) -> EmbeddingModel:
    """The model of a folder. Raises ModelError or UsageError."""
    head_version(folder)
    manifest, encoder = head_manifest(folder)
    return EmbeddingModel(embedder(encoder, batch), read_head(folder / HEAD), f"{folder.name}@{manifest.sha256[:8]}")


def read_head(file: Path) -> Head:
    """The weights of a file."""
    libraries()  # names the extra where it is missing
    from safetensors.numpy import load_file

    return Head(**load_file(file))


def write_head(file: Path, head: Head) -> None:
    """Write the weights, whole or not at all."""
    from safetensors.numpy import save_file

    partial = file.with_name(f".{file.name}.partial")
    save_file(head._asdict(), partial)
    partial.rename(file)
