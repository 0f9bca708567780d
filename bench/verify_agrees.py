"""Try to make ``faircompress verify`` disagree with a verdict that was left alone.

``OMP_NUM_THREADS=1 python bench/verify_agrees.py --minutes 20`` draws data sets of 300 to 8,000
rows and 2 to 5 classes, with harm from none to total, rows alike, weighted, or of people, all kinds
of rules, evaluates each and derives its verdict a second time. Every difference is printed with the
seed that drew it; ``--seed`` draws one again. Exits with 1 if there was one.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from drawing import Json, differences, drawn, rule

from faircompress.data.predictions import Predictions

HARMS = (0.0, 0.02, 0.1, 0.3, 1.0)
CHANGES = ("auroc", "accuracy", "true_positive_rate", "false_positive_rate", "selection_rate")
OWN = ("precision", "cross_group_auroc")


def case(seed: int) -> tuple[Json, list[Json]]:
    """Return how a data set is drawn, and the rules on it."""
    rng = np.random.default_rng([seed, 7])
    classes = int(rng.choice([2, 2, 3, 4, 5]))
    rows = int(np.exp(rng.uniform(np.log(300), np.log(8_000))))
    how: Json = {"rows": rows, "classes": classes, "harm": float(rng.choice(HARMS))}
    kind = rng.choice(["alike", "alike", "weights", "people", "both"])
    if kind == "weights":
        how |= {"weights": True, "cap": 2.0}
    elif kind in ("people", "both"):
        how |= {"people": 2, "cap": 30.0, "both": kind == "both"}
    if classes == 2 and rng.random() < 0.3:
        how["decimals"] = 2
    how["single"] = bool(rng.random() < 0.5)
    how["of_label"] = bool(rng.random() < 0.5)
    limit = float(rng.choice([0.01, 0.03, 0.1, 0.2]))
    named = {"groups": ["label"] if how["of_label"] and rng.random() < 0.5 else ["skin"]}
    metrics = [str(m) for m in rng.choice([*CHANGES, *OWN], 3, replace=False)]
    if named["groups"] == ["label"]:
        metrics = [m for m in metrics if m != "cross_group_auroc"]
    rules = [{**rule("change", m, limit), **named} for m in metrics]
    rules.append({**rule("flips", limit=limit), **named})
    rules.append({**rule("disparity_change", "true_positive_rate", 2 * limit), **named})
    rules.append({**rule("minimum", "accuracy", 0.6), **named})
    return how, rules


def with_rare(given: dict[str, Predictions], seed: int) -> dict[str, Predictions]:
    """Return the models with one of the two groups from a twentieth of the rows to half of them."""
    rng = np.random.default_rng([seed, 8])
    rows = len(given["baseline"].labels)
    skin = np.where(rng.random(rows) < rng.uniform(0.05, 0.5), "dark", "light")
    return {name: replace(p, groups={**p.groups, "skin": skin}) for name, p in given.items()}


def main() -> None:
    """Draw, evaluate and verify until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="this one alone")
    asked = parser.parse_args()
    end, seed, seen, bad = time.monotonic() + 60 * asked.minutes, asked.seed or asked.first, 0, []
    checks: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            how, rules = case(seed)
            verdict, found = differences(with_rare(drawn(seed, **how), seed), rules, Path(folder))
            seen += 1
            for one in verdict["rules"]:
                checks.update(check["outcome"] for check in one["checks"])
            if found:
                bad.append(seed)
                print(f"seed {seed}: {how}: {'; '.join(map(str, found[:3]))}", flush=True)
            if asked.seed:
                break
            seed += 1
    told = ", ".join(f"{n:,} {name}" for name, n in sorted(checks.items()))
    print(f"{seen:,} verdicts from seed {asked.seed or asked.first}, {told}: {len(bad)} differ")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
