"""Evaluate drawn data sets and derive each verdict a second time: all must agree."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawing import Json, differences, drawn, rule

from faircompress.data.caps import MaxWeight
from faircompress.data.predictions import save, taken
from faircompress.second_opinion.reading import assigned, read
from faircompress.second_opinion.verify import verify
from faircompress.support.errors import InputError

RANKED = [rule("change", "auroc"), rule("change", "cross_group_auroc")]
DECIDED = [rule("change", "accuracy", 0.2), rule("change", "true_positive_rate"), rule("flips")]
RATES = [rule("change", m) for m in ("false_positive_rate", "selection_rate", "precision")]
OWN = [
    rule("minimum", "auroc", 0.5), rule("minimum", "false_negative_rate", 0.4),
    rule("minimum", "precision", 0.5), rule("gap", "selection_rate", 0.4),
    rule("ratio", "accuracy", 0.6), rule("disparity_change", "true_positive_rate", 0.4),
    rule("excess_loss", "accuracy", 0.2), DECIDED[0],
]  # fmt: skip


@pytest.mark.parametrize(
    "rules", [RANKED, DECIDED, RATES, OWN], ids=["ranked", "decided", "rates", "own"]
)
@pytest.mark.parametrize(
    "how",
    [
        {}, {"decimals": 1}, {"weights": True, "cap": 2.0}, {"people": 2, "cap": 10.0},
        {"people": 2, "both": True, "cap": 16.0}, {"people": 2}, {"harm": 0.9},
    ],
    ids=["alike", "ties", "weights", "people", "people of both classes", "no cap known", "harm"],
)  # fmt: skip
def test_two_classes(how: Json, rules: list[Json], tmp_path: Path) -> None:
    assert differences(drawn(1, **how), rules, tmp_path)[1] == []


@pytest.mark.parametrize("metric", ["auroc", "accuracy"])
@pytest.mark.parametrize("fixed", [("label", "skin"), ("skin",)])
def test_counts_fixed_by_stratum(metric: str, fixed: tuple[str, ...], tmp_path: Path) -> None:
    given = drawn(2, people=2, both=True, cap=20.0, fixed=fixed)
    assert differences(given, [rule("change", metric)], tmp_path)[1] == []


def test_groups_as_large_as_each_other_whose_strata_weigh_fractions(tmp_path: Path) -> None:
    """Wealth is near its goal in some deals, where bets magnify the last digit of a weight."""
    given = drawn(4, rows=2400, fixed=("label", "skin"))
    labels = given["baseline"].labels
    place = np.empty(len(labels), int)
    for k in (0, 1):
        place[labels == k] = np.arange((labels == k).sum())
    even = place < np.bincount(labels)[labels] // 2 * 2
    skin = np.array(["light", "dark"])[place % 2]
    weights = {("0", "light"): 0.7965872963454752, ("0", "dark"): 0.5310581975636501,
               ("1", "light"): 0.0811, ("1", "dark"): 0.0811}  # fmt: skip
    caps = [MaxWeight(w, {"label": label, "skin": of}) for (label, of), w in weights.items()]
    weight = np.array([weights[str(k), of] for k, of in zip(labels, skin, strict=True)])
    known = {"groups": {"skin": skin}, "weights": weight, "max_weight": tuple(caps)}
    given = {name: taken(replace(p, **known), np.flatnonzero(even)) for name, p in given.items()}
    rate = "true_positive_rate"
    rules = [rule("change", rate), rule("disparity_change", rate, 0.4)]
    assert differences(given, rules, tmp_path)[1] == []


@pytest.mark.parametrize(
    "how",
    [{}, {"weights": True, "cap": 2.0}, {"people": 2, "cap": 10.0}, {"fixed": ("label",)},
     {"people": 2, "cap": 12.0, "rows": 500}],
)  # fmt: skip
def test_three_classes(how: Json, tmp_path: Path) -> None:
    rules = [rule("change", m) for m in ("auroc", "accuracy", "precision", "true_positive_rate")]
    assert differences(drawn(3, classes=3, **how), [*rules, rule("flips")], tmp_path)[1] == []


def test_the_wealth_of_rounds_over_classes_is_derived_again(tmp_path: Path) -> None:
    verdict, found = differences(drawn(3, classes=3), RANKED[:1], tmp_path)
    check = verdict["rules"][0]["checks"][0]
    assert (found, check["method"]) == ([], "betting in rounds")
    check["at_limit_lower"] = 1e6
    used = {name: read(tmp_path / f"{name}.parquet") for name in ("baseline", "candidate")}
    assert [d.key for d in verify(verdict, used)] == ["at_limit_lower"]


@pytest.mark.parametrize("classes", [2, 3])
def test_a_class_as_group_is_asked_about_over_all_rows(classes: int, tmp_path: Path) -> None:
    given = drawn(4, classes=classes, of_label=True)
    rules = [{**one, "groups": ["label"]} for one in (RANKED[0], DECIDED[0], OWN[3])]
    assert differences(given, rules, tmp_path)[1] == []


@pytest.mark.parametrize("how", [{}, {"weights": True, "cap": 2.0}, {"classes": 3}])
def test_scores_in_single_precision_are_paired_in_blocks_of_three(
    how: Json, tmp_path: Path
) -> None:
    """One third in single precision is 1e-8 too much, which bets magnify."""
    given = drawn(6, rows=600, single=True, harm=0.3, **how)
    rare = np.where(np.random.default_rng(0).random(600) < 0.2, "dark", "light")
    given = {name: replace(p, groups={"skin": rare}) for name, p in given.items()}
    rules = [rule("change", "auroc", 0.03), rule("change", "cross_group_auroc", 0.03)]
    assert differences(given, rules, tmp_path)[1] == []


def test_one_file_twice_changes_nothing(tmp_path: Path) -> None:
    given = drawn(5)
    given["candidate"] = given["baseline"]
    verdict, found = differences(given, [*RANKED, *DECIDED, *OWN[3:-1]], tmp_path)
    assert found == [] and verdict["rules"][0]["checks"][0]["statistic"] == "identity"


@pytest.mark.parametrize("how", [{}, {"weights": True}])
def test_failures_are_confirmed_in_the_order_of_validation(how: Json, tmp_path: Path) -> None:
    given, before = drawn(6, harm=1.0, rows=300, **how), drawn(7, harm=1.0, rows=300, **how)
    rules = [rule("change", "auroc", 0.03), rule("flips"), rule("gap", "accuracy", 0.05)]
    validation = (before["baseline"], before["candidate"])
    verdict, found = differences(given, rules, tmp_path, validation=validation)
    assert found == []
    assert (verdict["outcome"], verdict["failures"]) == ("fail", "order of validation")


def test_changes_against_the_champion(tmp_path: Path) -> None:
    rules = [RANKED[0], *({**one, "against": "champion"} for one in (*DECIDED, RATES[2]))]
    assert differences(drawn(8, decimals=1), rules, tmp_path)[1] == []


def test_absent_classes_intersections_and_a_second_look(tmp_path: Path) -> None:
    given = drawn(9, of_label=True, crossed=True)
    there = np.flatnonzero(
        (given["baseline"].groups["skin"] != "dark") | (given["baseline"].labels != 1)
    )
    given = {name: taken(one, there) for name, one in given.items()}
    options = {"intersections": True, "absent": ["skin=dark & label=1"]}
    rules = [{**one, "groups": None} for one in DECIDED]
    verdict, found = differences(given, rules, tmp_path, gate=options, look=2)
    assert found == [] and any(" & " in group["group"] for group in verdict["groups"])


def test_a_crossing_without_a_row_leaves_the_verdict_open(tmp_path: Path) -> None:
    given = drawn(9, rows=400, crossed=True)
    groups = given["baseline"].groups
    there = np.flatnonzero((groups["skin"] != "dark") | (groups["hair"] != "long"))
    given = {name: taken(one, there) for name, one in given.items()}
    rules = [{**DECIDED[0], "limit": 0.3, "groups": None}]
    verdict, found = differences(given, rules, tmp_path, gate={"intersections": True})
    assert (found, verdict["outcome"], verdict["rules"][0]["outcome"]) == (
        [], "inconclusive", "pass",
    )  # fmt: skip


def test_a_mean_over_classes_states_its_upper_line_in_natural_units(tmp_path: Path) -> None:
    given = drawn(10, classes=3)
    assert differences(given, [rule("change", "false_positive_rate")], tmp_path)[1] == []


def test_skill_under_fixed_counts(tmp_path: Path) -> None:
    given = drawn(2, rows=300, people=2, cap=10.0, fixed=("skin",))
    assert differences(given, [rule("minimum", "accuracy", 0.5)], tmp_path)[1] == []


def test_a_changed_number_of_a_true_verdict_is_found(tmp_path: Path) -> None:
    given = drawn(1)
    verdict, found = differences(given, DECIDED, tmp_path)
    check = verdict["rules"][0]["checks"][1]
    check["at_limit_lower"] *= 1.001
    used = {name: read(tmp_path / f"{name}.parquet") for name in ("baseline", "candidate")}
    assert found == [] and [d.key for d in verify(verdict, used)] == ["at_limit_lower"]


def test_two_files_of_one_model_are_refused_by_name(tmp_path: Path) -> None:
    rows = read(predictions_in(tmp_path))
    files = {Path("test.parquet"): rows, Path("validation.parquet"): rows}
    with pytest.raises(InputError, match="test.parquet and validation.parquet hold predictions of"):
        assigned({"baseline": rows.model}, files)


def predictions_in(folder: Path) -> Path:
    """Write the predictions of a drawn model; return the file."""
    save(drawn(1)["baseline"], folder / "baseline.parquet")
    return folder / "baseline.parquet"
