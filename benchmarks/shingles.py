"""Words or characters: which shingles find near-copies of real pages, script by script.

    glotmill run default -i PAGES.warc.gz -o RUN
    .venv/bin/python benchmarks/shingles.py RUN [RUN ...] [--languages tha_Thai,jpn_Jpan] [--json FILE]

Pages come from the `documents/` of runs. What is a near-copy is known by construction: a copy is a page after an edit
such as editors, templates and typists make; a pair that is none is two pages of one site, bare or within one template.
For every kind of shingle the table has the Jaccard similarity of the exact shingle sets and, from it, the probability
that 14 bands of 8 rows make the pair candidates.
"""

import argparse
import json
import math
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

# This file's folder would hide the package `dedup`.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from near_copies import Edit, Page, drop_characters, edits, sentences

from dedup.minhash import signature
from dedup.parameters import MinHashParameters
from dedup.shingles import character_shingle_hashes, shingle_hashes
from filters.words import split_words

PARAMETERS = MinHashParameters()
METHODS = {
    **{f"words {size}": ("words", size) for size in (3, 4, 5, 8)},
    **{f"characters {size}": ("characters", size) for size in (5, 8, 10, 13, 16, 24)},
}
LANGUAGES = (
    *("tha_Thai", "lao_Laoo", "khm_Khmr", "mya_Mymr", "bod_Tibt", "dzo_Tibt", "jpn_Jpan", "cmn_Hani"),
    *("kor_Hang", "vie_Latn", "deu_Latn", "hin_Deva", "tam_Taml"),
)
SHORTEST = 300  # characters of a page
DONOR = 250  # characters of a sentence from elsewhere, at most
PIECE = 1500  # characters of the pieces of long pages, where a language has few pages
FEW, MANY = 20, 120  # pages of a language and site
PAIRS = 3000
COPIES = 60  # copies of each kind, at least
TEMPLATES = (0.3, 0.5)

Shingles = NDArray[np.uint64]


