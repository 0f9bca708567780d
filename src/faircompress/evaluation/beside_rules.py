"""What every verdict reports beside its rules; none of it decides. docs/statistics.md, 16."""

from collections.abc import Sequence
from typing import Any

from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.coverage import coverage
from faircompress.evaluation.dropped import Dropped, dropped_rows
from faircompress.evaluation.groups import Group
from faircompress.evaluation.harm_layers import harm_layers
from faircompress.evaluation.hypotheses import Hypothesis
from faircompress.evaluation.own_rates import own_rates


def beside_rules(
    comparison: PairedComparison,
    groups: Sequence[Group],
    hypotheses: Sequence[Hypothesis],
    empty: Sequence[str],
    absent: Sequence[str],
    dropped: Sequence[Dropped] | None,
    captions: Captions,
) -> dict[str, Any]:
    """Return these parts of a verdict by their keys.

    Args:
        comparison: Baseline and candidate.
        groups: Those that are tested.
        hypotheses: The rules.
        empty: Groups and intersections that no row is in, undeclared.
        absent: What the rows lack by design.
        dropped: Test rows that were left out; None: nobody knows.
        captions: What models and rows are called.
    """
    shown = [comparison.everyone(), *groups]
    tested = {hypothesis.rule.metric for hypothesis in hypotheses}
    return {
        "dropped": dropped_rows(comparison, shown, dropped, captions),
        "own_rates": own_rates(comparison, shown, tested),
        "coverage": coverage(comparison, shown, empty, absent, hypotheses),
        "layers": harm_layers(comparison, groups, captions),
    }
