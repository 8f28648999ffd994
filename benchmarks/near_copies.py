"""Near-copies of a page, as editors, templates, commenters and typists make them, for `shingles.py`."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from icu4py.breakers import CharacterBreaker, SentenceBreaker

from filters.words import split_words

# Typists of these mark word boundaries with a zero width space, or do not.
ZERO_WIDTH_SPACE = frozenset(("Thai", "Laoo", "Khmr", "Mymr"))
WIDTHS = frozenset(("Jpan", "Hani", "Hang"))  # ASCII is typed in two widths
SPACELESS = ZERO_WIDTH_SPACE | {"Jpan", "Hani"}  # lines may end anywhere; Tibetan ones end after a tsheg
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
REPLACED = (0.01, 0.05, 0.1, 0.2, 0.3)

Edit = Callable[["Page", random.Random], str]


@dataclass(frozen=True)
class Page:
    """A page's text, and sentences of other pages of its language to edit it with."""

    language: str
    text: str
    donors: tuple[str, ...]

    @property
    def script(self) -> str:
        """The label's script, such as Thai."""
        return self.language.partition("_")[2]


def sentences(text: str) -> list[str]:
    """Sentences by UAX #29; Thai and Lao have no mark that ends one, so there they are lines."""
    return list(SentenceBreaker(text, "und"))


def clusters(text: str) -> list[str]:
    """User-perceived characters: a Thai consonant with its vowel signs and tone is one."""
    return list(CharacterBreaker(text, "und"))


def change_number(page: Page, draw: random.Random) -> str:
    """A longer number in the place of one: digits count as equal, their number does not."""
    numbers = list(re.finditer(r"\d+", page.text))
    if not numbers:
        return f"{page.text}\n21.11.2026\n"
    place = draw.choice(numbers)
    return page.text[: place.start()] + "1204" + page.text[place.end() :]


def add_name(page: Page, draw: random.Random) -> str:
    """A user's name above the text."""
    return f"{draw.choice(('admin', 'Nok_77', 'somchai', '山田'))}\n{page.text}"


def insert_sentence(page: Page, draw: random.Random) -> str:
    """Another page's sentence between two."""
    parts = sentences(page.text)
    parts.insert(draw.randrange(len(parts) + 1), draw.choice(page.donors))
    return "".join(parts)


def remove_sentence(page: Page, draw: random.Random) -> str:
    """One sentence less."""
    parts = sentences(page.text)
    del parts[draw.randrange(len(parts))]
    return "".join(parts)


def append_comment(page: Page, draw: random.Random) -> str:
    """A user's name and two sentences below the text."""
    return page.text + "\nNok_77\n" + "".join(draw.sample(page.donors, 2))


def swap_boilerplate(page: Page, draw: random.Random) -> str:
    """Another page's sentences for the first and the last one, as in another site's template."""
    parts = sentences(page.text)
    return "".join([draw.choice(page.donors), *parts[1:-1], draw.choice(page.donors)])


def wrap(page: Page, draw: random.Random) -> str:
    """Hard line ends, as in mail, old forums and HTML sources: in most spaceless scripts they fall within words."""
    if page.script in SPACELESS:
        parts = clusters(page.text)
        return "\n".join("".join(parts[start : start + 30]) for start in range(0, len(parts), 30))
    return re.sub(
        "[ \u0f0b]", lambda found: found.group().rstrip() + "\n" if draw.random() < 0.1 else found.group(), page.text
    )


def lose_spaces(page: Page, draw: random.Random) -> str:
    """A tenth of the spaces left out: Koreans disagree on where they belong, Thais and their neighbours are free."""
    return re.sub(" ", lambda _: " " if draw.random() < 0.9 else "", page.text)


def drop_characters(page: Page, draw: random.Random, count: int) -> str:
    """Typing errors: user-perceived characters lost anywhere."""
    parts = clusters(page.text)
    for _ in range(count):
        del parts[draw.randrange(len(parts))]
    return "".join(parts)


def mark_words(page: Page, draw: random.Random, share: float, astray: float) -> str:
    """Zero width spaces at a share of ICU's word boundaries, and a few inside words."""
    text = page.text.replace("\u200b", "")
    parts = []
    for word in re.findall(r"\s+|\S+", text):
        for found in split_words(word, page.language):
            parts += [cluster + "\u200b" * (draw.random() < astray) for cluster in clusters(found)]
            parts.append("\u200b" * (draw.random() < share))
        parts.append(word if word.isspace() else "")
    return "".join(parts)


def replace_sentences(page: Page, draw: random.Random, share: float) -> str:
    """Sentences of other pages for sentences that hold about `share` of the characters."""
    parts = sentences(page.text)
    room = share * len(page.text) * 1.1
    order = draw.sample(range(len(parts)), len(parts))
    chosen = []
    for place in order:
        if len(parts[place]) <= room:
            chosen.append(place)
            room -= len(parts[place])
    for place in chosen or [min(order, key=lambda place: len(parts[place]))]:
        parts[place] = min(draw.sample(page.donors, 10), key=lambda donor: abs(len(donor) - len(parts[place])))
    return "".join(parts)


def edits(script: str) -> dict[str, Edit]:
    """The edits that happen in a script."""
    found: dict[str, Edit] = {
        "number changed": change_number,
        "name added": add_name,
        "1 character dropped": partial(drop_characters, count=1),
        "10 characters dropped": partial(drop_characters, count=10),
        "sentence inserted": insert_sentence,
        "sentence removed": remove_sentence,
        "comment appended": append_comment,
        "boilerplate swapped": swap_boilerplate,
        "lines wrapped": wrap,
        "10 % of spaces lost": lose_spaces,
    }
    if script in WIDTHS:
        found["full width"] = lambda page, _: page.text.translate(FULL_WIDTH)
    if script in ZERO_WIDTH_SPACE:
        found["ZWSP at words"] = partial(mark_words, share=0.5, astray=0.0)
        found["ZWSP, 3 % astray"] = partial(mark_words, share=0.5, astray=0.03)
    for share in REPLACED:
        found[f"{share:.0%} replaced"] = partial(replace_sentences, share=share)
    return found
