"""Languages of the lines of a document, and groups of labels."""

import pytest

from langid.documents import groups, label_group, segment_langs
from langid.labels import canonical
from langid.models import load_model

GERMAN = "Gestern haben wir den alten Schrank in den Keller getragen und dann Kaffee getrunken."
RUSSIAN = "Вчера мы долго искали дорогу к озеру и вернулись домой уже в темноте."
CODE = "for (var index = 0; index < values.length; index++) { total += values[index].size; }"


class ByLetter:
    """Says that a line is Russian, code or German by its first character."""

    name = "by letter"
    checksum = "0"

    def predict(self, texts, k=1):
        return [[({"В": "rus_Cyrl", "f": "zxx_Zzzz"}.get(text[0], "deu_Latn"), 0.9)] for text in texts]


def test_lines_and_shares():
    found = segment_langs(f"{GERMAN}\nMenü\n{RUSSIAN}\n\n{GERMAN}\n{CODE}", ByLetter())
    assert found.lines == ["deu_Latn", None, "rus_Cyrl", None, "deu_Latn", "zxx_Zzzz"]
    german, russian = (sum(char.isalpha() for char in text) for text in (GERMAN, RUSSIAN))
    assert found.shares == pytest.approx(
        {"deu_Latn": 2 * german / (2 * german + russian), "rus_Cyrl": russian / (2 * german + russian)}
    )
    code = sum(char.isalpha() for char in CODE)
    assert found.code_share == pytest.approx(code / (2 * german + russian + code))
    assert found.mixed


def test_a_document_of_short_lines_has_no_shares():
    found = segment_langs("Start\nÜber uns\nKontakt", ByLetter())
    assert found.lines == [None, None, None]
    assert found.shares == {}
    assert found.code_share is None
    assert not found.mixed


def test_one_language_is_not_mixed():
    assert not segment_langs("\n".join([GERMAN] * 9 + [RUSSIAN]), ByLetter()).mixed


def test_the_bundled_model_tells_the_lines_apart():
    found = segment_langs(f"{GERMAN}\n{RUSSIAN}", load_model("bundled"))
    assert found.lines == ["deu_Latn", "rus_Cyrl"]


def test_groups_hold_normal_labels():
    for members in groups().values():
        assert len(members) > 1
        assert all(canonical(label) == label for label in members)


@pytest.mark.parametrize(
    ("top", "group"),
    [
        ([("zsm_Latn", 0.5), ("ind_Latn", 0.45)], "malay"),
        ([("zsm_Latn", 0.8), ("ind_Latn", 0.1)], None),
        ([("zsm_Latn", 0.3), ("deu_Latn", 0.3)], None),
        ([("deu_Latn", 0.4), ("zsm_Latn", 0.3), ("ind_Latn", 0.3)], None),
        ([], None),
    ],
)
def test_a_group_only_where_no_label_wins(top, group):
    assert label_group(top, 0.6) == group
