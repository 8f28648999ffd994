"""Extraction: main text without boilerplate, and failures that are named."""

import multiprocessing
import os
from types import MappingProxyType

import pytest

from configs.model import Extraction
from pipeline.extraction import extract as extraction
from pipeline.extraction.engines import ENGINES
from pipeline.extraction.extract import ExtractionError, extract, within_limits

PARAGRAPHS = [
    "The mill stands at the edge of the town, where the river bends and the road to the hills begins.",
    "For two hundred years it ground the grain of eleven villages, and its owner was the richest man of the valley.",
    "Today a society of volunteers keeps the wheel turning, and visitors may watch the miller at work on Sundays.",
]
PAGE = (
    "<!doctype html><html lang='en-GB'><head><title>The  old\n mill</title></head><body>"
    "<nav><a href=/>Home</a><a href=/news>News</a></nav><div class=cookie-banner>We use cookies. Accept all</div>"
    f"<article><h1>The old mill</h1>{''.join(f'<p>{paragraph}</p>' for paragraph in PARAGRAPHS)}</article>"
    "<footer>Imprint · Privacy policy · © 2026</footer></body></html>"
)


@pytest.fixture(params=ENGINES)
def settings(request: pytest.FixtureRequest) -> Extraction:
    """The settings with each engine."""
    return Extraction(engine=request.param)


@pytest.fixture
def broken_engine(monkeypatch: pytest.MonkeyPatch):
    """Put a function in place of the engine that the settings name by default."""

    def replace(function):
        engines = MappingProxyType({**ENGINES, Extraction().text_engine: function})
        monkeypatch.setattr(extraction, "ENGINES", engines)

    return replace


def test_main_text_and_what_the_page_says_of_itself(settings):
    page = extract(PAGE, "https://mill.example/", settings)
    assert all(paragraph in page.text for paragraph in PARAGRAPHS)
    assert not any(word in page.text for word in ("cookies", "Imprint", "News"))
    assert (page.metadata.title, page.metadata.html_lang) == ("The old mill", "en-GB")
    assert (page.engine, page.markdown) == (settings.engine, None)


@pytest.mark.parametrize("html", ["", " ", "<html></html>", "<p>", "plain words", "\x00", "<!--", "&#xD800;" * 50])
def test_pages_without_main_text_are_empty_and_no_error(html, settings):
    assert extract(html, "", settings).text.strip(" \ufffd\x00") in ("", "plain words")


@pytest.mark.parametrize("joiner", ["\u200c", "&zwnj;", "&#8204;", "&#x200C;"])
def test_joiners_that_spell_words_survive(joiner, settings):
    persian = (
        "آسیاب کهنه کنار رودخانه ایستاده است و مردم روستا هنوز دربارهٔ آن داستان{0}های بسیار می{0}گویند و می{0}خوانند."
    )
    html = f"<html><body><article>{f'<p>{persian.format(joiner)}</p>' * 4}</article></body></html>"
    assert persian.format("\u200c") in extract(html, "", settings).text
    sinhala = "ශ්\u200dරී ලංකාවේ"
    assert sinhala in extract(PAGE.replace("The mill stands", sinhala), "", settings).text


def test_what_a_library_raises_costs_the_page_and_is_named(broken_engine):
    def broken(_page):
        raise ZeroDivisionError("inside the library")

    broken_engine(broken)
    with pytest.raises(ExtractionError, match="ZeroDivisionError: inside the library") as error:
        extract(PAGE, "", Extraction())
    assert error.value.reason == "extraction_failed"


def test_too_much_cpu_time_is_named(broken_engine):
    def endless(_page):
        while True:
            sum(range(1000))

    broken_engine(endless)
    with pytest.raises(ExtractionError) as error, within_limits(Extraction(cpu_seconds=0.2)):
        extract(PAGE, "", Extraction())
    assert error.value.reason == "extraction_timeout"


def test_too_much_memory_is_named(broken_engine):
    broken_engine(lambda _page: bytearray(10**9).decode())
    with pytest.raises(ExtractionError) as error, within_limits(Extraction(memory_megabytes=64)):
        extract(PAGE, "", Extraction())
    assert error.value.reason == "extraction_memory"


def _spin(stop):
    while not stop.is_set():
        sum(range(10_000))


def test_a_busy_machine_loses_no_document():
    """Many processes compete for the cores; a limit of wall time near a page's usual time would lose pages."""
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    load = [context.Process(target=_spin, args=(stop,), daemon=True) for _ in range(4 * (os.cpu_count() or 2))]
    for process in load:
        process.start()
    try:
        settings = Extraction(engine="trafilatura", cpu_seconds=2)
        texts = set()
        for _ in range(40):
            with within_limits(settings):
                texts.add(extract(PAGE, "https://mill.example/", settings).text)
    finally:
        stop.set()
        for process in load:
            process.join()
    assert texts == {extract(PAGE, "https://mill.example/", settings).text}


def test_a_page_s_text_does_not_depend_on_earlier_pages(settings):
    first = extract(PAGE, "https://a.example/", settings).text
    for _ in range(5):
        assert extract(PAGE, "https://a.example/", settings).text == first
