"""Attempts to get a pass by trying often on one test set that a ledger knows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_audit_attacks import COLUMNS, RULES, outcome, rows

import faircompress

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_a_test_set_under_other_names_is_the_same_set() -> None:
    booked = {"ledger": "looks.jsonl", "rules": RULES[:1]}
    df = rows(harmed=False)

    def look(table: pd.DataFrame, **more: Any) -> int | None:
        return faircompress.audit(table, **{**COLUMNS, **booked, **more}).look

    other = df.assign(s=df.s + 1e-6)
    renamed = other.assign(id="x" + other.id)
    assert look(df, id="id") == 1
    assert look(renamed, id="id") == 2
    assert look(other.assign(s=other.s + 1e-6)) == 3  # no ids at all
    assert look(other[::-1][:800], id="id") == 4
    assert look(other.assign(h="x"), id="id", groups=["g", "h"]) == 5


def test_candidates_at_the_limit_do_not_pass_by_being_many() -> None:
    rng = np.random.default_rng(6)
    df = rows(harmed=False, a=200, b=200)
    positives = np.flatnonzero((df.g == "b") & (df.y == 1))
    outcomes = []
    for _ in range(12):
        lost = rng.choice(positives, 10, replace=False)  # a tenth, the limit itself
        s = df.d.to_numpy().copy()
        s[lost] = 0.001
        outcomes.append(outcome(df.assign(s=s), rules=RULES[:1], id="id", ledger="l.jsonl"))
    assert "pass" not in outcomes
