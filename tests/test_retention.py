"""Old runs go when params say so; what a champion or a review stands on stays."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import Project
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Running

from faircompress.config.params import Params, load
from faircompress.orchestration import retention
from faircompress.registry import mlflow_runs
from faircompress.registry import versions as registry
from faircompress.registry.attestations import SCHEDULED
from flows import serve

Finished = tuple[Project, subprocess.CompletedProcess[str]]
MODEL = "faircompress-portraits"


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Path:
    """Give a copy of the finished project, which has a champion."""
    copy = tmp_path / "p"
    shutil.copytree(finished[0].folder, copy, symlinks=True)
    return copy


def keeping(folder: Path, **what: object) -> Params:
    words = [f"keep.{key}={value}" for key, value in what.items()]
    return load(folder / "params.yaml", words)


def test_the_latest_variants_stay_and_so_do_the_champions_and_a_studys(folder: Path) -> None:
    (folder / "studies").mkdir(exist_ok=True)
    (folder / "studies" / "mine.yaml").write_text("")
    for age, name in enumerate(("new", "old", "champion", "older", "mine,portraits,s1")):
        place = folder / "variants" / name
        place.mkdir(parents=True)
        (place / "params.yaml").write_text("")
        os.utime(place / "params.yaml", (1e9 - age, 1e9 - age))
    shutil.copytree(folder / "artifacts", folder / "variants/champion/artifacts")
    assert retention.tidy(folder, keeping(folder, variants=1)) == []
    assert {p.name for p in (folder / "variants").iterdir()} == {
        "new", "champion", "mine,portraits,s1",
    }  # fmt: skip


def test_epochs_of_a_training_that_stopped_long_ago_go(folder: Path) -> None:
    for name, age in (("recent", 0), ("forgotten", 10 * 86400)):
        curve = folder / ".checkpoints/train" / name / "curve.json"
        curve.parent.mkdir(parents=True)
        curve.write_text("[]")
        os.utime(curve, (time.time() - age,) * 2)
    assert retention.tidy(folder, keeping(folder, checkpoints="9d")) == []
    assert [p.name for p in (folder / ".checkpoints/train").iterdir()] == ["recent"]


@pytest.mark.parametrize("tag", ["evaluated_by", "judged_by"])  # the latter is 0.2's
def test_the_latest_retrainings_stay_in_mlflow_and_those_of_versions_do(
    folder: Path, tag: str
) -> None:
    store = mlflow_runs.open_store(folder)
    tags = {"workspace": str(folder / SCHEDULED)}
    made = []
    for _ in range(4):
        made.append(mlflow_runs.begin(store, MODEL, "project", tags))
        mlflow_runs.end(store, made[-1], "FINISHED")
    inside = mlflow_runs.begin(store, MODEL, "train", {"mlflow.parentRunId": made[1]})
    version = registry.find(store, MODEL, "1")
    if tag == "judged_by":
        store.client.delete_model_version_tag(MODEL, "1", "evaluated_by")
    registry.note(store, version, {tag: made[0]})
    assert retention.tidy(folder, keeping(folder, runs=1)) == []
    left = {run.info.run_id for run in store.client.search_runs([store.experiment(MODEL)])}
    assert {made[0], made[3]} <= left and not {made[1], made[2], inside} & left
    assert len(left) > 2  # a run by hand is nobody's to remove


@pytest.fixture
def server(prefect_server: dict[str, str]) -> Iterator[None]:
    """Let this process talk to the server of the tests."""
    with temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}):
        yield


def test_finished_runs_leave_the_server_and_one_at_work_does_not(
    folder: Path, server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with get_client(sync_client=True) as client:
        identity = serve.deployment().apply()
        both = [client.create_flow_run_from_deployment(identity) for _ in range(2)]
        for run, state in zip(both, (Completed(), Running()), strict=True):
            client.set_flow_run_state(run.id, Running(), force=True)
            client.set_flow_run_state(run.id, state, force=True)
        time.sleep(1.1)
        assert retention.tidy(folder, keeping(folder, logs="1s")) == []
        assert [run.id for run in client.read_flow_runs() if run.id in {r.id for r in both}] == [
            both[1].id
        ]


def test_a_pools_finished_runs_leave_the_server_too_but_not_those_of_another_project(
    folder: Path, server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    look = {"name": "look-mine", "entrypoint": "flows/retrain.py:retrain"}
    (folder / "infra").mkdir(exist_ok=True)
    (folder / "infra/prefect.yaml").write_text(yaml.safe_dump({"deployments": [look]}))
    places = {"chain-mine": "shared", "look-mine": "shared", "chain-other": "shared", "far": "far"}
    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("retrain")
        for name in sorted(set(places.values())):
            client.create_work_pool(WorkPoolCreate(name=name, type="process"))
        of = {name: client.create_deployment(flow, name, work_pool_name=where)
              for name, where in places.items()}  # fmt: skip
        made = {name: client.create_flow_run_from_deployment(one) for name, one in of.items()}
        for run in made.values():
            client.set_flow_run_state(run.id, Running(), force=True)
            client.set_flow_run_state(run.id, Completed(), force=True)
        monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", str(of["chain-mine"]))
        time.sleep(1.1)
        assert retention.tidy(folder, keeping(folder, logs="1s")) == []
        left = {run.id for run in client.read_flow_runs()}
    assert {name for name, run in made.items() if run.id in left} == {"chain-other", "far"}
