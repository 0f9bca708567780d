"""Commands that run the chain in a project's folder, or get it ready. They start the flows."""

import ctypes
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faircompress.cli import completion
from faircompress.cli.versions import Project
from faircompress.config import plugins
from faircompress.support.errors import InputError
from faircompress.support.exit_codes import ERROR, INCONCLUSIVE
from faircompress.support.files import write_json

if TYPE_CHECKING:
    from faircompress.data.sources import RawData

Override = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-S",
        metavar="section.key=value",
        help="Change a param, for this run only; may be repeated.",
        autocompletion=completion.keys,
        rich_help_panel="What to run",
    ),
]
Presets = Annotated[
    list[str] | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        help="Params of presets.yaml, for this run only; see faircompress list presets.",
        autocompletion=completion.presets,
        rich_help_panel="What to run",
    ),
]
CHANGED_LIMITS = "Limits that changed after a look at the test set"


def run(
    set_: Override = None,
    preset: Presets = None,
    project: Project = Path(),
    reviewer: Annotated[
        str, typer.Option(help="Who agreed to them.", rich_help_panel=CHANGED_LIMITS)
    ] = "",
    reason: Annotated[
        str, typer.Option(help="Why they changed.", rich_help_panel=CHANGED_LIMITS)
    ] = "",
) -> None:
    """Take the data to a verdict.

    Exits with 0 pass, 1 fail, 2 inconclusive, 3 error.
    """
    use_flows(project)
    from faircompress.config import presets
    from faircompress.config.overrides import refuse_twice
    from faircompress.orchestration import workspace

    refuse_twice(set_ or [])
    chosen = presets.preset(project / "presets.yaml", preset or [])
    if any(one.replace(" ", "") == "prune.speedup=auto" for one in set_ or []):
        set_, chosen, preset = _winner(project, [*chosen, *(set_ or [])]), [], None
    name = "+".join([*preset, *(set_ or [])]) if preset else None
    where = workspace.prepare(project, [*chosen, *(set_ or [])], name=name)
    from faircompress.cli.run import run_and_report

    raise typer.Exit(run_and_report(where, reviewer, reason))


def _winner(project: Path, overrides: Sequence[str]) -> list[str]:
    """Search for the smallest file that is expected to pass; return what makes it."""
    from faircompress.cli.search import searched
    from faircompress.orchestration.search_winner import as_line

    found = searched(project, [as_line(overrides)])
    if not found["expected_to_pass"]:
        raise typer.Exit(INCONCLUSIVE)
    return list(found["overrides"])


def study(
    name: Annotated[
        str,
        typer.Argument(
            help="A file of studies/, such as portraits; see faircompress list studies.",
            autocompletion=completion.studies,
        ),
    ],
    ray: Annotated[
        bool, typer.Option("--ray", help="Run on the Ray cluster of RAY_ADDRESS.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Runs at a time.")] = None,
    only: Annotated[
        str, typer.Option("--only", help="Methods of the plan, such as plain,pw; the rest wait.")
    ] = "",
    page_only: Annotated[
        bool, typer.Option("--page-only", help="Write the page anew from kept predictions.")
    ] = False,
    project: Project = Path(),
) -> None:
    """Compare methods over seeds, as a plan in studies/ says.

    Goes on where it was stopped. Seeds are run one after the other, so
    --page-only shows those that are done while the others wait.
    """
    use_flows(project)
    from faircompress.cli.study import study_and_report

    file = project / "studies" / f"{Path(name).stem}.yaml"
    methods = tuple(name.strip() for name in only.split(",") if name.strip())
    runner: Literal["ray", "threads"] = "ray" if ray else "threads"
    raise typer.Exit(study_and_report(project, file, runner, workers, methods, page_only=page_only))


def stage(
    name: Annotated[str, typer.Argument(help="Such as train.", autocompletion=completion.stages)],
) -> None:
    """Run one stage on the files of this folder; `dvc repro` calls this."""
    from faircompress.config.code_keys import raise_if_changed
    from faircompress.config.params import load

    die_with_parent()
    stages = plugins.names("stages")
    if name not in stages:
        raise InputError(f"no stage {name!r}; there are: {', '.join(sorted(stages))}")
    params = load(Path("params.yaml"))
    artifacts = Path("artifacts")
    artifacts.mkdir(exist_ok=True)
    raise_if_changed(name, params, artifacts)
    module = importlib.import_module(f"faircompress.stages.{name}")
    numbers = getattr(module, name)(params, artifacts.resolve())
    write_json(artifacts / f"{name}.json", numbers)


