"""Exact duplicates: documents of the same text."""

import unicodedata

import xxhash


def text_digest(text: str) -> bytes:
    """XXH3-128 of a text, 16 bytes, in which neither Unicode form nor kind and amount of white space matters.

    >>> text_digest("Cafe\\u0301\\n\\n au lait ") == text_digest("Café au\\u3000lait")
    True
    >>> text_digest("பால்") == text_digest("பாள்")
    False
    """
    collapsed = " ".join(unicodedata.normalize("NFC", text).split())
    return xxhash.xxh3_128_digest(collapsed.encode("utf-8", "surrogatepass"))
