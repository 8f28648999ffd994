"""Licences that pages state for themselves, and those that are about something else on the page."""

import pytest

from pipeline.extraction.licence import licence_id, licence_of, strictest
from pipeline.extraction.page import Page

BY = "https://creativecommons.org/licenses/by/4.0/"
BY_SA = "https://creativecommons.org/licenses/by-sa/4.0/"
LINK = f'<a href="{BY}">CC BY 4.0</a>'
DECLARED = f'<a rel="license" href="{BY}">CC BY 4.0</a>'

# Addresses and names as pages write them.
IDENTIFIERS = {
    "https://creativecommons.org/licenses/by/4.0/": "cc-by-4.0",
    "//creativecommons.org/licenses/by-sa/3.0/": "cc-by-sa-3.0",
    "http://www.creativecommons.org/licenses/by-nc-nd/3.0/de/deed.de": "cc-by-nc-nd-3.0-de",
    "https://creativecommons.org/licenses/by/3.0/igo/legalcode": "cc-by-3.0-igo",
    "https://creativecommons.org/licenses/by-nc-sa/2.5/scotland/": "cc-by-nc-sa-2.5-scotland",
    "https://creativecommons.org/licenses/by/4.0/deed.ja": "cc-by-4.0",
    "https://creativecommons.org/licenses/by-sa/4.0/legalcode.de": "cc-by-sa-4.0",
    "https://creativecommons.org/licenses/by-sa/4.0/de/": "cc-by-sa-4.0",
    "https://creativecommons.org/licenses/by/": "cc-by",
    "http://creativecommons.org/licenses/by-nd-nc/1.0": "cc-by-nc-nd-1.0",
    "HTTP://CREATIVECOMMONS.ORG/LICENSES/BY/2.0": "cc-by-2.0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "cc0-1.0",
    "https://creativecommons.org/publicdomain/mark/1.0/deed.fr": "cc-pdm-1.0",
    "http://creativecommons.org/licenses/publicdomain/": "cc-pddc",
    "https://web.archive.org/web/2014/http://creativecommons.org/licenses/by-sa/2.0/": "cc-by-sa-2.0",
    "https://www.gnu.org/licenses/fdl-1.3.html": "gfdl-1.3",
    "http://www.gnu.org/copyleft/fdl.html": "gfdl",
    "https://www.gnu.org/licenses/old-licenses/fdl-1.2.html": "gfdl-1.2",
    "https://opendatacommons.org/licenses/odbl/1-0/": "odbl-1.0",
    "http://opendatacommons.org/licenses/by/1.0/": "odc-by-1.0",
    "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/": "ogl-uk-3.0",
    "https://www.govdata.de/dl-de/by-2-0": "dl-de-by-2.0",
    "https://www.govdata.de/dl-de/zero-2-0": "dl-de-zero-2.0",
    "CC BY-NC-SA 4.0": "cc-by-nc-sa-4.0",
    "CC-BY-ND": "cc-by-nd",
    "cc by sa 3.0": "cc-by-sa-3.0",
    "CC0": "cc0-1.0",
    "https://creativecommons.org/": None,
    "https://creativecommons.org/licenses/": None,
    "https://creativecommons.org/licenses/GPL/2.0/": None,
    "https://creativecommons.org/licenses/sampling+/1.0/": None,
    "https://www.gnu.org/licenses/gpl-3.0.html": None,
    "© 2026 Verlag": None,
    "Todos los derechos reservados": None,
    "": None,
}
# What says nothing about the page itself.
SILENT = {
    "a link in the article": f"<article><p>See {LINK}.</p></article>",
    "the credit of a picture": f"<p>Foto: Jana, {LINK}</p>",
    "a caption": f"<figure><img src=a.jpg><figcaption>Jana, {DECLARED}</figcaption></figure>",
    "a caption of WordPress": f'<div class="wp-caption"><p class="wp-caption-text">{DECLARED}</p></div>',
    "a licence of a picture by its class": f'<div class="image-license">{LINK}</div>',
    "a picture in microdata": f'<div itemscope itemtype="https://schema.org/ImageObject"><p>{DECLARED}</p></div>',
    "another work in RDFa": f'<div about="https://other.example/song"><p>{DECLARED}</p></div>',
    "pictures in the footer": f"<footer><p>Alle Fotos unter {LINK}</p></footer>",
    "pictures in a Russian footer": f"<footer><p>Фотографии: {LINK}</p></footer>",
    "a design in the footer": f"<footer><p>Theme by Jana, {LINK}</p></footer>",
    "a licence without an identifier": '<a rel="license" href="/impressum">creativecommons.org/</a>',
    "a picture in JSON-LD": '<script type="application/ld+json">'
    f'{{"@type": "ImageObject", "license": "{BY}"}}</script>',
    "a picture of an article in JSON-LD": '<script type="application/ld+json">{"@type": "Article", '
    f'"image": {{"@type": "ImageObject", "license": "{BY}"}}}}</script>',
    "JSON-LD that is no JSON": f'<script type="application/ld+json">{{"license": "{BY}",</script>',
    "JSON-LD of another shape": f'<script type="application/ld+json">["license", 7, null, "{BY}"]</script>',
    "a script": f'<script>var license = "{BY}"</script>',
    "a comment": f"<!-- {DECLARED} -->",
    "a menu of licences in a footer": f'<footer>{LINK}<a href="https://creativecommons.org/licenses/by-nd/4.0/">x</a>'
    f'<a href="{BY_SA}">y</a></footer>',
}
STATED = {
    "a link": (DECLARED, "cc-by-4.0"),
    "one of several relations": (f'<a rel="noopener LICENSE" href="{BY}">x</a>', "cc-by-4.0"),
    "an element of the head": (f'<link rel="license" href="{BY}">', "cc-by-4.0"),
    "MediaWiki": (f'<link rel="copyright" href="{BY_SA}">', "cc-by-sa-4.0"),
    "Dublin Core": (f'<meta name="DCTERMS.license" content="{BY}">', "cc-by-4.0"),
    "Dublin Core by name": ('<meta name="dc.rights" content="© 2026, CC BY-SA 4.0">', "cc-by-sa-4.0"),
    "a property": (f'<meta property="dcterms.license" content="{BY}">', "cc-by-4.0"),
    "microdata": (
        f'<div itemscope itemtype="https://schema.org/BlogPosting"><link itemprop="license" href="{BY}"></div>',
        "cc-by-4.0",
    ),
    "JSON-LD": (
        f'<script type="application/ld+json">{{"@type": "NewsArticle", "license": "{BY}"}}</script>',
        "cc-by-4.0",
    ),
    "a graph": (
        '<script type="application/ld+json">{"@graph": [{"@type": "Person"}, '
        f'{{"@type": ["WebPage", "ItemPage"], "license": {{"@id": "{BY}"}}}}]}}</script>',
        "cc-by-4.0",
    ),
    "a footer": (f"<footer><p>Texte: {LINK}</p></footer>", "cc-by-4.0"),
    "a footer by its class": (f'<div class="site-footer"><p>内容：{LINK}</p></div>', "cc-by-4.0"),
    "a box on the licence": (f'<div class="entry"><div class="license copyright">{LINK}</div></div>', "cc-by-4.0"),
    "a declaration outweighs a footer": (
        f'<a rel="license" href="{BY_SA}">x</a><footer>{LINK}</footer>',
        "cc-by-sa-4.0",
    ),
}


