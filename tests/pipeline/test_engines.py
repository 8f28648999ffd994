"""Engines behind one interface, the cascade before them, and the fallback after them."""

import doctest
import os
import signal
from types import MappingProxyType

import pytest

from configs.load import load_configuration
from configs.model import Extraction, Settings
from langid.models import load_model
from pipeline.curating.annotate import annotate
from pipeline.curating.pages import Skip, page_of
from pipeline.extraction import cascade, engines, extract, markdown, page
from pipeline.extraction.cascade import MOST_PASSAGES, needless, passages, unwanted_language
from pipeline.extraction.engines import ENGINES
from pipeline.extraction.extract import ExtractionError
from pipeline.extraction.page import Page
from pipeline.reading.warc import Response

GERMAN = [
    "Die alte Mühle steht am Rand der Stadt, wo der Fluss sich wendet und die Straße in die Berge beginnt.",
    "Zweihundert Jahre lang mahlte sie das Korn von elf Dörfern, und ihr Besitzer war der reichste Mann im Tal.",
    "Heute hält ein Verein das Rad in Gang, und sonntags dürfen Besucher dem Müller bei der Arbeit zusehen.",
]
RUSSIAN = [
    "Старая мельница стоит на краю города, там, где река поворачивает и начинается дорога в горы.",
    "Двести лет она молола зерно одиннадцати деревень, и её хозяин был самым богатым человеком в долине.",
    "Сегодня общество добровольцев поддерживает колесо, и по воскресеньям можно посмотреть на работу мельника.",
]


def html_of(*paragraphs: str, title: str = "T") -> str:
    return f"<html><title>{title}</title><body><article>{''.join(f'<p>{p}</p>' for p in paragraphs)}</article></body>"


def response(html: str, url: str = "https://a.example/", offset: int = 0) -> Response:
    headers = {"content-type": "text/html; charset=utf-8"}
    return Response(
        id="<urn:x>",
        url=url,
        date="2026-07-12T08:00:00Z",
        offset=offset,
        length=1,
        status=200,
        headers=headers,
        payload=html.encode(),
        digest=None,
    )


@pytest.fixture(scope="module")
def model():
    return load_model("bundled")


