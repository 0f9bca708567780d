"""The data of a past commit, where DVC holds them: what its ``NAME.dvc`` files name."""

from pathlib import Path

from faircompress.orchestration import scheduled
from faircompress.orchestration.commits import git
from faircompress.orchestration.remote import bring
from faircompress.orchestration.workspace import Workspace


def pointers(project: Path, commit: str) -> list[str]:
    """Return the names of the files beside params by which a commit names its data."""
    names = git(project, "ls-tree", "-z", "--name-only", commit, "./").split("\0")
    return [name for name in names if name.endswith(".dvc") and name != ".dvc"]


def version_of(project: Path, commit: str) -> str:
    """Return what is equal for two commits if their data are; nothing if DVC holds none."""
    found = (git(project, "rev-parse", f"{commit}:./{name}") for name in pointers(project, commit))
    return "".join(found)


def lay_out(space: Workspace, commit: str) -> None:
    """Put a commit's data into a variant's folder, in place of the link to today's.

    Raises:
        RemoteFailed: If neither the DVC cache nor the remote has them.
    """
    names = pointers(space.project, commit)
    for name in names:
        target = space.folder / name.removesuffix(".dvc")
        if target.is_symlink():
            target.unlink()
        scheduled.take(space.project, commit, name, space.folder)
    scheduled.set_up_dvc(space.project, space.folder)
    bring(space.folder, names)
