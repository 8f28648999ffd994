"""Words of pornography, obscenity and drug spam, in the document's language and borrowed from English.

The lists are those of LDNOOBW ("List of Dirty, Naughty, Obscene, and Otherwise Bad Words", CC-BY-4.0), without the
entries that are ordinary words too: unsafe_words.tsv, whose first lines say what was left out. C4 dropped every page
with one such word, and with them pages about medicine, law and minorities (Dodge et al. 2021, arXiv:2104.08758, section
5.3); so here they are counted, and what share is too much is a rule.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import accumulate

import ahocorasick
import pyarrow as pa

from filters.base import Column, FilterParameters, Measurements, Rule
from filters.text import Text
from filters.words import split_words

ANY_LANGUAGE = "*"
ENGLISH = "eng_Latn"
SHOWN = 10

# Scripts that write no spaces: ICU may cut an entry differently within a text, so only its two ends are compared.
SPACELESS = frozenset({"Thai", "Laoo", "Khmr", "Mymr", "Jpan", "Hani"})
# Scripts whose languages write particles and endings onto the word: only its beginning is compared.
PARTICLES_ATTACHED = frozenset({"Hang"})
# The lower case of the Turkish İ is i with a dot above; people also type it without.
_DOT_ABOVE = "\u0307"


class Parameters(FilterParameters):
    """What changes the lists."""

    extra_words: tuple[str, ...] = ()
    """Words or phrases that count, too; for a language without a list they are its list."""

    allowed_words: tuple[str, ...] = ()
    """Entries of the lists that do not count."""


COLUMNS = (
    Column(
        "unsafe_word_ratio",
        pa.float64(),
        "ratio 0-1",
        "unsafe words of the document's language per word or mark; null: no list, or no words",
        "curate",
    ),
    Column("unsafe_distinct_words", pa.int32(), "words", "how many entries of that list occur", "curate"),
    Column(
        "unsafe_english_word_ratio",
        pa.float64(),
        "ratio 0-1",
        "unsafe English words, of those that other languages borrow, per word or mark; null in English",
        "curate",
    ),
    Column("unsafe_english_distinct_words", pa.int32(), "words", "how many entries of that list occur", "curate"),
    Column("unsafe_words", pa.string(), "text", f"what was found, most frequent first, at most {SHOWN}", "curate"),
)

# Both are off the scale of prose that quotes, reports or curses: see docs/safety.md for the pages that were read.
RULES = {
    "unsafe_word_ratio": Rule(column="unsafe_word_ratio", max=0.05),
    "unsafe_english_word_ratio": Rule(column="unsafe_english_word_ratio", max=0.05),
}


@dataclass(frozen=True)
class Matcher:
    """Entries of one list, and how they are found in words of one script."""

    automaton: ahocorasick.Automaton
    spaceless: bool

    def find(self, words: list[str]) -> list[str]:
        """The entries that occur in the words of a text, in order; of overlapping ones the first and longest."""
        if not self.spaceless:
            return list(_without_overlaps(self._matches(fold(f" {' '.join(words)} ")), 1))
        if not any(self._matches(fold("".join(words)))):
            return []
        words = list(map(fold, words))
        ends = {0, *accumulate(map(len, words))}
        at_ends = (match for match in self._matches("".join(words)) if match[0] in ends and match[1] in ends)
        return list(_without_overlaps(at_ends, 0))

    def _matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and entry of every match in a folded text."""
        for last, (length, entry) in self.automaton.iter(text):
            yield last + 1 - length, last + 1, entry


def measure(text: Text, parameters: Parameters) -> Measurements:
    """Values of `COLUMNS`; null where there is no list or no word."""
    words = text.words
    own = _find(text, text.language, parameters)
    english = None if text.language == ENGLISH else _find(text, ANY_LANGUAGE, parameters)
    counts = Counter(own) | Counter(english)  # an entry may be on both lists
    return {
        "unsafe_word_ratio": None if own is None else len(own) / len(words),
        "unsafe_distinct_words": None if own is None else len(set(own)),
        "unsafe_english_word_ratio": None if english is None else len(english) / len(words),
        "unsafe_english_distinct_words": None if english is None else len(set(english)),
        "unsafe_words": ", ".join(word for word, _ in counts.most_common(SHOWN)) or None,
    }


def fold(text: str) -> str:
    """Text as entries are compared: without case, width and compatibility forms.

    >>> fold("ＰＯＲＮ"), fold("SİKTİR"), fold("Ёбарь"), fold("ﾎﾟﾙﾉ")
    ('porn', 'siktir', 'ёбарь', 'ポルノ')
    >>> fold("หำ") == fold("หํา")  # the Thai vowel am, typed as one character or as two
    True
    """
    return unicodedata.normalize("NFKC", text).casefold().replace(_DOT_ABOVE, "")


def _find(text: Text, listed: str, parameters: Parameters) -> list[str] | None:
    """Entries of a list in the words of a text; None where there is no such list or no word."""
    borrowed = listed == ANY_LANGUAGE
    extra = () if borrowed else parameters.extra_words
    if not text.words or not (listed in word_lists() or extra):
        return None
    script = "" if borrowed else text.language.partition("_")[2]
    return matcher(listed, script, extra, parameters.allowed_words).find(text.words)


@lru_cache(maxsize=256)
def matcher(listed: str, script: str, extra: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> Matcher:
    """What finds the entries of a list in the words of a script."""
    entries = word_lists().get(listed, {}) | {entry_of(word): fold(word) for word in extra}
    left_out = {"", *map(entry_of, allowed)}
    spaceless = script in SPACELESS
    automaton = ahocorasick.Automaton()
    for entry, shown in sorted(entries.items()):
        if entry not in left_out:
            pattern = entry.replace(" ", "") if spaceless else f" {entry}{'' if script in PARTICLES_ATTACHED else ' '}"
            automaton.add_word(pattern, (len(pattern), shown))
    automaton.make_automaton()
    return Matcher(automaton, spaceless)


def _without_overlaps(found: Iterable[tuple[int, int, str]], shared: int) -> Iterator[str]:
    """Matches that do not overlap, from left to right, the longest first; neighbours may share `shared` characters."""
    free = 0
    for start, end, entry in sorted(found, key=lambda match: (match[0], -match[1])):
        if start >= free:
            yield entry
            free = end - shared


@cache
def word_lists() -> Mapping[str, dict[str, str]]:
    """The entries by language label, folded, each with its form in the list; `*` holds in every language.

    >>> entry_of("vögeln") in word_lists()["deu_Latn"]  # to fuck, and "[to the] birds"
    False
    """
    lists: dict[str, dict[str, str]] = {}
    for line in (files("filters") / "unsafe_words.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            labels, _, word = line.partition("\t")
            for label in labels.split():
                lists.setdefault(label, {})[entry_of(word)] = word
    return lists


def entry_of(word: str) -> str:
    """A word or phrase as its folded words, one space between them, as ICU cuts it on its own.

    >>> entry_of("Lul-de-behanger")
    'lul - de - behanger'
    """
    return " ".join(map(fold, split_words(word)))
