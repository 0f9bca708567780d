"""Which groups and subgroups the test rows say nothing of, or too little for any pass."""

import math
from collections.abc import Sequence

import numpy as np

from faircompress.config.rules import FLIPS
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.groups import Group, of_columns
from faircompress.evaluation.hypotheses import Hypothesis
from faircompress.evaluation.reported_results import Coverage
from faircompress.statistics.clusters import count_clusters

POSITIVES = ("true_positive_rate", "false_negative_rate")
NEGATIVES = ("false_positive_rate",)
RANKINGS = ("auroc", "cross_group_auroc")


def coverage(
    comparison: PairedComparison,
    groups: Sequence[Group],
    missing: Sequence[str],
    absent: Sequence[str],
    hypotheses: Sequence[Hypothesis],
) -> list[Coverage]:
    """Return what has no rows or too few, in the order of the groups; empty: all is covered.

    Too few is fewer than the strictest rule needs to pass without a single harm seen:
    ``ln(alpha) / ln(1 - limit)`` of each class that its metric reads (docs/statistics.md, 12).

    Args:
        comparison: The models.
        groups: Of the test rows.
        missing: Names of groups and intersections that no row is in, though nobody said so.
        absent: What the rows were declared to lack by design.
        hypotheses: The rules, at this look's chance of error.
    """
    found = [Coverage(name, None, 0, None, "none") for name in missing]
    found += [Coverage(name, None, 0, None, "absent") for name in absent]
    for group in groups:
        if group.question is not None:
            found += _of_group(comparison, group, [group.question], hypotheses)
        else:
            found += _of_group(comparison, group, comparison.expected_classes(group), hypotheses)
    return found


def _of_group(
    comparison: PairedComparison,
    group: Group,
    classes: Sequence[int],
    hypotheses: Sequence[Hypothesis],
) -> list[Coverage]:
    found = []
    labels = comparison.baseline.labels[group.rows]
    for label in classes:
        own = group.rows[labels == label]
        count = count_clusters(comparison.cluster[own]) if len(own) else 0
        needs = [n for one in hypotheses if (n := _needed(comparison, group, label, one))]
        needed = max(needs, default=None)
        if not count or (needed is not None and count < needed):
            name = comparison.classes[label]
            found.append(Coverage(group.key, name, count, needed, "few" if count else "none"))
    return found


def _needed(
    comparison: PairedComparison, group: Group, label: int, hypothesis: Hypothesis
) -> int | None:
    """Return the fewest rows of a class that a rule could pass with; None: it has no such law."""
    rule = hypothesis.rule
    if rule.rule not in ("change", "flips") or group not in of_columns(rule.groups, [group]):
        return None
    positive = group.question if group.question is not None else 1
    every = len(comparison.classes) > 2 and group.question is None
    testable = {
        **dict.fromkeys((*RANKINGS, FLIPS), True),
        **dict.fromkeys(POSITIVES, every or label == positive),
        **dict.fromkeys(NEGATIVES, every or label != positive),
    }
    if not testable.get(rule.metric, False):
        return None
    return math.ceil(math.log(hypothesis.alpha) / np.log1p(-rule.limit))
