"""Search for the worst over kinds of rules: how often does harm exactly at the limit pass a check?

    OMP_NUM_THREADS=1 python bench/worst_rules.py OUT.jsonl [--cases 96] [--sets 10]
        [--generations 6] [--worst 16] [--confirm 2000] [--minutes 25] [--only NO ...]

What bench/worst_scenarios.py leaves out: gap, ratio, disparity change, excess loss, minimum,
cross-group AUROC, false positive and selection rate, with weights and people or without, judged by
bounds or (``earned``) by e-values. Populations are drawn at random (bench/rule_populations.py); a
rule's limit is what the population truly has. Each is drawn ``--sets`` times. Then the search
climbs: in each generation the two of each rule that pass most often at four times alpha are drawn
again, and have three changed children each. The ``--worst`` are drawn ``--confirm`` times anew.

A check here is the test at the limit alone; a verdict asks more of a pass. *Wrongly* counts sets in
which the same check would be confirmed to be harmed at alpha, which at the limit must be as rare.
A rule holds if both shares are at most alpha plus 3.1 Monte-Carlo errors. Draws are seeded by the
case's name and the chunk's. Results are JSON lines; a run goes on where it was stopped.
"""

import time
from collections import defaultdict
from functools import partial

import numpy as np
from lineage import found_again, rng_of
from rule_populations import RULES, Case, changed, draw_case, draw_pair, limit_of
from simulated import Job, Record, bar, parser, run, share, table

from faircompress.config.rules import Rule
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import compare, in_order
from faircompress.evaluation.groups import groups_of
from faircompress.evaluation.hypotheses import Hypothesis, places_of
from faircompress.evaluation.rules import Measured, Plan

CHANGES = 23  # seeds them
CHUNK, EASIER = 10, 4.0  # sets of a job; times alpha, at which what is climbed is counted
KEPT, CHILDREN = 2, 3  # of each rule in a generation; of each of them


def judge(case: Case, rng: np.random.Generator) -> tuple[bool, bool, bool]:
    """Draw one set: does harm at the limit pass, at four times alpha, and is it called harm?"""
    pair = draw_pair(case, rng)
    rule = Rule.model_validate(
        {"rule": case.rule, "metric": case.metric, "limit": limit_of(case), "groups": ["g"],
         "confidence": 1 - case.alpha, "because": "bench"}
    )  # fmt: skip
    asked = Hypothesis(rule, case.alpha, 0.8, Captions(), by_e_value=case.earned)
    comparison = compare(in_order(pair[0]), in_order(pair[1]), (0.5, 0.5))
    groups = groups_of(in_order(pair[0]), intersections=False)
    place = places_of(asked, comparison, groups)[0]
    found = asked.kind.measure(comparison, asked.metric, place, Plan(case.alpha, 0.8, rule.limit))
    if not isinstance(found, Measured):
        return False, False, False
    limits = asked.limits

    at_least = [] if limits.lower is None else [partial(found.at_most, limits.lower)]
    at_most = [] if limits.upper is None else [partial(found.at_least, limits.upper)]

    def passes(alpha: float) -> bool:
        if case.earned:  # bets aim at alpha, whatever they are held to
            return all(t(case.alpha).e_value() >= 1 / alpha for t in (*at_least, *at_most))
        return all(test(alpha).rejects for test in (*at_least, *at_most))

    level = case.alpha / 2 if limits.both else case.alpha
    wrongly = limits.lower is not None and found.at_least(limits.lower, level).rejects
    wrongly |= limits.upper is not None and found.at_most(limits.upper, level).rejects
    easier = passes(min(EASIER * case.alpha, 0.4))
    return easier and passes(case.alpha), easier, bool(wrongly)


def _job(name: str, case: Case, part: int, stage: int) -> Job:
    key = {"stage": stage, "case": name, "part": part}
    return key, partial(_chunk, case, name, part, stage)


def _chunk(case: Case, name: str, part: int, stage: int) -> Record:
    rng = rng_of(name, part, stage, 22)
    found = np.array([judge(case, rng) for _ in range(CHUNK)]).sum(axis=0)
    return {
        "sets": CHUNK,
        **dict(zip(("passes", "easier", "wrongly"), found.tolist(), strict=True)),
    }


def sums(records: list[Record]) -> dict[str, np.ndarray]:
    """Return sets, passes, passes at the easier level and wrong confirmations of each case."""
    found: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(4, int))
    for r in records:
        found[r["key"]["case"]] += [r["sets"], r["passes"], r["easier"], r["wrongly"]]
    return found


