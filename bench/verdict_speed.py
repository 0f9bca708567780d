"""How long does a verdict on 200,000 rows take, with 2,000 bootstrap replicates beside it?

Two files' answers are drawn: 8 groups, a fifth of the rows positive, AUROC and four rates under
rules. The judge gives its bounds and the replicates for every group; all rows together get 500 at
this size. Fairlearn's `MetricFrame(n_boot=...)` bootstraps one file's accuracy and AUROC by group;
it is timed on fewer rows and replicates and scaled up by both, since its time is a sum over them.
`python bench/verdict_speed.py` prints Markdown. Fairlearn is in the extra `dev`.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--fairlearn-rows", type=int, default=20_000)
    parser.add_argument("--fairlearn-replicates", type=int, default=10)
    asked = parser.parse_args()
    ours, cpu = judged(asked.rows)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    theirs = {
        name: rival(asked.fairlearn_rows, asked.fairlearn_replicates, name, asked.rows)
        for name in ("accuracy", "AUROC")
    }
    print(f"{asked.rows:,} rows, {GROUPS} groups, {REPLICATES:,} replicates\n")
    print("| what | seconds | processor seconds | peak GB |\n|---|--:|--:|--:|")
    print(f"| verdict: bounds, replicates, all metrics | {ours:.1f} | {cpu:.1f} | {memory:.2f} |")
    for name, seconds in theirs.items():
        scaled = f"{asked.fairlearn_rows:,} rows, {asked.fairlearn_replicates} replicates"
        print(f"| Fairlearn, {name} of one file, scaled from {scaled} | {seconds:,.0f} | | |")
    print(f"\nFairlearn over verdict: {sum(theirs.values()) / ours:,.0f} times.")


def judged(rows: int) -> tuple[float, float]:
    """Return seconds and processor seconds of one verdict."""
    dense, pruned = said(rows, 0.0), said(rows, 0.3)
    basics = {"threshold": 0.5, "power": 0.8, "intersections": False}
    gate = Gate.model_validate({**basics, "rules": RULES})
    start, used = time.perf_counter(), time.process_time()
    evaluate(dense, pruned, gate, validation=(dense, pruned))
    return time.perf_counter() - start, time.process_time() - used


def said(rows: int, noise: float) -> Predictions:
    """Draw one file's answers; noise is what pruning adds to the logits."""
    rng = np.random.default_rng(0)
    positive, group = rng.random(rows) < 0.2, rng.integers(GROUPS, size=rows)
    logits = rng.normal(4 * positive - 2.0, 1.5) + noise * rng.normal(size=rows)
    p = 1 / (1 + np.exp(-logits))
    return Predictions(
        ids=np.char.zfill(np.arange(rows).astype(str), 7),
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
