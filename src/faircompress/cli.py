"""The command line. Nothing heavy is imported before it is needed."""

import ctypes
import getpass
import importlib
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from faircompress import environment
from faircompress.auditing.command import audit
from faircompress.bad_params import BadParams
from faircompress.code_keys import raise_if_changed
from faircompress.exit_codes import ERROR
from faircompress.files import FULL, room, write_json
from faircompress.interrupts import INTERRUPTS
from faircompress.second_opinion.command import verify

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False
)
Override = Annotated[
    list[str] | None,
    typer.Option("-S", metavar="section.key=value", help="Change a param, for this run only."),
]
Presets = Annotated[
    list[str] | None,
    typer.Option("--preset", metavar="NAME", help="Params of presets.yaml, for this run only."),
]
Project = Annotated[Path, typer.Option(help="Folder with params.yaml and dvc.yaml.")]


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
    from faircompress import presets
    from faircompress.params import refuse_twice
    from flows import workspace

    refuse_twice(set_ or [])
    chosen = presets.preset(project / "presets.yaml", preset or [])
    name = "+".join([*preset, *(set_ or [])]) if preset else None
    where = workspace.prepare(project, [*chosen, *(set_ or [])], name=name)
    from flows.run import run_and_tell

    raise typer.Exit(run_and_tell(where, reviewer, reason))


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
    from flows.study_command import study_and_tell

    file = project / "studies" / f"{Path(name).stem}.yaml"
    raise typer.Exit(study_and_tell(project, file, "ray" if ray else "threads", workers))


@app.command()
def stage(name: str) -> None:
    """Run one stage of the chain on the files of this folder; `dvc repro` calls this."""
    from faircompress.params import load

    die_with_parent()
    stages = [p.stem for p in (Path(__file__).parent / "stages").glob("[a-z]*.py")]
    if name not in stages:
        raise ValueError(f"no stage {name!r}; there are: {', '.join(sorted(stages))}")
    params = load(Path("params.yaml"))
    artifacts = Path("artifacts")
    artifacts.mkdir(exist_ok=True)
    raise_if_changed(name, params, artifacts)
    module = importlib.import_module(f"faircompress.stages.{name}")
    numbers = getattr(module, name)(params, artifacts.resolve())
    write_json(artifacts / f"{name}.json", numbers)


@app.command()
def params(set_: Override = None, preset: Presets = None) -> None:
    """Check params.yaml, the rows of the data it names, and the network, and name every mistake."""
    from faircompress import presets, rehearsal
    from faircompress.params import load, refuse_twice
    from faircompress.rows_first import count

    refuse_twice(set_ or [])
    chosen = presets.preset(Path("presets.yaml"), preset or [])
    found = load(Path("params.yaml"), [*chosen, *(set_ or [])])
    typer.echo(count(found), err=True)
    rehearsal.rehearse_known(found)
    typer.echo("params.yaml is fine.")


app.command()(audit)
app.command()(verify)


Reviewer = Annotated[str, typer.Option(help="Who decides.")]
Reason = Annotated[str, typer.Option(help="Why; kept for good.")]
Number = Annotated[str, typer.Argument(metavar="VERSION", help="Its number in MLflow.")]


@app.command()
def promote(
    version: Annotated[
        str | None, typer.Argument(help="Its number in MLflow; by default the challenger.")
    ] = None,
    override: Annotated[bool, typer.Option("--override", help="Against the verdict.")] = False,
    reviewer: Reviewer = "",
    reason: Reason = "",
    project: Project = Path(),
) -> None:
    """Make a version the champion, if its verdict or a reviewer's tags in MLflow say so."""
    from faircompress.review import Said
    from flows import deployment

    if (reviewer or reason) and not override:
        raise ValueError("--reviewer and --reason are for --override; a review is tags in MLflow")
    said = Said(reviewer, reason) if override else None
    typer.echo(deployment.promote(deployment.registry_of(project), version, said))


