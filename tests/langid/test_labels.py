"""The language table and the normal form of labels."""

import re

import pytest

from langid.errors import UnknownLabelError
from langid.labels import NO_LANGUAGE, canonical, language_name, languages, members, normalise, split_label

# Codes of fastText's lid.176 whose place in the table is easy to get wrong, with FineWeb2's label.
LID176 = {
    "zh": "cmn_Hani", "ja": "jpn_Jpan", "ko": "kor_Hang", "ar": "arb_Arab", "et": "ekk_Latn", "ms": "zsm_Latn",
    "sw": "swh_Latn", "lv": "lvs_Latn", "no": "nob_Latn", "sq": "als_Latn", "als": "gsw_Latn", "az": "azj_Latn",
    "uz": "uzn_Latn", "mn": "khk_Cyrl", "ne": "npi_Deva", "or": "ory_Orya", "ps": "pbt_Arab", "yi": "ydd_Hebr",
    "ku": "kmr_Latn", "ckb": "ckb_Arab", "mg": "plt_Latn", "fa": "pes_Arab", "tl": "tgl_Latn", "he": "heb_Hebr",
    "bh": "bho_Deva", "eml": "egl_Latn", "sh": "hbs_Latn", "kv": "kpv_Cyrl", "qu": "quy_Latn", "gn": "gug_Latn",
    "sc": "sro_Latn", "bo": "bod_Tibt", "dv": "div_Thaa", "my": "mya_Mymr", "sr": "srp_Cyrl", "ug": "uig_Arab",
}  # fmt: skip


@pytest.mark.parametrize(("code", "label"), LID176.items())
def test_fasttext_codes(code, label):
    assert canonical(f"__label__{code}", "fasttext") == label


@pytest.mark.parametrize(
    ("label", "normal"),
    [
        ("zho_Hans", "cmn_Hani"),
        ("yue_Hant", "yue_Hani"),
        ("kor_Kore", "kor_Hang"),
        ("__label__lvs_Latn", "lvs_Latn"),
        ("uzn_Cyrl", "uzn_Cyrl"),
        ("zh-Hant-TW", "cmn_Hani"),
        ("pt-BR", "por_Latn"),
        ("fas_Arab", "pes_Arab"),
        ("fil_Latn", "tgl_Latn"),
        ("zxx_Zxxx", NO_LANGUAGE),
    ],
)
def test_labels_of_other_models(label, normal):
    assert canonical(label) == normal


def test_normal_labels_stay_as_they_are():
    for row in languages().values():
        for script in row.scripts:
            assert canonical(f"{row.code}_{script}") == f"{row.code}_{script}"


def test_a_label_without_a_script_is_open_only_where_several_are_usual():
    assert normalise("kk") == ("kaz", None)
    assert normalise("cs") == ("ces", "Latn")


def test_every_alias_means_one_language():
    codes = set(languages())
    aliases = [alias for row in languages().values() for alias in row.aliases]
    assert len(aliases) == len(set(aliases))
    assert not codes.intersection(aliases)


def test_table_is_well_formed():
    for row in languages().values():
        assert re.fullmatch("[a-z]{3}", row.code)
        assert row.name == row.name.strip() != ""
        assert row.scripts
        assert all(re.fullmatch("[A-Z][a-z]{3}", script) for script in row.scripts)
        assert row.code == canonical(row.code).partition("_")[0]
    assert list(languages()) == sorted(languages())


def test_macrolanguages_map_both_ways():
    for code in members("zho"):
        assert languages()[code].macrolanguage == "zho"
    assert {"cmn", "yue", "wuu", "nan", "hak"} <= set(members("zho"))


@pytest.mark.parametrize("label", ["klingon_Latn", "positive", "__label__1", ""])
def test_unknown_labels_are_errors(label):
    with pytest.raises(UnknownLabelError):
        normalise(label)


@pytest.mark.parametrize("label", ["deu", "_Latn", "deu_", ""])
def test_split_label_wants_both_parts(label):
    with pytest.raises(UnknownLabelError):
        split_label(label)


def test_language_name_of_an_unknown_language():
    with pytest.raises(UnknownLabelError, match="xq1"):
        language_name("xq1_Latn")
