"""Identification of texts by any model."""

from langid.identify import Identification, identify


class FakeModel:
    """Answers the same for every text and remembers what it was asked."""

    name = "fake"
    checksum = "0"

    def __init__(self, *found):
        self.found = list(found)
        self.asked = []

    def predict(self, texts, k=1):
        self.asked += texts
        return [self.found[:k] for _ in texts]


def test_texts_without_letters_are_never_given_to_the_model():
    model = FakeModel(("deu_Latn", 0.9))
    nothing = Identification("zxx_Zzzz", "Zzzz", None, [], None)
    found = identify(["", "  \n", "42 % — 3.14", "🎉🎉", "Wort"], model)
    assert found[:4] == [nothing] * 4
    assert found[4].language == "deu_Latn"
    assert model.asked == ["Wort"]


def test_only_texts_without_letters():
    model = FakeModel(("deu_Latn", 0.9))
    assert [item.language for item in identify(["1", "2"], model)] == ["zxx_Zzzz"] * 2
    assert model.asked == []


def test_columns_of_one_identification():
    model = FakeModel(("jpn_Jpan", 0.8), ("cmn_Hani", 0.1), ("eng_Latn", 0.05))
    [found] = identify(["漢字かなABCD"], model, top=2)
    assert found == Identification("jpn_Jpan", "Jpan", 0.8, [("jpn_Jpan", 0.8), ("cmn_Hani", 0.1)], 0.5)


def test_the_share_of_a_label_in_another_script_is_zero():
    [found] = identify(["Привет"], FakeModel(("eng_Latn", 0.4)))
    assert found.script_share == 0.0


def test_a_label_of_no_language_covers_no_letters():
    [found] = identify(["x = y"], FakeModel(("zxx_Zzzz", 0.99)))
    assert (found.language, found.language_script, found.script_share) == ("zxx_Zzzz", "Zzzz", 0.0)
