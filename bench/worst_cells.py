"""Search for the worst admitted case: how often does harm exactly at the limit pass a check?

    python bench/worst_cells.py OUT.jsonl [--cells 400] [--sets 120] [--worst 30] [--confirm 2000]

Cells are drawn at random over harm shape, weights to 20, 1 to 20 rows a person, people with rows of
both classes, harm tied to heavy or to many-rowed people, sizes, ties, gains beside losses, slack
in the declared cap, limits and alphas. Each is drawn ``--sets`` times; the ``--worst`` are drawn
``--confirm`` times anew, from other seeds. A cell holds if the share of passes is at most alpha
plus 3.1 Monte-Carlo errors. Everything is seeded by the cell's number, so a run that was stopped
goes on where it was. Exact paired shares need no draws: bench/exact_levels.py sums their level.

A check here is the bound alone. The verdict asks more of a pass (skill, every other check), so it
passes more rarely.
"""

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from faircompress.statistics import betting
from faircompress.statistics.independent_units import Rows, deal_ranking, deal_share

MONTE_CARLO = 3.1  # errors that a share of passes may lie above alpha
HEAVIEST, MOST_ROWS = 20.0, 20


@dataclass(frozen=True)
class Kind:
    """People of one kind, among those of a class.

    Args:
        share: Of the people.
        rows: That each has.
        weight: Of each row.
        right: Chance that the dense model has a row right.
        lost: Chance that a row that was right no longer is.
        gained: The reverse.
    """

    share: float
    rows: int
    weight: float
    right: float
    lost: float
    gained: float


@dataclass(frozen=True)
class Cell:
    """One population with harm exactly at the limit, and how it is sampled.

    Args:
        metric: ``auroc`` or ``share``.
        people: Drawn of the negative and the positive class.
        kinds: Of people, of each class.
        mixed: Share of the positive people who have as many negative rows, too.
        together: Do all rows of a person fare alike?
        ties: Does a lost row tie instead of falling below?
        slack: The cap over the heaviest that there is.
        limit: And the true fall.
        alpha: Chance of error.
    """

    metric: str
    people: tuple[int, int]
    kinds: tuple[tuple[Kind, ...], tuple[Kind, ...]]
    mixed: float
    together: bool
    ties: bool
    slack: float
    limit: float
    alpha: float


def draw_cell(number: int) -> Cell | None:
    """Draw a cell by its number; None: no harm of this shape reaches the limit."""
    rng = np.random.default_rng([number, 11])
    limit, alpha = (
        float(rng.choice([0.02, 0.03, 0.05, 0.10])),
        float(rng.choice([0.05, 0.025, 0.0125])),
    )
    metric = "auroc" if rng.random() < 0.6 else "share"
    harmed = int(rng.integers(2)) if metric == "auroc" else 1
    ties = metric == "auroc" and rng.random() < 0.25
    sides = [_kinds(rng), _kinds(rng)]
    other = _rate(sides[1 - harmed]) if metric == "auroc" else 1.0
    worse = _harmed(sides[harmed], 2 * limit if ties else limit / other, rng)
    if worse is None:
        return None
    sides[harmed] = worse
    sides[1 - harmed] = tuple(replace(kind, gained=0.0) for kind in sides[1 - harmed])
    people = np.exp(rng.uniform(math.log(60), math.log(2000), 2)).round().astype(int)
    return Cell(
        metric,
        (int(people[0]), int(people[1])),
        (sides[0], sides[1]),
        mixed=float(rng.choice([0, 0, 0.3, 1.0])),
        together=bool(rng.random() < 0.7),
        ties=bool(ties),
        slack=float(rng.choice([1.0, 1.5])),
        limit=limit,
        alpha=alpha,
    )


def _kinds(rng: np.random.Generator) -> tuple[Kind, ...]:
    count = int(rng.integers(1, 4))
    shares = rng.dirichlet(np.ones(count))
    return tuple(
        Kind(
            share=float(share),
            rows=int(rng.choice([1, 1, rng.integers(1, MOST_ROWS + 1)])),
            weight=float(rng.choice([1.0, rng.uniform(0.05, 1), rng.uniform(1, HEAVIEST)])),
            right=float(rng.choice([1.0, rng.uniform(0.6, 1)])),
            lost=0.0,
            gained=float(rng.choice([0.0, 0.0, rng.uniform(0, 0.3)])),
        )
        for share in shares
    )


def _weights(kinds: tuple[Kind, ...]) -> np.ndarray:
    weights = np.array([kind.share * kind.rows * kind.weight for kind in kinds])
    return weights / weights.sum()


def _rate(kinds: tuple[Kind, ...]) -> float:
    return float(sum(q * kind.right for q, kind in zip(_weights(kinds), kinds, strict=True)))


def _harmed(
    kinds: tuple[Kind, ...], fall: float, rng: np.random.Generator
) -> tuple[Kind, ...] | None:
    """Let one kind lose as much as makes the rate of all fall so far, what others gain included."""
    q, at = _weights(kinds), int(rng.integers(len(kinds)))
    won = sum(w * (1 - kind.right) * kind.gained for w, kind in zip(q, kinds, strict=True))
    lost = (fall + won) / (q[at] * kinds[at].right)
    if lost > 1:
        return None
    return (*kinds[:at], replace(kinds[at], lost=float(lost)), *kinds[at + 1 :])


