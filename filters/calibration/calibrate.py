"""From samples to the values of each language: measured where there are documents enough, else those of relatives."""

from collections.abc import Collection, Mapping

from filters.calibration.fallback import borrowed_values
from filters.calibration.samples import LanguageSample
from filters.calibration.values import measured_values
from filters.calibration.work import ENGLISH, Calibrated, Calibration
from pipeline.errors import InputError


def calibrate(work: Calibration, samples: Mapping[str, LanguageSample], labels: Collection[str]) -> list[Calibrated]:
    """The values of each language, in the order of the labels; `labels` may name languages without documents.

    Samples have to be complete (`measure.complete`), and so do `work.references`. Raises InputError when a method needs
    English documents and there are too few.
    """
    _check_english(work)
    found = {
        label: measured_values(work, sample)
        for label, sample in sorted(samples.items())
        if work.judged(sample).sum() >= work.least
    }
    for label in sorted({*labels, *samples} - found.keys()):
        documents = int(work.judged(samples[label]).sum()) if label in samples else 0
        found[label] = borrowed_values(work, label, documents, [c for c in found.values() if c.documents])
    return [found[label] for label in sorted(found) if not labels or label in labels]


def _check_english(work: Calibration) -> None:
    needing = [name for name, method in work.moved.items() if method.needs_english]
    english = work.references.get(ENGLISH)
    count = len(english) if english else 0
    if needing and count < work.least:
        raise InputError(
            f"{count} documents of {ENGLISH} in the sample, {work.least} are needed: the methods of "
            f"{len(needing)} rules (such as {needing[0]}) compare with English. Name an English sample with --english, "
            f"or choose methods that need none (--method {needing[0]}=tail)"
        )
