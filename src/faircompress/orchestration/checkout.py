"""Old results back, and a DVC cache that keeps what registered versions need."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faircompress.config.precisions import exported
from faircompress.orchestration.registered_model import Registry
from faircompress.registry import attestations, mlflow_runs, versions
from faircompress.registry.verification import intact, restorable
from faircompress.registry.versions import Version
from faircompress.support.errors import StateError
from faircompress.support.files import sha256, write_bytes, write_text

RESTORING = Path("restore")  # folder of a run, with what git would hold

LOCK = str(RESTORING / "dvc.lock")


class NotRestored(StateError):
    """A version's results cannot be brought back; says why and what to do."""


def restoring(project: Path) -> list[Path]:
    """Return the files that, with the DVC cache, bring back all results of a project."""
    named = [project / name for name in ("params.yaml", "dvc.yaml", "dvc.lock")]
    found = [file for file in named if file.exists()]
    return [*found, *sorted((project / "artifacts").glob("*.json"))]


def hashes(project: Path) -> dict[str, str]:
    """Return the sha256 of these files, by their path in the project."""
    return {path: sha256(file) for path, file in _by_path(project).items()}


def _by_path(project: Path) -> dict[str, Path]:
    return {file.relative_to(project).as_posix(): file for file in restoring(project)}


def checkout(where: Registry, number: str, *, force: bool = False) -> str:
    """Bring back params, ``dvc.lock`` and artifacts of a version; return what was done.

    Args:
        where: The registered model; its project's folder is changed.
        number: Of the version.
        force: Whether files that git does not hold may be overwritten.

    Raises:
        NotRestored: If something would be lost, or the DVC cache lacks a file.
        NotPromoted: If what MLflow keeps of the version is not what was recorded.
        ValueError: If there is no such version.
    """
    project, version = where.store.project, where.find(number)
    intact(where.store, version)
    if not force:
        _raise_if_work_would_be_lost(project)
    with _kept(where, version) as folder:
        for file in restoring(folder):
            if file.name != "dvc.yaml":  # belongs to the code
                write_bytes(project / file.relative_to(folder), file.read_bytes())
    said = _dvc(project, "checkout", "--force")
    if said is not None:
        raise NotRestored(
            f"params.yaml and dvc.lock are those of version {number}, but the DVC cache lacks "
            f"results of it: {said} If there is a remote, run dvc pull; else faircompress run."
        )
    found = {sha256(file) for file in exported(project / "artifacts").values()}
    if version.tags["sha256"] not in found:
        raise NotRestored(
            f"no file in artifacts/export is {version.tags['sha256']}, which version {number} is "
            "said to be. Was its tag changed?"
        )
    return (
        f"params.yaml, dvc.lock and artifacts are those of version {number}. Its code is commit "
        f"{version.tags['git.commit']}."
    )


def clean(where: Registry) -> str:
    """Empty the DVC cache of what neither the project, its variants nor a version needs.

    Raises:
        NotRestored: If DVC failed.
    """
    project = where.store.project
    variants = [p.parent for p in sorted(project.glob("variants/*/.dvc"))]
    scheduled = [p for p in [project / attestations.SCHEDULED] if (p / ".dvc").exists()]
    with tempfile.TemporaryDirectory() as folder:
        kept = [
            _project_of(where, version, Path(folder) / version.number)
            for version in versions.versions(where.store, where.model)
        ]
        keep = [str(p) for p in (*variants, *scheduled, *kept)]
        more = ["--projects", *keep] if keep else []
        said = _dvc(project, "gc", "--workspace", "--force", *more)
    if said is not None:
        raise NotRestored(f"dvc gc failed: {said}")
    return (
        f"The DVC cache holds what this folder, its variants ({len(variants)}) and the registered "
        f"versions ({len(kept)}) need, and no more."
    )


def _project_of(where: Registry, version: Version, folder: Path) -> Path:
    """Lay out a version as a project that needs what it needs, and return its folder."""
    with _kept(where, version) as kept:
        shutil.copytree(kept, folder)
    cache = where.store.project / ".dvc" / "cache"  # where DVC looks up what is in a folder
    config = f"[core]\n    no_scm = true\n[cache]\n    dir = {cache}\n"
    write_text(folder / ".dvc" / "config", config)
    return folder


@contextmanager
def _kept(where: Registry, version: Version) -> Iterator[Path]:
    """Give the folder of small files kept with the run that evaluated a version."""
    run_id = versions.evaluating_run(version)
    if not run_id or LOCK not in mlflow_runs.kept_files(where.store, run_id, str(RESTORING)):
        raise NotRestored(
            f"version {version.number} has no {LOCK} with its run: it was not registered by "
            "faircompress run. Delete it in MLflow, or evaluate its file here."
        )
    with tempfile.TemporaryDirectory() as folder:
        kept = mlflow_runs.fetch(where.store, run_id, str(RESTORING), Path(folder))
        restorable(where.store, version, _by_path(kept))
        yield kept


def _raise_if_work_would_be_lost(project: Path) -> None:
    names = [str(file.relative_to(project)) for file in restoring(project)]
    said = subprocess.run(
        ["git", "status", "--porcelain", "--", *names],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    changed = said.stdout.split("\n") if said.returncode == 0 else names
    unsaved = [line.split()[-1] for line in changed if line]
    if unsaved:
        raise NotRestored(
            f"{', '.join(unsaved)} would be overwritten and git does not hold them; commit them, "
            "or add --force."
        )


def _dvc(project: Path, *words: str) -> str | None:
    """Run a DVC command; return its complaint if it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "--wait-for-lock", *words],
        cwd=project, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return (done.stderr or done.stdout).strip() if done.returncode else None
