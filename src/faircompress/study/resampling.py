"""How sure is a mean over seeds? Seeds vary, and so do the people of the test set.

Training differs from seed to seed; the test people are the same for all seeds, or each seed has
people of its own where the data set is drawn anew. Both are drawn again, each on its own: a draw
takes seeds with replacement and people with replacement, and the
rate is taken anew ("pigeonhole" bootstrap). The interval is the mean plus and minus Student's t
(seeds less one) times the standard deviation over draws, widened by ``sqrt(S / (S - 1))`` since
S seeds drawn from themselves vary too little; p is of the same t. A test that assumes less stands
beside it: the signs of the seeds' values are flipped in all ways. With S seeds it gives no p below
``2 / 2**S``, too coarse to be corrected for many tests.

With few seeds t reaches further than a share can change. No value beyond what is possible can be
the true one, so the interval ends there, covers as often as before, and says that it was cut. p is
not touched.

Source:
    Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1 (2007): conservative for means
    over two crossed factors.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from faircompress.data.predictions import Predictions
from faircompress.study.cells import RIGHT, Part, weighted_auroc, weighted_right
from faircompress.support.errors import InputError

DRAWS = 1000
SEED = 2410  # fixed, so that an interval is no matter of luck
CONFIDENCE = 0.95
EXACT = 14
CHANGE, SHARE = (-1.0, 1.0), (0.0, 1.0)  # what a change of a share, and a share, can be


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Args:
        mean: Of the seeds' values.
        low: Lower end of the 95 % interval; None: one seed says nothing of others.
        high: Upper end.
        p: Of the t test that the mean is 0, two-sided; None with one seed.
        flips: p of the sign-flip test, over seeds alone.
        seeds: Value of each seed.
        cut: Whether an end is the last possible value, because t reached beyond it.
    """

    mean: float
    low: float | None
    high: float | None
    p: float | None
    flips: float | None
    seeds: tuple[float, ...]
    cut: bool = False


@dataclass(frozen=True, eq=False)
class Draws:
    """Seeds and people drawn again, the same for everything that is compared.

    Args:
        rows: How often each row counts, ``(draws, rows)``; all rows of a person alike.
        seeds: How often each seed counts, ``(draws, seeds)``.
    """

    rows: np.ndarray
    seeds: np.ndarray


def draw(said: Predictions, seeds: int, draws: int = DRAWS, place: int = 0) -> Draws:
    """Draw seeds and people again.

    Args:
        said: On the test split, for whose people; rows of nobody known stand for themselves.
        seeds: How many there are.
        draws: How many to make.
        place: Of the seed whose people these are, from 0; 0 too where all seeds share them.
    """
    rng = np.random.default_rng([SEED, place] if place else SEED)
    names = said.ids if said.identities is None else said.identities
    who = np.unique(names, return_inverse=True)[1]
    people = int(who.max()) + 1
    times = rng.multinomial(people, np.full(people, 1 / people), size=draws)
    again = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws)
    return Draws(times[:, who].astype(np.float32), again)


def redrawn(said: Predictions, part: Part, metric: str, draws: Draws) -> tuple[float, np.ndarray]:
    """Return one model's rate, and its rate in each draw of people, ``(draws,)``.

    Raises:
        ValueError: If the rate is undefined.
    """
    rate = weighted_right if metric == RIGHT else weighted_auroc
    times = np.vstack([np.ones_like(draws.rows[:1]), draws.rows])[:, part.rows]
    found = rate(said, part, times)
    if found is None or np.isnan(found[0]):
        raise InputError(f"{metric} of {part.name} is undefined")
    return float(found[0]), found[1:]


def estimate(
    values: Sequence[tuple[float, np.ndarray]],
    draws: Draws,
    possible: tuple[float, float] = CHANGE,
) -> Estimate:
    """Return the mean over seeds and how sure it is.

    Args:
        values: Of each seed: its value, and its value in each draw of people, ``(draws,)``. A
            draw without a person who is needed is NaN and counts as the seed's value.
        draws: The same draws.
        possible: Least and largest value that the mean can have.
    """
    found = np.array([value for value, _ in values])
    if len(found) < 2:
        return Estimate(float(found.mean()), None, None, None, None, tuple(found.tolist()))
    table = np.stack([np.where(np.isnan(many), value, many) for value, many in values], axis=1)
    means = (table * draws.seeds).sum(1) / draws.seeds.sum(1)
    count = len(found)
    error = float(means.std(ddof=1)) * math.sqrt(count / (count - 1))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * error
    mean = float(found.mean())
    p = 2 * float(stats.t.sf(abs(mean) / error, count - 1)) if error > 0 else float(mean == 0)
    low, high = max(mean - reach, possible[0]), min(mean + reach, possible[1])
    cut = (low, high) != (mean - reach, mean + reach)
    return Estimate(mean, low, high, p, sign_flip(found), tuple(found.tolist()), cut)


def sign_flip(values: np.ndarray) -> float:
    """Return the share of sign patterns whose mean is as far from 0 as the one found.

    All patterns of up to 14 values are tried, and as many random ones of more.
    """
    if len(values) > 16:
        raise InputError(
            f"{len(values)} seeds give too many sign patterns; at most 16 can be tried"
        )
    signs = np.array(list(itertools.product([1, -1], repeat=len(values))))
    means = np.abs(signs @ values)
    return float((means >= np.abs(values.sum()) - 1e-12).mean())


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number, in the same order.

    Source:
        Holm, A simple sequentially rejective multiple test procedure, Scand. J. Stat. 6 (1979).
    """
    order = np.argsort(p_values, kind="stable")
    found, worst = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        worst = max(worst, min((len(p_values) - place) * p_values[index], 1.0))
        found[index] = worst
    return found