def page(body: str) -> str:
    return f'<html lang="de"><head><title>Seite</title></head><body class="has-image"><p>Text</p>{body}</body></html>'


@pytest.mark.parametrize(("statement", "identifier"), IDENTIFIERS.items())
def test_identifiers(statement, identifier):
    assert licence_id(statement) == identifier


@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT)
def test_what_is_not_about_the_page(body):
    assert licence_of(Page(page(body))) is None


@pytest.mark.parametrize(("body", "licence"), STATED.values(), ids=STATED)
def test_what_a_page_states(body, licence):
    assert licence_of(Page(page(body))) == licence


@pytest.mark.parametrize(
    ("licences", "strict"),
    [
        ([], None),
        (["cc-by-4.0"] * 2, "cc-by-4.0"),
        (["cc0-1.0", "cc-by-4.0"], "cc-by-4.0"),
        (["cc-by-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0"], "cc-by-nc-sa-4.0"),
        (["cc-by-nc-4.0", "cc-by-sa-4.0"], None),
        (["cc-by-sa-4.0", "cc-by-sa-3.0-de"], "cc-by-sa"),
        (["cc-by-4.0", "cc-by-sa-4.0", "cc-by-sa-3.0"], "cc-by-sa"),
        (["gfdl-1.3", "cc-by-sa-3.0"], None),
        (["odc-by-1.0", "cc-by-4.0"], None),
        (["cc0-1.0", "cc-pdm-1.0"], None),
    ],
)
def test_licences_stated_together(licences, strict):
    assert strictest(licences) == strict
    assert strictest(reversed(licences)) == strict


@pytest.mark.parametrize("html", ["", " ", "creativecommons.org/", "<", '<?xml version="1.0" encoding="x"?>gnu.org/'])
def test_what_is_hardly_a_page_has_none(html):
    assert licence_of(Page(html)) is None


# Read by people in the real pages: what each page says of itself.
REAL = {
    "https://en.wikipedia.org/wiki/T-distributed_stochastic_neighbor_embedding": "cc-by-sa-3.0",
    "https://stardewvalleywiki.com/Penny": "cc-by-nc-sa-3.0",
    "http://rueda.wikidot.com/enchufla": "cc-by-sa-3.0",
    "https://www.tafelblog.de/welches-europa-wir-wollen/": "cc-by-nc-3.0-de",
    "https://verfassungsblog.de/expertinnen-in-der-krise/": "cc-by-nc-nd-4.0",
    "https://boingboing.net/2013/07/19/hating-millennials-the-preju.html": "cc-by-nc-sa-3.0",
    # Licences of pictures alone
    "https://www.soundofscience.fr/1927": None,
    "https://tell-review.de/unstillbares-heimweh/": None,
    "https://www.alexander-klier.net/zeitenkompetenz/zeitphilosophie/": None,
    "https://reset.org/du-wirst-nicht-glauben-wie-viel-co2-clickbait-websites-produzieren/": None,
    "https://digitalcourage.de/blog/2023/buch-digitale-muendigkeit": None,
    # A page that explains all licences
    "http://www.creativecommons.ch/wie-funktionierts/": None,
}


@pytest.mark.realdata
def test_licences_of_real_pages(realdata):
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    found = {}
    with (realdata / "warc" / "web.warc.gz").open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
            url = record.headers["WARC-Target-URI"]
            if url in REAL:
                found[url] = licence_of(Page(record.reader.read().decode("utf-8", "replace")))
    assert found == REAL
