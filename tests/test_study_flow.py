"""A real study, small: what it leaves behind, what it survives, what it does not do twice."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import yaml
from conftest import Project, new_project

from faircompress.support.errors import FaircompressError
from flows.study import page_only

PLAN = {
    "about": "Does anything go wrong?",
    "data": {"portraits": {}},
    "models": {"small": {}},
    "methods": {
        "plain": {"prune": {"scoring": {"name": "cross_entropy"},
                            "finetune": {"name": "cross_entropy"}}},
        "random": {"prune": {"criterion": {"name": "random"}}},
        "broken": {"prune": {"min_channels": 1.0}},
    },
    "speedups": [3],
    "seeds": [1, 2],
    "endpoint": {"speedup": 3, "baselines": ["plain"], "subgroup": "blond, hair=short",
                 "at": "selection_rate", "analysis": "None is drawn from so few.",
                 "expected": {"gain": 0.1, "spread": 0.05}},
}  # fmt: skip


def plan_in(project: Project, **changes: object) -> Path:
    folder = project.folder / "studies"
    folder.mkdir(exist_ok=True)
    (folder / "tiny.yaml").write_text(yaml.safe_dump({**PLAN, **changes}, sort_keys=False))
    return folder / "tiny"


@pytest.fixture(scope="module")
def studied(
    tmp_path_factory: pytest.TempPathFactory, prefect_server: dict[str, str]
) -> tuple[Project, Path, str]:
    """Give a project after a study of which one method cannot work, its folder, its words."""
    project = new_project(tmp_path_factory.mktemp("studied"))
    project.set(train={"epochs": 1}, prune={"epochs": 1, "rounds": 1})
    project.env = prefect_server
    folder = plan_in(project)
    done = project.call("faircompress", "study", "tiny")
    assert done.returncode == 3, done.stdout + done.stderr
    return project, folder, done.stderr


def test_a_run_that_fails_is_named_and_the_others_are_compared(
    studied: tuple[Project, Path, str],
) -> None:
    _, folder, said = studied
    assert "2 runs failed" in said
    assert "portraits,small,s1,broken.0,3x: stage prune failed: " in said
    assert "error: a speed-up of 3" in said
    runs = pd.read_csv(folder / "results" / "runs.csv")
    assert sorted(zip(runs["method"], runs["seed"], strict=True)) == [
        ("plain", 1), ("plain", 2), ("random", 1), ("random", 2),
    ]  # fmt: skip
    assert (runs["physical_speedup"] >= 3).all()
    (first, second) = json.loads((folder / "results" / "tests.json").read_text())
    assert (first["method"], first["endpoint"]) == ("random", "rarest subgroup")
    assert second["endpoint"] == "worst group"
    page = (folder / "results" / "report.html").read_text("utf-8")
    assert "<b>portraits,small,s1,broken.0,3x</b>: " in page
    assert "error: a speed-up of 3" in page.partition('id="failed"')[2]  # its cause
    assert "Named before the run: blond, hair=short, at the dense model&#39;s selection" in page
    assert "Not compared, because a seed of theirs is missing: broken." in page
    assert "<h1" in page and "<dd>2 seeds</dd>" in page
    assert "Power, before the first run: with 2 seeds" in said


def test_at_prefect_each_run_is_a_task_and_the_study_shows_what_it_found(
    studied: tuple[Project, Path, str],
) -> None:
    api = studied[0].env["PREFECT_API_URL"]

    def asked(what: str, **wanted: object) -> list[dict[str, Any]]:
        return list(httpx.post(f"{api}/{what}/filter", json=wanted).json())

    (run,) = asked("flow_runs", flows={"name": {"any_": ["fairness-study"]}})
    assert (run["name"], run["state"]["name"]) == ("tiny", "RunsFailed")
    mine = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    names = sorted(task["name"] for task in asked("task_runs", **mine))
    assert len(names) == 2 + 2 * 3  # dense models; seeds x methods
    assert names[:2] == ["portraits,small,s1", "portraits,small,s1,broken.0,3x"]
    of = {one["key"]: one for one in asked("artifacts", **mine)}
    assert float(of["progress"]["data"]) == 100
    assert "2 runs failed" in of["study"]["description"]
    assert str(studied[1] / "results" / "report.html") in of["study"]["data"]
    logs = asked("logs", logs={"flow_run_id": {"any_": [run["id"]]}}, limit=200)
    of_study = [one["message"] for one in logs if one["task_run_id"] is None]
    assert not any("Traceback" in words for words in of_study)


def test_methods_share_the_dense_model_of_a_seed(studied: tuple[Project, Path, str]) -> None:
    project, _, _ = studied
    hashes = {
        path.parent.parent.parent.name.split(",")[3]: path.read_bytes()
        for path in project.folder.glob("variants/*/artifacts/train/model.pt")
    }
    assert set(hashes) == {"s1", "s2"}
    of = {seed: set() for seed in hashes}
    for path in project.folder.glob("variants/tiny,*,*/artifacts/train/model.pt"):
        of[path.parts[-4].split(",")[3]].add(path.read_bytes())
    assert [len(found) for found in of.values()] == [1, 1]


def test_runs_are_comparable_children_in_mlflow(studied: tuple[Project, Path, str]) -> None:
    from faircompress.registry import mlflow_runs

    project, _, _ = studied
    store = mlflow_runs.open_store(project.folder)
    experiment = store.experiment("faircompress-studies")
    runs = store.client.search_runs([experiment])
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(children) == 4
    assert {run.data.params["method"] for run in children} == {"plain", "random"}
    assert all("right/blond_ hair_short/change" in run.data.metrics for run in children)
    assert len(runs) == 5


def test_dvc_keeps_the_predictions(studied: tuple[Project, Path, str]) -> None:
    project, folder, _ = studied
    kept = yaml.safe_load((folder / "predictions.dvc").read_text())
    assert kept["outs"][0]["nfiles"] == 2 * (2 + 4)  # two splits of two dense and four pruned
    shutil.rmtree(folder / "predictions")
    project.call("dvc", "checkout", "studies/tiny/predictions.dvc", check=True)
    assert len(list((folder / "predictions").iterdir())) == 12


def test_a_study_that_goes_on_repeats_nothing(studied: tuple[Project, Path, str]) -> None:
    project, folder, _ = studied
    lost = "portraits,small,s2,random.0,3x"
    (folder / "cells" / f"{lost}.json").unlink()
    models = [*project.folder.glob("variants/*/artifacts/*/model.pt")]
    before = {path: path.stat().st_mtime_ns for path in models}
    plan_in(project, methods={k: v for k, v in PLAN["methods"].items() if k != "broken"})
    done = project.call("faircompress", "study", "tiny")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in models} == before
    assert (folder / "cells" / f"{lost}.json").exists()
    assert "4 of 4" in done.stderr


def test_the_page_is_written_anew_from_predictions_alone_and_of_the_seeds_that_are_complete(
    studied: tuple[Project, Path, str],
) -> None:
    project, folder, _ = studied
    plan_in(project, seeds=[1, 2, 3])  # nobody has run the third
    page, variants = folder / "results" / "report.html", project.folder / "variants"
    page.unlink()
    variants.rename(project.folder / "away")  # as in a fresh clone that pulled the predictions
    (folder / "cells").rename(folder / "cells-away")
    done = project.call(
        "faircompress", "study", "tiny", "--page-only", "--only", "plain,random", check=True
    )
    (project.folder / "away").rename(variants)
    (folder / "cells-away").rename(folder / "cells")
    assert str(page) in done.stdout
    assert "2 of 3 seeds" in page.read_text("utf-8")
    # what the command calls, in this process, where all that it imports is at hand
    plan = folder.with_suffix(".yaml")
    assert page_only(project.folder, plan) == page
    assert "broken.0,3x</b>: " in page.read_text("utf-8")  # why it failed was kept
    plan_in(project, seeds=[3])
    with pytest.raises(FaircompressError, match="no seed has all its runs yet"):
        page_only(project.folder, plan)


def test_a_mistake_in_any_run_is_found_before_the_first_begins(
    tmp_path: Path, prefect_server: dict[str, str]
) -> None:
    project = new_project(tmp_path)
    project.env = prefect_server
    plan_in(project, methods={"plain": {}, "typo": {"prune": {"epoch": 3}}})
    done = project.call("faircompress", "study", "tiny")
    assert done.returncode == 3
    assert "typo.0,3x" in done.stderr
    assert "Did you mean 'epochs'?" in done.stderr
    assert not (project.folder / "variants").exists()
    assert os.listdir(project.folder / "studies") == ["tiny.yaml"]


@pytest.mark.installs
def test_a_study_runs_on_a_ray_cluster(tmp_path: Path, prefect_server: dict[str, str]) -> None:
    pytest.importorskip("prefect_ray", reason="the extra `ray` is not installed")
    project = new_project(tmp_path)
    project.env = prefect_server
    methods = {"plain": PLAN["methods"]["plain"]}
    folder = plan_in(project, methods=methods, seeds=[1])
    done = project.call("faircompress", "study", "tiny", "--ray", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "Started a local Ray instance" in done.stderr
    (line,) = pd.read_csv(folder / "results" / "runs.csv").itertuples()
    assert (line.method, line.seed) == ("plain", 1)
