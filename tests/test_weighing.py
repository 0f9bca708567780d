"""Verdicts on rows that weigh unequally, and on people with several."""

from dataclasses import replace

import numpy as np
import pytest
from hair_rates import gate, in_validation, only, said

from faircompress.data.caps import MaxWeight
from faircompress.data.predictions import Predictions
from faircompress.data.weighing import caps_of
from faircompress.evaluation.evaluate import evaluate


@pytest.mark.parametrize("metric", ["true_positive_rate", "auroc", "accuracy", "precision"])
def test_copies_of_pictures_under_the_same_name_change_no_bound(metric: str) -> None:
    """Beyond the luck of which copy is dealt; and rates not at all."""
    rng = np.random.default_rng(0)
    dense = said({"a": (40, 30), "b": (25, 20)}, model="dense")
    shaken = np.clip(dense.probabilities[:, 1] + rng.normal(0, 0.3, len(dense.ids)), 0, 1)
    pruned = replace(dense, model="pruned", probabilities=np.stack([1 - shaken, shaken], axis=1))
    pair = [replace(p, identities=p.ids) for p in (dense, pruned)]
    twice = [doubled(p) for p in pair]
    rule = gate({"metric": metric, "rule": "change", "limit": 0.1})
    one, two = (evaluate(*p, rule, validation=in_validation(*p)) for p in (pair, twice))
    for finding, copied in zip(one.rules[0].checks, two.rules[0].checks, strict=True):
        for key, off in {
            "estimate": 0,
            "effective_n": 0,
            "clusters": 0,
            "lower": 0.03,
            "upper": 0.03,
        }.items():
            assert getattr(copied, key) == pytest.approx(getattr(finding, key), abs=off + 1e-9)
        assert copied.n == 2 * finding.n


def doubled(p: Predictions) -> Predictions:
    def twice(column: np.ndarray) -> np.ndarray:
        return np.concatenate([column, column])

    return replace(
        p,
        ids=np.concatenate([p.ids, np.char.add(p.ids, "-copy")]),
        labels=twice(p.labels),
        probabilities=twice(p.probabilities),
        groups={k: twice(v) for k, v in p.groups.items()},
        identities=None if p.identities is None else twice(p.identities),
        weights=twice(p.weights),
    )


def test_weights_that_are_declared_to_be_equal_are_no_weights() -> None:
    pair = [said(x, model=m) for x, m in (({"a": (80, 70)}, "d"), ({"a": (80, 66)}, "p"))]
    declared = {"weights": np.full(len(pair[0].ids), 7.0), "max_weight": (MaxWeight(7.0),)}
    heavy = [replace(p, **declared) for p in pair]
    plain, weighed = (evaluate(*p, gate(), validation=in_validation(*p)) for p in (pair, heavy))
    assert only(plain, "hair=a") == only(weighed, "hair=a")


def test_weights_of_1_are_no_weights_only_where_validation_has_no_others() -> None:
    pair = [said(x, model=m) for x, m in (({"a": (80, 70)}, "d"), ({"a": (80, 66)}, "p"))]
    held = in_validation(*pair)
    heavy = tuple(replace(p, weights=np.full(len(p.ids), 2.0)) for p in held)
    assert caps_of(pair[0], held[0]) is None
    found = only(evaluate(*pair, gate(), validation=heavy), "hair=a")
    assert found.effective_n == pytest.approx(80 / 3, abs=1e-3)


def test_weights_count_in_the_rate_and_unequal_ones_cost_units() -> None:
    pair = [said(x, model=m) for x, m in (({"a": (2, 2)}, "d"), ({"a": (2, 1)}, "p"))]
    weights = np.ones(22)
    weights[0] = 3.0  # the first positive is still found and counts three times the lost one
    pair = [replace(p, weights=weights) for p in pair]
    finding = only(evaluate(*pair, gate(), validation=in_validation(*pair)), "hair=a")
    assert finding.estimate == pytest.approx(-0.25)
    # the heaviest of validation weighs 3, so at most 1.5 times that is taken to occur
    assert finding.effective_n == pytest.approx((3 + 1) / 4.5, abs=1e-3)


def test_flips_of_a_class_are_weighed_by_the_cap_of_the_class_alone() -> None:
    """A subgroup's rows are of one class, so what rows of others may weigh is no matter."""
    counts = {"a": (100, 95)}
    pair = [said(counts, model=m, negatives=100) for m in "dp"]
    heavy = np.where(pair[0].labels == 1, 1.0, 50.0)
    caps = (MaxWeight(1.0, {"label": "blond"}), MaxWeight(50.0, {"label": "dark"}))
    pair = [replace(p, weights=heavy, max_weight=caps) for p in pair]
    verdict = evaluate(*pair, gate({"rule": "flips", "limit": 0.1}))
    (found,) = (c for c in verdict.rules[0].checks if (c.group, c.subgroup) == ("hair=a", "blond"))
    assert found.effective_n == 100
