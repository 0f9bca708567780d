"""Clones of one name share a Prefect server, and none of them touches another's runs."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Running

from faircompress.orchestration.clone import name_of
from faircompress.support.locks import waiting
from flows import retrain
from flows import serve as schedule


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Path, Path]:
    """Give two folders of one name."""
    folders = (tmp_path / "a/project", tmp_path / "b/project")
    for folder in folders:
        folder.mkdir(parents=True)
    return folders


@pytest.fixture
def server(prefect_server: dict[str, str]) -> Iterator[None]:
    """Let this process talk to the server of the tests."""
    with temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}):
        yield


def test_a_clone_keeps_its_name_and_a_copy_of_it_gets_another(clones: tuple[Path, Path]) -> None:
    first, second = clones
    names = name_of(first), name_of(second)
    assert names[0] != names[1] and all(name.startswith("project-") for name in names)
    assert name_of(first) == names[0]
    shutil.rmtree(second)
    shutil.copytree(first, second)
    assert name_of(second) not in names


def started(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Register a clone's schedule with the server, start a run; return the names of both."""
    monkeypatch.chdir(project)
    planned = schedule.deployment()
    identity = planned.apply()
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(identity)
        client.set_flow_run_state(run.id, Running(), force=True)
    return planned.name, str(run.id)


def state(run: str) -> StateType | None:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run).state_type


def test_a_run_is_crashed_only_if_it_is_this_clones_and_its_process_is_gone(
    clones: tuple[Path, Path], server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, theirs), (name, ours) = (started(project, monkeypatch) for project in clones)
    with waiting(retrain.lock_of(clones[1], ours), "is this run"):
        assert schedule.bury(clones[1], name) == 0
    assert state(ours) == StateType.RUNNING
    assert schedule.bury(clones[1], name) == 1
    assert (state(ours), state(theirs)) == (StateType.CRASHED, StateType.RUNNING)


def test_a_folder_is_served_once(
    clones: tuple[Path, Path], server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clones[0])
    hold = (
        "import time; from pathlib import Path; from faircompress.support.locks import only_one\n"
    )
    hold += "with only_one(Path('.checkpoints/serve.lock')): print(1, flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline()
    with pytest.raises(schedule.AlreadyServed, match=f"process {other.pid} serves"):
        schedule.serve_schedule()
    other.kill()
    other.communicate()
