"""What a verdict reports beside its rules: numbers that a reader can check by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hair_rates import gate, only, put, said

from faircompress.data.predictions import Predictions
from faircompress.evaluation.dropped import Dropped, counted
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.harm_layers import chance_selected
from faircompress.evaluation.verdict import Verdict
from faircompress.statistics.paired_proportions import p_value, share_lower, share_upper

TPR = {"rule": "change", "metric": "true_positive_rate", "limit": 0.1}
FLIPS = {"rule": "flips", "limit": 0.1}
PAIR = (
    said({"a": (100, 90), "b": (80, 80)}, model="d"),
    said({"a": (100, 90), "b": (80, 70)}, model="p"),
)


def of_dropped(*dropped: Dropped) -> dict[tuple[str, str], list[float]]:
    found = evaluate(*PAIR, gate(TPR), dropped=dropped).dropped
    assert found is not None
    return {(c.group, c.metric): [c.dropped, c.change, c.lower, c.upper] for c in found.changes}


def test_dropped_positives_move_the_true_positive_rate_of_their_group_both_ways() -> None:
    found = of_dropped(Dropped(20, 20.0, "blond", {"hair": "b"}, "undecodable"))
    # 10 of 80 were lost; 20 more may all be lost, or all gained
    assert found["hair=b", "true_positive_rate"] == [20, -10 / 80, -30 / 100, 10 / 100]
    assert found["all", "true_positive_rate"] == pytest.approx([20, -10 / 180, -30 / 200, 10 / 200])
    assert found["hair=b", "accuracy"] == pytest.approx([20, -10 / 100, -30 / 120, 10 / 120])
    assert ("hair=b", "false_positive_rate") not in found
    assert not [group for group, _ in found if group == "hair=a"]


def test_a_dropped_row_of_unknown_class_and_group_may_be_anywhere() -> None:
    found = of_dropped(Dropped(5, 5.0, None, {}))
    assert len(found) == 9  # three rates of everyone, a and b
    assert found["hair=a", "false_positive_rate"] == [5, 0.0, -5 / 25, 5 / 25]


def test_a_verdict_says_that_nothing_was_dropped_or_that_nobody_knows() -> None:
    sentences = [evaluate(*PAIR, gate(TPR), dropped=d).dropped for d in ([], None)]
    assert [one and (one.rows, one.sentence[:19]) for one in sentences] == [
        (0, "Nothing was dropped"), (None, "Not known: nothing "),
    ]  # fmt: skip


def test_what_validate_counted_is_read_for_one_split() -> None:
    one = {
        "split": "test",
        "label": 1,
        "why": "blank",
        "where": {"hair": "a"},
        "rows": 2,
        "weight": 2,
    }
    train = {**one, "split": "train"}
    assert counted([one, train], "test", ("dark", "blond")) == [
        Dropped(2, 2, "blond", {"hair": "a"}, "blank")
    ]


def test_a_pass_and_a_failure_name_the_labels_that_would_tip_them() -> None:
    verdict = put(
        {"a": (100, 90), "b": (90, 90)}, {"a": (100, 90), "b": (90, 60)}, gate(TPR, FLIPS)
    )
    passed, failed = only(verdict, "hair=a"), only(verdict, "hair=b")
    assert (passed.outcome, failed.outcome) == ("pass", "fail")
    assert passed.tipping is not None and failed.tipping is not None
    # no positive of a is decided unlike: only fewer positives make less evidence
    k, alpha = passed.tipping.test, 0.025
    assert k is not None
    assert p_value(0, 0, 100 - k, -0.1, alpha) > alpha >= p_value(0, 0, 101 - k, -0.1, alpha)
    assert passed.tipping.estimate is None  # with nobody lost no estimate reaches the limit
    # 30 of 90 are lost; without 24 of them 6 of 66 are, without 23 still 7 of 67
    assert failed.tipping.estimate == 24
    assert failed.tipping.test is not None and failed.tipping.test < 24
    (flips,) = (c for c in verdict.rules[1].checks if (c.group, c.subgroup) == ("hair=a", "blond"))
    assert flips.tipping is not None and flips.tipping.test == 100 - 35  # .9^35 = .02503 > .025


def test_open_checks_and_weighted_rows_have_no_tipping_point() -> None:
    few = put({"a": (20, 20)}, {"a": (20, 20)}, gate(TPR))
    assert only(few, "hair=a").tipping is None
    pair = [replace(p, weights=np.full(len(p.ids), 2.0)) for p in PAIR]
    heavy = evaluate(*(replace(p, identities=p.ids) for p in pair), gate({**TPR, "limit": 0.9}))
    why = {c.tipping.why for c in heavy.rules[0].checks if c.tipping}
    assert why <= {"not computed: rows are weighted or clusters have several"}


def test_own_rates_have_clopper_pearson_bounds_at_a_share_each() -> None:
    found = evaluate(*PAIR, gate(TPR)).own_rates
    assert found is not None and len(found.rates) == 9
    assert found.alpha == pytest.approx(0.05 / 18)
    (rate,) = (r for r in found.rates if (r.group, r.metric) == ("hair=b", "true_positive_rate"))
    bounds = share_lower(70, 80, 0.05 / 18), share_upper(70, 80, 0.05 / 18)
    assert (rate.estimate, rate.lower, rate.upper) == (70 / 80, *bounds)


def test_coverage_names_subgroups_too_small_for_any_pass_and_absent_ones() -> None:
    pair = [said({"a": (200, 190), "b": (30, 30)}, model=m) for m in "dp"]
    found = evaluate(*pair, gate(TPR)).coverage
    # ln .025 / ln .9 = 35.01
    assert [(c.group, c.subgroup, c.rows, c.needed, c.status) for c in found] == [
        ("hair=b", "blond", 30, 36, "few")
    ]
    declared = evaluate(*pair, gate(TPR, absent=["hair=c"])).coverage
    assert [(c.group, c.status) for c in declared] == [("hair=c", "absent"), ("hair=b", "few")]


def crossed(small: int, lost: int = 0) -> tuple[Predictions, Predictions]:
    """Hair a, b x skin light, dark: 80 positives each, but ``small`` dark b ones; some are lost."""
    counts = {"a-light": 80, "a-dark": 80, "b-light": 80, "b-dark": small}
    pair = [
        said({k: (n, n - (m == "p" and k == "b-dark") * lost) for k, n in counts.items()}, model=m,
             negatives=40)
        for m in "dp"
    ]  # fmt: skip
    hair, skin = np.char.partition(pair[0].groups["hair"], "-")[:, [0, 2]].T
    one, other = (replace(p, groups={"hair": hair, "skin": skin}) for p in pair)
    return one, other


def sparse(small: int, policy: str, lost: int = 0) -> Verdict:
    more = {} if policy == "judge" else {"min_rows": 30}
    return evaluate(*crossed(small, lost), gate(TPR, intersections=True, sparse=policy, **more))


def test_a_sparse_intersection_is_judged_merged_or_left_to_its_parents() -> None:
    assert sparse(10, "judge").outcome == "inconclusive"
    merged, parent = sparse(10, "merge"), sparse(10, "parent")
    assert [c.group for c in merged.rules[0].checks][-1] == "hair & skin=other"
    assert only(merged, "hair & skin=other").n == 10
    assert parent.outcome == "pass"
    assert "hair=b & skin=dark" not in [c.group for c in parent.rules[0].checks]
    assert [one.reason for one in parent.sparse] == [
        "judged at the parent's level (hair=b and skin=dark) because 10 rows are blond there, "
        "fewer than 30"
    ]
    assert sparse(30, "parent").sparse == []


def test_the_policy_never_looks_at_an_answer() -> None:
    assert sparse(10, "merge").sparse == sparse(10, "merge", lost=10).sparse


def test_an_intersection_that_was_emptied_of_a_class_stays_and_never_passes() -> None:
    for policy in ("merge", "parent"):
        verdict = sparse(0, policy)
        assert (verdict.sparse, verdict.outcome) == ([], "inconclusive")


def test_merged_intersections_are_tested_together() -> None:
    one, other = crossed(80)
    skin = np.where(np.arange(len(one.ids)) % 5 == 0, "dark", "light")
    pair = [replace(p, groups={**p.groups, "skin": skin}) for p in (one, other)]
    found = evaluate(*pair, gate(TPR, intersections=True, sparse="merge", min_rows=40))
    assert [s.rows["blond"] for s in found.sparse] == [32, 32]
    assert only(found, "hair & skin=other").n == 64


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"sparse": "merge", "intersections": True}, "needs min_rows"),
        ({"sparse": "parent", "min_rows": 9}, "set intersections: true"),
        ({"min_rows": 9}, "min_rows is for sparse"),
    ],
)
def test_half_a_policy_is_refused(more: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        gate(TPR, **more)


def layered(shift: dict[str, float]) -> Verdict:
    """100 negatives at .30-.45 and positives at .55-.70 a group; a group's scores are shifted."""
    base = np.concatenate([np.linspace(0.3, 0.45, 100), np.linspace(0.55, 0.7, 100)])
    labels, hair = np.tile([0] * 100 + [1] * 100, 2), np.repeat(["a", "b"], 200)
    moved = np.concatenate([base + shift["a"], base + shift["b"]])
    pair = []
    for model, p in (("d", np.tile(base, 2)), ("p", moved)):
        rows = said({"a": (100, 0), "b": (100, 0)}, model=model, negatives=100)
        scores = np.stack([1 - p, p], axis=1)
        pair.append(replace(rows, labels=labels, groups={"hair": hair}, probabilities=scores))
    return evaluate(*pair, gate(TPR))


