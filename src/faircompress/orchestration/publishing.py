"""What a scheduled run came to, as a commit on the branch ``runs``; the user's branch stays."""

from pathlib import Path
from typing import Any

from faircompress.config.precisions import verdict_folder
from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration.commits import BRANCH
from faircompress.orchestration.joining import joined
from faircompress.orchestration.runs_branch import (
    as_file,
    attested_at,
    blobs_of,
    code_of_run,
    committed,
    holds,
    is_older,
    move_to,
    prefix_of,
    raise_if_checked_out,
    stored,
    tip_of,
    tree_with,
)
from faircompress.orchestration.scheduled import results_of
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import attestations
from faircompress.support.files import read_json


def publish(workspace: Workspace) -> str:
    """Commit the results of a scheduled run; return what was done, nothing without news.

    The commit holds the files of the commit that the run worked on, with ``dvc.lock``, the numbers
    and the attestations of the run in their places.

    Raises:
        GitFailed: If the branch is checked out somewhere, or git refuses.
    """
    project, tip = workspace.project, tip_of(workspace.project)
    blobs = _written(workspace, tip)
    if tip and blobs == blobs_of(project, tip, blobs):
        return ""
    raise_if_checked_out(project)
    tree, message = tree_with(project, workspace.commit, blobs), _message(workspace)
    if tip and is_older(project, workspace.commit, code_of_run(project, tip)):
        # another worker's results on newer code stay on top: this code must not undo that
        made = committed(project, tree, [workspace.commit], message)
        move_to(project, joined(project, made, tip), tip, "a scheduled run on older code")
    else:
        made = committed(project, tree, _parents(project, tip, workspace.commit), message)
        move_to(project, made, tip, "a scheduled run")
    return f"The results are commit {made[:12]} of the branch {BRANCH}."


def _parents(project: Path, tip: str, code: str) -> list[str]:
    known = [tip] if tip else []
    return known if tip and holds(project, tip, code) else [*known, code]


def _written(workspace: Workspace, tip: str) -> dict[str, str]:
    """Hand the results to git; return the name of each blob by its path in the repository."""
    project, folder = workspace.project, workspace.folder
    prefix = prefix_of(project)
    content = {path: (folder / path).read_bytes() for path in results_of(folder)}
    lines = [*(attested_at(project, tip) if tip else ()), *attestations.lines(project)]
    if lines:
        content[attestations.FILE.as_posix()] = as_file(lines)
    return {prefix + path: stored(project, raw) for path, raw in content.items()}


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
