"""Tables as nobody means them: does an audit end in a verdict or a clear error, and nothing else?

    OMP_NUM_THREADS=1 python bench/odd_tables.py [--seed 1] [--minutes 5] [--verify]

Each table is drawn at random: 2 to 1,500 rows, 2 to 5 classes, names with markup, separators,
blanks and line ends, weights from 1e-300 to 1e250, one person or as many as rows, coarse, perfect
or ruined scores, every kind of rule. A warning of NumPy counts as a crash. Where rows have ids, the
same rows in another order must give the same numbers; no page may hold a name unescaped. With
``--verify`` each verdict is derived a second time from its predictions, and must agree; half of
the tables with ids are then looks that are earned or may be topped up, each in a ledger of its own.
"""

import argparse
import json
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import faircompress
from faircompress.data import predictions
from faircompress.second_opinion.reading import read
from faircompress.second_opinion.verify import verify

MARKUP = "<script>alert(1)</script>"
NAMES = ("a", "b", "a=b", "x & y", MARKUP, "Ü", "all", " ", "a|b", "\n", "nan", "not x", "0", "1")
COLUMNS = ("g", "sex", "y=", "a & b", "<b>", "all", "G")
KINDS = ("change", "minimum", "flips", "disparity_change", "excess_loss", "gap", "ratio")
METRICS = ("auroc", "accuracy", "true_positive_rate", "precision", "false_positive_rate",
           "selection_rate", "cross_group_auroc")  # fmt: skip
Drawn = tuple[pd.DataFrame, dict[str, Any]]


def main() -> None:
    """Draw, audit, count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--verify", action="store_true")
    asked = parser.parse_args()
    warnings.simplefilter("error", RuntimeWarning)
    rng, end = np.random.default_rng(asked.seed), time.monotonic() + 60 * asked.minutes
    endings: Counter[str] = Counter()
    number = 0
    while time.monotonic() < end:
        number += 1
        table, asks = draw(rng)
        try:
            endings[audited(table, asks, rng, twice=asked.verify)] += 1
        except ValueError:
            endings["error in words"] += 1
        except Exception as error:  # any crash is what is searched for
            endings["CRASH"] += 1
            print(f"table {number}: {type(error).__name__}: {error}\n  {asks}", flush=True)
    print(dict(endings))
    raise SystemExit(1 if {"CRASH", "ORDER", "DIFFERS"} & set(endings) else 0)


def audited(
    table: pd.DataFrame, asks: dict[str, Any], rng: np.random.Generator, *, twice: bool = False
) -> str:
    """Return the outcome of an audit, or what is wrong with it.

    ``ORDER``: it depends on the order of the rows. ``DIFFERS``: derived again it is another.
    """
    verdict = first_look(table, asks)
    if twice and (found := differences(verdict)):
        print(f"DIFFERS {found[:3]}\n  {asks}", flush=True)
        return "DIFFERS"
    if MARKUP in verdict._repr_html_():
        raise AssertionError("a name stands unescaped in the page")
    if "id" in asks:
        again = first_look(table.iloc[rng.permutation(len(table))], asks)
        if not verdict.to_frame().equals(again.to_frame()):
            print(f"ORDER\n  {asks}", flush=True)
            return "ORDER"
    return str(verdict.outcome.value)


def first_look(table: pd.DataFrame, asks: dict[str, Any]) -> Any:
    """Audit a table that no ledger knows."""
    if not {"looks", "topping_up"} & set(asks):
        return faircompress.audit(table, **asks)
    with tempfile.TemporaryDirectory() as folder:
        return faircompress.audit(table, **asks, ledger=Path(folder) / "ledger")


def differences(verdict: Any) -> list[str]:
    """Return in what a verdict differs from what its predictions, written and read, give."""
    with tempfile.TemporaryDirectory() as folder:
        models = {}
        for name in ("baseline", "candidate"):
            path = Path(folder) / f"{name}.parquet"
            predictions.save(getattr(verdict.pair, name), path)
            models[name] = read(path)
    return [str(one) for one in verify(json.loads(json.dumps(verdict.to_json())), models)]


def draw(rng: np.random.Generator) -> Drawn:
    """Draw a table and what is asked of it."""

    def one(*of: Any) -> Any:
        return of[rng.integers(len(of))]

    rows, classes = one(2, 5, 20, 60, 150, 400, 1500), one(2, 2, 3, 5)
    labels = rng.integers(classes, size=rows)
    logits = rng.normal(size=(rows, classes))
    logits[np.arange(rows), labels] += one(0, 2, 4, 30)
    noisy = logits + one(0, 0.1, 1, 1e6) * rng.normal(size=logits.shape)
    columns: dict[str, Any] = {"y": labels}
    asks: dict[str, Any] = {"label": "y", "groups": [one(*COLUMNS)], "rules": rules(rng)}
    columns[asks["groups"][0]] = rng.choice(rng.choice(NAMES, rng.integers(1, 4), False), rows)
    for name, scores in (("baseline", logits), ("candidate", noisy)):
        chance = np.exp(scores - scores.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        if classes == 2:
            columns[name] = np.round(chance[:, 1], one(1, 12))
            asks[name] = name
        else:
            columns |= {f"{name}_{k}": chance[:, k] for k in range(classes)}
            asks[name] = f"{name}_*"
    if classes == 2:
        asks["threshold"] = one(0.5, 0.5, 0.3, 1e-9, 1 - 1e-9)
    if rng.random() < 0.1:
        columns["candidate" if classes == 2 else "candidate_0"][0] = one(np.nan, np.inf, -1.0, 2.0)
    if rng.random() < 0.4:
        asks["weight"] = "w"
        columns["w"] = one(np.ones(rows), rng.exponential(size=rows), rng.integers(0, 20, rows),
                           10.0 ** rng.uniform(-300, 300, rows), 10.0 ** rng.uniform(-90, 90, rows),
                           1e250 * rng.random(rows), 1e-60 * rng.random(rows))  # fmt: skip
        asks["max_weight"] = one(None, 1, 20, 1e9, 1e99)
    if rng.random() < 0.4:
        asks["cluster"] = "person"
        columns["person"] = one(np.zeros(rows), rng.integers(0, rows // 3 + 1, rows),
                                np.arange(rows))  # fmt: skip
        asks.setdefault("max_weight", one(None, 3, 50, 2000))
    if rng.random() < 0.5:
        asks["id"], columns["id"] = "id", rng.permutation(rows).astype(str)
        asks |= one({}, {}, {"looks": "earn"}, {"topping_up": True})
        if rng.random() < 0.5:
            asks["split"] = "s"
            columns["s"] = np.where(rng.random(rows) < 0.5, "validation", "test")
    return pd.DataFrame(columns), asks


def rules(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Draw one to three rules."""
    found = []
    for _ in range(rng.integers(1, 4)):
        rule = {"rule": str(rng.choice(KINDS)), "metric": str(rng.choice(METRICS))}
        if rule["rule"] == "flips":
            del rule["metric"]
        found.append(rule | {"limit": float(rng.choice([0.03, 0.1, 0.5, 0.8, 1e-9, 0.999999]))})
    return found


if __name__ == "__main__":
    main()
