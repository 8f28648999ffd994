"""Pairs of documents whose Jaccard similarity is known."""

from collections.abc import Callable

import numpy as np
import pytest

Pair = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="session")
def shingle_pair() -> Callable[[np.random.Generator, float], Pair]:
    """Draws two sets of random 64-bit shingles with a union of 200 and exactly this Jaccard similarity."""

    def draw(random: np.random.Generator, jaccard: float, union: int = 200) -> Pair:
        shingles = random.integers(0, 2**64, union, dtype=np.uint64)
        shared = round(jaccard * union)
        assert shared / union == jaccard
        middle = shared + (union - shared) // 2
        return shingles[:middle], np.concatenate((shingles[:shared], shingles[middle:]))

    return draw
