"""The branch ``runs`` of several workers, brought together at a git remote: no commit is lost.

Each worker commits to the branch of its own clone. Before it pushes, it fetches what others pushed
and joins both by a commit with two parents, so every commit of every worker stays in the branch's
history, whatever stands on top. Nothing is ever forced: a push that came too late is refused by
the remote, and joined anew.
"""

import random
import time
from pathlib import Path

from faircompress.orchestration.commits import BRANCH, GitFailed, git
from faircompress.orchestration.joining import joined
from faircompress.orchestration.runs_branch import (
    NOBODY,
    REF,
    attested_at,
    holds,
    move_to,
    tip_of,
)
from faircompress.registry import attestations

PATIENCE = 120.0  # seconds for an answer of the remote
TRIES = 60  # as long as others' pushes come between
FAILURES = 3  # as long as nobody's do
NO_TERMINAL = {"GIT_TERMINAL_PROMPT": "0"}


def share(project: Path, remote: str) -> str:
    """Push the branch, joined with what others pushed; return what was done, nothing without news.

    Args:
        project: A clone.
        remote: Name of a remote of its git.

    Raises:
        GitFailed: If the remote did not take it, the branch is checked out, or the code of the two
            contradicts itself. The commits stay on the branch here: the next run hands them on.
    """
    failures, before = 0, NOBODY
    for _ in range(TRIES):
        theirs = _fetched(project, remote)
        failures = failures + 1 if theirs == before else 0
        made, before = _brought_together(project, theirs), theirs
        if made == theirs:
            return ""
        try:
            _ask(project, "push", "--quiet", remote, f"{made}:{REF}")
        except GitFailed:
            if failures >= FAILURES:
                raise
            time.sleep(random.uniform(0.05, 0.5) * (1 + failures))
            continue
        listen(project, theirs)
        return f"The branch {BRANCH} was pushed to {remote}, at commit {made[:12]}."
    raise GitFailed(f"the branch {BRANCH} of {remote} changed during each of {TRIES} pushes")


def hear(project: Path, remote: str) -> int:
    """Take what other workers attested into this clone's record; return how many lines were new.

    Raises:
        GitFailed: If the remote did not answer.
        InputError: If a line there is none of ours.
    """
    return listen(project, _fetched(project, remote))


def listen(project: Path, commit: str) -> int:
    """Take the attestations of a commit into the record; return how many were new."""
    return attestations.take(project, attested_at(project, commit)) if commit else 0


def _fetched(project: Path, remote: str) -> str:
    """Fetch the remote's branch; return the commit that it is at, nothing if it has none."""
    if not _ask(project, "ls-remote", remote, REF).strip():
        return ""
    place = f"refs/faircompress/{remote}/{BRANCH}"
    _ask(project, "fetch", "--quiet", "--no-tags", remote, f"+{REF}:{place}")
    return tip_of(project, place)


def _ask(project: Path, *words: str) -> str:
    return git(project, *words, env=NO_TERMINAL, patience=PATIENCE)


def _brought_together(project: Path, theirs: str) -> str:
    """Have the branch here hold the remote's commits, too; return the commit that it is at then."""
    mine = tip_of(project)
    if not theirs or (mine and holds(project, mine, theirs)):
        return mine or theirs
    alone = not mine or holds(project, theirs, mine)
    made = theirs if alone else joined(project, mine, theirs)
    move_to(project, made, mine, "joined with other workers")
    return made
