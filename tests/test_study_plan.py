"""What a study compares is written down, counted and fair before it is run."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from faircompress.config.params import BadParams
from faircompress.study.plan import (
    Cell,
    cells,
    changes,
    complete_seeds,
    dense_cells,
    in_turn,
    only,
    read,
    tuning_cells,
)

ROOT = Path(__file__).parent.parent
STUDIES = sorted((ROOT / "studies").glob("*.yaml"))
SMALL: dict[str, Any] = {
    "about": "Which is better?",
    "data": {"portraits": {}},
    "models": {"small": {"train": {"model": "small"}}},
    "methods": {"plain": {}, "pw": {"prune": {"finetune": {"name": "performance_weighted"}}}},
    "speedups": [4, 16],
    "seeds": [1, 2, 3],
    "tuning": {
        "seeds": [101],
        "speedup": 16,
        "tries": {"plain": [{}, {"prune": {"lr": 0.001}}], "pw": [{}, {"prune": {"lr": 0.002}}]},
    },
    "endpoint": {"speedup": 16, "baselines": ["plain"]},
}


def plan_of(folder: Path, **other: Any) -> Any:
    (folder / "plan.yaml").write_text(yaml.safe_dump({**SMALL, **other}))
    return read(folder / "plan.yaml")


def test_runs_are_all_combinations_and_share_dense_models(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    chosen = {("portraits", "small", "pw"): 1}
    found = cells(plan, chosen)
    assert len(found) == 2 * 2 * 3  # methods x speed-ups x seeds
    assert {cell.tried for cell in found if cell.method == "pw"} == {1}
    assert {cell.tried for cell in found if cell.method == "plain"} == {0}
    assert len(tuning_cells(plan)) == 2 * 2  # methods x settings, one seed
    assert dense_cells(plan) == [Cell("portraits", "small", seed) for seed in (101, 1, 2, 3)]
    assert {cell.dense for cell in found} == set(dense_cells(plan)[1:])


def test_a_seed_is_complete_when_each_method_has_ended_at_each_speedup(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    ended = [cell for cell in cells(plan, {}) if (cell.seed, cell.method) != (2, "pw")]
    assert complete_seeds(plan, "portraits", "small", ended) == {1, 3}
    assert in_turn(plan, 2) == [[1, 2], [3]]


def test_some_methods_of_a_plan_can_go_first_but_not_without_the_baseline(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    part = only(plan, ["plain"])
    assert (list(part.methods), list(part.tuning.tries)) == (["plain"], ["plain"])
    with pytest.raises(BadParams, match="no method 'pv'; there are: plain, pw"):
        only(plan, ["plain", "pv"])
    with pytest.raises(BadParams, match="lacks 'plain'"):
        only(plan, ["pw"])


def test_a_run_changes_what_its_parts_say_the_later_one_winning(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, common={"prune": {"lr": 0.01, "epochs": 2}})
    found = changes(plan, Cell("portraits", "small", 3, "pw", 1, 16.0), ROOT / "presets.yaml")
    assert set(found) == {
        "prune.lr=0.002", "prune.epochs=2", 'prune.finetune.name="performance_weighted"',
        'train.model="small"', "prune.speedup=16", "train.seed=3", "prune.seed=3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"endpoint": {"speedup": 16, "baselines": ["plane"]}},
            "endpoint.baselines: no method 'plane'",
        ),
        ({"endpoint": {"speedup": 8, "baselines": ["plain"]}}, "8 is not among speedups"),
        ({"seeds": [101]}, r"\[101\] also test"),
        ({"tuning": {**SMALL["tuning"], "tries": {"plain": [{}]}}}, "equally many"),
        ({"seed": [1]}, "seed: Extra inputs"),
        (
            {"endpoint": {**SMALL["endpoint"], "at": "selection_rate"}},
            "needs endpoint.subgroup",
        ),
        (
            {"endpoint": {**SMALL["endpoint"], "margins": {"accuracy": 2}}},
            "endpoint.margins.accuracy",
        ),
    ],
)
def test_a_plan_that_cannot_be_fair_is_refused(
    tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadParams, match=words):
        plan_of(tmp_path, **changed)


def test_a_study_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "portraits.yaml").write_text("")
    with pytest.raises(BadParams, match="There are: portraits"):
        read(tmp_path / "portrait.yaml")


@pytest.mark.parametrize("path", STUDIES, ids=[path.stem for path in STUDIES])
def test_every_run_of_every_study_is_made_of_params_that_exist(path: Path) -> None:
    from faircompress.config.params import load

    plan = read(path)
    one_seed = [cell for cell in cells(plan, {}) if cell.seed == plan.seeds[0]]
    for cell in [*tuning_cells(plan), *one_seed]:
        load(ROOT / "params.yaml", changes(plan, cell, ROOT / "presets.yaml"))
