"""How far a test set is used, by what was booked: looks so far, and what the next may use of alpha.

Reads lines alone, so it is quick; what is charged is decided anew by ``looks`` when one is booked.
"""

from dataclasses import dataclass

from faircompress.ledger.entries import Booked, Completed
from faircompress.ledger.levels import Levels, share_of
from faircompress.ledger.record import Ledger


@dataclass(frozen=True)
class Standing:
    """How far the test set of the last look is used.

    Args:
        used: Looks that count against it.
        way: How they are charged: ``spend``, ``earn`` or ``ignore``.
        alpha: Of all its looks.
        next_alpha: Of it, that the next look may use.
    """

    used: int
    way: str
    alpha: float
    next_alpha: float


def standing(ledger: Ledger, levels: Levels) -> Standing | None:
    """Return how far the test set of the last look is used; None: nobody looked yet.

    Args:
        ledger: Which.
        levels: For ``earn``, as ``next_look`` takes them.

    Raises:
        BrokenLedgerError: If it cannot be trusted.
    """
    entries = ledger.entries()
    booked = [(n, e) for n, e in enumerate(entries, start=1) if isinstance(e, Booked)]
    looks = [(n, e) for n, e in booked if e.tops_up is None]
    if not looks:
        return None
    line, last = looks[-1]
    used = max(look.number for _, look in looks if _sets(look) & _sets(last))
    passed = any(
        isinstance(e, Completed) and e.look == line and e.outcome == "pass" for e in entries
    )
    released = min(last.released + (passed and last.way == "earn"), used)
    share, alpha = share_of(last.way, used + 1, released, levels), last.limits["alpha"]
    return Standing(used, last.way, alpha, share * alpha)


def _sets(look: Booked) -> set[str]:
    """Return the test sets that a look is booked on."""
    return {look.test_set, *look.overlaps}
