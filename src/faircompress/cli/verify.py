"""``faircompress verify``: what a user types. Nothing heavy is imported before it is needed."""

from pathlib import Path
from typing import Annotated

import typer

from faircompress.support.errors import InputError
from faircompress.support.lines import one_line

VerdictFile = Annotated[Path, typer.Argument(metavar="VERDICT", help="verdict.json, schema 2.")]
Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="PREDICTIONS...",
        help="Parquet files of predictions of the models that the verdict names, in any order: "
        "`export` leaves them, and `audit --out FOLDER` (predictions-baseline.parquet, "
        "predictions-candidate.parquet).",
    ),
]


def verify(verdict: VerdictFile, predictions: Files) -> None:
    """Derive a verdict again, by a program of its own.

    It was written from docs/statistics.md alone. Names numbers that differ
    and checks that are missing. Knows each model's file by its sha256.
    Exits with 0 agrees, 1 differs, 3 error.
    """
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
        raise typer.Exit(1)
    checks = [check for rule in stated["rules"] for check in rule["checks"]]
    earned = sum(check.get("e_value") is not None for check in checks)
    typer.echo(
        f"verdict.json agrees with the predictions: {len(checks)} checks re-derived"
        + (f"; {earned} e-values are taken as stated" if earned else "")
    )
