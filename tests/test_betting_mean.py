"""Planning with a mean's own units: how many more would certify it."""

import numpy as np
import pytest
from scipy.stats import beta, binom

from faircompress.statistics.independent_units import Units
from faircompress.statistics.procedures.betting_mean import BettingMean, evenly, low_signs

UNITS, WRONG = 400, 40
ORDERS = 8


def procedure(weight_of_wrong: float, weight_of_right: float) -> BettingMean:
    """Return a mean of 400 units of which a tenth are wrong."""
    rng = np.random.default_rng(4)
    right = (np.arange(UNITS) >= WRONG).astype(float)
    weights = np.where(right > 0, weight_of_right, weight_of_wrong)
    orders = np.stack([rng.permutation(UNITS) for _ in range(ORDERS)])
    count = weights.sum() ** 2 / (weights**2).sum()
    return BettingMean(Units(right[orders], right[orders], weights[orders], count), 1.0)


def fewest(of: BettingMean, least: float) -> int:
    """Return about how many units certify a least rate at .025."""
    sizes = range(20, 4000, 10)
    return next(n for n in sizes if of.certifies_rate(n, least, 0.025, 0.8, higher=True))


def test_where_the_wrong_are_light_fewer_units_certify_a_rate_than_where_they_are_heavy() -> None:
    """Light: .1 of 1 is wrong in a tenth, a rate of .989; heavy: 1 of .1, a rate of .47."""
    light, heavy = procedure(0.1, 1.0), procedure(1.0, 0.1)
    assert fewest(light, 0.9) < 100
    assert not heavy.certifies_rate(3990, 0.9, 0.025, 0.8, higher=True)


def test_units_of_one_weight_certify_what_an_exact_binomial_bound_would_ask_for() -> None:
    """A tenth wrong, at least .85: betting asks for at most 1.5 times what binomial bounds do."""

    def passes(n: int) -> bool:
        low = int(binom.ppf(0.2, n, 0.9))  # of 5 samples one is worse
        return bool(beta.ppf(0.025, low, n - low + 1) > 0.85)

    exact = next(n for n in range(20, 4000, 10) if passes(n) and passes(n + 20))
    assert exact <= fewest(procedure(1.0, 1.0), 0.85) <= 1.5 * exact


@pytest.mark.parametrize("n", [1, 7, 399, 1201])
def test_planned_units_are_like_those_dealt(n: int) -> None:
    """The share of weight that is wrong is kept, to a unit and the half that is added."""
    of = procedure(0.1, 1.0)
    values, weights = evenly(of._rates, n)
    assert len(values) == len(weights) == n
    assert set(weights[values == 1]) <= {1.0}  # the right ones are heavy still
    assert weights[values == 0].max(initial=0.1) < 1
    assert abs((values == 0).mean() - (WRONG + 0.5) / (UNITS + 0.5)) <= 1 / n


@pytest.mark.parametrize("changed", [4, 9, 40, 400])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_planned_sample_is_no_better_than_the_power_says(changed: int, power: float) -> None:
    rng = np.random.default_rng([changed, 7])
    sizes = rng.permutation(np.append(rng.uniform(0.1, 1, changed), np.zeros(200)))
    planned = float((sizes * low_signs(sizes, power, rng)).sum())
    sums = (sizes * rng.choice([-1.0, 1.0], (4000, len(sizes)))).sum(axis=1)
    # a share ``power`` of sets without a true change is better, but for the error of 4,000 sums
    assert (sums >= planned).mean() >= power - 0.03
    assert planned + 2 * sizes.max() >= np.quantile(sums, 1 - power) - 0.1  # nor much worse
