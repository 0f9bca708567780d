"""Which of many nulls may be rejected, so that a single wrong one has chance at most alpha.

Both procedures here are Bonferroni tests closed. An intersection I of nulls is rejected where a
check i of it is rejected at ``w_i(I) * alpha_i``, with weights that sum to at most 1, so that it is
wrongly rejected with chance at most ``sum_i w_i(I) alpha_i <= max alpha``. A null is rejected where
every intersection with it is (Marcus, Peritz and Gabriel 1976).

*Why stepping through suffices.* The weights are monotone: if I is part of J and holds i, then
``w_i(I) >= w_i(J)``. Let J be what remains, and let i of J be rejected at ``w_i(J) * alpha_i``.
Then every intersection within J that holds i is rejected, as i has no smaller level there. Any
other intersection with i holds checks rejected earlier; by the same argument the earliest of them
rejects it. So the closed test rejects i, and what remains is J without i.

The level of a check must be a level: ``rejected_at(a)`` is wrong with chance at most a, and what is
rejected at a is rejected at every larger level. Of bets that aim at a this is not so. So a check is
told at which level it is tested first (``first_levels``), makes its statistic for that level, and
compares the same statistic with every later one.

Source:
    Holm, A simple sequentially rejective multiple test procedure, 1979. Hommel, Bretz and Maurer,
    Powerful short-cuts for multiple testing procedures with special reference to gatekeeping
    strategies, Statistics in Medicine 2007. Bretz, Maurer, Brannath and Posch, A graphical approach
    to sequentially rejective multiple test procedures, Statistics in Medicine 2009.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

DISPARITIES = 0.1  # share of alpha, fixed beforehand, that tests of disparities have


@dataclass(frozen=True)
class Check:
    """One null to be rejected.

    Args:
        rejected_at: Is the null rejected at this level?
        alpha: Chance of error that this check alone would have, in ``(0, 1)``.
        disparity: Is it of the family of disparities?
    """

    rejected_at: Callable[[float], bool]
    alpha: float
    disparity: bool = False

    @classmethod
    def of(cls, p_value: float, alpha: float, *, disparity: bool = False) -> "Check":
        """Make a check of a p-value."""
        return cls(partial(_at_most, p_value), alpha, disparity)


def _at_most(p_value: float, level: float) -> bool:
    return p_value <= level


def first_levels(checks: Sequence[Check], *, ordered: bool) -> list[float]:
    """Return the levels at which checks are tested before any is rejected, the smallest of each.

    Args:
        checks: As for ``in_order`` or ``holm``; what they reject is not asked.
        ordered: For ``in_order``?
    """
    every = list(range(len(checks)))
    shares = halving_shares(checks, every) if ordered else dict.fromkeys(every, 1 / len(every))
    return [shares[i] * checks[i].alpha for i in every]


def holm(checks: Sequence[Check]) -> dict[int, float]:
    """Reject with no order known beforehand: every remaining check has the same share.

    Returns:
        For each rejected check, by its place, the level at which it was rejected.
    """
    rejected: dict[int, float] = {}
    while len(rejected) < len(checks):
        remaining = [i for i in range(len(checks)) if i not in rejected]
        gone = _first(checks, remaining, dict.fromkeys(remaining, 1 / len(remaining)))
        if not gone:
            break
        rejected |= gone
    return rejected


def in_order(checks: Sequence[Check]) -> dict[int, float]:
    """Reject in an order fixed beforehand, by evidence that is not of these rows.

    Disparities have ``DISPARITIES`` of alpha and all other checks the rest, each a chain of its
    own: the first that remains of a chain has half of the chain's alpha, the next a quarter, and so
    on; the last has as much as the one before it, so that nothing is left over. What is rejected
    leaves, one of each chain a round, and the rest move up. A chain that is finished hands its
    alpha to the other.

    Args:
        checks: The most suspect first; each family in its order.

    Returns:
        For each rejected check, by its place, the level at which it was rejected.
    """
    rejected: dict[int, float] = {}
    while True:
        remaining = [i for i in range(len(checks)) if i not in rejected]
        shares = halving_shares(checks, remaining)
        chains = [[i for i in remaining if checks[i].disparity is of] for of in (False, True)]
        gone = [_first(checks, chain, shares) for chain in chains]
        if not any(gone):
            return rejected
        rejected |= gone[0] | gone[1]


def _first(
    checks: Sequence[Check], remaining: list[int], shares: Mapping[int, float]
) -> dict[int, float]:
    """Return the first check that is rejected at its share of alpha, with the level; or none."""
    for i in remaining:
        level = shares[i] * checks[i].alpha
        if checks[i].rejected_at(level):
            return {i: level}
    return {}


def halving_shares(checks: Sequence[Check], remaining: list[int]) -> dict[int, float]:
    """Share alpha out; monotone, for whatever leaves, no one else's share becomes smaller."""
    chains = [[i for i in remaining if checks[i].disparity is of] for of in (False, True)]
    whole = (1 - DISPARITIES, DISPARITIES) if all(chains) else (1.0, 1.0)
    shares = {}
    for chain, most in zip(chains, whole, strict=True):
        for rank, i in enumerate(chain, start=1):
            shares[i] = most * 0.5 ** min(rank, len(chain) - 1)
    return shares
