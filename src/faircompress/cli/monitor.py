"""``faircompress monitor``: the champion on newly labelled rows, once."""

import os
from pathlib import Path

import typer

from faircompress.cli.versions import Project
from faircompress.support.exit_codes import FAIL, PASS


def monitor(project: Project = Path()) -> None:
    """Hold newly labelled rows against the champion's verdict; act on an alarm.

    Exits with 0 quiet, 1 alarm, 3 error.
    """
    from faircompress.cli.chain import use_flows

    use_flows(project)
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "WARNING")
    from faircompress.orchestration.servers import raise_unless_prefect_answers
    from faircompress.orchestration.watching import watch_of
    from flows.monitor import monitor as look

    watch_of(project)  # what is missing is said before Prefect starts
    raise_unless_prefect_answers(named=False)
    watched = look(project.resolve())
    typer.echo(watched.sentence)
    typer.echo(f"page       {project / 'monitor' / 'index.html'}")
    raise typer.Exit(FAIL if watched.alarms else PASS)
