"""The documentation against the code: generated pages, links, command lines, columns of files, reasons, doctests."""

import doctest
import importlib
import pkgutil
import re
import shlex
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import typer

import configs
import pipeline
from configs.load import load_configuration
from pipeline import columns
from pipeline.cli import add_commands, app
from pipeline.clustering.clusters import CLUSTERS
from pipeline.deciding.decide import DECISIONS
from pipeline.report import MEANINGS
from pipeline.schema import IDENTITIES, KEY, LEDGER, SKIPPED

ROOT = Path(__file__).parents[2]
PAGES = {str(path.relative_to(ROOT)): path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)
SHELL = re.compile(r"`(glotmill [^`]+)`|^(?:\S+/)?(glotmill .+)$", re.M)


def prose(path: Path) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def blocks(path: Path, language: str) -> list[str]:
    return [code for name, code in FENCE.findall(path.read_text(encoding="utf-8")) if name == language]


def anchors(path: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    titles = HEADING.findall(prose(path))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def command_lines() -> list[tuple[str, str]]:
    found = []
    for name, path in PAGES.items():
        lines = [match.group(1) for match in SHELL.finditer(prose(path)) if match.group(1)]
        lines += [match.group(2) for code in blocks(path, "sh") for match in SHELL.finditer(code) if match.group(2)]
        found += [(name, line) for line in dict.fromkeys(lines)]
    return found


@pytest.mark.parametrize("name", columns.pages())
def test_generated_pages_are_up_to_date(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert text == columns.pages()[name], "write it anew with `python -m pipeline.columns`"


def test_pages_are_written_beside_the_path_that_is_named(tmp_path):
    columns.main(tmp_path / "columns.md")
    assert {path.name for path in tmp_path.iterdir()} == {"columns.md", "settings.md"}


def test_every_column_and_every_setting_has_its_row():
    configuration = load_configuration("default")
    rows = re.findall(r"^\| `([^`]+)`", columns.pages()["columns.md"], re.M)
    assert rows == [column.name for column in configuration.columns]
    settings = columns.pages()["settings.md"]
    for path, _, _ in configuration.values():
        key = path[1] if path[0] == "rules" else ".".join(path)
        assert f"\n| `{key}` |" in settings


def test_a_cell_stays_one_cell():
    cells = columns.table(("a", "b"), [(columns.escape("x|y <html>"), "z")]).splitlines()[2]
    assert re.split(r"(?<!\\)\|", cells)[1:-1] == [" x\\|y &lt;html> ", " z "]


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files_and_headings(name):
    path = PAGES[name]
    for target in LINK.findall(prose(path)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        place = path.parent / file if file else path
        assert place.exists(), f"{name}: {target}"
        assert not anchor or anchor in anchors(place), f"{name}: {target}"


def test_every_page_can_be_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop().resolve()
        if path in seen or path.suffix != ".md":
            continue
        seen.add(path)
        targets = (link.partition("#")[0] for link in LINK.findall(prose(path)) if "://" not in link)
        waiting += [path.parent / target for target in targets if target]
    assert {path.resolve() for path in PAGES.values()} <= seen


def parse(line: str) -> None:
    """Parse a command line as the command would, without running it; an error if it cannot be parsed."""
    required = re.sub(r"\[(-[^\]]*)\]", "", line)  # brackets say what may be left out
    arguments = shlex.split(required, comments=True)[1:]
    add_commands()  # as the command line does when it starts
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and arguments:
        assert arguments[0] in command.commands, f"no such command: {arguments[0]}"
        command = command.commands[arguments.pop(0)]
    if not arguments:
        return  # a page that names a command
    # What follows an option may be left out.
    complete = [argument for argument in arguments if argument != "…"]
    if complete and complete[-1] == "--set":
        complete.pop()
    context = command.make_context(command.name, complete)
    load_configuration("default", context.params.get("sets") or [])


@pytest.mark.parametrize(("page", "line"), command_lines())
def test_command_lines_parse(page, line):
    parse(line)


@pytest.mark.parametrize(
    "line",
    ["glotmill walk", "glotmill run demo --speed 3", "glotmill run --set rule.x=1", "glotmill decide --runner ray"],
)
def test_wrong_command_lines_do_not_parse(line):
    with pytest.raises(Exception, match=r"[Nn]o such|unknown key|[Mm]issing"):
        parse(line)


def configurations() -> list[tuple[str, str]]:
    codes = [(name, code) for name, path in PAGES.items() for code in blocks(path, "yaml")]
    return [(name, code) for name, code in codes if "my_team" not in code]


@pytest.mark.parametrize(("page", "code"), configurations())
def test_configurations_are_valid(page, code, tmp_path):
    (tmp_path / "shown.yaml").write_text(code, encoding="utf-8")
    assert load_configuration(str(tmp_path / "shown.yaml")).run


LANGUAGE_AND_DUMP = pa.schema([("language", pa.string()), ("dump", pa.string())])
SIGNATURES = pa.schema([KEY, *LANGUAGE_AND_DUMP, *IDENTITIES, ("signature", pa.binary(448))])


@pytest.mark.parametrize(
    ("page", "schema"),
    [("curate", SIGNATURES), ("curate", SKIPPED), ("cluster", CLUSTERS), ("decide", DECISIONS), ("card", LEDGER)],
    ids=["signatures", "skipped", "clusters", "decisions", "ledger"],
)
def test_stage_pages_list_the_columns_of_their_files(page, schema):
    text = (ROOT / "docs" / "stages" / f"{page}.md").read_text(encoding="utf-8")
    tables = [re.findall(r"^\| `(\w+)` \|", part, re.M) for part in text.split("| column | type | meaning |")[1:]]
    starts = [names[: len(schema.names)] for names in tables]
    assert schema.names in starts


def test_curate_s_page_explains_every_reason():
    text = (ROOT / "docs" / "stages" / "curate.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| (?:skipped|failed) \| `(\w+)` \|", text, re.M)
    assert sorted(explained) == sorted(name for name in MEANINGS if not name.endswith("_duplicate"))


def modules() -> list[str]:
    found = [
        module.name
        for package in (pipeline, configs)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return [name for name in found if not name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_hold(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
