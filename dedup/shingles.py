"""From a document to hashes of its shingles: every run of a few words, or characters, in order."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import xxhash

from dedup.folding import FoldingTable, fold
from dedup.kernels import Uint32Array, Uint64Array, combine, hash_characters, hash_words

# Ends a word on its way to the kernel. HTML cannot hold it; elsewhere it would split a word in two, and no
# more.
SEPARATOR = "\0"
TABLE = FoldingTable()

Hashes = TypeVar("Hashes", Uint32Array, Uint64Array)


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

    >>> words = ["Das", "große", "Haus", "am", "See", "."]
    >>> len(shingle_hashes(words, 2)), len(shingle_hashes(words, 9)), len(shingle_hashes([], 2))
    (4, 1, 0)
    """
    hashes = word_hashes(words)
    return combine(hashes if len(hashes) else raw_hashes(words), size)


def character_shingle_hashes(text: str, size: int) -> Uint64Array:
    """Hashes of every run of `size` characters, for scripts that are written without spaces.

    Characters are the code points that folding leaves of the text; white space and punctuation are not among
    them, so a line break or a comma changes nothing. Otherwise as `shingle_hashes`.

    >>> [len(character_shingle_hashes(text, 3)) for text in ("東京へ 行く。", "สวัสดี\\nชาวโลก", "안녕", "!")]
    [3, 10, 4, 1]
    >>> np.array_equal(character_shingle_hashes("東京へ行く", 3), character_shingle_hashes("東京へ 行く。", 3))
    True
    """
    hashes = apply_kernel(hash_characters, text)
    return combine(hashes if len(hashes) else raw_hashes(text), size)


def word_hashes(words: Iterable[str]) -> Uint64Array:
    """Hashes of the normalised words of which something is left, in order, uint64 of shape (<= words,)."""
    return apply_kernel(hash_words, SEPARATOR.join(words), np.uint8(ord(SEPARATOR)))


def raw_hashes(words: Iterable[str]) -> Uint64Array:
    """Hashes of words, or of a text's characters, as they are but for white space, uint64 of shape (<= words,).

    For documents of which folding leaves nothing to compare.
    """
    stripped = filter(None, map(str.strip, words))
    return np.array([xxhash.xxh64_intdigest(word.encode("utf-8", "surrogatepass")) for word in stripped], np.uint64)


def apply_kernel(
    kernel: Callable[..., tuple[Hashes, np.int64, bool]], text: str, *arguments: Any, separator: str = SEPARATOR
) -> Hashes:
    """What a kernel that folds makes of a text, in which `separator` parts what is folded on its own.

    The kernel is given UTF-8, the folding table and the arguments; it returns its result, a code point that the
    table does not know yet, or -1, and whether marks are in canonical order.
    """
    encoded = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    result, unknown, ordered = kernel(encoded, TABLE.entries, TABLE.sequences, *arguments)
    while unknown >= 0:
        TABLE.learn(int(unknown))
        result, unknown, ordered = kernel(encoded, TABLE.entries, TABLE.sequences, *arguments)
    if not ordered:  # marks in a non-canonical order, which a table of characters cannot mend
        folded = separator.join(map(fold, text.split(separator)))
        return apply_kernel(kernel, folded, *arguments, separator=separator)
    return result
