"""How long does a verdict take, and how much memory, at 2,000 to 1,000,000 rows?

    OMP_NUM_THREADS=1 python bench/verdict_speed.py [--rows 2000 20000 200000 1000000]
        [--groups 2 4 8 16 32 64] [--of 200000] [--audits 5] [--profile] [--rival]

Two models' predictions are drawn (seeded by the split's name): 8 groups, a fifth of the rows
positive, AUROC and four rates under rules, as many validation rows. `evaluate()` gives bounds for
every group; cross-checks (bootstrap and DeLong) are not asked for. Each verdict has a process of
its own. `--groups` divides the `--of` rows among more groups. `--audits` runs `faircompress audit`
on a CSV file of 2,000 rows and 4 groups, five rules, all files written, and gives its processor
time from the start of the process to its end, imports included; the first run, which compiles, is
not counted. `--rival` times Fairlearn's `MetricFrame(n_boot=...)`, which bootstraps one model's
accuracy and AUROC by group, on fewer rows and replicates, and scales it up by both, since its time
is a sum over them. Fairlearn is in the extra `dev`.
"""

import argparse
import cProfile
import os
import pstats
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from simulated import row

from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.evaluate import evaluate
from faircompress.statistics.bootstrap import REPLICATES

GROUPS = 8
RATES = ("accuracy", "false_positive_rate", "selection_rate", "true_positive_rate")
RULES = [{"metric": name, "rule": "change", "limit": 0.02} for name in ("auroc", *RATES)]
AUDITED = ("change auroc 0.03", "change true_positive_rate 0.1", "change false_positive_rate 0.1",
           "change accuracy 0.05", "flips 0.1")  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    rows = [2_000, 20_000, 200_000, 1_000_000]
    parser.add_argument("--rows", type=int, nargs="*", default=rows)
    parser.add_argument("--groups", type=int, nargs="*", default=[2, 4, 8, 16, 32, 64])
    parser.add_argument("--of", type=int, default=200_000, help="rows divided among groups")
    parser.add_argument("--audits", type=int, default=5, help="of a CSV file; 0: none")
    parser.add_argument("--profile", action="store_true", help="of --of rows: what takes longest")
    parser.add_argument("--rival", action="store_true", help="time Fairlearn, too")
    parser.add_argument("--rival-rows", type=int, default=20_000)
    parser.add_argument("--rival-replicates", type=int, default=10)
    asked = parser.parse_args()
    sizes = [(n, GROUPS) for n in asked.rows] + [(asked.of, k) for k in asked.groups]
    print(row("rows", "groups", "seconds", "processor seconds", "peak GB"))
    print(row("--:", "--:", "--:", "--:", "--:"))
    spent = {}
    for size in sizes:
        with ProcessPoolExecutor(1, get_context("spawn")) as own:
            spent[size], cpu, memory = own.submit(judged, *size).result()
        print(row(f"{size[0]:,}", size[1], f"{spent[size]:.1f}", f"{cpu:.1f}", f"{memory:.2f}"),
              flush=True)  # fmt: skip
    if asked.audits:
        found = audits(asked.audits)
        print(f"audit of 2,000 rows: median {statistics.median(found):.2f}, least "
              f"{min(found):.2f} processor seconds of {len(found)} processes")  # fmt: skip
    if asked.profile:
        profile = cProfile.Profile(time.process_time)
        profile.runcall(judged, asked.of, GROUPS)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    if asked.rival:
        most = max(asked.rows)
        theirs = sum(
            rival(asked.rival_rows, asked.rival_replicates, name, most)
            for name in ("accuracy", "AUROC")
        )
        print(f"Fairlearn, {REPLICATES:,} replicates, scaled: {theirs:,.0f} s, "
              f"{theirs / spent[most, GROUPS]:,.0f} times as long")  # fmt: skip


def judged(rows: int, groups: int) -> tuple[float, float, float]:
    """Return seconds, processor seconds and the process's peak memory in GB of one verdict."""
    basics = {"threshold": 0.5, "power": 0.8, "intersections": False}
    gate = Gate.model_validate({**basics, "rules": RULES})
    evaluate(*said(200, 2), gate, validation=said(200, 2, "other"))  # imports and tables
    test, validation = said(rows, groups), said(rows, groups, "other")
    start, used = time.perf_counter(), time.process_time()
    evaluate(*test, gate, validation=validation)
    spent = time.perf_counter() - start, time.process_time() - used
    return *spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def said(rows: int, groups: int, split: str = "test") -> tuple[Predictions, Predictions]:
    """Draw both models' predictions; compression adds noise of .3 to the logits."""
    rng = np.random.default_rng(list(split.encode()))
    positive, group = rng.random(rows) < 0.2, rng.integers(groups, size=rows)
    logits = rng.normal(4 * positive - 2.0, 1.5)
    baseline = Predictions(
        ids=np.char.add(split, np.char.zfill(np.arange(rows).astype("U7"), 7)),
        labels=positive.astype(int),
        probabilities=_probabilities(logits),
        groups={"group": group.astype("U2")},
        identities=None,
        weights=np.ones(rows),
        classes=("no", "yes"),
        model="baseline",
        data="drawn",
    )
    noisy = _probabilities(logits + 0.3 * rng.normal(size=rows))
    return baseline, replace(baseline, probabilities=noisy, model="candidate")


def _probabilities(logits: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-logits))
    return np.stack([1 - p, p], axis=1)


def audits(times: int) -> list[float]:
    """Return the processor seconds of processes that audit a CSV file of 2,000 rows."""
    baseline, candidate = said(2_000, 4)
    columns = {"id": baseline.ids, "label": baseline.labels, "group": baseline.groups["group"]}
    scores = {p.model: p.probabilities[:, 1].round(6) for p in (baseline, candidate)}
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.csv"
        pd.DataFrame({**columns, **scores}).to_csv(table, index=False)
        options = {"label": "label", "id": "id", "group": "group", "baseline": "baseline",
                   "candidate": "candidate", "out": f"{folder}/audit"}  # fmt: skip
        named = [word for key, value in options.items() for word in (f"--{key}", value)]
        named += [word for rule in AUDITED for word in ("--rule", rule)]
        command = [sys.executable, "-m", "faircompress", "audit", str(table), *named]
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        kept["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        return [_spent(command, kept) for _ in range(times + 1)][1:]


def _spent(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode > 2:
        raise RuntimeError(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rival(rows: int, replicates: int, name: str, wanted_rows: int) -> float:
    """Return Fairlearn's seconds for all rows and replicates, scaled up from fewer."""
    from fairlearn.metrics import MetricFrame
    from sklearn.metrics import accuracy_score, roc_auc_score

    answers = said(rows, GROUPS)[1]
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
