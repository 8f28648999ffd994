"""What the elements of HTML mean to an extractor: which begin paragraphs, which hold no text, which close others."""

from typing import Final

# Bits of an element's nature.
BLOCK: Final = 1  # begins and ends a paragraph
VOID: Final = 2  # has no content and no end tag
RAW: Final = 4  # holds characters, no elements, up to its end tag
SILENT: Final = 8  # what it holds is not text of the page
SCOPE: Final = 16  # an end tag inside does not reach an element outside
CLOSES_PARAGRAPH: Final = 32  # its start ends an open paragraph
BREAK: Final = 64  # ends a line

_BLOCKS = """address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hgroup main menu nav ol p pre search section summary ul table listing"""
_OTHER_BLOCKS = "noscript li dt dd td th caption tr tbody thead tfoot legend body colgroup"
_SILENT = """button select datalist svg canvas audio video object applet map template head
    annotation rp rt rtc optgroup option output progress meter frameset"""
_SILENT_RAW = "script style textarea title iframe noembed noframes"
_VOID = "area base basefont bgsound embed frame img input keygen link meta param source track wbr col"
_INLINE = """html a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark math nobr q ruby s
    samp small span strike strong sub sup time tt u var picture"""
_SCOPES = ("html", "td", "th", "caption", "table", "template", "object", "applet", "svg")


def _natures() -> dict[str, int]:
    natures = dict.fromkeys(_BLOCKS.split(), BLOCK | CLOSES_PARAGRAPH)
    natures |= dict.fromkeys(_OTHER_BLOCKS.split(), BLOCK)
    natures |= dict.fromkeys(_SILENT.split(), SILENT)
    natures |= dict.fromkeys(_SILENT_RAW.split(), SILENT | RAW)
    natures |= dict.fromkeys(_VOID.split(), VOID)
    natures |= dict.fromkeys(_INLINE.split(), 0)
    natures |= {"hr": BLOCK | VOID | CLOSES_PARAGRAPH, "br": VOID | BREAK, "xmp": BLOCK | RAW | CLOSES_PARAGRAPH}
    for name in _SCOPES:
        natures[name] |= SCOPE
    return natures


NATURES: Final = _natures()
# Numbers of elements, as the kernels know them; 0 is every element that is not listed.
NUMBERS: Final = {name: number for number, name in enumerate(sorted(NATURES), start=1)}
