"""The report says "about n rows would certify": how often do n fresh rows pass?

    OMP_NUM_THREADS=1 python bench/row_counts.py OUT.jsonl [--sets 200] [--minutes 10]

A set that is too small is judged; where a check is open and a count is printed, so many fresh rows
are drawn, in the same proportion of classes, and judged by the same check. Nothing truly changes
(bench/drawn.py), which is the stated assumption, and .9 of positives are found; the stated power
is .8. The count is itself a guess from what was observed, so that it scatters; its median and
quartiles are printed.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from drawn import Population, draw
from judged import checks_of
from simulated import Job, Record, parser, run, share, table

from faircompress.config.rules import Gate
from faircompress.evaluation.hypotheses import Check

PART = 5
MOST = 20_000  # clusters drawn; more are not


@dataclass(frozen=True)
class Scenario:
    """A rule, and a set that is too small for it; people: weights and 1 to 3 rows a person."""

    rule: str
    metric: str
    limit: float
    positives: int
    people: bool = False


SCENARIOS = (
    Scenario("change", "auroc", 0.03, 80),
    Scenario("change", "true_positive_rate", 0.05, 60),
    Scenario("flips", "", 0.05, 60),
    Scenario("flips", "", 0.1, 60, people=True),
    Scenario("change", "auroc", 0.03, 160, people=True),
    Scenario("change", "true_positive_rate", 0.05, 160, people=True),
    Scenario("minimum", "true_positive_rate", 0.8, 60, people=True),
    Scenario("minimum", "true_positive_rate", 0.85, 160, people=True),
)


def gate_of(scenario: Scenario) -> Gate:
    """Return a gate of the one rule."""
    rule = {"rule": scenario.rule, "metric": scenario.metric, "limit": scenario.limit}
    rules = [{key: value for key, value in rule.items() if value}]
    return Gate.model_validate({"power": 0.8, "intersections": False, "rules": rules})


def judge(number: int, part: int) -> Record:
    """Judge small sets, then as many fresh rows as each asks for."""
    scenario, rng = SCENARIOS[number], np.random.default_rng([number, part, 51])
    gate = gate_of(scenario)
    found: Record = {"sets": 0, "passes": 0, "counts": [], "unsaid": 0}
    for _ in range(PART):
        check = _open(scenario.positives, scenario.people, gate, rng)
        if check is None:
            continue
        needed = check.n_needed
        if needed is None or needed > MOST:
            found["unsaid"] += 1
            continue
        found["sets"] += 1
        found["counts"].append(needed)
        found["passes"] += _open(needed, scenario.people, gate, rng) is None
    return found


def _open(positives: int, people: bool, gate: Gate, rng: np.random.Generator) -> Check | None:
    """Draw a group; return the check of its positives if it does not pass, else None."""
    population = Population(positives, 2 * positives, (0.0,), people=people)
    checks = checks_of(draw(population, rng), gate)
    check = next(c for c in checks if c.place.group.key != "all" and c.place.label in (None, 1))
    return None if check.passes else check


def main() -> None:
    """Draw, and print."""
    command = parser(__doc__)
    command.add_argument("--sets", type=int, default=200)
    asked = command.parse_args()
    jobs: list[Job] = [
        ({"scenario": n, "part": p}, partial(judge, n, p))
        for p in range(-(-asked.sets // PART))
        for n in range(len(SCENARIOS))
    ]
    records, rows = run(asked.out, jobs, minutes=asked.minutes), []
    for number, scenario in enumerate(SCENARIOS):
        of = [record for record in records if record["key"]["scenario"] == number]
        sets, counts = sum(r["sets"] for r in of), [n for r in of for n in r["counts"]]
        if not sets:
            continue
        quartiles = ", ".join(f"{x:.0f}" for x in np.quantile(counts, (0.25, 0.5, 0.75)))
        rows.append(
            (f"{scenario.rule} {scenario.metric}", scenario.limit,
             "people" if scenario.people else "rows", scenario.positives, sets,
             sum(r["unsaid"] for r in of), quartiles, share(sum(r["passes"] for r in of), sets))
        )  # fmt: skip
    heads = ("rule", "limit", "of", "positives", "open sets", "no count", "quartiles", "pass")
    print(table(heads, rows))


if __name__ == "__main__":
    main()
