"""One DVC stage as one Prefect task. All that calls dvc, but for what ``pending`` asks it.

A subprocess, because DVC inside this process is not safe in threads, hides what a stage prints
and cannot be killed.
"""

import ctypes
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from faircompress.orchestration.deadline import Deadline
from faircompress.orchestration.deaths import killed
from faircompress.orchestration.remote import mend
from faircompress.registry.keys import without_keys
from faircompress.support.errors import StateError
from faircompress.support.progress import EVENTS

Outcome = Literal["ran", "restored", "unchanged"]
SIGNS: dict[str, Outcome] = {
    "Running stage": "ran",
    "is cached - skipping run": "restored",
    "didn't change, skipping": "unchanged",
}
NOISE = (
    "To track the changes",
    "To enable auto staging",
    "git add",
    "dvc config core.autostage",
    "Use `dvc push`",
    "Data and pipelines are up to date",
    "Updating lock file",
    "Generating lock file",
    "Verifying",
    "Stage '",
    "> faircompress",
    "Running stage",
    "ERROR: failed to reproduce",
    "Having any troubles?",
)


class StageFailed(StateError):
    """A stage could not do its work; says what it said."""


class StageTimedOut(StageFailed):
    """A stage took longer than ``run.timeouts`` allows, and was stopped."""


class DvcBusy(StateError):
    """Another process holds the workspace; trying again helps."""


class Listener:
    """Who is told what happens to a stage; this one keeps it to itself."""

    def begins(self, stage: str) -> None:
        """Hear that it is looked at."""

    def runs(self, stage: str) -> None:
        """Hear that it is not up to date and really runs."""

    def event(self, stage: str, event: dict[str, Any]) -> None:
        """Hear numbers or progress from inside the stage."""

    def line(self, stage: str, line: str) -> None:
        """Hear a line that it prints."""

    def ends(self, stage: str, outcome: Outcome) -> None:
        """Hear that it is up to date."""

    def fails(self, stage: str, error: BaseException) -> None:
        """Hear that it is not."""


def _only_if_busy(found: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.result(raise_on_failure=False), DvcBusy)


@task(
    task_run_name="{stage}",
    retries=40,
    retry_delay_seconds=15,
    retry_condition_fn=_only_if_busy,
    cache_policy=NO_CACHE,
)
def reproduce(
    stage: str,
    workspace: Path,
    listener: Listener,
    current: Collection[str] = (),
    limit: float | None = None,
) -> Outcome:
    """Bring one stage up to date, telling what happens meanwhile.

    Args:
        stage: Its name in ``dvc.yaml``.
        workspace: The folder of ``dvc.yaml``.
        listener: Who hears of it.
        current: Stages known to be up to date; DVC is not asked about them again.
        limit: Seconds after which it is stopped; None: never.

    Returns:
        ``ran``; ``restored`` from the cache of earlier runs; or ``unchanged``.

    Raises:
        StageFailed: With the stage's own words.
        StageTimedOut: If it took longer than the limit.
        DvcBusy: If another process works on this stage; Prefect then tries again.
    """
    listener.begins(stage)
    try:
        outcome: Outcome = "unchanged"
        if stage not in current:
            outcome = dvc_repro([stage], workspace, listener, limit=limit)
    except BaseException as error:
        listener.fails(stage, error)
        raise
    listener.ends(stage, outcome)
    return outcome


def up_to_date(workspace: Path, stages: Collection[str]) -> Collection[str]:
    """Return the first stages of the chain that DVC would leave alone, asking it once for all."""
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    said = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
    if said.returncode:
        return ()
    changed = json.loads(said.stdout or "{}")
    return list(itertools.takewhile(lambda stage: stage not in changed, stages))


def dvc_repro(
    stages: Sequence[str],
    workspace: Path,
    listener: Listener,
    threads: int | None = None,
    limit: float | None = None,
) -> Outcome:
    """Run `dvc repro` for some stages, in their order, and pass on what it says of the last.

    Args:
        stages: Their names; stages that they depend on are not looked at.
        workspace: The folder of ``dvc.yaml``.
        listener: Who hears of it.
        threads: That a stage may compute with; None: as many as it likes.
        limit: Seconds after which all of it is stopped; None: never.

    Raises:
        StageFailed: With the stage's own words.
        StageTimedOut: If it took longer than the limit.
        DvcBusy: If another process works on this stage.
    """
    stage = stages[-1]
    if damage := mend(workspace, stages):
        listener.line(stage, damage)
    few = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    events = workspace / ".checkpoints" / f"{stage}.{os.getpid()}.events"
    events.parent.mkdir(exist_ok=True)
    events.write_text("")
    tail: deque[str] = deque(maxlen=60)
    outcome: Outcome = "unchanged"
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", *stages],
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=_die_with_parent,
        env={**without_keys(), **few, EVENTS: str(events), "PYTHONUNBUFFERED": "1"},
    )
    done = threading.Event()
    follower = threading.Thread(target=_follow, args=(stage, events, done, listener), daemon=True)
    follower.start()
    watch = Deadline(process.pid, limit)
    try:
        assert process.stdout is not None
        for line in (raw.rstrip() for raw in process.stdout):
            for sign, meaning in SIGNS.items():
                if sign in line:
                    outcome = meaning
                    if meaning == "ran":
                        listener.runs(stage)
            tail.append(line)
            if line.strip() and not line.strip().startswith(NOISE):
                listener.line(stage, line)
        code = process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        raise
    finally:
        if process.stdout:
            process.stdout.close()
        watch.cancel()
        done.set()
        follower.join()
        events.unlink(missing_ok=True)
    if watch.passed:
        raise StageTimedOut(
            f"stage {stage} was stopped after {limit:g} s, which run.timeouts.{stage} allows, with "
            "all that it started. It hangs, or needs longer: raise the limit. Finished epochs are "
            "kept."
        )
    if code:
        _raise(stage, list(tail))
    return outcome


def dvc_add(path: Path) -> None:
    """Have DVC keep a file or folder, and git its fingerprint.

    Raises:
        StageFailed: With DVC's own words.
    """
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "add", "--quiet", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StageFailed(f"dvc add {path} failed: {(done.stderr or done.stdout).strip()}")


def _raise(stage: str, tail: list[str]) -> None:
    words = "\n".join(tail)
    if "is busy" in words or "Unable to acquire lock" in words:
        raise DvcBusy(words)
    said = "\n".join(line for line in tail if line and not line.strip().startswith(NOISE))
    if death := killed(stage, words):
        raise StageFailed("\n".join(filter(None, (said, death))))
    raise StageFailed(f"stage {stage} failed: " + (said or words.strip()))


def _follow(stage: str, events: Path, done: threading.Event, listener: Listener) -> None:
    for event in _lines(events, done):
        listener.event(stage, event)


def _lines(events: Path, done: threading.Event) -> Iterator[dict[str, Any]]:
    with events.open(encoding="utf-8") as file:
        while True:
            finished = done.is_set()
            while line := file.readline():
                yield json.loads(line)
            if finished:
                return
            done.wait(0.3)


def _die_with_parent() -> None:
    """See that a killed flow does not leave a stage behind that goes on writing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