def test_a_shift_of_all_scores_is_the_thresholds() -> None:
    found = layered({"a": -0.1, "b": -0.1}).layers
    assert found is not None
    assert [round(layer.change, 2) for layer in found.layers] == [-0.33, 0.0, 0.0]
    assert "the threshold's" in found.sentence


def test_a_shift_of_one_groups_scores_stays_at_one_threshold_and_goes_at_its_own() -> None:
    found = layered({"a": 0.03, "b": -0.25}).layers
    assert found is not None
    half, rate, own = found.layers
    assert (half.group, rate.group, own.change) == ("hair=b", "hair=b", 0.0)
    assert (half.change, round(rate.change, 1)) == (
        -1.0,
        -0.6,
    ) and "hair=b slipped" in found.sentence


def test_several_classes_have_no_layers_and_say_why() -> None:
    rows = PAIR[0]
    three = np.concatenate([rows.probabilities * 0.5, np.full((len(rows.ids), 1), 0.5)], axis=1)
    pair = [
        replace(rows, probabilities=three, classes=("dark", "blond", "grey"), model=m) for m in "dp"
    ]
    found = evaluate(*pair, gate({**FLIPS, "limit": 0.5}, absent=["label=grey"])).layers
    assert found is not None and found.layers == [] and "several classes" in found.sentence


def test_ties_at_the_threshold_share_what_is_left() -> None:
    others = np.array([0.1, 0.5, 0.5, 0.9])
    asked = np.array([0.9, 0.5, 0.1, 0.7])
    found = chance_selected(asked, others, np.ones(4), 0.5)
    assert found.tolist() == [1.0, 0.5, 0.0, 1.0]  # one of the two at 0.5 is selected
    assert chance_selected(np.array([0.7]), others, np.ones(4), 0.25).tolist() == [0.5]
