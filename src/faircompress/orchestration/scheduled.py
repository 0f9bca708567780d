"""The workspace of scheduled runs, beside the files that the user works on.

It is ``.checkpoints/scheduled/work``, one a clone: ``params.yaml`` and ``dvc.yaml`` as they were
committed, results of its own, all else a link to the project's. The DVC cache, the MLflow database
and the ledger are the project's. So no file that git holds changes in the project, and ``git pull``
has nothing to refuse.
"""

import os
from pathlib import Path

from dvc.config import Config, merge

from faircompress.orchestration.commits import LAID_OUT, GitFailed, git
from faircompress.registry.attestations import SCHEDULED
from faircompress.support.files import link, write_text

OWN = ("artifacts", "dvc.lock", "mlartifacts", "mlruns", "state", "variants")
STATE = ("artifacts/champion.json", "artifacts/look.json")  # by the flow, for the gate
CACHE = "reflink,hardlink,copy"  # as variants: no second copy of the data


def lay_out(project: Path, commit: str) -> Path:
    """Bring the workspace to a commit; return its folder.

    Results are those of the last scheduled run, unless the commit brings another ``dvc.lock``.
    """
    folder = project / SCHEDULED
    folder.mkdir(parents=True, exist_ok=True)
    for name in LAID_OUT:
        take(project, commit, name, folder)
    _take_results(project, commit, folder)
    _link(project, folder)
    set_up_dvc(project, folder)
    return folder


def results_of(folder: Path) -> list[str]:
    """Return the paths of the files that tell what a run came to and from what."""
    numbers = [path.relative_to(folder).as_posix() for path in folder.glob("artifacts/*.json")]
    found = ["params.yaml", "dvc.lock", *sorted(set(numbers) - {*STATE})]
    return [path for path in found if (folder / path).exists()]


def take(project: Path, commit: str, name: str, folder: Path) -> None:
    """Write a file as it was committed, without touching one that is equal already."""
    path = folder / name
    try:
        text = git(project, "show", f"{commit}:./{name}")
    except GitFailed:  # it has none
        path.unlink(missing_ok=True)
        return
    if not (path.exists() and path.read_text("utf-8") == text):
        write_text(path, text)


def _take_results(project: Path, commit: str, folder: Path) -> None:
    """Take the results of a commit if they are others than those taken last."""
    try:
        blob = git(project, "rev-parse", "--verify", "-q", f"{commit}:./dvc.lock").strip()
    except GitFailed:
        return
    mark = folder / ".checkpoints" / "taken"
    if mark.exists() and mark.read_text() == blob:
        return
    numbers = git(project, "ls-tree", "-z", "--name-only", commit, "./artifacts/").split("\0")
    for name in ["dvc.lock", *(n for n in numbers if n.endswith(".json") and n not in STATE)]:
        take(project, commit, name, folder)
    write_text(mark, blob)


def _link(project: Path, folder: Path) -> None:
    """Link what is the project's."""
    for path in folder.iterdir():
        if path.is_symlink() and not os.path.lexists(project / path.name):
            path.unlink()
    if not os.path.lexists(project / "data"):
        (project / "data").mkdir()  # a source may download to it
    for path in project.iterdir():
        own = path.name in (*OWN, *LAID_OUT) or path.name.startswith((".", "mlflow.db"))
        if own or path.name.endswith(".dvc"):  # what DVC added is fetched into the project
            continue
        link(folder / path.name, path)


def set_up_dvc(project: Path, folder: Path) -> None:
    """Give the workspace the project's remotes and cache."""
    config = folder / ".dvc" / "config"
    if not config.exists():
        write_text(config, "[core]\n    analytics = false\n    no_scm = true\n")
    theirs = Config(str(project / ".dvc"))
    known = theirs.load_one("repo")
    merge(known, theirs.load_one("local"))
    known["core"]["no_scm"] = True
    known["cache"].setdefault("dir", str(project / ".dvc" / "cache"))
    known["cache"].setdefault("type", CACHE)
    with Config(str(config.parent)).edit("local") as own:
        own.clear()
        own.update(known)
