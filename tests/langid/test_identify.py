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


class ByLine:
    """Unsure of a text of several lines; a line that starts with a brace is code, any other Danish."""

    name = "by line"
    checksum = "0"

    def __init__(self, whole):
        self.whole = whole

    def predict(self, texts, k=1):
        code, danish = [("zxx_Zzzz", 1.0)], [("dan_Latn", 0.75), ("nob_Latn", 0.25)]
        return [self.whole if "\n" in text else (code if text.startswith("{") else danish) for text in texts]


PROSE = "Vi gik en tur langs stranden i går"
CODE = "{ return values.filter(other); } //"


def test_lines_decide_where_the_whole_is_unsure():
    [found] = identify([f"{PROSE}\n{CODE}\n{PROSE}\nkort"], ByLine([("eng_Latn", 0.4)]))
    assert found.top_langs == [("dan_Latn", 0.75), ("nob_Latn", 0.25)]
    assert found.language_score == 0.75


def test_lines_decide_where_the_whole_is_no_language():
    [found] = identify([f"{PROSE}\n{PROSE}\n{CODE}"], ByLine([("zxx_Zzzz", 0.95)]))
    assert found.language == "dan_Latn"


def test_what_is_mostly_code_stays_no_language():
    [found] = identify(["\n".join([CODE] * 9 + [PROSE])], ByLine([("zxx_Zzzz", 0.95)]))
    assert found.language == "zxx_Zzzz"


def test_a_sure_answer_stands():
    [found] = identify([f"{PROSE}\n{PROSE}"], ByLine([("swe_Latn", 0.9)]))
    assert found.top_langs == [("swe_Latn", 0.9)]


def test_one_line_cannot_decide():
    [found] = identify([f"{PROSE}\n\nkort"], ByLine([("swe_Latn", 0.3)]))
    assert found.top_langs == [("swe_Latn", 0.3)]
