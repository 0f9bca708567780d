"""Runs by the clock that nobody began do not all begin afterwards."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Interval
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import AwaitingRetry

from faircompress.orchestration import late_runs


@pytest.fixture
def server(prefect_server: dict[str, str]) -> Iterator[None]:
    """Let this process talk to the server of the tests."""
    with temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}):
        yield


@flow
def nothing() -> None:
    """Do nothing."""


def at(run: FlowRun) -> float:
    """Return when a run was to begin."""
    return run.expected_start_time.timestamp()


def runs_of(deployment: UUID) -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
        )


@contextmanager
def planned_every_second() -> Iterator[UUID]:
    """Give a deployment that no process waits for, once four of its runs are late."""
    schedule = Interval(timedelta(seconds=1))
    identity = UUID(str(RunnerDeployment.from_flow(nothing, "late", schedule=schedule).apply()))
    until = time.monotonic() + 90
    while sum(at(run) < time.time() for run in runs_of(identity)) < 4:
        assert time.monotonic() < until, "the server planned no runs"
        time.sleep(1)
    yield identity
    with get_client(sync_client=True) as client:
        client.delete_deployment(identity)


def test_of_runs_that_nobody_began_one_is_left_and_what_a_person_asked_for(server: None) -> None:
    with planned_every_second() as deployment:
        with get_client(sync_client=True) as client:
            asked = client.create_flow_run_from_deployment(deployment)
        since = time.time()
        assert late_runs.skip(deployment, keep=1) >= 3
        late = [run for run in runs_of(deployment) if at(run) < since and run.id != asked.id]
        cancelled = [run for run in late if run.state and run.state.is_cancelled()]
        assert len(late) - len(cancelled) <= 1
        assert all(at(run) > max(map(at, cancelled)) for run in late if run not in cancelled)
        with get_client(sync_client=True) as client:
            assert client.read_flow_run(asked.id).state.is_scheduled()


def test_runs_with_params_of_their_own_and_those_to_be_tried_again_stay(server: None) -> None:
    with planned_every_second() as deployment, get_client(sync_client=True) as client:
        late = [run for run in runs_of(deployment) if at(run) < time.time()]
        client.set_flow_run_state(late[0].id, AwaitingRetry(), force=True)
        client.update_flow_run(late[1].id, parameters={"overrides": ["train.seed=2"]})
        late_runs.skip(deployment, keep=0)
        states = [client.read_flow_run(run.id).state for run in late]
        assert [state is not None and state.is_cancelled() for state in states] == [
            False, False, *[True] * (len(late) - 2)
        ]  # fmt: skip


def test_a_server_that_is_away_is_no_trouble() -> None:
    away = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(away):
        assert late_runs.skip(UUID(int=1), keep=1) == 0
