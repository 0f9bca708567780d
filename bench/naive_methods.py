"""Harm exactly at the limit, judged by our bound and by what others do: how often does it pass?

    OMP_NUM_THREADS=1 python bench/naive_methods.py OUT.jsonl [--sets 400] [--minutes 10]

AUROC of one group, limit .03, alpha .025, as many negatives as positives. Harm: *few* positives
fall below everybody, or the scores of *all* rows are shaken. *heavy*: tenth of the people of the
harmed class weighs 20, the others 1, and only these are harmed. *people*: 1 to 20 rows a person who
fare alike, harm in those with 20. Methods: the estimate within the limit; DeLong's bound of the
paired change; a percentile bootstrap; DeLong's of two unpaired AUROCs. All of these know weights
and people. Rates are summed in bench/exact_levels.py.
"""

import math
from functools import partial
from itertools import product

import numpy as np
from scipy.special import ndtri
from simulated import Job, Record, bar, parser, run, share, table

from faircompress.statistics.bootstrap import changes
from faircompress.statistics.class_side import Rows
from faircompress.statistics.delong import placements, standard_error
from faircompress.statistics.independent_units import deal_ranking
from faircompress.statistics.metrics import Ranking
from faircompress.statistics.procedures.betting_mean import BettingMean

LIMIT, ALPHA, APART = 0.03, 0.025, 2.563
AUROC = 0.965
REPLICATES, PART, HEAVIEST, MOST_ROWS, RARE = 400, 5, 20.0, 20, 0.1
METHODS = ("ours", "estimate", "DeLong", "bootstrap", "unpaired")
SCENARIOS = list(product(("few", "all", "heavy", "people"), (60, 150, 500)))


def draw(shape: str, each: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Rows]:
    """Return labels, both models' scores ``(2, rows)``, and whose rows they are."""
    rare = rng.random(2 * each) < RARE
    rows = np.where(rare & (shape == "people"), MOST_ROWS, 1)
    cluster = np.repeat(np.arange(2 * each), rows)
    weights = np.where(rare & (shape == "heavy"), HEAVIEST, 1.0)[cluster]
    label = (cluster < each).astype(int)
    baseline = rng.normal(size=len(label)) + APART * label
    if shape == "all":
        spread = math.sqrt((APART / math.sqrt(2) / float(ndtri(AUROC - LIMIT))) ** 2 - 1)
        candidate = baseline + spread * rng.normal(size=len(label))
        return label, np.stack([baseline, candidate]), Rows(cluster, weights)
    if shape == "none":  # nothing truly changes
        middle = APART * label
        noise = math.sqrt(1 - 0.99**2) * rng.normal(size=len(label))
        candidate = middle + 0.99 * (baseline - middle) + noise
        return label, np.stack([baseline, candidate]), Rows(cluster, weights)
    counts = {"heavy": HEAVIEST, "people": MOST_ROWS}.get(shape, 1.0)
    among = 1.0 if shape == "few" else RARE * counts / (RARE * counts + 1 - RARE)
    prone = np.ones(2 * each, bool) if shape == "few" else rare
    gone = (prone & (rng.random(2 * each) < LIMIT / AUROC / among))[cluster] & (label == 1)
    return label, np.stack([baseline, np.where(gone, -99.0, baseline)]), Rows(cluster, weights)


def auroc(ranking: Ranking, weights: np.ndarray) -> float:
    """Return the chance that a positive row, drawn by weight, outscores a negative one."""
    above = ranking.above
    return float(np.average(placements(ranking, weights)[above], weights=weights[above]))


def judge(number: int, part: int) -> Record:
    """Count what each method lets pass."""
    shape, each = SCENARIOS[number]
    rng = np.random.default_rng([number, part, 61])
    found: Record = {"sets": PART, **dict.fromkeys(METHODS, 0)}
    for _ in range(PART):
        label, scores, rows = draw(shape, each, rng)
        for method, passed in _judged(shape, label, scores, rows).items():
            found[method] += bool(passed)
    return found


def _judged(shape: str, label: np.ndarray, scores: np.ndarray, rows: Rows) -> dict[str, bool]:
    above, cap = label == 1, {"heavy": HEAVIEST, "people": float(MOST_ROWS)}.get(shape, 1.0)
    units = deal_ranking(scores[0], scores[1], above, rows, (cap, cap))
    pair = Ranking(scores[0], above), Ranking(scores[1], above)
    before, after = (auroc(of, rows.weights) for of in pair)
    change, far = after - before, float(ndtri(ALPHA))
    error = standard_error(*pair, rows.cluster, rows.weights) or 0.0
    half = Ranking(np.full(len(label), 0.0), above)  # AUROC .5, without an error of its own
    each = [standard_error(half, of, rows.cluster, rows.weights) or 0.0 for of in pair]
    drawn = changes(*pair, rows.cluster, rows.weights, replicates=REPLICATES)
    return {
        "ours": BettingMean(units, 1.0).change_at_most(-LIMIT, ALPHA).rejects,
        "estimate": change > -LIMIT,
        "DeLong": change + far * error > -LIMIT,
        "bootstrap": drawn is not None and bool(np.quantile(drawn, ALPHA) > -LIMIT),
        "unpaired": change + far * math.hypot(*each) > -LIMIT,
    }


def main() -> None:
    """Draw, and print."""
    command = parser(__doc__)
    command.add_argument("--sets", type=int, default=400)
    asked = command.parse_args()
    jobs: list[Job] = [
        ({"scenario": n, "part": p}, partial(judge, n, p))
        for p in range(-(-asked.sets // PART))
        for n in range(len(SCENARIOS))
    ]
    records, rows = run(asked.out, jobs, minutes=asked.minutes), []
    for number, scenario in enumerate(SCENARIOS):
        of = [record for record in records if record["key"]["scenario"] == number]
        sets = sum(record["sets"] for record in of)
        if sets:
            shares = [share(sum(r[name] for r in of), sets) for name in METHODS]
            rows.append((*scenario, sets, *shares, f"{bar(ALPHA, sets):.3f}"))
    print(table(("harm", "positives", "sets", *METHODS, "bar"), rows))


if __name__ == "__main__":
    main()