def passes(cell: Cell, rng: np.random.Generator) -> bool:
    """Draw one test set; tell whether it excludes a fall of the limit."""
    drawn = [
        _side(kinds, n, cell.together, rng)
        for kinds, n in zip(cell.kinds, cell.people, strict=True)
    ]
    caps = [cell.slack * max(k.rows * k.weight for k in kinds) for kinds in cell.kinds]
    if cell.metric == "share":
        who, weights, before, after = drawn[1]
        units = deal_share(before, after, Rows(who, weights), caps[1])
    else:
        (who0, w0, b0, a0), (who1, w1, b1, a1) = drawn
        if cell.mixed:  # some positive people are negative people, too
            same = rng.random(len(who1)) < cell.mixed
            who1 = np.where(same[who1] & (who1 < cell.people[0]), who1, who1 + cell.people[0])
            caps = [2 * cap for cap in caps]
        else:
            who1 = who1 + cell.people[0]
        wrong = (1.0, 0.0) if cell.ties else (2.0, -1.0)  # of a negative, of a positive
        scores = [
            np.concatenate([np.where(negative, 0.0, wrong[0]), np.where(positive, 1.0, wrong[1])])
            for negative, positive in ((b0, b1), (a0, a1))
        ]
        above = np.arange(len(b0) + len(b1)) >= len(b0)
        rows = Rows(np.concatenate([who0, who1]), np.concatenate([w0, w1]))
        units = deal_ranking(*scores, above, rows, (caps[0], caps[1]))
    if units.weights.shape[1] == 0:
        return False
    change = np.array([-cell.limit])
    return bool(
        betting.excluded(units.pruned - units.dense, units.weights, change, cell.alpha, low=-1)[0]
    )


def _side(
    kinds: tuple[Kind, ...], people: int, together: bool, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Draw the rows of a class: whose, their weights, right before, right after."""
    of = rng.choice(len(kinds), people, p=[kind.share for kind in kinds])
    table = np.array([[k.rows, k.weight, k.right, k.lost, k.gained] for k in kinds])[of]
    who = np.repeat(np.arange(people), table[:, 0].astype(int))
    luck = rng.random((2, people))[:, who] if together else rng.random((2, len(who)))
    _, weights, right, lost, gained = table[who].T
    before = luck[0] < right
    after = np.where(before, luck[1] >= lost, luck[1] < gained)
    return who, weights, before, after


def shares_in(cell: Cell, number: int, sets: int, stage: int) -> float:
    """Return the share of drawn test sets that pass."""
    rng = np.random.default_rng([number, stage])
    return sum(passes(cell, rng) for _ in range(sets)) / sets


def bar(alpha: float, sets: int) -> float:
    """Return the share of passes up to which a cell holds."""
    return alpha + MONTE_CARLO * math.sqrt(alpha * (1 - alpha) / sets)


def main() -> None:
    """Search, confirm, and print what was found."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    asked.add_argument("out", type=Path, nargs="?", default=Path("worst_cells.jsonl"))
    for name, default in {"cells": 400, "sets": 120, "worst": 30, "confirm": 2000}.items():
        asked.add_argument(f"--{name}", type=int, default=default)
    given = asked.parse_args()
    done = (
        [json.loads(line) for line in given.out.read_text().splitlines()]
        if given.out.exists()
        else []
    )
    known = {(one["stage"], one["number"]): one for one in done}
    started = time.process_time()

    def record(stage: str, number: int, cell: Cell, sets: int) -> dict[str, object]:
        if (stage, number) not in known:
            share = shares_in(cell, number, sets, len(stage))
            found = {
                "stage": stage,
                "number": number,
                "sets": sets,
                "passes": share,
                **asdict(cell),
            }
            known[stage, number] = found
            with given.out.open("a") as file:
                file.write(json.dumps(found) + "\n")
                file.flush()
        return known[stage, number]

    cells: dict[int, Cell] = {}
    number = 0
    while len(cells) < given.cells:
        cell = draw_cell(number)
        if cell is not None:
            cells[number] = cell
        number += 1
    tried = [record("search", n, cell, given.sets) for n, cell in cells.items()]
    worst = sorted(tried, key=lambda one: one["passes"] / one["alpha"], reverse=True)[: given.worst]
    again = [record("confirm", one["number"], cells[one["number"]], given.confirm) for one in worst]
    over = [one for one in again if one["passes"] > bar(one["alpha"], one["sets"])]
    spent = time.process_time() - started
    print(f"{len(tried)} cells of {given.sets} sets, seeds by cell number; {spent:.0f} s")
    print(f"{len(again)} worst again with {given.confirm} sets: {len(over)} do not hold\n")
    heads = ("cell", "metric", "people", "limit", "alpha", "passes (search)", "passes (again)")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for first, one in zip(worst[:10], again[:10], strict=True):
        people = " : ".join(map(str, one["people"]))
        told = (one["number"], one["metric"], people, one["limit"], one["alpha"])
        rates = (f"{first['passes']:.3f}", f"{one['passes']:.4f}")
        print(f"| {' | '.join(map(str, (*told, *rates)))} |")


if __name__ == "__main__":
    main()
