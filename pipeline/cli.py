"""The command line: `glotmill run`, `decide`, `config`, `langid`, `dedup`."""

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from pipeline.errors import GlotmillError, RunError, UsageError

if TYPE_CHECKING:  # imported in the commands: start-up stays quick, and a foreign `langid` is refused before it is used
    from pipeline.plan import Plan

app = typer.Typer(
    help="Turn Common Crawl WARCs into clean, deduplicated, annotated datasets in every language.",
    epilog="Exit status: 0 done, 1 the run failed, 2 wrong usage or configuration. GLOTMILL_DEBUG=1 shows tracebacks.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="Look at configurations.", no_args_is_help=True)
app.add_typer(config_app, name="config")
LANGUAGES_SHOWN = 100
# What a new decision may set: rules, which copies are removed, and how the dataset is written.
DECIDABLE = ("rules", "overrides", "deduplication", "upsampling", "dataset", "card")
out = Console(width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True)

Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a value, such as rules.gopher_word_count.min=30. Repeatable."),
]
RunnerName = Annotated[str, typer.Option("--runner", help="ray, or inline: the same work in this process.")]
Address = Annotated[str | None, typer.Option(help="A running Ray cluster; without it a local one is started.")]
Workers = Annotated[int | None, typer.Option(min=1, help="CPUs to use; all by default.")]
ConfigName = Annotated[str, typer.Argument(metavar="CONFIG", help="A YAML file, or a preset: default, fineweb2, demo.")]


@app.command("run")
def run_command(
    config: ConfigName = "default",
    inputs: Annotated[
        list[str] | None,
        typer.Option("-i", "--input", help="WARC files: a path, a glob, a folder, a *.paths list. Repeatable."),
    ] = None,
    output: Annotated[str | None, typer.Option("-o", "--output", help="Output folder; without it runs/CONFIG.")] = None,
    sets: Set = None,
    runner: RunnerName = "ray",
    address: Address = None,
    workers: Workers = None,
) -> None:
    """WARCs in, per-language datasets out.

    Run it again after an interruption and it continues; run it again with other settings and it redoes only the stages
    that they touch.

    [bold]glotmill run demo[/]
    [bold]glotmill run default -i 'crawl/*.warc.gz' -o corpus --set rules.language_score.min=0.5[/]
    """
    from configs.load import load_configuration
    from pipeline.plan import changed_values, make_plan

    configuration = load_configuration(config, sets or [])
    place = output or f"runs/{configuration.name}"
    plan = make_plan(configuration, inputs or [], place)
    for change in changed_values(place, configuration):
        err.print(f"changed since the last run here: {escape(change)}", highlight=False)
    _execute(plan, place, runner, address, workers)


@app.command("decide")
def decide_command(
    output: Annotated[str, typer.Argument(help="The folder of a run.")],
    sets: Set = None,
    runner: RunnerName = "ray",
    address: Address = None,
    workers: Workers = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would change; nothing is written.")] = False,
    examples: Annotated[int, typer.Option(min=0, help="Of --preview: documents a language, gained and lost.")] = 2,
) -> None:
    """Decide anew with other rules, without reading a WARC again.

    [bold]glotmill decide corpus --preview --set rules.gopher_word_count.min=30[/]
    """
    from configs.layers import Layer
    from configs.load import assignment_layers
    from pipeline.plan import changed_values, read_plan

    before = read_plan(output).job
    layers: list[Layer] = assignment_layers(sets or [], before.configuration.default)
    plan = read_plan(output, layers)
    changes = changed_values(output, plan.job.configuration)
    more = [change for layer in layers for change in layer.tree if change not in DECIDABLE]
    if more or plan.job.fingerprints.cluster != before.fingerprints.cluster:
        touched = ", ".join(changes) or ", ".join(more)
        raise UsageError(f"this changes more than rules ({touched}); `glotmill run` redoes the stages that it touches")
    for change in changes:
        err.print(f"changed: {escape(change)}", highlight=False)
    if preview:
        from pipeline.deciding.examples import show_preview
        from pipeline.deciding.preview import preview as preview_of

        show_preview(preview_of(before.configuration, plan.job, examples), plan.job, out, LANGUAGES_SHOWN)
        return
    _execute(plan, output, runner, address, workers)


