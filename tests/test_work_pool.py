"""A work pool as infra/prefect.yaml says: real server, real worker, flows of a clone elsewhere."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, Project, new_project
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from faircompress.orchestration import news
from faircompress.orchestration.commits import git, head

ADDED = f"{ROOT / 'src'}"


@pytest.fixture
def machine(tmp_path: Path, prefect_server: dict[str, str]) -> Project:
    """Give a clone in which nothing is new, on another place than the one that deploys."""
    first = new_project(tmp_path / "deployer")
    git(tmp_path, "clone", "-q", str(first.folder), str(tmp_path / "machine"))
    found = Project(tmp_path / "machine", {**prefect_server, "PYTHONPATH": ADDED})
    inputs = news.inputs_of(found.folder, head(found.folder))
    news.finish(found.folder, inputs, "Pass.")
    return found


def test_a_run_works_in_the_clone_in_which_its_worker_was_started(machine: Project) -> None:
    deployer = Project(machine.folder.parent / "deployer", machine.env)
    prefect = (sys.executable, "-m", "prefect", "--no-prompt")
    deployer.call(*prefect, "work-pool", "create", "chain", "--type", "process", check=True)
    file = str(ROOT / "infra" / "prefect.yaml")
    deployer.call(*prefect, "deploy", "--name", "chain", "--prefect-file", file, check=True)
    env = {**os.environ, **machine.env, "PWD": str(machine.folder)}
    worker = (*prefect, "worker", "start", "--pool", "chain", "--run-once")
    with (
        temporary_settings({PREFECT_API_URL: machine.env["PREFECT_API_URL"]}),
        get_client(sync_client=True) as client,
    ):
        deployment = client.read_deployment_by_name("retrain/chain")
        run = client.create_flow_run_from_deployment(deployment.id)
        for _ in range(5):
            subprocess.run(worker, cwd=machine.folder, env=env, check=True, capture_output=True)
            for _ in range(120):
                state = client.read_flow_run(run.id).state
                if state is None or state.is_final() or state.is_scheduled():
                    break
                time.sleep(0.5)
            if state and state.is_final():
                break
    assert state and (state.name, state.type.value) == ("NothingNew", "COMPLETED"), state
    assert "Nothing new since the run of" in str(state.message)
    assert not (deployer.folder / ".checkpoints" / "retrain").exists()
