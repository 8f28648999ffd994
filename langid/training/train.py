"""From a corpus to the bundled model: examples, fastText, pruning and quantisation, calibration, manifest."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import yaml

from langid.calibration import Table, fit_calibration
from langid.errors import ModelError
from langid.labels import NO_LANGUAGE, canonical
from langid.models import FastTextModel, Preset, file_sha256
from langid.training.corpus import Corpus, collect
from langid.training.examples import Budget, make_examples
from langid.training.sources import Source, fetch, load_sources


@dataclass(frozen=True)
class Settings:
    """What the trained model depends on besides its texts; one thread, because more make fastText's result random.

    `rows` is how many character n-grams the pruned model keeps: with `dimension` it sets the size of the file, about
    9 + dimension / 2 bytes a row.
    """

    dimension: int = 24
    buckets: int = 2_000_000
    minimum_ngram: int = 1
    maximum_ngram: int = 5
    epochs: int = 7
    rate: float = 0.8
    rows: int = 215_000
    seed: int = 1
    budget: Budget = field(default_factory=Budget)


def train(packages: Path, output: Path, settings: Settings, download: bool = False) -> Path:
    """Train a model from the archives in `packages`; returns the path of its manifest, next to `output`.

    With `download` missing archives are fetched first; without it they are an error.
    """
    sources = load_sources()
    for source in sources if download else ():
        fetch(source, packages)
    corpus = collect([source for source in sources if not source.held_out], packages)
    examples = output.with_suffix(".examples.txt")
    labels = write_examples(corpus, settings, examples)
    manifest = output.with_suffix(".yaml")
    manifest.unlink(missing_ok=True)  # of an earlier model: it would calibrate this one
    train_on(examples, output, settings)
    held_out = collect([source for source in sources if source.held_out], packages)
    table = calibrate(output, held_out, settings)
    manifest.write_text(render_manifest(output, sources, labels, settings, table), encoding="utf-8")
    return manifest


def calibrate(model: Path, held_out: Corpus, settings: Settings) -> Table:
    """A calibration table from pieces of texts that the model was not trained on, as many for each language."""
    # The same for every language, so that none sets the table alone.
    budget = replace(settings.budget, least=4000, most=4000, words=0.0, noise=0, boosts={})
    examples = [
        (canonical(label), text)
        for label, text in make_examples(held_out, budget, settings.seed)
        if label != NO_LANGUAGE
    ]
    found = FastTextModel(model.name, model, file_sha256(model), Preset(path=str(model))).predict(
        [text for _, text in examples]
    )
    return fit_calibration(
        [(best[0][1], best[0][0] == label) for best, (label, _) in zip(found, examples, strict=True) if best]
    )


def write_examples(corpus: Corpus, settings: Settings, path: Path) -> dict[str, int]:
    """Write the shuffled examples in fastText's format; returns their number by label."""
    lines = [f"__label__{label} {text}\n" for label, text in make_examples(corpus, settings.budget, settings.seed)]
    if not lines:
        raise ModelError("no training texts: the folder of packages has none of the archives of sources.yaml")
    random.Random(settings.seed).shuffle(lines)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines)
    counts: dict[str, int] = {}
    for line in lines:
        label = line.split(" ", 1)[0].removeprefix("__label__")
        counts[label] = counts.get(label, 0) + 1
    return dict(sorted(counts.items()))


def train_on(examples: Path, output: Path, settings: Settings) -> None:
    """Train on a file of examples, then prune and quantise to the small .ftz at `output`."""
    import fasttext

    model = fasttext.train_supervised(
        str(examples),
        dim=settings.dimension,
        bucket=settings.buckets,
        minn=settings.minimum_ngram,
        maxn=settings.maximum_ngram,
        # No whole words: n-grams with the marks of a word's start and end carry them, for every language alike.
        minCount=1_000_000_000,
        epoch=settings.epochs,
        lr=settings.rate,
        loss="softmax",
        seed=settings.seed,
        thread=1,
        verbose=0,
    )
    model.quantize(
        str(examples),
        cutoff=settings.rows,
        retrain=True,
        epoch=max(1, settings.epochs // 3),
        lr=settings.rate / 2,
        qnorm=True,
        dsub=2,
        thread=1,
        verbose=0,
    )
    model.save_model(str(output))


def render_manifest(
    model: Path, sources: Sequence[Source], labels: dict[str, int], settings: Settings, calibration: Table
) -> str:
    """The manifest: what the model was made from and how, in YAML."""
    packages: dict[str, str] = {}
    for source in sorted(sources, key=lambda source: (source.registry, source.name, source.licence)):
        key = f"{source.registry}:{source.name} {source.version}"
        others = [] if source.licence in packages.get(key, "").split("; ") else [source.licence]
        packages[key] = "; ".join(filter(None, [packages.get(key), *others]))
    data = {
        "file": model.name,
        "bytes": model.stat().st_size,
        "sha256": file_sha256(model),
        "licence": "Apache-2.0",
        "command": "glotmill langid train --packages FOLDER --download",
        "settings": asdict(settings),
        "sources": packages,
        "calibration": [list(point) for point in calibration],
        "labels": labels,
    }
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
