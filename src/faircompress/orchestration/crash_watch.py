"""Who is told of a crash, though the process is dead: an automation at the Prefect server.

The server sends the message, so it is given what it needs: a block for each receiver. The address
in it, taken from the environment, is kept encrypted in the server's database.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.automations import Automation
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.actions import ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from faircompress.config.operation import Receiver
from faircompress.orchestration.notify import MARKS, block_of, name_of, wanted
from faircompress.support.errors import InputError

SILENT = timedelta(minutes=10)  # without a heartbeat, after which a run is taken for dead
LATE = timedelta(minutes=1)  # without a worker, after which a look is skipped
HEARTBEAT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60"}  # seconds
ENDS = {f"prefect.flow-run.{name}" for name in ("Crashed", "Failed", "TimedOut")}
BEGUN = ("Pending", "Submitting", "InfrastructurePending", "pull-step.executed", "Running")
ALIVE = {f"prefect.flow-run.{name}" for name in (*BEGUN, "heartbeat")}  # what more must follow
RUNS: dict[str, str | list[str]] = {"prefect.resource.id": "prefect.flow-run.*"}
SUBJECT = "faircompress: {{ deployment.name }}: {{ flow_run.state.name }}"
BODY = (
    "The run {{ flow_run.name }} of {{ deployment.name }} did not end well: "
    "{{ flow_run.state.message }}\nReport: {{ (flow_run|ui_url) or 'the run in the Prefect UI' }}"
)
# without it a weekend without a worker leaves 200 looks to a worker that comes back
SKIP = ChangeFlowRunState(
    state=StateType.CANCELLED, name="Skipped", force=False,
    message="No worker took this look in time; the next one sees the same news.",
)  # fmt: skip


def watch_all(
    names: Sequence[str], receivers: Sequence[Receiver], late_after: timedelta = LATE
) -> list[str]:
    """Have the server watch deployments that are there, such as those of a work pool.

    Looks for news that nobody takes in time are cancelled, so that they do not pile up.

    Args:
        names: Of the deployments, as ``flow/name``.
        receivers: Of ``notify`` in params.
        late_after: How long a look for news may be late; 10 s or more.

    Returns:
        Whom the server cannot reach, a sentence each.

    Raises:
        InputError: If there is no such deployment.
    """
    trouble: list[str] = []
    with get_client(sync_client=True) as client:
        for name in names:
            try:
                found = client.read_deployment_by_name(name)
            except (ObjectNotFound, ValueError):
                raise InputError(
                    f"the Prefect server has no deployment {name!r}; see: prefect deployment ls"
                ) from None
            trouble += watch(name.replace("/", " "), found.id, receivers)
            skip = [SKIP] if _looks(found) else []
            _put(f"faircompress late {name}", _late(found.id, late_after), skip)
    return list(dict.fromkeys(trouble))


def watch(
    name: str, deployment: UUID, receivers: Sequence[Receiver], silent_after: timedelta = SILENT
) -> list[str]:
    """Have the server tell of runs that crash, and find those whose process fell silent.

    Also those that a worker took and never began, since it was gone: a queue of one run at a time
    would wait for them for ever.

    Args:
        name: Of the deployment.
        deployment: Its id.
        receivers: Of ``notify`` in params.
        silent_after: How long a run may go without a heartbeat; 10 s or more.

    Returns:
        Whom the server cannot reach, a sentence each.
    """
    ours = _runs_of(deployment)
    told, trouble = _messages(name, wanted(receivers, "crash"))
    crashed = EventTrigger(
        expect=ENDS,
        match=RUNS,
        match_related=ours,
        posture=Posture.Reactive,
        threshold=1,
    )
    _put(f"faircompress crash {name}", crashed, told)
    silent = EventTrigger(
        after=ALIVE, expect={"prefect.flow-run.*"}, match=RUNS, match_related=ours,
        for_each={"prefect.resource.id"}, posture=Posture.Proactive,
        threshold=1, within=silent_after,
    )  # fmt: skip
    words = f"No heartbeat for {_said(silent_after)}: its machine or process is gone."
    dead = ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=words, force=False)
    _put(f"faircompress silent {name}", silent, [dead])
    return trouble


def _runs_of(deployment: UUID) -> dict[str, str | list[str]]:
    return {"prefect.resource.id": f"prefect.deployment.{deployment}"}


def _looks(deployment: DeploymentResponse) -> bool:
    """Tell whether a deployment looks for news, and finds the same ones the next time."""
    return deployment.parameters.get("polled") is True


def _late(deployment: UUID, after: timedelta) -> EventTrigger:
    """Return what happens when no worker takes a run in time.

    Only if nothing follows: a worker may take a late run in the same moment, and one that is
    cancelled then goes on without its place in the queue, beside the next one.
    """
    return EventTrigger(
        after={"prefect.flow-run.Late"}, expect={"prefect.flow-run.*"}, match=RUNS,
        match_related=_runs_of(deployment), for_each={"prefect.resource.id"},
        posture=Posture.Proactive, threshold=1, within=after,
    )  # fmt: skip


def _said(silent: timedelta) -> str:
    whole = silent.seconds // 60
    return f"{whole} minute{'s' * (whole > 1)}" if whole else f"{silent.seconds} seconds"


def _messages(name: str, receivers: Sequence[Receiver]) -> tuple[list[SendNotification], list[str]]:
    """Save a block for each receiver; return what they are sent, and what went wrong."""
    found, trouble = [], []
    for number, receiver in enumerate(receivers):
        try:
            block = _saved(receiver, f"faircompress-{name}-{number}")
        except (InputError, ValueError) as error:
            trouble.append(f"{name_of(receiver)} will not be told of crashes: {error}")
            continue
        subject, body = (template(receiver, words) for words in (SUBJECT, BODY))
        found.append(SendNotification(block_document_id=block, subject=subject, body=body))
    return found, trouble


def template(receiver: Receiver, words: str) -> str:
    """Return a template that the server fills in; what Slack would obey is escaped there."""
    if receiver.to != "slack":
        return words
    steps = "|".join(f"replace({mark!r}, {written!r})" for mark, written in MARKS)
    return f"{{% filter {steps} %}}{words}{{% endfilter %}}"


def _saved(receiver: Receiver, name: str) -> UUID:
    if receiver.block:
        loaded: Any = Block.load(receiver.block)
        return UUID(str(loaded._block_document_id))
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return UUID(str(block_of(receiver).save(plain, overwrite=True)))


def _put(name: str, trigger: EventTrigger, actions: Sequence[Any]) -> None:
    """Make an automation what is asked for; without actions there is none."""
    wanted = Automation(name=name, trigger=trigger, actions=list(actions))
    known: Any
    try:
        known = Automation.read(name=name)
    except ValueError:
        known = None
    if known is None:
        if actions:
            wanted.create()
    elif not actions:
        known.delete()
    else:
        known.trigger, known.actions, known.enabled = trigger, wanted.actions, True
        known.update()
