"""Where looks are earned, e-values are derived a second time, for every kind of rule."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from verifying import derived_by_test

import faircompress
from faircompress.second_opinion.paired_proportions import tests as of_alike
from faircompress.second_opinion.reading import read
from faircompress.second_opinion.verify import Difference, verify

TWO = [
    "change auroc 0.1", "change true_positive_rate 0.2", "change false_positive_rate 0.2",
    "change selection_rate 0.2", "change precision 0.3", "flips 0.2",
    "disparity_change true_positive_rate 0.4", "gap selection_rate 0.4", "gap auroc 0.3",
    "ratio true_positive_rate 0.6", "excess_loss accuracy 0.2", "minimum true_positive_rate 0.3",
]  # fmt: skip
MANY = [
    "change auroc 0.1", "change true_positive_rate 0.2", "gap true_positive_rate 0.4",
    "disparity_change auroc 0.3", "flips 0.3", "excess_loss accuracy 0.3",
]  # fmt: skip


def table(classes: int, people: bool, rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(classes + people)
    label = rng.integers(classes, size=rows)
    scores = rng.normal(size=(rows, classes)) + 3 * (label[:, None] == np.arange(classes))
    after = scores + rng.normal(0, 0.1, scores.shape)
    found = {"y": label, "g": rng.choice(["a", "b"], rows), "id": [f"r{k:04}" for k in range(rows)]}
    for name, logits in (("d", scores), ("s", after)):
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        if classes == 2:
            found[name] = p[:, 1]
        else:
            found |= {f"{name}_{k}": p[:, k] for k in range(classes)}
    if people:
        found |= {"who": np.arange(rows) // 2, "w": rng.uniform(1, 2, rows)}
    return pd.DataFrame(found)


def earned(
    folder: Path, classes: int, people: bool, rules: list[str] | None = None, **given: Any
) -> tuple[dict[str, Any], list[Difference]]:
    star = "" if classes == 2 else "_*"
    rules = rules or (TWO if classes == 2 else MANY)
    if people:
        given |= {"cluster": "who", "weight": "w", "max_weight": 8.0}
    verdict = faircompress.audit(
        table(classes, people), label="y", groups=["g"], id="id", baseline=f"d{star}",
        candidate=f"s{star}", rules=rules, confidence=0.9,
        ledger=folder / "ledger", **given,
    )  # fmt: skip
    verdict.save(folder / "audit")
    derived_by_test(folder / "audit" / "verdict.json")
    stated = json.loads((folder / "audit" / "verdict.json").read_text())
    return stated, derived(folder, stated)


def derived(folder: Path, stated: dict[str, Any]) -> list[Difference]:
    files = {f.model: f for f in map(read, (folder / "audit").glob("predictions-*.parquet"))}
    models = {name: files[digest] for name, digest in stated["models"].items()}
    return verify(stated, models)


@pytest.mark.parametrize("people", [False, True], ids=["rows", "people"])
@pytest.mark.parametrize("classes", [2, 3])
def test_every_e_value_of_an_earned_look_is_found_again(
    tmp_path: Path, classes: int, people: bool
) -> None:
    stated, differences = earned(tmp_path, classes, people, looks="earn")
    found = [check["e_value"] for rule in stated["rules"] for check in rule["checks"]]
    assert differences == [] and None not in found and len({round(e, 6) for e in found}) > 5


def test_every_e_value_of_a_look_that_may_be_topped_up_is_found_again(tmp_path: Path) -> None:
    stated, differences = earned(tmp_path, 2, False, topping_up=True)
    found = [check["e_value_of_parts"] for rule in stated["rules"] for check in rule["checks"]]
    assert differences == [] and None not in found


def test_an_e_value_that_was_raised_or_taken_out_is_noticed(tmp_path: Path) -> None:
    rules = ["change true_positive_rate 0.2", "change precision 0.3"]  # of precision it is 0
    stated, differences = earned(tmp_path, 2, False, rules, looks="earn")
    assert differences == []
    for check in (stated["rules"][0]["checks"][1], stated["rules"][1]["checks"][0]):
        true = check["e_value"]
        for forged in (1e6, None):
            check["e_value"] = forged
            assert "e_value" in {one.key for one in derived(tmp_path, stated)}
        check["e_value"] = true


def test_the_e_value_of_a_rate_multiplies_one_bet_a_row() -> None:
    """Of 40 rows none is lost; the null is a change of -.1: each row gains .1 times the bet."""
    right = np.ones(40, bool)
    found = of_alike(right, right)[2](2, 1, np.array([-0.1]), 0.05)[0]
    bet = np.sqrt(2 * np.log(20) / (40 * 0.2))
    assert found == pytest.approx((1 + 0.1 * bet) ** 40)
