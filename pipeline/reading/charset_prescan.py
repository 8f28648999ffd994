"""The encoding that a page names in its own first bytes: meta elements and XML declarations.

The prescan of the HTML standard (https://html.spec.whatwg.org, "prescan a byte stream to determine its encoding"), with
a longer reach: browsers wait for 1,024 bytes because a user waits for them, and pages name their encoding behind that.
"""

import re
from collections.abc import Iterator

from pipeline.reading.charset_codecs import Encoding, find_encoding

PRESCAN_BYTES = 1 << 14
# Possessive throughout: a hostile page must not make the scan go back.
NAME = rb"[\t\n\x0c\r /]*+(?P<name>=?+[^\t\n\x0c\r />=]*+)"
VALUE = rb"""\"(?P<double>[^"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^\t\n\x0c\r >"'][^\t\n\x0c\r >]*+)|"""
ATTRIBUTE = re.compile(NAME + rb"(?:[\t\n\x0c\r ]*+=[\t\n\x0c\r ]*+(?:" + VALUE + rb"))?+")
MARKUP = re.compile(rb"<(?:(?P<comment>!--)|(?P<meta>meta[\t\n\x0c\r /])|(?P<tag>/?[a-z])|(?P<other>[!/?]))", re.I)
NAME_END = re.compile(rb"[\t\n\x0c\r >]")
PRAGMA_CHARSET = re.compile(
    rb"charset[\t\n\x0c\r ]*+=[\t\n\x0c\r ]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\t\n\x0c\r ;\"'][^\t\n\x0c\r ;]*+))", re.I
)
XML_DECLARATION = re.compile(
    rb"[\xef\xbb\xbf\s]*+<\?xml[^>]*?[\s\"']encoding[\t\n\x0c\r ]*+=[\t\n\x0c\r ]*+([\"'])(.*?)\1[^>]*+>", re.I | re.S
)
# An XML declaration in UTF-16 without byte order mark.
WIDE_XML = {b"<\0?\0x\0": "utf-16le", b"\0<\0?\0x": "utf-16be"}


def declared_in_page(body: bytes) -> Encoding | None:
    """The encoding that the page names, or None.

    UTF-16 in it means UTF-8, since the name could be read; x-user-defined means windows-1252.

    >>> declared_in_page(b'<!-- <meta charset=big5> --><meta http-equiv=content-type content="; charset=sjis">')
    Encoding(name='shift_jis', codec='cp932')
    >>> declared_in_page(b'<?xml version="1.0" encoding="ISO-8859-2"?><html>').name
    'iso-8859-2'
    """
    wide = WIDE_XML.get(body[:6])
    if wide:
        return find_encoding(wide)
    head = body[:PRESCAN_BYTES]
    for label in _meta_labels(head):
        found = _readable(label)
        if found:
            return found
    declaration = XML_DECLARATION.match(head)
    return _readable(declaration.group(2)) if declaration else None


def _readable(label: bytes) -> Encoding | None:
    found = find_encoding(label.decode("ascii", "replace"))
    if found and found.name.startswith("utf-16"):
        return find_encoding("utf-8")
    if found and found.name == "x-user-defined":
        return find_encoding("windows-1252")
    return found


def _meta_labels(head: bytes) -> Iterator[bytes]:
    """What the meta elements of a page's head name as encodings, in order."""
    position = 0
    while markup := MARKUP.search(head, position):
        if markup["comment"]:
            # `<!-->` is a whole comment.
            end = head.find(b"-->", markup.start() + 2)
            position = end + 3
        elif markup["meta"]:
            attributes, position = _attributes(head, markup.end() - 1)
            yield from _label_in(attributes)
            end = position
        elif markup["tag"]:
            name = NAME_END.search(head, markup.end())
            end = name.start() if name else -1
            _, position = _attributes(head, end)
        else:
            end = head.find(b">", markup.end())
            position = end + 1
        if end < 0:
            return


def _attributes(head: bytes, position: int) -> tuple[dict[bytes, bytes], int]:
    """Attributes of a tag from a position on, the first of a name, in lower case; and where the tag ends."""
    found: dict[bytes, bytes] = {}
    while position < len(head):
        attribute = ATTRIBUTE.match(head, position)
        if attribute is None or not attribute["name"]:
            # Here the tag ends, or it is cut, or broken.
            end = attribute.end() if attribute else position
            return found, max(end, position) + 1
        value = attribute["double"] or attribute["single"] or attribute["bare"] or b""
        found.setdefault(attribute["name"].lower(), value.lower())
        position = attribute.end()
    return found, len(head)


def _label_in(attributes: dict[bytes, bytes]) -> Iterator[bytes]:
    """The label of one meta element: its charset, or that of its content if it stands for a Content-Type header."""
    if b"charset" in attributes:
        yield attributes[b"charset"]
    elif attributes.get(b"http-equiv") == b"content-type":
        pragma = PRAGMA_CHARSET.search(attributes.get(b"content", b""))
        if pragma:
            yield next(group for group in pragma.groups() if group is not None)
