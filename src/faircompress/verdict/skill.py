"""How much better than chance a model is shown to be: a pass must be earned.

Where a model tells nothing apart, no change of it can be harm, and two useless models pass any
rule on changes. So a pass needs the candidate to be above chance there, at the same alpha (assay
sensitivity; ICH E10, Choice of control group, 2000), and a limit larger than what the baseline is
shown to do better than chance certifies nothing: a constant would pass. Both are further members
of the intersection-union that a pass is, so they cost no alpha, and they can make no fail.

Above chance means: AUROC above .5; of decisions, a true positive rate above the false positive
rate, or with K classes a mean recall above 1/K. A class that is its own group is asked against the
others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from faircompress.metrics import Metric, Ranking
from faircompress.statistics import betting, paired_proportions
from faircompress.statistics.independent_units import deal_ranking, deal_share
from faircompress.verdict.evidence import Average, Bets, Bounds, Evidence, Undefined
from faircompress.verdict.groups import Group
from faircompress.verdict.hearing import Hearing

INVERTED = 0.0125  # chance of error with which a model is called worse than chance


@dataclass(frozen=True)
class Skill:
    """What both models are shown to do better than chance, as lower bounds at a chance of error."""

    dense: Callable[[float], float]
    pruned: Callable[[float], float]


def skill(hearing: Hearing, metric: Metric, group: Group) -> Skill | None:
    """Return the skill that belongs to a metric in a group; None: a class has too few rows."""
    asked = hearing.questions(metric, group)
    if isinstance(hearing.measures(metric, group, asked[0])[0], Ranking):
        return _of_ranking(hearing.evidence(metric, group))
    if asked == [None] or len(asked) > 1:
        return _of_recalls(hearing, group)
    return _of_decisions(hearing, group, asked[0])


def refuse_inverted(hearing: Hearing, auroc: Metric) -> None:
    """Refuse a dense model that is reliably worse than chance on everyone.

    Raises:
        ValueError: Naming the class.
    """
    found = hearing.evidence(auroc, hearing.everyone())
    if isinstance(found, Undefined):
        return
    names = [n for n in hearing.classes if n not in found.left_out]
    parts = found.bounds.parts if isinstance(found.bounds, Average) else (found,)
    for name, part in zip(names if len(parts) > 1 else names[-1:], parts, strict=True):
        most = -_reversed(part.bounds, INVERTED / len(parts))
        if most < 0.5:
            raise ValueError(
                f"the dense model's scores for {name!r} put it last: AUROC {part.dense:.3f} on all "
                f"{len(hearing.who):,} rows, surely below {most:.3f}, chance being 0.5. Is this "
                "the probability of the other class, or are classes named in another order? "
                "Correct the columns or the order of classes."
            )


def _reversed(bounds: Bounds, alpha: float) -> float:
    """Return a lower bound of minus the dense rate."""
    if not isinstance(bounds, Bets):
        return -1.0
    units = bounds.units
    return betting.mean_lower(-units.dense, units.weights, alpha, low=-1, high=0)


def _of_ranking(evidence: Evidence | Undefined) -> Skill | None:
    if isinstance(evidence, Undefined):
        return None
    parts = evidence.bounds.parts if isinstance(evidence.bounds, Average) else (evidence,)

    def lower(which: str, alpha: float) -> float:
        bounds = [getattr(part.bounds, which)(alpha / len(parts)) for part in parts]
        return float(np.mean(bounds)) - 0.5

    return Skill(partial(lower, "dense_lower"), partial(lower, "rate_lower"))


def _of_decisions(hearing: Hearing, group: Group, question: int | None) -> Skill | None:
    truth = hearing.dense.labels[group.rows] == question
    said = [m.decisions[group.rows] == question for m in (hearing.dense, hearing.pruned)]
    if truth.all() or not truth.any():
        return None
    if hearing.caps is None:
        return Skill(*(partial(_youden, decided, truth) for decided in said))
    rows, caps = hearing.rows(group.rows), hearing.caps_of(group, question)
    units = deal_ranking(said[0], said[1], truth, rows, caps)
    return Skill(*(partial(_twice, x, units.weights) for x in (units.dense, units.pruned)))


def _youden(decided: np.ndarray, truth: np.ndarray, alpha: float) -> float:
    hits, alarms = int((decided & truth).sum()), int((decided & ~truth).sum())
    least = paired_proportions.share_lower(hits, int(truth.sum()), alpha / 2)
    return least - paired_proportions.share_upper(alarms, int((~truth).sum()), alpha / 2)


def _twice(values: np.ndarray, weights: np.ndarray, alpha: float) -> float:
    return 2 * betting.mean_lower(values, weights, alpha, low=0, high=1) - 1


def _of_recalls(hearing: Hearing, group: Group) -> Skill | None:
    """Return the mean recall over classes, beyond one over their number."""
    labels = hearing.dense.labels[group.rows]
    there = hearing.expected_classes(group)
    if not np.isin(there, labels).all():
        return None
    found = []
    for k in there:
        own = group.rows[labels == k]
        right = [m.decisions[own] == k for m in (hearing.dense, hearing.pruned)]
        if hearing.caps is None:
            found.append(
                [partial(paired_proportions.share_lower, int(r.sum()), len(own)) for r in right]
            )
            continue
        cap = hearing.caps.of([k], group.where)
        units = deal_share(right[0], right[1], hearing.rows(own), cap)
        found.append(
            [
                partial(betting.mean_lower, x, units.weights, low=0, high=1)
                for x in (units.dense, units.pruned)
            ]
        )

    def lower(side: int, alpha: float) -> float:
        bounds = [of_class[side](alpha / len(there)) for of_class in found]
        return float(np.mean(bounds)) - 1 / len(there)

    return Skill(partial(lower, 0), partial(lower, 1))
