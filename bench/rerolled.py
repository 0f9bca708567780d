"""Does it pay to deal again? A table changed a little 50 times, and the best taken.

    OMP_NUM_THREADS=1 python bench/rerolled.py OUT.jsonl [--sets 400] [--minutes 10]
        [--ways dropped twice ...] [--each 95] [--most 3]

AUROC, harm exactly at the limit: a few positives fall below everybody; as many positives as
negatives, limit .05, alpha .05. Of 80 a set passes with none lost; of 100 the luck of a deal
decides where one is. *once*: the set as it is. Does any of the set and 50 changed ones pass:
*dropped*: a row less; *dropped, seed kept*: the same, but all deals have the whole set's seed: what
choosing rows gives without the luck of a deal; *twice*: a row stands twice under two ids;
*jittered*: all scores moved, so that their order within a class changes and no AUROC does;
*weighed*: rows weigh 1 to 1.001, and 1.001 is declared; *seeds*: does the set pass with any of 8
seeds? (A seed is not free: it follows from the labels.) Target: at
most 1.5 alpha. *permuted*, *renamed* (ids, groups) and *ranks kept* (scores moved, their order not)
go through the public audit, which gives the same numbers each time or counts as another deal. Sets
are drawn given how many positives are lost, 0 to ``--most``, and weighed by the chance of that.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import binom
from simulated import Job, Record, parser, run, table

import faircompress
from faircompress.statistics.class_side import Rows
from faircompress.statistics.independent_units import deal_ranking, seed_of
from faircompress.statistics.procedures.betting_mean import BettingMean

LIMIT, ALPHA = 0.05, 0.05
TIMES, SEEDS, PART, AUDITS = 50, 8, 2, 2
HEAVIEST = 1.001
CHANGED = ("dropped", "dropped, seed kept", "twice", "jittered", "weighed", "seeds")
WRITTEN = ("permuted", "renamed", "ranks kept")


def passes(
    label: np.ndarray, scores: np.ndarray, seed: int, weights: np.ndarray | None = None
) -> bool:
    """Tell whether a fall of the limit is excluded."""
    rows = Rows(np.arange(len(label)), np.ones(len(label)) if weights is None else weights)
    cap = 1.0 if weights is None else HEAVIEST
    units = deal_ranking(scores[0], scores[1], label == 1, rows, (cap, cap), seed=seed)
    return BettingMean(units, 1.0).change_at_most(-LIMIT, ALPHA).rejects


def judge(each: int, lost: int, part: int, ways: tuple[str, ...]) -> Record:
    """Try ways on some sets in which so many positives are lost; count what passes."""
    rng = np.random.default_rng([lost, part, 41])
    found: Record = {"sets": PART, "once": 0, **dict.fromkeys(ways, 0)}
    label, rows = np.repeat([0, 1], each), np.arange(2 * each)
    for _ in range(PART):
        baseline = rng.normal(size=2 * each) + 100 * label  # AUROC 1
        gone = np.isin(rows, each + rng.permutation(each)[:lost])
        scores = np.stack([baseline, np.where(gone, -100.0, baseline)])
        once = passes(label, scores, seed_of(label))
        chosen = rng.permutation(rows)[:TIMES]
        own = np.random.default_rng([lost, part, 43])
        found["once"] += once
        for way in ways:
            if way in WRITTEN:
                found[way] += sum(moved(way, label, scores, own) for _ in range(AUDITS))
            else:
                found[way] += once or any(_tried(way, label, scores, chosen, own))
    return found


def _tried(
    way: str, label: np.ndarray, scores: np.ndarray, chosen: np.ndarray, rng: np.random.Generator
) -> Iterator[bool]:
    """Tell of each changed set whether it passes."""
    all_rows, seed = np.arange(len(label)), seed_of(label)
    for number, row in enumerate(chosen if way != "seeds" else range(1, SEEDS)):
        if way.startswith("dropped"):
            of = np.delete(all_rows, row)
            yield passes(label[of], scores[:, of], seed_of(label[of]) if way == "dropped" else seed)
        elif way == "twice":
            of = np.append(all_rows, row)
            yield passes(label[of], scores[:, of], seed_of(label[of]))
        elif way == "jittered":
            yield passes(label, scores + rng.normal(0, 1, scores.shape), seed)
        elif way == "weighed":
            yield passes(label, scores, seed, rng.uniform(1, HEAVIEST, len(label)))
        else:
            yield passes(label, scores, seed + 1 + number)


def moved(way: str, label: np.ndarray, scores: np.ndarray, rng: np.random.Generator) -> bool:
    """Tell whether the public audit gives other numbers for the same set, written otherwise."""
    p = 1 / (1 + np.exp(-(scores - 50) / 30))
    frame = pd.DataFrame({"y": label, "g": "a", "d": p[0], "s": p[1]})
    frame["id"] = [f"r{k:03d}" for k in range(len(label))]
    other = frame.iloc[rng.permutation(len(frame))]
    if way == "renamed":
        other = other.assign(g="Z", id=rng.permutation(frame["id"].to_numpy()))
    if way == "ranks kept":  # a third of the way to the next
        for name in ("d", "s"):
            values = np.unique(frame[name])
            gap = np.append(np.diff(values), 0.0)[np.searchsorted(values, other[name])]
            other = other.assign(**{name: other[name] + gap * rng.random() / 3})
    first, again = (_numbers(one) for one in (frame, other))
    return first != again


def _numbers(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    verdict = faircompress.audit(
        frame, label="y", groups=["g"], baseline="d", candidate="s", id="id",
        rules=[f"change auroc {LIMIT}"], confidence=1 - ALPHA,
    )  # fmt: skip
    shown = verdict.to_frame()[["estimate", "lower", "upper", "outcome"]]
    return [tuple(row) for row in shown.itertuples(index=False)]


def main() -> None:
    """Draw, and print."""
    command = parser(__doc__)
    command.add_argument("--sets", type=int, default=40, help="of each number of lost positives")
    command.add_argument("--ways", nargs="+", choices=(*CHANGED, *WRITTEN), default=CHANGED)
    command.add_argument("--each", type=int, default=80, help="positives, and negatives")
    command.add_argument("--most", type=int, default=6, help="lost positives")
    asked = command.parse_args()
    ways = tuple(asked.ways)
    jobs: list[Job] = [
        (
            {"each": asked.each, "lost": lost, "part": part, "ways": list(ways)},
            partial(judge, asked.each, lost, part, ways),
        )
        for part in range(-(-asked.sets // PART))
        for lost in range(asked.most + 1)
    ]
    records = run(asked.out, jobs, minutes=asked.minutes)
    heads = [f"{k} lost ({binom.pmf(k, asked.each, LIMIT):.3f})" for k in range(asked.most + 1)]
    rows = []
    for way in ("once", *(way for way in ways if way not in WRITTEN)):
        shares, total, variance = [], 0.0, 0.0
        for lost in range(asked.most + 1):
            of = [record for record in records if record["key"]["lost"] == lost]
            sets = max(sum(record["sets"] for record in of), 1)
            p = sum(record[way] for record in of) / sets
            chance = float(binom.pmf(lost, asked.each, LIMIT))
            total, variance = total + chance * p, variance + chance**2 * p * (1 - p) / sets
            shares.append(f"{p:.2f}")
        rows.append((way, f"{total:.4f} ± {variance**0.5:.4f}", *shares))
    sets = sum(record["sets"] for record in records)
    for way in (way for way in ways if way in WRITTEN):
        other = sum(record[way] for record in records)
        print(f"{way}: other numbers in {other} of {sets * AUDITS} audits")
    print(table(("way", "harm at the limit passes", *heads), rows))
    print(f"\n{sets} sets; alpha {ALPHA}, target {1.5 * ALPHA:.3f}")


if __name__ == "__main__":
    main()
