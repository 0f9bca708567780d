"""Groups that are too small to be judged are told from counts, before anything is trained."""

import logging
from pathlib import Path
from typing import Any

import galleries
import numpy as np
import pandas as pd
import pytest
from test_rows_first import PARAMS, chosen
from test_table import checked

from faircompress.config.rules import Gate, Rule
from faircompress.evaluation.too_small import least, of_data, too_small
from faircompress.orchestration import small_groups
from faircompress.orchestration.workspace import Workspace
from faircompress.statistics.paired_proportions import certainty_floor
from faircompress.validation import rows_first

TPR = Rule(rule="change", metric="true_positive_rate", limit=0.1)


def gate(*rules: Rule, **more: Any) -> Gate:
    usual = {"threshold": 0.5, "power": 0.8, "intersections": False, "looks": "spend"}
    return Gate.model_validate({**usual, "promote": "fp32", **more, "rules": list(rules)})


def counts(**of: int) -> pd.DataFrame:
    """Test rows by ``sex_label``."""
    rows = [(int(name[-1]), name[0]) for name, count in of.items() for _ in range(count)]
    found = pd.DataFrame(rows, columns=["label", "sex"])
    return found.assign(identity=None, weight=1.0)


@pytest.mark.parametrize(("limit", "needed"), [(0.1, 36), (0.03, 122), (0.5, 6)])
def test_the_least_count_is_the_first_whose_certainty_floor_is_within_the_limit(
    limit: float, needed: int
) -> None:
    rule = Rule(rule="change", metric="auroc", limit=limit)
    assert least(rule) == needed
    assert certainty_floor(needed, 0.025) <= limit < certainty_floor(needed - 1, 0.025)


def test_a_group_is_told_with_its_class_its_count_and_what_is_needed() -> None:
    rows = counts(f0=50, f1=20, m0=50, m1=50)
    (one,) = too_small(rows, ("sad", "glad"), ("sex",), gate(TPR))
    assert str(one) == (
        "sex=f has 20 of 'glad' in test, and change true_positive_rate needs 36 at least"
    )
    assert too_small(rows, ("sad", "glad"), ("sex",), gate(TPR.model_copy(update={"limit": 0.2}))) \
        == []  # fmt: skip


def test_flips_are_counted_by_class_and_accuracy_by_all_rows() -> None:
    rows = counts(f0=20, f1=20, m0=50, m1=50)
    flips = gate(Rule(rule="flips", limit=0.1))
    assert [one.kind for one in too_small(rows, ("sad", "glad"), ("sex",), flips)] == [
        "glad", "sad",
    ]  # fmt: skip
    accuracy = gate(Rule(rule="change", metric="accuracy", limit=0.1))
    assert too_small(rows, ("sad", "glad"), ("sex",), accuracy) == []


def test_people_count_and_not_their_pictures() -> None:
    rows = counts(f0=50, f1=40, m0=50, m1=50)
    rows["identity"] = [f"p{at // 2}" for at in range(len(rows))]
    (few, _) = too_small(rows, ("sad", "glad"), ("sex",), gate(TPR))
    assert (few.group, few.units) == ("sex=f", 20)


def test_params_say_it_before_a_picture_is_opened(tmp_path: Path) -> None:
    rows = [row | {"split": ("train", "test")[at % 10 > 6], "person": at} for at, row in
            enumerate(galleries.people(240))]  # fmt: skip
    given = galleries.table(tmp_path, rows) | {"split": "split", "max_weight": 1.0}
    asked = chosen(given, min_subgroup=1)
    raw = rows_first.read_rows(asked.data)
    said = of_data(raw, gate=asked.gate)
    test = raw.rows[raw.rows["split"] == "test"]
    positives = int(np.sum((test["label"] == 1) & (test["sex"] == "0")))
    assert f"sex=0 has {positives} of 'sad' in test, and change auroc, change " in said
    assert "need 122 at least" in said and "join groups by names or bins" in said
    assert said in rows_first.count(asked, also=lambda _: said)


def test_a_run_says_it_between_the_checks_and_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(tmp_path, galleries.table(tmp_path / "root"))
    (tmp_path / "params.yaml").write_text(PARAMS.read_text("utf-8"), "utf-8")
    logger = logging.getLogger("run")
    said: list[str] = []
    monkeypatch.setattr(logger, "warning", said.append)
    monkeypatch.setattr(small_groups, "get_run_logger", lambda: logger)
    small_groups.tell_small_groups(Workspace(tmp_path, tmp_path))
    assert len(said) == 1 and said[0].startswith("Too few test rows to be judged")
    assert "sex=0 has " in said[0] and "flips need 122 at least" in said[0]


def test_a_class_that_a_group_lacks_by_design_is_not_told() -> None:
    rows = counts(f0=50, m0=50, m1=50)
    assert [one.units for one in too_small(rows, ("sad", "glad"), ("sex",), gate(TPR))] == [0]
    declared = gate(TPR, absent=["sex=f & label=glad"])
    assert too_small(rows, ("sad", "glad"), ("sex",), declared) == []
