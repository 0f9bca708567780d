"""Runs by the clock that nobody was there to begin: one of them does the work of all.

A server plans on while no process waits for its runs. After a month without one, thirty would begin
one after the other, twenty-nine of them to find nothing new.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from httpx import HTTPError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import PrefectException
from prefect.states import Cancelled

PAGES = 50  # of 200 runs
NAMES = ("Scheduled", "Late", "AwaitingConcurrencySlot")  # not those that will be tried again
WORDS = "Nobody was there to begin it; a later run does its work."


def skip(deployment: UUID | str, *, keep: int) -> int:
    """Cancel planned runs of a deployment whose hour is over; return how many.

    Runs that a person or an event asked for stay, as do those of a schedule with other parameters
    than the deployment's, and what waits to be tried again. A server that does not answer is no
    trouble: then the runs begin, and find nothing new.

    Args:
        deployment: Its id.
        keep: How many of them, the newest, may begin.
    """
    cancelled = 0
    try:
        with get_client(sync_client=True) as client:
            for _ in range(PAGES):
                late = _late(client, UUID(str(deployment)))[keep:]
                for run in late:
                    client.set_flow_run_state(run.id, Cancelled(message=WORDS), force=True)
                cancelled += len(late)
                if not late:
                    break
    except (PrefectException, HTTPError, RuntimeError):
        return cancelled
    return cancelled


def _late(client: SyncPrefectClient, deployment: UUID) -> list[FlowRun]:
    """Return planned runs whose hour is over, the newest first; a server gives 200 at a time."""
    now: Any = datetime.now(UTC)  # of one of several types, by version
    planned = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=now),
    )
    found = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])),
        flow_run_filter=planned,
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
    )
    usual = client.read_deployment(deployment).parameters
    return [
        run for run in found
        if run.auto_scheduled and run.state_name in NAMES and run.parameters == usual
    ]  # fmt: skip
