"""Bounds for the mean over classes of a change: recall, or one-versus-rest AUROC.

Null: "the mean over K classes of the change ``d_k`` is at most m" (to certify a limit, m = -limit).
Rows are dealt into rounds (``class_dealing``); in a round each class k gives one unit ``x_k`` with
mean ``d_k``, and all units are independent. All units of a round are bet on alike, with a bet b
that was placed before the round, and wealth is multiplied by ``prod_k (1 + b (x_k - m))``.

*Theorem.* Under the null wealth grows on average in no round, however the fall is split among
classes. Proof: units are independent, and a mean of factors that are at least 0 is at least 0, so

    E prod_k (1 + b (x_k - m)) = prod_k (1 + b (d_k - m)) <= (1 + b mean_k (d_k - m)) ** K <= 1

by the inequality of the arithmetic and the geometric mean. Ville's inequality does the rest. So the
even split is the worst, and no search over splits is needed: it would find this one.

*Law.* With no harm seen R rounds pass only if ``R K ln(1 + limit / (1 - limit)) >= ln(1 / alpha)``:
what a single share needs in rows, all classes together need in units. One bound a class, each at
alpha / K, needs ``R ln(1 + limit / (1 - limit)) >= ln(K / alpha)`` of every class by itself.

Rounds are as many as the scarcest class has units. Rows that other classes have beyond that make
their units means of blocks, which only calms them: a class with few rows could hide the whole fall,
so that rounds without it would count for nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from faircompress.statistics import betting
from faircompress.statistics.class_dealing import blocks, deal_ranking, deal_share, gather
from faircompress.statistics.class_side import Rows
from faircompress.statistics.independent_units import DEALS, SEED, deals


@dataclass(frozen=True, eq=False)
class ClassRounds:
    """Both models' values on independent units, round by round, in several deals.

    Args:
        baseline: In 0-1, ``(deals, rounds * classes)``.
        candidate: Likewise.
        weights: 1, or 0 where a deal has no such round; same shape.
        missing: Has a unit no value? It is then taken to be the worst possible; same shape.
        classes: Units of a round.
        overshoot: What bets aim at; see ``betting.log_wealth``.
    """

    baseline: np.ndarray
    candidate: np.ndarray
    weights: np.ndarray
    missing: np.ndarray
    classes: int
    overshoot: float

    @property
    def count(self) -> float:
        """Return how many units an average deal has, of all classes together."""
        return float(self.weights.sum(axis=1).mean())

    def excludes(self, limit: float, alpha: float) -> bool:
        """Tell whether a mean change of -limit or less is excluded; wrongly at most with alpha."""
        return self.wealth(limit, alpha) >= 1 / alpha

    def wealth(self, limit: float, alpha: float) -> float:
        """Return the wealth against a mean change of -limit or less: the best mean over deals."""
        log = self._log_wealth(limit, alpha)
        return float(betting.best_mean(np.exp(np.minimum(log, 700)))[0])

    def e_value(self, limit: float, alpha: float) -> float:
        """Return an e-value against "the mean change is at most -limit": the mean over all deals.

        Args:
            limit: In ``(-1, 1)``.
            alpha: What the bets aim at; the e-value is valid whatever it is.
        """
        return float(np.exp(np.minimum(self._log_wealth(limit, alpha), 700)).mean())

    def mean_lower(self, alpha: float) -> float:
        """Bound the mean change from below."""
        return self._lower(self.candidate - self.baseline, alpha, low=-1)

    def mean_upper(self, alpha: float) -> float:
        """Bound the mean change from above."""
        return -self._lower(self.baseline - self.candidate, alpha, low=-1)

    def candidate_lower(self, alpha: float) -> float:
        """Bound the candidate's own mean over classes from below."""
        return self._lower(self.candidate, alpha, low=0)

    def baseline_lower(self, alpha: float) -> float:
        """Bound the baseline's own mean over classes from below."""
        return self._lower(self.baseline, alpha, low=0)

    def _lower(self, values: np.ndarray, alpha: float, *, low: float) -> float:
        return betting.mean_lower(
            np.where(self.missing, low, values), self.weights, alpha, low=low, high=1,
            overshoot=self.overshoot, together=self.classes,
        )  # fmt: skip

    def _log_wealth(self, limit: float, alpha: float) -> np.ndarray:
        change = np.where(self.missing, -1.0, self.candidate - self.baseline)
        return betting.log_wealth(
            change, self.weights, np.array([-limit]), alpha, low=-1,
            overshoot=self.overshoot, together=self.classes,
        )  # fmt: skip


