"""The pipeline's sentence."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import State, flow
from prefect.states import Failed

from faircompress.auditing.looks import review_of
from faircompress.config.code_keys import stage_keys, written_keys
from faircompress.evaluation.verdict import Verdict
from faircompress.ledger.limits import Review
from faircompress.orchestration.announcement import Message
from faircompress.orchestration.champion_inputs import write_champion_inputs
from faircompress.orchestration.looks import complete
from faircompress.orchestration.record import Record, recorded
from faircompress.orchestration.registration import register_versions
from faircompress.orchestration.run_page import RunPage, run_name
from faircompress.orchestration.small_groups import tell_small_groups
from faircompress.orchestration.stage_tasks import reproduce, up_to_date
from faircompress.orchestration.workspace import Workspace, prepare
from faircompress.support.errors import StateError
from faircompress.support.interrupts import INTERRUPTS
from faircompress.support.locks import waiting

CHAIN = ("validate", "train", "screen", "prune", "export", "gate")


class GateFailed(StateError):
    """The compressed model does more harm than its owner allowed."""


class Undecided(StateError):
    """The test set is too small to tell whether the compressed model does harm."""


class NotRecorded(StateError):
    """There is a verdict, but MLflow did not take it, nor the file that was judged."""


class Ending:
    """How the chain's own work ended, known here before Prefect's server is told."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.error: BaseException | None = None
        self.messages: list[Message] = []  # of the verdict, and of an alarm before it

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the end of what is done inside."""
        try:
            yield
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.over.set()


ENDING = Ending()


@flow(name="fair-compression", flow_run_name=run_name, validate_parameters=False)
def compress(
    project: Path = Path(),
    overrides: tuple[str, ...] = (),
    name: str | None = None,
    reviewer: str = "",
    reason: str = "",
    commit: str = "",
) -> Verdict | State[Any]:
    """Validate the data, train dense, prune fairly, export to ONNX, and judge the result.

    Args:
        project: Folder with ``params.yaml`` and ``dvc.yaml``.
        overrides: Changes for this run only, as ``section.key=value``.
        name: Of the folder such a run gets; by default what it changes.
        reviewer: Who agreed to limits that changed after a look at the test set.
        reason: Why they changed.
        commit: That a scheduled run works on, in a folder of its own.

    Returns:
        The verdict, if it is a pass; else the state ``GateFailed`` or ``NeedsReview``, which is
        raised where the flow is called.

    Raises:
        GateFailed: Naming rule and group.
        Undecided: Naming what would settle it.
        NotRecorded: If MLflow stopped answering; the next run records it.
    """
    INTERRUPTS.listen()
    with ENDING.noted():
        verdict = _evaluated(prepare(project, overrides, name, commit), review_of(reviewer, reason))
        ENDING.error = not_passed(verdict)
    return state_of(ENDING.error) if isinstance(ENDING.error, StateError) else verdict


def _evaluated(workspace: Workspace, review: Review | None) -> Verdict:
    """Run all stages, one process at a time, and record what came out."""
    with waiting(workspace.lock, "runs the chain here"), recorded(workspace) as record:
        page = RunPage()
        _bring("source", record)
        _bring("code", record, ["code"] if _code_is_known(workspace) else [])
        current = up_to_date(workspace.folder, CHAIN)
        for number, stage in enumerate(CHAIN):
            page.progress(number, len(CHAIN), stage)
            if stage == "gate":
                record.console.waits("gate: the champion's predictions, looks at the test set")
                current = () if write_champion_inputs(record, review) else current
            if stage == "train" and stage not in current:
                tell_small_groups(workspace)
            _bring(stage, record, current)
        record.console.waits("recording the verdict, its numbers and the file")
        complete(record)
        verdict = record.conclude()
        record.register(register_versions)
        page.progress(len(CHAIN), len(CHAIN), "done")
        ENDING.messages = record.messages(verdict)
        page.verdict(ENDING.messages[-1], verdict)
    if record.lost:
        raise NotRecorded(f"{verdict.sentence} But it is not recorded: {record.lost}")
    return verdict


def _bring(stage: str, record: Record, current: Collection[str] = ()) -> None:
    """Bring a stage up to date, in the time that params give it."""
    reproduce(stage, record.workspace.folder, record, current, record.params.run.limit(stage))


def _code_is_known(workspace: Workspace) -> bool:
    """Tell whether the stage ``code`` would write what is there: to start DVC for it takes 2 s."""
    return written_keys(workspace.artifacts) == stage_keys(workspace.params())


def not_passed(verdict: Verdict) -> StateError | None:
    """Return the error that a verdict is, unless it is a pass."""
    words = " ".join([verdict.sentence, *verdict.reasons[:3]])
    if verdict.outcome == "fail":
        return GateFailed(words)
    return Undecided(words) if verdict.outcome == "inconclusive" else None


def state_of(error: StateError) -> State[Any]:
    """Return the Prefect state of a flow that ends so; it is a result, and shows no traceback."""
    name = "GateFailed" if isinstance(error, GateFailed) else "NeedsReview"
    return Failed(name=name, message=str(error), data=error)


if __name__ == "__main__":
    compress()
