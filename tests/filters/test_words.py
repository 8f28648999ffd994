"""Words: ICU's segments, without what only parts them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.words import WORD_SEPARATORS, split_words

SPACES = re.compile(rf"[\s{''.join(WORD_SEPARATORS)}]+")


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("eng_Latn", "It's 3.14, e-mail\tme!", ["It's", "3.14", ",", "e", "-", "mail", "me", "!"]),
        ("eng_Latn", "😀 𝒜bc 👩‍👩‍👧", ["😀", "𝒜bc", "👩‍👩‍👧"]),
        ("deu_Latn", "„Grüße“ und\u00a0mehr…", ["„", "Grüße", "“", "und", "mehr", "…"]),
        ("heb_Hebr", 'צה"ל', ['צה"ל']),
        ("tha_Thai", "สวัสดี\u200bชาวโลก", ["สวัสดี", "ชาว", "โลก"]),
        ("lao_Laoo", "ສະບາຍດີ ຊາວ", ["ສະບາຍດີ", "ຊາວ"]),
        ("khm_Khmr", "សួស្តីពិភពលោក", ["សួស្តី", "ពិភពលោក"]),
        ("mya_Mymr", "ကမ္ဘာလောက", ["ကမ္ဘာ", "လောက"]),
        ("cmn_Hani", "世界人权宣言", ["世界", "人权", "宣言"]),
        ("jpn_Jpan", "東京へ行く。", ["東京", "へ", "行く", "。"]),
        ("bod_Tibt", "བོད་ཡིག།", ["བོད", "ཡིག", "།"]),
        ("amh_Ethi", "ሰላም፡ዓለም።", ["ሰላም", "ዓለም", "።"]),
        ("hin_Deva", "हिन्दी है।", ["हिन्दी", "है", "।"]),
        ("kor_Hang", "안녕하세요 세계", ["안녕하세요", "세계"]),
    ],
)
def test_words_of_a_language(language: str, text: str, words: list[str]) -> None:
    assert split_words(text, language) == words


def test_dictionary_follows_the_script_and_not_the_label() -> None:
    text = "東京へ行く。สวัสดีชาวโลก"
    assert split_words(text, "eng_Latn") == split_words(text, "jpn_Jpan") == split_words(text, "und_Zzzz")


@settings(deadline=None)
@given(st.text())
def test_nothing_but_separators_is_lost(text: str) -> None:
    kept = re.sub("[\ud800-\udfff]", "\ufffd", text)
    assert SPACES.sub("", "".join(split_words(text))) == SPACES.sub("", kept)


def test_lone_surrogates_become_replacement_characters() -> None:
    assert split_words("a \ud800 b") == ["a", "\ufffd", "b"]


@pytest.mark.parametrize("text", ["", " \t\n\u3000", "\u200b", "་་"])
def test_no_words(text: str) -> None:
    assert split_words(text) == []


@pytest.mark.parametrize(
    ("character", "words"), [("a", 1), ("한", 1), ("😀", 500_000), ("か", 500_000), ("\0", 500_000)]
)
def test_half_a_million_characters_without_spaces(character: str, words: int) -> None:
    assert len(split_words(character * 500_000)) == words


@pytest.mark.parametrize("sentence", ["ฝนตกในเมือง", "လူတိုင်းသည်", "雨从早上开始下", "ភ្លៀងធ្លាក់"])
def test_a_long_line_of_a_script_without_spaces_is_cut_as_a_short_one(sentence: str) -> None:
    """ICU's dictionaries work within a run of letters; a run of 400,000 must not cost more a word than a short one."""
    count = 400_000 // len(sentence)
    assert len(split_words(sentence * count)) == pytest.approx(len(split_words(sentence)) * count, rel=0.35)