def ranking_rounds(
    baseline: np.ndarray,
    candidate: np.ndarray,
    label: np.ndarray,
    rows: Rows,
    caps: Sequence[float],
    *,
    most: int = DEALS,
    seed: int = SEED,
) -> ClassRounds:
    """Deal rows for the mean over classes of the one-versus-rest AUROC.

    The expected value of a unit of class k is the chance that a row of class k has a higher score
    of class k than a row of another class, ties one half.

    Args:
        baseline: Score of each class, ``(rows, classes)``.
        candidate: Likewise.
        label: Class of each row, ``(rows,)``, integers from 0.
        rows: Whose it is, and what it counts; ``stratum``: the class, if its count was fixed.
        caps: On a cluster's weight in each class, times the classes that it has, ``(classes,)``.
        most: Deals at most.
        seed: Of the deals.

    Raises:
        TooHeavy: If a cluster is over a cap.
    """
    order, classed = gather(label, (baseline, candidate), rows, caps)
    scores = np.stack([baseline[order], candidate[order]])

    def deal(rng: np.random.Generator) -> np.ndarray:
        positive, negative = deal_ranking(classed, rng)
        rounds = min(len(x) for x in (*positive, *negative))
        units = [
            _wins(scores[:, :, k], blocks(p, rounds), blocks(n, rounds)) if rounds else None
            for k, (p, n) in enumerate(zip(positive, negative, strict=True))
        ]
        return _rounds(units)

    return _dealt(deal, len(label), classed.classes, betting.OVERSHOOT_OF_PAIRINGS, most, seed)


def share_rounds(
    baseline: np.ndarray,
    candidate: np.ndarray,
    label: np.ndarray,
    rows: Rows,
    caps: Sequence[float],
    *,
    most: int = DEALS,
    seed: int = SEED,
) -> ClassRounds:
    """Deal rows for the mean over classes of a share, such as recall; see ``ranking_rounds``.

    Args:
        baseline: What each row is worth to the baseline, in 0-1, ``(rows,)``.
        candidate: And to the candidate.
        label: As in ``ranking_rounds``.
        rows: Likewise.
        caps: Likewise.
        most: Deals at most.
        seed: Of the deals.
    """
    order, classed = gather(label, (baseline, candidate), rows, caps)
    worth = np.stack([baseline[order], candidate[order]]).astype(float)

    def deal(rng: np.random.Generator) -> np.ndarray:
        served = deal_share(classed, rng)
        rounds = min(len(x) for x in served)
        return _rounds([_means(worth, blocks(x, rounds)) if rounds else None for x in served])

    return _dealt(deal, len(label), classed.classes, betting.OVERSHOOT, most, seed)


def _means(worth: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return both models' mean in each block, ``(2, rounds)``."""
    there = block >= 0
    return np.asarray((worth[:, block] * there).sum(axis=2) / there.sum(axis=1))


def _wins(scores: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Return how often each block's positives outscore its negatives, ``(2, rounds)``; or NaN."""
    above = np.sign(scores[:, positive][:, :, :, None] - scores[:, negative][:, :, None, :])
    there = (positive >= 0)[:, :, None] & (negative >= 0)[:, None, :]
    count = there.sum(axis=(1, 2))
    found = 0.5 + 0.5 * (above * there).sum(axis=(2, 3)) / np.maximum(count, 1)
    return np.where(count > 0, found, np.nan)


def _rounds(units: Sequence[np.ndarray | None]) -> np.ndarray:
    """Return both models' values round by round, ``(2, rounds * classes)``."""
    known = [x for x in units if x is not None]
    return np.stack(known, axis=2).reshape(2, -1) if known else np.zeros((2, 0))


def _dealt(
    deal: Callable[[np.random.Generator], np.ndarray],
    rows: int,
    classes: int,
    overshoot: float,
    most: int,
    seed: int,
) -> ClassRounds:
    """Stack deals of different lengths; a round that is not there weighs nothing."""
    rng = np.random.default_rng(seed)
    found = [deal(rng) for _ in range(min(deals(rows), most))]
    width = max(x.shape[1] for x in found)
    baseline, candidate, weights = np.zeros((3, len(found), width))
    for at, both in enumerate(found):
        length = both.shape[1]
        baseline[at, :length], candidate[at, :length] = both
        weights[at, :length] = 1
    missing = np.isnan(baseline)
    baseline, candidate = (np.where(missing, 0.0, x) for x in (baseline, candidate))
    return ClassRounds(baseline, candidate, weights, missing, classes, overshoot)
