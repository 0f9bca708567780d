"""What makes a data set unfit, as Great Expectations over its tables."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from faircompress.config.params import Checks
from faircompress.data.ingest import READ
from faircompress.data.sources import RawData
from faircompress.data.splitting import spread
from faircompress.support.errors import InputError, StateError
from faircompress.validation.check_frames import Frames, frames
from faircompress.validation.check_suite import suite, suite_of_rows
from faircompress.validation.expectations import Check
from faircompress.validation.findings import SHOWN
from faircompress.validation.findings import Finding as Finding

TOLD = 12  # lines named in a sentence


class UnfitData(InputError):
    """The data set is not worth training on; the message names each failed check and its rows."""


def inspect(
    rows: pd.DataFrame,
    classes: Sequence[str],
    groups: Sequence[str],
    limits: Checks,
    drawn_by: Mapping[str, str] | None = None,
) -> tuple[list[Finding], Frames]:
    """Check a data set; return what was found and the tables it was found in.

    Args:
        rows: As ``ingest`` returns them.
        classes: Names of the labels.
        groups: Group columns; ``label`` may stand among them.
        limits: The section ``checks`` of params.
        drawn_by: As of ``RawData``.

    Raises:
        RuntimeError: If Great Expectations could not run a check. That is no finding.
    """
    tables = frames(rows, classes, groups, limits.absent_subgroups)
    named = [group for group in groups if group != "label"]
    checks = suite(tables, len(classes), named, limits, drawn_by or {})
    return _run(checks, tables), tables


def inspect_rows(
    rows: pd.DataFrame,
    classes: Sequence[str],
    groups: Sequence[str],
    limits: Checks,
    drawn_by: Mapping[str, str] | None = None,
) -> tuple[list[Finding], Frames]:
    """Check what is known of a data set before a picture is read; see ``inspect``.

    Args:
        rows: As ``normalize_rows`` returns them; every picture is taken to be whole.
        classes: Names of the labels.
        groups: Group columns; ``label`` may stand among them.
        limits: The section ``checks`` of params.
        drawn_by: As of ``RawData``.
    """
    tables = frames(_unseen(rows), classes, groups, limits.absent_subgroups)
    named = [group for group in groups if group != "label"]
    checks = suite_of_rows(tables, len(classes), named, limits, drawn_by or {})
    return [_evaluated(check, getattr(tables, check.frame)) for check in checks], tables


def unfit(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that stop the chain."""
    return [finding for finding in findings if not finding.ok and finding.severity == "error"]


def refusal(findings: Sequence[Finding], page: str | None = None) -> str:
    """Return the words by which unfit data is refused.

    Args:
        findings: Of all checks that were made.
        page: Where they are shown; None: only rows were checked, and there is no page.
    """
    failed = unfit(findings)
    lines = [f"- {finding.check}: {finding.sentence}" for finding in failed]
    last = f"All findings: {page}" if page else "Pictures were not looked at yet."
    return "\n".join([f"The data is unfit; checks that failed: {len(failed)}", *lines, last])


def noted(raw: RawData, tables: Frames) -> list[Finding]:
    """Return what is told and not judged: notes of the source, and how a drawn split fell out."""
    notes = [("note of the source", note) for note in raw.notes]
    if raw.drawn:
        fell = spread(tables.rows, raw.classes, raw.groups)
        notes.append((f"drawn by hash: {raw.drawn}", fell))
    return [Finding(about, "note", True, note, [], 0) for about, note in notes]


def as_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return findings as plain values."""
    return [asdict(finding) for finding in findings]


def _unseen(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows as ``ingest`` would if every picture were whole, of one size, and unlike others.

    Args:
        rows: As ``normalize_rows`` returns them.
    """
    return rows.assign(
        state=READ,
        reason="",
        mode="RGB",
        bits=None,
        enlarged=False,
        several=False,
        size="",
        sha256=None,
        near_copies=-1,
    )


def _run(checks: Sequence[Check], tables: Frames) -> list[Finding]:
    """Run the checks of each table at once; return findings in the order of the checks."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("data set").add_dataframe_asset("table")
    whole = asset.add_batch_definition_whole_dataframe("all")  # one: each is saved for 50 ms
    results: dict[str, dict[str, Any]] = {}
    for frame in dict.fromkeys(check.frame for check in checks):
        of_frame = gx.ExpectationSuite(name=frame)
        for check in (c for c in checks if c.frame == frame):
            of_frame.add_expectation(check.expected.built({"check": check.name}))
        definition = gx.ValidationDefinition(
            name=frame,
            data=whole,
            suite=context.suites.add(of_frame),
        )
        ran = context.validation_definitions.add(definition).run(
            batch_parameters={"dataframe": getattr(tables, frame)},
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["named", "ids"],
            },
        )
        outcomes: list[Any] = [result.to_json_dict() for result in ran.results]
        results |= {out["expectation_config"]["meta"]["check"]: out for out in outcomes}
    return [_finding(check, results[check.name]) for check in checks]


def _evaluated(check: Check, table: pd.DataFrame) -> Finding:
    """Return what a check finds, by its own reading of a table that all rows must pass."""
    bad = check.expected.unexpected(table)
    hits: list[dict[str, str]] = table.loc[bad, ["named", "ids"]].to_dict("records")
    return _with_hits(check, not hits, hits, len(table))


def _finding(check: Check, outcome: dict[str, Any]) -> Finding:
    """Put the result of an expectation into words."""
    trouble = outcome["exception_info"]
    if trouble.get("raised_exception", True):
        raise StateError(f"check {check.name!r} could not be run: {trouble}")
    result = outcome["result"]
    hits = result["unexpected_index_list"] or []
    return _with_hits(check, bool(outcome["success"]), hits, result["element_count"])


def _with_hits(check: Check, ok: bool, hits: Sequence[Mapping[str, str]], total: int) -> Finding:
    ids = [id for hit in hits[: 4 * SHOWN] for id in hit["ids"].split("\n") if id]
    words = check.holds if ok else check.wrong
    sentence = words.format(count=f"{len(hits):,}", total=f"{total:,}")
    if not ok:
        more = f" and {len(hits) - TOLD:,} more" if len(hits) > TOLD else ""
        sentence += ": " + "; ".join(hit["named"] for hit in hits[:TOLD]) + more + "."
    severity = "warning" if check.expected.warning else "error"
    rows = [] if ok else list(dict.fromkeys(ids))[:SHOWN]
    return Finding(check.name, severity, ok, sentence, rows, 0 if ok else len(hits))
