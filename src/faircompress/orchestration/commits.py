"""The project's git: which commit it is at, and what differs from it."""

import os
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

from faircompress.support.errors import StateError

BRANCH = "runs"  # of scheduled runs
RESULTS = ("dvc.lock", "artifacts")  # a run writes them: they are no other code
LAID_OUT = ("params.yaml", "dvc.yaml", ".dvcignore")  # a scheduled run takes them from a commit
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")


class GitFailed(StateError):
    """Git did not do what it was asked for; says what it said."""


def git(
    project: Path,
    *words: str,
    given: str | bytes = b"",
    env: Mapping[str, str] | None = None,
    patience: float | None = None,
    fine: Collection[int] = (0,),
) -> str:
    """Run git in a project; return what it prints.

    Args:
        project: Folder that it works in.
        words: The command.
        given: Its standard input.
        env: Added to the environment.
        patience: Seconds that it may take, for what asks a server; then it has no terminal to ask
            for a password.
        fine: Exit codes that are no failure.

    Raises:
        GitFailed: With git's words.
    """
    kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *words], check=False, capture_output=True,
            input=given.encode() if isinstance(given, str) else given, env={**kept, **(env or {})},
            timeout=patience, start_new_session=patience is not None,
        )  # fmt: skip
    except FileNotFoundError:
        raise GitFailed("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise GitFailed(f"git {words[0]} had no answer within {patience:.0f} s") from None
    if done.returncode not in fine:
        complaint = done.stderr.decode(errors="replace").strip()
        raise GitFailed(f"git {words[0]} failed: {complaint or f'exit code {done.returncode}'}")
    return done.stdout.decode(errors="surrogateescape")


def head(project: Path) -> str:
    """Return the commit that is checked out, if it holds the project; else nothing."""
    try:
        for name in ("params.yaml", "dvc.yaml"):
            git(project, "cat-file", "-e", f"HEAD:./{name}")
        return git(project, "rev-parse", "HEAD").strip()
    except GitFailed:
        return ""


def changed(project: Path, *where: str) -> list[str]:
    """Return the files that git holds, and that differ from the commit, as git names them.

    Args:
        project: Its folder.
        where: Path specs, relative to it.

    Raises:
        GitFailed: If the project is not in git.
    """
    words = ("status", "--porcelain", "-z", "-uno", "--no-renames", "--", *where)
    found = git(project, *words, env={"GIT_OPTIONAL_LOCKS": "0"})
    return [line[3:] for line in found.split("\0") if line]


def code_of(project: Path, commit: str = "") -> str:
    """Return the git commit of a project, marked when code or choices differ from it.

    Args:
        project: Its folder.
        commit: That a run took its params from; empty: from the folder.
    """
    try:
        found = commit or git(project, "rev-parse", "HEAD").strip()
        others = (*RESULTS, *(LAID_OUT if commit else ()))
        differs = changed(project, ":/", *(f":(exclude){name}" for name in others))
    except GitFailed:
        return "none"
    return f"{found}-dirty" if differs else found
