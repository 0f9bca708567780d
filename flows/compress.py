"""The pipeline's sentence."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect import flow

from faircompress.auditing.looks import review_of
from faircompress.config.code_keys import stage_keys, written_keys
from faircompress.evaluation.verdict import Verdict
from faircompress.ledger.limits import Review
from faircompress.orchestration.champion_inputs import write_champion_inputs
from faircompress.orchestration.looks import complete
from faircompress.orchestration.record import recorded
from faircompress.orchestration.registration import register_versions
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


@flow(name="fair-compression", flow_run_name="{project}", validate_parameters=False)
def compress(
    project: Path = Path(),
    overrides: tuple[str, ...] = (),
    name: str | None = None,
    reviewer: str = "",
    reason: str = "",
    commit: str = "",
) -> Verdict:
    """Validate the data, train dense, prune fairly, export to ONNX, and judge the result.

    Args:
        project: Folder with ``params.yaml`` and ``dvc.yaml``.
        overrides: Changes for this run only, as ``section.key=value``.
        name: Of the folder such a run gets; by default what it changes.
        reviewer: Who agreed to limits that changed after a look at the test set.
        reason: Why they changed.
        commit: That a scheduled run works on, in a folder of its own.

    Raises:
        GateFailed: Naming rule and group.
        Undecided: Naming what would settle it.
        NotRecorded: If MLflow stopped answering; the next run records it.
    """
    INTERRUPTS.listen()
    with ENDING.noted():
        verdict = _evaluated(prepare(project, overrides, name, commit), review_of(reviewer, reason))
        raise_unless_passed(verdict)
    return verdict


def _evaluated(workspace: Workspace, review: Review | None) -> Verdict:
    """Run all stages, one process at a time, and record what came out."""
    with waiting(workspace.lock, "runs the chain here"), recorded(workspace) as record:
        reproduce("source", workspace.folder, record)
        reproduce("code", workspace.folder, record, ["code"] if _code_is_known(workspace) else [])
        current = up_to_date(workspace.folder, CHAIN)
        for stage in CHAIN:
            if stage == "gate" and write_champion_inputs(record, review):
                current = ()
            if stage == "train" and stage not in current:
                tell_small_groups(workspace)
            reproduce(stage, workspace.folder, record, current)
        complete(record)
        verdict = record.conclude()
        record.register(register_versions)
    if record.lost:
        raise NotRecorded(f"{verdict.sentence} But it is not recorded: {record.lost}")
    return verdict


def _code_is_known(workspace: Workspace) -> bool:
    """Tell whether the stage ``code`` would write what is there: to start DVC for it takes 2 s."""
    return written_keys(workspace.artifacts) == stage_keys(workspace.params())


def raise_unless_passed(verdict: Verdict) -> None:
    """Fail the flow unless the verdict is a pass."""
    words = " ".join([verdict.sentence, *verdict.reasons[:3]])
    if verdict.outcome == "fail":
        raise GateFailed(words)
    if verdict.outcome == "inconclusive":
        raise Undecided(words)


if __name__ == "__main__":
    compress()
