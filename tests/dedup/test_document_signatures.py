"""Signatures of documents: the same from words, from one string, and in a batch, in every script."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.minhash import batch_signatures, characters_signature, document_signature, signature, words_signature
from dedup.parameters import MinHashParameters
from dedup.shingles import SEPARATOR, character_shingle_hashes, shingle_hashes
from filters.text import Text

PARAMETERS = MinHashParameters(character_scripts=())
BY_CHARACTERS = MinHashParameters(character_scripts=("Hani", "Jpan", "Thai"))
TEXTS = {
    "deu_Latn": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Don't — 3,14 €!",
    "ell_Grek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια.",
    "rus_Cyrl": "Все люди рождаются свободными и равными в своём достоинстве и правах.",
    "arb_Arab": "يُولَدُ جميعُ الناسِ أحرارًا متساوين في الكرامة والحقوق.",
    "hin_Deva": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता है।",
    "tha_Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "mya_Mymr": "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခါဖြင့် မွေးဖွားလာသူများ ဖြစ်သည်။",
    "cmn_Hani": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心。",
    "jpn_Jpan": "すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "kor_Hang": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "bod_Tibt": "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་སྐྱེས་ཙམ་ཉིད་ནས་ཆེ་མཐོངས་དང༌།",
    "amh_Ethi": "የሰው፡ልጅ፡ሁሉ፡ሲወለድ፡ነጻና፡በክብርና፡በመብትም፡እኩልነት፡ያለው፡ነው።",
    "got_Goth": "𐌰𐍄𐍄𐌰 𐌿𐌽𐍃𐌰𐍂 𐌸𐌿 𐌹𐌽 𐌷𐌹𐌼𐌹𐌽𐌰𐌼 𐍅𐌴𐌹𐌷𐌽𐌰𐌹 𐌽𐌰𐌼𐍉 𐌸𐌴𐌹𐌽",
    "und_Zzzz": "👍 👎 — …",
}
# Marks of several combining classes, in canonical order and not, beside what folding removes.
WORDS = st.lists(st.text("aßÉ漢ไ\u0e38\u0e48ท한👍.\u0653\u0654\u0655ا\u064e9", max_size=6), max_size=9)


def script_of(language):
    return language.partition("_")[2]


def rows_of(found):
    signatures, valid = found
    return [row.tolist() if known else None for row, known in zip(signatures, valid, strict=True)]


def as_list(row):
    return None if row is None else row.tolist()


@pytest.mark.parametrize("language", TEXTS)
def test_one_string_of_words_has_the_shingles_of_the_words(language):
    words = Text(TEXTS[language], language).words
    expected = signature(shingle_hashes(words, PARAMETERS.shingle_size), PARAMETERS)
    found = document_signature(TEXTS[language], words, script_of(language), PARAMETERS)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(words_signature(SEPARATOR.join(words), PARAMETERS), expected)


@pytest.mark.parametrize("language", TEXTS)
def test_characters_where_the_script_is_configured(language):
    text = TEXTS[language]
    words = Text(text, language).words
    found = document_signature(text, words, script_of(language), BY_CHARACTERS)
    by_characters = signature(character_shingle_hashes(text, BY_CHARACTERS.character_shingle_size), BY_CHARACTERS)
    np.testing.assert_array_equal(characters_signature(text, BY_CHARACTERS), by_characters)
    if script_of(language) in BY_CHARACTERS.character_scripts:
        np.testing.assert_array_equal(found, by_characters)
    else:
        np.testing.assert_array_equal(found, document_signature(text, words, script_of(language), PARAMETERS))


@given(WORDS)
def test_any_words(words):
    expected = signature(shingle_hashes(words, PARAMETERS.shingle_size), PARAMETERS)
    assert as_list(document_signature("", words, "Latn", PARAMETERS)) == as_list(expected)


@given(st.lists(WORDS, max_size=6), st.sampled_from(["\0", " ", "\n"]))
def test_a_batch_has_the_signatures_of_its_documents(documents, separator):
    texts = [separator.join(words) for words in documents]
    ends = np.cumsum([len(text.encode()) for text in texts], dtype=np.int64)
    found = rows_of(batch_signatures("".join(texts).encode(), ends, PARAMETERS, separator))
    assert found == [as_list(words_signature(text, PARAMETERS, separator)) for text in texts]


def test_a_batch_of_every_script():
    texts = [SEPARATOR.join(Text(text, language).words) for language, text in TEXTS.items()]
    ends = np.cumsum([len(text.encode()) for text in texts])
    signatures, valid = batch_signatures("".join(texts).encode(), ends, PARAMETERS)
    assert valid.all()
    for row, text in zip(signatures, texts, strict=True):
        np.testing.assert_array_equal(row, words_signature(text, PARAMETERS))


def test_lone_surrogates_are_hashed():
    assert as_list(words_signature("\ud800", PARAMETERS)) is not None
    encoded = "a \ud800 b".encode("utf-8", "surrogatepass")
    found = rows_of(batch_signatures(encoded, np.array([len(encoded)]), PARAMETERS, " "))
    assert found == [as_list(words_signature("a \ud800 b", PARAMETERS, " "))]


def test_a_document_without_words_has_no_signature():
    assert document_signature(" \n", [], "Latn", PARAMETERS) is None
    assert document_signature(" \n", [], "Thai", BY_CHARACTERS) is None
    signatures, valid = batch_signatures(b"", np.array([0, 0]), PARAMETERS)
    assert signatures.shape == (2, PARAMETERS.size)
    assert valid.tolist() == [False, False]
    assert not signatures.any()


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        (b"abc", [4]),
        (b"abc", [2, 1]),
        (b"abc", [-1, 3]),
        ("日本".encode(), [2, 6]),
        (b"\xff", [1]),
        (b"\xe6\x97", [2]),
        (b"\xf7\xbf\xbf\xbf", [4]),
    ],
)
def test_what_is_no_document_is_refused(text, ends):
    with pytest.raises(ValueError, match=r"document|decode"):
        batch_signatures(text, np.array(ends), PARAMETERS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("東京へ行く。明日は雨が降るでしょう。", "東京へ 行く、\n明日は雨が降るでしょう"),
        ("วันนี้ฝนตกหนักมากในกรุงเทพ", "วันนี้ ฝนตกหนักมาก\u200bในกรุงเทพ"),
    ],
)
def test_spaces_and_line_breaks_do_not_matter_between_characters(one, other):
    np.testing.assert_array_equal(
        document_signature(one, [], "Jpan", BY_CHARACTERS), document_signature(other, [], "Jpan", BY_CHARACTERS)
    )
