"""Search for the worst admitted scenario: how often does harm exactly at the limit pass a check?

    OMP_NUM_THREADS=1 python bench/worst_scenarios.py OUT.jsonl [--scenarios 400] [--sets 40]
        [--worst 30] [--confirm 2000] [--minutes 60]

Scenarios are drawn at random (bench/populations.py): AUROC, a share, flips, mean recall and mean
AUROC over 3 to 8 classes; harm in one kind of clusters; weights to 20, 1 to 20 rows a cluster,
clusters with rows of both classes, sizes, ties, gains beside losses, fixed counts, slack in the
declared cap, limits and alphas. Each is drawn ``--sets`` times; the ``--worst`` are drawn
``--confirm`` times anew, with other seeds. A scenario holds if the share of passes is at most alpha
plus 3.1 Monte-Carlo errors. Draws are seeded by the scenario's number and the chunk's. Exact paired
shares need no draws: bench/exact_levels.py sums their level.

A check here is the bound alone. The verdict asks more of a pass (skill, every other check), so it
passes more rarely.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial

import numpy as np
from populations import METRICS, Scenario, Side, draw_scenario, draw_side
from simulated import Job, Record, bar, parser, run, share, table

from faircompress.statistics.class_products import ranking_rounds, share_rounds
from faircompress.statistics.class_side import Rows
from faircompress.statistics.independent_units import Units, deal_ranking, deal_share
from faircompress.statistics.procedures.betting_mean import BettingMean

CHUNK = 20  # sets of a job


def passes(scenario: Scenario, rng: np.random.Generator) -> bool:
    """Draw one test set; tell whether it excludes a fall of the limit."""
    if len(scenario.kinds) > 2:
        return _passes_classes(scenario, rng)
    sides = [draw_side(scenario, at, n, rng) for at, n in enumerate(scenario.clusters)]
    caps = [_cap(scenario, at) for at in range(len(sides))]
    if scenario.metric == "auroc":
        units = _ranked(scenario, sides[0], sides[1], caps, rng)
        return _excludes(units, scenario)
    side = sides[0]
    rows = Rows(side.cluster, side.weights, side.kind if scenario.fixed else None)
    if scenario.metric == "share":
        return _excludes(deal_share(side.before, side.after, rows, caps[0]), scenario)
    flipped = side.before & ~side.after
    bounds = BettingMean(deal_share(np.zeros(len(flipped)), flipped, rows, caps[0]), 1.0)
    return bounds.rate_at_least(scenario.limit, scenario.alpha).rejects


def _cap(scenario: Scenario, at: int) -> float:
    return scenario.slack * max(kind.rows * kind.weight for kind in scenario.kinds[at])


def _excludes(units: Units, scenario: Scenario) -> bool:
    if units.weights.shape[1] == 0:
        return False
    return BettingMean(units, 1.0).change_at_most(-scenario.limit, scenario.alpha).rejects


def _ranked(
    scenario: Scenario, negative: Side, positive: Side, caps: list[float], rng: np.random.Generator
) -> Units:
    """Deal rows whose scores are 0 and 1 where right, and tied or the wrong way round where not."""
    first, cluster = scenario.clusters[0], positive.cluster
    if scenario.mixed:  # some positive clusters are negative ones, too
        same = rng.random(scenario.clusters[1]) < scenario.mixed
        cluster = np.where(same[cluster] & (cluster < first), cluster, cluster + first)
        caps = [2 * cap for cap in caps]
    else:
        cluster = cluster + first
    wrong = (1.0, 0.0) if scenario.ties else (2.0, -1.0)  # of a negative, of a positive
    baseline, candidate = (
        np.concatenate([np.where(n, 0.0, wrong[0]), np.where(p, 1.0, wrong[1])])
        for n, p in ((negative.before, positive.before), (negative.after, positive.after))
    )
    above = np.arange(len(baseline)) >= len(negative.before)
    kinds = np.concatenate([negative.kind, positive.kind]) if scenario.fixed else None
    rows = Rows(
        np.concatenate([negative.cluster, cluster]),
        np.concatenate([negative.weights, positive.weights]),
        kinds,
    )
    return deal_ranking(baseline, candidate, above, rows, (caps[0], caps[1]))


def _passes_classes(scenario: Scenario, rng: np.random.Generator) -> bool:
    """Draw a set of several classes; rows that are lost come last of their class."""
    counts = np.array(scenario.clusters)
    if not scenario.fixed:
        counts = np.maximum(rng.multinomial(counts.sum(), counts / counts.sum()), 1)
    sides = [draw_side(scenario, at, int(n), rng) for at, n in enumerate(counts)]
    label = np.repeat(np.arange(len(sides)), [len(side.cluster) for side in sides])
    first = np.cumsum(counts) - counts
    before, after, weights, cluster = (
        np.concatenate(of)
        for of in (
            [side.before for side in sides],
            [side.after for side in sides],
            [side.weights for side in sides],
            [side.cluster + at for side, at in zip(sides, first, strict=True)],
        )
    )
    rows = Rows(cluster, weights, label if scenario.fixed else None)
    caps = [_cap(scenario, at) for at in range(len(sides))]
    if scenario.metric == "mean recall":
        rounds = share_rounds(before, after, label, rows, caps)
    else:
        scores = np.zeros((2, len(label), len(sides)))
        for model, right in enumerate((before, after)):
            scores[model, np.arange(len(label)), label] = np.where(right, 1.0, -1.0)
        rounds = ranking_rounds(scores[0], scores[1], label, rows, caps)
    return rounds.count > 0 and rounds.excludes(scenario.limit, scenario.alpha)


def jobs(
    scenarios: dict[int, Scenario], sets: int, stage: int, *, chunk: int = CHUNK
) -> Iterator[Job]:
    """Return chunks of sets, the first of every scenario first; stage 0 searches, 1 confirms."""
    for part in range(-(-sets // chunk)):
        for number, scenario in scenarios.items():
            key = {"stage": stage, "scenario": number, "part": part}
            yield key, partial(_chunk, scenario, number, part, stage, chunk)


def _chunk(scenario: Scenario, number: int, part: int, stage: int, sets: int) -> Record:
    rng = np.random.default_rng([number, part, stage, 12])
    return {"sets": sets, "passes": sum(passes(scenario, rng) for _ in range(sets))}


def sums(records: list[Record]) -> dict[int, tuple[int, int]]:
    """Return passes and sets of each scenario."""
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for record in records:
        of = found[record["key"]["scenario"]]
        of[0] += record["passes"]
        of[1] += record["sets"]
    return {number: (hits, sets) for number, (hits, sets) in found.items()}


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
    """Search, confirm, and print what was found."""
    command = parser(__doc__)
    for name, default in {"scenarios": 400, "sets": 40, "worst": 30, "confirm": 2000}.items():
        command.add_argument(f"--{name}", type=int, default=default)
    asked = command.parse_args()
    scenarios: dict[int, Scenario] = {}
    number = 0
    while len(scenarios) < asked.scenarios:
        scenario = draw_scenario(number)
        if scenario is not None:
            scenarios[number] = scenario
        number += 1
    first = sums(run(asked.out, jobs(scenarios, asked.sets, 0), minutes=asked.minutes / 2))
    order = sorted(first, key=lambda n: -first[n][0] / first[n][1] / scenarios[n].alpha)
    worst = {n: scenarios[n] for n in order[: asked.worst]}
    again = sums(run(asked.out, jobs(worst, asked.confirm, 1), minutes=asked.minutes / 2))
    report(scenarios, first, again)


def report(
    scenarios: dict[int, Scenario],
    first: dict[int, tuple[int, int]],
    again: dict[int, tuple[int, int]],
) -> None:
    """Print how much was drawn, and the scenarios nearest their bars."""
    for metric in METRICS:
        of = [first[n] for n in first if scenarios[n].metric == metric]
        hits, sets = (sum(column) for column in zip(*of, strict=True)) if of else (0, 0)
        print(f"{metric}: {len(of)} scenarios, {sets} sets, passes {share(hits, max(sets, 1))}")
    over = [n for n, (hits, sets) in again.items() if hits / sets > bar(scenarios[n].alpha, sets)]
    drawn = [sets for _, sets in again.values()]
    print(f"\nagain: {len(again)}, each {min(drawn, default=0)} to {max(drawn, default=0)} sets")
    print(f"over their bars: {over or 'none'}\n")
    nearest = sorted(again, key=lambda n: -again[n][0] / again[n][1] / scenarios[n].alpha)[:10]
    rows = []
    for n in nearest:
        one, (hits, sets) = scenarios[n], again[n]
        clusters = ":".join(map(str, one.clusters))
        rows.append(
            (n, one.metric, clusters, described(one), one.limit, one.alpha, share(*first[n]),
             sets, share(hits, sets), f"{bar(one.alpha, sets):.3f}")
        )  # fmt: skip
    heads = ("no", "metric", "clusters", "with", "limit", "alpha", "search", "sets", "again", "bar")
    print(table(heads, rows))


if __name__ == "__main__":
    main()
