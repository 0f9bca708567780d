"""Two classes that changed places are refused where both still stand out from all others."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from auditing import audited, run

COMMAND = (
    "faircompress audit p.csv --label y --group g --baseline 'd_*' --candidate 's_*' "
    "--metric accuracy --limit 0.1"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(labels: np.ndarray, logits: np.ndarray, order: list[int]) -> None:
    """Write a table in which column k of both models is that of class ``order[k]``."""
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    named = {f"{m}_{k}": p[:, own] for m in "ds" for k, own in enumerate(order)}
    groups = np.resize(["a", "a", "b"], len(labels))
    pd.DataFrame({"y": labels, "g": groups, **named}).to_csv("p.csv", index=False)


def ages(order: list[int]) -> None:
    """Five bands of age; a row lies half a band from the middle of its own, so none is sure."""
    rng = np.random.default_rng(0)
    labels = np.arange(1500) % 5
    place = labels + rng.normal(0, 0.45, 1500)
    written(labels, -1.5 * (place[:, None] - np.arange(5)) ** 2, order)


def rare(order: list[int]) -> None:
    """Of four classes three have 5 % each and are hardly ever decided for."""
    rng = np.random.default_rng(0)
    shares = np.array([0.85, 0.05, 0.05, 0.05])
    labels = rng.choice(4, 3000, p=shares)
    written(labels, rng.normal(2 * np.eye(4)[labels], 1) + np.log(shares), order)


@pytest.mark.parametrize("order", [[0, 2, 1, 3, 4], [1, 0, 2, 3, 4], [0, 1, 3, 2, 4]])
def test_neighbours_in_age_that_changed_places_are_refused_by_name(order: list[int]) -> None:
    ages(order)
    said = run(COMMAND)
    one, other = (k for k, own in enumerate(order) if k != own)
    assert said.code == 3
    assert f"the baseline takes 'y={one}' and 'y={other}' for each other" in said.err


def test_rare_classes_that_changed_places_are_refused() -> None:
    rare([0, 1, 3, 2])
    said = run(COMMAND)
    assert (said.code, "takes 'y=2' and 'y=3' for each other" in said.err) == (3, True)


def test_classes_in_their_places_are_evaluated_however_weak_the_model() -> None:
    ages([0, 1, 2, 3, 4])
    assert audited(COMMAND)["outcome"] == "pass"
    rare([0, 1, 2, 3])
    assert audited(COMMAND)["rows"] == 3000
    rng = np.random.default_rng(1)
    written(rng.integers(0, 30, 3000), rng.normal(0, 1, (3000, 30)), list(range(30)))
    assert audited(COMMAND)["outcome"] == "inconclusive"
