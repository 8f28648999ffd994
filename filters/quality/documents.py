"""Documents of the two classes that a quality classifier is trained and tested on."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import regex
import xxhash

from dedup.urls import site_of
from filters._records import find_files, read_records
from langid.errors import UnknownLabelError
from langid.labels import UNKNOWN, canonical
from pipeline.errors import InputError, UsageError

COLUMNS = ("text", "language", "language_script", "url")
POSITIVE, NEGATIVE = True, False
# What keeps documents together when they are split: the site of the address, nothing, or a regular expression.
BY_SITE, BY_NOTHING = "site", "none"


class Document(NamedTuple):
    """A text with its language (`und_Zzzz`: not said), its address, and a hash by which copies are the same."""

    text: str
    language: str
    url: str
    digest: int


class Example(NamedTuple):
    """A document with its class, and what it must not be separated from."""

    document: Document
    positive: bool
    group: str


@dataclass(frozen=True)
class Examples:
    """Chosen documents of both classes, and why others are not among them."""

    chosen: tuple[Example, ...]
    left_out: dict[str, int]
    """Documents by reason: `copy`, `in both classes`, `language with one class`, `over the limit`."""


def read_documents(places: Iterable[str], languages: Collection[str] = ()) -> Iterator[Document]:
    """Documents of files, folders and runs that have text; with `languages` only theirs.

    Where a file does not say which language its documents are in, and one language is asked for, they are in it.
    Raises InputError, which names the file and the fix.
    """
    asked = next(iter(languages)) if len(languages) == 1 else None
    for path in (path for place in places for path in find_files(Path(place))):
        for record in read_records(path, COLUMNS):
            text = record.get("text")
            if text is None or not str(text).strip():
                if "text" not in record:
                    raise InputError(f'{path}: there is no column "text"')
                continue
            language = _label(path, record, asked)
            if not languages or language in languages:
                digest = xxhash.xxh3_64_intdigest(str(text).encode("utf-8", "surrogatepass"))
                yield Document(str(text), language, str(record.get("url") or ""), digest)


def _label(path: Path, record: dict[str, Any], asked: str | None) -> str:
    """The language of a record in normal form. Raises InputError for a label that nobody knows."""
    language, script = record.get("language"), record.get("language_script")
    if language is None:
        return asked or UNKNOWN
    label = f"{language}_{script}" if script and "_" not in str(language) else str(language)
    if label.startswith(("und_", "zxx_")):
        return label
    try:
        return canonical(label)
    except UnknownLabelError as exc:
        raise InputError(f'{path}: column "language": {exc}; write labels such as deu_Latn') from exc


def choose_examples(
    positives: Iterable[Document], negatives: Iterable[Document], most: int, grouping: str, seed: int
) -> Examples:
    """At most `most` documents a class: those whose hashes come first, so the choice depends on no order.

    A text counts once; one that is in both classes says nothing and is left out, and so are languages with one class
    only, since the model would learn the language. Raises InputError for a class without documents.
    """
    by_class = {POSITIVE: _distinct(positives), NEGATIVE: _distinct(negatives)}
    left_out = Counter({"copy": sum(seen - len(found) for found, seen in by_class.values())})
    documents = {label: found for label, (found, _) in by_class.items()}
    for label, name in ((POSITIVE, "positive"), (NEGATIVE, "negative")):
        if not documents[label]:
            raise InputError(f"there are no {name} documents, in the languages that are asked for; name other files")
    both = documents[POSITIVE].keys() & documents[NEGATIVE].keys()
    left_out["in both classes"] = 2 * len(both)
    shared = _languages(documents[POSITIVE].values()) & _languages(documents[NEGATIVE].values())
    chosen: list[Example] = []
    group = grouper(grouping)
    for label, found in documents.items():
        usable = [document for document in found.values() if document.digest not in both]
        kept = [document for document in usable if document.language in shared]
        left_out["language with one class"] += len(usable) - len(kept)
        kept.sort(key=lambda document: _order(document.digest, seed))
        left_out["over the limit"] += max(0, len(kept) - most)
        chosen += [Example(document, label, group(document)) for document in kept[:most]]
    if not {example.positive for example in chosen} == {POSITIVE, NEGATIVE}:
        raise InputError(_nothing_shared(documents[POSITIVE].values(), documents[NEGATIVE].values()))
    return Examples(tuple(chosen), {reason: count for reason, count in left_out.items() if count})


def _distinct(documents: Iterable[Document]) -> tuple[dict[int, Document], int]:
    """Documents by their hash, and how many there were."""
    found: dict[int, Document] = {}
    seen = 0
    for seen, document in enumerate(documents, 1):  # noqa: B007  the last number is the count
        # Of copies the one with the smallest address stays, whatever the order of the files.
        known = found.get(document.digest)
        if known is None or document[1:] < known[1:]:
            found[document.digest] = document
    return found, seen


def _languages(documents: Iterable[Document]) -> set[str]:
    return {document.language for document in documents}


def _nothing_shared(positives: Iterable[Document], negatives: Iterable[Document]) -> str:
    names = [", ".join(sorted(_languages(documents))[:8]) for documents in (positives, negatives)]
    return (
        "no language has positives and negatives that differ: a model would learn the language "
        f"(positives: {names[0]}; negatives: {names[1]}); where files do not say it, name it with --language"
    )


def _order(digest: int, seed: int) -> int:
    return xxhash.xxh3_64_intdigest(digest.to_bytes(8, "big"), seed)


class grouper:  # noqa: N801  used as a function
    """What a document must not be separated from: its site, what a pattern finds in its address, or nothing.

    >>> document = Document("text", "deu_Latn", "https://de.docs.example/apache2-doc-de/index.html", 1)
    >>> grouper("site")(document), grouper("none")(document)
    ('docs.example', '0000000000000001')
    >>> grouper("example/([a-z0-9]+)")(document)
    'apache2'
    """

    def __init__(self, grouping: str) -> None:
        self.grouping = grouping
        self.pattern = None
        if grouping not in (BY_SITE, BY_NOTHING):
            try:
                self.pattern = regex.compile(grouping)
            except regex.error as exc:
                raise UsageError(
                    f'--group: "{grouping}" is neither site, none, nor a regular expression: {exc}'
                ) from exc

    def __call__(self, document: Document) -> str:
        """The name of the document's group."""
        found = self.pattern.search(document.url, timeout=1) if self.pattern else None
        if found:
            return str(found[1] if found.re.groups else found[0])
        site = None if self.grouping == BY_NOTHING else site_of(document.url)
        return site or f"{document.digest:016x}"


