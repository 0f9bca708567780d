"""All rates of a group as the values that verdict.json holds; bounds where a rule tests them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from faircompress.config import plugins
from faircompress.config.rules import BASELINE
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.estimates import Undefined, baseline_rate, crosschecks, estimate
from faircompress.evaluation.evidence import evidence, natural_bounds
from faircompress.evaluation.groups import Group
from faircompress.evaluation.reported import reported
from faircompress.evaluation.results import GroupResult, MetricResult, RuleResult
from faircompress.statistics.metrics import Metric


def group_result(
    group: Group,
    comparisons: Mapping[str, PairedComparison],
    rules: Sequence[RuleResult],
    *,
    checked: bool,
) -> GroupResult:
    """Return all rates of a group.

    Args:
        group: The group.
        comparisons: The candidate beside each other model.
        rules: Those that test a change have the bounds of this change beside the rates.
        checked: Compute the intervals that decide nothing, too.
    """
    comparison = comparisons[BASELINE]
    question = group.question if group.question is not None else 1
    counted = group.question is not None or len(comparison.classes) == 2
    labels = comparison.baseline.labels[group.rows]
    positives = int((labels == question).sum()) if counted else None
    alphas = {
        rule.metric: rule.alpha
        for rule in rules
        if (rule.rule, rule.against) == ("change", BASELINE)
    }
    found = {}
    for name in plugins.names("metrics"):
        metric: Metric = plugins.find("metrics", name)
        alpha = alphas.get(name)
        found[name] = _metric_result(comparisons, metric, group, alpha, checked=checked)
    return GroupResult(
        group=group.key,
        column=group.column,
        rows=len(group.rows),
        clusters=comparison.count_clusters(group.rows),
        effective_n=round(comparison.effective_n(group.rows), 3),
        positives=positives,
        negatives=None if positives is None else len(group.rows) - positives,
        caps=_caps(comparison, group),
        metrics=found,
        reported=reported(comparison, group),
    )


def _caps(comparison: PairedComparison, group: Group) -> dict[str, float] | None:
    """Return the most that a cluster weighs, by class and by its complement."""
    known, every = comparison.caps, range(len(comparison.classes))
    if known is None:
        return None
    found = {"all": known.of(every, group.where)}
    for label, name in enumerate(comparison.classes):
        found[name] = known.of([label], group.where)
        found[f"not {name}"] = known.of([k for k in every if k != label], group.where)
    return found


def _metric_result(
    comparisons: Mapping[str, PairedComparison],
    metric: Metric,
    group: Group,
    alpha: float | None,
    *,
    checked: bool,
) -> MetricResult:
    comparison = comparisons[BASELINE]
    found = estimate(comparison, metric, group)
    others = {name: c for name, c in comparisons.items() if name != BASELINE}
    blank = MetricResult(
        title=metric.title,
        better=metric.better,
        baseline=None,
        candidate=None,
        change=None,
        lower=None,
        upper=None,
        confidence=None if alpha is None else round(1 - alpha, 12),
        method=None,
        kind=found.kind,
        n=found.rows,
        clusters=found.clusters,
        effective_n=round(found.effective_n, 3),
        references=dict.fromkeys(others),
    )
    if isinstance(found, Undefined):
        return replace(blank, undefined=found.why)
    known = replace(
        blank,
        baseline=found.baseline,
        candidate=found.candidate,
        change=found.candidate - found.baseline,
        left_out=list(found.left_out),
        references={
            name: baseline_rate(other, metric, group, found.left_out)
            for name, other in others.items()
        },
    )
    if alpha is None:
        return known
    return _with_bounds(known, comparison, metric, group, alpha, checked=checked)


def _with_bounds(
    known: MetricResult, comparison: PairedComparison, metric: Metric, group: Group, alpha: float,
    *, checked: bool,
) -> MetricResult:  # fmt: skip
    """Return rates with the bounds of their change, and others beside them if asked for."""
    found = evidence(comparison, metric, group)
    if isinstance(found, Undefined):
        return known
    lower, upper = natural_bounds(found, metric, alpha)
    method = "identity" if comparison.same_file else found.method
    size = round(found.effective_n, 3)
    bounded = replace(known, lower=lower, upper=upper, method=method, effective_n=size)
    if not checked:
        return bounded
    others = crosschecks(comparison, metric, group, found.left_out, alpha)
    bootstrap, delong = (
        None if interval is None else list(interval)
        for interval in (others.bootstrap, others.delong)
    )
    return replace(bounded, bootstrap=bootstrap, delong=delong)
