"""The command line. Nothing heavy is imported before it is needed."""

import ctypes
import importlib
import os
import signal
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from faircompress import __version__
from faircompress.cli.audit import audit
from faircompress.cli.init import init
from faircompress.cli.verify import verify
from faircompress.cli.versions import Project, alarm, checkout, clean, promote, rollback
from faircompress.config import plugins
from faircompress.config.bad_params import BadParams
from faircompress.config.code_keys import raise_if_changed
from faircompress.support import environment
from faircompress.support.errors import FaircompressError, InputError
from faircompress.support.exit_codes import ERROR
from faircompress.support.extras import advice
from faircompress.support.files import FULL, room, write_json
from faircompress.support.interrupts import INTERRUPTS

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False
)
Override = Annotated[
    list[str] | None,
    typer.Option("-S", metavar="section.key=value", help="Change a param, for this run only."),
]
LISTED = (*sorted(set(plugins.ROOMS) - {"stages"}), "presets", "studies")
Presets = Annotated[
    list[str] | None,
    typer.Option("--preset", metavar="NAME", help="Params of presets.yaml, for this run only."),
]


BUG = "This is a bug in faircompress: please report it with the lines above."


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"faircompress {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Say it and exit.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Fair compression of vision models, let out only with statistical evidence."""


@app.command(name="list")
def list_(
    kind: Annotated[str, typer.Argument(help=f"{', '.join(LISTED)}.")],
    project: Project = Path(),
) -> None:
    """Name what can be chosen: a name a line, as params.yaml and --preset take it."""
    if kind not in LISTED:
        raise InputError(f"there is no list of {kind!r}; there are: {', '.join(LISTED)}")
    from faircompress.config.presets import names_of

    if kind == "presets":
        found = names_of(project / "presets.yaml")
    elif kind == "studies":
        found = sorted(path.stem for path in (project / "studies").glob("*.yaml"))
    else:
        found = list(plugins.names(kind))
    typer.echo("\n".join(found) if found else f"{project} has no {kind}.", err=not found)


@app.command()
def run(
    set_: Override = None,
    preset: Presets = None,
    project: Project = Path(),
    reviewer: Annotated[
        str, typer.Option(help="Who agreed to limits that changed after a look at the test set.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why they changed.")] = "",
) -> None:
    """Take the data to a verdict. Exits with 0 pass, 1 fail, 2 inconclusive, 3 error."""
    use_flows(project)
    from faircompress.config import presets
    from faircompress.config.overrides import refuse_twice
    from faircompress.orchestration import workspace

    refuse_twice(set_ or [])
    chosen = presets.preset(project / "presets.yaml", preset or [])
    name = "+".join([*preset, *(set_ or [])]) if preset else None
    where = workspace.prepare(project, [*chosen, *(set_ or [])], name=name)
    from faircompress.cli.run import run_and_report

    raise typer.Exit(run_and_report(where, reviewer, reason))


@app.command()
def study(
    name: Annotated[str, typer.Argument(help="A file of studies/, such as portraits.")],
    ray: Annotated[
        bool, typer.Option("--ray", help="Run on the Ray cluster of RAY_ADDRESS.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Runs at a time.")] = None,
    project: Project = Path(),
) -> None:
    """Compare methods over seeds, as a plan in studies/ says; goes on where it was stopped."""
    use_flows(project)
    from faircompress.cli.study import study_and_report

    file = project / "studies" / f"{Path(name).stem}.yaml"
    raise typer.Exit(study_and_report(project, file, "ray" if ray else "threads", workers))


@app.command()
def stage(name: str) -> None:
    """Run one stage of the chain on the files of this folder; `dvc repro` calls this."""
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


@app.command()
def params(set_: Override = None, preset: Presets = None, project: Project = Path()) -> None:
    """Check params.yaml, the rows of the data it names, and the network, and name every mistake."""
    from faircompress.config import presets
    from faircompress.config.overrides import refuse_twice
    from faircompress.config.params import load
    from faircompress.evaluation.too_small import of_data
    from faircompress.rehearsal import trial
    from faircompress.validation.rows_first import count

    os.chdir(project)
    refuse_twice(set_ or [])
    chosen = presets.preset(Path("presets.yaml"), preset or [])
    found = load(Path("params.yaml"), [*chosen, *(set_ or [])])
    typer.echo(count(found, also=partial(of_data, gate=found.gate)), err=True)
    trial.rehearse_known(found)
    typer.echo("params.yaml is fine.")


for one in (init, audit, verify, promote, rollback, alarm, checkout, clean):
    app.command()(one)


@app.command()
def setup(project: Project = Path()) -> None:
    """Initialise DVC, MLflow and Prefect, so that the first run need not."""
    from faircompress.orchestration.setup import set_up

    set_up(project.resolve())


@app.command()
def ui(project: Project = Path(), port: int = 5000) -> None:
    """Open the MLflow UI on what was run, on this machine only."""
    from faircompress.orchestration.setup import serve_history

    serve_history(project.resolve(), port)


@app.command()
def serve(cron: str = "0 3 * * *", timezone: str = "UTC", project: Project = Path()) -> None:
    """Run the chain on a schedule, for the Prefect server of PREFECT_API_URL."""
    os.chdir(project)
    use_flows(Path())
    from flows.schedule import serve_schedule

    serve_schedule(cron=cron, timezone=timezone)


def main() -> None:
    """Run a command; tell an expected error in words, without a traceback, and exit with 3."""
    environment.configure()
    try:
        sys.exit(app(standalone_mode=False))
    except typer.Abort:  # what becomes of Ctrl-C here
        raise KeyboardInterrupt from None
    except ModuleNotFoundError as error:
        words = advice(error.name)
        if words is None or os.environ.get("FAIRCOMPRESS_DEBUG"):
            raise
        _exit_with(f"error: {words}")
    except BadParams as error:
        _exit_with(f"params.yaml cannot be used:\n{error}")
    except (FaircompressError, OSError) as error:
        if os.environ.get("FAIRCOMPRESS_DEBUG"):
            raise
        _exit_with(f"error: {error}{_room(error)}")
    except Exception as error:  # Typer's usage errors have no public class
        if type(error).__module__.partition(".")[0] in ("httpx", "prefect"):
            _exit_with(f"error: Prefect's server does not answer as it should: {error}")
        if not hasattr(error, "format_message"):
            if INTERRUPTS.came.is_set():
                raise KeyboardInterrupt from None
            traceback.print_exc()
            print(BUG, file=sys.stderr)
            sys.exit(ERROR)  # not Python's 1, which says that a model failed
        _exit_with(error.format_message())


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


def _room(error: Exception) -> str:
    """Say of a full disk how full it is, unless that was said."""
    if not isinstance(error, OSError) or error.errno not in FULL or "Make room" in str(error):
        return ""
    return f" ({room(Path(error.filename or '.'))}). Make room and run again."


def _exit_with(words: str) -> None:
    if INTERRUPTS.came.is_set():
        raise KeyboardInterrupt
    print(words, file=sys.stderr)
    sys.exit(ERROR)
