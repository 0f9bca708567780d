"""Search for the worst admitted scenario: how often does harm exactly at the limit pass a check?

    OMP_NUM_THREADS=1 python bench/worst_scenarios.py OUT.jsonl [--scenarios 400] [--sets 20]
        [--generations 8] [--worst 30] [--confirm 2000] [--minutes 60] [--only NO ...]

Scenarios are drawn at random (bench/populations.py): AUROC, a share, flips, mean recall and mean
AUROC over 3 to 8 classes; harm in one kind of clusters; weights to 20, 1 to 20 rows a cluster,
clusters with rows of both classes, sizes, ties, gains beside losses, fixed counts, slack in the
declared cap, limits and alphas. Each is drawn ``--sets`` times. Then the search climbs: in each of
``--generations`` the scenarios that spend most of alpha, ``KEPT`` of each metric, are drawn
``--sets`` times more and have ``CHILDREN`` changed ones each (bench/mutated.py). What is climbed
is the mean of ``min(1, alpha * wealth)`` over alpha, since passes alone are too rare to show a
way. As P(wealth >= 1/x) <= x, it is at most 1 + ln(1/alpha): 4 to 5.4. The ``--worst`` are drawn
``--confirm`` times anew, with other seeds.

A scenario holds if the share of passes is at most alpha plus 3.1 Monte-Carlo errors. Draws are
seeded by the scenario's name and the chunk's. Exact paired shares need no draws: bench/
exact_levels.py sums their level. Results are JSON lines; a run goes on where it was stopped.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial

import numpy as np
from lineage import found_again, rng_of
from mutated import fall, mutated
from populations import METRICS, Scenario, draw_scenario
from simulated import Job, Record, bar, parser, run, share, table
from worst_tests import level_spent

CHANGES = 13  # seeds them
CHUNK = 20  # sets of a job
KEPT, CHILDREN = 6, 3  # of each metric in a generation; of each of them
Named = dict[str, Scenario]
Found = tuple[float, int, float]  # passes, sets, and share of alpha spent
Sums = dict[str, Found]


def jobs(scenarios: Named, sets: int, stage: int) -> Iterator[Job]:
    """Return chunks of sets, the first of every scenario first; stage 0 searches, 1 confirms."""
    for part in range(-(-sets // CHUNK)):
        for name, scenario in scenarios.items():
            yield _job(name, scenario, part, stage)


def _job(name: str, scenario: Scenario, part: int, stage: int) -> Job:
    key = {"stage": stage, "scenario": name, "part": part}
    return key, partial(_chunk, scenario, name, part, stage)


def _chunk(scenario: Scenario, name: str, part: int, stage: int) -> Record:
    rng = rng_of(name, part, stage, 12)
    spent = np.array([level_spent(scenario, rng) for _ in range(CHUNK)])
    climbed = float(np.minimum(spent, 1).mean() / scenario.alpha)
    return {"sets": CHUNK, "passes": int((spent >= 1).sum()), "spent": climbed}


def sums(records: list[Record]) -> Sums:
    """Return what came of each scenario in all its chunks."""
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record["key"]["scenario"]].append(record)
    return {
        name: (
            sum(r["passes"] for r in of),
            sum(r["sets"] for r in of),
            float(np.mean([r["spent"] for r in of])),
        )
        for name, of in found.items()
    }


def first_drawn(count: int) -> Named:
    """Return scenarios drawn at random, by number."""
    scenarios: Named = {}
    number = 0
    while len(scenarios) < count:
        scenario = draw_scenario(number)
        if scenario is not None:
            assert abs(fall(scenario) - scenario.limit) < 1e-9
            scenarios[str(number)] = scenario
        number += 1
    return scenarios


def climb(scenarios: Named, asked: argparse.Namespace, end: float) -> list[Record]:
    """Draw all, then the best and their children, generation by generation; add them."""
    chunks, out = asked.sets // CHUNK, asked.out
    wanted = list(jobs(scenarios, asked.sets, 0))
    records = run(out, wanted, minutes=_left(end))
    for generation in range(1, asked.generations + 1):
        best = most_spent(scenarios, sums(records))
        for name in best:
            wanted += [
                _job(name, scenarios[name], generation * chunks + c, 0) for c in range(chunks)
            ]
            for child in range(CHILDREN):
                own = f"{name}.{generation}{child}"
                scenarios[own] = mutated(scenarios[name], rng_of(own, CHANGES))
                wanted += jobs({own: scenarios[own]}, asked.sets, 0)
        records = run(out, wanted, minutes=_left(end))
        print(f"generation {generation}: {_heights(scenarios, sums(records))}", flush=True)
    return records


def _left(end: float) -> float:
    return max(end - time.monotonic(), 0) / 60


def most_spent(scenarios: Named, found: Sums, kept: int = KEPT) -> list[str]:
    """Return the scenarios of each metric that spend most of alpha."""
    names: list[str] = []
    for metric in METRICS:
        of = [name for name in found if scenarios[name].metric == metric]
        names += sorted(of, key=lambda name: -found[name][2])[:kept]
    return names


def _heights(scenarios: Named, found: Sums) -> str:
    best = {scenarios[n].metric: found[n][2] for n in reversed(most_spent(scenarios, found))}
    return ", ".join(f"{metric} {best[metric]:.2f}" for metric in METRICS if metric in best)


def described(scenario: Scenario) -> str:
    """Say in a few words what a scenario is."""
    kinds = [kind for of in scenario.kinds for kind in of]
    marks = {
        "fixed counts": scenario.fixed,
        "mixed": scenario.mixed > 0 and scenario.metric == "auroc",
        "ties": scenario.ties,
        "gains": any(kind.gained for kind in kinds),
    }
    rows, weight = max(kind.rows for kind in kinds), max(kind.weight for kind in kinds)
    return ", ".join(
        [f"{rows} rows", f"weight {weight:.3g}", *(name for name, there in marks.items() if there)]
    )


def main() -> None:
    """Search, climb, confirm, and print what was found."""
    command = parser(__doc__)
    numbers = {"scenarios": 400, "sets": 20, "generations": 8, "worst": 30, "confirm": 2000}
    for name, default in numbers.items():
        command.add_argument(f"--{name}", type=int, default=default)
    command.add_argument("--only", nargs="+", help="numbers of found ones: no search, these anew")
    asked = command.parse_args()
    start = time.monotonic()
    if asked.only:
        scenarios = {n: found_again(n, draw_scenario, mutated, CHANGES) for n in asked.only}
        first = sums(run(asked.out, [*jobs(scenarios, asked.sets, 0)], minutes=asked.minutes))
        drawn, asked.worst = set(scenarios), len(METRICS) * len(scenarios)
    else:
        scenarios = first_drawn(asked.scenarios)
        drawn = set(scenarios)
        first = sums(climb(scenarios, asked, start + 30 * asked.minutes))
    worst = most_spent(scenarios, first, asked.worst // len(METRICS))
    confirming = jobs({name: scenarios[name] for name in worst}, asked.confirm, 1)
    again = sums(run(asked.out, confirming, minutes=_left(start + 60 * asked.minutes)))
    report(scenarios, drawn, first, again)


def report(scenarios: Named, drawn: set[str], first: Sums, again: Sums) -> None:
    """Print how much was drawn, and the scenarios nearest their bars."""
    rows = []
    for metric in METRICS:
        for kind, of in (
            ("random", [n for n in first if scenarios[n].metric == metric and n in drawn]),
            ("climbed", [n for n in first if scenarios[n].metric == metric and n not in drawn]),
        ):
            sets = sum(first[n][1] for n in of)
            passes = share(sum(first[n][0] for n in of), max(sets, 1))
            rows.append((metric, kind, len(of), sets, passes))
    print(table(("metric", "scenarios", "", "sets", "passes"), rows))
    over = [
        n for n, (hits, sets, _) in again.items() if hits / sets > bar(scenarios[n].alpha, sets)
    ]
    drawn_again = [found[1] for found in again.values()]
    least, most = min(drawn_again, default=0), max(drawn_again, default=0)
    print(f"\nagain: {len(again)}, each {least} to {most} sets")
    print(f"over their bars: {over or 'none'}\n")
    nearest = sorted(again, key=lambda n: -again[n][0] / again[n][1] / scenarios[n].alpha)
    heads = ("no", "metric", "clusters", "with", "limit", "alpha", "alpha spent", "sets", "again",
             "bar")  # fmt: skip
    print(table(heads, [_row(n, scenarios[n], first[n], again[n]) for n in nearest]))


def _row(name: str, one: Scenario, first: Found, again: Found) -> tuple[object, ...]:
    hits, sets, _ = again
    clusters = ":".join(map(str, one.clusters))
    held = f"{bar(one.alpha, sets):.3f}"
    return (name, one.metric, clusters, described(one), one.limit, one.alpha, f"{first[2]:.2f}",
            sets, share(hits, sets), held)  # fmt: skip


if __name__ == "__main__":
    main()
