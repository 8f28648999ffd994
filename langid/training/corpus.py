"""Texts by label, cleaned: what the packages of sources.yaml say in each language."""

import html
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from langid.errors import UnknownLabelError
from langid.labels import NO_LANGUAGE, UNKNOWN, languages, normalise
from langid.script import comprised, script_counts
from langid.training.readers import READERS
from langid.training.sources import Source, find_archive, members

# A text belongs to its label only if most of its letters are in the label's script.
_OWN_SCRIPT = 0.6
_MAXIMUM_LENGTH = 3000
_LEXICON = 60_000


@dataclass
class Corpus:
    """Texts, words (a lexicon, without order or frequency) and code, by label, source and file."""

    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    words: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    code: list[str] = field(default_factory=list)


@cache
def _special_locales() -> dict[str, str | None]:
    data: dict[str, str | None] = yaml.safe_load(
        files("langid.training").joinpath("locales.yaml").read_text(encoding="utf-8")
    )
    return data


def locale_label(code: str, sample: str) -> str | None:
    """The label of a translation's locale, None where its texts are of no use; `sample` decides an open script.

    Chinese keeps its variants apart (`cmn_Hans`, `cmn_Hant`): a model learns them as two classes.

    >>> locale_label("pt_BR", "Olá"), locale_label("zh_TW", "繁體"), locale_label("sr", "Zdravo")
    ('por_Latn', 'cmn_Hant', 'srp_Latn')
    """
    key = re.sub(r"[_@]", "-", code).lower()
    special = _special_locales()
    if key in special:
        return special[key]
    try:
        language, script = normalise(key)
    except UnknownLabelError:
        return None
    if script is None:
        counts = script_counts(sample)
        usual = languages()[language].scripts
        script = max(usual, key=lambda name: sum(counts.get(part, 0) for part in comprised(name)))
    label = f"{language}_{script}"
    return None if label in (NO_LANGUAGE, UNKNOWN) else label


_TAG = re.compile(r"<[^>]{1,200}>")
_PLACEHOLDER = re.compile(
    r"\{\{[^}]*\}\}|\$\{[^}]*\}|\{[^{}]*\}|%\([^)]*\)[sd]|%\w+%|%[0-9]*\$?[sdif@]|\$\d+|&\w+;"
    r"|https?://\S+|\[\[[^\]|]*\||\S+@\S+\.\S+|\w+/\w+/\S+|__\S+|\\n"
)
_MARKUP = re.compile(r"\[\[|\]\]|'''|''|&")


def clean(text: str) -> str:
    """A message without markup, placeholders, addresses and surplus space.

    >>> clean("Hallo <b>{name}</b>, Sie haben&nbsp;%d Nachrichten")
    'Hallo , Sie haben Nachrichten'
    """
    text = _PLACEHOLDER.sub(" ", _PLACEHOLDER.sub(" ", _TAG.sub(" ", html.unescape(text))))
    return " ".join(_MARKUP.sub("", text).split())[:_MAXIMUM_LENGTH]


def collect(sources: Iterable[Source], folder: Path) -> Corpus:
    """The corpus of the sources whose archives are in `folder`, in the order of the list; others are left out."""
    corpus = Corpus()
    for source in sources:
        archive = find_archive(source, folder)
        if archive is None:
            continue
        if source.reader == "code":
            corpus.code += [text for _, data in members(archive, source.files) for _, text in READERS["code"](data)]
            continue
        target = corpus.words if source.reader == "words" else corpus.texts
        for label, texts in _labelled(source, archive):
            target[label] += texts
    _drop_english(corpus.texts)
    return corpus


def _drop_english(texts: dict[str, list[str]]) -> None:
    """Take what is also an English text out of the other languages: most of it was left untranslated."""
    english = frozenset(texts.get("eng_Latn", ()))
    for label, own in texts.items():
        if label != "eng_Latn":
            own[:] = [text for text in own if text not in english]


def _labelled(source: Source, archive: Path) -> Iterator[tuple[str, list[str]]]:
    """Texts of one source by label, each text once, without those left untranslated."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for match, data in members(archive, source.files):
        for code, text in _drawn(source, data):
            found[code or source.code or match["code"]][clean(text)] = None
    untranslated = found.get(source.base, {}) if source.base else {}
    for code, texts in sorted(found.items()):
        label = locale_label(code, " ".join(list(texts)[:200]))
        if label:
            own = [
                text for text in texts if (code == source.base or text not in untranslated) and _in_script(text, label)
            ]
            yield label, own


def _drawn(source: Source, data: bytes) -> Iterable[tuple[str | None, str]]:
    """What the reader finds; of a lexicon a sample, drawn with a fixed seed, is enough."""
    found = READERS[source.reader](data)
    if source.reader != "words":
        return found
    words = list(found)
    return random.Random(source.name).sample(words, min(len(words), _LEXICON))


def _in_script(text: str, label: str) -> bool:
    counts = script_counts(text)
    own = sum(counts.get(name, 0) for name in comprised(label.partition("_")[2]))
    return own > 0 and own >= _OWN_SCRIPT * sum(counts.values())
