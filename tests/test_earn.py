"""Looks that are earned: e-values alone decide, and a release earns more for the next."""

import math

import numpy as np
import pytest
from hair_rates import TPR, gate, only, said

from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.verdict import Verdict
from faircompress.statistics import e_values, online_fdr

AUROC = {"rule": "change", "metric": "auroc", "limit": 0.05, "confidence": 0.95}
APART = {"rule": "disparity_change", "metric": "true_positive_rate", "limit": 0.3,
         "confidence": 0.95}  # fmt: skip
COUNTS = {"a": (400, 380), "b": (400, 380)}


def earned(after: dict[str, tuple[int, int]], look: int = 1, released: int = 0) -> Verdict:
    pair = said(COUNTS, model="d", negatives=400), said(after, model="p", negatives=400)
    rules = gate(TPR, AUROC, APART, looks="earn")
    return evaluate(*pair, rules, look=look, released=released)


def test_an_unharmed_file_is_released_by_its_smallest_e_value() -> None:
    verdict = earned(COUNTS)
    level = online_fdr.earn(1, 0, 0.05)
    found = [check.e_value for rule in verdict.rules for check in rule.checks]
    assert verdict.outcome == "pass" and min(found) >= 1 / level
    assert verdict.rules[0].alpha == pytest.approx(level)
    # no row lost or gained: every one of 400 gains the bet on .05
    bet = math.sqrt(2 * math.log(1 / level) / (400 * 2 * 0.05))
    assert only(verdict, "hair=a").e_value == pytest.approx((1 + bet * 0.05) ** 400)
    assert "at most 5 % are harmful in expectation" in verdict.looks
    assert "no pass at the rules' confidence" in verdict.looks


def test_a_late_look_needs_more_and_releases_before_it_need_less() -> None:
    levels = [earned(COUNTS, look, released).rules[0].alpha for look, released in
              ((1, 0), (20, 0), (20, 19))]  # fmt: skip
    assert levels == pytest.approx([online_fdr.earn(k, r, 0.05) for k, r in
                                    ((1, 0), (20, 0), (20, 19))])  # fmt: skip
    assert levels[0] > levels[2] > levels[1]


def test_a_pass_that_is_not_earned_has_no_e_value() -> None:
    useless = {"a": (400, 0), "b": (400, 0)}
    pair = said(useless, model="d", negatives=400), said(useless, model="p", negatives=400)
    verdict = evaluate(*pair, gate(TPR, looks="earn"), look=1)
    assert verdict.outcome == "inconclusive"
    assert only(verdict, "hair=a").e_value == 0


def test_harm_at_the_limit_has_an_e_value_of_at_most_one_on_average() -> None:
    """Exactly: over all counts of lost rows of 40 with a chance of .05 each."""
    chances = [math.comb(40, k) * 0.05**k * 0.95 ** (40 - k) for k in range(41)]
    null = np.array([-0.05])
    values = [e_values.of_paired_share(k, 0, 40, null, 0.05)[0] for k in range(41)]
    assert sum(c * v for c, v in zip(chances, values, strict=True)) == pytest.approx(1, abs=1e-9)
