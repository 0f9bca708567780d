"""The second opinion, on numbers that a reader can check by hand."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from faircompress.cli.main import app
from faircompress.second_opinion import betting, deals, paired_proportions, rates
from faircompress.second_opinion.reading import Predictions
from faircompress.second_opinion.verify import verify


def ready(x: np.ndarray, c: float = 1.0) -> betting.Game:
    return betting.game(x, np.full(x.shape, c), np.full(len(x), x.shape[1]))


def side_table(values: list[float], positive: list[bool], **given: Any) -> deals.Table:
    n = len(values)
    return deals.table(
        np.array([values, values]),
        np.array(positive),
        given.get("weight", np.ones(n)),
        given.get("cluster", np.arange(n)),
        given.get("stratum"),
        given.get("caps", (1.0, 1.0)),
    )


def test_the_seed_is_read_from_the_hash_of_class_counts() -> None:
    assert deals.seed_of(np.repeat([0, 1], [450, 150])) == 17166406266425061137


def test_a_share_without_a_hit_is_bounded_by_the_rule_of_three() -> None:
    assert paired_proportions.upper_share(0, 72, 0.025) == pytest.approx(1 - 0.025 ** (1 / 72))
    assert paired_proportions.lower_share(0, 72, 0.025) == 0
    assert paired_proportions.lower_share(72, 72, 0.025) == pytest.approx(0.025 ** (1 / 72))


def test_73_rows_without_loss_exclude_a_loss_of_05_and_72_do_not() -> None:
    assert (
        paired_proportions.tail(0, 0, 73, -0.05, 0.025)
        <= 0.025
        < paired_proportions.tail(0, 0, 72, -0.05, 0.025)
    )


def test_the_tail_is_never_below_the_chance_of_no_loss() -> None:
    assert paired_proportions.tail(0, 0, 40, -0.1, 0.05) >= 0.9**40


def test_the_tail_of_a_change_at_or_above_the_estimate_is_1() -> None:
    assert paired_proportions.tail(2, 1, 50, -0.02, 0.05) == 1
    assert paired_proportions.lower_change(2, 1, 50, 0.05) < -0.02


def test_the_tail_may_cross_alpha_more_than_once() -> None:
    tails = [paired_proportions.tail(5, 5, 20, m, 0.05) for m in (-0.285, -0.28, -0.275, -0.27)]
    assert [tail <= 0.05 for tail in tails] == [True, False, True, False]


def test_the_score_is_that_of_mcnemar_where_the_null_is_no_change() -> None:
    found = paired_proportions.score(np.array(8), np.array(2), 100, 0.0)
    assert found == pytest.approx((2 - 8) / math.sqrt(2 + 8))


def test_wealth_without_harm_is_at_most_the_law_of_section_12() -> None:
    for n, passes in ((71, False), (90, True)):
        found = betting.wealth(ready(np.zeros((20, n))), -0.05, -1, 0.025)
        assert found <= (1 + 0.05 / 0.95) ** n * (1 + 1e-9)
        assert (found >= 40) is passes


def test_wealth_has_mean_1_over_all_sequences_of_6_units_at_the_null() -> None:
    chances = {-1.0: 0.15, 0.0: 0.8, 1.0: 0.05}  # mean -0.1
    sequences = np.array(list(itertools.product(chances, repeat=6)))
    chance = np.prod([[chances[x] for x in one] for one in sequences], axis=1)
    logs = betting.log_wealths(ready(sequences), np.array([-0.1]), -1, 0.05 / 3)[0]
    assert chance @ np.exp(logs) == pytest.approx(1, abs=1e-12)


def test_steps_are_the_distinct_edges_of_48_equal_parts() -> None:
    found = ready(np.zeros((20, 50)))
    assert found.x.shape == (20, 48, 2)
    assert found.start[0, :3].tolist() == [0, 1, 2] and found.c[0].sum() == 50


def test_ranking_counts_ties_by_half_and_weights_by_product() -> None:
    scores, positive = np.array([0.1, 0.5, 0.5, 0.9]), np.array([False, False, True, True])
    assert rates.auroc(scores, positive, np.ones(4)) == (1 + 0.5 + 1 + 1) / 4
    weighted = rates.auroc(scores, positive, np.array([3.0, 1, 1, 1]))
    assert weighted == pytest.approx((3 * 1 + 1 * 0.5 + 3 * 1 + 1 * 1) / 8)


def test_rows_are_sorted_by_side_values_weight_and_cluster_size() -> None:
    found = side_table([0.9, 0.1, 0.5, 0.5], [False, True, False, False],
                       weight=np.array([1.0, 1, 3, 2]))  # fmt: skip
    assert found.values[0].tolist() == [0.5, 0.5, 0.9, 0.1]
    assert found.weight.tolist() == [2, 3, 1, 1]
    assert found.cluster.tolist() == [0, 1, 2, 3]


def test_two_positives_share_five_negatives_in_blocks_of_two() -> None:
    given = side_table([0.0, 0.1, 0.2, 0.3, 0.4, 0.9, 1.0], [False] * 5 + [True] * 2)
    found, effective = deals.deal_rankings(given, 7)
    assert found.values.shape == (2, 200, 2) and effective == 2
    assert (found.values == 1).all() and found.weights.all()


def test_a_cluster_of_both_sides_serves_one_and_counts_half() -> None:
    given = side_table([0.1, 0.2, 0.8, 0.9], [False, False, True, True],
                       cluster=np.array([0, 1, 0, 2]), caps=(2.0, 2.0))  # fmt: skip
    found, effective = deals.deal_rankings(given, 7)
    assert effective == (2 * 1 / 2) / 2 + 1 / 2  # doubled, counted half; the other alone
    assert found.weights.sum(1).max() <= 2


def test_a_deal_over_two_strata_ends_when_one_is_used_up() -> None:
    given = side_table([1.0, 0.0], [True, True], stratum=np.array([0, 1]))
    found, effective = deals.deal_means(given, 7)
    assert effective == 2 and set(found.weights.sum(1)) == {1.0}
    assert set(found.planned) == {2}


def test_a_mean_weighs_clusters_by_their_share_of_the_cap() -> None:
    given = side_table([1.0, 0.0, 1.0], [True] * 3, weight=np.array([1.0, 3, 2]),
                       cluster=np.array([0, 0, 1]), caps=(8.0, 8.0))  # fmt: skip
    found, effective = deals.deal_means(given, 7)
    assert effective == pytest.approx(4 / 8 + 2 / 8)
    assert sorted(found.values[0, 0]) == [0.25, 1.0]


ROWS = 100


def alike() -> dict[str, Predictions]:
    """100 rows, 50 of each class: both models are always right, one row is lost."""
    labels = np.repeat([0, 1], 50)
    sure = np.where(labels, 0.9, 0.1)
    lost = np.where(np.arange(ROWS) == 0, 0.6, sure)
    return {
        name: Predictions(
            ids=np.array([f"{i:03d}" for i in range(ROWS)]),
            labels=labels,
            probabilities=np.stack([1 - p, p], 1),
            groups={},
            clusters=np.arange(ROWS),
            weights=np.ones(ROWS),
            classes=("no", "yes"),
            model=name[0] * 64,
            data="d" * 64,
        )
        for name, p in (("baseline", sure), ("candidate", lost))
    }


def stated(**changed: Any) -> dict[str, Any]:
    """The verdict that follows: accuracy fell by .01, and a fall of .1 is excluded."""
    check = {
        "group": "all", "other": None, "subgroup": None, "estimate": -0.01, "baseline": 1.0,
        "candidate": 0.99, "n": 100, "clusters": None, "effective_n": 100.0, "outcome": "pass",
        "lower": paired_proportions.lower_change(1, 0, 100, 0.025),
        "upper": -paired_proportions.lower_change(0, 1, 100, 0.025), "statistic": "tail",
        "at_limit_lower": paired_proportions.tail(1, 0, 100, -0.1, 0.025), "at_limit_upper": None,
        "rank": None, "failed_at": None, "limit_lower": -0.1, "limit_upper": None,
    } | changed  # fmt: skip
    rule = {
        "rule": "change", "metric": "accuracy", "against": "baseline", "limit": 0.1,
        "alpha": 0.025, "columns": None, "outcome": "pass", "checks": [check],
    }  # fmt: skip
    group = {"group": "all", "column": "all", "rows": 100, "positives": 50, "negatives": 50}
    return {
        "schema": 2, "outcome": "pass", "rules": [rule], "costs": [], "absent": [],
        "groups": [group | {"caps": None}], "thresholds": {"baseline": 0.5, "candidate": 0.5},
        "models": {"baseline": "b" * 64, "candidate": "c" * 64}, "data": "d" * 64,
        "classes": ["no", "yes"], "rows": 100, "checks": 1, "failures": "Holm",
        "seed": deals.seed_of(np.repeat([0, 1], 50)),
    }  # fmt: skip


def test_a_verdict_that_follows_from_its_predictions_agrees() -> None:
    assert verify(stated(), alike()) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("estimate", -0.02), ("at_limit_lower", 1e-4), ("outcome", "inconclusive"), ("n", 99),
     ("baseline", 0.9), ("lower", -0.01), ("statistic", "wealth")],
)  # fmt: skip
def test_a_number_that_does_not_follow_is_named(key: str, value: object) -> None:
    found = verify(stated(**{key: value}), alike())
    assert (found[0].key, found[0].stated) == (key, value)


def test_a_pass_of_a_model_that_always_says_no_is_not_earned() -> None:
    constant = np.tile([0.9, 0.1], (ROWS, 1))
    given = {
        name: Predictions(**{**vars(p), "probabilities": constant}) for name, p in alike().items()
    }
    found = {d.key: d.found for d in verify(stated(), given)}
    assert found["estimate"] == 0 and found["outcome"] == "inconclusive"


def test_a_file_of_another_model_and_other_data_are_named() -> None:
    given = alike()
    given["candidate"] = Predictions(**{**vars(given["candidate"]), "model": "x" * 64})
    assert [d.key for d in verify(stated(), given)] == ["models.candidate"]
    assert [d.key for d in verify({**stated(), "data": "e" * 64}, alike())] == ["data"]


def save(rows: Predictions, path: Path) -> None:
    facts = {"classes": rows.classes, "model": rows.model, "data": rows.data}
    columns = {"id": rows.ids.tolist(), "label": rows.labels, "weight": rows.weights}
    columns |= {f"p:{k}": rows.probabilities[:, k] for k in (0, 1)}
    table = pa.table(columns).replace_schema_metadata({b"faircompress": json.dumps(facts)})
    pq.write_table(table, path)


def test_the_command_tells_models_by_their_hash_and_exits_by_what_it_found(tmp_path: Path) -> None:
    for name, rows in alike().items():
        save(rows, tmp_path / f"{name}.parquet")
    files = [str(tmp_path / f"{name}.parquet") for name in ("candidate", "baseline")]
    for changed, code, words in (
        ({}, 0, "verdict.json agrees with the predictions: 1 checks re-derived"),
        ({"n": 99}, 1, "change accuracy against baseline, all: n is 99 in the verdict, 100 here"),
    ):
        (tmp_path / "verdict.json").write_text(json.dumps(stated(**changed)))
        done = CliRunner().invoke(app, ["verify", str(tmp_path / "verdict.json"), *files])
        assert (done.exit_code, done.output.strip()) == (code, words)


def test_a_file_that_holds_no_predictions_is_named(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text(json.dumps(stated()))
    (tmp_path / "x.parquet").write_text("no")
    done = CliRunner().invoke(app, ["verify", *map(str, tmp_path.glob("*.*"))])
    assert (
        isinstance(done.exception, ValueError)
        and "verdict.json" in str(done.exception)
        or ("x.parquet is no file of predictions" in str(done.exception))
    )


def test_a_file_that_is_not_there_is_told_with_the_places_of_predictions(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text(json.dumps(stated()))
    done = CliRunner().invoke(app, ["verify", str(tmp_path / "verdict.json"), "gate/*"])
    assert str(done.exception).startswith("there is no gate/*. Needed are the predictions")
    assert "dense-test.parquet and pruned-test.parquet in artifacts/export/predictions" in str(
        done.exception
    )


@pytest.mark.parametrize("key", ["rule", "metric"])
def test_a_kind_or_metric_that_is_not_derived_here_is_named(key: str) -> None:
    known = {"rule": "change", "metric": "auroc"}
    with pytest.raises(ValueError, match=f"the {key} 'shift' is not among what is derived here"):
        verify({"rules": [known, {**known, key: "shift"}]}, {})
