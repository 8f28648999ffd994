"""The card of a quality model: what it was made from, how good it is, what it is not."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from filters.quality.metrics import Metrics
from filters.quality.models import CARD_SUFFIX, Manifest, beside

_CAVEAT = """\
The score is the probability that a document is of the positive sources rather than of the negative ones. Whatever tells
the two apart counts, be it what was meant or not: topic, genre, length, the language's variety, marks that extraction
leaves. No {group} is in two parts, so that names and furniture of single sites do not help; families of sites and
near-copies on other sites can. On documents unlike both sources the score has no known meaning."""


def write_card(model: Path, manifest: Manifest, by_language: Mapping[str, Metrics]) -> Path:
    """Write the card beside a model, as Markdown; returns its path."""
    path = beside(model, CARD_SUFFIX)
    path.write_text(render_card(manifest, by_language), encoding="utf-8")
    return path


def render_card(manifest: Manifest, by_language: Mapping[str, Metrics]) -> str:
    """The card of a model, as Markdown."""
    group = str(manifest.settings.get("group", "site"))
    together = {"site": "site", "none": "document"}.get(group, f"part of an address that `{group}` finds")
    parts = [
        f"# {manifest.file}",
        f"{_kind(manifest)} classifier of document quality for {', '.join(manifest.languages)}. "
        f"SHA-256 `{manifest.sha256}`, {manifest.bytes:,} bytes.",
        "## Documents",
        "\n".join(
            f"- {label}: {', '.join(f'`{place}`' for place in places)}" for label, places in manifest.sources.items()
        ),
        _table(
            ("part", "positive", "negative", "groups"),
            [(name, *(f"{count:,}" for count in counts.values())) for name, counts in manifest.documents.items()],
        ),
        "Left out: "
        + (", ".join(f"{count:,} {reason}" for reason, count in manifest.left_out.items()) or "none")
        + ".",
        "## Held-out documents",
        _metrics(manifest, by_language),
        "## Thresholds",
        "\n".join(
            f"- {share:.0%} of the held-out negatives score {threshold:.4f} or more"
            for share, threshold in manifest.thresholds.items()
        ),
        "## What it is not",
        _CAVEAT.format(group=together),
        "## Making it again",
        _table(("parameter", "value"), [(f"`{name}`", str(value)) for name, value in manifest.parameters.items()]),
        "Texts: " + ", ".join(f"{name} {value}" for name, value in manifest.preparation.model_dump().items()) + ".",
        "With: " + ", ".join(f"{name} {number}" for name, number in manifest.versions.items()) + ".",
    ]
    return "\n\n".join(parts) + "\n"


def _kind(manifest: Manifest) -> str:
    encoder = manifest.encoder
    if encoder is None:
        return "fastText"
    return f"Sentence-embedding (`{encoder.model}`, version `{encoder.version}`, {encoder.tokens} tokens)"


def _metrics(manifest: Manifest, by_language: Mapping[str, Metrics]) -> str:
    held_out = {name: value for name, value in manifest.held_out.items() if name != "cross_validation"}
    rows = [("test", Metrics(**held_out))]
    if "cross_validation" in manifest.held_out:
        rows.append(("cross-validation", Metrics(**manifest.held_out["cross_validation"])))
    rows += by_language.items() if len(by_language) > 1 else ()
    head = ("documents of", "documents", "positives", "F1", "95 % interval", "precision", "recall", "AUC")
    return _table(head, (_row(name, metrics) for name, metrics in rows))


def _row(name: str, found: Metrics) -> Sequence[str]:
    values = (found.f1, found.f1_low, found.f1_high, found.precision, found.recall, found.area_under_curve)
    f1, low, high, precision, recall, area = ("–" if value is None else f"{value:.3f}" for value in values)
    interval = "–" if found.f1_low is None else f"{low} to {high}"
    return name, f"{found.documents:,}", f"{found.positives:,}", f1, interval, precision, recall, area


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]
    return "\n".join(lines)
