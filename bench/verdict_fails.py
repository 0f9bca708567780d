"""How often is harm confirmed, and how often is a group inside its limit called harmed?

    OMP_NUM_THREADS=1 python bench/verdict_fails.py OUT.jsonl [--sets 40] [--minutes 20]

One of 8 groups is at twice the limit, the others are unharmed (bench/drawn.py); as many validation
rows put the checks in order. *auroc*: all default rules, and 6.2 % of one group's positives are
lost, which takes .06 off its AUROC and cross-group AUROC and .056 off its true positive rate.
*tpr*: the rule on the true positive rate alone, .20 lost. The oracle is the binomial test of the
number of lost positives, at the level that the check first in order has. *first*: as *auroc*, but
the harmed group's AUROC alone, at the level of the first. *inside*: AUROC alone,
every group exactly at the limit, in a fixed order: any fail is false. For rates the level of the
worst fixed order is summed, not drawn.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from drawn import AUROC, Population, default_gate, draw
from exact_levels import level_of_fail
from judged import checks_of, failures
from scipy.stats import binom
from simulated import Job, Record, bar, parser, run, share, table

from faircompress.config.rules import Gate
from faircompress.statistics.class_side import Rows
from faircompress.statistics.independent_units import deal_ranking
from faircompress.statistics.procedures.betting_mean import BettingMean

GROUPS = 8
TPR = 0.9
LIMITS = {"auroc": 0.03, "first": 0.03, "tpr": 0.10, "inside": 0.03}
METRICS = {"tpr": "true_positive_rate", "inside": "auroc"}


@dataclass(frozen=True)
class Scenario:
    """What is harmed, how many positives a group has, and alpha."""

    harm: str
    positives: int
    alpha: float


SCENARIOS = [
    *(Scenario("tpr", n, alpha) for alpha in (0.025, 0.05) for n in (500, 150)),
    *(Scenario("auroc", n, alpha) for alpha in (0.025, 0.05) for n in (500, 150)),
    Scenario("inside", 150, 0.05),
    *(Scenario("first", n, alpha) for alpha in (0.025, 0.05) for n in (500, 150)),
]


def lost(harm: str) -> tuple[float, ...]:
    """Return the share of positives that each group loses."""
    if harm == "inside":
        return (LIMITS["inside"] / AUROC,) * GROUPS
    share_lost = 2 * LIMITS[harm] / (TPR if harm == "tpr" else AUROC)
    return (share_lost, *(0.0,) * (GROUPS - 1))


def gate_of(scenario: Scenario) -> Gate:
    """Return the rules, at the scenario's alpha."""
    gate = default_gate()
    rules = [
        rule.model_copy(update={"confidence": 1 - scenario.alpha})
        for rule in gate.harm_rules
        if scenario.harm == "auroc"
        or (rule.rule, rule.metric) == ("change", METRICS[scenario.harm])
    ]
    return gate.model_copy(update={"rules": rules})


def judge(number: int, part: int, sets: int) -> Record:
    """Judge some sets; count where harm is confirmed, and where of a group that is not harmed."""
    scenario = SCENARIOS[number]
    rng, gate = np.random.default_rng([number, part, 31]), gate_of(scenario)
    times = 1 if scenario.harm == "inside" else 3
    harmed = Population(scenario.positives, times * scenario.positives, lost(scenario.harm))
    found: Record = {"sets": sets, "fails": 0, "wrong": 0}
    for _ in range(sets):
        pair, validation = draw(harmed, rng), draw(harmed, rng, "validation")
        checks = checks_of(pair, gate)
        failed = failures(checks, None if scenario.harm == "inside" else validation).levels
        places = [{group.key for group in checks[i].place.groups} for i in failed]
        found["fails"] += any("group=g0" in place for place in places)
        found["wrong"] += any(
            scenario.harm == "inside" or "group=g0" not in place for place in places
        )
    return found


def judge_first(number: int, part: int, sets: int) -> Record:
    """Judge the harmed group's AUROC alone, at the level of the check that is first in order."""
    scenario, rng = SCENARIOS[number], np.random.default_rng([number, part, 32])
    harmed = Population(scenario.positives, 3 * scenario.positives, lost("first")[:1])
    found: Record = {"sets": sets, "fails": 0, "wrong": 0}
    for _ in range(sets):
        baseline, candidate = draw(harmed, rng)
        scores = [model.probabilities[:, 1] for model in (baseline, candidate)]
        rows = Rows(np.arange(len(baseline.labels)), baseline.weights)
        units = deal_ranking(scores[0], scores[1], baseline.labels == 1, rows, (1.0, 1.0))
        test = BettingMean(units, 1.0).change_at_least(-LIMITS["first"], oracle(scenario)[0])
        found["fails"] += test.rejects
    return found


def oracle(scenario: Scenario) -> tuple[float, float]:
    """Return the level of the first check, and the power of the binomial test of lost positives."""
    rate = TPR if scenario.harm == "tpr" else AUROC
    level = scenario.alpha * (0.5 if scenario.harm == "tpr" else 0.45)
    null = LIMITS[scenario.harm] / rate
    most = int(binom.isf(level, scenario.positives, null)) + 1
    return level, float(binom.sf(most - 1, scenario.positives, 2 * null))


def jobs(sets: int, harm: list[str]) -> list[Job]:
    """Return parts of all scenarios; of the rule on rates alone, which is quick, ten times more."""
    found: list[Job] = []
    for part in range(sets):
        for number, scenario in enumerate(SCENARIOS):
            if scenario.harm not in harm:
                continue
            each = {"tpr": 10, "first": 10}.get(scenario.harm, 1)
            key = {"scenario": number, "part": part, "sets": each}
            of = judge_first if scenario.harm == "first" else judge
            found.append((key, partial(of, number, part, each)))
    return found


def main() -> None:
    """Draw, and print."""
    command = parser(__doc__)
    command.add_argument("--sets", type=int, default=40)
    command.add_argument("--harm", nargs="+", default=[*LIMITS], choices=[*LIMITS])
    asked = command.parse_args()
    records = run(asked.out, jobs(asked.sets, asked.harm), minutes=asked.minutes)
    rows = []
    for number, scenario in enumerate(SCENARIOS):
        of = [record for record in records if record["key"]["scenario"] == number]
        sets = sum(record["sets"] for record in of)
        if not sets:
            continue
        hits, wrong = (sum(record[k] for record in of) for k in ("fails", "wrong"))
        best = (
            ("", "") if scenario.harm == "inside" else tuple(f"{x:.4f}" for x in oracle(scenario))
        )
        told = "" if scenario.harm == "inside" else share(hits, sets)
        last = ("", "")
        if scenario.harm != "first":
            last = share(wrong, sets), f"{bar(scenario.alpha, sets):.3f}"
        rows.append((scenario.harm, scenario.positives, scenario.alpha, sets, told, *best, *last))
    heads = ("harm", "positives", "alpha", "sets", "confirmed", "level of the first", "oracle")
    print(table((*heads, "wrongly", "bar"), rows))
    print("\nWorst fixed order of 8 rates, each at its limit of .10, summed over all tables:\n")
    levels = []
    for alpha in (0.025, 0.05):
        for positives in (150, 500):
            spent = [alpha / 2 ** min(rank, GROUPS - 1) for rank in range(1, GROUPS + 1)]
            right = np.prod([1 - level_of_fail(positives, 0.1, a) for a in spent])
            levels.append((alpha, positives, f"{1 - right:.4f}"))
    print(table(("alpha", "positives", "chance of a false fail"), levels))


if __name__ == "__main__":
    main()
