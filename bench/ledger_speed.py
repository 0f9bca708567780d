"""Processor time of a first and a second look at 200,000 rows: ``python bench/ledger_speed.py``."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.ledger.identity import TestSet
from faircompress.ledger.limits import Rules
from faircompress.ledger.looks import next_look
from faircompress.ledger.record import Ledger

ROWS, GROUPS = 200_000, 8


def drawn(rng: np.random.Generator, *, named: bool) -> TestSet:
    """Draw rows, each of a person and with a picture of its own, or without any name."""
    labels = rng.integers(0, 2, ROWS)
    names: dict[str, Any] = {
        "ids": [f"folder/picture-{n}.jpg" for n in rng.permutation(ROWS)],
        "pictures": [f"{n:064x}" for n in rng.integers(0, 2**62, ROWS)],
        "identities": [f"person {n}" for n in rng.integers(0, ROWS // 2, ROWS)],
    }
    given: dict[str, Any] = {k: np.array(column) for k, column in names.items()} if named else {}
    return TestSet(
        labels=labels,
        groups={"group": rng.integers(0, GROUPS, ROWS).astype(str)},
        baseline=1 / (1 + np.exp(-(3 * labels - 1.5 + rng.normal(0, 1.5, ROWS)))),
        **given,
    )


def main() -> None:
    """Print processor seconds and bytes."""
    rules = Rules("r" * 64, {"change auroc group": 0.03})
    for named in (True, False):
        rng = np.random.default_rng(0)
        with tempfile.TemporaryDirectory() as folder:
            ledger = Ledger(Path(folder) / "ledger.jsonl")
            for number in (1, 2):
                test_set, start = drawn(rng, named=named), time.process_time()
                look = next_look(
                    ledger, test_set, candidate="c" * 64, baseline="b" * 64, rules=rules,
                    way="spend", alpha=0.025, seed=1,
                )  # fmt: skip
                spent = time.process_time() - start
                size = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file())
                print(f"named {named}, set {number}: look {look.number}, unsure {look.unsure}, "
                      f"{spent:.2f} s of processor time, {size / 1e6:.1f} MB kept")  # fmt: skip


if __name__ == "__main__":
    main()
