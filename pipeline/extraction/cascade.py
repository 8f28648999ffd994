"""Cheap first: what makes extraction needless is seen in the page's visible text, before an engine is asked.

Both reasons are bounds, not guesses of what extraction would give. An engine's text is part of the visible text, so a
page whose visible text is too short has no longer main text. And a page has main text in a wanted language only if some
passage of its visible text is in one: passages are judged one by one, since the main text of a page in two languages
may be in either.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from configs.model import Extraction
from langid.models import Model
from pipeline.extraction.page import Page

# Characters of a passage: long enough for the model to tell related languages apart, short enough that a paragraph in
# another language stands alone.
PASSAGE = 200
MOST_PASSAGES = 100
# A page goes on if a wanted language has this probability in a passage, among the passage's most probable labels.
LEAST_PROBABILITY = 0.1
LABELS = 3
BATCH = 4  # passages judged at once: a page in a wanted language shows it in the first ones
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Needless:
    """Why a page is not extracted, as the ledger counts it."""

    reason: str
    detail: str


def needless(page: Page, settings: Extraction, model: Model) -> Needless | None:
    """Why the page's main text is not wanted whatever it is; None where it may be."""
    if settings.minimum_characters and len(page.visible_text) < settings.minimum_characters:
        return Needless("too_short", f"{len(page.visible_text)} visible characters")
    if settings.languages:
        found = unwanted_language(page.visible_text, settings.languages, model)
        return Needless("unwanted_language", found) if found else None
    return None


def is_wanted(label: str, patterns: Sequence[str]) -> bool:
    """Whether a label is one of the languages; without patterns every language is.

    >>> is_wanted("deu_Latn", ("deu_*",)), is_wanted("rus_Cyrl", ("*_Latn", "tha_Thai")), is_wanted("khm_Khmr", ())
    (True, False, True)
    """
    return not patterns or any(fnmatchcase(label, pattern) for pattern in patterns)


def unwanted_language(text: str, patterns: Sequence[str], model: Model) -> str | None:
    """The language of most passages where none may be in a wanted one; None where one may, or none has letters."""
    found: list[str] = []
    judged = passages(text)
    for start in range(0, len(judged), BATCH):
        for labels in model.predict(judged[start : start + BATCH], LABELS):
            if any(score >= LEAST_PROBABILITY and is_wanted(label, patterns) for label, score in labels):
                return None
            found += [label for label, _ in labels[:1]]
    return max(sorted(set(found)), key=found.count) if found else None


def passages(text: str) -> list[str]:
    """Lines with letters, joined until they are PASSAGE characters, those of the fewest lines first.

    Prose stands before menus then. No more than MOST_PASSAGES, from the whole page.

    >>> [len(passage) for passage in passages("首頁\\n123\\n新聞\\n" + "磨" * 250 + "\\n|")]
    [250, 5]
    """
    found: list[list[str]] = [[]]
    size = 0
    for line in text.split("\n"):
        if _LETTER.search(line):
            if len(line) >= PASSAGE and found[-1]:
                found.append([])
            found[-1].append(line.strip())
            size = size + len(line) if len(found[-1]) > 1 else len(line)
            if size >= PASSAGE:
                found.append([])
    spread = found[:: -(-len(found) // MOST_PASSAGES)]
    return [" ".join(lines) for lines in sorted(spread, key=len) if lines]
