"""Main content of a page, in one pass over its bytes."""

from pipeline.extraction.content.choose import LENIENT, STRICT, THREAD, chosen_blocks
from pipeline.extraction.content.scan import scanned
from pipeline.extraction.content.write import text_of

__all__ = ["main_text"]


def main_text(html: str) -> str:
    """The main content of a page as text: a line for each paragraph; empty where there is none.

    Never raises for what a page holds, takes time in proportion to its length, and is the same for the same page.

    >>> menu = "<nav><a href=/>ホーム</a> <a href=/b>記事</a></nav>"
    >>> main_text(menu + "<div class=entry-content><h1>吾輩は猫である</h1><p>吾輩は猫である。名前はまだ無い。</div>")
    '吾輩は猫である\\n吾輩は猫である。名前はまだ無い。'
    >>> main_text("<article><p>او نمی&zwnj;خواهد امروز به خانه برود و می‌ماند.<ul><li>یک<li>دو</ul></article>")
    'او نمی\u200cخواهد امروز به خانه برود و می\u200cماند.\\n- یک\\n- دو'
    """
    page = scanned(html)
    return text_of(page, chosen_blocks(page, STRICT, LENIENT, THREAD))