def load_pages(runs: Iterable[Path], languages: Sequence[str]) -> dict[str, list[list[str]]]:
    """Texts by language and site. Small sites of a run count as one; where a language has no more, they are cut up."""
    sites: dict[tuple[str, Path, str], dict[str, None]] = defaultdict(dict)
    for run in runs:
        for row in pq.read_table(run / "documents", columns=["language", "url", "text"]).to_pylist():
            if row["language"] in languages and len(row["text"]) >= SHORTEST:
                sites[row["language"], run, row["url"].split("/")[2]][row["text"]] = None
    pools: dict[str, dict[tuple[Path, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for (language, run, site), texts in sites.items():
        pools[language][run, site if len(texts) >= FEW else ""] += texts
    return {language: chosen(list(found.values())) for language, found in pools.items()}


def chosen(pools: list[list[str]]) -> list[list[str]]:
    """A sample of the large pools; else pieces of one page of each, since its pages may be versions of one text."""
    large = [pool for pool in pools if len(pool) >= FEW]
    if not large:
        large = [list(cut(max(pool, key=len))) for pool in pools]
    return [random.Random(1).sample(pool, min(len(pool), MANY)) for pool in large]


def cut(text: str) -> Iterable[str]:
    """Pieces of about PIECE characters that end at line ends."""
    piece = ""
    for line in text.splitlines(keepends=True):
        piece += line
        if len(piece) >= PIECE:
            yield piece
            piece = ""
    if len(piece) >= SHORTEST:
        yield piece


def all_shingles(text: str, language: str) -> dict[str, Shingles]:
    """The set of shingles of each method, sorted."""
    words = split_words(text, language)
    return {
        name: np.unique(shingle_hashes(words, size) if unit == "words" else character_shingle_hashes(text, size))
        for name, (unit, size) in METHODS.items()
    }


def jaccard(a: Shingles, b: Shingles) -> float:
    """Similarity of two sets."""
    common = len(np.intersect1d(a, b, assume_unique=True))
    return common / (len(a) + len(b) - common)


def found_probability(similarity: float) -> float:
    """Probability that a pair shares a band (Leskovec, Rajaraman, Ullman, section 3.4.2)."""
    return 1.0 - (1.0 - similarity**PARAMETERS.rows) ** PARAMETERS.bands


def repeated(found: dict[str, Edit], times: int) -> Iterable[tuple[str, Edit]]:
    """Every edit so many times."""
    return chain.from_iterable([found.items()] * times)


def positives(pages: Sequence[Page], draw: random.Random) -> dict[str, list[dict[str, float]]]:
    """Similarities of each page to its edited copies, by edit."""
    similarities: dict[str, list[dict[str, float]]] = defaultdict(list)
    for page in pages:
        original = all_shingles(page.text, page.language)
        for name, edit in repeated(edits(page.script), math.ceil(COPIES / len(pages))):
            copy = all_shingles(edit(page, draw), page.language)
            similarities[name].append({method: jaccard(original[method], copy[method]) for method in METHODS})
    return similarities


def negatives(sites: Sequence[Sequence[str]], language: str, draw: random.Random) -> dict[str, list[dict[str, float]]]:
    """Similarities of different pages of one site: as they are, and in a template of 30 % and 50 % of the page."""
    pairs = [(texts, pair) for texts in sites for pair in combinations(range(len(texts)), 2)]
    similarities: dict[str, list[dict[str, float]]] = defaultdict(list)
    known: dict[str, dict[str, Shingles]] = {}

    def shingles(text: str) -> dict[str, Shingles]:
        if text not in known:
            known[text] = all_shingles(text, language)
        return known[text]

    for texts, (i, j) in draw.sample(pairs, min(PAIRS, len(pairs))):
        a, b = shingles(texts[i]), shingles(texts[j])
        similarities["same site"].append({method: jaccard(a[method], b[method]) for method in METHODS})
    for share in TEMPLATES:
        for texts, (i, j) in draw.sample(pairs, min(PAIRS // 20, len(pairs))):
            others = "".join(text for place, text in enumerate(texts) if place not in (i, j))
            length = round((len(texts[i]) + len(texts[j])) / 2 * share / (1 - share))
            a, b = (all_shingles(others[:length] + "\n" + texts[place], language) for place in (i, j))
            similarities[f"template {share:.0%}"].append({m: jaccard(a[m], b[m]) for m in METHODS})
    return similarities


def common_start(a: Sequence[str], b: Sequence[str]) -> int:
    """How many first words two lists share."""
    return next((place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def segmentation_shifts(pages: Sequence[Page], draw: random.Random) -> list[int]:
    """How many words of the page differ after one of its characters is dropped; 1 is the least."""
    shifts = []
    for page in pages:
        before = split_words(page.text, page.language)
        for _ in range(10):
            after = split_words(drop_characters(page, draw, 1), page.language)
            head = common_start(before, after)
            tail = common_start(before[head:][::-1], after[head:][::-1])
            shifts.append(len(before) - head - tail)
    return shifts


def costs(pages: Sequence[Page]) -> dict[str, tuple[float, float]]:
    """Shingles a thousand characters, and microseconds a thousand characters from words, or text, to the signature."""
    characters = sum(len(page.text) for page in pages) / 1000
    words = {page.text: split_words(page.text, page.language) for page in pages}
    found = {}
    for method, (unit, size) in METHODS.items():
        count, seconds = 0, 0.0
        for repeat in range(2):  # the first time compiles
            start = time.process_time()
            for text, parts in words.items():
                shingles = shingle_hashes(parts, size) if unit == "words" else character_shingle_hashes(text, size)
                signature(shingles, PARAMETERS)
                count += len(shingles) * repeat
            seconds = time.process_time() - start
        found[method] = count / characters, seconds * 1e6 / characters
    return found


def study(language: str, sites: list[list[str]]) -> dict[str, Any]:
    """All figures of one language."""
    draw = random.Random(language)
    donors = {text: sentences(text) for texts in sites for text in texts}
    pages = []
    for text in donors:
        others = [s for other, parts in donors.items() if other != text for s in parts if 10 <= len(s.strip()) <= DONOR]
        pages.append(Page(language, text, tuple(draw.sample(others, min(len(others), 500)))))
    shifts = segmentation_shifts(pages, draw)
    return {
        "language": language,
        "pages": len(pages),
        "median_characters": float(np.median([len(page.text) for page in pages])),
        "positives": positives(pages, draw),
        "negatives": negatives(sites, language, draw),
        "shifts": {"mean": float(np.mean(shifts)), "above 2": float(np.mean(np.array(shifts) > 2)), "max": max(shifts)},
        "costs": costs(pages),
    }


def recall(rows: Sequence[dict[str, float]], method: str) -> float:
    """Expected share of the pairs that are found."""
    return float(np.mean([found_probability(row[method]) for row in rows]))


def show(result: dict[str, Any], console: Console) -> None:
    """Expected share of pairs found, by edit and method."""
    title = f"{result['language']}: {result['pages']} pages, median {result['median_characters']:.0f} characters"
    table = Table(title=title)
    table.add_column("pairs")
    for method in METHODS:
        table.add_column(method.replace("words", "w").replace("characters", "c"), justify="right")
    for kind in ("positives", "negatives"):
        for name, rows in result[kind].items():
            table.add_row(name, *(f"{recall(rows, method):.3f}" for method in METHODS))
        table.add_section()
    same = result["negatives"]["same site"]
    table.add_row("same site, largest J", *(f"{max(row[method] for row in same):.2f}" for method in METHODS))
    table.add_row("shingles / 1000 characters", *(f"{result['costs'][method][0]:.0f}" for method in METHODS))
    table.add_row("CPU µs / 1000 characters", *(f"{result['costs'][method][1]:.0f}" for method in METHODS))
    console.print(table)
    console.print(f"words that differ after one character is dropped: {result['shifts']}\n")


def main() -> None:
    """Study every language that the runs hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    languages = arguments.languages.split(",")
    console = Console(width=170)
    pages = load_pages(arguments.runs, languages)
    results = []
    for language in languages:
        if language not in pages:
            console.print(f"{language}: no pages")
            continue
        results.append(study(language, pages[language]))
        show(results[-1], console)
    if arguments.json:
        arguments.json.write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
