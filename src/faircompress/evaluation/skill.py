"""How much better than chance a model is shown to be: a pass must be earned.

Where a model tells nothing apart, no change of it can be harm, and two useless models pass any
rule on changes. So a pass needs the candidate to be above chance there, at the same alpha (assay
sensitivity; ICH E10, Choice of control group, 2000), and a limit larger than what the baseline is
shown to do better than chance certifies nothing: a constant would pass. Both are further members
of the intersection-union that a pass is, so they cost no alpha, and they can make no fail.

Above chance means: AUROC above .5; of decisions, a true positive rate above the false positive
rate, or with K classes a mean recall above 1/K. A class that is its own group, and a subgroup, is
asked against the other classes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from faircompress.evaluation.classes_in_place import refuse_exchanged
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Estimate, Undefined, estimate_of_class
from faircompress.evaluation.evidence import Evidence, evidence, evidence_of_class, negative_flips
from faircompress.evaluation.groups import POOLED, Group
from faircompress.evaluation.rules import Kind, Place
from faircompress.statistics import paired_proportions
from faircompress.statistics.independent_units import deal_ranking, deal_share
from faircompress.statistics.metrics import Metric, Ranking
from faircompress.statistics.procedures.betting_mean import BettingMean
from faircompress.support.errors import InputError

INVERTED = 0.0125  # chance of error with which a model is called worse than chance
Lower = Callable[[float], float]


@dataclass(frozen=True)
class Skill:
    """What both models are shown to do better than chance, as lower bounds at a chance of error."""

    baseline: Lower
    candidate: Lower


def doubt(
    comparison: PairedComparison, kind: Kind, metric: Metric, place: Place, *, limit: float,
    alpha: float, models: tuple[str, str],
) -> str:  # fmt: skip
    """Say why a pass at a place would mean nothing; empty: it is earned.

    Args:
        comparison: The models.
        kind: Of the rule.
        metric: Its metric.
        place: Where it is tested.
        limit: Of the rule.
        alpha: Chance of error of the check.
        models: What baseline and candidate are called.
    """
    for group in place.groups:
        reason = _doubt(comparison, kind, metric, group, place.label, limit, alpha, models)
        if reason:
            return reason
    return ""


def _doubt(
    comparison: PairedComparison, kind: Kind, metric: Metric, group: Group, label: int | None,
    limit: float, alpha: float, models: tuple[str, str],
) -> str:  # fmt: skip
    emptied = _emptied(comparison, metric, group)
    if emptied:
        return f"no row of {group.key} is {' or '.join(emptied)}, and nothing declares it absent"
    shown = skill(comparison, metric, group, label)
    if shown is None:
        return f"{group.key} has too few rows of a class to show that anything is told apart there"
    candidate = shown.candidate(alpha)
    if candidate <= 0:
        return (
            f"the {models[1]} model is not shown to be better than chance {_where(group)} "
            f"(its lead over chance may be as little as {candidate:.3f}), so a pass would mean "
            "nothing"
        )
    if comparison.same_file or not kind.of_changes:
        return ""
    baseline = shown.baseline(alpha)
    if limit > baseline:
        return (
            f"the {models[0]} model is shown to be better than chance {_where(group)} by "
            f"{baseline:.3f}, less than the limit of {limit:g}: a constant would pass"
        )
    return ""


def _where(group: Group) -> str:
    return "over all rows" if group.key == POOLED else f"in {group.key}"


def _emptied(comparison: PairedComparison, metric: Metric, group: Group) -> list[str]:
    if metric.cross_group:
        own = comparison.classes[1] if len(comparison.classes) == 2 else None
        return [name for name in comparison.emptied(group) if own in (None, name)]
    asked = metric.per_class or group.question is None
    return comparison.emptied(group) if asked else []


def skill(
    comparison: PairedComparison, metric: Metric, group: Group, label: int | None = None
) -> Skill | None:
    """Return the skill that belongs to a metric in a group; None: a class has too few rows.

    Args:
        comparison: The models.
        metric: The metric.
        group: The group.
        label: The class of a subgroup, for flips.
    """
    if metric is negative_flips:
        return _of_decisions(comparison, group, label)
    asked = comparison.questions(metric, group)
    if isinstance(comparison.measures(metric, group, asked[0])[0], Ranking):
        return _of_ranking(evidence(comparison, metric, group))
    if asked == [None] or len(asked) > 1:
        return _of_recalls(comparison, group)
    return _of_decisions(comparison, group, asked[0])


def refuse_inverted(comparison: PairedComparison, auroc: Metric) -> None:
    """Refuse a baseline that is reliably worse than chance on everyone.

    Raises:
        ValueError: Naming the class, or two that changed places.
    """
    everyone = comparison.everyone()
    asked = comparison.questions(auroc, everyone)
    for question in asked:
        seen = estimate_of_class(comparison, auroc, everyone, question)
        if comparison.caps is None and not (isinstance(seen, Estimate) and seen.baseline < 0.5):
            continue  # with caps, dealing refuses clusters that are too heavy
        part = evidence_of_class(comparison, auroc, everyone, question)
        if isinstance(part, Undefined) or part.baseline >= 0.5:
            continue
        procedure, name = part.procedure, comparison.classes[question or 0]
        if not isinstance(procedure, BettingMean):
            continue
        most = procedure.baseline_upper(INVERTED / len(asked))
        if most < 0.5:
            raise InputError(
                f"the baseline's scores for {name!r} put it last: AUROC {part.baseline:.3f} on all "
                f"{len(comparison.cluster):,} rows, surely below {most:.3f}, chance being 0.5. Is "
                "this the probability of the other class, or are classes named in another order? "
                "Correct the columns or the order of classes."
            )
    if len(asked) > 1:
        refuse_exchanged(comparison, alpha=INVERTED)


def _of_ranking(found: Evidence | Undefined) -> Skill | None:
    if isinstance(found, Undefined):
        return None
    parts = found.parts

    def lower(which: str, alpha: float) -> float:
        bounds = [getattr(part.procedure, which)(alpha / len(parts)) for part in parts]
        return float(np.mean(bounds)) - 0.5

    return Skill(partial(lower, "baseline_lower"), partial(lower, "rate_lower"))


def _of_decisions(comparison: PairedComparison, group: Group, question: int | None) -> Skill | None:
    key = ("skill of decisions", f"{group.key} of class {question}")
    if key not in comparison.known:
        comparison.known[key] = _youden(comparison, group, question)
    found: Skill | None = comparison.known[key]
    return found


def _youden(comparison: PairedComparison, group: Group, question: int | None) -> Skill | None:
    truth = comparison.baseline.labels[group.rows] == question
    models = (comparison.baseline, comparison.candidate)
    decided = [m.decisions[group.rows] == question for m in models]
    if truth.all() or not truth.any():
        return None
    if comparison.caps is None:
        return Skill(*(partial(_youden_lower, of, truth) for of in decided))
    rows, caps = comparison.rows(group.rows, group), comparison.caps_of(group, question)
    units = deal_ranking(decided[0], decided[1], truth, rows, caps, seed=comparison.seed)
    bounds = BettingMean(units, 1.0)
    return Skill(partial(_twice, bounds.baseline_lower), partial(_twice, bounds.rate_lower))


def _youden_lower(decided: np.ndarray, truth: np.ndarray, alpha: float) -> float:
    hits, alarms = int((decided & truth).sum()), int((decided & ~truth).sum())
    least = paired_proportions.share_lower(hits, int(truth.sum()), alpha / 2)
    return least - paired_proportions.share_upper(alarms, int((~truth).sum()), alpha / 2)


def _twice(lower: Lower, alpha: float) -> float:
    return 2 * lower(alpha) - 1


def _of_recalls(comparison: PairedComparison, group: Group) -> Skill | None:
    """Return the mean recall over classes, beyond one over their number."""
    labels = comparison.baseline.labels[group.rows]
    there = comparison.expected_classes(group)
    if not np.isin(there, labels).all():
        return None
    found = [_recall(comparison, group, group.rows[labels == k], k) for k in there]

    def lower(side: int, alpha: float) -> float:
        bounds = [of_class[side](alpha / len(there)) for of_class in found]
        return float(np.mean(bounds)) - 1 / len(there)

    return Skill(partial(lower, 0), partial(lower, 1))


def _recall(comparison: PairedComparison, group: Group, own: np.ndarray, label: int) -> list[Lower]:
    """Return lower bounds of both models' recall of a class."""
    models = (comparison.baseline, comparison.candidate)
    right = [m.decisions[own] == label for m in models]
    if comparison.caps is None:
        return [partial(paired_proportions.share_lower, int(r.sum()), len(own)) for r in right]
    cap, rows = comparison.caps.of([label], group.where), comparison.rows(own, group)
    bounds = BettingMean(deal_share(right[0], right[1], rows, cap, seed=comparison.seed), 1.0)
    return [bounds.baseline_lower, bounds.rate_lower]
