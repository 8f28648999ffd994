"""The licence that a page states for itself, as data: a link that says so, or metadata, and never prose.

What counts, most certain first; where there is something of the first kind, the second is not asked:

1. `rel="license"` (HTML: the licence of the document's main content) and MediaWiki's `rel="copyright"`, Dublin Core in
   <meta>, schema.org's `license` of a page or article in JSON-LD or microdata;
2. a link to a licence in a footer, or in an element whose class or id says that it is about the licence, unless what
   stands around it is about pictures or the design of the page.

A link within an article is no statement about the page: most of them credit a picture. So is, for the same reason,
anything inside a figure or caption, or inside an item that is a picture or another work.

Licences that a page states together are one licence where one of them is as restrictive as all others (Creative
Commons' conditions by, nc, nd, sa); with several versions of it the version is left out. Others contradict each other,
or hold for parts of the page, and the answer is None: who filters by licence must not take what is unclear for free.
"""

import re
from collections.abc import Iterable, Iterator

from pipeline.extraction.page import Element, Page
from pipeline.extraction.schema_org import page_nodes

# Links, metadata and scripts that may name a licence.
_STATING = "a[href], area[href], link[href], meta[content], script[type*='ld+json' i]"
# Nothing is looked for in a page without one of these.
MARKERS = (
    *("creativecommons.org/", "gnu.org/", "opendatacommons.org/", "open-government-licence", "govdata.de/dl-de"),
    *("CC BY", "CC-BY", "CC0"),
)
_CREATIVE_COMMONS = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/([a-z+-]+)(?:/(\d\.\d))?(?:/(?!deed|legalcode)([a-z]{2,}))?",
    re.IGNORECASE,
)
_CREATIVE_COMMONS_NAME = re.compile(r"\bcc[ -]?(by(?:[ -](?:nc|nd|sa))*|0)\b(?:[ -]v?(\d\.\d)\b)?", re.IGNORECASE)
# Addresses of other licences, and the identifiers that SPDX gives them, in lower case.
_OTHERS = (
    (re.compile(r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?fdl(?:-(\d\.\d))?", re.IGNORECASE), "gfdl"),
    (re.compile(r"opendatacommons\.org/licenses/odbl(?:/(\d[.-]\d))?", re.IGNORECASE), "odbl"),
    (re.compile(r"opendatacommons\.org/licenses/by(?:/(\d[.-]\d))?", re.IGNORECASE), "odc-by"),
    (re.compile(r"opendatacommons\.org/licenses/pddl(?:/(\d[.-]\d))?", re.IGNORECASE), "pddl"),
    (re.compile(r"open-government-licence/version/(\d)", re.IGNORECASE), "ogl-uk"),
    (re.compile(r"govdata\.de/dl-de/by-(\d-\d)", re.IGNORECASE), "dl-de-by"),
    (re.compile(r"govdata\.de/dl-de/zero-(\d-\d)", re.IGNORECASE), "dl-de-zero"),
)
# Works of Creative Commons without conditions, by the name in their address.
_UNCONDITIONAL = {"zero": "cc0", "mark": "cc-pdm", "publicdomain": "cc-pddc"}
_CONDITIONS = ("by", "nc", "nd", "sa")

_META_NAMES = frozenset(
    (
        "dc.rights",
        "dc.rights.license",
        "dc.license",
        "dcterms.rights",
        "dcterms.license",
        "rights",
        "license",
        "licence",
    )
)
_PART_TYPES = re.compile(r"\w*Object|Photograph|Painting|Comment|Dataset|Software\w+", re.IGNORECASE)
_FOOTER = re.compile(r"footer|colophon|copyright|licen[cs]|lizenz", re.IGNORECASE)
# How writers of pages name the boxes of pictures and of their credits, and what they call a licence's object that is
# not the text: "Alle Fotos", "icons by".
_PICTURE = re.compile(r"caption|credit|image|img|photo|foto|bild|picture|thumb|gallery|logo", re.IGNORECASE)
_OTHER_WORKS = re.compile(
    r"photo|foto|фото|写真|照片|圖片|图片|사진|صور|image|imagen|bild|icon|design|theme|template", re.IGNORECASE
)
# Boxes further out are those of the page.
_BOXES = 5


def licence_of(page: Page) -> str | None:
    """The licence that a page states for itself, in SPDX's identifiers in lower case; None where it states none.

    Ported licences keep their country; a version that is not said or not certain is left out.

    >>> address = "https://creativecommons.org/licenses/by-sa/3.0/de/deed.de"
    >>> licence_of(Page(f'<html><body><p>Text</p><a rel="license" href="{address}">Lizenz</a></body></html>'))
    'cc-by-sa-3.0-de'
    >>> licence_of(Page(f'<html><body><p>本文</p><footer><a href="{address}">CC BY-SA</a></footer></body></html>'))
    'cc-by-sa-3.0-de'
    >>> licence_of(Page(f'<html><body><p>Look at <a href="{address}">this licence</a></p><p>Text</p></body></html>'))
    """
    if not any(marker in page.html for marker in MARKERS):
        return None
    certain, likely = _statements(page)
    return strictest(certain or likely)


def licence_id(statement: str) -> str | None:
    """The identifier of a licence from its address, or from a short name such as `CC BY-SA 4.0`.

    >>> site = "http://creativecommons.org"
    >>> licence_id(f"{site}/publicdomain/zero/1.0/"), licence_id(f"{site}/licenses/by-nd-nc/1.0")
    ('cc0-1.0', 'cc-by-nc-nd-1.0')
    >>> licence_id("https://www.gnu.org/licenses/fdl-1.3.html"), licence_id("CC BY-SA 4.0"), licence_id("© 2026")
    ('gfdl-1.3', 'cc-by-sa-4.0', None)
    """
    if found := _CREATIVE_COMMONS.search(statement):
        return _creative_commons(*(part and part.lower() for part in found.groups()))
    for pattern, name in _OTHERS:
        if found := pattern.search(statement):
            return _joined(name, found[1] and found[1].replace("-", ".") + ".0" * (len(found[1]) == 1))
    if found := _CREATIVE_COMMONS_NAME.search(statement):
        name = "zero" if found[1] == "0" else found[1].lower().replace(" ", "-")
        return _creative_commons(name, found[2] or ("1.0" if name == "zero" else None), None)
    return None


def strictest(licences: Iterable[str]) -> str | None:
    """The licence that demands all that the others do; None where no one does, as between nd and sa.

    >>> strictest(["cc-by-4.0", "cc-by-nc-sa-4.0"]), strictest(["cc-by-nd-4.0", "cc-by-sa-4.0"])
    ('cc-by-nc-sa-4.0', None)
    >>> strictest(["cc-by-sa-3.0", "cc-by-sa-4.0"]), strictest(["cc-by-sa-3.0", "gfdl-1.3"])
    ('cc-by-sa', None)
    """
    versions: dict[str, set[str]] = {}
    for licence in licences:
        versions.setdefault(_family(licence), set()).add(licence)
    for family, stated in versions.items():
        if all(other == family or _covers(family, other) for other in versions):
            return stated.pop() if len(stated) == 1 else family
    return None


def _creative_commons(name: str, version: str | None, country: str | None) -> str | None:
    if name in _UNCONDITIONAL:
        return _joined(_UNCONDITIONAL[name], version)
    conditions = name.split("-")
    if not set(conditions) <= set(_CONDITIONS):
        return None  # addresses of retired and of software licences
    ordered = (condition for condition in _CONDITIONS if condition in conditions)
    # From version 4.0 on there is one text for all countries.
    return _joined("cc", *ordered, version, country if version is not None and version < "4" else None)


def _joined(*parts: str | None) -> str:
    return "-".join(part for part in parts if part)


def _family(licence: str) -> str:
    """A licence without its version.

    >>> _family("cc-by-sa-3.0-de"), _family("dl-de-by-2.0"), _family("cc0-1.0")
    ('cc-by-sa', 'dl-de-by', 'cc0')
    """
    return re.split(r"-\d", licence, maxsplit=1)[0]


def _covers(family: str, other: str) -> bool:
    """Whether one family of Creative Commons has all conditions of another one, and more."""
    mine, others = (set(name.split("-")) & set(_CONDITIONS) for name in (family, other))
    return family.startswith("cc") and other.startswith("cc") and mine > others


def _statements(page: Page) -> tuple[list[str], list[str]]:
    """Licences that the page certainly states for itself, and those that it likely does."""
    certain: list[str] = []
    likely: list[str] = []
    for element in page.select(_STATING):
        if element.tag == "script":
            certain += _of_script(element.text)
            continue
        licence = licence_id(element.getattr("href") or element.getattr("content") or "")
        if licence is None or _is_of_a_part(element):
            continue
        if _is_declared(element):
            certain.append(licence)
        elif element.tag == "a" and _is_in_footer(element):
            likely.append(licence)
    return certain, likely


def _is_declared(element: Element) -> bool:
    """Whether a link or a <meta> says that it names the licence."""
    relations = _value(element, "rel").lower().split()
    if element.tag == "meta":
        names = (_value(element, "name"), _value(element, "property"))
        return any(name.lower() in _META_NAMES for name in names) or element.getattr("itemprop") == "license"
    return "license" in relations or "copyright" in relations or element.getattr("itemprop") == "license"


def _is_of_a_part(element: Element) -> bool:
    """Whether what a link says is about a picture or another work on the page."""
    for distance, ancestor in enumerate(_ancestors(element)):
        if ancestor.tag in ("figure", "figcaption"):
            return True
        if distance < _BOXES and ancestor.tag != "body" and _PICTURE.search(_names(ancestor)):
            return True
        if _value(ancestor, "about") or _value(ancestor, "resource"):  # RDFa: what follows is said of another address
            return True
        if _PART_TYPES.fullmatch(_value(ancestor, "itemtype").rpartition("/")[2]):
            return True
    return False


def _is_in_footer(element: Element) -> bool:
    """Whether a link stands where pages say whose they are, in a text that is not about pictures or design."""
    if _OTHER_WORKS.search(element.parent.text):
        return False
    return any(
        ancestor.tag == "footer" or ancestor.getattr("role") == "contentinfo" or _FOOTER.search(_names(ancestor))
        for ancestor in _ancestors(element)
    )


def _ancestors(element: Element) -> Iterator[Element]:
    """Elements around an element, from the inside out."""
    while (element := element.parent_element) is not None:
        yield element


def _names(element: Element) -> str:
    return f"{_value(element, 'class')} {_value(element, 'id')}"


def _value(element: Element, attribute: str) -> str:
    return element.getattr(attribute) or ""


def _of_script(script: str) -> Iterator[str]:
    """Licences of pages and articles in JSON-LD."""
    for node in page_nodes(script) if "license" in script else ():
        values = node.get("license")
        for value in values if isinstance(values, list) else [values]:
            stated = value.get("url") or value.get("@id") if isinstance(value, dict) else value
            licence = licence_id(stated) if isinstance(stated, str) else None
            if licence is not None:
                yield licence
