"""How many test labels would have to be wrong for a check on decided rates to come out otherwise.

Only the test at the limit is asked again: what the other checks came to, the level of a failure
and the conditions of an earned pass are left as they are. docs/statistics.md, 16.2.
"""

import numpy as np

from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.evidence import Evidence
from faircompress.evaluation.groups import Group
from faircompress.evaluation.hypotheses import Check
from faircompress.evaluation.results import Outcome, TippingPoint
from faircompress.statistics.label_errors import PairedLabels, ShareLabels
from faircompress.statistics.procedures.strata_apart import StrataApart

DECIDED = ("accuracy", "true_positive_rate", "false_positive_rate", "false_negative_rate")
OF_NEGATIVES = ("false_positive_rate",)


def tipping_point(
    check: Check, comparison: PairedComparison, outcome: Outcome, level: float | None
) -> TippingPoint | None:
    """Return the fewest wrong labels that tip a check; None: it is open, or not on decided rates.

    Args:
        check: The check.
        comparison: The models it is about.
        outcome: What it came to.
        level: At which it failed.
    """
    asked = check.rule.rule == "flips" or (
        check.rule.rule == "change" and check.metric.name in DECIDED
    )
    if not asked or outcome not in (Outcome.PASS, Outcome.FAIL):
        return None
    why = _unknown(check, comparison)
    if why:
        return TippingPoint(None, None, f"not computed: {why}")
    passed, alpha = outcome == Outcome.PASS, check.hypothesis.alpha if level is None else level
    labels = (
        _of_flips(check, comparison, alpha, passed=passed)
        if check.rule.rule == "flips"
        else _of_change(check, comparison, alpha, passed=passed)
    )
    test, estimate = labels.fewest_for_test(), labels.fewest_for_estimate()
    return TippingPoint(test, estimate, "" if test else "no number of wrong labels tips it")


def _unknown(check: Check, comparison: PairedComparison) -> str:
    """Say why the number is not known; empty: it is."""
    if comparison.same_file:
        return "both models are one file, whatever the labels are"
    if comparison.caps is not None:
        return "rows are weighted or clusters have several"
    if check.hypothesis.by_e_value:
        return "looks are earned, so e-values decide and no exact tail does"
    if check.rule.rule == "flips":
        return ""
    found = check.evidence
    if isinstance(found, Evidence) and isinstance(found.procedure, StrataApart):
        return "counts by stratum were fixed, so no exact tail of the change decides"
    if check.metric.name == "accuracy":
        return ""
    if len(comparison.questions(check.metric, check.place.group)) > 1:
        return "the rate is a mean over classes"
    return ""


def _of_flips(
    check: Check, comparison: PairedComparison, alpha: float, *, passed: bool
) -> ShareLabels:
    rows, label = check.place.group.rows, check.place.label or 0
    inside = comparison.baseline.labels[rows] == label
    before, after = (
        m.decisions[rows] == label for m in (comparison.baseline, comparison.candidate)
    )
    flipped = before & ~after
    weakening = flipped if passed else ~flipped
    return ShareLabels(
        hits=int((inside & flipped).sum()),
        rows=int(inside.sum()),
        share=check.rule.limit,
        alpha=alpha,
        can_add=int((~inside & weakening).sum()),
        at_least=passed,
    )


def _of_change(
    check: Check, comparison: PairedComparison, alpha: float, *, passed: bool
) -> PairedLabels:
    """Return the counts of a change; a pass excludes a fall, a failure excludes less than one."""
    group, limit = check.place.group, check.rule.limit
    change = -limit if passed else limit
    asked = comparison.questions(check.metric, group)[0]
    if check.metric.name == "accuracy":
        return _of_accuracy(comparison, group, asked, change, alpha)
    labels = comparison.baseline.labels[group.rows]
    decided = [
        m.decisions[group.rows] == asked for m in (comparison.baseline, comparison.candidate)
    ]
    negatives = check.metric.name in OF_NEGATIVES
    inside = (labels == asked) != negatives
    good = [one != negatives for one in decided]
    lost, gained = good[0] & ~good[1], good[1] & ~good[0]
    down, up = (lost, gained) if passed else (gained, lost)
    alike = ~lost & ~gained
    return PairedLabels(
        down=int((down & inside).sum()),
        up=int((up & inside).sum()),
        rows=int(inside.sum()),
        change=change,
        alpha=alpha,
        can_add=int((down & ~inside).sum()),
        idle=int((alike & (inside if passed else ~inside)).sum()),
    )


def _of_accuracy(
    comparison: PairedComparison, group: Group, asked: int | None, change: float, alpha: float
) -> PairedLabels:
    labels = comparison.baseline.labels[group.rows]
    decisions_of = [m.decisions[group.rows] for m in (comparison.baseline, comparison.candidate)]
    if asked is not None:
        labels, decisions_of = labels == asked, [one == asked for one in decisions_of]
    unlike = decisions_of[0] != decisions_of[1]
    lost, gained = unlike & (decisions_of[0] == labels), unlike & (decisions_of[1] == labels)
    down, up = (lost, gained) if change < 0 else (gained, lost)
    neither = unlike & ~lost & ~gained
    counts = [int(np.count_nonzero(rows)) for rows in (down, up, neither)]
    return PairedLabels(
        down=counts[0], up=counts[1], rows=len(labels), change=change, alpha=alpha,
        can_add=0, idle=counts[2], turns=True,
    )  # fmt: skip
