"""A file's chance to pass, from validation rows and the test split's counts alone."""

from dataclasses import replace

import numpy as np
import pytest

from faircompress.config.params import check_gate
from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.search.chance import chances
from faircompress.search.drawn_tests import Answers, counted, drawn

RULE = {"metric": "true_positive_rate", "limit": 0.1, "because": "a test"}
GATE: Gate = check_gate(
    {"power": 0.8, "intersections": False, "rules": [{"rule": "change", **RULE}]}
)


def said(rows: int, *, seed: int, lost: float = 0.0, model: str = "a") -> Predictions:
    """Return answers on rows of two groups; a share of the positives of group b is turned to no."""
    rng = np.random.default_rng(seed)
    labels, group = np.arange(rows) % 2, np.arange(rows) // 2 % 2
    logits = np.where(labels == 1, 2.0, -2.0) + rng.normal(0, 0.7, rows)
    hit = (labels == 1) & (group == 1) & (np.random.default_rng(9).random(rows) < lost)
    likely = 1 / (1 + np.exp(-np.where(hit, -2.0, logits)))
    return Predictions(
        ids=np.array([f"r{at}" for at in range(rows)]),
        labels=labels,
        probabilities=np.stack([1 - likely, likely], 1),
        groups={"g": np.where(group == 1, "b", "a")},
        identities=None,
        weights=np.ones(rows),
        classes=("no", "yes"),
        model=model,
        data="d",
    )


def test_drawn_test_sets_have_the_counts_of_the_test_split() -> None:
    files = [said(400, seed=1), said(400, seed=1, lost=0.3, model="b")]
    test = counted(said(1200, seed=2))
    (one,) = drawn(Answers(files), test, draws=1, seed=0)
    assert len(one) == 2
    assert (one[1].labels == test.labels).all()
    rows = (test.labels == 1) & (test.groups["g"] == "b")
    found = [(p.probabilities[rows, 1] >= 0.5).mean() for p in one]
    assert found == [pytest.approx(1.0, abs=0.02), pytest.approx(0.7, abs=0.1)]


def test_an_unharmed_file_is_expected_to_pass_and_a_harmed_one_is_not() -> None:
    dense = said(800, seed=1)
    files = [replace(dense, model="b"), said(800, seed=1, lost=0.3, model="c")]
    same, harmed = chances(dense, files, said(1200, seed=2), GATE, seed=0)
    assert (same.share, harmed.share) == (1.0, 0.0)
    assert harmed.worst == "change true_positive_rate against baseline: g=b"
    assert (harmed.stops, harmed.stopped) == (harmed.worst, 1.0)
    assert (same.stops, same.stopped) == ("", 0.0)
    assert 2.5 < harmed.used[0] < 4  # about .3 of a limit of .1, in the worse group of a draw


def test_few_rows_make_a_pass_unlikely_whatever_the_file_does() -> None:
    dense = said(800, seed=1)
    (chance,) = chances(dense, [replace(dense, model="b")], said(80, seed=2), GATE, seed=0)
    assert chance.share == 0.0  # 20 positives a group: .1 needs 36
    assert chance.used[0] == 0.0 and chance.stopped == 1.0  # no harm, and yet a bound says no
    assert chance.stops.startswith("change true_positive_rate against baseline: g=")


def test_the_test_split_counts_by_its_numbers_alone() -> None:
    """Who has which label there, and what its pictures show, does not matter."""
    dense, other = said(800, seed=1), said(800, seed=1, lost=0.05, model="b")
    test = said(1200, seed=2)
    rng, shuffled = np.random.default_rng(3), test.labels.copy()
    for group in ("a", "b"):
        rows = np.flatnonzero(test.groups["g"] == group)
        shuffled[rows] = test.labels[rng.permutation(rows)]
    assert (shuffled != test.labels).any()
    scrambled = replace(test, labels=shuffled, probabilities=rng.permutation(test.probabilities))
    assert chances(dense, [other], test, GATE, seed=0) == chances(
        dense, [other], scrambled, GATE, seed=0
    )
