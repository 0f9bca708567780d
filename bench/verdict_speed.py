"""How long does a verdict take, and how much memory, at 2,000 to 200,000 rows?

    OMP_NUM_THREADS=1 python bench/verdict_speed.py [--rows 2000 20000 200000] [--profile] [--rival]

Two models' predictions are drawn: 8 groups, a fifth of the rows positive, AUROC and four rates
under rules, as many validation rows. `evaluate()` gives bounds for every group; cross-checks
(bootstrap and DeLong) are not asked for. `--rival` times Fairlearn's `MetricFrame(n_boot=...)`,
which bootstraps one model's accuracy and AUROC by group, on fewer rows and replicates, and scales
it up by both, since its time is a sum over them. Fairlearn is in the extra `dev`.
"""

import argparse
import cProfile
import pstats
import resource
import time

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame
from simulated import row
from sklearn.metrics import accuracy_score, roc_auc_score

from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.rule_config import Gate
from faircompress.predictions import Predictions
from faircompress.statistics.bootstrap import REPLICATES

GROUPS = 8
RATES = ("accuracy", "false_positive_rate", "selection_rate", "true_positive_rate")
RULES = [{"metric": name, "rule": "change", "limit": 0.02} for name in ("auroc", *RATES)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000, 20_000, 200_000])
    parser.add_argument("--profile", action="store_true", help="of the largest: what takes longest")
    parser.add_argument("--rival", action="store_true", help="time Fairlearn, too")
    parser.add_argument("--rival-rows", type=int, default=20_000)
    parser.add_argument("--rival-replicates", type=int, default=10)
    asked = parser.parse_args()
    print(row("rows", "seconds", "processor seconds", "peak GB"))
    print(row("--:", "--:", "--:", "--:"))
    judged(200)  # imports and tables
    spent = 0.0
    for rows in sorted(asked.rows):
        spent, cpu = judged(rows)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(row(f"{rows:,}", f"{spent:.1f}", f"{cpu:.1f}", f"{memory:.2f}"), flush=True)
    if asked.profile:
        profile = cProfile.Profile()
        profile.runcall(judged, max(asked.rows))
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    if asked.rival:
        theirs = sum(
            rival(asked.rival_rows, asked.rival_replicates, name, max(asked.rows))
            for name in ("accuracy", "AUROC")
        )
        print(f"Fairlearn, {REPLICATES:,} replicates, scaled: {theirs:,.0f} s, "
              f"{theirs / spent:,.0f} times as long")  # fmt: skip


def judged(rows: int) -> tuple[float, float]:
    """Return seconds and processor seconds of one verdict."""
    test, validation = ((said(rows, 0.0, at), said(rows, 0.3, at)) for at in ("test", "other"))
    basics = {"threshold": 0.5, "power": 0.8, "intersections": False}
    gate = Gate.model_validate({**basics, "rules": RULES})
    start, used = time.perf_counter(), time.process_time()
    evaluate(*test, gate, validation=validation)
    return time.perf_counter() - start, time.process_time() - used


def said(rows: int, noise: float, split: str = "test") -> Predictions:
    """Draw one model's predictions; noise is what compression adds to the logits."""
    rng = np.random.default_rng(list(split.encode()))
    positive, group = rng.random(rows) < 0.2, rng.integers(GROUPS, size=rows)
    logits = rng.normal(4 * positive - 2.0, 1.5) + noise * rng.normal(size=rows)
    p = 1 / (1 + np.exp(-logits))
    return Predictions(
        ids=np.char.add(split, np.char.zfill(np.arange(rows).astype(str), 7)),
        labels=positive.astype(int),
        probabilities=np.stack([1 - p, p], axis=1),
        groups={"group": group.astype(str)},
        identities=None,
        weights=np.ones(rows),
        classes=("no", "yes"),
        model=f"noise {noise}",
        data="drawn",
    )


def rival(rows: int, replicates: int, name: str, wanted_rows: int) -> float:
    """Return Fairlearn's seconds for all rows and replicates, scaled up from fewer."""
    answers = said(rows, 0.3)
    score = answers.probabilities[:, 1]
    metric, shown = {
        "accuracy": (accuracy_score, (score >= 0.5).astype(int)),
        "AUROC": (roc_auc_score, score),
    }[name]
    start = time.perf_counter()
    MetricFrame(
        metrics=metric,
        y_true=answers.labels,
        y_pred=shown,
        sensitive_features=pd.Series(answers.groups["group"], name="group"),
        n_boot=replicates,
        ci_quantiles=[0.05, 0.95],
        random_state=0,
    )
    each = (time.perf_counter() - start) / replicates / rows
    return each * REPLICATES * wanted_rows


if __name__ == "__main__":
    main()
