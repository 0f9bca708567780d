"""Bounds for the change of precision, whose rows each model chooses itself."""

import math

import numpy as np
import pytest

from faircompress.statistics.metrics import Mean
from faircompress.statistics.procedures.conditional_rate import (
    ConditionalRate,
    fall_excluded,
    own_rows,
)


def drawn(shares: dict[str, float], rows: int, rng: np.random.Generator) -> ConditionalRate:
    """Draw rows: who chose them ("both", "dense", "pruned"), and "+" if they are positive."""
    kind = rng.choice(len(shares), size=rows, p=list(shares.values()))
    names = np.array(list(shares))[kind]
    dense, pruned = (
        np.char.startswith(names, "both") | np.char.startswith(names, m)
        for m in ("dense", "pruned")
    )
    return rates(dense, pruned, np.char.endswith(names, "+"))


def rates(dense: np.ndarray, pruned: np.ndarray, truth: np.ndarray) -> ConditionalRate:
    rows = len(truth)
    return own_rows(
        Mean(truth, dense), Mean(truth, pruned), np.arange(rows), np.ones(rows), sign=1.0, seed=1
    )


@pytest.mark.parametrize(
    "shares",
    [
        # false alarms are added: 0.72 of 0.8 chosen are positive, then 0.72 of 0.9
        {"both+": 0.72, "both": 0.08, "pruned": 0.1, "neither": 0.1},
        # right ones are dropped: 0.72 of 0.8, then 0.32 of 0.4
        {"both+": 0.32, "dense+": 0.4, "both": 0.08, "neither": 0.2},
        # other rows altogether: 0.36 of 0.4, then 0.32 of 0.4
        {"dense+": 0.36, "dense": 0.04, "pruned+": 0.32, "pruned": 0.08, "neither": 0.2},
    ],
)
@pytest.mark.parametrize("rows", [80, 300])
def test_a_fall_of_precision_at_the_limit_is_rarely_excluded(
    shares: dict[str, float], rows: int
) -> None:
    rng, times = np.random.default_rng(5), 100
    cut = sum(shares[k] for k in shares if k in ("both+", "dense+"))
    dense = cut / sum(p for k, p in shares.items() if k.startswith(("both", "dense")))
    of = {k: p for k, p in shares.items() if k.startswith(("both", "pruned"))}
    pruned = sum(p for k, p in of.items() if k.endswith("+")) / sum(of.values())
    passed = 0
    for _ in range(times):
        r = drawn(shares, rows, rng)
        passed += fall_excluded(r.baseline, r.candidate, r.weights, dense - pruned, 0.05)
    assert passed / times <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / times)


def test_equal_choices_certify_a_small_limit_and_never_more_than_the_rows_allow() -> None:
    rng = np.random.default_rng(0)
    r = drawn({"both+": 0.8, "both": 0.2}, 100, rng)
    assert -0.05 < r.change_lower(0.05) < -(1 - 0.05 ** (1 / 100)) + 0.002
    assert r.change_upper(0.05) == -r.change_lower(0.05)


def test_pairing_pays_where_both_models_choose_much_the_same() -> None:
    rng = np.random.default_rng(1)
    paired = drawn({"both+": 0.8, "both": 0.1, "dense+": 0.04, "pruned+": 0.06}, 500, rng)
    apart = drawn({"dense+": 0.45, "dense": 0.05, "pruned+": 0.45, "pruned": 0.05}, 1000, rng)
    assert paired.change_lower(0.05) > -0.03 > -0.06 > apart.change_lower(0.05)


def test_a_plain_fall_of_precision_is_confirmed() -> None:
    r = drawn({"both+": 0.5, "pruned": 0.5}, 200, np.random.default_rng(2))
    assert r.candidate.rate - r.baseline.rate == pytest.approx(-0.5, abs=0.1)
    assert -0.9 < r.change_lower(0.05) < -0.5 < r.change_upper(0.05) < -0.35


def test_swapping_the_models_mirrors_the_bounds_and_the_sign_too() -> None:
    """Beyond the luck of the order, which depends on which model is the baseline."""
    rng = np.random.default_rng(3)
    dense, pruned, truth = (rng.random(120) < 0.5 for _ in range(3))
    one, other = rates(dense, pruned, truth), rates(pruned, dense, truth)
    assert one.change_lower(0.05) == pytest.approx(-other.change_upper(0.05), abs=0.04)
    sides = Mean(truth, dense), Mean(truth, pruned)
    worse = own_rows(*sides, np.arange(120), np.ones(120), sign=-1.0, seed=1)
    assert worse.change_lower(0.05) == pytest.approx(other.change_lower(0.05), abs=0.04)


def test_renamed_clusters_change_no_bound() -> None:
    rng = np.random.default_rng(4)
    dense, pruned, truth = (rng.random(500) < 0.6 for _ in range(3))
    ones, sides = np.ones(500), (Mean(truth, dense), Mean(truth, pruned))
    bounds = {
        own_rows(*sides, rng.permutation(500), ones, sign=1.0, seed=1).change_lower(0.05)
        for _ in range(5)
    }
    assert len(bounds) == 1
