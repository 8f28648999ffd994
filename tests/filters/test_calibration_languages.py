"""Whole languages: values, relatives, effects, and files that load again."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from configs.load import load_configuration, parse_yaml
from filters.calibration.calibrate import calibrate
from filters.calibration.effects import effect_of
from filters.calibration.fallback import relatives
from filters.calibration.files import differences, language_file, write_files
from filters.calibration.report import Entry, sample_report
from filters.calibration.samples import LanguageSample
from filters.calibration.settings import load_settings
from filters.calibration.work import ENGLISH, STOPWORDS, Calibrated, Calibration, Value, rules_of
from langid.families import families_of, groups
from langid.labels import languages
from pipeline.errors import ConfigurationError, InputError

CONFIGURATION = load_configuration("default")
RULES = rules_of(CONFIGURATION, ENGLISH)
NAME = "gopher_top_2_gram_character_ratio"


def work_of(references=(), **methods):
    assignments = [f"{rule}={method}" for rule, method in methods.items()]
    settings = load_settings(RULES, None, assignments)
    if methods:  # only these
        others = dict.fromkeys(set(settings.methods) - methods.keys(), "fixed")
        settings = settings.model_copy(
            update={"methods": settings.methods | others, "stopwords": False, "doc_score_factors": False}
        )
    return Calibration(CONFIGURATION, settings, {sample.language: sample for sample in references})


def sample(label, count, text="Ein Satz, der gut ist.", **columns):
    """Documents with the same good values everywhere, but for the columns that are given."""
    good = {
        column: np.full(count, _good(column), np.float64)
        for column in Calibration(CONFIGURATION, load_settings(RULES)).wanted
    }
    values = {name: np.resize(np.asarray(column, np.float64), count) for name, column in columns.items()}
    return LanguageSample(label, count, 0, [f"{text} {number}" for number in range(count)], good | values)


def _good(column):
    rules = [rule for rule in RULES.values() if rule.column == column]
    if column in ("language_score", "script_share", "doc_score"):
        return 0.8
    low = max([rule.min or 0 for rule in rules], default=0)
    high = min([rule.max for rule in rules if rule.max is not None], default=low + 1)
    return (low + high) / 2


def test_a_bound_is_moved_by_its_method_and_says_so():
    english = sample(ENGLISH, 100, **{NAME: [0.0, 0.1]})  # mean .05, σ .05; the bound .2 is three deviations above
    german = sample("deu_Latn", 60, **{NAME: [0.1, 0.3]})  # mean .2, σ .1
    (found,) = calibrate(work_of([english], **{NAME: "mean_std"}), {"deu_Latn": german}, [])
    value = found.values["rules", NAME, "max"]
    assert value.value == pytest.approx(0.5)
    assert value.method == "mean_std"
    assert value.source == "60 documents against 100 English ones"
    assert value.interval[0] <= 0.5 <= value.interval[1]


def test_documents_of_another_language_count_for_the_score_only():
    scores = [0.9] * 40 + [0.1] * 10
    german = sample("deu_Latn", 50, language_score=scores, **{NAME: [0.1] * 40 + [0.9] * 10})
    work = work_of(**{NAME: "tail", "language_score": "language_score"})
    (found,) = calibrate(work, {"deu_Latn": german}, [])
    assert found.documents == 40
    assert found.values["rules", NAME, "max"].value == 0.1
    assert found.values["rules", "language_score", "min"].value == pytest.approx(0.58)  # 0.9 - 0.32


def test_too_small_a_sample_is_told_by_what_the_interval_does():
    spread = np.linspace(0, 1, 40)
    small = sample("deu_Latn", 40, **{NAME: spread})
    large = sample("swe_Latn", 2000, **{NAME: np.linspace(0, 1, 2000)})
    found = {c.language: c for c in calibrate(work_of(**{NAME: "tail"}), {"deu_Latn": small, "swe_Latn": large}, [])}
    value = found["deu_Latn"].values["rules", NAME, "max"]
    assert value.span > 0.1
    assert any("too few documents" in note and "are needed" in note for note in value.notes)
    assert found["swe_Latn"].values["rules", NAME, "max"].notes == ()


def test_a_bound_that_can_never_fire_is_clamped_and_named():
    name = "gopher_duplicate_line_ratio"
    english = sample(ENGLISH, 50, **{name: [0.0, 0.02]})
    noisy = sample("deu_Latn", 50, **{name: [0.0, 1.0]})
    (found,) = calibrate(work_of([english], **{name: "mean_std"}), {"deu_Latn": noisy}, [])
    assert found.values["rules", name, "max"].value == 1.0
    assert "it can reject nothing: no value lies beyond it" in found.values["rules", name, "max"].notes


def test_a_rule_that_is_off_for_a_language_stays_off():
    thai = sample("tha_Thai", 50)
    (found,) = calibrate(work_of(fineweb_terminal_punctuation_ratio="tail"), {"tha_Thai": thai}, [])
    assert not found.values
    assert "the rule is off" in found.notes[0]


def test_without_english_the_error_says_what_to_do():
    with pytest.raises(InputError, match=r"0 documents of eng_Latn.*--english"):
        calibrate(work_of(**{NAME: "mean_std"}), {"deu_Latn": sample("deu_Latn", 50)}, [])


def test_english_values_without_spread_leave_the_rule_alone():
    english = sample(ENGLISH, 50)
    work = work_of([english], **{NAME: "mean_std"})
    (found,) = calibrate(work, {"deu_Latn": sample("deu_Latn", 50)}, [])
    assert not found.values
    assert "all the same" in found.notes[0]


def test_a_language_without_words_is_an_error():
    work = Calibration(CONFIGURATION, load_settings(RULES, None, [f"{name}=fixed" for name in RULES]))
    with pytest.raises(InputError, match=r"deu_Latn: none of the .* has a letter"):
        calibrate(work, {"deu_Latn": sample("deu_Latn", 50, text="123 — 456")}, [])


def calibrated(label, **bounds):
    values = {("rules", NAME, side): Value(value, "tail", "") for side, value in bounds.items()}
    return Calibrated(label, 100, values)


def test_relatives_go_from_genus_to_family_to_script():
    found = [calibrated(label) for label in ("dan_Latn", "deu_Latn", "fra_Latn", "tur_Latn", "rus_Cyrl", "ydd_Hebr")]
    levels = [(level, [other.language for other in members]) for level, members in relatives("swe_Latn", found)]
    assert levels == [
        ("genus North Germanic", ["dan_Latn"]),
        ("family Germanic", ["dan_Latn", "deu_Latn"]),
        ("family Indo-European", ["dan_Latn", "deu_Latn", "fra_Latn"]),
        ("script Latn", ["dan_Latn", "deu_Latn", "fra_Latn", "tur_Latn"]),
    ]
    assert list(relatives("kor_Hang", found)) == []


def test_a_language_without_documents_takes_the_median_of_the_nearest():
    bounds = {"dan_Latn": 0.3, "nob_Latn": 0.4, "deu_Latn": 0.9, "swe_Latn": None}
    samples = {label: sample(label, 50, **{NAME: [high]}) for label, high in bounds.items() if high}
    samples["swe_Latn"] = sample("swe_Latn", 5)
    found = {c.language: c for c in calibrate(work_of(**{NAME: "tail"}), samples, [])}
    value = found["swe_Latn"].values["rules", NAME, "max"]
    assert value.value == 0.35
    assert (value.method, value.source) == ("median of the genus North Germanic", "dan_Latn, nob_Latn")
    assert found["swe_Latn"].notes[0].startswith("5 documents: values come from related languages. 36 are needed")
    (only,) = calibrate(work_of(**{NAME: "tail"}), samples, ["bar_Latn"])
    assert only.language == "bar_Latn"
    assert only.values["rules", NAME, "max"].source == "deu_Latn"
    (none,) = calibrate(work_of(**{NAME: "tail"}), samples, ["khm_Khmr"])
    assert not none.values


def test_stopwords_and_scores_are_never_borrowed():
    swedish = "Det är en bra dag och jag är glad att det går bra för oss som bor i den här staden och som gillar den."
    work = Calibration(
        CONFIGURATION, load_settings(RULES, None, [f"{n}=fixed" for n in RULES if n != "language_score"])
    )
    found = {
        c.language: c for c in calibrate(work, {"swe_Latn": sample("swe_Latn", 40, swedish)}, ["swe_Latn", "dan_Latn"])
    }
    assert {STOPWORDS, ("rules", "language_score", "min")} <= found["swe_Latn"].values.keys()
    assert not found["dan_Latn"].values


def test_the_table_of_families_names_known_languages_and_has_no_circles():
    assert len(groups()) > 100
    members = [language for group in groups().values() for language in group.languages]
    assert len(members) == len(set(members)) > 5500
    assert set(members) <= languages().keys()
    assert all(group.parent is None or group.parent in groups() for group in groups().values())
    for language in members:
        chain = [group.code for group in families_of(language)]
        assert len(chain) == len(set(chain)) >= 1


def test_effects_are_counted_by_rule_and_together():
    values = np.array([0.1] * 30 + [0.25] * 20)
    german = sample("deu_Latn", 50, **{NAME: values})
    loose, strict = calibrated("deu_Latn", max=0.3), calibrated("deu_Latn", max=0.05)
    work = work_of(**{NAME: "tail"})
    effects = {rule.rule: rule for rule in effect_of(work, german, loose).rules}
    assert (effects[NAME].before, effects[NAME].after, effects[NAME].gained, effects[NAME].lost) == (20, 0, 20, 0)
    total = effect_of(work, german, loose).total
    assert (total.before, total.after, total.gained, total.documents) == (20, 0, 20, 50)
    everything = effect_of(work, german, strict)
    assert everything.deadly == (NAME,)
    assert everything.total.lost == 30
    assert effect_of(work, german, calibrated("deu_Latn", max=99.0)).silent.count(NAME) == 1
    assert (
        "gopher_duplicate_line_ratio"
        in effect_of(
            work,
            german,
            Calibrated("deu_Latn", 50, {("rules", "gopher_duplicate_line_ratio", "max"): Value(1.0, "", "")}),
        ).powerless
    )


def test_a_new_stopword_list_counts_anew():
    german = sample("deu_Latn", 50, text="alpha beta", gopher_stopword_count=[0])
    list_of = Calibrated("deu_Latn", 50, {STOPWORDS: Value(("alpha", "beta", "gamma"), "", "")})
    effects = {rule.rule: rule for rule in effect_of(work_of(), german, list_of).rules}
    assert (effects["gopher_stopword_count"].before, effects["gopher_stopword_count"].gained) == (50, 50)


VALUES = {
    ("rules", NAME, "max"): Value(0.31, "mean_std", "50 documents", (0.3, 0.32)),
    ("rules", "gopher_mean_word_length", "min"): Value(2.0, "word_length", "50 documents"),
    ("rules", "gopher_mean_word_length", "max"): Value(9.0, "word_length", "50 documents"),
    ("rules", "fineweb_terminal_punctuation_ratio", "enabled"): Value(False, "FineWeb2", "file"),
    STOPWORDS: Value(("on", "null", "der", "3-я", "yes", "và", "là", "o'z"), "words above 0.8%", "9 words"),
    ("filters", "web_docs_scorer", "punctuation_factor"): Value(None, "ratio of medians", "50 documents"),
    ("filters", "web_docs_scorer", "number_factor"): Value(0.5, "ratio of medians", "50 documents"),
}


def test_a_written_file_loads_and_gives_the_values(tmp_path):
    found = Calibrated("vie_Latn", 50, dict(VALUES))
    text = language_file("vie_Latn", "From 50 documents.", differences(CONFIGURATION, found))
    (path,) = write_files(tmp_path, [("vie_Latn", text)])
    assert path.name == "vie_Latn.yaml"
    tree = parse_yaml(path.read_text(encoding="utf-8"), path.name)
    (tmp_path / "run.yaml").write_text(
        yaml.safe_dump({"overrides": {"languages": {"vie_Latn": tree}}}, allow_unicode=True), encoding="utf-8"
    )
    settings = load_configuration(str(tmp_path / "run.yaml")).for_language("vie_Latn")
    assert settings.rules[NAME].max == 0.31
    assert (settings.rules["gopher_mean_word_length"].min, settings.rules["gopher_mean_word_length"].max) == (2, 9)
    assert "fineweb_terminal_punctuation_ratio" not in settings.rules
    assert settings.filters["gopher_quality"].stopwords == VALUES[STOPWORDS].value
    assert settings.filters["web_docs_scorer"].punctuation_factor is None
    assert settings.filters["web_docs_scorer"].number_factor == 0.5


def test_every_value_of_a_file_stands_under_its_provenance():
    text = language_file("vie_Latn", "From 50 documents.", VALUES)
    lines = text.splitlines()
    assert lines[0] == "# Vietnamese. From 50 documents."
    assert all(len(line) <= 120 for line in lines)
    for key in ("max: 0.31", "min: 2", "max: 9", "enabled: false", "stopwords:", "punctuation_factor: null"):
        (place,) = [number for number, line in enumerate(lines) if line.strip().startswith(key)]
        assert lines[place - 1].strip().startswith("# ")
    assert "    # mean_std: 50 documents; 95 %: 0.3 to 0.32" in lines
    assert text.count("gopher_mean_word_length:") == text.count("web_docs_scorer:") == 1


def test_a_file_holds_what_differs_with_and_without_the_shipped_one():
    shipped = CONFIGURATION.for_language("deu_Latn").rules["gopher_mean_word_length"].max
    assert shipped == 13
    path = ("rules", "gopher_mean_word_length", "max")
    for value, written in ((13.0, True), (10.0, True), (9.0, True)):
        found = differences(CONFIGURATION, Calibrated("deu_Latn", 50, {path: Value(value, "", "")}))
        assert (path in found) == written
    assert not differences(CONFIGURATION, Calibrated("dan_Latn", 50, {path: Value(10.0, "", "")}))


def test_the_report_names_every_language_and_what_is_wrong_with_it():
    german = sample("deu_Latn", 50, **{NAME: np.linspace(0, 1, 50)})
    work = work_of(**{NAME: "tail"})
    (found,) = calibrate(work, {"deu_Latn": german}, [])
    entry = Entry(found, differences(CONFIGURATION, found), effect_of(work, german, found))
    page = sample_report([entry], work, ["<sample>"])
    assert "from &lt;sample&gt;" in page
    assert 'id="deu_Latn"' in page
    assert "too few documents" in page
    assert f"<code>{NAME}</code>" in page
    assert "never fires" in page


@pytest.mark.parametrize(
    ("text", "assignments", "message"),
    [
        (
            "methods: {gopher_hash_rato: tail}",
            (),
            r'no rule "gopher_hash_rato"; the nearest known key is "gopher_hash_ratio"',
        ),
        ("methods: {gopher_hash_ratio: tails}", (), r'"tails" is no method \(methods: mean_std'),
        ("tial: 0.2", (), '"tial".*nearest known key is "tail"'),
        ("tail: 0.7", (), '"tail": Input should be less than 0.5'),
        ("methods: [1]", (), '"methods" is a section'),
        ("", ("gopher_hash_ratio",), "not of the form RULE=METHOD"),
        ("", ("gopher_hash_ratio=often",), '--method: rule "gopher_hash_ratio": "often" is no method'),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text, assignments, message):
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load_settings(RULES, tmp_path / "m.yaml", assignments)


def test_own_settings_lie_over_the_shipped_ones(tmp_path: Path):
    (tmp_path / "m.yaml").write_text("tail: 0.2\nmethods: {gopher_hash_ratio: tail}\n", encoding="utf-8")
    settings = load_settings(RULES, tmp_path / "m.yaml", ["gopher_hash_ratio=median_ratio"])
    assert settings.tail == 0.2
    assert settings.methods["gopher_hash_ratio"] == "median_ratio"
    assert settings.methods["gopher_mean_word_length"] == "word_length"
    with pytest.raises(ConfigurationError, match="no such file"):
        load_settings(RULES, tmp_path / "n.yaml")


def test_the_shipped_table_names_only_rules_that_exist():
    import filters.calibration

    shipped = yaml.safe_load((Path(filters.calibration.__path__[0]) / "methods.yaml").read_text(encoding="utf-8"))
    assert shipped["methods"].keys() <= RULES.keys()