def params(set_: Override = None, preset: Presets = None, project: Project = Path()) -> None:
    """Check params.yaml, the data's rows and the network; name every mistake."""
    from faircompress.config import presets
    from faircompress.config.overrides import refuse_twice
    from faircompress.config.params import load
    from faircompress.config.widths import odd_widths
    from faircompress.evaluation.too_small import of_data
    from faircompress.rehearsal import trial
    from faircompress.validation.rows_first import count, size_of_one

    os.chdir(project)
    refuse_twice(set_ or [])
    chosen = presets.preset(Path("presets.yaml"), preset or [])
    found = load(Path("params.yaml"), [*chosen, *(set_ or [])])
    sizes: list[tuple[int, int] | None] = []

    def also(raw: "RawData") -> str:
        sizes.append(size_of_one(raw))
        return of_data(raw, gate=found.gate)

    typer.echo(count(found, also=also), err=True)
    trial.rehearse_known(found, *sizes)
    if said := odd_widths(found.train.model, found.prune.round_to):
        typer.echo(said, err=True)
    typer.echo("params.yaml is fine.")


def setup(project: Project = Path()) -> None:
    """Initialise DVC, MLflow and Prefect; else the first run does."""
    from faircompress.orchestration.setup import set_up

    set_up(project.resolve())


def ui(
    project: Project = Path(),
    port: Annotated[int, typer.Option(help="To listen on.")] = 5000,
) -> None:
    """Serve the MLflow UI on what was run, on this machine only."""
    from faircompress.orchestration.mlflow_server import serve_history

    serve_history(project.resolve(), port)


def serve(
    cron: Annotated[
        str, typer.Option(help="When: minute, hour, day, month, weekday.")
    ] = "0 3 * * *",
    timezone: Annotated[str, typer.Option(help="Such as Europe/Paris.")] = "UTC",
    every: Annotated[
        str, typer.Option(help="How often to look for new data, code and params; or never.")
    ] = "15m",
    project: Project = Path(),
) -> None:
    """Run the chain on a schedule and when something is new.

    Needs the server of PREFECT_API_URL.
    """
    os.chdir(project)
    use_flows(Path())
    from flows.serve import serve_schedule

    serve_schedule(cron=cron, timezone=timezone, every=every)


def backfill(
    commits: Annotated[str, typer.Option(metavar="A..B", help="A range of git.")],
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Also on the data of each, which DVC holds.")
    ] = False,
    project: Project = Path(),
) -> None:
    """Run the chain on the params of past commits; goes on where it was stopped.

    Each is a variant. Exits with 3 if one of them came to no verdict.
    """
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # we tell it
    use_flows(project)
    from flows import backfill as flow

    failed = False
    for step in flow.backfill(project.resolve(), commits, with_data=with_data):
        typer.echo(f"{step.commit[: flow.SHORT]}  {step.words}")
        failed |= step.failed
    raise typer.Exit(ERROR if failed else 0)


def notify(
    test: Annotated[bool, typer.Option("--test", help="Send a test to each receiver.")] = False,
    watch: Annotated[
        list[str] | None,
        typer.Option(
            help="Deployment of a work pool, such as retrain/chain: the server watches it."
        ),
    ] = None,
    project: Project = Path(),
) -> None:
    """Say who is told of what; with --test, tell them.

    With --watch the Prefect server tells of a deployment's crashes, and of runs that fell silent.
    """
    from faircompress.config.params import load

    receivers = load(project / "params.yaml").notify
    if watch:
        _watch(project, watch)
        return
    if not receivers:
        raise InputError("notify in params.yaml is empty; see docs/operation.md")
    if not test:
        for one in receivers:
            typer.echo(f"{one.to} {one.env or one.block}: {', '.join(one.when)}")
        return
    from faircompress.orchestration.notify import test as sent

    trouble = sent(receivers)
    for name, words in trouble.items():
        typer.echo(words or f"{name} took the test message")
    raise typer.Exit(ERROR if any(trouble.values()) else 0)


def _watch(project: Path, names: list[str]) -> None:
    """Have the servers watch deployments, as `faircompress serve` does for its own."""
    from faircompress.config.params import load
    from faircompress.orchestration import crash_watch, registry_watch
    from faircompress.orchestration.servers import raise_unless_prefect_answers

    raise_unless_prefect_answers()
    trouble = crash_watch.watch_all(names, load(project / "params.yaml").notify)
    trouble += registry_watch.watch(project.resolve())
    for words in trouble:
        typer.echo(words, err=True)
    typer.echo(f"The Prefect server watches {', '.join(names)}.")
    raise typer.Exit(ERROR if trouble else 0)


def use_flows(project: Path) -> None:
    """Make a project's own ``flows/`` those that are imported, here and in what is started."""
    folder = str(project.resolve())
    if sys.path[0] != folder:
        sys.path.insert(0, folder)
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([folder, *(one for one in known if one)])


def die_with_parent() -> None:
    """See that no stage outlives a killed `dvc` and goes on writing where the next one works."""
    if sys.platform == "linux" and os.environ.get("DVC_STAGE"):
        parent = os.getppid()
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(ERROR)
