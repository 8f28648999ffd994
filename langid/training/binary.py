"""Texts in binary files: Chromium's .pak, Android's resources.arsc, Tesseract's .traineddata."""

import io
import itertools
import struct
import zipfile
from collections.abc import Iterator

import numpy as np

Texts = Iterator[tuple[str | None, str]]


def chromium_strings(data: bytes) -> Texts:
    """Texts of a Chromium resource pack, version 5: header, index of (identifier, offset), UTF-8 bytes."""
    (count,) = struct.unpack_from("<H", data, 8)
    starts = [struct.unpack_from("<HI", data, 12 + 6 * index)[1] for index in range(count + 1)]
    for start, end in itertools.pairwise(starts):
        if end - start < 4000:
            yield None, data[start:end].decode("utf-8", "ignore")


_UTF8_POOL = 1 << 8
_STRING_POOL, _PACKAGE, _TYPE = 0x1, 0x200, 0x201
_NO_ENTRY = 0xFFFFFFFF
_COMPLEX = 1
_STRING = 3


def android_strings(data: bytes) -> Texts:
    """Strings of an Android package (.apk) with their locales, those of the default locale as `en`.

    Layout: ResourceTypes.h of the Android framework; chunks of a 16-bit type, header size, and 32-bit size.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        table = package.read("resources.arsc")
    pool: list[str] = []
    for kind, start, header, size in _chunks(table, 12, len(table)):
        if kind == _STRING_POOL and not pool:
            pool = _strings(table, start)
        elif kind == _PACKAGE:
            for inner, at, inner_header, _ in _chunks(table, start + header, start + size):
                if inner == _TYPE:
                    locale = _locale(table[at + 20 : at + inner_header])
                    yield from ((locale, pool[index]) for index in _values(table, at, inner_header))


def _chunks(table: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    while start < end:
        kind, header, size = struct.unpack_from("<HHI", table, start)
        yield kind, start, header, size
        start += size


def _strings(table: bytes, start: int) -> list[str]:
    _, header, _, count, _, flags, strings, _ = struct.unpack_from("<HHIIIIII", table, start)
    offsets = struct.unpack_from(f"<{count}I", table, start + header)
    read = _utf8 if flags & _UTF8_POOL else _utf16
    return [read(table, start + strings + offset) for offset in offsets]


def _utf8(table: bytes, at: int) -> str:
    at += 2 if table[at] & 0x80 else 1  # the length in characters, not needed
    length = table[at]
    at += 1
    if length & 0x80:
        length = (length & 0x7F) << 8 | table[at]
        at += 1
    return table[at : at + length].decode("utf-8", "replace")


def _utf16(table: bytes, at: int) -> str:
    (length,) = struct.unpack_from("<H", table, at)
    at += 2
    if length & 0x8000:
        length = (length & 0x7FFF) << 16 | int(struct.unpack_from("<H", table, at)[0])
        at += 2
    return table[at : at + 2 * length].decode("utf-16-le", "replace")


def _locale(config: bytes) -> str:
    """Language and script of a ResTable_config; three-letter codes are packed in five bits a letter."""
    low, high = config[8], config[9]
    if low & 0x80:
        letters = (high & 0x1F, (high >> 5) | (low & 0x03) << 3, (low >> 2) & 0x1F)
        language = "".join(chr(ord("a") + letter) for letter in letters)
    else:
        language = config[8:10].decode("ascii").strip("\0")
    region = "" if config[10] & 0x80 else config[10:12].decode("ascii").strip("\0")
    script = config[36:40].decode("ascii", "ignore").strip("\0")
    return "-".join(part for part in (language, script, region) if part) or "en"


def _values(table: bytes, at: int, header: int) -> Iterator[int]:
    """Indexes in the string pool of the string values of one type chunk."""
    count, entries = struct.unpack_from("<II", table, at + 12)
    if table[at + 9] & 1:  # sparse: the framework has none with strings
        return
    for offset in struct.unpack_from(f"<{count}I", table, at + header):
        if offset == _NO_ENTRY:
            continue
        entry = at + entries + offset
        _, flags, _ = struct.unpack_from("<HHI", table, entry)
        if flags & _COMPLEX:
            (items,) = struct.unpack_from("<I", table, entry + 12)
            values = [entry + 16 + 12 * item + 4 for item in range(items)]
        else:
            values = [entry + 8]
        for value in values:
            _, _, kind, index = struct.unpack_from("<HBBI", table, value)
            if kind == _STRING:
                yield index


_WORD_DAWG, _UNICHARSET = 19, 21  # components of a .traineddata file: tessdatamanager.h
_MARKER, _BACKWARD, _WORD_END = 1, 2, 4


def tesseract_words(data: bytes) -> Texts:
    """Words of a Tesseract model: its directed acyclic word graph (dawg.h), spelt with its character set."""
    (count,) = struct.unpack_from("<I", data, 0)
    offsets = [*struct.unpack_from(f"<{count}q", data, 4), len(data)]
    if offsets[_WORD_DAWG] < 0:
        return
    ends = {offset: min(end for end in offsets if end > offset) for offset in offsets[:-1] if offset >= 0}
    listed = data[offsets[_UNICHARSET] : ends[offsets[_UNICHARSET]]].decode("utf-8").splitlines()[1:]
    characters = [line.split(" ", 1)[0] for line in listed]
    for word in _dawg_words(data[offsets[_WORD_DAWG] : ends[offsets[_WORD_DAWG]]], characters):
        yield None, word


def _dawg_words(dawg: bytes, characters: list[str]) -> Iterator[str]:
    size, count = struct.unpack_from("<ii", dawg, 2)
    edges = np.frombuffer(dawg, dtype="<u8", count=count, offset=10)
    letter_bits = int(np.ceil(np.log(size + 1) / np.log(2.0)))
    letters = (edges & np.uint64((1 << letter_bits) - 1)).astype(np.int64).tolist()
    flags = ((edges >> np.uint64(letter_bits)) & np.uint64(7)).astype(np.int64).tolist()
    targets = (edges >> np.uint64(letter_bits + 3)).astype(np.int64).tolist()
    stack = [(0, "")]
    while stack:
        edge, prefix = stack.pop()
        last = False
        while not last:
            last = bool(flags[edge] & _MARKER)
            if not flags[edge] & _BACKWARD and letters[edge] < len(characters):
                word = prefix + characters[letters[edge]]
                if flags[edge] & _WORD_END:
                    yield word
                if targets[edge]:
                    stack.append((targets[edge], word))
            edge += 1
