"""The parameters of MinHash, and what they promise."""

from functools import lru_cache
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

DEFAULT_BANDS, DEFAULT_ROWS = 14, 8
Script = Annotated[str, Field(pattern=r"^[A-Z][a-z]{3}$")]


class MinHashParameters(BaseModel):
    """Signatures of `bands * rows` values over shingles of `shingle_size` words.

    Two documents become candidates when all rows of at least one band agree. Signatures can only be compared
    when every parameter in `COMPARED` is equal.

    >>> MinHashParameters(threshold=0.8).bands, MinHashParameters(threshold=0.8).rows
    (9, 12)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    # The first three come first: they are validated in order, and choose the next two.
    threshold: float | None = Field(
        default=None, gt=0, lt=1, description="Jaccard similarity that bands and rows are chosen for; null: as given"
    )
    signature_values: int = Field(
        default=112, ge=2, le=1024, description="values of a signature at most, where a threshold chooses the bands"
    )
    false_positive_weight: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="weight of pairs found below the threshold; 1 minus it, of pairs missed above it",
    )
    bands: int = Field(
        default=DEFAULT_BANDS,
        ge=1,
        le=1024,
        validate_default=True,
        description="bands of a signature; more find less similar copies",
    )
    rows: int = Field(
        default=DEFAULT_ROWS,
        ge=1,
        le=1024,
        validate_default=True,
        description="values a band; more find only more similar copies",
    )
    shingle_size: int = Field(default=5, ge=1, le=1024, description="words a shingle")
    character_scripts: tuple[Script, ...] = Field(
        default=("Hani", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Yiii", "Java", "Lana"),
        description="scripts compared by runs of characters, not of words: those without spaces (docs/shingles.md)",
    )
    character_shingle_size: int = Field(default=10, ge=1, le=1024, description="characters a shingle in those scripts")
    seed: int = Field(default=1, ge=0, lt=2**64, description="seed of the hash functions")

    @field_validator("bands", "rows")
    @classmethod
    def _choose(cls, value: int, info: ValidationInfo) -> int:
        """The chosen number where there is a threshold; another one that is given is an error."""
        threshold, values = info.data.get("threshold"), info.data.get("signature_values")
        weight = info.data.get("false_positive_weight")
        if threshold is None or values is None or weight is None:  # none given, or refused already
            return value
        is_bands = info.field_name == "bands"
        chosen = best_bands(threshold, values, weight)[0 if is_bands else 1]
        if value not in (chosen, DEFAULT_BANDS if is_bands else DEFAULT_ROWS):
            raise ValueError(
                f"the threshold {threshold} chooses {chosen}, not {value}; "
                "leave bands and rows out, or set threshold to null"
            )
        return chosen

    @property
    def size(self) -> int:
        """Values of a signature."""
        return self.bands * self.rows

    @property
    def midpoint(self) -> float:
        """The Jaccard similarity at which half of the pairs become candidates.

        >>> round(MinHashParameters().midpoint, 3)
        0.685
        """
        return float((1 - 0.5 ** (1 / self.bands)) ** (1 / self.rows))

    def match_probability(self, jaccard: float) -> float:
        """Probability that two documents of this Jaccard similarity become candidates: 1 - (1 - s^rows)^bands.

        Leskovec, Rajaraman, Ullman, *Mining of Massive Datasets*, section 3.4.2.

        >>> round(MinHashParameters().match_probability(0.8), 3)
        0.924
        """
        return float(1 - (1 - jaccard**self.rows) ** self.bands)


# What decides the values of a signature, and so which signatures can be compared.
COMPARED = ("bands", "rows", "shingle_size", "character_scripts", "character_shingle_size", "seed")


@lru_cache
def best_bands(threshold: float, values: int, false_positive_weight: float) -> tuple[int, int]:
    """Bands and rows, of at most `values` values together, that separate pairs at a threshold t best.

    They minimise w·∫₀ᵗ P(s) ds + (1 - w)·∫ₜ¹ (1 - P(s)) ds, where P is `match_probability`: the false positives
    and negatives if every similarity were as likely, as datasketch chooses them. Fewer bands win a tie.
    ValueError outside 0 < t < 1, 0 < w < 1, values >= 1.

    >>> best_bands(0.7, 128, 0.5)
    (14, 9)
    """
    if not (0 < threshold < 1 and 0 < false_positive_weight < 1 and values >= 1):
        raise ValueError(f"no bands for threshold {threshold}, weight {false_positive_weight}, {values} values")
    # Gauss-Legendre quadrature is exact here: P is a polynomial of degree bands·rows <= values.
    nodes, weights = np.polynomial.legendre.leggauss(values // 2 + 1)
    below, above = (nodes + 1) / 2 * threshold, threshold + (nodes + 1) / 2 * (1 - threshold)
    best, least = (1, 1), np.inf
    for bands in range(1, values + 1):
        rows = np.arange(1, values // bands + 1)[:, None]
        false_positive = (1 - (1 - below**rows) ** bands) @ weights * threshold / 2
        false_negative = (1 - above**rows) ** bands @ weights * (1 - threshold) / 2
        error = false_positive_weight * false_positive + (1 - false_positive_weight) * false_negative
        if error.min() < least:
            best, least = (bands, int(error.argmin()) + 1), error.min()
    return best
