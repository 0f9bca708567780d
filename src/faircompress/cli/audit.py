"""What a user types, and what comes back. Nothing heavy is imported before it is needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from faircompress.cli import audit_options as typed
from faircompress.config.bounds import whole
from faircompress.config.written_numbers import meant_number
from faircompress.support.errors import InputError
from faircompress.support.exit_codes import BY_VERDICT
from faircompress.support.lines import one_line

if TYPE_CHECKING:
    from faircompress.auditing.rows import Asked, Pair
    from faircompress.config.rules import Gate
    from faircompress.data.predictions import Predictions
    from faircompress.evaluation.verdict import Verdict

    Held = tuple[Predictions, Predictions] | None


def audit(
    tables: typed.Tables = None,
    baseline: typed.Baseline = "",
    candidate: typed.Candidate = "",
    label: typed.Label = None,
    group: typed.Group = None,
    rule: typed.RuleText = None,
    metric: typed.MetricName = None,
    limit: typed.Limit = None,
    confidence: typed.Confidence = None,
    rules: typed.Rules = None,
    classes: typed.Classes = "",
    identifier: typed.Id = None,
    cluster: typed.Cluster = None,
    weight: typed.Weight = None,
    max_weight: typed.MaxWeight = None,
    counts: typed.Counts = "rows",
    fixed_counts: typed.FixedCounts = None,
    split: typed.Split = None,
    threshold: typed.Threshold = None,
    validation: typed.Validation = None,
    intersections: typed.Intersections = False,
    sparse: typed.Sparse = None,
    min_rows: typed.MinRows = None,
    expect: typed.Expect = None,
    absent: typed.Absent = None,
    data: typed.Data = None,
    image: typed.Image = "image",
    layout: typed.Layout = None,
    channels: typed.Channels = None,
    mean: typed.Mean = None,
    std: typed.Std = None,
    scale: typed.Scale = None,
    resize: typed.Resize = None,
    crop: typed.Crop = None,
    resampler: typed.Resampler = None,
    logits: typed.Logits = None,
    output: typed.Output = None,
    score: typed.Score = None,
    input: typed.Input = None,
    constant: typed.Constant = None,
    baseline_with: typed.BaselineWith = None,
    candidate_with: typed.CandidateWith = None,
    ledger: typed.LedgerFile = None,
    looks: typed.Looks = None,
    topping_up: typed.ToppingUp = False,
    tops_up: typed.TopsUp = None,
    reviewer: typed.Reviewer = None,
    reason: typed.Reason = "",
    cross_checks: typed.CrossChecks = False,
    out: typed.Out = None,
) -> None:
    """Compare any two models by group, from predictions or ONNX files.

    Exits with 0 pass, 1 fail, 2 inconclusive, 3 error.
    """
    from faircompress.auditing import outputs, rows
    from faircompress.auditing.audit import audit_pair, check_threshold, context_of
    from faircompress.auditing.booking import of_options
    from faircompress.auditing.rules import gate, of_limits
    from faircompress.data.declared_weights import of_texts

    if out is not None:
        outputs.clear(out)
    _check_sources(tables, data, baseline, candidate)
    way, book = of_options(looks, ledger, reviewer, reason, tops_up)
    more = _more(threshold, validation, intersections, expect or [], absent or [])
    given = {"looks": way, "sparse": sparse, "min_rows": min_rows}
    more |= {key: value for key, value in given.items() if value is not None}
    more |= {"topping_up": True} if topping_up else {}
    by = gate(
        [*(rule or ()), *of_limits(metric or (), limit or ())],
        confidence=confidence,
        file=rules,
        **more,
    )
    most = of_texts(max_weight, key="--max-weight")
    asked = rows.Asked(
        label, tuple(group or ()), _names(classes), identifier, cluster, weight, most, split,
        counts, tuple(fixed_counts or ()),
    )  # fmt: skip
    both = {
        "layout": layout, "channels": channels, "mean": mean, "std": std, "scale": scale,
        "resize": resize, "crop": crop, "resampler": resampler, "logits": logits, "output": output,
        "score": score, "input": input, "constant": constant or None,
    }  # fmt: skip
    if data is not None:
        files = (Path(baseline), Path(candidate), data, *(validation or ()))
        pair, held = _of_files(files, asked, image, by, (both, baseline_with, candidate_with))
    else:
        _refuse_for_tables(
            {**both, "baseline-with": baseline_with, "candidate-with": candidate_with}
        )
        pair, held = _of_columns(tables or [], asked, baseline, candidate, validation or [])
    if "threshold" in more:
        check_threshold(pair, "validation" if threshold is None else "threshold")
    verdict, pair = audit_pair(pair, by, asked, held, book, crosschecks=cross_checks)
    files_written = []
    if out is not None:
        models = (pair.baseline, pair.candidate)
        files_written = outputs.write(out, verdict, context_of(pair, verdict), models)
    _print(verdict, files_written)
    raise typer.Exit(BY_VERDICT[verdict.outcome])


def _check_sources(
    tables: list[Path] | None, data: Path | None, baseline: str, candidate: str
) -> None:
    if not baseline or not candidate or bool(tables) == bool(data):
        raise InputError(
            "give --baseline and --candidate, and either a table of predictions or --data with "
            "pictures for two ONNX files."
        )


def _names(classes: str) -> tuple[str, ...]:
    return tuple(whole(name.strip()) for name in classes.split(",") if name.strip())


def _more(
    threshold: str | None,
    validation: list[Path] | None,
    intersections: bool,
    expect: Sequence[str],
    absent: Sequence[str],
) -> dict[str, Any]:
    """Return what is said of the section ``gate`` beside its rules."""
    cut = _threshold(threshold)
    if isinstance(cut, float) and validation:
        raise InputError(
            "--threshold and --validation are given; a threshold has one source. To let validation "
            "rows order the failures alone, name a column with --split."
        )
    cut = "validation" if cut is None and validation else cut
    given = {
        "threshold": cut,
        "intersections": intersections or None,
        "expect": _expected(expect) or None,
        "absent": list(absent) or None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _threshold(typed: str | None) -> float | str | None:
    if typed in (None, "validation", "baseline"):
        return typed
    try:
        return float(str(typed))
    except ValueError:
        raise InputError(
            f"--threshold is {typed!r}; needed is a number between 0 and 1, validation or baseline."
            f" {meant_number(typed)}".rstrip()
        ) from None


def _expected(groups: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in groups:
        column, mark, name = group.partition("=")
        if not (column and mark and name):
            raise InputError(f"--expect {group}: write a column and its group, such as sex=female.")
        found.setdefault(column, []).append(whole(name))
    return found


def _of_columns(
    tables: Sequence[Path], asked: "Asked", baseline: str, candidate: str, held: Sequence[Path]
) -> "tuple[Pair, Held]":
    from faircompress.auditing import columns
    from faircompress.auditing.tables import read

    for files in (tables, held):
        if len(files) > 2:
            raise InputError(f"{len(files)} tables are given; there are two models at most.")
    if asked.label is None:
        raise InputError("there is no --label; name the column of the true class.")
    read_in = [read(path, asked.identifier) for path in tables]
    if asked.split is not None:
        if held:
            raise InputError("--split and --validation are given; validation rows have one source.")
        return columns.split_columns(read_in, asked, baseline, candidate)
    pair = columns.from_columns(read_in, asked, baseline, candidate)
    if not held:
        return pair, None
    held_out = [read(path, asked.identifier) for path in held]
    return pair, columns.validation(held_out, asked, baseline, candidate, pair)


def _refuse_for_tables(given: dict[str, Any]) -> None:
    """Refuse what is said of ONNX files where there are none."""
    typed_in = [name for name, value in given.items() if value is not None]
    if typed_in:
        flag = "probabilities" if given["logits"] is False else "logits"
        name = flag if typed_in[0] == "logits" else typed_in[0]
        raise InputError(
            f"--{name} is said of ONNX files, but there is a table of predictions. Leave it out, "
            "or give two files and --data with pictures."
        )


def _of_files(
    files: Sequence[Path], asked: "Asked", image: str, by: "Gate", given: tuple[Any, Any, Any]
) -> "tuple[Pair, Held]":
    """Ask two files about test pictures, and about validation pictures if there is a table."""
    from faircompress.auditing.file_options import of_both
    from faircompress.auditing.pictures import pair_and_validation

    baseline, candidate, data, *validation = files
    if len(validation) > 1:
        raise InputError(f"{len(validation)} --validation are given; two ONNX files need one.")
    tables = (data, validation[0] if validation else None)
    options = of_both(*given)
    return pair_and_validation((baseline, candidate), tables, asked, image, by, options)


def _shown(line: str) -> str:
    """Return a line as it is, but for what a name in it would do to the terminal."""
    start = len(line) - len(line.lstrip(" "))
    return line[:start] + one_line(line[start:])


def _print(verdict: "Verdict", files: Sequence[Path]) -> None:
    lines = [verdict.sentence, *(f"  - {reason}" for reason in verdict.reasons), "Next:"]
    lines += [f"  - {step}" for step in verdict.next]
    lines += [*([verdict.looks] if verdict.look else []), *verdict.notes]
    if files:
        lines += ["Files:", *(f"  - {path}" for path in files)]
    typer.echo("\n".join(map(_shown, lines)))
