"""A pass must be earned: by a candidate that tells something apart, on classes that are there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from auditing import audited, run

GROUPS = "--label y --group g"
TWO = f"faircompress audit p.csv {GROUPS} --baseline d --candidate s"
THREE = f"faircompress audit p.csv {GROUPS} --baseline 'd_*' --candidate 's_*'"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def two(rows: int = 1200, skill: float = 4.0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    logit = rng.normal(skill * (y - 0.5), 1)
    made = {"y": y, "g": rng.choice(["a", "b"], rows), "d": 1 / (1 + np.exp(-logit))}
    return pd.DataFrame({**made, "s": made["d"]})


def three(rows: int = 3000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, rows)
    logit = rng.normal(0, 1, (rows, 3)) + 4 * np.eye(3)[y]
    p = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    named = {f"{m}_{k}": p[:, k] for m in "ds" for k in range(3)}
    return pd.DataFrame({"y": y, "g": rng.choice(["a", "b"], rows), **named})


@pytest.mark.parametrize(
    "rule",
    [
        "auroc --limit 0.03",
        "true_positive_rate --limit 0.1",
        "false_positive_rate --limit 0.1",
        "accuracy --limit 0.1",
    ],
)
def test_two_useless_models_do_not_pass(rule: str) -> None:
    rows = two(2400, skill=0.0)
    rows.to_csv("p.csv", index=False)
    verdict = audited(f"{TWO} --metric {rule}")
    assert verdict["outcome"] == "inconclusive"
    assert all("not shown to be better than chance" in one for one in verdict["reasons"])


@pytest.mark.parametrize("constant", [0.0, 0.4, 1.0])
def test_a_constant_does_not_pass_whatever_the_rule(constant: float) -> None:
    two().assign(s=constant).to_csv("p.csv", index=False)
    metrics = ["true_positive_rate", "false_positive_rate", "accuracy", "selection_rate"]
    rules = [f"--metric {metric} --limit 0.9" for metric in metrics]
    for rule in [*rules, "--metric auroc --limit 0.9"][: 4 + (0 < constant < 1)]:
        assert audited(f"{TWO} {rule}")["outcome"] != "pass", rule


def test_a_limit_beyond_what_the_baseline_can_do_is_no_limit() -> None:
    """AUROC of two normals 1 apart is Phi(1 / sqrt 2) = .76: a constant loses only .26 of it."""
    two(skill=1.0).to_csv("p.csv", index=False)
    verdict = audited(f"{TWO} --metric auroc --limit 0.3")
    assert verdict["outcome"] == "inconclusive"
    assert verdict["reasons"][0].count("a constant would pass") == 1
    assert audited(f"{TWO} --metric auroc --limit 0.15")["outcome"] == "pass"


def test_doubt_of_skill_never_undoes_a_confirmed_harm() -> None:
    rows = two()
    rows["s"] = np.where(rows.g == "b", 1 - rows.d, rows.d)
    rows.to_csv("p.csv", index=False)
    assert audited(f"{TWO} --metric auroc --limit 0.03")["outcome"] == "fail"


@pytest.mark.parametrize("metric", ["auroc", "accuracy", "true_positive_rate"])
def test_probabilities_of_the_other_class_are_refused(metric: str) -> None:
    rows = two()
    rows.assign(d=1 - rows.d, s=1 - rows.s).to_csv("p.csv", index=False)
    said = run(f"{TWO} --metric {metric} --limit 0.1")
    assert said.code == 3
    assert "Is this the probability of the other class" in said.err


def test_two_of_three_columns_that_changed_places_are_refused_by_name() -> None:
    rows = three()
    turned = rows.rename(columns={f"{m}_{k}": f"{m}_{1 - k}" for m in "ds" for k in (0, 1)})
    turned.to_csv("p.csv", index=False)
    said = run(f"{THREE} --metric accuracy --limit 0.1")
    assert said.code == 3
    assert "the baseline's scores for 'y=0' put it last" in said.err


def test_a_refused_table_spends_no_look() -> None:
    rows = two()
    rows.assign(d=1 - rows.d, id=rows.index).to_csv("p.csv", index=False)
    assert run(f"{TWO} --metric auroc --limit 0.1 --id id --looks looks.json").code == 3
    assert not Path("looks.json").exists()


@pytest.mark.parametrize("left", [2, 1, 0])
@pytest.mark.parametrize("metric", ["auroc", "true_positive_rate"])
def test_a_class_that_a_group_lost_does_not_pass_by_thinning_its_rows(
    metric: str, left: int
) -> None:
    rows = three()
    gone = (rows.y == 2) & (rows.g == "b")
    rows.loc[gone, "s_1"], rows.loc[gone, "s_2"] = rows.s_1 + rows.s_2, 0.0
    rows = pd.concat([rows[~gone], rows[gone][:left]])
    rows.to_csv("p.csv", index=False)
    verdict = audited(f"{THREE} --metric {metric} --limit 0.1")
    assert verdict["outcome"] == "inconclusive"


def test_a_class_that_is_declared_absent_is_not_missed() -> None:
    rows = three()
    rows = rows[~((rows.y == 2) & (rows.g == "b"))]
    rows.to_csv("p.csv", index=False)
    command = f"{THREE} --metric accuracy --limit 0.1"
    missed = audited(command)
    assert missed["outcome"] == "inconclusive"
    assert "no row of g=b is y=2" in missed["reasons"][0]
    assert audited(f"{command} --absent 'g=b & y=2'")["outcome"] == "pass"
    said = run(f"{command} --absent 'group=b & y=2'")
    assert (said.code, "'group' is neither the label's column nor a group's" in said.err) == (
        3,
        True,
    )


def test_a_metric_without_a_bound_for_weighted_rows_is_left_open_with_the_reason() -> None:
    rows = two()
    rows.assign(w=1 + rows.index % 3).to_csv("p.csv", index=False)
    verdict = audited(f"{TWO} --metric precision --limit 0.1 --weight w --max-weight 3")
    assert verdict["outcome"] == "inconclusive"
    assert "precision: no bound is known where rows are weighted" in verdict["reasons"][0]


def test_a_row_heavier_than_declared_is_refused_and_a_missing_cap_is_told() -> None:
    rows = two(4000)
    rows.assign(w=1.0 + (rows.index % 10 == 0)).to_csv("p.csv", index=False)
    said = run(f"{TWO} --metric auroc --limit 0.1 --weight w --max-weight 1.5")
    assert (said.code, "weighs 2, more than the 1.5 that one may weigh" in said.err) == (3, True)
    assert audited(f"{TWO} --metric auroc --limit 0.1 --weight w --max-weight 2")["notes"] == []
    told = audited(f"{TWO} --metric auroc --limit 0.1 --weight w")["notes"]
    assert told[0].startswith("Nothing says how much one cluster weighs at most, so 20 is taken.")


def test_where_an_undeclared_cap_may_be_why_it_is_open_that_is_said_first() -> None:
    rows = two(4000)
    other = {"w": 1.0 + (rows.index % 10 == 0), "s": 0.99 * rows.s}
    rows.assign(**other).to_csv("p.csv", index=False)
    asked = f"{TWO} --metric auroc --limit 0.02 --weight w"
    verdict = audited(asked)
    assert verdict["outcome"] == "inconclusive"
    assert verdict["next"][0].startswith("Declare what the heaviest cluster in the population")
    verdict = audited(f"{asked} --max-weight 2")
    assert (verdict["outcome"], verdict["next"]) == ("pass", ["Release the candidate file."])


def test_rows_too_light_to_count_beside_the_cap_leave_the_verdict_open() -> None:
    rows = two()
    rows.assign(w=1e-9).to_csv("p.csv", index=False)
    for metric in ("auroc", "true_positive_rate"):
        verdict = audited(f"{TWO} --metric {metric} --limit 0.1 --weight w")
        assert verdict["outcome"] == "inconclusive"
