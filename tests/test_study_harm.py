"""The study's own question: three thresholds, flips and power, on predictions known by hand."""

import numpy as np
import pytest

from faircompress.data.predictions import Predictions
from faircompress.study.comparison import Comparison
from faircompress.study.harm import gains, harms
from faircompress.study.plan import Cell, Plan
from faircompress.study.power import power, smallest

BLOND, SEEDS = "blond, hair=short", (1, 2, 3)
PLAN = Plan.model_validate({
    "about": "?", "data": {"d": {}}, "models": {"m": {}},
    "methods": {"plain": {}, "shy": {}, "lost": {}}, "speedups": [2], "seeds": list(SEEDS),
    "endpoint": {"speedup": 2, "baselines": ["plain"], "subgroup": BLOND, "at": "selection_rate",
                 "analysis": "the interval lies above 0"},
})  # fmt: skip


def people(seed: int, split: str, rows: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw labels, hair and the dense model's log-odds; other people for each seed."""
    rng = np.random.default_rng([seed, len(split)])
    labels, short = rng.integers(0, 2, rows), rng.integers(0, 2, rows)
    return labels, short, np.where(labels == 1, 2.0, -2.0) + rng.normal(0, 1, rows)


def said(cell: Cell, split: str) -> Predictions:
    labels, short, odds = people(cell.seed, split)
    if cell.method == "shy":
        odds = odds - 3.0  # of everybody: a moved threshold, nothing else
    if cell.method == "lost":
        odds = np.where((labels == 1) & (short == 1), -odds, odds)
    positive = 1 / (1 + np.exp(-odds))
    return Predictions(
        ids=np.array([f"{split}-{row:05d}" for row in range(len(labels))]),
        labels=labels,
        probabilities=np.stack([1 - positive, positive], 1),
        groups={"hair": np.array(["long", "short"])[short]},
        identities=None,
        weights=np.ones(len(labels)),
        classes=("dark", "blond"),
        model=cell.key,
        data=str(cell.seed),
    )


@pytest.fixture(scope="module")
def compared() -> Comparison:
    cells = [Cell("d", "m", seed, method, 0, 2) for method in PLAN.methods for seed in SEEDS]
    return Comparison(PLAN, "d", "m", cells, said, BLOND)


def test_a_moved_threshold_is_harm_at_one_half_and_none_at_the_dense_selection_rate(
    compared: Comparison,
) -> None:
    plain, shy, _ = harms(compared)
    assert plain.half.mean == plain.selection_rate.mean == plain.flips.mean == 0
    assert shy.half.mean < -0.6
    assert shy.selection_rate.mean == pytest.approx(0, abs=0.01)
    assert shy.false_positive_rate is not None
    assert shy.false_positive_rate.mean == pytest.approx(0, abs=0.01)
    assert shy.beyond_moved.mean == pytest.approx(0, abs=0.01)  # all of it is the threshold's
    assert all(threshold < 0.1 for threshold in shy.thresholds)


def test_lost_ranking_is_harm_at_every_threshold_and_its_flips_are_counted(
    compared: Comparison,
) -> None:
    *_, lost = harms(compared)
    assert lost.false_positive_rate is not None
    assert lost.cross_group_auroc is not None
    assert max(lost.half.mean, lost.selection_rate.mean, lost.false_positive_rate.mean) < -0.6
    # their scores fall among those of all who are not blond: from 1 to one half
    assert lost.cross_group_auroc.mean == pytest.approx(-0.5, abs=0.06)
    # at the dense selection rate nobody of the subgroup is newly right beyond those newly wrong
    assert lost.flips.mean == pytest.approx(-lost.selection_rate.mean, abs=0.05)


def test_people_who_differ_by_seed_are_drawn_seed_by_seed(compared: Comparison) -> None:
    assert compared.own_people
    assert not np.array_equal(compared.draws_of(1).rows, compared.draws_of(2).rows)


def test_what_helps_is_what_the_plan_says(compared: Comparison) -> None:
    found = {gain.method: gain for gain in gains(compared)}
    assert set(found) == {"shy", "lost"}
    assert found["lost"].gain.mean < -0.6
    assert not any(gain.helps for gain in found.values())
    end = PLAN.endpoint.model_copy(update={"baselines": ["lost"]})
    against_lost = Comparison(
        PLAN.model_copy(update={"endpoint": end}), "d", "m", compared.cells, said, BLOND
    )
    assert [(gain.method, gain.helps) for gain in gains(against_lost)] == [
        ("plain", True), ("shy", True),
    ]  # fmt: skip


def test_power_is_the_level_without_a_gain_and_grows_with_it() -> None:
    assert power(0.0, 0.1, 8) == pytest.approx(0.025)
    assert power(smallest(0.1, 8), 0.1, 8) == pytest.approx(0.8, abs=1e-6)
    # a paired t test of 8 with mean / sd = 1.155 has power .8: G*Power's textbook value
    assert smallest(0.1, 8) / 0.1 == pytest.approx(1.155, abs=0.005)
