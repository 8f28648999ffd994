"""Training a head over sentence embeddings: FineWeb2-HQ's second kind of classifier (Messmer et al. 2025)."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from filters.quality.documents import Example
from filters.quality.metrics import Bools, Floats
from filters.quality.models import MANIFEST_SUFFIX, Encoder, Preparation, beside
from filters.quality.trainers import score_examples
from langid.models import file_sha256
from pipeline.classifying.encoding import libraries, weights_version
from pipeline.classifying.heads import (
    HEAD,
    EmbeddingModel,
    Embeddings,
    Head,
    embedder,
    encoder_weights,
    read_head,
    write_head,
)
from pipeline.errors import UsageError

FIXED: dict[str, Any] = {"hidden": 256, "batch": 64, "rate": 1e-3}
# A few hundred documents need more passes than a hundred thousand.
DOCUMENTS_SEEN, PASSES = 20_000, 30


class HeadTrainer:
    """Heads over the embeddings of an encoder, which stays as it is; each text is encoded once."""

    preparation = Preparation(preprocessing="none", words=None)

    def __init__(self, model: str, tokens: int, seed: int) -> None:
        name = str(Path(model).absolute()) if Path(model).is_dir() else model
        unpinned = Encoder(model=name, version=None, tokens=tokens)
        self.encoder = unpinned.model_copy(update={"version": weights_version(encoder_weights(unpinned))})
        self.versions = {library: version(library) for library in ("torch", "transformers")}
        self._embed = embedder(self.encoder)
        self._known: dict[str, Embeddings] = {}
        self._seed = seed

    def parameters(self, training: Sequence[Example], validation: Sequence[Example]) -> dict[str, Any]:
        """The fixed parameters, and the number of passes after which the validation part's loss is least."""
        held_out, wanted = self._arrays(validation)
        passes = max(PASSES, DOCUMENTS_SEEN // len(training))
        heads = train_head(*self._arrays(training), **FIXED, passes=passes, seed=self._seed)
        losses = [log_loss(head.logits(held_out), wanted) for head in heads]
        return FIXED | {"passes": int(np.argmin(losses)) + 1, "seed": self._seed}

    def write_model(self, training: Sequence[Example], parameters: dict[str, Any], output: Path) -> None:
        """Train a head and write its file."""
        *_, head = train_head(*self._arrays(training), **parameters)
        beside(output, MANIFEST_SUFFIX).unlink(missing_ok=True)  # of an earlier model
        write_head(output, head)

    def model(self, file: Path) -> EmbeddingModel:
        """The model of a file that was written."""
        return EmbeddingModel(self._embeddings, read_head(file), f"{file.parent.name}@{file_sha256(file)[:8]}")

    def scores(self, training: Sequence[Example], held_out: Sequence[Example], parameters: dict[str, Any]) -> Floats:
        """Scores of held-out examples by a head of its own."""
        *_, head = train_head(*self._arrays(training), **parameters)
        model = EmbeddingModel(self._embeddings, head, "fold")
        return score_examples(model, held_out)

    def _arrays(self, examples: Sequence[Example]) -> tuple[Embeddings, Bools]:
        texts = [example.document.text for example in examples]
        return self._embeddings(texts), np.array([example.positive for example in examples], np.bool_)

    def _embeddings(self, texts: Sequence[str]) -> Embeddings:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._embed(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def train_head(
    embeddings: Embeddings, positive: Bools, *, hidden: int, batch: int, rate: float, passes: int, seed: int
) -> Iterator[Head]:
    """The head after each pass over the examples: AdamW on the binary cross-entropy, on one thread.

    First weights and the order of the examples are numpy's by the seed.
    """
    torch, _ = libraries()
    chance = np.random.default_rng(seed)
    sizes = ((hidden, embeddings.shape[1]), (hidden,), (hidden,), (1,))
    fans = (embeddings.shape[1], embeddings.shape[1], hidden, hidden)
    # Uniform within one by the root of the inputs, as is usual for linear layers.
    first = [chance.uniform(-1, 1, size) / np.sqrt(fan) for size, fan in zip(sizes, fans, strict=True)]
    head = Head(*(torch.tensor(values, dtype=torch.float32, requires_grad=True) for values in first))
    optimizer = torch.optim.AdamW(head, lr=rate)
    inputs, wanted = torch.from_numpy(embeddings), torch.from_numpy(positive.astype(np.float32))
    # One thread sums in one order, and more only wait for each other in so small a network.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(passes):
            for rows in torch.from_numpy(chance.permutation(len(positive))).split(batch):
                optimizer.zero_grad()
                torch.nn.functional.binary_cross_entropy_with_logits(head.logits(inputs[rows]), wanted[rows]).backward()
                optimizer.step()
            yield Head(*(tensor.detach().numpy().copy() for tensor in head))
    finally:
        torch.set_num_threads(threads)


def log_loss(logits: Floats | Embeddings, positive: Bools) -> float:
    """Mean binary cross-entropy in nats.

    >>> round(log_loss(np.array([0.0, 100.0]), np.array([True, True])), 4)
    0.3466
    """
    return float(np.logaddexp(0, np.where(positive, -logits, logits)).mean())


def head_file(folder: Path) -> Path:
    """The file of a head that is to be written to a folder. Raises UsageError where that is a file."""
    if folder.is_file() or folder.suffix in (".bin", ".ftz"):
        raise UsageError(f"{folder}: a head of --encoder is a folder; name another place")
    return folder / HEAD
