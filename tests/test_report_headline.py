"""What stands at the top beside the verdict: where the file decides, and what no rule limits."""

import functools
from typing import Any

import numpy as np
import pytest
from report_pairs import hair_pair, predicted

from faircompress.config.rules import Gate
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.verdict import Verdict
from faircompress.report.context import ReportContext
from faircompress.report.decision import operating_point
from faircompress.report.html import report
from faircompress.report.model_card import model_card
from faircompress.report.untested import untested

AUROC = {"rule": "change", "metric": "auroc", "limit": 0.1}
MINUS = "\N{MINUS SIGN}"
DENSE = {
    "chosen_by": "half", "threshold": 0.5, "rows": 919,
    "rate_on_decide": 0.3721, "rate_on_test": 0.351,
}  # fmt: skip
PRUNED = {**DENSE, "chosen_by": "baseline", "threshold": 0.5174, "rate_on_test": 0.3542}
POINTS = {"baseline": DENSE, "candidate": PRUNED}


def gate(*rules: dict[str, Any]) -> Gate:
    return Gate.model_validate({"power": 0.8, "intersections": False, "rules": rules})


@functools.cache
def moved() -> Verdict:
    """100 of 200 short-haired blonds move from .9 to .45: still ranked first, no longer found."""
    labels = np.tile([0, 1], 400)
    hair = np.repeat(["long", "short"], 400)
    pruned = np.full(800, 0.9)
    pruned[np.flatnonzero((labels == 1) & (hair == "short"))[:100]] = 0.45
    pair = (
        predicted(labels, np.full(800, 0.9), "a" * 64, "test", groups={"hair": hair}),
        predicted(labels, pruned, "b" * 64, "test", groups={"hair": hair}),
    )
    return evaluate(*pair, gate(AUROC), captions=CHAIN)


def test_a_large_change_that_no_rule_limits_is_told_with_its_worst_group() -> None:
    assert moved().outcome == "pass"  # AUROC stays 1 in every group
    found = untested(moved())
    assert found[0] == (
        f"true positive rate in hair=short (200 blond) went from 100.0 to 50.0 % ({MINUS}50.0 "
        "points); "
        "also in 1 more group."  # all: 400 blond, 100 lost
    )
    assert "25.0 % of decisions flipped in hair=short; also in 1 more group." in found
    named = " ".join(found)
    assert "false negative rate" not in named  # it is 1 minus the true positive rate
    assert "AUROC" not in named and "false positive rate" not in named


def test_a_change_of_exactly_nothing_to_a_twentieth_is_not_large() -> None:
    pair = hair_pair(9)  # of 200: .045 of the true positive rate
    assert untested(evaluate(*pair, gate(AUROC))) == []
    eleven = untested(evaluate(*hair_pair(11), gate(AUROC)))
    assert len(eleven) == 1 and "(\N{MINUS SIGN}5.5 points)" in eleven[0]


def test_a_rule_limits_a_change_in_its_columns_alone_and_a_minimum_limits_none() -> None:
    tpr = {"rule": "change", "metric": "true_positive_rate", "limit": 0.6}
    minimum = {**tpr, "rule": "minimum", "limit": 0.1}
    pair = hair_pair(100)
    everywhere, own, alone = (
        {text.split(" in ")[0].split(" over ")[0] for text in untested(evaluate(*pair, gate(*r)))}
        for r in ([AUROC, tpr], [AUROC, {**tpr, "groups": ["hair"]}], [AUROC, minimum])
    )
    name = "true positive rate"
    assert name not in everywhere
    assert name in own  # over all rows, which a rule on a column does not test
    assert name in alone


def test_untested_changes_stand_at_the_top_of_the_page_and_on_the_card() -> None:
    top = report(moved(), ReportContext()).split('<section id="rules">')[0]
    assert "<h2>Not tested: changes of more than 0.05 that no rule limits</h2>" in top
    assert "<li>True positive rate in hair=short (200 blond) went from" in top
    card = model_card(moved(), ReportContext())
    assert "- **Not tested**: True positive rate in hair=short (200 blond) went from" in card
    quiet = evaluate(*hair_pair(0), gate(AUROC))
    assert "no rule limits</h2>" not in report(quiet, ReportContext())


@pytest.mark.parametrize(
    ("point", "start"),
    [
        (
            PRUNED,
            "By itself the pruned file decides at 0.5, which is the threshold 0.517 of its "
            "network, where it selects as many of 919 validation pictures as the dense one.",
        ),
        (
            {**PRUNED, "chosen_by": "validation"},
            "By itself the pruned file decides at 0.5, which is the threshold 0.517 of its "
            "network, where most of 919 validation pictures are decided rightly.",
        ),
        (
            {**PRUNED, "chosen_by": "number", "threshold": 0.3},
            "By itself the pruned file decides at 0.5, which is the threshold 0.300 of its "
            "network, as configured.",
        ),
        ({**PRUNED, "chosen_by": "half"}, "By itself the pruned file decides at 0.5."),
    ],
)
def test_the_operating_point_is_told_with_both_files_rates(
    point: dict[str, Any], start: str
) -> None:
    rates = (
        " Dense selects 0.372 and pruned 0.372 of 919 validation pictures; dense selects 0.351 "
        "and pruned 0.354 of the test pictures."
    )
    assert operating_point({"baseline": DENSE, "candidate": point}, CHAIN) == start + rates


def test_the_operating_point_stands_on_page_and_card_where_it_is_known() -> None:
    context = ReportContext(operating_points=POINTS)
    page, card = report(moved(), context), model_card(moved(), context)
    assert "<dt>Operating point</dt><dd>By itself the pruned file decides at 0.5" in page
    assert "- **Operating point**: By itself the pruned file decides at 0.5" in card
    for text in (report(moved(), ReportContext()), model_card(moved(), ReportContext())):
        assert "Operating point" not in text
