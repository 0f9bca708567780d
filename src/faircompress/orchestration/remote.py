"""The DVC remote, where machines hand each other what they computed. Quiet where there is none."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from faircompress.orchestration import cache
from faircompress.support.errors import StateError
from faircompress.support.files import remove
from faircompress.support.lines import one_line

LONGEST = 600  # characters of what DVC said
NOT_SENT = re.compile(r"failed to transfer '.*' - (.+)")
KEYS = (
    "The remote's keys are looked for in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the "
    "process that runs the chain: set them where worker or faircompress serve is started."
)
PATIENCE = 20.0  # seconds in which DVC neither computes, reads nor writes
FETCH = (
    "import sys; from dvc.repo import Repo; from dvc_data.hashfile.hash_info import HashInfo\n"
    "with Repo() as repo: repo.cloud.pull([HashInfo('md5', name) for name in sys.argv[1:]])"
)
AT_ONCE = 10_000  # names of objects that a command line holds with ease


class RemoteFailed(StateError):
    """The remote could not be read or written; says what DVC said."""


def pull_data(project: Path) -> None:
    """Fetch what ``.dvc`` files of the project name, such as ``data.dvc``.

    Raises:
        RemoteFailed: If the remote did not answer.
    """
    names = [path.name for path in sorted(project.glob("*.dvc")) if path.is_file()]
    if names and has_remote(project):
        _dvc(project, "pull", "--force", "--allow-missing", *names)


def bring(workspace: Path, names: Sequence[str]) -> None:
    """Put what ``.dvc`` files name into a workspace, from the cache or else from the remote.

    Raises:
        RemoteFailed: If neither has it.
    """
    if names and has_remote(workspace):
        _dvc(workspace, "fetch", *names)
    if names:
        _dvc(workspace, "checkout", "--force", *names)


@task(task_run_name="pull", cache_policy=NO_CACHE)
def pull(workspace: Path) -> bool:
    """Fetch stage results from the remote, those of other machines' runs too.

    Leftovers of a failed stage give way to what ``dvc.lock`` names; what the remote lacks, or has
    in a damaged state, is computed anew.

    Returns:
        Whether there is a remote.

    Raises:
        RemoteFailed: If it did not answer.
    """
    if not has_remote(workspace):
        return False
    results = cache.results(workspace)
    store, changed = cache.cache_of(workspace), _changed(workspace)
    store.drop_damaged(out.md5 for out in results if changed is None or out.stage in changed)
    start = time.time()
    _dvc(workspace, "pull", "--run-cache", "--force", "--allow-missing")
    for out in results:
        if store.drop_damaged([out.md5], since=start):
            remove(out.path)  # DVC believes it; without it, it is computed again
    return True


def _changed(workspace: Path) -> Collection[str] | None:
    """Return the stages and ``.dvc`` files whose results are not there as they were left."""
    code, told = _said(workspace, [sys.executable, *_DVC, "status", "--json"])
    return None if code else set(json.loads(told or "{}"))


@task(task_run_name="push", cache_policy=NO_CACHE)
def push(workspace: Path) -> bool:
    """Hand stage results to the remote; return whether there is one.

    Raises:
        RemoteFailed: If it did not take them.
    """
    if not has_remote(workspace):
        return False
    _dvc(workspace, "push", "--run-cache")
    return True


def mend(workspace: Path, stages: Collection[str]) -> str:
    """See that stages restore nothing damaged, and find what other machines' runs left of them.

    What is damaged or not here is fetched if there is a remote.

    Returns:
        What was damaged or not here, in a sentence; nothing if all is well.
    """
    dropped = cache.drop_damaged(workspace, stages)
    store, known = cache.cache_of(workspace), cache.restorable(workspace, stages)
    absent = [md5 for md5 in store.absent(known) if md5 not in dropped]
    if not (dropped or absent):
        return ""
    if not has_remote(workspace):
        return f"{_damaged(dropped)}: computed again" if dropped else ""
    try:
        _fetch(workspace, store, [*dropped, *absent])
    except RemoteFailed as error:
        return f"{_damaged(dropped)}: computed again, since the remote did not help: {error}"
    again = store.drop_damaged([*dropped, *absent])
    if again:
        return (
            f"{_damaged(again)}: computed again. They are damaged in the remote as well: delete "
            "them there"
        )
    if not dropped:
        return "" if store.absent(known) else "results of an earlier run fetched from the remote"
    return f"{_damaged(dropped)}: fetched again, or computed again where the remote lacks them"


def _fetch(workspace: Path, store: cache.Cache, names: Sequence[str]) -> None:
    """Fetch objects; of a folder the list first, and then what that names."""
    wanted = list(names)
    for _ in range(2):
        for start in range(0, len(wanted), AT_ONCE):
            _said(workspace, [sys.executable, "-c", FETCH, *wanted[start : start + AT_ONCE]])
        wanted = store.absent(names)


def _damaged(names: Sequence[str]) -> str:
    if not names:
        return "what an earlier run left is not here"
    return f"{len(names)} damaged files dropped from the DVC cache ({names[0]})"


def has_remote(workspace: Path) -> bool:
    """Tell whether a default remote is named."""
    _, words = _said(workspace, [sys.executable, *_DVC, "config", "core.remote"])
    return bool(words.strip())


_DVC = ("-m", "dvc", "--wait-for-lock")


def _dvc(workspace: Path, *words: str) -> None:
    code, told = _said(workspace, [sys.executable, *_DVC, *words])
    if code:
        raise RemoteFailed(f"dvc {words[0]} failed: {complaint(told)}")


def complaint(told: str) -> str:
    """Return what DVC said in a sentence or two: it names each of perhaps 100,000 files."""
    lines = [line.strip().removeprefix("ERROR: ") for line in told.splitlines()]
    left = Counter(found[1] for line in lines if (found := NOT_SENT.search(line)))
    named = [f"{count} files were not transferred: {why}" for why, count in left.items()]
    others = (line for line in lines if line and not NOT_SENT.search(line))
    said = [line for line in dict.fromkeys(others) if "any troubles?" not in line]
    words = one_line(". ".join([*named, *said]), LONGEST)
    return f"{words}. {KEYS}" if "credentials" in words else words


def _said(workspace: Path, command: Sequence[str]) -> tuple[int, str]:
    """Run a command as long as it does something; return its exit code and its complaints.

    Raises:
        RemoteFailed: If it waits for an answer that does not come.
    """
    process = subprocess.Popen(
        command, cwd=workspace, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    seen, since = "", time.monotonic()
    try:
        while True:
            try:
                told, complaints = process.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                now = _work(process.pid)
                if now != seen:
                    seen, since = now, time.monotonic()
                elif time.monotonic() - since > PATIENCE:
                    raise RemoteFailed(
                        f"{_named(command)} waited {PATIENCE:.0f} s for an answer of the remote in "
                        "vain"
                    ) from None
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return process.returncode, told + complaints if process.returncode else told


def _named(command: Sequence[str]) -> str:
    """Name a command in a message: what is asked of DVC, or that objects are fetched by name."""
    of_dvc = tuple(command[1 : 1 + len(_DVC)]) == _DVC
    return f"`dvc {command[1 + len(_DVC)]}`" if of_dvc else "fetching results"


def _work(pid: int) -> str:
    """Return what changes as long as a process computes, reads or writes."""
    try:
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
        return " ".join(times) + Path(f"/proc/{pid}/io").read_text()
    except OSError:
        return str(time.monotonic())  # not Linux, or not ours to see: it may take its time
