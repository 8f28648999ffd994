"""Exact duplicates: documents of the same text, of the same payload, or of the same address; 16 bytes name each."""

import base64
import hashlib
import re
import unicodedata
from functools import cache

import xxhash

from dedup.urls import canonical_url, host_of

# Algorithms of WARC-Payload-Digest with the length of their digests in bytes. A checksum identifies nothing.
DIGEST_BYTES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
# `sha1:…`, `SHA-256:…`, `urn:sha1:…`
_LABELLED = re.compile(r"(?:urn:)?([a-z]+)-?(\d+):(.+)", re.IGNORECASE)


def text_digest(text: str) -> bytes:
    """XXH3-128 of a text, 16 bytes, in which neither Unicode form nor kind and amount of white space matters.

    >>> text_digest("Cafe\\u0301\\n\\n au lait ") == text_digest("Café au\\u3000lait")
    True
    >>> text_digest("பால்") == text_digest("பாள்")
    False
    """
    collapsed = " ".join(unicodedata.normalize("NFC", text).split())
    return _hash(collapsed)


def payload_identity(digest: str) -> bytes | None:
    """16 bytes of a WARC-Payload-Digest, the same however it is written; None where it identifies no page.

    That is so without an algorithm's name or with the name of a weak one, where the value has not its length, and for
    the digest of nothing, which writers give to records that they could not decode. Equal bytes have different
    identities when one writer hashes the body as sent, chunked or compressed, and another one hashes what it holds, or
    when two use different algorithms: copies that are missed here, and are found by their text.

    >>> written = ("sha1:ZAIZKR6X6EOIYZNW3RYKEMFAMXIFSCH6", "SHA-1:c8119547d7f11c8c65b6dc70a230a065d05908fe")
    >>> len({payload_identity(digest) for digest in written})
    1
    >>> payload_identity("sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"), payload_identity("crc32:cbf43926")
    (None, None)
    """
    found = _LABELLED.fullmatch(digest.strip())
    if found is None:
        return None
    algorithm = f"{found[1]}{found[2]}".lower()
    value = _decoded(found[3], DIGEST_BYTES.get(algorithm, 0))
    if value is None or value == _digest_of_nothing(algorithm):
        return None
    return xxhash.xxh3_128_digest(algorithm.encode() + b"\0" + value)


def url_identity(url: str) -> bytes | None:
    """XXH3-128 of an address in canonical form, 16 bytes; None for what is no address of the web.

    What an address shows changes: two crawls of a home page have one identity and different texts.

    >>> url_identity("http://Bücher.example/?utm_source=feed") == url_identity("https://xn--bcher-kva.example")
    True
    """
    return None if host_of(url) is None else _hash(canonical_url(url))


def _hash(text: str) -> bytes:
    return xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass"))


def _decoded(value: str, length: int) -> bytes | None:
    """A digest of so many bytes in hexadecimal or Base32, with or without padding; None if it is neither."""
    bare = value.rstrip("=")
    try:
        if len(bare) == 2 * length:
            return bytes.fromhex(bare)
        decoded = base64.b32decode(bare + "=" * (-len(bare) % 8), casefold=True)
    except ValueError:
        return None
    return decoded if length and len(decoded) == length else None


@cache
def _digest_of_nothing(algorithm: str) -> bytes:
    return hashlib.new(algorithm, usedforsecurity=False).digest()
