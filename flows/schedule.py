"""The chain by the clock: one process that waits, and runs it when it is time.

It also runs when somebody tells the server that there is new data, by the event
``dataset.updated``. Nothing is computed twice, so a run without news takes seconds.
"""

import argparse
import sys
from pathlib import Path

from prefect import flow, serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.schedules import Cron
from prefect.states import Crashed

from faircompress import environment
from flows.remote import pull, push
from flows.servers import NoServer, insist_on_prefect

CRON = "0 3 * * *"


@flow(name="scheduled-compression")
def scheduled(overrides: list[str] | None = None) -> None:
    """Pull what other machines computed, run the chain, push what is new, also after a failure.

    Args:
        overrides: Changes for this run only, as ``section.key=value``.
    """
    # here, because it loads MLflow, which the waiting process does not need
    from flows.compress import compress

    project = Path.cwd()
    pull(project)
    try:
        compress(project, tuple(overrides or ()))
    finally:
        push(project)


def deployment(cron: str = CRON, timezone: str = "UTC") -> RunnerDeployment:
    """Return what the server is told: when to run, and never two at a time.

    Raises:
        ValueError: If ``cron`` or ``timezone`` is none.
    """
    return RunnerDeployment.from_flow(
        scheduled,
        Path.cwd().name,
        schedule=Cron(cron, timezone=timezone),
        concurrency_limit=1,
        triggers=[DeploymentEventTrigger(name="new data", expect={"dataset.updated"})],
        description=f"The whole chain in {Path.cwd()}",
        tags=["faircompress"],
    )


def serve_schedule(cron: str = CRON, timezone: str = "UTC") -> None:
    """Run the project in this folder by the clock, until stopped.

    Raises:
        NoServer: If no Prefect server answers.
        ValueError: If ``cron`` or ``timezone`` is none.
    """
    planned = deployment(cron, timezone)
    from flows.promote import reviews  # here, because it loads MLflow, which takes seconds

    insist_on_prefect()
    bury(planned.name)
    serve(planned, reviews(Path.cwd()), limit=2)


def bury(name: str) -> int:
    """Mark runs as crashed whose process died with its machine; return how many.

    To the server they run for ever, and while they do, it lets no other begin. Only one process
    waits for a deployment, and it has not started any yet: whatever runs, is dead.
    """
    alive = FlowRunFilterState(
        type=FlowRunFilterStateType(
            any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
        )
    )
    with get_client(sync_client=True) as client:
        dead = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[scheduled.name])),
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[name])),
            flow_run_filter=FlowRunFilter(state=alive),
        )
        if dead:
            inside = FlowRunFilterParentFlowRunId(any_=[run.id for run in dead])
            dead += client.read_flow_runs(
                flow_run_filter=FlowRunFilter(parent_flow_run_id=inside, state=alive)
            )
        for run in dead:
            client.set_flow_run_state(run.id, Crashed(message="Its process is gone."))
    return len(dead)


def main() -> None:
    """Read the command line, then wait."""
    environment.settle()
    parser = argparse.ArgumentParser(prog="python -m flows.schedule", description=__doc__)
    parser.add_argument("--cron", default=CRON, help="minute hour day month weekday")
    parser.add_argument("--timezone", default="UTC", help="such as Europe/Paris")
    words = parser.parse_args()
    try:
        serve_schedule(words.cron, words.timezone)
    except (NoServer, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
