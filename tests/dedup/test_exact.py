import base64
import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.exact import DIGEST_BYTES, payload_identity, text_digest, url_identity

# XXH3-128 of "glotmill" and of nothing: digests are stored, so they may never change.
KNOWN = {"": "99aa06d3014798d86001c324468d497f"}
EMPTY = {name: hashlib.new(name, b"").hexdigest() for name in DIGEST_BYTES}


def base32(digest: bytes) -> str:
    return base64.b32encode(digest).decode()


@pytest.mark.parametrize(("text", "digest"), KNOWN.items())
def test_known_answer(text, digest):
    assert text_digest(text).hex() == digest


@given(st.text())
def test_unicode_form_does_not_matter(text):
    assert text_digest(unicodedata.normalize("NFD", text)) == text_digest(text)
    assert len(text_digest(text)) == 16


@given(
    st.lists(st.text("aé水न", min_size=1), max_size=5),
    st.sampled_from([" ", "\n", "\r\n\t", "\u00a0", "\u3000"]),
)
def test_kind_and_amount_of_white_space_do_not_matter(words, space):
    assert text_digest(space + space.join(words) + space * 2) == text_digest(" ".join(words))


@pytest.mark.parametrize(("one", "other"), [("ab", "a b"), ("a", "A"), ("दिन", "दान"), ("1", "2"), ("a", "a.")])
def test_other_differences_matter(one, other):
    assert text_digest(one) != text_digest(other)


def test_lone_surrogates_have_a_digest():
    assert text_digest("\ud800") != text_digest("\ud801")


@given(st.sampled_from(sorted(DIGEST_BYTES)), st.binary(min_size=1))
def test_a_payload_s_digest_is_the_same_however_it_is_written(algorithm, payload):
    digest = hashlib.new(algorithm, payload)
    value = base32(digest.digest())
    forms = (
        f"{algorithm}:{digest.hexdigest()}",
        f"{algorithm.upper()}:{digest.hexdigest().upper()}",
        f"{algorithm}:{value}",
        f"{algorithm}:{value.rstrip('=').lower()}",
        f"{algorithm.replace('sha', 'sha-')}:{value}",
        f" urn:{algorithm}:{value} ",
    )
    identities = {payload_identity(form) for form in forms}
    assert len(identities) == 1
    assert {len(identity or b"") for identity in identities} == {16}
    assert payload_identity(f"{algorithm}:{hashlib.new(algorithm, payload + b'.').hexdigest()}") not in identities


def test_payloads_of_other_algorithms_are_others():
    """Equal bytes under another algorithm's name are no evidence."""
    value = hashlib.md5(b"page").hexdigest()
    assert payload_identity(f"md5:{value}") != payload_identity(f"sha1:{value}00000000")


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "sha1:",
        "sha1",
        "ZAIZKR6X6EOIYZNW3RYKEMFAMXIFSCH6",
        "sha1:ZAIZKR6X6EOIYZNW3RYKEMFAMXIFSCH",
        "sha1:ZAIZKR6X6EOIYZNW3RYKEMFAMXIFSCH618",
        "sha1:ZAIZKR6X6EOIYZNW3RYKEMFAMXIFSC10",
        "sha1:" + "é" * 40,
        "sha256:ZAIZKR6X6EOIYZNW3RYKEMFAMXIFSCH6",
        "crc32:cbf43926",
        "xxh128:99aa06d3014798d86001c324468d497f",
        *(f"{algorithm}:{value}" for algorithm, value in EMPTY.items()),
        *(f"{algorithm}:{base32(bytes.fromhex(value))}" for algorithm, value in EMPTY.items()),
    ],
)
def test_what_names_no_payload_has_no_identity(digest):
    assert payload_identity(digest) is None


@given(st.text())
def test_any_text_may_stand_where_a_digest_should(digest):
    assert payload_identity(digest) is None or ":" in digest


@pytest.mark.parametrize("url", ["", "dns:example.com", "not an address", "http://[bad/", "http://\ud800/"])
def test_what_is_no_address_of_the_web_has_no_identity(url):
    assert url_identity(url) is None


def test_an_address_has_one_identity():
    assert url_identity("http://example.com:80/?utm_source=a") == url_identity("https://EXAMPLE.com")
    assert url_identity("https://example.com/a") != url_identity("https://example.com/A")
    assert url_identity("https://example.com/?id=\ud800") is None
