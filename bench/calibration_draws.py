"""Test sets whose true change is known, for bench/calibration*.py.

Scores are normal, AUROC 0.95 and TPR 0.9 before pruning. A fall comes in shapes:

- few: few positives lose everything;
- noise: scores of all rows are shaken;
- shift: scores of all positives fall a little;
- none: nothing falls, but what pruning adds to a score differs by chance.

Rows are independent, or belong to people with 1 to 3 pictures that fare much alike.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from faircompress.verdict.hearing import Hearing
from scipy.special import ndtr, ndtri

from faircompress.caps import MaxWeight
from faircompress.evaluation.decisions import Decided
from faircompress.evaluation.groups import Group
from faircompress.weighing import Caps

LIMITS = {"auroc": 0.025, "true_positive_rate": 0.05}
BEFORE = {"auroc": 0.95, "true_positive_rate": 0.9}
NEGATIVES = 3  # for each positive
MEAN = math.sqrt(2) * float(ndtri(0.95))  # of positives' scores; negatives' is 0
LINE = MEAN - float(ndtri(0.9))  # scores above are decided to be positive
ALIKE = 0.7  # correlation of a person's pictures
MOST_ROWS = 3  # of a person, which is declared
CHURN = 0.15  # spread of what pruning adds where nothing truly changes


@dataclass(frozen=True)
class Cell:
    """One case of a table.

    Args:
        metric: Whose rate falls.
        shape: Of the fall.
        positives: In the group.
        people: Do rows belong to people?
        fall: How far the rate truly falls; None: to the limit of ``LIMITS``.
        negatives: For each positive.
    """

    metric: str
    shape: str
    positives: int
    people: bool
    fall: float | None = None
    negatives: int = NEGATIVES

    @property
    def rows(self) -> str:
        """Say what is independent, for a table."""
        return "people" if self.people else "independent"


@dataclass(frozen=True)
class Drawn:
    """What both files say of one group's rows: scores, on one scale."""

    who: np.ndarray
    positive: np.ndarray
    dense: np.ndarray
    pruned: np.ndarray


def heard(cell: Cell) -> Iterator[Hearing]:
    """Draw one group's test sets without end, always the same ones."""
    rng = np.random.default_rng([cell.positives, *cell.shape.encode()])
    while True:
        yield hearing([draw(cell, rng)], people=cell.people)


def draw(cell: Cell, rng: np.random.Generator) -> Drawn:
    """Draw one group's rows."""
    who, positive = crowd(cell, rng)
    return Drawn(who, positive, *scores(cell, who, positive, rng))


def hearing(groups: list[Drawn], *, people: bool) -> Hearing:
    """Bring groups before the judge, one after the other; nobody is in two."""
    positive, dense, pruned = (
        np.concatenate([getattr(g, name) for g in groups])
        for name in ("positive", "dense", "pruned")
    )
    first = np.cumsum([0] + [len(g.who) for g in groups[:-1]])
    return Hearing(
        dense=decided(dense, positive),
        pruned=decided(pruned, positive),
        who=np.concatenate([f + g.who for f, g in zip(first, groups, strict=True)]),
        has_identities=people,
        weights=np.ones(len(positive)),
        classes=("no", "yes"),
        same_file=False,
        caps=Caps((MaxWeight(float(MOST_ROWS)),), None, ("no", "yes")) if people else None,
        strata=None,
        is_absent=lambda where: False,
        decisive=frozenset(LIMITS) | {"precision", "accuracy", "false_positive_rate"},
    )


def as_groups(groups: list[Drawn]) -> list[Group]:
    """Name the groups of ``hearing``: those of one column, 0, 1, ..."""
    ends = np.cumsum([len(g.who) for g in groups])
    starts = ends - [len(g.who) for g in groups]
    spans = zip(starts, ends, strict=True)
    return [Group(f"group={k}", "group", np.arange(*span)) for k, span in enumerate(spans)]


def crowd(cell: Cell, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return whose picture each row is, and which are positive; all of a person's are alike."""
    rows = cell.positives * (1 + cell.negatives)
    positive = np.arange(rows) < cell.positives
    if not cell.people:
        return np.arange(rows), positive
    who, first = [], 0
    for side in filter(None, (cell.positives, rows - cell.positives)):
        sizes = rng.integers(1, MOST_ROWS + 1, size=side)
        names = np.repeat(np.arange(side), sizes)[:side]
        who.append(first + names)
        first += int(names[-1]) + 1
    return np.concatenate(who), positive


def scores(
    cell: Cell, who: np.ndarray, positive: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return both files' scores; the true change is minus the fall, or 0 for shape none."""
    dense = MEAN * positive + normal(who, cell.people, rng)
    shaken = normal(who, cell.people, rng)
    before, fall = BEFORE[cell.metric], LIMITS[cell.metric] if cell.fall is None else cell.fall
    # distance of positives from what they must beat, and its spread without pruning
    far, spread = (MEAN, math.sqrt(2)) if cell.metric == "auroc" else (MEAN - LINE, 1.0)
    after = float(ndtri(before - fall))
    if cell.shape == "few":
        lost = ndtr(shaken) < fall / before
        return dense, np.where(positive & lost, -99.0, dense)
    if cell.shape == "shift":
        return dense, dense - positive * (far - spread * after)
    if cell.shape == "noise":
        return dense, dense + shaken * math.sqrt((far / after / spread) ** 2 - 1)
    other = normal(who, cell.people, rng)
    return dense + CHURN * shaken, dense + CHURN * other


def normal(who: np.ndarray, people: bool, rng: np.random.Generator) -> np.ndarray:
    """Draw standard normal numbers, correlated within a person."""
    own = rng.normal(size=len(who))
    if not people:
        return own
    shared = rng.normal(size=int(who.max()) + 1)[who]
    return math.sqrt(ALIKE) * shared + math.sqrt(1 - ALIKE) * own


def decided(scores: np.ndarray, positive: np.ndarray) -> Decided:
    """Turn scores into what a file says and decides."""
    p = ndtr(scores - LINE)
    return Decided(positive.astype(int), np.stack([1 - p, p], axis=1), (scores > LINE).astype(int))
