"""What a user types, and what comes back. Nothing heavy is imported before it is needed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faircompress.bounds import whole
from faircompress.exit_codes import BY_VERDICT
from faircompress.lines import one_line

if TYPE_CHECKING:
    from faircompress.audit.rows import Asked, Pair
    from faircompress.params import Gate
    from faircompress.predictions import Predictions
    from faircompress.verdict.judge import Verdict

    Validation = tuple[Predictions, Predictions] | None


def _option(words: str) -> str:
    return typer.Option(help=words, show_default=False)


Tables = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="TABLE [TABLE]",
        help="Predictions, CSV or Parquet: one file, or the dense model's and the candidate's.",
        show_default=False,
    ),
]
Dense = Annotated[str, _option("Column of the dense model, or its ONNX file.")]
Candidate = Annotated[str, _option("Column of the model that may go out, or its ONNX file.")]
Label = Annotated[str | None, _option("Column of the true class.")]
Group = Annotated[list[str] | None, _option("Column of groups; may be repeated.")]
MetricName = Annotated[list[str] | None, _option("What may not get worse; may be repeated.")]
Limit = Annotated[list[float] | None, _option("By more than this; one for each --metric.")]
Confidence = Annotated[float | None, _option("Of these rules; 0.95 if left out.")]
Rules = Annotated[Path | None, _option("File of rules, in the form of gate.rules of params.yaml.")]
Classes = Annotated[str, _option("Names, by commas; of two, the positive second.")]
Id = Annotated[str | None, typer.Option("--id", help="Column of the rows' ids.")]
Cluster = Annotated[str | None, _option("Column of whose picture a row is.")]
Weight = Annotated[str | None, _option("Column of what a row counts.")]
MaxWeight = Annotated[
    float | None, _option("The most that a cluster (or a row without one) weighs; 20 if left out.")
]
Threshold = Annotated[float | None, _option("Of a two-class decision; 0.5 if left out.")]
Tuned = Annotated[list[Path] | None, _option("Predictions or pictures to choose thresholds on.")]
Intersections = Annotated[bool, typer.Option("--intersections", help="Judge these groups too.")]
Expect = Annotated[list[str] | None, _option("COLUMN=GROUP that must be there; may be repeated.")]
Absent = Annotated[
    list[str] | None,
    _option("'COLUMN=GROUP & ...' of whom there are no rows by design; may be repeated."),
]
Data = Annotated[Path | None, _option("Pictures for two ONNX files: Parquet.")]
Image = Annotated[str, typer.Option(help="Column of the pictures.")]
Looks = Annotated[Path | None, _option("File that counts looks at a test set; made if missing.")]
Out = Annotated[Path | None, _option("Folder for report, summary, verdict and JUnit file.")]


def audit(
    tables: Tables = None,
    dense: Dense = "",
    candidate: Candidate = "",
    label: Label = None,
    group: Group = None,
    metric: MetricName = None,
    limit: Limit = None,
    confidence: Confidence = None,
    rules: Rules = None,
    classes: Classes = "",
    identifier: Id = None,
    cluster: Cluster = None,
    weight: Weight = None,
    max_weight: MaxWeight = None,
    threshold: Threshold = None,
    validation: Tuned = None,
    intersections: Intersections = False,
    expect: Expect = None,
    absent: Absent = None,
    data: Data = None,
    image: Image = "image",
    looks: Looks = None,
    out: Out = None,
) -> None:
    """Judge any two models by group. Exits with 0 pass, 1 fail, 2 inconclusive, 3 error."""
    from faircompress.audit import outputs, rows
    from faircompress.audit.audit import audit as judged
    from faircompress.audit.audit import check, check_threshold
    from faircompress.audit.rules import gate

    if out is not None:
        outputs.clear(out)
    _check_sources(tables, data, dense, candidate)
    more = _more(threshold, validation, intersections, expect or [], absent or [])
    by = gate(metric or (), limit or (), confidence=confidence, file=rules, **more)
    if max_weight is not None and not max_weight > 0:
        raise ValueError(f"--max-weight is {max_weight:g}; needed is a number above 0.")
    names = tuple(group or ())
    asked = rows.Asked(label, names, _names(classes), identifier, cluster, weight, max_weight)
    if data is not None:
        files = (Path(dense), Path(candidate), data, *(validation or ()))
        pair, tuned = _of_files(files, asked, image, by)
    else:
        pair, tuned = _of_columns(tables or [], asked, dense, candidate, validation or [])
    by = by.model_copy(update={"absent": rows.absent(by.absent, asked, pair)})
    if "threshold" in more:
        check_threshold(pair, "--validation" if validation else "--threshold")
    check(pair, by, tuned)  # before a look is spent
    verdict, context = judged(pair, by, tuned, _look(looks, pair))
    _tell(verdict, [] if out is None else outputs.write(out, verdict, context))
    raise typer.Exit(BY_VERDICT[verdict.verdict])


def _check_sources(
    tables: list[Path] | None, data: Path | None, dense: str, candidate: str
) -> None:
    if not dense or not candidate or bool(tables) == bool(data):
        raise ValueError(
            "give --dense and --candidate, and either a table of predictions or --data with "
            "pictures for two ONNX files."
        )


def _names(classes: str) -> tuple[str, ...]:
    return tuple(whole(name.strip()) for name in classes.split(",") if name.strip())


def _more(
    threshold: float | None,
    validation: list[Path] | None,
    intersections: bool,
    expect: Sequence[str],
    absent: Sequence[str],
) -> dict[str, Any]:
    """Return what is said of the section ``gate`` beside its rules."""
    if threshold is not None and validation:
        raise ValueError("--threshold and --validation are given; a threshold has one source.")
    cut = "validation" if validation else threshold
    said = {
        "threshold": cut,
        "intersections": intersections or None,
        "expect": _expected(expect) or None,
        "absent": list(absent) or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def _expected(groups: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in groups:
        column, mark, name = group.partition("=")
        if not (column and mark and name):
            raise ValueError(f"--expect {group}: write a column and its group, such as sex=female.")
        found.setdefault(column, []).append(whole(name))
    return found


def _of_columns(
    tables: Sequence[Path], asked: "Asked", dense: str, candidate: str, validation: Sequence[Path]
) -> "tuple[Pair, Validation]":
    from faircompress.audit import columns
    from faircompress.audit.tables import read

    for files in (tables, validation):
        if len(files) > 2:
            raise ValueError(f"{len(files)} tables are given; there are two models at most.")
    if asked.label is None:
        raise ValueError("there is no --label; name the column of the true class.")
    read_in = [read(path, asked.identifier) for path in tables]
    pair = columns.from_columns(read_in, asked, dense, candidate)
    if not validation:
        return pair, None
    held_out = [read(path, asked.identifier) for path in validation]
    return pair, columns.validation(held_out, asked, dense, candidate, pair)


def _of_files(
    files: Sequence[Path], asked: "Asked", image: str, by: "Gate"
) -> "tuple[Pair, Validation]":
    """Ask two files about test pictures, and about validation pictures if there is a table."""
    from faircompress.audit.pictures import from_files

    timed = [budget.batch for budget in by.budgets if budget.binds == "latency"]
    dense, candidate, data, *validation = files
    pair = from_files(dense, candidate, data, asked, image=image, split="test", batches=timed)
    if not validation:
        return pair, None
    if len(validation) > 1:
        raise ValueError(f"{len(validation)} --validation are given; two ONNX files need one.")
    asked = replace(asked, groups=(), cluster=None)
    tuned = from_files(dense, candidate, validation[0], asked, image=image, split="validation")
    return pair, (tuned.dense, tuned.candidate)


def _look(book: Path | None, pair: "Pair") -> int | None:
    """Return which look at its test set a candidate is, if there is a book; book it first."""
    if book is None:
        return None
    from faircompress.audit.looks import look

    return look(book, pair)


def _shown(line: str) -> str:
    """Return a line as it is, but for what a name in it would do to the terminal."""
    start = len(line) - len(line.lstrip(" "))
    return line[:start] + one_line(line[start:])


def _tell(verdict: "Verdict", files: Sequence[Path]) -> None:
    lines = [verdict.sentence, *(f"  - {reason}" for reason in verdict.reasons), "Next:"]
    lines += [f"  - {step}" for step in verdict.next]
    lines += [*([verdict.looks] if verdict.look else []), *verdict.notes]
    if files:
        lines += ["Files:", *(f"  - {path}" for path in files)]
    typer.echo("\n".join(map(_shown, lines)))