@pytest.mark.parametrize("module", [cascade, engines, extract, markdown, page])
def test_doctests(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_reads_the_page_and_changes_nothing(name):
    read = Page(html_of(*GERMAN, *RUSSIAN), "https://a.example/")
    before = str(read.tree.document.html)
    text = ENGINES[name](read)
    assert all(paragraph in text for paragraph in GERMAN + RUSSIAN)
    assert str(read.tree.document.html) == before
    assert ENGINES[name](read) == text


def test_settings_name_every_engine():
    for name in ENGINES:
        assert Extraction(engine=name).text_engine == name
        assert Extraction(cascade_engine=name).text_engine == name
    assert Settings().extraction.engine == "cascade"


class TestCascade:
    def test_without_wishes_every_page_is_extracted(self, model):
        assert needless(Page(html_of(*GERMAN)), Extraction(), model) is None

    @pytest.mark.parametrize(("languages", "skipped"), [("deu_*", False), ("*_Cyrl", True), ("rus_Cyrl", True)])
    def test_a_page_without_a_wanted_language(self, languages, skipped, model):
        found = needless(Page(html_of(*GERMAN)), Extraction(languages=(languages,)), model)
        assert (found is not None) == skipped
        if found:
            assert (found.reason, found.detail) == ("unwanted_language", "deu_Latn")

    def test_a_page_in_two_languages_may_be_wanted_for_either(self, model):
        both = Page(html_of(*GERMAN * 9, RUSSIAN[0] + RUSSIAN[1])).visible_text
        for wanted in ("deu_Latn", "rus_Cyrl"):
            assert unwanted_language(both, (wanted,), model) is None
        assert unwanted_language(both, ("khm_Khmr",), model) == "deu_Latn"

    def test_nothing_is_said_of_pages_without_letters(self, model):
        assert unwanted_language("123\n | 4", ("deu_Latn",), model) is None

    def test_short_pages(self, model):
        settings = Extraction(minimum_characters=50)
        found = needless(Page("<p>磨坊"), settings, model)
        assert found is not None
        assert (found.reason, found.detail) == ("too_short", "2 visible characters")
        assert needless(Page(html_of(*GERMAN)), settings, model) is None

    def test_passages_come_from_the_whole_page_and_are_few(self):
        text = "\n".join(f"{'ข' * 250}{place}" for place in range(1000))
        found = passages(text)
        assert 0 < len(found) <= MOST_PASSAGES
        assert max(int(passage.lstrip("ข")) for passage in found) > 900
        assert passages("") == []


class TestStage:
    def test_unwanted_language_is_counted_before_extraction(self, monkeypatch):
        configuration = load_configuration("default", ["extraction.languages=[rus_Cyrl]"])

        def never(_page):
            raise AssertionError("the engine was asked")

        monkeypatch.setattr(extract, "ENGINES", MappingProxyType(dict.fromkeys(ENGINES, never)))
        with pytest.raises(Skip) as skip:
            page_of(response(html_of(*GERMAN)), "a.warc", configuration)
        assert (skip.value.outcome, skip.value.reason, skip.value.detail) == (
            "skipped",
            "unwanted_language",
            "deu_Latn",
        )

    @pytest.mark.parametrize("engine", ["cascade", "resiliparse"])
    def test_the_main_text_decides_in_the_end(self, engine):
        sets = ["extraction.languages=[rus_Cyrl]", f"extraction.engine={engine}"]
        configuration = load_configuration("default", sets)
        menu = f"<nav>{RUSSIAN[0]} {RUSSIAN[1]}</nav>"
        html = html_of(*GERMAN).replace("<article>", f"{menu}<article>")
        skipped: list[dict] = []
        rows = [page_of(response(html), "a.warc", configuration)]
        if "мельница" in rows[0]["text"]:
            pytest.skip("the engine took the menu for main text")
        assert list(annotate(rows, configuration, skipped)) == []
        assert [(row["reason"], row["detail"]) for row in skipped] == [("unwanted_language", "deu_Latn")]

    def test_equal_payloads_are_extracted_once_and_each_is_a_page(self, monkeypatch):
        configuration = load_configuration("default")
        asked = []

        def counting(read):
            asked.append(read.url)
            return read.cheap_text

        monkeypatch.setattr(extract, "ENGINES", MappingProxyType(dict.fromkeys(ENGINES, counting)))
        seen: dict = {}
        html = html_of(*GERMAN).replace("<title>", "<link rel=canonical href=/c><title>")
        rows = [
            page_of(response(html, f"https://{host}.example/p"), "a.warc", configuration, seen) for host in ("a", "b")
        ]
        assert asked == ["https://a.example/p"]
        assert rows[0]["text"] == rows[1]["text"] == "\n\n".join(GERMAN)
        assert [row["canonical_url"] for row in rows] == ["https://a.example/c", "https://b.example/c"]
        page_of(response(html + " ", "https://c.example/p"), "a.warc", configuration, seen)
        assert asked == ["https://a.example/p", "https://c.example/p"]


class TestFallback:
    @pytest.fixture
    def killed(self, monkeypatch):
        """The engine of the default settings never ends; the fallback does its work."""
        asked = []

        def endless(_page):
            asked.append("engine")
            while True:
                sum(range(1000))

        replaced = {**ENGINES, Extraction().text_engine: endless}
        monkeypatch.setattr(extract, "ENGINES", MappingProxyType(replaced))
        return asked

    def test_a_killed_extraction_is_tried_again_with_the_cheap_engine(self, killed):
        configuration = load_configuration("default", ["extraction.cpu_seconds=0.3"])
        row = page_of(response(html_of(*GERMAN)), "a.warc", configuration)
        assert row["extraction_engine"] == "resiliparse"
        assert row["text"] == "\n\n".join(GERMAN)
        assert killed == ["engine"]

    def test_without_fallback_it_is_counted(self, killed):
        sets = ["extraction.cpu_seconds=0.3", "extraction.fallback=null"]
        with pytest.raises(Skip) as skip:
            page_of(response(html_of(*GERMAN)), "a.warc", load_configuration("default", sets))
        assert (skip.value.outcome, skip.value.reason) == ("failed", "extraction_timeout")
        assert killed == ["engine"]

    def test_the_fallback_has_a_limit_of_its_own_and_is_asked_once(self, monkeypatch):
        calls = []

        def slow(_page):
            calls.append(signal.getitimer(signal.ITIMER_PROF)[0])
            while True:
                os.getpid()

        monkeypatch.setattr(extract, "ENGINES", MappingProxyType(dict.fromkeys(ENGINES, slow)))
        with pytest.raises(Skip) as skip:
            configuration = load_configuration("default", ["extraction.cpu_seconds=0.3"])
            page_of(response(html_of(*GERMAN)), "a.warc", configuration)
        assert skip.value.reason == "extraction_timeout"
        assert len(calls) == 2
        assert all(left > 0.1 for left in calls), "each attempt begins with its full limit"

    def test_a_failure_of_the_parser_is_counted(self, monkeypatch):
        def broken(_self, _selector):
            raise ValueError("bad tree")

        monkeypatch.setattr(Page, "select", broken)
        with pytest.raises(Skip, match="bad tree") as skip:
            page_of(response(html_of(*GERMAN)), "a.warc", load_configuration("default"))
        assert (skip.value.outcome, skip.value.reason) == ("failed", "extraction_failed")


def test_extraction_error_keeps_its_reason():
    assert ExtractionError("extraction_timeout", "late").reason == "extraction_timeout"
