"""The benchmark: each cell judged by the public audit, beside the dense and the moved model."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from test_study_harm import BLOND, PLAN, said

from faircompress.data import predictions
from faircompress.orchestration.study_files import SPLITS, predictions_file
from faircompress.study.plan import Cell, Plan
from faircompress.study.resampling import Estimate
from faircompress.support.files import write_json

ROOT = Path(__file__).parent.parent
METHODS = ("shy", "lost")


@pytest.fixture(scope="module")
def bench() -> dict[str, Any]:
    sys.path.insert(0, str(ROOT / "bench"))
    try:
        return runpy.run_path(str(ROOT / "bench" / "who_pays.py"))
    finally:
        sys.path.remove(str(ROOT / "bench"))


@pytest.fixture(scope="module")
def scored(
    bench: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Plan, pd.DataFrame]:
    """Give the project, the plan and the rows of a study of one seed, whose networks are gone."""
    project = tmp_path_factory.mktemp("bench")
    folder = project / "studies" / "tiny"
    plan = PLAN.model_copy(
        update={"methods": dict.fromkeys(METHODS, {}), "seeds": [1], "speedups": [2.0],
                "endpoint": PLAN.endpoint.model_copy(update={"baselines": ["shy"]})}
    )  # fmt: skip
    dense = Cell("d", "m", 1)
    for cell in (dense, *(Cell("d", "m", 1, method, 0, 2.0) for method in METHODS)):
        for split in SPLITS:
            predictions.save(said(cell, split), predictions_file(folder, cell, split))
        facts = {"model_sha256": cell.key, "parameters": 10, "speedup": 2.1 if cell.method else 1.0}
        write_json(folder / "cells" / f"{cell.key}.json", facts)
    found = pd.DataFrame(bench["scored"](bench["Bench"](project, "tiny"), plan))
    return project, plan, found


def of(table: pd.DataFrame, method: str, row: str) -> "pd.Series[Any]":
    (found,) = [
        line for _, line in table.iterrows()
        if (line["method"], line["row"], line["subgroup"]) == (method, row, BLOND)
    ]  # fmt: skip
    return found


def test_each_cell_has_its_row_and_the_dense_models_two_in_every_subgroup(
    scored: tuple[Path, Plan, pd.DataFrame],
) -> None:
    _, _, table = scored
    assert len(table) == 2 * 3 * 4  # methods, kinds of rows, class x hair
    assert set(table["row"]) == {"method", "dense", "dense, moved"}
    same = of(table, "lost", "dense")
    assert (same["at_half"], same["flips"], same["accuracy"]) == (0, 0, 0)
    assert of(table, "lost", "method")["speedup"] == 2.1


def test_a_method_that_only_moved_its_threshold_is_the_dense_model_moved(
    scored: tuple[Path, Plan, pd.DataFrame],
) -> None:
    _, _, table = scored
    shy, moved = of(table, "shy", "method"), of(table, "shy", "dense, moved")
    assert shy["at_half"] < -0.6
    assert moved["at_half"] == pytest.approx(shy["at_half"], abs=0.02)
    assert abs(shy["at_selection_rate"]) < 0.02 and abs(moved["at_selection_rate"]) < 0.02
    assert abs(shy["cross_group_auroc"]) < 1e-9  # ranking is as it was


def test_the_audit_decides_and_names_who_was_harmed(
    scored: tuple[Path, Plan, pd.DataFrame],
) -> None:
    _, _, table = scored
    lost = of(table, "lost", "method")
    assert lost["outcome"] == "fail" and lost["checks_failed"] > 0
    assert "hair=short" in lost["reason"]
    assert lost["at_own_fpr"] < -0.6 and lost["flips"] > 0.6
    assert of(table, "lost", "dense")["checks_failed"] == 0


def test_what_was_scored_is_not_scored_again_and_everything_is_written(
    bench: dict[str, Any], scored: tuple[Path, Plan, pd.DataFrame]
) -> None:
    project, plan, table = scored
    kept = project / "studies" / "tiny" / "benchmark"
    before = {path: path.stat().st_mtime_ns for path in kept.glob("cells/*.json")}
    again = pd.DataFrame(bench["scored"](bench["Bench"](project, "tiny"), plan))
    assert {path: path.stat().st_mtime_ns for path in kept.glob("cells/*.json")} == before
    page = bench["write_page"](kept, "tiny", plan, again).read_text("utf-8")
    back = pd.read_parquet(kept / "cells.parquet")
    pd.testing.assert_frame_equal(back, table, check_dtype=False)
    assert "<h1>d at 2\u00d7: shy changes blond, hair=short by" in page
    assert "dense at lost&#39;s rate" in page and "0, 0, 1" in page
    assert "| lost |" in (kept / "who-pays.md").read_text("utf-8")


def test_people_shared_by_all_seeds_widen_the_interval_as_the_study_has_it(
    bench: dict[str, Any], scored: tuple[Path, Plan, pd.DataFrame], tmp_path: Path
) -> None:
    _, plan, table = scored
    twice = pd.concat([table, table.assign(seed=2)])  # two seeds that agree to the last digit
    alone = bench["write_page"](tmp_path, "tiny", plan, twice).read_text("utf-8")
    found = of(table, "lost", "method")["at_selection_rate"]
    assert f"({100 * found:+.1f} to {100 * found:+.1f})".replace("-", "\N{MINUS SIGN}") in alone
    wide = Estimate(found, -0.99, 0.11, 0.2, 1.0, (found, found))
    page = bench["write_page"](
        tmp_path, "tiny", plan, twice,
        {("d", "lost"): {"at_selection_rate": wide}, ("d", "shy"): {}},
    ).read_text("utf-8")  # fmt: skip
    assert "-0.990 to +0.110" in page and "over people and 2 seeds" in page
    other = Estimate(found, -0.98, 0.12, 0.2, 1.0, (found, 0.3))  # of other runs: not taken
    page = bench["write_page"](
        tmp_path, "tiny", plan, twice, {("d", "lost"): {"at_selection_rate": other}}
    ).read_text("utf-8")
    assert "-0.980" not in page and "over people" not in page


def test_a_file_of_params_gets_a_plan_of_its_own_which_is_written_before_the_run(
    bench: dict[str, Any], tmp_path: Path
) -> None:
    mine = {
        "data": {"name": "celeba", "celeba": {"root": "elsewhere"}},
        "train": {"model": "resnet18", "epochs": 2},
        "prune": {"epochs": 1, "speedup": 3},
    }
    (tmp_path / "faces.yaml").write_text(yaml.safe_dump(mine))
    name = bench["study_for"](str(tmp_path / "faces.yaml"), tmp_path)
    plan = Plan.model_validate(yaml.safe_load((tmp_path / f"{name}.yaml").read_text()))
    assert name == "who-pays-faces"
    assert plan.data == {"faces": {"data": mine["data"]}}
    assert plan.common["train"]["model"] == "resnet18" and plan.common["prune"]["epochs"] == 1
    assert plan.endpoint.subgroup is None and "pseudo-cells" in plan.methods
    assert bench["study_for"]("celeba", tmp_path) == "who-pays-celeba"


def test_a_seed_that_lacks_a_method_is_left_out_of_the_page(bench: dict[str, Any]) -> None:
    rows = [("plain", 1), ("pw", 1), ("plain", 2), ("plain", 3), ("pw", 3)]
    table = pd.DataFrame(
        {"data": "d", "model": "m", "seed": s, "method": m, "asked_speedup": 4.0} for m, s in rows
    )
    assert set(bench["complete"](table)["seed"]) == {1, 3}
