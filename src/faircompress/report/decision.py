"""Where the files decide: the verdict's thresholds, and what export folded into the files."""

from collections.abc import Mapping
from typing import Any

from faircompress.evaluation.captions import Captions
from faircompress.evaluation.verdict import Verdict
from faircompress.report.plots import capital
from faircompress.support.number_text import unsigned

Points = Mapping[str, Mapping[str, Any]]
CHOSEN = {
    "number": "as configured",
    "baseline": "where it selects as many of {rows} as the {baseline} one",
    "validation": "where most of {rows} are decided rightly",
}


def decision(verdict: Verdict) -> str:
    """Say by which thresholds the verdict's decisions were taken."""
    known = {name: number for name, number in verdict.thresholds.items() if number is not None}
    if not known:
        return "for the most probable class"
    if len(set(known.values())) == 1:
        return f"by threshold {known['baseline']:g}, all models"
    named = verdict.captions.model
    each = ", ".join(f"{number:.4g} ({named(name)})" for name, number in known.items())
    return f"by threshold {each}, chosen on validation"


def operating_point(points: Points, captions: Captions) -> str:
    """Say what one half in the candidate's file is, and how often both files select a row.

    Args:
        points: As ``ReportContext.operating_points``; empty: nothing is known.
        captions: What the models and rows are called.
    """
    if not points:
        return ""
    ours, theirs = points["baseline"], points["candidate"]
    rows = f"{theirs['rows']:,} validation {captions.rows}"
    start = f"By itself the {captions.candidate} file decides at 0.5"
    if theirs["chosen_by"] != "half":
        how = CHOSEN[theirs["chosen_by"]].format(baseline=captions.baseline, rows=rows)
        threshold = unsigned(theirs["threshold"], 0.5)
        start = f"{start}, which is the threshold {threshold} of its network, {how}"
    rates = (
        f"{captions.baseline} selects {unsigned(ours[key])} and {captions.candidate} "
        f"{unsigned(theirs[key])} of {those}"
        for key, those in (("rate_on_decide", rows), ("rate_on_test", f"the test {captions.rows}"))
    )
    return f"{start}. {capital('; '.join(rates))}."
