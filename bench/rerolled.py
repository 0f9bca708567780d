"""Does it pay to deal again? One row dropped 50 times, or other seeds, and the best taken.

    OMP_NUM_THREADS=1 python bench/rerolled.py OUT.jsonl [--sets 400] [--minutes 10]

AUROC, harm exactly at the limit: a few positives fall below everybody; 80 positives and 80
negatives, limit .05, alpha .05: few enough that the luck of a deal decides. *once*: the set as it
is. *dropped*: does any of the set and 50 sets with a row less pass? Target: at most 1.5 alpha.
*dropped, seed kept*: the same, but all deals have the whole set's seed: what choosing rows gives
without the luck of a deal. *seeds*: does the set pass with any of 8 seeds? (A seed is not free: it
follows from the labels.) Sets are drawn given how many positives are lost, 0 to 6, and weighed by
the chance of that.
"""

from functools import partial

import numpy as np
from scipy.stats import binom
from simulated import Job, Record, parser, run, table

from faircompress.statistics.class_side import Rows
from faircompress.statistics.independent_units import deal_ranking, seed_of
from faircompress.statistics.procedures.betting_mean import BettingMean

EACH, LIMIT, ALPHA = 80, 0.05, 0.05
DROPPED, SEEDS, PART, MOST_LOST = 50, 8, 2, 6
WAYS = ("once", "dropped", "dropped, seed kept", "seeds")


def passes(label: np.ndarray, scores: np.ndarray, seed: int) -> bool:
    """Tell whether a fall of the limit is excluded."""
    rows = Rows(np.arange(len(label)), np.ones(len(label)))
    units = deal_ranking(scores[0], scores[1], label == 1, rows, (1.0, 1.0), seed=seed)
    return BettingMean(units, 1.0).change_at_most(-LIMIT, ALPHA).rejects


def judge(lost: int, part: int) -> Record:
    """Try all ways on some sets in which so many positives are lost; count what passes."""
    rng = np.random.default_rng([lost, part, 41])
    found: Record = {"sets": PART, **dict.fromkeys(WAYS, 0)}
    label = np.repeat([0, 1], EACH)
    own = seed_of(label)
    for _ in range(PART):
        baseline = rng.normal(size=2 * EACH) + 100 * label  # AUROC 1
        gone = np.isin(np.arange(2 * EACH), EACH + rng.permutation(EACH)[:lost])
        scores = np.stack([baseline, np.where(gone, -100.0, baseline)])
        once = passes(label, scores, own)
        kept = [np.delete(np.arange(2 * EACH), row) for row in rng.permutation(2 * EACH)[:DROPPED]]
        found["once"] += once
        found["dropped"] += once or any(
            passes(label[of], scores[:, of], seed_of(label[of])) for of in kept
        )
        found["dropped, seed kept"] += once or any(
            passes(label[of], scores[:, of], own) for of in kept
        )
        found["seeds"] += once or any(passes(label, scores, own + k) for k in range(1, SEEDS))
    return found


def main() -> None:
    """Draw, and print."""
    command = parser(__doc__)
    command.add_argument("--sets", type=int, default=40, help="of each number of lost positives")
    asked = command.parse_args()
    jobs: list[Job] = [
        ({"lost": lost, "part": part}, partial(judge, lost, part))
        for part in range(-(-asked.sets // PART))
        for lost in range(MOST_LOST + 1)
    ]
    records = run(asked.out, jobs, minutes=asked.minutes)
    heads = [f"{k} lost ({binom.pmf(k, EACH, LIMIT):.3f})" for k in range(MOST_LOST + 1)]
    rows = []
    for way in WAYS:
        shares, total, variance = [], 0.0, 0.0
        for lost in range(MOST_LOST + 1):
            of = [record for record in records if record["key"]["lost"] == lost]
            sets = max(sum(record["sets"] for record in of), 1)
            p = sum(record[way] for record in of) / sets
            chance = float(binom.pmf(lost, EACH, LIMIT))
            total, variance = total + chance * p, variance + chance**2 * p * (1 - p) / sets
            shares.append(f"{p:.2f}")
        rows.append((way, f"{total:.4f} ± {variance**0.5:.4f}", *shares))
    sets = sum(record["sets"] for record in records)
    print(table(("way", "harm at the limit passes", *heads), rows))
    print(f"\n{sets} sets; alpha {ALPHA}, target for dropped {1.5 * ALPHA:.3f}")


if __name__ == "__main__":
    main()
