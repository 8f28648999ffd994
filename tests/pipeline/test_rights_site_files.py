"""robots.txt, tdmrep.json and the list of opt-outs: what they say about an address."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigurationError
from pipeline.rights.opt_outs import OptOuts, read_opt_outs
from pipeline.rights.site_files import RobotsTxt, TdmRep, matches, origin_of, path_of, read_preferences, site_statements

SITE = "https://site.example"
MANAGED = """\
# ANY RESTRICTIONS EXPRESSED VIA CONTENT SIGNALS ARE EXPRESS RESERVATIONS OF RIGHTS
User-agent: *
Content-Signal: search=yes,ai-train=no,use=reference
Allow: /

User-agent: CCBot
User-agent: GPTBot
Disallow: /

User-agent: *
Disallow: /private
Allow: /private/open
Sitemap: https://site.example/sitemap.xml
"""


def said(text: str, path: str, *agents: str) -> list[str]:
    return site_statements("/robots.txt", text, [SITE + path], agents)[0]


def test_a_managed_robots_txt() -> None:
    signals = ["robots.txt:search=yes", "robots.txt:ai-train=no", "robots.txt:use=reference"]
    agents = ["robots.txt/ccbot:disallow", "robots.txt/gptbot:disallow"]
    assert said(MANAGED, "/", "ccbot", "gptbot", "otherbot") == [*agents, *signals]
    assert said(MANAGED, "/private/x", "otherbot") == ["robots.txt:disallow", "robots.txt/otherbot:disallow", *signals]
    assert said(MANAGED, "/private/open/x") == signals


@pytest.mark.parametrize(
    "text", ["", "\ufeff", "# nothing", "User-agent: *\nDisallow:", "\x00\xff garbage", "Disallow: /"]
)
def test_files_that_say_nothing(text: str) -> None:
    assert said(text, "/page", "ccbot") == []


def test_a_byte_order_mark_hides_no_group() -> None:
    assert said("\ufeffUser-agent: *\nDisallow: /", "/") == ["robots.txt:disallow"]


def test_preferences_of_a_path_and_of_a_crawler() -> None:
    text = "User-agent: *\nContent-Usage: train-ai=y\nContent-Usage: /art/ train-ai=n\n"
    text += "\nUser-Agent: CCBot/2.0\nContent-Usage: train-ai=n"
    assert said(text, "/text", "ccbot") == ["robots.txt:train-ai=y", "robots.txt/ccbot:train-ai=n"]
    assert said(text, "/art/1") == ["robots.txt:train-ai=n"]


def test_preferences_before_any_group_address_everyone() -> None:
    assert [entry.agent for entry in read_preferences("Content-Signal: ai-train=no\nUser-agent: x\nAllow: /")] == ["*"]


PATHS = st.text(alphabet="ab/.", max_size=5).map(lambda path: f"/{path}")


@given(st.lists(st.tuples(st.sampled_from(["Allow", "Disallow"]), PATHS), max_size=4), PATHS)
def test_plain_paths_agree_with_the_longest_prefix(lines: list[tuple[str, str]], path: str) -> None:
    """The oracle: of the rules whose path begins the address the longest holds; of equal ones the one that allows."""
    path = path_of(SITE + path)  # dots are resolved
    beginning = [(len(prefix), field == "Allow") for field, prefix in lines if path.startswith(prefix)]
    allowed = max(beginning, default=(0, True))[1]
    text = "User-agent: *\n" + "\n".join(f"{field}: {prefix}" for field, prefix in lines)
    assert said(text, path) == ([] if allowed else ["robots.txt:disallow"])


@given(st.text(alphabet="ab*$", max_size=8), st.text(alphabet="ab$", max_size=12))
def test_patterns_agree_with_regular_expressions(pattern: str, path: str) -> None:
    inner = pattern.removesuffix("$")
    expression = ".*".join(map(re.escape, inner.split("*"))) + (r"\Z" if pattern.endswith("$") else "")
    assert matches(pattern, path) == (re.match(expression, path) is not None)


def test_hostile_patterns_take_no_time() -> None:
    text = "User-agent: *\nContent-Usage: /" + "*a" * 5000 + "b train-ai=n\nDisallow: /" + "*a" * 5000 + "b"
    assert said(text, "/" + "a" * 20_000, "ccbot") == []


def test_tdmrep() -> None:
    text = json.dumps(
        [
            {"location": "/", "tdm-reservation": 1, "tdm-policy": "https://site.example/policy.json"},
            {"location": "/free/*", "tdm-reservation": 0},
            {"location": "/odd", "tdm-reservation": "perhaps"},
            {"no": "location"},
            "text",
        ]
    )
    assert list(TdmRep(text).statements(f"{SITE}/free/1")) == ["tdmrep.json:tdm-reservation=0"]
    assert list(TdmRep(text).statements(f"{SITE}/x")) == [
        "tdmrep.json:tdm-reservation=1",
        "tdmrep.json:tdm-policy=https://site.example/policy.json",
    ]
    assert list(TdmRep(text).statements(f"{SITE}/odd")) == []
    for broken in ("", "{}", "[", "[" * 100_000, "[1]"):
        assert list(TdmRep(broken).statements(SITE)) == []


def test_a_robots_txt_is_parsed_once_for_all_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    monkeypatch.setattr(RobotsTxt, "__init__", lambda self, text: parsed.append(text))
    monkeypatch.setattr(RobotsTxt, "statements", lambda self, url, agents: iter(()))
    assert site_statements("/robots.txt", "x", [SITE] * 50, []) == [[]] * 50
    assert parsed == ["x"]


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://[::1", "mailto:a@b.example", "data:text/html,x", "//a.example"]
)
def test_addresses_without_origin(url: str) -> None:
    assert origin_of(url) is None


ENTRIES = [
    "# who asked to be left out",
    "",
    "example.org",
    "Bücher.example   # their letter of May",
    "https://example.net/blog/",
    "example.com/page?id=1",
    "192.0.2.7",
]


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("https://example.org/", "example.org"),
        ("http://www.EXAMPLE.org:8080/a?b#c", "example.org"),
        ("https://notexample.org/", None),
        ("https://xn--bcher-kva.example/x", "xn--bcher-kva.example"),
        ("https://shop.bücher.example/x", "xn--bcher-kva.example"),
        ("http://example.net/blog", "example.net/blog"),
        ("https://example.net/blog/2026/1", "example.net/blog"),
        ("https://example.net/blog?page=2", "example.net/blog"),
        ("https://example.net/blogging", None),
        ("https://example.net/", None),
        ("https://example.com/page?id=1", "example.com/page?id=1"),
        ("https://example.com/page?id=12", None),
        ("http://192.0.2.7/x", "192.0.2.7"),
        ("nonsense", None),
    ],
)
def test_opt_outs(url: str, entry: str | None) -> None:
    assert OptOuts.of(ENTRIES).match(url) == entry


def test_no_opt_outs() -> None:
    assert OptOuts.of([]).match("https://example.org/") is None


def test_a_line_that_is_no_entry_is_named(tmp_path) -> None:
    file = tmp_path / "opt_outs.txt"
    file.write_text("example.org\nplease leave us out\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r'opt_outs\.txt: line 2: "please leave us out" is no host'):
        read_opt_outs(str(file), "1")
    with pytest.raises(ConfigurationError, match=r"missing\.txt"):
        read_opt_outs(str(tmp_path / "missing.txt"), "1")
