"""A work pool with real workers: each works in its own clone, and an alarm finds the deployment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from faircompress.orchestration.after_alarm import start_retraining

FLOW = """
from pathlib import Path
from prefect import flow

@flow
def retrain(polled: bool = False):
    Path("ran").touch()
"""


@pytest.fixture
def server(prefect_server: dict[str, str]) -> Iterator[dict[str, str]]:
    """Let this process, and those that it starts, talk to the server of the tests."""
    with temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}):
        yield {**os.environ, **prefect_server}


def clone(folder: Path, pool: str) -> Path:
    """Make a folder with a flow of one line, deployed as `infra/prefect.yaml` has it."""
    for name in ("flows", "infra"):
        (folder / name).mkdir(parents=True)
    (folder / "flows/retrain.py").write_text(FLOW)
    text = (ROOT / "infra/prefect.yaml").read_text("utf-8")
    named = text.replace("name: chain", f"name: {pool}").replace("name: look", f"name: {pool}-look")
    (folder / "infra/prefect.yaml").write_text(named)
    (folder / "params.yaml").write_text("")
    return folder


def prefect(folder: Path, env: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *words], cwd=folder, env={**env, "PWD": str(folder)},
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_each_worker_works_in_the_folder_it_was_started_in_whoever_deployed(
    server: dict[str, str], tmp_path: Path
) -> None:
    pool = f"pool-{os.getpid()}"
    one, two = clone(tmp_path / "one", pool), clone(tmp_path / "elsewhere" / "two", pool)
    prefect(one, server, "work-pool", "create", pool, "--type", "process")
    prefect(one, server, "--no-prompt", "deploy", "--all", "--prefect-file", "infra/prefect.yaml")

    words = start_retraining(two, "a test")  # nobody serves this clone, but there is the pool
    assert words.startswith(f"A retraining was started (retrain/{pool})")
    worker = ("worker", "start", "--pool", pool, "--run-once")
    prefect(two, server, *worker)
    assert (two / "ran").exists() and not (one / "ran").exists()

    with get_client(sync_client=True) as client:
        identity = client.read_deployment_by_name(f"retrain/{pool}").id
        client.create_flow_run_from_deployment(identity)
    (tmp_path / "none").mkdir()
    said = " ".join(prefect(tmp_path / "none", server, *worker).split())
    assert "where there is no params.yaml. Start it in a clone" in said


def test_an_alarm_that_finds_no_deployment_says_what_to_start(
    server: dict[str, str], tmp_path: Path
) -> None:
    words = start_retraining(clone(tmp_path / "mine", "nobodys"), "a test")
    assert "No retraining was started: nobody serves retrain/mine-" in words
    assert "no deployment of infra/prefect.yaml. Start faircompress serve" in words
