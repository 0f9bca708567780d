"""What a scheduled run came to, as a commit on the branch ``runs``; the user's branch stays."""

import tempfile
from pathlib import Path
from typing import Any

from faircompress.config.precisions import verdict_folder
from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration.commits import BRANCH, GitFailed, git
from faircompress.orchestration.scheduled import results_of
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import attestations
from faircompress.support.files import read_json

REF = f"refs/heads/{BRANCH}"
NOBODY = "0" * 40  # the commit of a branch that is not there
WHO = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "faircompress"), ("EMAIL", "faircompress@localhost"))
}


def publish(workspace: Workspace) -> str:
    """Commit the results of a scheduled run; return what was done, nothing without news.

    The commit holds the files of the commit that the run worked on, with ``dvc.lock``, the numbers
    and the attestations of the run in their places.

    Raises:
        GitFailed: If the branch is checked out somewhere, or git refuses.
    """
    project, tip = workspace.project, _tip(workspace.project)
    blobs = _written(workspace)
    if tip and blobs == _known(project, tip, blobs):
        return ""
    _raise_if_checked_out(project)
    parents = [tip] if tip else []
    if not (tip and _holds(project, tip, workspace.commit)):
        parents.append(workspace.commit)
    tree = _tree(project, workspace.commit, blobs)
    words = ["commit-tree", tree, *(word for parent in parents for word in ("-p", parent))]
    made = git(project, *words, given=_message(workspace), env=WHO).strip()
    git(project, "update-ref", "-m", "a scheduled run", REF, made, tip or NOBODY)
    return f"The results are commit {made[:12]} of the branch {BRANCH}."


def _tip(project: Path) -> str:
    try:
        return git(project, "rev-parse", "--verify", "-q", f"{REF}^{{commit}}").strip()
    except GitFailed:
        return ""


def _written(workspace: Workspace) -> dict[str, str]:
    """Hand the results to git; return the name of each blob by its path in the repository."""
    project, folder = workspace.project, workspace.folder
    prefix = git(project, "rev-parse", "--show-prefix").strip("\n")
    content = {path: (folder / path).read_bytes() for path in results_of(folder)}
    if lines := attestations.lines(project):
        content[attestations.FILE.as_posix()] = "".join(f"{line}\n" for line in lines).encode()
    store = ("hash-object", "-w", "--no-filters", "--stdin")
    return {prefix + path: git(project, *store, given=raw).strip() for path, raw in content.items()}


def _known(project: Path, commit: str, paths: dict[str, str]) -> dict[str, str]:
    """Return the blobs that a commit has at these paths."""
    words = ("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
    entries = [line.split("\t", 1) for line in git(project, *words).split("\0") if line]
    return {path: about.split()[2] for about, path in entries}


def _holds(project: Path, tip: str, commit: str) -> bool:
    """Tell whether a commit is among the ancestors of the branch."""
    return git(project, "rev-list", "-1", commit, f"^{tip}").strip() == ""


def _raise_if_checked_out(project: Path) -> None:
    if f"branch {REF}" in git(project, "worktree", "list", "--porcelain").splitlines():
        raise GitFailed(
            f"the branch {BRANCH} is checked out, and results are not committed over somebody's "
            "files: switch to another branch, the next scheduled run commits them"
        )


def _tree(project: Path, commit: str, blobs: dict[str, str]) -> str:
    """Return a commit's tree with these blobs in their places."""
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        git(project, "read-tree", commit, env=index)
        entries = "".join(f"100644 {blob}\t{path}\0" for path, blob in blobs.items())
        git(project, "update-index", "-z", "--index-info", given=entries, env=index)
        return git(project, "write-tree", env=index).strip()


def _message(workspace: Workspace) -> str:
    artifacts = workspace.artifacts
    numbers: dict[str, Any] = read_json(artifacts / "gate.json")
    verdict = Verdict.from_json(
        read_json(verdict_folder(artifacts, numbers["evaluated"]) / "verdict.json")
    )
    data, speedup = workspace.params().data.name, read_json(artifacts / "prune.json")["speedup"]
    return (
        f"Scheduled run: {verdict.outcome}, {data}, speed-up {speedup:.2f}\n\n"
        f"{verdict.sentence}\n\n"
        f"Verdict: {verdict.outcome}\nData: {data} {verdict.data}\nSpeed-up: {speedup:.4g}\n"
        f"Precision: {numbers['evaluated']}\nCode: {workspace.commit}\n"
    )
