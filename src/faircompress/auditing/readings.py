"""Other ways in which the rows may be meant, under which a verdict must be the same.

Rows that are equal are the same row again or different ones; a cluster with many times the rows of
any other is one person or a code for unknown. Nothing in the table tells. A pass or a confirmed
harm that hangs on it is refused, with what would tell.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from faircompress.auditing.spelling import spelt
from faircompress.data.counting import shares
from faircompress.data.predictions import Predictions
from faircompress.evaluation.counted import shares_one
from faircompress.evaluation.results import Outcome, worst
from faircompress.evaluation.verdict import Verdict
from faircompress.support.errors import InputError

GIANT = 10  # times the rows of the next largest: a cluster that may be a code for unknown
FEW = 5  # clusters among the largest of which some may be such codes
VERBS = {Outcome.PASS: "pass", Outcome.FAIL: "fail", Outcome.INCONCLUSIVE: "are inconclusive"}


@dataclass(frozen=True, eq=False)
class Reading:
    """Another way in which the rows may be meant.

    Args:
        baseline: The baseline's predictions, so meant.
        candidate: The candidate's.
        found: What makes it possible: a sentence.
        chosen: What the verdict takes, such as "Counted once".
        other: What this reading takes, such as "counted each".
        cure: What all hangs on, and what would tell.
    """

    baseline: Predictions
    candidate: Predictions
    found: str
    chosen: str
    other: str
    cure: str


def refuse_if_it_hangs(
    verdict: Verdict,
    readings: tuple[Reading, ...],
    evaluated: Callable[[Predictions, Predictions], Verdict],
) -> None:
    """Refuse a pass or a confirmed harm that another reading of the same rows does not bear out.

    Args:
        verdict: Of the rows as they are taken.
        readings: Other ways to take them.
        evaluated: Returns the verdict on the rows of one.

    Raises:
        ValueError: Saying what would tell.
    """
    outcome = worst([rule.outcome for rule in verdict.tested])
    if outcome == Outcome.INCONCLUSIVE:
        return
    for one in readings:
        found = evaluated(one.baseline, one.candidate)
        other = worst([rule.outcome for rule in found.tested])
        if other != outcome:
            raise InputError(
                f"{one.found} {one.chosen} they {VERBS[outcome]}, {one.other} they "
                f"{VERBS[other]}: {one.cure}"
            )


def equal_rows_each(baseline: Predictions, candidate: Predictions) -> Reading:
    """Return the reading in which equal rows are different ones.

    Args:
        baseline: The baseline's predictions of all rows.
        candidate: The candidate's.
    """
    return Reading(
        baseline,
        candidate,
        f"{len(baseline.ids):,} rows are given, of which some are equal in label, groups and "
        "both models' scores.",
        "Counted once",
        "counted each",
        f"all hangs on whether they are the same rows. Name ids ({spelt('id')}) or clusters "
        f"({spelt('cluster')}).",
    )


def giants_apart(baseline: Predictions, candidate: Predictions) -> tuple[Reading, ...]:
    """Return the reading in which rows of giant clusters are of different people, if there are.

    Only where each cluster counts once: elsewhere a cluster counts by its rows, whoever they are.

    Args:
        baseline: The baseline's predictions.
        candidate: The candidate's.
    """
    cluster = baseline.identities
    if cluster is None or not shares_one(baseline):
        return ()
    names, place, sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    giants = _giants(sizes)
    if not len(giants):
        return ()
    apart = np.isin(place, giants)
    own = np.where(apart, np.char.add("row ", baseline.ids.astype(str)), cluster.astype(str))
    ours, theirs = (replace(p, identities=own, weights=shares(own)) for p in (baseline, candidate))
    next_most = int(np.delete(sizes, giants).max())
    largest = giants[0]
    return (
        Reading(
            ours,
            theirs,
            f"Cluster {str(names[largest])!r} has {int(sizes[largest]):,} of {len(cluster):,} "
            f"rows, and no usual one more than {next_most:,}.",
            "If it is one person,",
            "if it is a code for unknown,",
            "all hangs on it. Give each of its rows an id of its own if they are different "
            f"people; if they are one, leave out all but {next_most:,} of them.",
        ),
    )


def _giants(sizes: np.ndarray) -> np.ndarray:
    """Return the places of clusters with many times the rows of all usual ones, largest first."""
    order = np.argsort(-sizes, kind="stable")
    largest = sizes[order[: FEW + 1]]
    far = np.flatnonzero(largest[:-1] > GIANT * largest[1:])
    return order[: far[-1] + 1] if len(far) else order[:0]
