"""Whether two test sets are the same set: what they share, held against what chance would bring.

Ids, pictures and people are exact: sharing more than 1 % of the smaller set's is sharing. Rows
without ids are compared by label, groups and the baseline's scores, and there equal rows may be
chance. Only rows unlike every other of their own set tell anything. Let f1 and f2 be the numbers of
keys that stand once and twice in a set. Of two independent sets with key frequencies p and q, n and
m rows (Poisson), the keys that stand once in both number on average

    sum np exp(-np) mq exp(-mq)  <=  sqrt(sum (np)^2 exp(-np)  sum (mq)^2 exp(-mq))
                                  =  2 sqrt(E f2 E f2')

by Cauchy and Schwarz. This holds whatever p and q are, equal or not, and scores may depend on
labels and groups as they like: shuffled columns, which take them to be independent, give too small
a number there and would call fresh sets used.

Scores to 4 digits recognise a set; in large tables they cannot clear one, since fresh rows meet too
often. There 6 digits may.

Histograms recognise tables that were respelt, rounded or recalibrated; they never clear one.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from faircompress.ledger.histograms import DECIMALS
from faircompress.ledger.identity import EXACT, Fingerprint
from faircompress.ledger.likeness import Common, decimals, in_common

SHARE = 0.01  # of the smaller set: sharing more, two sets are the same
RESOLUTION = 0.1  # of the rows that tell: matching more, and no more than chance may, nobody knows
NOISE = 5.0  # standard deviations by which matches must exceed chance
HIDDEN = 0.3  # of the rows: where chance may hide more, no table is cleared that was rounded since
KNOWN = 0.98  # share of values, by rows, that tables with the same columns have in common


class Answer(StrEnum):
    """Whether two test sets are one."""

    same = "same"
    fresh = "fresh"
    cannot_tell = "cannot tell"


@dataclass(frozen=True)
class Overlap:
    """What two test sets share.

    Args:
        answer: Whether they are one.
        by: View that tells it, of ``Fingerprint``.
        shared: How many of them they share.
        of: How many the smaller set has.
        chance: How many chance alone may bring, at most on average.
    """

    answer: Answer
    by: str
    shared: int
    of: int
    chance: float = 0.0


def overlap(new: Fingerprint, old: Fingerprint) -> Overlap:
    """Tell whether a test set is one that was seen before.

    Any view that says so makes it the same: whoever renames all files still has the same rows. That
    it is fresh is said by ids, pictures or people where every row of both has them; else by rows.

    Args:
        new: Test set in question.
        old: Test set seen before, hashed with the same key.
    """
    exact = {by: view for by in EXACT if (view := _exact(new, old, by))}
    views = [view for by, view in exact.items() if by in new.complete and by in old.complete]
    by_rows = ("rows", "scores", "fine") if _same_columns(new, old) else ("scores", "fine")
    views += [_by_rows(getattr(new, by), getattr(old, by), by) for by in by_rows]
    same = [view for view in (*exact.values(), *views) if view.answer is Answer.same]
    common = in_common((new.bins, new.counts), (old.bins, old.counts))
    same += _by_histograms(common + in_common(new.turned, (old.bins, old.counts)))
    if coarse := _rounded_since(new, old, common):
        views = [view for view in views if view.by in EXACT] or coarse
    fresh = [view for view in views if view.answer is Answer.fresh]
    return (same or fresh or views)[0]


def _exact(new: Fingerprint, old: Fingerprint, by: str) -> Overlap | None:
    ours, theirs = getattr(new, by), getattr(old, by)
    of = min(len(ours), len(theirs))
    if not of:
        return None
    shared = int(isin(ours, theirs).sum())
    return Overlap(Answer.same if shared > SHARE * of else Answer.fresh, by, shared, of)


def _by_rows(ours: np.ndarray, theirs: np.ndarray, by: str) -> Overlap:
    """Compare tables by rows that are unlike every other of their own table."""
    of = min(len(ours), len(theirs))
    (mine, my_pairs), (yours, your_pairs) = _singles(ours), _singles(theirs)
    shared = int(isin(mine, yours).sum())
    chance = 2 * float(np.sqrt((my_pairs + 0.5) * (your_pairs + 0.5)))
    found = min(int(isin(ours, theirs).sum()), int(isin(theirs, ours).sum()))
    if shared - chance - NOISE * np.sqrt(2 * chance) > SHARE * of:
        answer = Answer.same
    elif found <= SHARE * of or _apart(mine, theirs) and _apart(yours, ours):
        answer = Answer.fresh
    else:
        answer = Answer.cannot_tell
    return Overlap(answer, by, shared, of, chance)


def _by_histograms(common: list[Common]) -> list[Overlap]:
    return [
        Overlap(Answer.same, "bins", round(one.rows), round(one.of), NOISE * one.noise)
        for one in common
        if one.rows - NOISE * one.noise > SHARE * one.of
    ]


def _rounded_since(new: Fingerprint, old: Fingerprint, common: list[Common]) -> list[Overlap]:
    """Return what is known of a table that has fewer decimals than the other, and too few."""
    ends = [decimals(known.bins) for known in (new, old)] if common else [0, 0]
    views = [one for one in common if one.view // 2 == DECIMALS.index(min(ends))]
    if ends[0] == ends[1] or any(NOISE * one.noise < HIDDEN * one.of - one.rows for one in views):
        return []
    one = views[0]
    chance = NOISE * one.noise
    return [Overlap(Answer.cannot_tell, "bins", round(one.rows), round(one.of), chance)]


def _apart(singles: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether the rows that tell anything are there, and hardly any is in the other table."""
    return len(singles) > 0 and isin(singles, other).mean() <= RESOLUTION


def _singles(hashes: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the keys that stand once, and how many stand twice."""
    keys, times = np.unique(hashes, return_counts=True)
    return keys[times == 1], int((times == 2).sum())


def _same_columns(new: Fingerprint, old: Fingerprint) -> bool:
    """Tell whether two tables name the same columns and values, so that their rows compare."""
    if new.columns != old.columns:
        return False
    if not len(new.values):
        return True
    known = min(isin(new.values, old.values).mean(), isin(old.values, new.values).mean())
    return bool(known >= KNOWN)


def isin(some: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Tell which hashes stand among sorted ones."""
    if not len(ordered):
        return np.zeros(len(some), bool)
    place = np.minimum(np.searchsorted(ordered, some), len(ordered) - 1)
    return ordered[place] == some