def split(examples: Sequence[Example], shares: Sequence[float], seed: int) -> list[list[Example]]:
    """Examples in parts of about these shares, alike in classes and languages, no group in two of them.

    Groups come in order of size, then of a hash; each goes where most of its strata are missing. Raises InputError
    where a part would lack a class.
    """
    totals = Counter(_stratum(example) for example in examples)
    missing = [{stratum: share * count for stratum, count in totals.items()} for share in shares]
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(example.group, []).append(example)
    parts: list[list[Example]] = [[] for _ in shares]
    for name in sorted(groups, key=lambda name: (-len(groups[name]), xxhash.xxh3_64_intdigest(name.encode(), seed))):
        counts = Counter(_stratum(example) for example in groups[name])
        wants = [sum(count * part[stratum] / totals[stratum] for stratum, count in counts.items()) for part in missing]
        best = wants.index(max(wants))
        parts[best] += groups[name]
        for stratum, count in counts.items():
            missing[best][stratum] -= count
    _check_parts(parts, groups)
    return parts


def _stratum(example: Example) -> tuple[bool, str]:
    return example.positive, example.document.language


def _check_parts(parts: Sequence[Sequence[Example]], groups: dict[str, list[Example]]) -> None:
    for label, name in ((POSITIVE, "positive"), (NEGATIVE, "negative")):
        if all(any(example.positive == label for example in part) for part in parts):
            continue
        count = sum(any(example.positive == label for example in group) for group in groups.values())
        raise InputError(
            f"the {name} documents are of {count} group{'s' * (count != 1)}, too few for {len(parts)} parts that share "
            "none; give documents of more sites, or another --group (none lets a site be in several parts)"
        )
