"""Words of every language by one engine: ICU's word boundaries (UAX #29, and dictionaries).

ICU picks a dictionary by the script of the text: Thai, Lao, Khmer, Burmese, and one for Chinese and Japanese.
A label such as `tha_Thai` is a locale that it reads, so no table of locales is needed.
"""

import re

from icu4py.breakers import WordBreaker

# Marks that do the work of a space: they part words or syllables and stand for nothing themselves.
WORD_SEPARATORS = (
    "\u200b",  # zero width space: Thai, Lao, Khmer and Burmese typists mark word boundaries with it
    "\u0f0b",  # Tibetan tsheg, after every syllable
    "\u0f0c",  # the tsheg that forbids a line break
    "\u1361",  # Ethiopic wordspace, still written between words in traditional texts
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def split_words(text: str, language: str = "und_Zzzz") -> list[str]:
    """Words and punctuation marks of `text` in order; white space and word separators are left out.

    `language` is a label such as `deu_Latn`. Lone surrogates, which no encoding can hold, become U+FFFD.

    >>> split_words("Don't pay 3.14 €!", "eng_Latn")
    ["Don't", 'pay', '3.14', '€', '!']
    >>> split_words("สวัสดีชาวโลก", "tha_Thai")
    ['สวัสดี', 'ชาว', 'โลก']
    >>> split_words("東京へ行く。", "jpn_Jpan")
    ['東京', 'へ', '行く', '。']
    >>> split_words("བོད་ཡིག", "bod_Tibt")
    ['བོད', 'ཡིག']
    """
    for mark in WORD_SEPARATORS:
        text = text.replace(mark, " ")
    try:
        breaker = WordBreaker(text, language)
    except UnicodeEncodeError:
        breaker = WordBreaker(_LONE_SURROGATE.sub("\ufffd", text), language)
    return [word for word in breaker if not word.isspace()]
