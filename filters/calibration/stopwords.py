"""A language's stopwords from a sample: its most frequent words, without what English pages leave in it.

FineWeb2's method (Penedo et al. 2025): words above 0.8 % of all words, or above 0.3 % where fewer than 8 remain.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from datatrove.utils.text import PUNCTUATION_SET

from filters.calibration.methods import Floats
from filters.calibration.settings import StopwordList
from filters.words import split_words

# Words of English that tell how much English there is.
_ENGLISH_SHARE = 0.003
_ENOUGH_ENGLISH = 8
# Headings, code and options have some English words up to three times as often as prose (real pages in ten languages);
# words of the language itself are ten times above the share.
_ENGLISH_SPREAD = 4.0


@dataclass(frozen=True)
class Words:
    """The words of a sample.

    `counts`: how often each word occurs, lower-cased; punctuation marks, symbols and numbers count under the empty
    word, for they are tokens all the same, and shares are over them too. `lengths`: of each document its words as
    `gopher_mean_word_length` takes them, the sum of their lengths, and that of the squares, of shape (documents, 3).
    """

    counts: Counter[str]
    lengths: Floats


def read_words(texts: Iterable[str], language: str) -> Words:
    """The words of texts.

    >>> words = read_words(["Die Katze, die Maus: 2 €"], "deu_Latn")
    >>> words.counts
    Counter({'': 4, 'die': 2, 'katze': 1, 'maus': 1})
    >>> words.lengths.tolist()  # Die, Katze, die, Maus, 2, €
    [[6.0, 17.0, 61.0]]
    """
    counts: Counter[str] = Counter()
    lengths: list[list[int]] = []
    for text in texts:
        tokens = split_words(text, language)
        counts.update(tokens)
        sizes = [len(token) for token in tokens if not PUNCTUATION_SET.issuperset(token)]
        lengths.append([len(sizes), sum(sizes), sum(size * size for size in sizes)])
    folded: Counter[str] = Counter()
    for word, count in counts.items():
        folded[word.lower() if is_word(word) else ""] += count
    return Words(folded, np.array(lengths, np.float64).reshape(len(lengths), 3))


def is_word(word: str) -> bool:
    """Whether a token has letters and no digits: no mark, no symbol, no number, no identifier such as `x86`.

    >>> [is_word(word) for word in ("l'eau", "กา", "—", "€", "2024", "x86", "")]
    [True, True, False, False, False, False, False]
    """
    return any(map(str.isalpha, word)) and not any(map(str.isdigit, word))


def english_ratios(counts: Mapping[str, int], english: Mapping[str, int]) -> dict[str, float]:
    """Of each of English's frequent words its share here over its share in English; none without a sample of it.

    >>> english = {"the": 40, "of": 20, "and": 20, "to": 20, "in": 20, "is": 20, "that": 20, "for": 20, "": 20}
    >>> german = {"der": 100, "in": 40, "the": 4, "of": 3, "and": 2, "to": 2, "is": 2, "that": 1, "for": 2, "": 44}
    >>> {word: round(ratio, 2) for word, ratio in english_ratios(german, english).items()}
    {'the': 0.1, 'of': 0.15, 'and': 0.1, 'to': 0.1, 'in': 2.0, 'is': 0.1, 'that': 0.05, 'for': 0.1}
    """
    total, english_total = sum(counts.values()), sum(english.values())
    if not total:
        return {}
    frequent = {word: n / english_total for word, n in english.items() if word and n > _ENGLISH_SHARE * english_total}
    if len(frequent) < _ENOUGH_ENGLISH:
        return {}
    return {word: counts.get(word, 0) / total / share for word, share in frequent.items()}


def english_share(ratios: Mapping[str, float]) -> float:
    """How much of a language's words are English pages and headings: the median of `english_ratios`.

    Words that the language does not have itself all have the same ratio, which is the wanted share; the few that it
    has (German *in*, Danish *for*) have a far larger one.

    >>> english_share({"the": 0.1, "of": 0.15, "to": 0.1, "in": 2.0, "that": 0.05})
    0.1
    """
    return min(1.0, float(np.median(list(ratios.values())))) if ratios else 0.0


def without_english(counts: Mapping[str, int], ratios: Mapping[str, float]) -> dict[str, int]:
    """Counts without English words that occur as often as the English in the sample explains, by a factor of four.

    >>> ratios = {"the": 0.1, "of": 0.15, "to": 0.1, "in": 2.0, "that": 0.05}
    >>> without_english({"der": 100, "the": 4, "of": 3, "to": 2, "in": 40, "that": 1}, ratios)
    {'der': 100, 'in': 40}
    """
    limit = _ENGLISH_SPREAD * english_share(ratios)
    return {word: count for word, count in counts.items() if ratios.get(word, math.inf) > limit}


def choose_stopwords(
    counts: Mapping[str, int], language: str, settings: StopwordList, total: int | None = None
) -> tuple[tuple[str, ...], float | None]:
    """The stopwords, most frequent first, and the share above which they are; no words where too few are above.

    `counts` are those of `read_words`, `total` all words where some were left out. Words that ICU does not cut as
    one word where they stand alone are left out, since a text could not be seen to have them.

    >>> counts = {"ja": 50, "nein": 40, "oui": 2, "": 8}
    >>> choose_stopwords(counts, "und_Latn", StopwordList(share=0.1, second_share=0.01, least=2))
    (('ja', 'nein'), 0.1)
    >>> choose_stopwords(counts, "und_Latn", StopwordList(share=0.1, second_share=0.01, least=3))
    (('ja', 'nein', 'oui'), 0.01)
    >>> choose_stopwords(counts, "und_Latn", StopwordList(share=0.1, second_share=0.01, least=4))
    ((), None)
    """
    everything = sum(counts.values()) if total is None else total
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    for share in (settings.share, settings.second_share):
        found = [word for word, count in ordered if is_word(word) and count > share * everything]
        found = [word for word in found if is_cut_alone(word, language)][: settings.most]
        if len(found) >= settings.least:
            return tuple(found), share
    return (), None


def is_cut_alone(word: str, language: str) -> bool:
    """Whether the word, among others, is one word of the language as ICU cuts it.

    >>> is_cut_alone("l'", "fra_Latn"), is_cut_alone("les", "fra_Latn")
    (False, True)
    """
    return split_words(f"{word} {word}", language) == [word, word]


def count_distinct(text: str, language: str, stopwords: frozenset[str]) -> int:
    """Distinct stopwords in a text, case and all: as the column `gopher_stopword_count` counts them.

    >>> count_distinct("Der Hund und der Hund", "deu_Latn", frozenset({"der", "und", "die"}))
    2
    """
    return len(stopwords.intersection(split_words(text, language)))
