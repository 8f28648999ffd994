"""URL block lists: each kind of match, and a sample of the lists themselves."""

import random
import tarfile
from importlib.resources import files

import pytest

from filters.text import Text
from filters.url_blocklist import ARCHIVE, Parameters, match_url, measure


@pytest.fixture(scope="module")
def domains() -> list[str]:
    with tarfile.open(str(files("datatrove") / "assets" / ARCHIVE)) as archive:
        member = archive.extractfile("domains")
        assert member is not None
        lines = member.read().split(b"\n")
    assert len(lines) > 4_000_000
    return [line.decode("ascii") for line in random.Random(7).sample(lines, 2000) if line]


def test_every_domain_of_the_list_is_blocked(domains: list[str]) -> None:
    for domain in domains:
        assert match_url(f"https://{domain}/a/page?x=1") in {"domain", "subdomain"}, domain


def test_names_near_the_list_are_not_taken_for_domains(domains: list[str]) -> None:
    for domain in domains:
        assert match_url(f"https://{domain.replace('.', '-')}-x9q7.example/") not in {"domain", "subdomain", "url"}


def test_a_host_below_a_blocked_domain_is_blocked(domains: list[str]) -> None:
    blocked = next(domain for domain in domains if match_url(f"http://{domain}/") == "domain")
    assert match_url(f"http://www.a.{blocked}/") == "domain"
    assert match_url(f"HTTP://{blocked.upper()}:8080/") == "domain"
    assert match_url(f"http://user@{blocked}./") == "domain"


def test_addresses_are_compared_without_scheme() -> None:
    with tarfile.open(str(files("datatrove") / "assets" / ARCHIVE)) as archive:
        member = archive.extractfile("urls")
        assert member is not None
        addresses = [line.decode("utf-8") for line in member.read().split(b"\n") if line]
    matches = [match_url(f"https://{address}") for address in random.Random(7).sample(addresses, 300)]
    assert set(matches) <= {"url", "domain", "subdomain"}
    assert "url" in matches


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("https://news.example/2g1c", "hard_word:2g1c"),
        ("https://news.example/2G1C.html", "hard_word:2g1c"),
        ("https://news.example/Nude-Webcam", "soft_words:nude,webcam"),
        ("https://news.example/webcam/webcam", None),
        ("https://news.example/2-girls-1-cup", "substring:2girls1cup"),
        ("https://news.example/essex", None),
        ("https://news.example/", None),
        ("https://нет.example/привет", None),
        ("not an address", None),
        ("http://[::1", None),
        ("http://\ud800.example/", None),
        ("", None),
    ],
)
def test_matches(url: str, match: str | None) -> None:
    assert match_url(url) == match


def test_internationalized_names_are_compared_in_ascii() -> None:
    parameters = Parameters(extra_domains=("xn--mnchen-3ya.de",))
    assert match_url("https://www.münchen.de/", parameters) == "domain"


def test_own_domains_are_blocked_and_allowed(domains: list[str]) -> None:
    parameters = Parameters(extra_domains=("bad.org", "x.good.org", "192.0.2.1"), allowed_domains=(domains[0],))
    assert match_url("https://www.bad.org/", parameters) == "domain"
    assert match_url("https://x.good.org/", parameters) == "subdomain"
    assert match_url("http://192.0.2.1:8080/", parameters) == "subdomain"
    assert match_url("https://good.org/", parameters) is None
    assert match_url(f"https://{domains[0]}/", parameters) is None


def test_the_limit_of_soft_words_is_a_parameter() -> None:
    assert match_url("https://news.example/webcam", Parameters(soft_word_limit=1)) == "soft_words:webcam"


def test_columns() -> None:
    assert measure(Text("text"), Parameters()) == {"url_blocked": None, "url_block_match": None}
    assert measure(Text("text", url="https://news.example/"), Parameters()) == {
        "url_blocked": False,
        "url_block_match": None,
    }
    assert measure(Text("text", url="https://news.example/2g1c"), Parameters()) == {
        "url_blocked": True,
        "url_block_match": "hard_word:2g1c",
    }
