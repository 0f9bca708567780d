"""How often do 8 unharmed groups pass the default rules, and which rule keeps them from it?

    OMP_NUM_THREADS=1 python bench/verdict_power.py OUT.jsonl [--sets 100] [--minutes 30]

All rules of params.yaml that compare with the baseline, alpha .025, no looks; unharmed populations
of bench/drawn.py. A rule passes a set if all its checks do. Beside rates stands the oracle: the
most powerful test that knows which shares of decisions are lost and gained if nothing changes, and
how many are gained at the limit; of 8 groups, its power to the eighth. About 2 s a set (10 s with
weights); seeded by scenario and part. The first part of each is put before evaluate(), too.
"""

from functools import partial

import numpy as np
from drawn import Population, default_gate, draw
from judged import checks_of, passed
from scipy.special import ndtr, ndtri
from scipy.stats import binom, multivariate_normal
from simulated import Job, Record, parser, run, share, table

from faircompress.evaluation.evaluate import evaluate

PART = 2  # sets of a job
HARDER = 1.466  # standard deviations apart: AUROC .85, rates of .77 and .23, 1.7 % lost and gained
SCENARIOS: dict[str, tuple[Population, float | None]] = {
    "150 : 450": (Population(150, 450), 0.90),
    "200 : 200": (Population(200, 200), 0.60),
    "300 : 300": (Population(300, 300), 0.95),
    "weights, 1-3 rows a person; 800 : 800 people, 400 : 400 after thinning": (
        Population(800, 800, people=True),
        0.80,
    ),
    "150 : 450, AUROC .85": (Population(150, 450, apart=HARDER), None),
    "200 : 200, AUROC .85": (Population(200, 200, apart=HARDER), None),
}
ALPHA = 0.025


def judge(number: int, part: int) -> Record:
    """Judge some sets of a scenario; count what passes, by rule."""
    population, _ = list(SCENARIOS.values())[number]
    rng, gate = np.random.default_rng([number, part, 21]), default_gate()
    found: Record = {"sets": PART, "pass": 0, "rules": {}, "kept": 0.0}
    for _ in range(PART):
        pair = draw(population, rng)
        checks = checks_of(pair, gate)
        found["pass"] += passed(checks)
        for rule in gate.harm_rules:
            of = [check for check in checks if check.rule is rule]
            name = f"{rule.rule} {rule.metric}" if rule.rule != "flips" else "flips"
            found["rules"][name] = found["rules"].get(name, 0) + passed(of)
        ranked = [c for c in checks if c.metric.name == "auroc" and c.place.group.key != "all"]
        found["kept"] += float(np.mean([check.evidence.effective_n for check in ranked]))
        if part == 0 and (evaluate(*pair, gate).outcome == "pass") != passed(checks):
            raise RuntimeError(f"scenario {number}: evaluate() says another outcome")
    return found


def oracle(rows: int, limit: float) -> float:
    """Return the power of the best test of a rate's change where 1 % is lost and 1 % gained."""
    moved = _moved()
    gained = np.arange(min(rows, 80) + 1)[None, :]
    lost = np.arange(rows + 1)[:, None]
    some = binom.pmf(gained, rows, moved)
    null, true = (
        some * binom.pmf(lost, np.maximum(rows - gained, 0), p / (1 - moved))
        for p in (moved + limit, moved)
    )
    order = np.argsort((null / np.maximum(true, 1e-300)).ravel())
    spent = np.cumsum(null.ravel()[order]) <= ALPHA
    return float(true.ravel()[order][spent].sum())


def _moved() -> float:
    """Return the share of a class that is lost, or gained, at a rate of .9."""
    at = float(ndtri(0.9))
    both = multivariate_normal([0, 0], [[1, 0.99], [0.99, 1]]).cdf([at, at])
    return float(ndtr(at) - both)


def jobs(sets: int, wanted: list[int]) -> list[Job]:
    """Return the parts of all scenarios, in turn."""
    parts = range(-(-sets // PART))
    return [({"scenario": n, "part": p}, partial(judge, n, p)) for p in parts for n in wanted]


def main() -> None:
    """Draw, and print."""
    command = parser(__doc__)
    command.add_argument("--sets", type=int, default=100)
    command.add_argument("--scenarios", type=int, nargs="+", default=list(range(len(SCENARIOS))))
    asked = command.parse_args()
    records = run(asked.out, jobs(asked.sets, asked.scenarios), minutes=asked.minutes)
    rows: list[tuple[object, ...]] = []
    for number, (name, (population, target)) in enumerate(SCENARIOS.items()):
        of = [record for record in records if record["key"]["scenario"] == number]
        sets = sum(record["sets"] for record in of)
        if not sets:
            continue
        rows.append((name, sets, "all", share(sum(r["pass"] for r in of), sets), target or "", ""))
        for rule in of[0]["rules"]:
            hits = sum(record["rules"][rule] for record in of)
            rows.append(("", "", rule, share(hits, sets), "", _best(rule, population)))
        if population.people:
            kept = np.mean([record["kept"] / record["sets"] for record in of])
            print(f"{name}: {kept:.0f} clusters kept of the scarcer class")
    print(table(("positives : negatives", "sets", "rule", "pass", "target", "oracle"), rows))


def _best(rule: str, population: Population) -> str:
    rates = ("change true_positive_rate", "change false_positive_rate")
    if population.people or population.apart == HARDER or rule not in rates:
        return ""
    rows = population.positives if "true" in rule else population.negatives
    return f"{oracle(rows, 0.1) ** 8:.3f}"


if __name__ == "__main__":
    main()
