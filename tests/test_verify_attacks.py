"""Whoever edits verdict.json so that it says more than the predictions do is found out."""

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawing import Json, differences, drawn, rule

from faircompress.second_opinion.reading import read
from faircompress.second_opinion.verify import verify

RULES = [
    rule("change", "accuracy", 0.2, groups=None), rule("flips", groups=None),
    rule("gap", "selection_rate", 0.4, groups=None),
]  # fmt: skip
HARMED = "change accuracy against baseline, skin=dark"


@pytest.fixture(scope="module")
def true(tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, Path]:
    """Give a verdict of harm to skin=dark, and the folder of its predictions."""
    folder = tmp_path_factory.mktemp("true")
    given = drawn(1, rows=300, harm=0.9, crossed=True)
    verdict, found = differences(given, RULES, folder, gate={"intersections": True})
    assert (found, verdict["outcome"], verdict["failures"]) == ([], "fail", "Holm")
    assert _check(verdict, "skin=dark")["outcome"] == "fail"
    return verdict, folder


def named(verdict: Json, folder: Path) -> set[str]:
    """Return what verify finds, each as where and key."""
    used = {name: read(folder / f"{name}.parquet") for name in ("baseline", "candidate")}
    return {f"{one.where}: {one.key}" for one in verify(verdict, used)}


def _check(verdict: Json, group: str) -> Json:
    return next(one for one in verdict["rules"][0]["checks"] if one["group"] == group)


def without(verdict: Json, drops: Callable[[Json], bool]) -> None:
    """Delete checks, and let the rest speak as if they had never been."""
    for one in verdict["rules"]:
        one["checks"] = [check for check in one["checks"] if not drops(check)]
        outcomes = {check["outcome"] for check in one["checks"]}
        one["outcome"] = next((o for o in ("fail", "inconclusive") if o in outcomes), "pass")
    verdict["checks"] = sum(len(one["checks"]) for one in verdict["rules"])
    outcomes = {one["outcome"] for one in verdict["rules"]}
    verdict["outcome"] = next((o for o in ("fail", "inconclusive") if o in outcomes), "pass")


def test_a_failing_check_that_was_deleted_is_named_and_still_fails(true: tuple[Json, Path]) -> None:
    verdict = copy.deepcopy(true[0])
    without(verdict, lambda check: check["group"] == "skin=dark")
    found = named(verdict, true[1])
    assert {f"{HARMED}: check", "change accuracy: outcome"} <= found


def test_all_that_did_not_pass_deleted_is_no_pass(true: tuple[Json, Path]) -> None:
    verdict = copy.deepcopy(true[0])
    without(verdict, lambda check: check["outcome"] != "pass")
    assert verdict["outcome"] == "pass"
    assert {f"{HARMED}: check", "verdict: outcome"} <= named(verdict, true[1])


@pytest.mark.parametrize(
    ("at", "group", "place"),
    [(0, "skin=dark", "skin=dark"), (2, "skin=dark", "skin=dark skin=light"),
     (1, "skin=dark & hair=long", "skin=dark & hair=long 1")],
    ids=["group", "pair", "subgroup"],
)  # fmt: skip
def test_a_place_that_was_left_out_is_missed_by_name(
    at: int, group: str, place: str, true: tuple[Json, Path]
) -> None:
    verdict = copy.deepcopy(true[0])
    of = verdict["rules"][at]
    of["checks"] = [c for c in of["checks"] if (c["group"], c["subgroup"] or "1") != (group, "1")]
    assert f"{of['rule']} {of['metric']} against baseline, {place}: check" in named(
        verdict, true[1]
    )


def test_a_group_column_that_was_ignored_is_named(true: tuple[Json, Path]) -> None:
    verdict = copy.deepcopy(true[0])
    without(verdict, lambda check: "skin" in f"{check['group']} {check['other']}")
    verdict["groups"] = [group for group in verdict["groups"] if "skin" not in group["group"]]
    found = named(verdict, true[1])
    assert {"skin=dark: group", "skin=light: group", f"{HARMED}: check"} <= found


def test_one_crossed_group_that_was_left_out_is_named(true: tuple[Json, Path]) -> None:
    verdict = copy.deepcopy(true[0])
    verdict["groups"] = [g for g in verdict["groups"] if g["group"] != "skin=dark & hair=long"]
    assert "skin=dark & hair=long: group" in named(verdict, true[1])


def test_a_rule_without_checks_against_a_model_that_is_there_is_named(
    true: tuple[Json, Path],
) -> None:
    verdict = copy.deepcopy(true[0])
    verdict["rules"][0] |= {"checks": [], "outcome": "not tested"}
    verdict["checks"] = sum(len(one["checks"]) for one in verdict["rules"])
    found = named(verdict, true[1])
    assert {f"{HARMED}: check", "change accuracy: outcome"} <= found


def test_a_rule_that_was_deleted_is_missed_where_the_verdict_bounds_its_metric(
    true: tuple[Json, Path],
) -> None:
    verdict = copy.deepcopy(true[0])
    del verdict["rules"][0]
    without(verdict, lambda check: False)
    assert "change accuracy: rule" in named(verdict, true[1])


def test_a_check_too_many_and_one_that_stands_twice_are_named(true: tuple[Json, Path]) -> None:
    verdict = copy.deepcopy(true[0])
    checks = verdict["rules"][0]["checks"]
    checks += [checks[0], {**checks[0], "group": "skin=green"}]
    found = named(verdict, true[1])
    assert {f"change accuracy against baseline, {g}: check" for g in ("all", "skin=green")} <= found


def test_a_group_that_is_declared_absent_but_has_rows_is_named(true: tuple[Json, Path]) -> None:
    verdict = copy.deepcopy(true[0])
    verdict["absent"] = ["skin=dark & label=1"]
    assert "verdict: absent" in named(verdict, true[1])


def test_a_rule_that_names_fewer_columns_than_it_has_checks_of_is_found(
    true: tuple[Json, Path],
) -> None:
    verdict = copy.deepcopy(true[0])
    verdict["rules"][0]["columns"] = ["hair"]
    assert f"{HARMED}: check" in named(verdict, true[1])


def test_a_limit_of_a_check_that_is_not_its_rules_is_found(true: tuple[Json, Path]) -> None:
    verdict = copy.deepcopy(true[0])
    _check(verdict, "skin=dark")["limit_lower"] = -0.9
    assert named(verdict, true[1]) == {f"{HARMED}: limit_lower"}


def test_a_gap_in_the_order_of_failures_is_found(tmp_path: Path) -> None:
    given, before = drawn(6, rows=100), drawn(7, rows=100)
    validation = (before["baseline"], before["candidate"])
    verdict, found = differences(given, [RULES[0]], tmp_path, validation=validation)
    assert found == [] and verdict["failures"] == "order of validation"
    verdict["rules"][0]["checks"][0]["rank"] = 9
    assert "rules on groups: ranks" in named(verdict, tmp_path)


def test_a_group_column_that_one_models_file_has_otherwise_is_an_error(
    true: tuple[Json, Path],
) -> None:
    used = {name: read(true[1] / f"{name}.parquet") for name in ("baseline", "candidate")}
    used["baseline"].groups["skin"] = np.full(300, "light")
    with pytest.raises(ValueError, match="group column 'skin' differ between the predictions"):
        verify(true[0], used)
