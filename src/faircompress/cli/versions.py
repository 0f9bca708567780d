"""Commands on registered versions: who is the champion, and old results back."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from faircompress.support.errors import InputError

Project = Annotated[
    Path, typer.Option(file_okay=False, help="Folder with params.yaml and dvc.yaml.")
]
Reviewer = Annotated[str, typer.Option(help="Who decides.")]
Reason = Annotated[str, typer.Option(help="Why; kept for good.")]
WithoutLedger = Annotated[
    bool, typer.Option("--without-ledger", help="Where state/ledger.jsonl is not kept.")
]
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
    from faircompress.registry.policy import Grounds

    if (reviewer or reason) and not override:
        raise InputError("--reviewer and --reason are for --override; a review is tags in MLflow")
    grounds = Grounds(reviewer, reason) if override else None
    typer.echo(deployment.promote(deployment.registry_of(project), version, grounds))


def rollback(
    reviewer: Reviewer = "",
    reason: Reason = "rolled back",
    project: Project = Path(),
) -> None:
    """Let the champion and the one before it change places."""
    from faircompress.orchestration import deployment
    from faircompress.registry.policy import Grounds

    grounds = Grounds(reviewer or getpass.getuser(), reason)
    typer.echo(deployment.rollback(deployment.registry_of(project), grounds))


def alarm(
    version: Annotated[
        str | None, typer.Argument(help="Its number in MLflow; by default the champion.")
    ] = None,
    reviewer: Reviewer = "",
    reason: Reason = "",
    project: Project = Path(),
) -> None:
    """Move the champion back if it is not what was recorded, or for a --reason.

    Then exits with 1, and tells whoever notify in params names for alarm; with
    0 if the champion is as it was recorded, and no reason is given.
    """
    from faircompress.orchestration import alarm as alarms
    from faircompress.orchestration import deployment
    from faircompress.registry.policy import Grounds

    where = deployment.registry_of(project)
    if version or reason:
        grounds = Grounds(reviewer or getpass.getuser(), reason)
        words = alarms.alarm(where, grounds, version)
    else:
        words = alarms.guard(where)
    if words:
        from faircompress.orchestration.after_alarm import tell

        if trouble := tell(project, where.model, words, version=version or ""):
            typer.echo(trouble, err=True)
    found = None if words else deployment.champion(where)
    if found:
        words = f"version {found.number} of {found.model} is the champion, as it was recorded."
    typer.echo(words or "There is no champion.")
    raise typer.Exit(0 if found or not words else 1)


def champion(
    out: Annotated[
        Path | None, typer.Option("--out", help="Write its ONNX file here; else only check.")
    ] = None,
    without_ledger: WithoutLedger = False,
    project: Project = Path(),
) -> None:
    """Check the champion and all it rests on, and write its file.

    File, verdict, decisions and signatures are held against the project's
    attestations. Exits with 3, and writes nothing, if one is forged.
    """
    from faircompress.orchestration.champion import resolve_champion

    found = resolve_champion(project, out, without_ledger=without_ledger)
    typer.echo(f"version {found.version} of {found.model}, {found.outcome}, {found.signed}")
    typer.echo(f"sha256 {found.sha256}{f', written to {found.file}' if found.file else ''}")


def versions(
    version: Annotated[
        str | None, typer.Argument(help="Its number in MLflow; by default all.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Every verdict and decision, with its rules.")
    ] = False,
    project: Project = Path(),
) -> None:
    """List the versions, or every verdict that one had, under which rules."""
    from faircompress.orchestration import champion as found

    if history and version is None:
        raise InputError("--history is of one version; name it, such as: versions 7 --history")
    if version is None:
        typer.echo("\n".join(found.version_lines(project)) or "There is no version yet.")
        return
    one, lines = found.version_history(project, version)
    typer.echo(f"version {one.number} of {one.model}, sha256 {one.tags.get('sha256', 'unknown')}")
    typer.echo("\n".join(lines if history else lines[-1:]) or "Nothing is attested of its file.")


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
