"""The parameters of MinHash, and what they promise."""

from pydantic import BaseModel, ConfigDict, Field


class MinHashParameters(BaseModel):
    """Signatures of `bands * rows` values over shingles of `shingle_size` words.

    Two documents become candidates when all rows of at least one band agree. Signatures can only be compared
    when every one of these parameters is equal.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bands: int = Field(default=14, ge=1, le=1024, description="bands of a signature; more find less similar copies")
    rows: int = Field(default=8, ge=1, le=1024, description="values a band; more find only more similar copies")
    shingle_size: int = Field(default=5, ge=1, le=1024, description="words a shingle")
    seed: int = Field(default=1, ge=0, lt=2**64, description="seed of the hash functions")

    @property
    def size(self) -> int:
        """Values of a signature."""
        return self.bands * self.rows

    @property
    def threshold(self) -> float:
        """The Jaccard similarity at which half of the pairs become candidates.

        >>> round(MinHashParameters().threshold, 3)
        0.685
        """
        return float((1 - 0.5 ** (1 / self.bands)) ** (1 / self.rows))

    def match_probability(self, jaccard: float) -> float:
        """Probability that two documents of this Jaccard similarity become candidates: 1 - (1 -
        s^rows)^bands.

        Leskovec, Rajaraman, Ullman, *Mining of Massive Datasets*, section 3.4.2.

        >>> round(MinHashParameters().match_probability(0.8), 3)
        0.924
        """
        return float(1 - (1 - jaccard**self.rows) ** self.bands)
