"""Two workers' results as one commit: both stay in the branch's history, one stands on top."""

from pathlib import Path

from faircompress.orchestration.commits import BRANCH, GitFailed, git
from faircompress.orchestration.runs_branch import (
    GONE,
    as_file,
    attested_at,
    blobs_of,
    code_of_run,
    committed,
    is_older,
    prefix_of,
    stored,
    tree_with,
)
from faircompress.registry import attestations

MERGE = ("merge-tree", "--write-tree", "--name-only", "-z", "--no-messages",
         "--allow-unrelated-histories")  # fmt: skip
TITLE = "Results of several workers\n\nOn top: "


def joined(project: Path, mine: str, theirs: str) -> str:
    """Return a commit with both as parents, and the attestations of both.

    Results of the newer code stand on top, since older code must not undo newer code; else mine.

    Raises:
        GitFailed: If the code of the two contradicts itself.
    """
    older = is_older(project, *(code_of_run(project, commit) for commit in (mine, theirs)))
    top, below = (theirs, mine) if older else (mine, theirs)
    base, *conflicts = filter(None, git(project, *MERGE, theirs, mine, fine=(0, 1)).split("\0"))
    above, under = _results(project, top), _results(project, below)
    if contradicting := sorted({*conflicts} - {*above, *under}):
        raise GitFailed(
            f"another worker's results on the branch {BRANCH} are of code that contradicts this "
            f"clone's in {', '.join(contradicting[:3])}: bring both clones to one commit. The "
            f"results stay on the branch {BRANCH} here, and the next run pushes them"
        )
    results = dict.fromkeys(under, GONE) | above
    if lines := [*attested_at(project, theirs), *attested_at(project, mine)]:
        file = f"{prefix_of(project)}{attestations.FILE.as_posix()}"
        results[file] = stored(project, as_file(lines))
    words = git(project, "log", "-1", "--format=%B", top).strip()
    message = f"{TITLE}{words.removeprefix(TITLE)}\n"
    return committed(project, tree_with(project, base, results), [theirs, mine], message)


def _results(project: Path, commit: str) -> dict[str, str]:
    """Return the blobs of a run's results in a commit, by their path in the repository."""
    prefix = prefix_of(project)
    folder = f"{prefix}artifacts/"
    found = blobs_of(project, commit, (f"{prefix}params.yaml", f"{prefix}dvc.lock", folder))
    kinds = (".json", attestations.FILE.name)
    return {path: blob for path, blob in found.items()
            if not path.startswith(folder)
            or ("/" not in path.removeprefix(folder) and path.endswith(kinds))}  # fmt: skip
