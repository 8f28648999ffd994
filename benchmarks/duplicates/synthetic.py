"""Synthetic pages with planted near-duplicates: written to a file block by block, so that millions fit a laptop.

Words are drawn by Zipf's law from 50,000. Most pages carry what the pages of their site have in common
(navigation, footer, and on every other site a cookie banner that it shares with some twenty sites): never more than
half of a page. Two sets of n shingles that share k of them have the similarity k / (2n - k), so a copy at the
similarity p/q keeps k = 2p·n / (p + q) shingles; n is chosen so that k is a whole number.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.int32]

SHINGLE = 5
# Similarity of planted pairs: how many parts of twenty are planted so. Where few of the pairs are missed, few
# pairs tell the share that is; at .7 a tenth of 200,000 documents leaves a standard error of .005.
PLANTED = {
    Fraction(1): 1,
    Fraction(19, 20): 1,
    Fraction(9, 10): 2,
    Fraction(8, 10): 6,
    Fraction(7, 10): 10,
}
BLOCK = 1000  # documents that are drawn together, of which a fifth are the members of a hundred planted pairs
PAIRS = 100
VOCABULARY = 50_000
DRAWS = 2**22  # entries of the table that turns a uniform number into a word
BODY = (60, 500)  # words of a page beside its template: with it 2 kB on average
SITE_PAGES = 100  # pages of a site, on average
NAVIGATION, FOOTER, BANNER = (10, 70), (5, 40), (40, 120)  # words
BANNER_SITES = 20  # sites that share a variant of a cookie banner, on average
PLAIN = 0.3  # share of pages without anything of their site


@dataclass(frozen=True)
class Language:
    """A made-up language: its words, and a table of word numbers by frequency."""

    words: npt.NDArray[np.object_]
    table: Words

    @classmethod
    def draw(cls, random: np.random.Generator) -> "Language":
        """Words of two to nine letters; the n-th is drawn 1/n times as often as the first."""
        ends = np.cumsum(random.integers(2, 10, VOCABULARY)).tolist()
        letters = "".join(random.choice(list("aeioubcdfghjklmnprstvz"), ends[-1]).tolist())
        words = [letters[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        weights = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
        table = np.searchsorted(weights / weights[-1], (np.arange(DRAWS) + 0.5) / DRAWS).astype(np.int32)
        return cls(np.array(words, dtype=object), table)

    def speak(self, random: np.random.Generator, count: int) -> Words:
        """Numbers of `count` words, int32."""
        return self.table[random.integers(0, DRAWS, count, dtype=np.int32)]

    def text(self, words: Words) -> str:
        """Words by number, with a space between them."""
        return " ".join(self.words[words].tolist())


class Generator:
    """Draws blocks of pages; a block depends on the seed and its number alone."""

    def __init__(self, seed: int, sites: int) -> None:
        random = np.random.default_rng([seed, 0])
        self.seed = seed
        self.language = Language.draw(random)
        banners = [
            self.language.speak(random, random.integers(*BANNER)) for _ in range(max(1, sites // BANNER_SITES // 2))
        ]
        self.sites = [self._site(random, banners) for _ in range(sites)]

    def _site(self, random: np.random.Generator, banners: list[Words]) -> tuple[Words, Words]:
        navigation, footer = (self.language.speak(random, random.integers(*span)) for span in (NAVIGATION, FOOTER))
        if random.random() < 0.5:
            footer = np.concatenate((banners[random.integers(len(banners))], footer))
        return navigation, footer

    def block(self, number: int, documents: int = BLOCK) -> tuple[list[Words], list[tuple[Fraction, int, int]]]:
        """Words of the documents, and the planted pairs (similarity, row, row) by their rows in the block."""
        random = np.random.default_rng([self.seed, 1, number])
        parts = sum(PLANTED.values())
        pages: list[Words] = []
        pairs = []
        for similarity, share in PLANTED.items():
            for _ in range(documents * share * PAIRS // (BLOCK * parts)):
                pairs.append((similarity, len(pages), len(pages) + 1))
                pages += self.pair(random, similarity)
        pages += [self.page(random, 1) for _ in range(documents - len(pages))]
        return pages, pairs

    def page(self, random: np.random.Generator, whole: int) -> Words:
        """Words of a page of which the number of shingles is a multiple of `whole`."""
        nothing = np.empty(0, np.int32)
        before, after = (nothing, nothing) if random.random() < PLAIN else self.sites[random.integers(len(self.sites))]
        template = len(before) + len(after)
        body = max(random.integers(*BODY), template)
        body += -(body + template - SHINGLE + 1) % whole
        return np.concatenate((before, self.language.speak(random, body), after))

    def pair(self, random: np.random.Generator, similarity: Fraction) -> list[Words]:
        """A page and one of as many words, that ends otherwise and has this similarity of shingles to it."""
        kept = 2 * similarity / (1 + similarity)
        original = self.page(random, kept.denominator)
        shared = (len(original) - SHINGLE + 1) * kept + SHINGLE - 1
        assert shared.denominator == 1
        copy = original.copy()
        if similarity < 1:
            place = shared.numerator
            copy[place:] = self.language.speak(random, len(original) - place)
            if copy[place] == original[place]:  # or one shingle more would be shared
                copy[place] = (copy[place] + 1) % VOCABULARY
        return [original, copy]


def blocks(documents: int, seed: int = 1) -> Iterator[tuple[list[str], list[tuple[Fraction, int, int]]]]:
    """Texts of documents, block by block, with the planted pairs (similarity, row, row) by row of the whole set."""
    generator = Generator(seed, max(1, documents // SITE_PAGES))
    for number, first in enumerate(range(0, documents, BLOCK)):
        pages, pairs = generator.block(number, min(BLOCK, documents - first))
        texts = [generator.language.text(words) for words in pages]
        yield texts, [(similarity, first + a, first + b) for similarity, a, b in pairs]


def write(folder: Path, documents: int, seed: int = 1) -> None:
    """Write `documents`, a line each with its words parted by spaces, and `pairs.json`: [similarity, [[row, row]]]."""
    planted: dict[Fraction, list[tuple[int, int]]] = {similarity: [] for similarity in PLANTED}
    with (folder / "documents").open("w", encoding="utf-8") as file:
        for texts, pairs in blocks(documents, seed):
            file.writelines(f"{text}\n" for text in texts)
            for similarity, a, b in pairs:
                planted[similarity].append((a, b))
    lines = [(float(similarity), rows) for similarity, rows in planted.items()]
    (folder / "pairs.json").write_text(json.dumps(lines), encoding="utf-8")
