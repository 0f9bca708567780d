"""Drawn test sets, and looks at them, for the tests of the ledger."""

from typing import Any

import numpy as np

from faircompress.ledger.identity import TestSet
from faircompress.ledger.limits import Rules
from faircompress.ledger.looks import Look, next_look
from faircompress.ledger.record import Ledger

RULES = Rules("r" * 64, {"change auroc sex": 0.03, "change tpr sex": 0.1})


def drawn(rows: int = 200, seed: int = 0, *, names: str = "", **columns: Any) -> TestSet:
    """Draw a test set of two classes and two groups from one population.

    Args:
        rows: How many.
        seed: Another one draws other rows.
        names: Start of the names of ids, people and pictures; empty: rows have none.
        columns: To be put in place of what was drawn.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows)
    scores = 1 / (1 + np.exp(-(3 * labels - 1.5 + rng.normal(0, 1.5, rows))))
    known: dict[str, Any] = {
        "labels": labels, "baseline": scores, "groups": {"sex": rng.choice(["f", "m"], rows)},
    }  # fmt: skip
    if names:
        known |= {
            what: np.array([f"{names} {what} {n}" for n in range(rows)])
            for what in ("ids", "pictures", "identities")
        }
    return TestSet(**(known | columns))


def look_at(
    ledger: Ledger, test_set: TestSet, candidate: str = "a", *, seed: int = 1, **more: Any
) -> Look:
    """Book a look; the candidate is one letter."""
    asked: dict[str, Any] = {
        "baseline": "b" * 64, "rules": RULES, "way": "spend", "alpha": 0.025, **more,
    }  # fmt: skip
    return next_look(ledger, test_set, candidate=candidate * 64, seed=seed, **asked)