def first_drawn(count: int) -> dict[str, Case]:
    """Return cases drawn at random, by number, as many of each rule."""
    cases: dict[str, Case] = {}
    room, number = dict.fromkeys(RULES, -(-count // len(RULES))), 0
    while any(room.values()):
        case = draw_case(number)
        if case is not None and room[case.rule, case.metric]:
            room[case.rule, case.metric] -= 1
            cases[str(number)] = case
        number += 1
    return cases


def nearest(cases: dict[str, Case], found: dict[str, np.ndarray], kept: int) -> list[str]:
    """Return the cases of each rule that pass most often at the easier level, over alpha."""
    names: list[str] = []
    for rule in RULES:
        of = [n for n in found if (cases[n].rule, cases[n].metric) == rule]
        names += sorted(of, key=lambda n: -found[n][2] / found[n][0] / cases[n].alpha)[:kept]
    return names


def main() -> None:
    """Search, climb, confirm, and print what was found."""
    command = parser(__doc__)
    numbers = {"cases": 96, "sets": 10, "generations": 6, "worst": 16, "confirm": 2000}
    for name, default in numbers.items():
        command.add_argument(f"--{name}", type=int, default=default)
    command.add_argument("--only", nargs="+", help="names of found ones: no search, these anew")
    asked = command.parse_args()
    start, chunks = time.monotonic(), -(-asked.sets // CHUNK)

    def left(share_of: float) -> float:
        return max(start / 60 + share_of * asked.minutes - time.monotonic() / 60, 0)

    only = {n: found_again(n, draw_case, changed, CHANGES) for n in asked.only or ()}
    cases = only or first_drawn(asked.cases)
    drawn = set(cases)
    wanted = [_job(n, case, c, 0) for n, case in cases.items() for c in range(chunks)]
    records = run(asked.out, wanted, minutes=left(0.4))
    for generation in range(1, 1 if asked.only else asked.generations + 1):
        for name in nearest(cases, sums(records), KEPT):
            wanted += [_job(name, cases[name], generation * chunks, 0)]
            for child in range(CHILDREN):
                own = f"{name}.{generation}{child}"
                cases[own] = changed(cases[name], rng_of(own, CHANGES))
                wanted += [_job(own, cases[own], c, 0) for c in range(chunks)]
        records = run(asked.out, wanted, minutes=left(0.75))
    first = sums(records)
    worst = nearest(cases, first, max(asked.worst // len(RULES), 1))
    confirming = [_job(n, cases[n], c, 1) for c in range(-(-asked.confirm // CHUNK)) for n in worst]
    report(cases, drawn, first, sums(run(asked.out, confirming, minutes=left(1.0))))


def report(
    cases: dict[str, Case], drawn: set[str], first: dict[str, np.ndarray],
    again: dict[str, np.ndarray],
) -> None:  # fmt: skip
    """Print what was drawn of each rule, and the cases that were drawn anew."""
    rows = []
    for rule in RULES:
        of = [n for n in first if (cases[n].rule, cases[n].metric) == rule]
        sets, passes, _, wrongly = sum((first[n] for n in of), np.zeros(4, int)).tolist()
        climbed = sum(n not in drawn for n in of)
        rows.append((*rule, len(of) - climbed, climbed, sets, share(passes, max(sets, 1)),
                     share(wrongly, max(sets, 1))))  # fmt: skip
    print(table(("rule", "metric", "random", "climbed", "sets", "passes", "wrongly"), rows))
    over = [
        n for n, (sets, passes, _, wrongly) in again.items()
        if max(passes, wrongly) / sets > bar(cases[n].alpha, sets)
    ]  # fmt: skip
    print(f"\nover their bars: {over or 'none'}\n")
    heads = ("no", "rule", "metric", "clusters", "with", "limit", "alpha", "sets", "passes",
             "wrongly", "bar")  # fmt: skip
    print(table(heads, [_row(n, cases[n], again[n]) for n in again]))


def _row(name: str, case: Case, found: np.ndarray) -> tuple[object, ...]:
    sets, passes, _, wrongly = found.tolist()
    kinds = [kind for of in case.kinds for kind in of]
    marks = {"fixed counts": case.fixed, "shared": case.shared > 0, "e-values": case.earned}
    rows, weight = max(kind.rows for kind in kinds), max(kind.weight for kind in kinds)
    what = [f"{rows} rows", f"weight {weight:.3g}", *(m for m, there in marks.items() if there)]
    return (name, case.rule, case.metric, ":".join(map(str, case.clusters)), ", ".join(what),
            f"{limit_of(case):.3f}", case.alpha, sets, share(passes, sets), share(wrongly, sets),
            f"{bar(case.alpha, sets):.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
