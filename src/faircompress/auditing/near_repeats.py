"""Rows that were written again with a little noise: scores of another batch, precision or rounding.

Scores are laid on a grid, and ten by ten of its boxes are one large box. Two rows that share a
large box share a small one with chance a tenth at most, whatever smooth density scores have: a
hundredth where the two models' scores spread over a plane, a tenth where they lie on a line. Copies
of a row share the small box nearly always. Where scores are dense, rows meet by chance; so large
boxes count from the emptiest on, as long as chance explains less than a hundredth of what is seen.

Rows may also share a box because a model gives few different scores, as a tree does. Then rows of
other groups and labels share it as well, and copies of a row never do. Where groups have scores of
their own, and most rows of a box are equal, nothing is told.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

SCALES = tuple(start * 10.0**-digits for digits in range(2, 10) for start in (1.0, 0.3))
FEW_SCALES = SCALES[2::2]
FINER = 10  # small boxes along a side of a large one
COINCIDENCE = 0.01  # of the pairs seen: expecting more, they may be chance
BOXES = 10  # large boxes that must show it
SPLIT = 0.5  # for each pair in a small box, so many copies may be parted by its sides
UNSEEN = 8  # pairs more than seen that chance may bring, with chance 3e-4 that it brings none
MANY = 50_000  # rows, beyond which fewer grids are tried: a verdict on them must not take longer
NEAR = 1e-7  # to 0 or 1, where logits end
FARTHEST = float(np.log(1 / NEAR - 1))
COARSE, MIXED = 0.1, 0.2  # side of boxes in which groups must mix, and how well
SHIFTS = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5))  # of the grid: its lines part nothing
ASIDE = (0.0, 0.5)  # of large boxes: two models that hardly differ cross no corner of them
ROUNDS = 20
FLOAT32 = 2.0**-24  # between two numbers of single precision just below 1
STEPS = (FLOAT32, 1e-7, 1e-8)  # near 0 or 1: single precision, or what is written of it
AT_END = 1e-4  # nearer to 0 or 1 its steps are looked for
ROOM = 100  # steps from there, within which few different scores are possible


@dataclass(frozen=True)
class Again:
    """Which rows were written again.

    Args:
        kept: Of each row once: where all are told, the first; elsewhere as many as there.
        within: How near the scores of copies are, at most; of those far from 0 and 1.
    """

    kept: np.ndarray
    within: float


def again(scores: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> Again | None:
    """Tell which rows were written again; None: none surely were.

    Args:
        scores: One number of each model, ``(rows, 2)``, in 0-1; see ``one_number``.
        labels: True classes, ``(rows,)``, integers.
        groups: Which groups a row is in, as one integer, ``(rows,)``.
    """
    cells = _codes(labels, groups)
    odds = max(_odds(cells), _odds(groups))
    mixed = _mixing(_boxes(scores, COARSE), cells, odds)
    least = min(map(_last_digit, scores.T))  # one model's fine scores suffice
    many = len(scores) > MANY
    sides = [side for side in (FEW_SCALES if many else SCALES) if side > least * 0.999]
    tried = [(scores, side) for side in sides]
    if not least and not many:
        inside = scores.clip(NEAR, 1 - NEAR)
        logits = (np.log(inside / (1 - inside)) / FARTHEST + 1) / 2
        tried += [(logits, side) for side in sides]
    steps = [(_step(column), _step(1 - column)) for column in scores.T]
    best: Again | None = None
    for places, side in tried:
        room = ROOM if places is scores else max(ROOM, FINER / (2 * FARTHEST * side))
        clear = _clear(scores, steps, room)
        found = _on_grid(places, side, cells, odds, clear, mixed=mixed)
        finer = places is scores  # of grids that tell as much, the finest says how near copies are
        if found is not None and (best is None or len(found.kept) < len(best.kept) + finer):
            best = found
    return best


def _on_grid(
    scores: np.ndarray, side: float, cells: np.ndarray, odds: float, clear: np.ndarray,
    *, mixed: bool,
) -> Again | None:  # fmt: skip
    """Return which rows were written again, as far as boxes of one side tell."""
    wide = side * FINER
    large = _boxes(scores, wide, ASIDE)
    rows_of = np.bincount(large)[large]
    # at 0 and 1 the density has a peak
    inner = (clear & (scores >= wide) & (scores <= 1 - wide)).any(1)
    several = inner & (rows_of > 1)
    if several.sum() < 2 * BOXES:
        return None
    small = _boxes(scores[several], side)
    most = _sparse(small, _new(large[several]), cells[several], odds, mixed=mixed)
    if not most:
        return None
    sparse = inner & (rows_of <= most)
    seen = sparse[several]
    if not mixed and _ties(scores[several][seen], small[seen]):
        return None
    first = _firsts(scores, cells, side, sparse)
    if first.sum() == sparse.sum():
        return None
    return Again(np.flatnonzero(first | _thinned(scores, cells, sparse, first)), side)


def one_number(probabilities: np.ndarray) -> np.ndarray:
    """Return one number a row, equal where rows are: of two classes the second's probability."""
    classes = probabilities.shape[1]
    if classes == 2:
        return probabilities[:, 1].astype(float)
    weights = (np.arange(classes) * 0.6180339887498949) % 1  # all different, evenly apart
    return np.asarray(probabilities.astype(float) @ weights)


