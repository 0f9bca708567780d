"""How many wrong labels would tip a test of a paired share, or of one share.

A test rejects because of rows that speak for it (``up``) and although others speak against it
(``down``). A wrong label moves a row: into the class that the rate is over, out of it, or, where
the rate is over all rows, from one side to the other. What both models decided stays.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import betainc, ndtri

from faircompress.statistics.paired_proportions import p_value, score

FEWEST = 2  # rows without which a rate is undefined, so that nothing is rejected
FULL = 30  # labels up to which all ways to place them are looked at


@dataclass(frozen=True)
class PairedLabels:
    """A rejected "oriented change of up minus down is at most ``change``", and labels that bear it.

    Args:
        down: Rows that speak against the rejection: lost ones, if a fall is excluded.
        up: Rows that speak for it.
        rows: All rows that the rate is over.
        change: Of the null, in ``(-1, 1)``.
        alpha: At which it is rejected.
        can_add: Rows outside the class that would speak against it inside.
        idle: Rows that would weaken it by leaving (``change`` below 0) or by entering, and speak
            for neither side; of a rate over all rows, those that could speak against it.
        turns: Is the rate over all rows? Then a wrong label turns a row that speaks for it.
    """

    down: int
    up: int
    rows: int
    change: float
    alpha: float
    can_add: int
    idle: int
    turns: bool = False

    @cached_property
    def _tails(self) -> dict[int, float]:
        return {}

    def placed(self, labels: int) -> np.ndarray:
        """Return the tables (down, up, rows) that so many wrong labels can make, ``(ways, 3)``.

        Above ``FULL`` labels idle rows are taken only once the others are used up: they weigh least
        there. A row that could go several ways goes the way that weakens the test most.
        """
        added = np.arange(min(labels, self.can_add if not self.turns else self.idle) + 1)
        if self.turns:
            turned = labels - added
            tables = [self.down + labels + 0 * added, self.up - turned, self.rows + 0 * added]
            return np.stack(tables, axis=1)[turned <= self.up]
        if labels <= FULL:
            added, taken = (x.ravel() for x in np.meshgrid(added, np.arange(labels + 1)))
        else:
            taken = np.minimum(labels - added, self.up)
        rest = labels - added - taken
        fits = (taken <= self.up) & (rest >= 0) & (rest <= self.idle)
        moved = rest if self.change > 0 else -rest
        tables = [self.down + added, self.up - taken, self.rows + added - taken + moved]
        return np.stack(tables, axis=1)[fits]

    def weakest(self, labels: int) -> tuple[float, np.ndarray | None]:
        """Return the least score that so many wrong labels can leave, and its table."""
        tables = self.placed(labels)
        if not len(tables):
            return np.inf, None
        if (tables[:, 2] < FEWEST).any():
            return -np.inf, None
        scores = score(tables[:, 0], tables[:, 1], tables[:, 2], self.change)
        at = int(scores.argmin())
        return float(scores[at]), tables[at]

    def tail(self, labels: int) -> float:
        """Return the exact tail of the table with the least score; 1: there is no rate left."""
        if labels not in self._tails:
            found, table = self.weakest(labels)
            if table is None:
                self._tails[labels] = 1.0 if found < 0 else 0.0
            else:
                down, up, rows = map(int, table)
                self._tails[labels] = p_value(down, up, rows, self.change, self.alpha)
        return self._tails[labels]

    @property
    def most(self) -> int:
        """Return how many labels can be wrong in the direction that weakens the test."""
        return self.up + self.idle + (0 if self.turns else self.can_add)

    def fewest_for_test(self) -> int | None:
        """Return the fewest wrong labels under which nothing is rejected; None: there are none.

        The score says where to look, corrected by how far the exact tail lies from it there; the
        exact tail decides.
        """
        line = float(ndtri(1 - self.alpha))
        found = _first(lambda k: self.weakest(k)[0] <= line, self.most)
        if found is None:
            found = self.most
        tail = self.tail(found)
        if 0 < tail < 1:
            off = self.weakest(found)[0] - float(ndtri(1 - tail))
            again = _first(lambda k: self.weakest(k)[0] <= line + off, self.most)
            found = self.most if again is None else again
        while found > 0 and self.tail(found - 1) > self.alpha:
            found -= 1
        while self.tail(found) <= self.alpha:
            if found == self.most:
                return None
            found += 1
        return found

    def fewest_for_estimate(self) -> int | None:
        """Return the fewest that bring the estimate to the limit; None: there are none.

        The estimate lies beyond ``change`` by ``up - down - rows * change`` rows. Each kind of
        wrong label takes a fixed number off, so the largest are taken first.
        """
        idle = 1 if self.change > 0 else -1  # what one does to the number of rows
        kinds = [(1 - self.change, self.up, -1), (1 + self.change, self.can_add, 1)]
        kinds += [(abs(self.change), self.idle, idle)]
        if self.turns:
            kinds = [(2.0, self.up, 0), (1.0, self.idle, 0)]
        left, labels, rows = self.up - self.down - self.rows * self.change, 0, self.rows
        for size, available, adds in sorted(kinds, reverse=True):
            needed = min(max(int(np.ceil(left / size - 1e-9)), 0), available)
            left, labels, rows = left - size * needed, labels + needed, rows + adds * needed
        return labels if left <= 1e-9 and rows > 0 else None


@dataclass(frozen=True)
class ShareLabels:
    """A rejected "the share is at least (or at most) ``share``", and the labels that bear it.

    Args:
        hits: Rows that the share counts.
        rows: All rows that it is over.
        share: Of the null.
        alpha: At which it is rejected.
        can_add: Rows outside the class that would weaken the rejection inside: hits, if it is that
            of "at least", else misses.
        at_least: Is "the share is at least" rejected?
    """

    hits: int
    rows: int
    share: float
    alpha: float
    can_add: int
    at_least: bool

    def fewest_for_test(self) -> int | None:
        """Return the fewest wrong labels under which nothing is rejected; None: there are none."""
        return _first(lambda k: any(t > self.alpha for t in self._tails(k)), self._most)

    def fewest_for_estimate(self) -> int | None:
        """Return the fewest that bring the share to the null's; None: there are none."""

        def reached(k: int) -> bool:
            hits, rows = self._placed(k)
            beyond = hits - rows * self.share
            there = (beyond if self.at_least else -beyond) >= -1e-9
            return bool((there & (rows > 0)).any())

        return _first(reached, self._most)

    @property
    def _most(self) -> int:
        return self.can_add + (self.rows - self.hits if self.at_least else self.hits)

    def _placed(self, labels: int) -> tuple[np.ndarray, np.ndarray]:
        """Return hits and rows for each number of rows that come in; the others go out."""
        added = np.arange(min(labels, self.can_add) + 1)
        gone = labels - added
        able = gone <= (self.rows - self.hits if self.at_least else self.hits)
        hits = self.hits + (added if self.at_least else -gone)
        return hits[able], (self.rows + added - gone)[able]

    def _tails(self, labels: int) -> Iterator[float]:
        hits, rows = self._placed(labels)
        if (rows < FEWEST).any():
            yield 1.0
        misses = rows - hits
        seen, others = (misses, hits) if self.at_least else (hits, misses)
        chance = 1 - self.share if self.at_least else self.share
        found = betainc(np.maximum(seen, 1), others + 1, chance)
        yield float(np.where(seen > 0, found, 1.0).max())


def _first(holds: Callable[[int], bool], most: int) -> int | None:
    """Return the first number from 1 to ``most`` for which something holds; then it goes on to."""
    high = 1
    while high < most and not holds(high):
        high *= 2
    low, high = high // 2, min(high, most)
    if not holds(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
