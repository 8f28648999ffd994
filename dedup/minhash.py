"""MinHash signatures (Broder, *On the resemblance and containment of documents*, 1997).

For a random hash function, the smallest value over two sets of shingles agrees with a probability equal to
the Jaccard similarity of the sets. A signature holds the smallest values of `bands * rows` functions
f(x) = (lower half of x + c·upper half of x) mod 2^32 of the shingles' 64-bit hashes x, with random 32-bit c:
double hashing (Kirsch and Mitzenmacher, *Less Hashing, Same Performance*, ESA 2006). It costs one 32-bit
multiplication a value. Over uniform x every function is uniform, so that each shingle of a union is the
smallest with the same probability; the values of two functions are independent up to the power of two that
divides the difference of their factors.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dedup.kernels import (
    HALF,
    Int64Array,
    Uint32Array,
    Uint64Array,
    combine,
    minima,
    sign_characters,
    sign_documents,
    sign_words,
    splitmix64,
)
from dedup.parameters import MinHashParameters
from dedup.shingles import SEPARATOR, TABLE, apply_kernel, raw_hashes

Mask = npt.NDArray[np.bool_]


def document_signature(
    text: str, words: Sequence[str], script: str, parameters: MinHashParameters
) -> Uint32Array | None:
    """The MinHash signature of a document, uint32 of shape (bands * rows,).

    Of its words, or, where the script (`Thai`, `Hani`) is one of `parameters.character_scripts`, of the
    characters of its text. None for a document of which nothing can be compared: one without words, or of
    white space alone.

    >>> by_words, by_characters = MinHashParameters(), MinHashParameters(character_scripts=("Hani", "Thai"))
    >>> one = document_signature("東京へ行く。", ["東京", "へ", "行く", "。"], "Hani", by_words)
    >>> other = document_signature("東京へ行く。", ["東", "京", "へ行く", "。"], "Hani", by_words)
    >>> bool((one == other).all())
    False
    >>> one = document_signature("東京へ行く。", ["東京", "へ", "行く", "。"], "Hani", by_characters)
    >>> other = document_signature("東京へ行く。", ["東", "京", "へ行く", "。"], "Hani", by_characters)
    >>> bool((one == other).all())
    True
    >>> document_signature(" ", [], "Latn", by_words) is None
    True
    """
    if script in parameters.character_scripts:
        return characters_signature(text, parameters)
    return words_signature(SEPARATOR.join(words), parameters)


def words_signature(words: str, parameters: MinHashParameters, separator: str = SEPARATOR) -> Uint32Array | None:
    """The signature of words in one string: of `shingle_hashes` of them, in one call of compiled code.

    The separator is a character of no word, which folding removes, as NUL or the space.

    >>> from dedup.shingles import shingle_hashes
    >>> words = "Все люди рождаются свободными и равными"
    >>> joined = words_signature(words, MinHashParameters(), " ")
    >>> np.array_equal(joined, signature(shingle_hashes(words.split(), 5), MinHashParameters()))
    True
    """
    size, factors = parameters.shingle_size, hash_functions(parameters.size, parameters.seed)
    code = np.uint8(ord(separator))
    smallest = apply_kernel(sign_words, words, code, size, factors, separator=separator)
    if len(smallest):
        return smallest
    return signature(combine(raw_hashes(words.split(separator)), size), parameters)


def batch_signatures(
    text: bytes, ends: Int64Array, parameters: MinHashParameters, separator: str = SEPARATOR
) -> tuple[Uint32Array, Mask]:
    """`words_signature` of many documents at once: uint32 of shape (n, bands * rows), and which rows are valid.

    The documents stand one behind another in UTF-8; `ends`, int64 of shape (n,), is where each ends, in bytes.
    A row that is not valid is of zeros, and of a document without words. ValueError for text that is no UTF-8,
    and for ends outside it or out of order.

    >>> text = "Все люди рождаются свободными\\nمرحبا بكم\\n\\n".encode()
    >>> ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\\n")) + 1
    >>> signatures, valid = batch_signatures(text, ends, MinHashParameters(), " ")
    >>> signatures.shape, valid.tolist()
    ((3, 112), [True, True, False])
    """
    _check_documents(text, ends)
    size, factors = parameters.shingle_size, hash_functions(parameters.size, parameters.seed)
    arguments = (np.asarray(ends, np.int64), np.uint8(ord(separator)), size, factors)
    encoded = np.frombuffer(text, np.uint8)
    signatures, valid, unknown = sign_documents(encoded, TABLE.entries, TABLE.sequences, *arguments)
    while unknown >= 0:
        TABLE.learn(int(unknown))
        signatures, valid, unknown = sign_documents(encoded, TABLE.entries, TABLE.sequences, *arguments)
    for row in np.flatnonzero(~valid):  # few: only emoji, marks out of order, nothing at all
        start = ends[row - 1] if row else 0
        found = words_signature(text[start : ends[row]].decode("utf-8", "surrogatepass"), parameters, separator)
        if found is not None:
            signatures[row], valid[row] = found, True
    return signatures, valid


def _check_documents(text: bytes, ends: Int64Array) -> None:
    """ValueError where the kernel would read what is no document: it checks nothing."""
    text.decode("utf-8", "surrogatepass")
    bounds = np.concatenate(([0], ends))
    if (np.diff(bounds) < 0).any() or bounds[-1] > len(text):
        raise ValueError(f"ends of documents are out of order, or beyond the {len(text)} bytes of text")
    inner = bounds[(bounds > 0) & (bounds < len(text))]
    if ((np.frombuffer(text, np.uint8)[inner] & 0xC0) == 0x80).any():
        raise ValueError("a document ends within a character")


def characters_signature(text: str, parameters: MinHashParameters) -> Uint32Array | None:
    """The signature of `character_shingle_hashes` of a text, in one kernel.

    >>> from dedup.shingles import character_shingle_hashes
    >>> text = "มนุษย์ทั้งหลายเกิดมามีอิสระ"
    >>> shingles = character_shingle_hashes(text, MinHashParameters().character_shingle_size)
    >>> np.array_equal(characters_signature(text, MinHashParameters()), signature(shingles, MinHashParameters()))
    True
    """
    size, factors = parameters.character_shingle_size, hash_functions(parameters.size, parameters.seed)
    smallest = apply_kernel(sign_characters, text, size, factors)
    return smallest if len(smallest) else signature(combine(raw_hashes(text), size), parameters)


def signature(shingles: Uint64Array, parameters: MinHashParameters) -> Uint32Array | None:
    """The MinHash signature, uint32 of shape (bands * rows,), of shingle hashes of shape (n,) in any order.

    None without shingles: the similarity of an empty document to another one cannot be measured.
    """
    if len(shingles) == 0:
        return None
    return minima(shingles, hash_functions(parameters.size, parameters.seed))


@lru_cache
def hash_functions(count: int, seed: int) -> Uint32Array:
    """The factors of `count` functions, uint32 of shape (count,).

    Drawn from splitmix64, because numpy does not promise that its generators stay the same between versions;
    a function has the same factor in signatures of any size.
    """
    return np.asarray(splitmix64(np.uint64(seed), count) >> HALF, np.uint32)


def estimate_jaccard(a: Uint32Array, b: Uint32Array) -> float:
    """Unbiased estimate of the Jaccard similarity of two documents from signatures of the same parameters.

    Its standard deviation is sqrt(s·(1 - s) / (bands·rows)). ValueError where the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"signatures of different parameters: {a.shape} against {b.shape}")
    return float(np.mean(a == b))