def _last_digit(scores: np.ndarray) -> float:
    """Return the step of scores that all end at a decimal; 0: they do at none of few."""
    values = np.unique(scores)
    for side in SCALES:
        counts = values / side
        if (np.abs(counts - np.rint(counts)) < 1e-6 / side * 1e-3 + 1e-6).all():
            return side
    return 0.0


def _step(distance: np.ndarray) -> float:
    """Return the step of scores so near to an end that they have few values; 0: they have many."""
    near = np.unique(distance[(distance > 0) & (distance < AT_END)])
    for step in STEPS if len(near) else ():
        counts = near / step
        if (np.abs(counts - np.rint(counts)) < 0.01).all():
            return max(step, FLOAT32)
    return 0.0


def _clear(scores: np.ndarray, steps: list[tuple[float, float]], room: float) -> np.ndarray:
    """Tell which scores are so far from an end that its steps bring none together."""
    low, high = np.array(steps).T * room
    return np.asarray((scores >= low) & (scores <= 1 - high))


def _boxes(scores: np.ndarray, side: float, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Return which box of a grid each row lies in, as one integer, ``(rows,)``."""
    # a hair's breadth beside the lines, on which rounded scores would lie
    places = np.floor((scores + 1e-11) / side + np.asarray(shift)).astype(np.int64)
    return _codes(places[:, 0], places[:, 1])


def _codes(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return each pair of integers as one, ``(rows,)``, from 0 on."""
    wide = one.astype(np.int64) - one.min(), other.astype(np.int64) - other.min()
    return _new(wide[0] * (int(wide[1].max()) + 1) + wide[1])


def _new(codes: np.ndarray) -> np.ndarray:
    """Return integers as others, from 0 on without a gap."""
    return np.asarray(pd.factorize(codes)[0])


def _pairs(counts: np.ndarray) -> np.ndarray:
    return counts * (counts - 1) / 2


def _sparse(
    small: np.ndarray, large: np.ndarray, cells: np.ndarray, odds: float, *, mixed: bool
) -> int:
    """Return up to how many rows a large box has where chance brings few pairs together; 0: none.

    Chance is told by pairs of a small box that are of other labels or groups, which no copies are;
    and by pairs of a large box that share no small one, or where groups mix, are of other groups.
    """
    rows_of = np.bincount(large)
    together, of_copies = _summed(small, large), _summed(_codes(small, cells), large)
    alike = _summed(_codes(large, cells), large)
    order = np.argsort(rows_of, kind="stable")
    ends = np.flatnonzero(np.diff(rows_of[order], append=np.inf))  # boxes of as many rows go as one
    shared = np.cumsum(together[order])[ends]
    every = np.cumsum(_pairs(rows_of)[order])[ends]
    apart, other = every - shared, every - np.cumsum(alike[order])[ends]
    copies = np.cumsum(of_copies[order])[ends]
    enough = apart / (FINER - 1) < COINCIDENCE * shared
    if mixed:
        few = (other + UNSEEN) * odds / FINER < COINCIDENCE * shared
        enough |= few & (apart < SPLIT * shared)
    enough &= (shared - copies) * odds < COINCIDENCE * copies
    enough &= np.cumsum(together[order] > 0)[ends] >= BOXES
    if not enough.any():
        return 0
    return int(rows_of[order][ends[np.flatnonzero(enough)[-1]]])


def _summed(small: np.ndarray, large: np.ndarray) -> np.ndarray:
    """Return, of each large box, how many of its pairs share one of the small ones in it."""
    home = np.zeros(int(small.max()) + 1, np.int64)
    home[small] = large
    return np.bincount(home, _pairs(np.bincount(small)), minlength=int(large.max()) + 1)


def _mixing(boxes: np.ndarray, cells: np.ndarray, odds: float) -> bool:
    """Tell whether rows of other labels or groups have scores alike, so that their lack tells."""
    shared = _pairs(np.bincount(boxes)).sum()
    alike = _pairs(np.bincount(_codes(boxes, cells))).sum()
    return bool((shared - alike) * odds > MIXED * alike)


def _ties(scores: np.ndarray, small: np.ndarray) -> bool:
    """Tell whether most rows that share a box are equal, as those of a tree's leaf are."""
    equal = _codes(*(np.asarray(pd.factorize(column)[0]) for column in scores.T))
    return bool(_pairs(np.bincount(equal)).sum() > _pairs(np.bincount(small)).sum() / 2)


def _odds(column: np.ndarray) -> float:
    """Return how often two rows are alike for each time that they are not; 0: always."""
    shares = np.bincount(column) / len(column)
    alike = float((shares**2).sum())
    return alike / (1 - alike) if alike < 1 else 0.0


def _firsts(scores: np.ndarray, cells: np.ndarray, side: float, sparse: np.ndarray) -> np.ndarray:
    """Return which sparse rows are no copies of an earlier one, ``(rows,)``, bool."""
    at = np.flatnonzero(sparse)
    grids = [_codes(_boxes(scores[at], side, shift), cells[at]) for shift in SHIFTS]
    first = np.arange(len(at))
    for _ in range(ROUNDS):
        before = first
        for grid in grids:
            least = np.full(int(grid.max()) + 1, len(at))
            np.minimum.at(least, grid, first)
            first = least[grid]
        if np.array_equal(first, before):
            break
    found = np.zeros(len(sparse), bool)
    found[at[np.unique(first)]] = True
    return found


def _thinned(
    scores: np.ndarray, cells: np.ndarray, sparse: np.ndarray, first: np.ndarray
) -> np.ndarray:
    """Return the dense rows that are kept: as many of each cell as of the sparse ones, evenly."""
    cell_count = int(cells.max()) + 1
    rows_of = np.bincount(cells[sparse], minlength=cell_count)
    kept_of = np.bincount(cells[first], minlength=cell_count)
    every = rows_of.sum() / kept_of.sum()
    times = np.where(rows_of >= BOXES, rows_of / np.maximum(kept_of, 1), every)
    at = np.flatnonzero(~sparse)
    order = at[np.lexsort((at, scores[at, 1], scores[at, 0], cells[at]))]
    starts = np.searchsorted(cells[order], np.arange(cell_count))
    number = np.arange(len(order)) - starts[cells[order]]
    step = times[cells[order]]
    chosen = np.ceil(number / step) < np.ceil((number + 1) / step)
    found = np.zeros(len(sparse), bool)
    found[order[chosen]] = True
    return found
