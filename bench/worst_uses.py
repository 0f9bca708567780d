"""Search for the worst over uses of rules: how often does harm exactly at the limit pass?

    OMP_NUM_THREADS=1 python bench/worst_uses.py OUT.jsonl [--cases 24] [--worst 2]
        [--confirm 100] [--minutes 25]

What bench/worst_scenarios.py and bench/worst_rules.py leave out: precision; intersections that are
merged, or judged at the parent's level; topping up over eight parts whose sizes follow what came
out; sixty correlated candidates under `earn`; change against champion and original champion;
thresholds chosen on validation rows; caps of 1.5 times the heaviest of validation, apart where they
hold for the population and where they do not (which no bound survives: docs/statistics.md, 2.1).

``--cases`` of each use are drawn at random (bench/rule_uses.py), a job of sets each (5 to 200, by
what a set costs); a rule's limit is what the population truly has. The ``--worst`` of each, by
passes over alpha, are drawn anew, ``--confirm`` jobs each, in turn. A use holds if its share is at
most alpha plus 3.1 Monte-Carlo errors. Draws are seeded by the case's number and the job's. Results
are JSON lines; a run goes on where it was stopped.
"""

import time
from collections import defaultdict
from functools import partial
from itertools import islice

import numpy as np
from lineage import rng_of
from rule_uses import USES, alpha_of, draw
from simulated import Job, Record, bar, parser, run, share, table

TRIED = 100_000  # numbers, of most of which a use draws a case


def _job(use: str, number: int, part: int, stage: int) -> Job:
    key = {"stage": stage, "use": use, "case": number, "part": part}
    return key, partial(_chunk, use, number, part, stage)


def _chunk(use: str, number: int, part: int, stage: int) -> Record:
    rng, case = rng_of(str(number), part, stage, 32), draw(use, number)
    of = USES[use]
    return {"sets": of.sets, "broken": sum(of.broken(case, rng) for _ in range(of.sets))}


def sums(records: list[Record]) -> dict[tuple[str, int], np.ndarray]:
    """Return sets, and how many of them break the promise, of each case."""
    found: dict[tuple[str, int], np.ndarray] = defaultdict(lambda: np.zeros(2))
    for r in records:
        found[r["key"]["use"], r["key"]["case"]] += [r["sets"], r["broken"]]
    return found


def first_drawn(count: int) -> list[tuple[str, int]]:
    """Return the first cases of each use that are there, one of each use in turn."""
    numbers = {
        use: list(islice((n for n in range(TRIED) if draw(use, n) is not None), count))
        for use in USES
    }
    return [(use, numbers[use][n]) for n in range(count) for use in USES]


def main() -> None:
    """Search, confirm, and print what was found."""
    command = parser(__doc__)
    for name, default in {"cases": 24, "worst": 2, "confirm": 100}.items():
        command.add_argument(f"--{name}", type=int, default=default)
    asked = command.parse_args()
    start = time.monotonic()

    def left(share_of: float) -> float:
        return max(start / 60 + share_of * asked.minutes - time.monotonic() / 60, 0)

    wanted = [_job(*case, 0, 0) for case in first_drawn(asked.cases)]
    first = sums(run(asked.out, wanted, minutes=left(0.5)))
    worst = []
    for use in USES:
        of = sorted((c for c in first if c[0] == use), key=lambda c: -_over(c, first[c]))
        worst += of[: asked.worst]
    jobs = [_job(*case, part, 1) for part in range(asked.confirm) for case in worst]
    report(first, sums(run(asked.out, jobs, minutes=left(1.0))))


def _over(case: tuple[str, int], found: np.ndarray) -> float:
    return float(found[1] / found[0] / alpha_of(draw(*case)))


def report(
    first: dict[tuple[str, int], np.ndarray], again: dict[tuple[str, int], np.ndarray]
) -> None:
    """Print what was drawn of each use, and the cases that were drawn anew."""
    rows = []
    for use in USES:
        of = [c for c in first if c[0] == use]
        sets, broken = sum((first[c] for c in of), np.zeros(2))
        rows.append((use, len(of), int(sets), share(broken, max(int(sets), 1))))
    print(table(("use", "cases", "sets", "broken"), rows))
    found = []
    for case, (sets, broken) in again.items():
        alpha = alpha_of(draw(*case))
        limit = bar(alpha, int(sets))
        holds = "yes" if broken / sets <= limit else "**no**"
        found.append((*case, alpha, int(sets), share(broken, sets), f"{limit:.3f}", holds))
    print("\n" + table(("use", "no", "alpha", "sets", "broken", "bar", "holds"), found))


if __name__ == "__main__":
    main()
