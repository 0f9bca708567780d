"""Clusters that are many people under one name, where each cluster counts once."""

import numpy as np
import pandas as pd
import pytest

import faircompress
from faircompress.auditing.result import AuditVerdict

ROWS = 800  # of people with two rows, and as many of people with no name of their own


def audit(unnamed: list[str], *, lost: float, counts: str = "clusters") -> AuditVerdict:
    """Audit a table whose second half has these names; a share of its positives is lost."""
    rng = np.random.default_rng(1)
    y = np.arange(2 * ROWS) % 2
    p = rng.uniform(0.6, 0.9, 2 * ROWS)
    p = np.where(y == 1, p, 1 - p)
    second = np.arange(2 * ROWS) >= ROWS
    q = np.where(second & (y == 1) & (rng.random(2 * ROWS) < lost), 1 - p, p)
    who = [f"person {row // 2}" for row in range(ROWS)] + unnamed
    rows = pd.DataFrame({"y": y, "g": "all", "p": p, "q": q, "who": who})
    return faircompress.audit(
        rows, label="y", groups=["g"], baseline="p", candidate="q", cluster="who", counts=counts,
        rules=["change true_positive_rate 0.1"],
    )  # fmt: skip


@pytest.mark.parametrize("word", ["unknown", "n/a", "-1"])
def test_rows_of_nobody_known_do_not_count_as_one_person(word: str) -> None:
    with pytest.raises(ValueError, match=f"unknown.*in 800 of 1,600 rows.*'{word}'"):
        audit([word] * ROWS, lost=0.6)  # .4 of the population's positives, .1 may be


@pytest.mark.parametrize("code", ["0", "9999"])
def test_harm_does_not_pass_behind_a_code_that_counts_once(code: str) -> None:
    with pytest.raises(ValueError, match=f"Cluster '{code}' has 800 of 1,600 rows.*they pass"):
        audit([code] * ROWS, lost=0.6)


def test_two_codes_hide_harm_no_better_than_one() -> None:
    with pytest.raises(ValueError, match="no usual one more than 2"):
        audit(["0"] * (ROWS // 2) + ["9"] * (ROWS // 2), lost=0.6)


def test_somebody_with_many_rows_does_not_stand_against_an_unharmed_candidate() -> None:
    assert audit(["0"] * ROWS, lost=0.0).outcome == "pass"


def test_people_of_uneven_but_usual_sizes_are_no_codes() -> None:
    found = audit([f"more {row // 15}" for row in range(ROWS)], lost=0.0)
    assert found.outcome == "pass"
    assert found.pair is not None and found.pair.readings == ()
