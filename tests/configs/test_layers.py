"""Layers: order, origins, refusals."""

import pickle

import pytest
import yaml

from configs.configuration import Configuration
from configs.layers import Layer
from configs.load import load_configuration, preset_names
from pipeline.errors import ConfigurationError


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "run.yaml") -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def origins(configuration: Configuration, language: str | None = None) -> dict[str, tuple[object, str]]:
    return {".".join(path): (value, layer) for path, value, layer in configuration.values(language)}


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads(name):
    assert load_configuration(name).name == name


def test_layers_win_in_order(write):
    """default → script → language → run → run's script → run's language → --set."""
    file = write(
        "rules: {gopher_word_count: {min: 3}, gopher_mean_word_length: {min: 0.1}, gopher_hash_ratio: {max: 0.3}}\n"
        "overrides:\n"
        "  scripts: {Thai: {rules: {gopher_mean_word_length: {min: 0.2}, gopher_hash_ratio: {max: 0.4}}}}\n"
        "  languages: {tha_Thai: {rules: {gopher_hash_ratio: {max: 0.5}}}}\n"
    )
    found = origins(load_configuration(file, ["rules.gopher_ellipsis_ratio.max=0.6"]), "tha_Thai")
    assert found["rules.gopher_word_count.max"] == (100000, "default")
    assert found["rules.fineweb_terminal_punctuation_ratio.enabled"] == (False, "scripts/Thai.yaml")
    assert found["filters.gopher_quality.stopwords"][1] == "languages/tha_Thai.yaml"
    assert found["rules.gopher_word_count.min"] == (3, file)
    assert found["rules.gopher_mean_word_length.min"] == (0.2, f"{file} (overrides.scripts.Thai)")
    assert found["rules.gopher_hash_ratio.max"] == (0.5, f"{file} (overrides.languages.tha_Thai)")
    assert found["rules.gopher_ellipsis_ratio.max"] == (0.6, "--set rules.gopher_ellipsis_ratio.max=0.6")


def test_a_language_s_settings_are_its_own(write):
    configuration = load_configuration(
        write("overrides: {languages: {deu_Latn: {rules: {language_score: {min: 0.9}}}}}")
    )
    assert configuration.for_language("deu_Latn").rules["language_score"].min == 0.9
    assert configuration.for_language("fra_Latn").rules["language_score"].min == 0.3
    assert configuration.for_language("tha_Thai").filters != configuration.for_language("deu_Latn").filters


def test_a_folder_of_languages_lies_below_the_file_that_names_it(write, tmp_path):
    (tmp_path / "calibrated").mkdir()
    write("rules: {gopher_hash_ratio: {max: 0.2}, gopher_word_count: {min: 7}}\n", "calibrated/deu_Latn.yaml")
    file = write("languages: calibrated\noverrides: {languages: {deu_Latn: {rules: {gopher_word_count: {min: 8}}}}}\n")
    found = origins(load_configuration(file), "deu_Latn")
    layer = f"{tmp_path / 'calibrated'} (overrides.languages.deu_Latn)"
    assert found["rules.gopher_hash_ratio.max"] == (0.2, layer)
    assert found["rules.gopher_word_count.min"] == (8, f"{file} (overrides.languages.deu_Latn)")
    assert origins(load_configuration(file), "fra_Latn")["rules.gopher_hash_ratio.max"][0] == 0.1


@pytest.mark.parametrize("value", ["nowhere", "3", "[a]", "empty"])
def test_languages_names_a_folder_with_files(write, tmp_path, value):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r'run\.yaml: "languages".*files such as deu_Latn\.yaml'):
        load_configuration(write(f"languages: {value}\n"))


def test_extends_puts_a_layer_below(write):
    write("extends: fineweb2\nrules: {gopher_word_count: {min: 30}}\n", "base.yaml")
    configuration = load_configuration(write(f"extends: {write('extends: fineweb2', 'base.yaml')}\ndump: mine\n"))
    assert configuration.settings.dump == "mine"
    assert configuration.settings.extraction.skip_blocked is True


def test_inputs_of_a_file_are_beside_the_file(write, tmp_path):
    configuration = load_configuration(write("inputs: [a.warc.gz, /b.warc.gz, 's3://c/d.warc.gz']"))
    assert configuration.settings.inputs == (str(tmp_path / "a.warc.gz"), "/b.warc.gz", "s3://c/d.warc.gz")


def test_a_run_s_configuration_comes_back_from_its_json(write):
    configuration = load_configuration(write("rules: {gopher_word_count: {min: 7}}"), ["dump=x"])
    again = Configuration.from_json(yaml.safe_load(yaml.safe_dump(configuration.to_json())))
    assert origins(again, "tha_Thai") == origins(configuration, "tha_Thai")
    more = Configuration.from_json(configuration.to_json(), [Layer("--set y", {"dump": "y"})])
    assert more.settings.dump == "y"


def test_a_configuration_travels_to_workers():
    configuration = load_configuration("default")
    configuration.for_language("deu_Latn")
    again = pickle.loads(pickle.dumps(configuration))
    assert again.for_language("deu_Latn") == configuration.for_language("deu_Latn")


def test_a_switched_off_filter_measures_and_judges_nothing():
    configuration = load_configuration("default", ["filters.gopher_quality.enabled=false"])
    assert "gopher_quality" not in configuration.filters
    assert not any(column.name.startswith("gopher_word") for column in configuration.columns)
    assert not any(name.startswith("gopher_word") for name in configuration.for_language("deu_Latn").rules)