def _execute(plan: "Plan", place: str, runner_name: str, address: str | None, workers: int | None) -> None:
    from pipeline.run import is_done, run
    from pipeline.runner import InlineRunner, open_runner
    from pipeline.summary import records_line, summary_table

    if runner_name not in ("ray", "inline"):
        raise UsageError(f'--runner: "{runner_name}" is neither ray nor inline')
    try:
        runner = InlineRunner() if is_done(plan) else open_runner(runner_name, address, workers)
        try:
            outcome = run(plan, runner, err)
        finally:
            runner.close()
    except KeyboardInterrupt:
        raise RunError("stopped; the same command continues where it was") from None
    out.print(summary_table(outcome.ledger, LANGUAGES_SHOWN))
    out.print()
    out.print(records_line(outcome.ledger), highlight=False, soft_wrap=True)
    if outcome.worked:
        err.print(f"done: {', '.join(outcome.worked)}", highlight=False)
    else:
        err.print("nothing to do: this run is finished and its configuration has not changed", highlight=False)
    out.print(f"dataset: {place}/dataset", highlight=False, soft_wrap=True)
    out.print(f"report:  {place}/report.html", highlight=False, soft_wrap=True)
    _report_damages(plan, outcome.damages)


def _report_damages(plan: "Plan", damages: tuple[str, ...]) -> None:
    """Name what could not be read; the run then fails, unless the configuration allows it."""
    for damage in damages:
        err.print(f"[red]cannot read[/] {escape(damage)}", highlight=False, soft_wrap=True)
    if damages and not plan.job.configuration.settings.reading.allow_damage:
        places = "1 damaged place" if len(damages) == 1 else f"{len(damages)} damaged places"
        err.print(
            f"{places} in the input; everything else is in the dataset. "
            "--set reading.allow_damage=true ends such a run with status 0",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(1)


@config_app.command("show")
def show_command(
    config: ConfigName = "default",
    language: Annotated[str | None, typer.Option("--language", help="A label such as tha_Thai.")] = None,
    sets: Set = None,
) -> None:
    """Print each value with the layer that set it.

    Without --language: what holds for the run, and the defaults of all languages.
    """
    from configs.configuration import check_label
    from configs.load import load_configuration

    configuration = load_configuration(config, sets or [])
    if language is not None:
        check_label(language, "--language")
    rows = configuration.values(language)
    width = max(len(".".join(path)) for path, _, _ in rows)
    for path, value, layer in rows:
        shown = f"{'.'.join(path):{width}} = {_yaml(value)}"
        out.print(f"{escape(shown)}  [dim]# {escape(layer)}[/]", highlight=False, soft_wrap=True)


def _yaml(value: object) -> str:
    import yaml

    return (
        str(yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10**9))
        .removesuffix("...\n")
        .strip()
    )


@config_app.command("presets")
def presets_command() -> None:
    """List the presets."""
    from configs.load import preset_names

    for name in preset_names():
        out.print(name)


def check_packages() -> None:
    """Refuse to start when another distribution's `langid` shadows ours."""
    import langid

    if Path(langid.__file__ or "").parent.parent != Path(__file__).parent.parent:
        raise UsageError(
            f"the package `langid` at {langid.__file__} hides glotmill's own; remove it with `pip uninstall langid`"
        )


@cache
def add_commands() -> None:
    """Mount the commands of other packages; only now, since an earlier import could take a foreign `langid`."""
    from dedup.cli import app as dedup_app
    from filters.calibration.cli import calibrate_command
    from filters.quality.cli import app as quality_app
    from langid.cli import app as langid_app
    from pipeline.forecast.cli import plan_command

    app.add_typer(langid_app, name="langid")
    app.add_typer(dedup_app, name="dedup")
    app.add_typer(quality_app, name="quality")
    app.command("calibrate")(calibrate_command)
    app.command("plan")(plan_command)


def main() -> None:
    """Run the command line; errors end with a message and a status, never with a traceback."""
    try:
        check_packages()
        add_commands()
        app()
    except (GlotmillError, OSError) as exc:
        if os.environ.get("GLOTMILL_DEBUG"):
            raise
        err.print(f"[bold red]error:[/] {escape(str(exc))}", highlight=False, soft_wrap=True)
        sys.exit(exc.exit_status if isinstance(exc, GlotmillError) else 1)
