"""One process that waits: it runs the chain by the clock, and when it finds something new.

A run also starts by hand, and by the event ``dataset.updated``. Where nothing is new it ends at
once, and leaves nothing behind.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from prefect import serve
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

from faircompress.config import params
from faircompress.config.operation import seconds
from faircompress.orchestration import crash_watch, late_runs
from faircompress.orchestration.clone import name_of
from faircompress.orchestration.polling import Poll
from faircompress.orchestration.servers import NoServer, raise_unless_prefect_answers
from faircompress.support import environment
from faircompress.support.errors import InputError, StateError
from faircompress.support.interrupts import INTERRUPTS
from faircompress.support.locks import is_held, only_one
from flows.retrain import CHAIN_LOCK, lock_of, retrain

CRON = "0 3 * * *"
EVERY = "15m"
NEVER = "never"


class AlreadyServed(StateError):
    """Another process runs this folder by the clock."""


def deployment(cron: str = CRON, timezone: str = "UTC") -> RunnerDeployment:
    """Return what the server is told: when to run, and never two at a time.

    Raises:
        ValueError: If ``cron`` or ``timezone`` is none.
    """
    return RunnerDeployment.from_flow(
        retrain,
        name_of(Path.cwd()),
        schedule=Cron(cron, timezone=timezone),
        concurrency_limit=1,
        triggers=[DeploymentEventTrigger(name="new data", expect={"dataset.updated"})],
        description=f"The whole chain in {Path.cwd()}",
        tags=["faircompress"],
    )


def serve_schedule(cron: str = CRON, timezone: str = "UTC", every: str = EVERY) -> None:
    """Run the project in this folder by the clock and when something is new, until stopped.

    Args:
        cron: Minute, hour, day, month, weekday.
        timezone: Such as ``Europe/Paris``.
        every: How often to look for news, such as ``15m``, or ``never``.

    Raises:
        NoServer: If no Prefect server answers.
        ValueError: If ``cron``, ``timezone`` or ``every`` is none.
    """
    planned, pause = deployment(cron, timezone), None if every == NEVER else seconds(every)
    # here, because they load MLflow, which takes seconds
    from faircompress.orchestration import registry_watch
    from flows.promote import reviews

    raise_unless_prefect_answers()
    project = Path.cwd()
    with only_one(project / ".checkpoints" / "serve.lock") as other:
        if other:
            raise AlreadyServed(f"process {other} serves {project} already; stop it first")
        bury(project, planned.name)
        name = f"{retrain.name}/{planned.name}"
        print(f"Runs by the clock, or by: prefect deployment run {name}", flush=True)
        _prepare(planned)
        for words in registry_watch.watch(project):
            print(words, file=sys.stderr, flush=True)
        if pause:
            Poll(project, name, project / CHAIN_LOCK, pause).start()
        INTERRUPTS.release()  # Prefect stops by itself: it pauses the schedule
        serve(planned, reviews(project), limit=2)
    raise KeyboardInterrupt  # the only thing after which it comes back


def _prepare(planned: RunnerDeployment) -> None:
    """Have the server tell of crashes, as params say now; of runs that are late, one is enough."""
    os.environ.update({k: os.environ.get(k, v) for k, v in crash_watch.HEARTBEAT.items()})
    receivers = params.load(Path("params.yaml")).notify
    identity: Any = planned.apply()
    if many := late_runs.skip(identity, keep=1):
        print(f"{many} runs that nobody was there to begin are cancelled; one is left.", flush=True)
    for words in crash_watch.watch(planned.name, identity, receivers):
        print(words, file=sys.stderr, flush=True)


def bury(project: Path, name: str) -> int:
    """Mark runs as crashed whose process died, perhaps with its machine; return how many.

    To the server they run for ever, and while they do, it lets no other begin. A deployment is of
    one clone, only one process waits for it, and it has not started any yet: whatever runs, and
    does not hold its lock, is dead.
    """
    alive = FlowRunFilterState(
        type=FlowRunFilterStateType(
            any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
        )
    )
    with get_client(sync_client=True) as client:
        dead = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[retrain.name])),
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[name])),
            flow_run_filter=FlowRunFilter(state=alive),
        )
        dead = [run for run in dead if not is_held(lock_of(project, str(run.id)))]
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
    environment.configure()
    parser = argparse.ArgumentParser(prog="python -m flows.serve", description=__doc__)
    parser.add_argument("--cron", default=CRON, help="minute hour day month weekday")
    parser.add_argument("--timezone", default="UTC", help="such as Europe/Paris")
    parser.add_argument("--every", default=EVERY, help="how often to look for news, or never")
    words = parser.parse_args()
    try:
        serve_schedule(words.cron, words.timezone, words.every)
    except (NoServer, AlreadyServed, InputError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
