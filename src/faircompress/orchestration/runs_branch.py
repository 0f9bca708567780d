"""The branch ``runs`` of scheduled runs, as git sees it: nobody's files are touched."""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from faircompress.orchestration.commits import BRANCH, GitFailed, git
from faircompress.registry import attestations
from faircompress.registry.statements import from_line
from faircompress.support.errors import InputError

REF = f"refs/heads/{BRANCH}"
NOBODY = "0" * 40  # the commit of a branch that is not there
GONE = "0" * 40  # the blob of a file that is taken out
WHO = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "faircompress"), ("EMAIL", "faircompress@localhost"))
}


def tip_of(project: Path, ref: str = REF) -> str:
    """Return the commit that a branch is at; nothing if there is no such branch."""
    try:
        return git(project, "rev-parse", "--verify", "-q", f"{ref}^{{commit}}").strip()
    except GitFailed:
        return ""


def move_to(project: Path, commit: str, before: str, why: str) -> None:
    """Move the branch to a commit, unless it is not where it was any more.

    Raises:
        GitFailed: If it is not, or somebody works on its files.
    """
    raise_if_checked_out(project)
    git(project, "update-ref", "-m", why, REF, commit, before or NOBODY)


def raise_if_checked_out(project: Path) -> None:
    """See that nobody works on the files of the branch.

    Raises:
        GitFailed: If somebody does.
    """
    if f"branch {REF}" in git(project, "worktree", "list", "--porcelain").splitlines():
        raise GitFailed(
            f"the branch {BRANCH} is checked out, and results are not committed over somebody's "
            "files: switch to another branch, the next scheduled run commits them"
        )


def prefix_of(project: Path) -> str:
    """Return where the project lies in its repository; empty, or ends with a slash."""
    return git(project, "rev-parse", "--show-prefix").strip("\n")


def stored(project: Path, content: bytes) -> str:
    """Hand a file's content to git; return the name of the blob."""
    store = ("hash-object", "-w", "--no-filters", "--stdin")
    return git(project, *store, given=content).strip()


def attested_at(project: Path, commit: str) -> list[str]:
    """Return the attestations that a commit holds, a line each."""
    try:
        return git(project, "show", f"{commit}:./{attestations.FILE.as_posix()}").splitlines()
    except GitFailed:  # it has none
        return []


def not_here(project: Path) -> int:
    """Count the attestations of the branch that this clone's files lack; 0 where git has none.

    Raises:
        InputError: If a line, here or there, is none of ours.
    """
    try:
        tip = tip_of(project)
        there = attested_at(project, tip) if tip else []
    except OSError:  # no git
        return 0
    known = {from_line(line).payload for line in attestations.lines(project)}
    return len({_payload(line, number) for number, line in enumerate(there, 1) if line} - known)


def _payload(line: str, number: int) -> bytes:
    try:
        return from_line(line).payload
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        where = f"{BRANCH}:{attestations.FILE.as_posix()}, line {number}"
        raise InputError(
            f"{where} is no attestation ({error}). Look who changed it: git log {BRANCH}"
        ) from error


def as_file(lines: Iterable[str]) -> bytes:
    """Return lines as a file, each once."""
    return "".join(f"{line}\n" for line in dict.fromkeys(lines)).encode()


def blobs_of(project: Path, commit: str, paths: Iterable[str]) -> dict[str, str]:
    """Return the blobs that a commit has at these paths."""
    words = ("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
    entries = [line.split("\t", 1) for line in git(project, *words).split("\0") if line]
    return {path: about.split()[2] for about, path in entries}


def holds(project: Path, tip: str, commit: str) -> bool:
    """Tell whether a commit is another one or among its ancestors."""
    return git(project, "rev-list", "-1", commit, f"^{tip}").strip() == ""


def code_of_run(project: Path, commit: str) -> str:
    """Return the commit of the code that a run on the branch worked on; nothing if unknown."""
    form = "--format=%(trailers:key=Code,valueonly)"
    return git(project, "log", "-1", form, commit).strip()


def is_older(project: Path, code: str, other: str) -> bool:
    """Tell whether code is an ancestor of other code, and not the same."""
    return bool(code and other and code != other and holds(project, other, code))


def tree_with(project: Path, tree: str, blobs: dict[str, str]) -> str:
    """Return a tree, or that of a commit, with these blobs in their places."""
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        git(project, "read-tree", tree, env=index)
        modes = {path: "0" if blob == GONE else "100644" for path, blob in blobs.items()}
        entries = "".join(f"{modes[path]} {blob}\t{path}\0" for path, blob in blobs.items())
        git(project, "update-index", "-z", "--index-info", given=entries, env=index)
        return git(project, "write-tree", env=index).strip()


def committed(project: Path, tree: str, parents: Sequence[str], message: str) -> str:
    """Make a commit of a tree; return its name."""
    words = [word for parent in parents for word in ("-p", parent)]
    return git(project, "commit-tree", tree, *words, given=message, env=WHO).strip()
