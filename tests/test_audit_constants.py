"""A model that gives every row the same scores is told as that: a baseline refused, a candidate."""

import numpy as np
import pandas as pd
import pytest
from auditing import COLUMNS, audited, hair, run
from foreign import WEIGHTS, pictures, write
from foreign import table as picture_table

pytestmark = pytest.mark.usefixtures("in_empty_folder")
CHANGE = ["change true_positive_rate 0.1", "change auroc 0.1", "change accuracy 0.1"]


def table(**same: float) -> pd.DataFrame:
    """640 rows, of which both models find 290 of 300 positives a group."""
    found = {"long": 290, "short": 290}
    return hair(found, found, positives=300).assign(**same)


def command(rule: str) -> str:
    return f"faircompress audit p.csv {COLUMNS} --id picture --rule '{rule}'"


@pytest.mark.parametrize("rule", CHANGE)
@pytest.mark.parametrize("score", [0.5, 0.1, 0.93])
def test_a_constant_baseline_is_refused_where_a_rule_compares_with_it(
    rule: str, score: float
) -> None:
    noise = np.random.default_rng(0).uniform(-1e-8, 1e-8, 640)
    table(p_dense=score).assign(p_dense=lambda t: t.p_dense + noise).to_csv("p.csv", index=False)
    ended = run(f"{command(rule)} --ledger looks.jsonl")
    assert ended.code == 3
    assert "--baseline: the baseline gives the same scores in all 640 rows" in ended.err
    assert f"y=1 {score:g})" in ended.err
    ended = run(f"{command('minimum accuracy 0.5')}")
    assert ended.code == 0  # a rule on the candidate alone


@pytest.mark.parametrize(
    "rule", ["minimum accuracy 0.5", "gap true_positive_rate 0.2", "ratio selection_rate 0.8"]
)
def test_rules_on_the_candidate_alone_come_out_alike_whatever_the_baseline_and_say_it_is_constant(
    rule: str,
) -> None:
    keys = ("estimate", "lower", "upper", "at_limit_lower", "at_limit_upper", "outcome")
    found = []
    for cells in (table(), table(p_dense=0.5)):
        cells.to_csv("p.csv", index=False)
        verdict = audited(command(rule))
        checks = verdict["rules"][0]["checks"]
        found.append([[check[key] for key in keys] for check in checks])
    assert found[0] == found[1] and verdict["outcome"] == "pass"
    assert verdict["next"][-1].startswith("The baseline gives the same scores in all 640 rows (y=0")
    assert "No rule here compares with it" in verdict["next"][-1]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("gap true_positive_rate 0.2", "does not differ (0.000), 97.5 % bounds"),
        ("ratio selection_rate 0.8", "has a ratio of 1.000, 97.5 % bounds"),
        ("minimum accuracy 0.4", "is 0."),
    ],
)
def test_a_constant_candidate_under_rules_of_its_own_is_told_in_words_that_read_right(
    rule: str, words: str
) -> None:
    table(p_small=0.9).to_csv("p.csv", index=False)
    verdict = audited(command(rule))
    assert verdict["outcome"] == "inconclusive"
    assert all(words in reason for reason in verdict["reasons"])
    lead = "is not shown to be better than chance in hair=long (its lead over chance may be as "
    assert f"{lead}little as -0." in " ".join(verdict["reasons"])


@pytest.mark.parametrize("rule", [*CHANGE, "minimum accuracy 0.5"])
@pytest.mark.parametrize("score", [0.5, 0.1, 0.93])
def test_a_constant_candidate_never_passes_and_is_named_before_all_else(
    rule: str, score: float
) -> None:
    table(p_small=score).to_csv("p.csv", index=False)
    verdict = audited(command(rule))
    assert verdict["outcome"] in ("fail", "inconclusive")
    (told,) = verdict["next"]
    assert told.startswith("The candidate gives the same scores in all 640 rows (y=0 ")
    assert "Do not release it" in told


def test_decided_classes_that_are_always_the_same_are_constant_too() -> None:
    cells = table().assign(p_dense=lambda t: (t.p_dense > 0.5).astype(int), p_small=0)
    cells.to_csv("p.csv", index=False)
    assert "(y=0 1, y=1 0)" in audited(command(CHANGE[0]))["next"][0]


def test_small_scores_that_differ_are_no_constant() -> None:
    cells = table()
    cells[["p_dense", "p_small"]] *= 1e-9
    cells.to_csv("p.csv", index=False)
    verdict = audited(command("change auroc 0.3"))
    assert not any("the same scores" in one for one in verdict["next"])


def test_a_file_whose_scores_are_alike_for_all_pictures_is_refused_as_baseline() -> None:
    picture_table(pictures())
    write("a.onnx", weights=0 * WEIGHTS)
    write("b.onnx")
    ended = run(
        "faircompress audit --data pictures.parquet --image image --label y --group g "
        "--baseline a.onnx --candidate b.onnx --scale 1/255 --rule 'change accuracy 0.1'"
    )
    assert "the baseline gives the same scores in all 24 rows (y=0 0.5, y=1 0.5)" in ended.err
