"""Every metric, found by name, against scikit-learn and by hand."""

import numpy as np
import pytest
from fairlearn import metrics as fairness
from sklearn import metrics as reference

from faircompress.config import plugins
from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.decisions import Decided, answers
from faircompress.evaluation.evaluate import evaluate
from faircompress.statistics.metrics import Answers, Mean, Metric, Ranking
from faircompress.statistics.rates import rate

KNOWN = {
    "accuracy": lambda t, s, d, w: reference.accuracy_score(t, d, sample_weight=w),
    "auroc": lambda t, s, d, w: reference.roc_auc_score(t, s, sample_weight=w),
    "cross_group_auroc": lambda t, s, d, w: reference.roc_auc_score(t, s, sample_weight=w),
    "false_positive_rate": lambda t, s, d, w: (
        1 - reference.recall_score(t, d, sample_weight=w, pos_label=False)
    ),
    "false_negative_rate": lambda t, s, d, w: 1 - reference.recall_score(t, d, sample_weight=w),
    "precision": lambda t, s, d, w: reference.precision_score(t, d, sample_weight=w),
    "selection_rate": lambda t, s, d, w: fairness.selection_rate(t, d, sample_weight=w),
    "true_positive_rate": lambda t, s, d, w: reference.recall_score(t, d, sample_weight=w),
}


def drawn(seed: int = 0, rows: int = 200) -> Answers:
    rng = np.random.default_rng(seed)
    truth, score = rng.random(rows) < 0.3, rng.integers(0, 12, rows) / 11  # many ties
    return Answers(truth, score, score >= 0.5, (score >= 0.5) == truth)


@pytest.mark.parametrize("name", plugins.names("metrics"))
def test_a_metric_says_which_rows_count_and_what_they_are_worth(name: str) -> None:
    metric, said = plugins.find("metrics", name), drawn()
    assert isinstance(metric, Metric)
    assert metric.name == name
    measure = metric(said)
    assert isinstance(measure, Mean | Ranking)
    if isinstance(measure, Mean):
        assert measure.over.dtype == bool
        assert len(measure.over) == len(measure.values) == len(said.truth)
        assert set(np.unique(measure.values)) <= {0, 1}


@pytest.mark.parametrize("name", plugins.names("metrics"))
def test_a_metric_is_best_at_its_better_end_for_perfect_answers(name: str) -> None:
    metric, truth = plugins.find("metrics", name), np.array([True, True, False])
    perfect = Answers(truth, truth * 1.0, truth, np.ones(3, bool))
    best = {"higher": 1.0, "lower": 0.0, "neither": 2 / 3}[metric.better]  # two are positive
    assert rate(metric(perfect), np.ones(3)) == best


@pytest.mark.parametrize("name", plugins.names("metrics"))
@pytest.mark.parametrize("weighted", [False, True])
def test_a_metric_agrees_with_scikit_learn(name: str, weighted: bool) -> None:
    said = drawn(1)
    rows = len(said.truth)
    weights = np.random.default_rng(2).uniform(0.2, 3, rows) if weighted else np.ones(rows)
    expected = KNOWN[name](said.truth, said.score, said.decided, weights)
    assert rate(plugins.find("metrics", name)(said), weights) == pytest.approx(expected)


def test_two_positives_and_two_negatives_by_hand() -> None:
    truth, score = np.array([True, True, False, False]), np.array([0.9, 0.4, 0.4, 0.1])
    said = Answers(truth, score, score >= 0.5, (score >= 0.5) == truth)
    found = {name: rate(plugins.find("metrics", name)(said), np.ones(4)) for name in KNOWN}
    assert found == {
        "accuracy": 0.75,  # only the second positive is missed
        "auroc": 0.875,  # 3 of 4 pairs won, one tied
        "cross_group_auroc": 0.875,  # the same rows, as a comparison chooses them
        "false_negative_rate": 0.5,
        "false_positive_rate": 0.0,
        "precision": 1.0,
        "selection_rate": 0.25,
        "true_positive_rate": 0.5,
    }


def test_a_rate_without_rows_is_none_not_nan() -> None:
    said = answers(Decided(np.zeros(3, int), np.eye(3)[:, :2], np.zeros(3, int)), np.arange(3), 1)
    assert rate(plugins.find("metrics", "auroc")(said), np.ones(3)) is None
    assert rate(plugins.find("metrics", "true_positive_rate")(said), np.ones(3)) is None


def test_one_class_against_the_rest_asks_for_that_class_only() -> None:
    labels, decisions = np.array([0, 1, 2]), np.array([0, 2, 2])
    said = answers(Decided(labels, np.eye(3), decisions), np.arange(3), 0)
    assert said.right.all()  # confusing 1 with 2 is no mistake about class 0
    assert not answers(Decided(labels, np.eye(3), decisions), np.arange(3), None).right.all()


def gate(*rules: dict[str, object]) -> Gate:
    basics = {"threshold": 0.5, "power": 0.8, "intersections": False}
    sure = [{"confidence": 0.95, **rule} for rule in rules]
    return Gate.model_validate({**basics, "rules": sure})


def three_classes(model: str, cats_found: int) -> Predictions:
    labels = np.repeat([0, 1, 2], 200)
    decisions = labels.copy()
    decisions[cats_found:200] = 1  # lost cats are called dogs
    names = np.array(["cat", "dog", "fox"])
    return Predictions(
        ids=np.arange(600).astype(str),
        labels=labels,
        probabilities=np.eye(3)[decisions] * 0.7 + 0.1,
        groups={"label": names[labels], "place": np.array(["in", "out"])[np.arange(600) % 2]},
        identities=None,
        weights=np.ones(600),
        classes=tuple(names),
        model=model,
        data="data",
    )


def test_label_groups_are_one_against_the_rest_over_all_rows() -> None:
    pair = three_classes("d", 200), three_classes("p", 100)
    names = ("true_positive_rate", "false_positive_rate", "accuracy", "auroc")
    rules = [{"metric": n, "rule": "change", "limit": 0.1, "groups": ["label"]} for n in names]
    verdict = evaluate(*pair, gate(*rules))
    changes = {g.group: g.metrics for g in verdict.groups}
    assert changes["label=cat"]["true_positive_rate"].change == pytest.approx(-0.5)
    assert changes["label=dog"]["false_positive_rate"].change == pytest.approx(100 / 400)
    assert changes["label=cat"]["accuracy"].change == pytest.approx(-100 / 600)
    assert changes["label=cat"]["auroc"].change == pytest.approx(-0.25)
    assert changes["label=fox"]["accuracy"].change == 0
    words = {f.group: f.outcome for f in verdict.rules[0].checks}
    assert (words["label=cat"], words["label=fox"]) == ("fail", "pass")
    assert verdict.thresholds == {"baseline": None, "candidate": None}


def test_with_more_classes_other_groups_get_the_mean_over_classes() -> None:
    pair = three_classes("d", 200), three_classes("p", 100)
    rule = {"metric": "true_positive_rate", "rule": "change", "limit": 0.1, "groups": ["place"]}
    verdict = evaluate(*pair, gate(rule, {"rule": "change", "metric": "auroc", "limit": 0.9}))
    (whole,) = (g.metrics for g in verdict.groups if g.group == "all")
    assert whole["true_positive_rate"].change == pytest.approx(-0.5 / 3)
    assert whole["accuracy"].change == pytest.approx(-100 / 600)
    assert whole["auroc"].method == "betting in rounds"
    assert {f.group for f in verdict.rules[0].checks} == {"place=in", "place=out"}