@app.command()
def rollback(
    reviewer: Reviewer = "",
    reason: Reason = "rolled back",
    project: Project = Path(),
) -> None:
    """Let the champion and the one before it change places."""
    from faircompress.review import Said
    from flows import deployment

    said = Said(reviewer or getpass.getuser(), reason)
    typer.echo(deployment.rollback(deployment.registry_of(project), said))


@app.command()
def alarm(
    version: Annotated[
        str | None, typer.Argument(help="Its number in MLflow; by default the champion.")
    ] = None,
    reviewer: Reviewer = "",
    reason: Reason = "",
    project: Project = Path(),
) -> None:
    """Move the champion back if it is not what was recorded, or for a --reason. Then exits with 1.

    Exits with 0 if the champion is as it was recorded, and no reason is given.
    """
    from faircompress.review import Said
    from flows import alarm as alarms
    from flows import deployment

    where = deployment.registry_of(project)
    if version or reason:
        said = Said(reviewer or getpass.getuser(), reason)
        words = alarms.alarm(where, said, version)
    else:
        words = alarms.guard(where)
    found = None if words else deployment.champion(where)
    if found:
        words = f"version {found.number} of {found.model} is the champion, as it was recorded."
    typer.echo(words or "There is no champion.")
    raise typer.Exit(0 if found or not words else 1)


@app.command()
def checkout(
    version: Number,
    force: Annotated[bool, typer.Option("--force", help="Overwrite uncommitted files.")] = False,
    project: Project = Path(),
) -> None:
    """Bring back params.yaml, dvc.lock and artifacts of a registered version."""
    from flows import checkout as restore
    from flows.deployment import registry_of

    typer.echo(restore.checkout(registry_of(project), version, force=force))


@app.command()
def clean(project: Project = Path()) -> None:
    """Empty the DVC cache of what no registered version, variant or the project needs."""
    from flows import checkout as restore
    from flows.deployment import registry_of

    typer.echo(restore.clean(registry_of(project)))


@app.command()
def setup(project: Project = Path()) -> None:
    """Initialise DVC, MLflow and Prefect, so that the first run need not."""
    from flows.setup import set_up

    set_up(project.resolve())


@app.command()
def ui(project: Project = Path(), port: int = 5000) -> None:
    """Open the MLflow UI on what was run, on this machine only."""
    from flows.setup import serve_history

    serve_history(project.resolve(), port)


@app.command()
def serve(cron: str = "0 3 * * *", timezone: str = "UTC") -> None:
    """Run the chain on a schedule, for the Prefect server of PREFECT_API_URL."""
    from flows.schedule import serve_schedule

    serve_schedule(cron=cron, timezone=timezone)


def main() -> None:
    """Run a command; tell an expected error in words, without a traceback, and exit with 3."""
    environment.configure()
    try:
        sys.exit(app(standalone_mode=False))
    except typer.Abort:  # what becomes of Ctrl-C here
        raise KeyboardInterrupt from None
    except BadParams as error:
        _tell(f"params.yaml cannot be used:\n{error}")
    except (ValueError, OSError, RuntimeError) as error:
        if os.environ.get("FAIRCOMPRESS_DEBUG"):
            raise
        _tell(f"error: {error}{_room(error)}")
    except Exception as error:  # Typer's usage errors have no public class
        if type(error).__module__.partition(".")[0] in ("httpx", "prefect"):
            _tell(f"error: Prefect's server does not answer as it should: {error}")
        if not hasattr(error, "format_message"):
            if INTERRUPTS.came.is_set():
                raise KeyboardInterrupt from None
            traceback.print_exc()
            sys.exit(ERROR)  # not Python's 1, which says that a model failed
        _tell(error.format_message())


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


def _tell(words: str) -> None:
    if INTERRUPTS.came.is_set():
        raise KeyboardInterrupt
    print(words, file=sys.stderr)
    sys.exit(ERROR)
