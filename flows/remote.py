"""The DVC remote, where machines hand each other what they computed. Quiet where there is none."""

import subprocess
import sys
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE


class RemoteFailed(RuntimeError):
    """The remote could not be read or written; says what DVC said."""


@task(task_run_name="pull", retries=2, retry_delay_seconds=15, cache_policy=NO_CACHE)
def pull(workspace: Path) -> bool:
    """Fetch stage results from the remote, those of other machines' runs too.

    Leftovers of a failed stage give way to what ``dvc.lock`` names; what the remote lacks is
    computed anew.

    Returns:
        Whether there is a remote.

    Raises:
        RemoteFailed: If it did not answer.
    """
    return _dvc(workspace, "pull", "--run-cache", "--force", "--allow-missing")


@task(task_run_name="push", retries=2, retry_delay_seconds=15, cache_policy=NO_CACHE)
def push(workspace: Path) -> bool:
    """Hand stage results to the remote; return whether there is one.

    Raises:
        RemoteFailed: If it did not take them.
    """
    return _dvc(workspace, "push", "--run-cache")


def _dvc(workspace: Path, *words: str) -> bool:
    if not _said(workspace, "config", "core.remote")[1].strip():
        return False
    code, said = _said(workspace, *words)
    if code:
        raise RemoteFailed(f"dvc {words[0]} failed: {said.strip()}")
    return True


def _said(workspace: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "--wait-for-lock", *words],
        cwd=workspace, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr if done.returncode else done.stdout
