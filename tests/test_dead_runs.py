"""A run whose process was killed does not run for ever, say MLflow and Prefect."""

import json
from collections.abc import Iterator

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Running

from faircompress.orchestration import dead_runs
from faircompress.registry import mlflow_runs
from faircompress.registry.mlflow_runs import Store


@pytest.fixture
def server(prefect_server: dict[str, str]) -> Iterator[None]:
    """Let this process talk to the server of the tests."""
    with temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}):
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Give a store of runs."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".checkpoints").mkdir()
    return mlflow_runs.open_store(folder)


def status(store: Store, run_id: str) -> str:
    return str(store.client.get_run(run_id).info.status)


def test_the_next_run_closes_the_one_that_was_killed_and_no_other(
    server: None, store: Store
) -> None:
    folder = store.project
    killed, other = (mlflow_runs.begin(store, "m", "project", {}) for _ in range(2))
    inside = mlflow_runs.begin(store, "m", "train", {"mlflow.parentRunId": killed})
    done = mlflow_runs.begin(store, "m", "validate", {"mlflow.parentRunId": killed})
    mlflow_runs.end(store, done, "FINISHED")
    with get_client(sync_client=True) as client:
        dead, alive = (client.create_flow_run(flow(print), state=Running()) for _ in range(2))
        dead_runs.note(folder, killed)
        known = {"mlflow": killed, "prefect": str(dead.id)}
        (folder / dead_runs.FILE).write_text(json.dumps(known))
        dead_runs.bury(folder, store)
        states = [client.read_flow_run(run.id).state for run in (dead, alive)]
    assert [status(store, run) for run in (killed, inside, done, other)] == [
        "KILLED", "KILLED", "FINISHED", "RUNNING",
    ]  # fmt: skip
    assert [(s.name, s.message) for s in states if s] == [
        ("Crashed", "Its process is gone."), ("Running", None),
    ]  # fmt: skip


def test_what_is_not_there_any_more_or_half_written_stops_no_run(
    server: None, store: Store
) -> None:
    folder = store.project
    gone = {"mlflow": "0" * 32, "prefect": "00000000-0000-4000-8000-000000000000"}
    for text in (json.dumps(gone), '{"mlflow": "0', "[]"):
        (folder / dead_runs.FILE).write_text(text)
        dead_runs.bury(folder, store)
    dead_runs.closed(folder)
    assert not (folder / dead_runs.FILE).exists()