def test_a_user_s_filter_is_one_file(write, tmp_path, monkeypatch):
    (tmp_path / "my_shout.py").write_text(
        "import pyarrow as pa\n"
        "from filters.base import Column, FilterParameters, Rule\n"
        "class Parameters(FilterParameters):\n    mark: str = '!'\n"
        "COLUMNS = (Column('shouts', pa.int64(), 'marks', 'exclamation marks', 'curate'),)\n"
        "RULES = {'shouts': Rule(column='shouts', max=3)}\n"
        "def measure(text, parameters):\n    return {'shouts': text.text.count(parameters.mark)}\n"
    )
    (tmp_path / "team").mkdir()
    (tmp_path / "my_shout.py").rename(tmp_path / "team" / "my_shout.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    file = write("filters: {team.my_shout: {mark: '‼'}}")
    configuration = load_configuration(file, ["filters.team.my_shout.mark=xx", "rules.shouts.max=9"])
    assert configuration.filters["team.my_shout"].COLUMNS[0].name == "shouts"
    assert configuration.for_language("deu_Latn").filters["team.my_shout"].mark == "xx"
    assert configuration.for_language("deu_Latn").rules["shouts"].max == 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extracton: {markdown: true}", r'run.yaml: unknown key "extracton"; the nearest known key is "extraction"'),
        ("extraction: {markdwon: true}", r'"extraction.markdwon"; the nearest known key is "markdown"'),
        ("extraction: 5", r'"extraction" is a section'),
        ("dump: {name: x}", r'"dump" is a value, not a section'),
        (
            "rules: {gopher_word_cout: {min: 3}}",
            r'unknown rule "gopher_word_cout"; the nearest known key is "gopher_word_count"',
        ),
        ("rules: {gopher_word_count: {mn: 3}}", r'"rules.gopher_word_count.mn"'),
        ("rules: {gopher_word_count: {min: many}}", r'run.yaml: "rules.gopher_word_count.min".*valid number'),
        ("rules: {gopher_word_count: {min: 9, max: 3}}", r"run.yaml: .*no document could pass"),
        ("rules: {mine: {column: text_caracters, min: 3}}", r'needs the column "text_caracters".*"text_characters"'),
        ("filters: {gopher_quallity: {}}", r'no filter "gopher_quallity".*"gopher_quality"'),
        ("filters: {pipeline.errors: {}}", r'"pipeline.errors" is not a filter: it has no COLUMNS'),
        ("overrides: {language: {}}", r'"overrides.language"; the nearest known key is "languages"'),
        ("overrides: {languages: {deu_Ltn: {}}}", r'"deu_Ltn" is no language.*'),
        ("overrides: {languages: {deu: {}}}", r'"deu" is no language'),
        ("overrides: {languages: {deu_Latn: {dump: x}}}", r'unknown key "dump"'),
        (
            "overrides: {languages: {deu_Latn: {filters: {gopher_quality: {enabled: false}}}}}",
            r'"filters.gopher_quality.enabled"',
        ),
        ("overrides: [1]", r'"overrides" is a section'),
        ("dump: a\ndump: b", r'run.yaml, line 2, column 1: the key "dump" stands twice'),
        ("dump: [", r"run.yaml, line 2"),
        ("- a\n- b", r"expected keys and values, found list"),
        ("extends: run.yaml", r"run.yaml: extends itself"),
        ("extends: other.yaml", r"other.yaml: neither a configuration file nor a preset"),
        ("extends: [a, b]", r'"extends" takes one preset or file'),
        (
            "rules: {mine: {column: text, min: 1}}",
            r'run.yaml: rule "mine": "min" does not fit.*takes one_of and none_of',
        ),
        ("rules: {mine: {column: text_characters, one_of: [x]}}", r'"one_of" does not fit'),
        ("rules: {mine: {column: top_langs, min: 1}}", r"rules cannot judge it"),
        ("rules: {gopher_word_count: {min: .nan}}", r"finite number"),
        ("rules: {language_score: {min: 7}}", r'run.yaml: rule "language_score": "min" 7 is out of the range.*0 to 1'),
        ("rules: {gopher_word_count: {min: -1}}", r'"min" -1 is out of the range.*words: 0 or more'),
        ("rules: {m: {any: [{column: doc_score, max: 1.5}]}}", r'rule "m": "max" 1.5 is out of the range'),
        ("extraction: {cpu_seconds: .inf}", r"finite number"),
        ("deduplication: {keep: [-text_chars]}", r'run.yaml: "deduplication.keep": "text_chars".*"text_characters"'),
        ("overrides: {scripts: {Latin: {}}}", r"a script is four letters"),
        ("deduplication: {bands: 0}", r'run.yaml: "deduplication.bands"'),
        ("inputs: 7", r'run.yaml: "inputs": Input should be a list'),
    ],
)
def test_what_is_wrong_is_named_with_its_layer(write, text, message):
    with pytest.raises(ConfigurationError, match=message):
        load_configuration(write(text))


def test_a_new_rule_may_come_in_parts():
    configuration = load_configuration("default", ["rules.mine.column=text_characters", "rules.mine.min=3"])
    assert configuration.for_language("deu_Latn").rules["mine"].min == 3


def test_an_unreadable_file_is_named(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"dump: \xff\xfe")
    with pytest.raises(ConfigurationError, match=r"a\.yaml"):
        load_configuration(str(tmp_path / "a.yaml"))


@pytest.mark.parametrize("text", ["dump", "=x", "dump=[", "rules.gopher_word_count=5", "nothing.here=1"])
def test_wrong_assignments_are_refused(text):
    with pytest.raises(ConfigurationError, match="--set"):
        load_configuration("default", [text])
