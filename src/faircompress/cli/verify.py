"""``faircompress verify``: what a user types. Nothing heavy is imported before it is needed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from faircompress.cli.versions import WithoutLedger
from faircompress.support.errors import InputError
from faircompress.support.lines import one_line

LONGEST = 600  # characters of a fault

VerdictFile = Annotated[
    Path | None, typer.Argument(metavar="VERDICT", help="verdict.json, schema 2.")
]
Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PREDICTIONS...",
        help="Parquet files of predictions of the models that the verdict names, in any order: "
        "`export` leaves them, and `audit --out FOLDER` (predictions-baseline.parquet, "
        "predictions-candidate.parquet).",
    ),
]
OfProject = Annotated[
    Path | None,
    typer.Option("--project", help="Check what this project attests: of VERDICT, or all of it."),
]


def verify(
    verdict: VerdictFile = None,
    predictions: Files = None,
    project: OfProject = None,
    without_ledger: WithoutLedger = False,
) -> None:
    """Derive a verdict again, by a program of its own; or check attestations.

    It was written from docs/statistics.md alone. Names numbers that differ
    and checks that are missing. Knows each model's file by its sha256.
    With --project: are signatures, ledger and rules what they were?
    Exits with 0 agrees, 1 differs, 3 error.
    """
    if project is None and not (verdict and predictions):
        raise InputError("needed is VERDICT with PREDICTIONS, or --project with or without VERDICT")
    faults = []
    if project is not None:
        faults += _attested(project, verdict, without_ledger)
    if verdict is not None and predictions:
        faults += _derived(verdict, predictions)
    if faults:
        raise typer.Exit(1)


def _attested(project: Path, verdict: Path | None, without_ledger: bool) -> list[str]:
    """Check a project's attestations, or that of a verdict; show and return what is wrong."""
    from faircompress.registry import project_check

    if verdict is not None:
        fault, signed = project_check.check_verdict(project.resolve(), verdict)
        typer.echo(one_line(fault) if fault else f"{verdict} is attested, {signed}")
        return [fault] if fault else []
    found = project_check.check_project(project, without_ledger=without_ledger)
    taken_out, remarks = _beside_branch(project.resolve())
    faults = [*found.faults, *taken_out]
    for words in [*faults, *found.remarks, *remarks]:
        typer.echo(one_line(words, LONGEST))
    if not faults:
        kept = f"{found.attestations} attestations ({found.unsigned} unsigned)"
        ledger = "ledger not asked for" if without_ledger else f"ledger of {found.looks} lines"
        typer.echo(f"{kept} and the {ledger}: all as attested")
    return faults


def _beside_branch(project: Path) -> tuple[list[str], list[str]]:
    """Return, as fault and as remark, what the branch of scheduled runs attests beyond the files.

    The last line of a record is named by no other. But a clone that runs by the clock has written
    each of its branch's lines into its own files first.
    """
    from faircompress.orchestration.commits import BRANCH
    from faircompress.orchestration.runs_branch import not_here
    from faircompress.registry.attestations import SCHEDULED, file

    if not (count := not_here(project)):
        return [], []
    held = f"the branch {BRANCH} holds {count} attestations that the files here do not hold"
    if (project / SCHEDULED).exists():
        return [f"{held}. Lines were taken out of {file(project)}: bring them back."], []
    return [], [f"{held}: git merge {BRANCH} brings them"]


def _derived(verdict: Path, predictions: list[Path]) -> list[Any]:
    """Derive a verdict again; show and return what differs."""
    from faircompress.second_opinion.reading import assigned, read
    from faircompress.second_opinion.verify import verify as verified
    from faircompress.support.files import read_json

    stated = read_json(verdict)
    if not isinstance(stated, dict) or stated.get("schema") != 2:
        raise InputError(f"{verdict} is no verdict of schema 2; needed is one. Evaluate again.")
    found = verified(stated, assigned(stated["models"], {path: read(path) for path in predictions}))
    for one in found:
        typer.echo(one_line(str(one)))
    if found:
        return list(found)
    checks = [check for rule in stated["rules"] for check in rule["checks"]]
    earned = sum(check.get("e_value") is not None for check in checks)
    typer.echo(
        f"verdict.json agrees with the predictions: {len(checks)} checks re-derived"
        + (f"; {earned} e-values are taken as stated" if earned else "")
    )
    return []
