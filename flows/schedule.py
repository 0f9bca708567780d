"""The chain by the clock: one process that waits, and runs it when it is time.

It also runs when somebody tells the server that there is new data, by the event
``dataset.updated``. Nothing is computed twice, so a run without news takes seconds.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from prefect import flow, get_run_logger, serve
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
from prefect.runtime import flow_run
from prefect.schedules import Cron
from prefect.states import Crashed

from faircompress.orchestration.clone import name_of
from faircompress.orchestration.commits import BRANCH, LAID_OUT, GitFailed, changed, head
from faircompress.orchestration.remote import RemoteFailed, pull, pull_data, push
from faircompress.orchestration.servers import NoServer, raise_unless_prefect_answers
from faircompress.orchestration.workspace import Workspace, prepare
from faircompress.support import environment
from faircompress.support.errors import StateError
from faircompress.support.interrupts import INTERRUPTS
from faircompress.support.locks import is_held, only_one, waiting

CRON = "0 3 * * *"


class AlreadyServed(StateError):
    """Another process runs this folder by the clock."""


@flow(name="scheduled-compression")
def scheduled(overrides: list[str] | None = None, reviewer: str = "", reason: str = "") -> None:
    """Pull what other machines computed, run the chain, push what is new, also after a failure.

    Args:
        overrides: Changes for this run only, as ``section.key=value``.
        reviewer: Who agreed to limits that changed after a look at the test set.
        reason: Why they changed.
    """
    # here, because it loads MLflow, which the waiting process does not need
    from flows.compress import GateFailed, NotRecorded, Undecided, compress

    project = Path.cwd()
    commit = "" if overrides else _commit(project)
    lock = lock_of(project, str(flow_run.id))
    with waiting(lock, "is this run"):
        space = prepare(project, commit=commit) if commit else Workspace(project, project)
        _trouble(lambda: pull(space.folder))
        if commit:
            _trouble(lambda: pull_data(project))
        unpublished = ""
        try:
            verdict = compress(project, tuple(overrides or ()), None, reviewer, reason, commit)
            unpublished = _trouble(lambda: _publish(space))
        except (GateFailed, Undecided, NotRecorded):
            _trouble(lambda: _publish(space))
            raise
        finally:
            unpushed = _trouble(lambda: push(space.folder))
            lock.unlink()
    if unpushed:
        raise RemoteFailed(f"{verdict.sentence} But only this machine has the results: {unpushed}")
    if unpublished:
        raise GitFailed(f"{verdict.sentence} But it is not on the branch {BRANCH}: {unpublished}")


def _commit(project: Path) -> str:
    """Return the commit to run; nothing where git does not hold the project."""
    found = head(project)
    if found and (left_out := changed(project, *LAID_OUT)):
        words = "%s: changes that are not committed are left out; this run is of commit %s"
        get_run_logger().warning(words, ", ".join(left_out), found)
    return found


def _publish(workspace: Workspace) -> None:
    """Commit the results of a run to the branch ``runs``, if it worked on a commit."""
    from faircompress.orchestration.publishing import publish

    if workspace.commit and (words := publish(workspace)):
        get_run_logger().info(words)


def _trouble(step: Callable[[], object]) -> str:
    """Take a step; return what was in the way: it stops no run and hides no verdict."""
    try:
        step()
    except (RemoteFailed, GitFailed) as error:
        get_run_logger().warning(str(error))
        return str(error)
    return ""


def lock_of(project: Path, run: str) -> Path:
    """Return the lock that the process of a flow run holds as long as it lives."""
    return project / ".checkpoints" / "scheduled" / f"{run}.lock"


def deployment(cron: str = CRON, timezone: str = "UTC") -> RunnerDeployment:
    """Return what the server is told: when to run, and never two at a time.

    Raises:
        ValueError: If ``cron`` or ``timezone`` is none.
    """
    return RunnerDeployment.from_flow(
        scheduled,
        name_of(Path.cwd()),
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

    raise_unless_prefect_answers()
    project = Path.cwd()
    with only_one(project / ".checkpoints" / "serve.lock") as other:
        if other:
            raise AlreadyServed(f"process {other} serves {project} already; stop it first")
        bury(project, planned.name)
        print(f"Runs by the clock, or by: prefect deployment run {scheduled.name}/{planned.name}")
        INTERRUPTS.release()  # Prefect stops by itself: it pauses the schedule
        serve(planned, reviews(project), limit=2)
    raise KeyboardInterrupt  # the only thing after which it comes back


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
            flow_filter=FlowFilter(name=FlowFilterName(any_=[scheduled.name])),
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
    parser = argparse.ArgumentParser(prog="python -m flows.schedule", description=__doc__)
    parser.add_argument("--cron", default=CRON, help="minute hour day month weekday")
    parser.add_argument("--timezone", default="UTC", help="such as Europe/Paris")
    words = parser.parse_args()
    try:
        serve_schedule(words.cron, words.timezone)
    except (NoServer, AlreadyServed, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
