"""MinHash signatures (Broder, *On the resemblance and containment of documents*, 1997).

For a random hash function, the smallest value over two sets of shingles agrees with a probability equal to
the Jaccard similarity of the sets. A signature holds the smallest values of `bands * rows` functions
h(x) = ((a·x + b) mod 2^64) >> 32 with random 64-bit a and b and 32-bit keys x, the upper halves of the
shingles' hashes. This family is strongly universal, hence 2-universal: Dietzfelbinger, *Universal hashing and
k-wise independent random variables via integer arithmetic without primes*, STACS 1996; Thorup, *High Speed
Hashing for Integers and Strings*, arXiv:1504.06804, section 3. It costs one multiplication a value.
"""

from functools import lru_cache

import numpy as np

from dedup.kernels import Uint32Array, Uint64Array, minima, splitmix64
from dedup.parameters import MinHashParameters


def signature(shingles: Uint64Array, parameters: MinHashParameters) -> Uint32Array | None:
    """The MinHash signature, uint32 of shape (bands * rows,), of shingle hashes of shape (n,) in any order.

    None without shingles: the similarity of an empty document to another one cannot be measured.
    """
    if len(shingles) == 0:
        return None
    return minima(shingles, *hash_functions(parameters.size, parameters.seed))


@lru_cache
def hash_functions(count: int, seed: int) -> tuple[Uint64Array, Uint64Array]:
    """Multipliers and addends of `count` functions, each uint64 of shape (count,).

    Drawn from splitmix64, because numpy does not promise that its generators stay the same between versions;
    a function has the same coefficients in signatures of any size.
    """
    coefficients = splitmix64(np.uint64(seed), 2 * count)
    return coefficients[::2].copy(), coefficients[1::2].copy()


def estimate_jaccard(a: Uint32Array, b: Uint32Array) -> float:
    """Unbiased estimate of the Jaccard similarity of two documents from signatures of the same parameters.

    Its standard deviation is sqrt(s·(1 - s) / (bands·rows)). ValueError where the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"signatures of different parameters: {a.shape} against {b.shape}")
    return float(np.mean(a == b))
