"""From the words of a document to hashes of its shingles: every run of a few words in order."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import xxhash

from dedup.folding import FoldingTable, fold
from dedup.kernels import Uint32Array, Uint64Array, combine, hash_words

# Ends a word on its way to the kernel. HTML cannot hold it; elsewhere it would split a word in two, and no
# more.
SEPARATOR = "\0"
_TABLE = FoldingTable()


def normalise_word(word: str) -> str:
    """What is left of a word for comparison: no case, optional marks, punctuation, symbols; each digit a 0.

    Compatibility forms (full-width letters, ligatures, Arabic presentation forms) become their plain letters.
    The result is in NFC, and '' when nothing is left.

    >>> [normalise_word(word) for word in ("Don't", "CAFÉ", "Straße", "ﬁn", "3.14", "—")]
    ['dont', 'cafe', 'strasse', 'fin', '000', '']
    >>> [normalise_word(word) for word in ("Ἑλλάς", "ещё", "Пам'ять", "पानी", "น้ำ", "២០២៦")]
    ['ελλασ', 'еще', 'память', 'पानी', 'น้ํา', '0000']
    >>> [normalise_word(word) for word in ("كِتَاب", "کتــاب", "שָׁלוֹם", "မြန်မာ", "한국", "がく", "ABC１")]
    ['كتاب', 'کتاب', 'שלום', 'မြန်မာ', '한국', 'がく', 'abc0']
    """
    return unicodedata.normalize("NFC", fold(word))


def shingle_hashes(words: Sequence[str], size: int) -> Uint64Array:
    """Hashes of every run of `size` words, in document order with repetitions, uint64 of shape (runs,).

    Words of which normalising leaves nothing are passed over. A document of fewer than `size` words gives one
    shingle of all of them, so that short documents are compared too; one without any normalised word (only
    emoji, only punctuation) gives shingles of its words as they are; one without words gives none.
    """
    hashes = word_hashes(words)
    if len(hashes) == 0:
        hashes = np.array([_raw_hash(word) for word in words], np.uint64)
    return combine(hashes, size)


def word_hashes(words: Sequence[str]) -> Uint64Array:
    """Hashes of the normalised words of which something is left, in order, uint64 of shape (<= words,)."""
    codes = _code_points(SEPARATOR.join(words))
    hashes, unknown, ordered = hash_words(codes, _TABLE.entries, _TABLE.sequences)
    while unknown >= 0:
        _TABLE.learn(int(unknown))
        hashes, unknown, ordered = hash_words(codes, _TABLE.entries, _TABLE.sequences)
    if not ordered:  # marks in a non-canonical order, which a table of characters cannot mend
        return word_hashes([fold(word) for word in words])
    return hashes


def _raw_hash(word: str) -> int:
    return xxhash.xxh64_intdigest(word.encode("utf-8", "surrogatepass"))


def _code_points(text: str) -> Uint32Array:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
