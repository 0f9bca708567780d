"""Levels for candidates that are tested on the same test set one after the other.

*earn* (e-LOND): at look k a candidate is held to ``alpha_k = alpha * gamma_k * (r + 1)``, with r
the number of candidates released before, and is released if its e-value is at least
``1 / alpha_k``. The e-value is the smallest over its checks, so that it is one against "this
candidate is harmful". What may be claimed of all files released on the set:

    "of the files released on this set, at most 5 % are harmful in expectation, if no candidate
    was chosen by earlier words on these rows"

Proof, for R files released in all: a harmful file k that is released adds at most
``1 / max(R, 1)`` to the harmful share. If it is, ``1 <= alpha_k e_k`` and ``r + 1 <= R``, so it
adds at most ``alpha gamma_k e_k``; in expectation that is at most ``alpha gamma_k``, and gammas sum
to 1. E-values may depend on each other as they like, which they do on shared rows. It does need
that no e-value's *null* was picked by the rows: a candidate chosen by earlier verdicts on them
has no e-value here.

*spend*: at look k the level is ``alpha / (k (k + 1))``; these sum to alpha, so that with chance
1 - alpha no harmful file is ever released.

Source:
    Xu and Ramdas, Online multiple testing with e-values, AISTATS 2024 (e-LOND). Javanmard and
    Montanari, On online control of false discovery rate, 2015 (LOND). The gammas, in proportion to
    ``k ** -1.6``: Ramdas, Zrnic, Wainwright and Jordan, SAFFRON, ICML 2018. If every file is
    released the level falls as ``k ** -0.6``: to a twelfth of the first at look 60.
"""

from scipy.special import zeta

from faircompress.support.errors import InputError

POWER = 1.6
CLAIM = (
    "Of the files released on this set, at most 5 % are harmful in expectation, if no candidate "
    "was chosen by earlier words on these rows."
)


def gamma(look: int) -> float:
    """Return the share of alpha that a look has, from the first on; all of them sum to 1."""
    return float(look**-POWER / zeta(POWER))


def earn(look: int, released: int, alpha: float) -> float:
    """Return the level of a look, of which the first is 1, after so many releases."""
    if look < 1 or not 0 <= released < look:
        raise InputError(
            f"look {look} after {released} releases: looks count from 1, and at most one file is "
            "released at each look before. Does the ledger hold all looks?"
        )
    return alpha * gamma(look) * (released + 1)


def spend(look: int, alpha: float) -> float:
    """Return the level of a look where levels of all looks sum to alpha."""
    if look < 1:
        raise InputError(f"look {look}: looks count from 1. Does the ledger hold all looks?")
    return alpha / (look * (look + 1))


def released(e_value: float, level: float) -> bool:
    """Tell whether an e-value reaches a level; ``level`` is in ``(0, 1]``."""
    return e_value >= 1 / level


def levels(*looks: int, alpha: float) -> dict[int, tuple[float, float, float]]:
    """Return levels to publish: ``spend``, and ``earn`` if nothing and if all was released."""
    return {k: (spend(k, alpha), earn(k, 0, alpha), earn(k, k - 1, alpha)) for k in looks}
