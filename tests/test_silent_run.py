"""A machine that is gone says nothing: the server finds the run that fell silent, and tells."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, new_project
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Submitting
from receivers import http

from faircompress.config.operation import Receiver
from faircompress.orchestration import crash_watch
from faircompress.support.locks import is_held, waiting
from flows import serve
from flows.retrain import CHAIN_LOCK, lock_of

PATIENCE = 180  # seconds; the server looks every 5 s


def until(found: Callable[[], Any]) -> Any:
    """Ask until there is an answer."""
    end = time.monotonic() + PATIENCE
    while not (answer := found()) and time.monotonic() < end:
        time.sleep(0.25)
    return answer


def execute(run: FlowRun, project: Project) -> "subprocess.Popen[bytes]":
    """Work on a run as a worker does, in a process of its own and those that it starts."""
    env = {**os.environ, **project.env, **crash_watch.HEARTBEAT, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "prefect", "flow-run", "execute", str(run.id)],
        cwd=project.folder, env=env, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def as_of_a_worker(folder: Path) -> DeploymentUpdate:
    """Let a run begin in the project's folder, as infra/prefect.yaml has it."""
    step = {"prefect.deployments.steps.set_working_directory": {"directory": str(folder)}}
    return DeploymentUpdate(entrypoint="flows/retrain.py:retrain", pull_steps=[step])


def test_a_run_whose_machine_dies_before_or_after_it_began_is_found_by_its_silence_and_told(
    tmp_path: Path, prefect_server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = new_project(tmp_path / "p")
    project.env = prefect_server
    monkeypatch.chdir(project.folder)
    team = Receiver.model_validate({"when": ["crash"], "to": "webhook", "env": "TEAM"})
    with (
        temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}),
        http() as (address, got),
        get_client(sync_client=True) as client,
        waiting(project.folder / CHAIN_LOCK, "holds the run back, which only waits"),
    ):
        monkeypatch.setenv("TEAM", address)
        planned = serve.deployment()
        identity: Any = planned.apply()
        client.update_deployment(identity, as_of_a_worker(project.folder))
        silent = timedelta(seconds=20)
        assert crash_watch.watch(planned.name, identity, [team], silent) == []
        run = client.create_flow_run_from_deployment(identity)
        process = execute(run, project)
        assert until(lambda: is_held(lock_of(project.folder, str(run.id))))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        state = client.read_flow_run(run.id).state
        assert state and state.is_running()  # nobody told the server
        taken = client.create_flow_run_from_deployment(identity)
        client.set_flow_run_state(taken.id, Submitting(), force=True)  # by a worker that is gone
        assert until(lambda: len(got) >= 2)
        states = [client.read_flow_run(one.id).state for one in (run, taken)]
    words = "No heartbeat for 20 seconds: its machine or process is gone."
    assert [(one.name, one.message) for one in states if one] == [("Crashed", words)] * 2
    assert len(got) == 2
    for message in got:
        assert message["subject"] == f"faircompress: {planned.name}: Crashed"
        assert "did not end well" in message["text"] and words in message["text"]
