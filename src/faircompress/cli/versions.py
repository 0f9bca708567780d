"""Commands on registered versions: who is the champion, and old results back."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from faircompress.support.errors import InputError

Project = Annotated[Path, typer.Option(help="Folder with params.yaml and dvc.yaml.")]
Reviewer = Annotated[str, typer.Option(help="Who decides.")]
Reason = Annotated[str, typer.Option(help="Why; kept for good.")]
Number = Annotated[str, typer.Argument(metavar="VERSION", help="Its number in MLflow.")]


def promote(
    version: Annotated[
        str | None, typer.Argument(help="Its number in MLflow; by default the challenger.")
    ] = None,
    override: Annotated[bool, typer.Option("--override", help="Against the verdict.")] = False,
    reviewer: Reviewer = "",
    reason: Reason = "",
    project: Project = Path(),
) -> None:
    """Make a version the champion, if its verdict or a review says so."""
    from faircompress.orchestration import deployment
    from faircompress.registry.policy import Said

    if (reviewer or reason) and not override:
        raise InputError("--reviewer and --reason are for --override; a review is tags in MLflow")
    said = Said(reviewer, reason) if override else None
    typer.echo(deployment.promote(deployment.registry_of(project), version, said))


def rollback(
    reviewer: Reviewer = "",
    reason: Reason = "rolled back",
    project: Project = Path(),
) -> None:
    """Let the champion and the one before it change places."""
    from faircompress.orchestration import deployment
    from faircompress.registry.policy import Said

    said = Said(reviewer or getpass.getuser(), reason)
    typer.echo(deployment.rollback(deployment.registry_of(project), said))


def alarm(
    version: Annotated[
        str | None, typer.Argument(help="Its number in MLflow; by default the champion.")
    ] = None,
    reviewer: Reviewer = "",
    reason: Reason = "",
    project: Project = Path(),
) -> None:
    """Move the champion back if it is not what was recorded, or for a --reason.

    Then exits with 1; with 0 if the champion is as it was recorded, and no
    reason is given.
    """
    from faircompress.orchestration import alarm as alarms
    from faircompress.orchestration import deployment
    from faircompress.registry.policy import Said

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


def checkout(
    version: Number,
    force: Annotated[bool, typer.Option("--force", help="Overwrite uncommitted files.")] = False,
    project: Project = Path(),
) -> None:
    """Bring back params.yaml, dvc.lock and artifacts of a version."""
    from faircompress.orchestration import checkout as restore
    from faircompress.orchestration.deployment import registry_of

    typer.echo(restore.checkout(registry_of(project), version, force=force))


def clean(project: Project = Path()) -> None:
    """Empty the DVC cache of what no version, variant or the project needs."""
    from faircompress.orchestration import checkout as restore
    from faircompress.orchestration.deployment import registry_of

    typer.echo(restore.clean(registry_of(project)))
