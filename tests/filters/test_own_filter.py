"""A user's own filter: the documentation step by step, broken files, and errors on single documents."""

import pickle
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from datatrove.pipeline.filters import C4ParagraphFilter
from rich.console import Console

from configs.configuration import Configuration
from configs.load import load_configuration
from filters.base import Filter
from filters.load import FilterError, load_filter, measured, read_source, try_out
from filters.text import Text
from pipeline.errors import ConfigurationError
from pipeline.fingerprints import Fingerprints
from pipeline.plan import Plan, make_plan
from pipeline.run import run as run_plan
from pipeline.runner import InlineRunner

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "own_filter.md").read_text(encoding="utf-8")
CODE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = CODE.findall(GUIDE)


def code(kind: str, containing: str = "") -> str:
    """The first block of the guide of this kind with this in it."""
    return next(text for name, text in BLOCKS if name == kind and containing in text)


CAPITALS = code("python")


def broken(old: str, new: str) -> str:
    assert CAPITALS.count(old) == 1, old
    return CAPITALS.replace(old, new)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command of the guide, in this process's Python and without Ray."""
    words = shlex.split(command)
    assert words[0] == "glotmill"
    options = ["--runner", "inline"] if words[1] == "run" else []
    arguments = [sys.executable, "-m", "pipeline", *words[1:], *options]
    environment = {"PYTHONPATH": f"{ROOT}:{':'.join(sys.path)}", "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def failing(folder: Path) -> set[str]:
    """The documents that the rule rejects."""
    rows = pq.read_table(folder / "names" / "decisions", columns=["id", "reject_reasons"]).to_pylist()
    return {row["id"] for row in rows if "capital_ratio" in row["reject_reasons"]}


def above(rows: list[dict[str, Any]], limit: float, german: float) -> set[str]:
    """The documents above the limit, or above that of German."""
    limits = {"deu_Latn": german}
    return {row["id"] for row in rows if (row["capital_ratio"] or 0) > limits.get(row["language"], limit)}


def test_the_guide_step_by_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_team").mkdir()
    (tmp_path / "my_team" / "capitals.py").write_text(CAPITALS, encoding="utf-8")
    (tmp_path / "names.yaml").write_text(code("yaml", "capitals.py"), encoding="utf-8")
    done = run(code("sh", "glotmill run"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = pq.read_table(tmp_path / "names" / "documents").to_pylist()
    assert len(rows) > 80
    for row in rows:
        shortest = 4 if row["language"] == "deu_Latn" else 3
        cased = [word for word in Text(row["text"], row["language"]).words if word.swapcase() != word]
        words = [word for word in cased if len(word) >= shortest]
        names = sum(word[0] != word[0].lower() for word in words)
        assert row["capital_ratio"] == (pytest.approx(names / len(words)) if words else None)
    assert "`capital_ratio`" in (tmp_path / "names" / "dataset" / "README.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(code("python", "duckdb"), {})
    assert "capital_ratio" in capsys.readouterr().out
    assert failing(tmp_path) == above(rows, 0.4, german=0.6)
    (tmp_path / "my_team" / "capitals.py").unlink()  # run.json has its text
    done = run(code("console").removeprefix("$ "), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    # The command line is above the overrides of a file.
    assert failing(tmp_path) == above(rows, 0.1, german=0.1) > above(rows, 0.4, german=0.6)


TAMIL = '    if text.language == "tam_Taml":\n        raise ValueError("no Tamil")\n    words = ['


def plan_of(folder: Path, text: str, warc: bytes) -> Plan:
    """A run of the guide's filter over some pages."""
    (folder / "capitals.py").write_text(text, encoding="utf-8")
    (folder / "pages.warc.gz").write_bytes(warc)
    configuration = configuration_with(folder, "capitals.py")
    return make_plan(configuration, [str(folder / "pages.warc.gz")], str(folder / "run"))


@pytest.fixture(scope="module")
def pages(make_warc: Callable[..., bytes]) -> bytes:
    texts = [
        "This is an English page about nothing at all. ",
        "இது தமிழில் எழுதப்பட்ட ஒரு பக்கம். மனிதர்கள் அனைவரும் சுதந்திரமாகப் பிறக்கின்றனர். ",
    ]
    html = "<!doctype html><html><body><article><p>{}</p></article></body></html>"
    return make_warc([(f"https://example.org/{n}", html.format(text * 20).encode()) for n, text in enumerate(texts)])


def test_a_page_that_breaks_a_filter_is_counted(tmp_path: Path, pages: bytes) -> None:
    outcome = run_plan(plan_of(tmp_path, broken("    words = [", TAMIL), pages), InlineRunner(), Console(quiet=True))
    failed = [row for row in outcome.ledger.to_pylist() if row["reason"] == "filter_failed"]
    assert [(row["outcome"], row["records"]) for row in failed] == [("failed", 1)]
    skipped = pq.read_table(tmp_path / "run" / "skipped").to_pylist()
    assert [row["url"] for row in skipped] == ["https://example.org/1"]
    assert [row["detail"] for row in skipped] == [f"{tmp_path}/capitals.py: ValueError: no Tamil"]
    documents = pq.read_table(tmp_path / "run" / "documents", columns=["url", "capital_ratio"]).to_pylist()
    assert documents == [{"url": "https://example.org/0", "capital_ratio": pytest.approx(2 / 9)}]


def test_a_filter_that_breaks_on_every_page_does_not_begin(tmp_path: Path, pages: bytes) -> None:
    with pytest.raises(
        ConfigurationError, match=r"capitals\.py: AttributeError: 'str' object has no attribute 'isuper'"
    ):
        plan_of(tmp_path, broken("word[0].isupper()", "word[0].isuper()"), pages)
    assert not (tmp_path / "run").exists()


def test_the_guides_steps_of_datatrove(tmp_path: Path) -> None:
    (tmp_path / "regex.yaml").write_text(code("yaml", "RegexFilter"), encoding="utf-8")
    done = run("glotmill run regex.yaml -o regex", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    table = pq.read_table(tmp_path / "regex" / "documents")
    assert {"datatrove_regex_keep", "datatrove_c4_paragraph_keep", "datatrove_pii_text"} <= set(table.column_names)
    kept = table.column("datatrove_c4_paragraph_keep").to_pylist()
    texts = table.column("text").to_pylist()
    assert kept == [C4ParagraphFilter().paragraph_filter(text) for text in texts]
    rules = pq.read_table(tmp_path / "regex" / "decisions", columns=["reject_reasons"]).column(0).to_pylist()
    assert not any("datatrove_c4_paragraph" in reasons for reasons in rules), "its rule is off"


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_a_file_travels_to_ray_workers(tmp_path: Path) -> None:
    import ray

    file = tmp_path / "capitals.py"
    file.write_text(CAPITALS, encoding="utf-8")
    configuration = configuration_with(tmp_path, "capitals.py")
    file.unlink()

    def measure(configuration: Configuration) -> object:
        (name,) = configuration.sources
        parameters = configuration.for_language("deu_Latn").filters[name]
        return measured(name, configuration.filters[name], Text("Laut und leise"), parameters)["capital_ratio"]

    assert ray.get(ray.remote(measure).remote(configuration)) == pytest.approx(1 / 3)


def configuration_with(folder: Path, name: str, body: str = "{enabled: true}") -> Configuration:
    file = folder / "own.yaml"
    file.write_text(f"extends: default\nfilters:\n  {name}: {body}\n", encoding="utf-8")
    return load_configuration(str(file))


def test_a_configuration_with_a_file_can_be_pickled_and_replayed(tmp_path: Path) -> None:
    (tmp_path / "capitals.py").write_text(CAPITALS, encoding="utf-8")
    configuration = configuration_with(tmp_path, "capitals.py", "{shortest: 7}")
    (tmp_path / "capitals.py").unlink()
    for copy in (pickle.loads(pickle.dumps(configuration)), Configuration.from_json(configuration.to_json())):
        name = str(tmp_path / "capitals.py")
        assert copy.for_language("und_Zzzz").filters[name].shortest == 7
        assert "capital_ratio" in {column.name for column in copy.columns}
        assert copy.for_language("und_Zzzz").rules["capital_ratio"].max == 0.5


def test_a_changed_file_makes_documents_anew(tmp_path: Path) -> None:
    digests = set()
    for text in (CAPITALS, broken("isupper", "islower"), CAPITALS):
        (tmp_path / "capitals.py").write_text(text, encoding="utf-8")
        digests.add(Fingerprints.of(configuration_with(tmp_path, "capitals.py"), [], {}).curate)
    assert len(digests) == 2


def test_two_files_called_alike_stay_two(tmp_path: Path) -> None:
    for folder, column in (("one", "first_ratio"), ("two", "second_ratio")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "capitals.py").write_text(CAPITALS.replace("capital_ratio", column), encoding="utf-8")
    names = [load_filter(str(tmp_path / folder / "capitals.py")).COLUMNS[0].name for folder in ("one", "two")]
    assert names == ["first_ratio", "second_ratio"]


COLUMN = 'Column("capital_ratio", pa.float64(), "ratio 0-1", "words with a capital; null: none has case", "curate")'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CAPITALS.replace("RULES =", "RULE ="), "has no RULES"),
        (CAPITALS.replace("def measure", "def mesure").replace("COLUMNS", "COLUMN"), "has no COLUMNS, measure"),
        (broken(f"({COLUMN},)", f"({COLUMN})"), r"COLUMNS is no tuple of Column"),
        (broken(f"({COLUMN},)", f"({COLUMN}, {COLUMN})"), "COLUMNS has capital_ratio twice"),
        (CAPITALS.replace('"capital_ratio"', '"Capital ratio"'), 'column "Capital ratio" is not named'),
        (broken("Parameters(FilterParameters)", "Parameters"), "Parameters is no class of FilterParameters"),
        (broken("shortest: int = 2", "shortest: int"), "a parameter has no default"),
        (broken("RULES = {", "RULES = [{").replace("max=0.5)}", "max=0.5)}]"), "RULES is no dict of Rule"),
        (
            broken("import pyarrow as pa", "import no_such_library"),
            "cannot be run: ModuleNotFoundError: .*no_such_library",
        ),
        (broken("def measure(", "def measure{"), r"cannot be run: SyntaxError.*line"),
        ("raise RuntimeError('no')", "cannot be run: RuntimeError: no"),
        ("", "has no COLUMNS, RULES, Parameters, measure"),
    ],
)
def test_broken_files(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "capitals.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LookupError, match=rf"capitals\.py.*{message}"):
        load_filter(str(file))
    with pytest.raises(ConfigurationError, match=rf"^filters: .*{message}"):
        configuration_with(tmp_path, "capitals.py")


def test_names_that_are_no_filter(tmp_path: Path) -> None:
    (tmp_path / "latin.py").write_bytes(b"# \xff")
    for name, message in [
        ("gopher_qualty", r"no filter \"gopher_qualty\""),
        ("no_such_team.capitals", "No module named 'no_such_team"),
        ("json.decoder", "it has no COLUMNS"),
        ("json.JSONDecoder", "neither a filter module nor a filter or formatter of datatrove"),
        (str(tmp_path / "nowhere.py"), "No such file"),
        (str(tmp_path), "No module named"),
        (str(tmp_path / "latin.py"), "codec can't decode"),
    ]:
        with pytest.raises(LookupError, match=message):
            load_filter(name)


def test_a_column_of_two_filters_is_refused(tmp_path: Path) -> None:
    for column, owner in (("gopher_word_count", "gopher_quality"), ("minhash_cluster_id", "glotmill")):
        (tmp_path / "capitals.py").write_text(CAPITALS.replace('"capital_ratio"', f'"{column}"'), encoding="utf-8")
        with pytest.raises(ConfigurationError, match=f'"{column}" of .* is one of .*{owner}|"{column}" of .*capitals'):
            configuration_with(tmp_path, "capitals.py")


def own(tmp_path: Path, text: str) -> tuple[str, Filter]:
    file = tmp_path / "own.py"
    file.write_text(text, encoding="utf-8")
    return str(file), load_filter(str(file))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ('{"capital_ratio": "high"}', "capital_ratio is 'high', not double"),
        ('{"capital_ratio": float("nan")}', "capital_ratio is nan; what cannot be measured is None"),
        ("{}", "measure returned no value for capital_ratio"),
        ('{"capital_ratio": 1.0, "more": 1}', "returned more, which is in no column"),
        ("0.5", "measure returned float, not a dict"),
        ("None", "measure returned NoneType"),
        ("text.nothing", "AttributeError: 'Text' object has no attribute 'nothing'"),
        ("1 / 0", "ZeroDivisionError"),
        ("[][0]", "IndexError"),
    ],
)
def test_wrong_values_cost_the_document(tmp_path: Path, result: str, message: str) -> None:
    name, module = own(tmp_path, broken('    return {"capital_ratio": None}', f"    return {result}"))
    with pytest.raises(FilterError, match=rf"own\.py: .*{re.escape(message)}"):
        measured(name, module, Text(""), module.Parameters())
    assert measured(name, module, Text("Up down"), module.Parameters()) == {"capital_ratio": 0.5}
    with pytest.raises(LookupError, match=re.escape(message)):
        try_out(name, module, module.Parameters())


def test_a_missing_library_costs_the_run(tmp_path: Path) -> None:
    name, module = own(tmp_path, broken('        return {"capital_ratio": None}', "        import no_such_library"))
    with pytest.raises(ModuleNotFoundError):
        measured(name, module, Text(""), module.Parameters())
    with pytest.raises(LookupError, match="no_such_library"):
        try_out(name, module, module.Parameters())


def test_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "team_of_tests").mkdir()
    (tmp_path / "team_of_tests" / "capitals.py").write_text(CAPITALS, encoding="utf-8")
    name = "team_of_tests.capitals"
    assert load_filter(name).COLUMNS[0].name == "capital_ratio"
    assert read_source(name) == CAPITALS
    assert read_source("gopher_quality") is None
    with pytest.raises(LookupError, match="No such file"):
        read_source("/nowhere/capitals.py")
