"""Where one execution of the chain lives: the project itself, or a variant beside it.

A variant (``run -S key=value``) gets its own folder under ``variants/`` with the same ``dvc.yaml``,
its own ``params.yaml`` and its own results; the project's stay untouched. Both run the installed
package. It shares the project's DVC
cache, so that a stage which the override does not touch is restored, not repeated. DVC's own
experiments were not used: they need a commit first, take seconds to start, and hide their results
in git references; a folder can be opened. A scheduled run works in a third place: ``scheduled``.
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from faircompress.config import params, yaml_text
from faircompress.config.overrides import overridden
from faircompress.config.widths import FILE
from faircompress.orchestration import leftovers, scheduled
from faircompress.orchestration.commits import git
from faircompress.support.dvc_folder import make_dvc_folder
from faircompress.support.files import link, write_text
from faircompress.support.locks import waiting

COPIED = ("dvc.yaml", ".dvcignore", f"artifacts/{FILE}")


@dataclass(frozen=True)
class Workspace:
    """A folder with ``params.yaml``, ``dvc.yaml`` and, once run, ``artifacts/``.

    Args:
        folder: Where it is; absolute.
        project: The project it belongs to; the same folder unless this is a variant.
        overrides: What a variant changes, as ``section.key=value``.
        commit: Of which its params are, if a scheduled run works here.
    """

    folder: Path
    project: Path
    overrides: tuple[str, ...] = ()
    commit: str = ""

    @property
    def artifacts(self) -> Path:
        """Return the folder of results."""
        return self.folder / "artifacts"

    @property
    def lock(self) -> Path:
        """Return the lock of whoever runs the chain here."""
        return self.folder / ".checkpoints" / "run.lock"

    @property
    def is_variant(self) -> bool:
        """Tell whether the params were overridden."""
        return self.folder != self.project and not self.commit

    def params(self) -> params.Params:
        """Return the workspace's params, checked."""
        return params.load(self.folder / "params.yaml")


def prepare(
    project: Path, overrides: Sequence[str] = (), name: str | None = None, commit: str = ""
) -> Workspace:
    """Check the params, then lay out what a run needs; return where.

    Args:
        project: Folder with ``params.yaml`` and ``dvc.yaml``.
        overrides: Changes for this run only, as ``section.key=value``.
        name: Of the variant's folder; by default what it changes.
        commit: That a scheduled run works on, in a folder of its own; with a name, whose params a
            variant has.

    Raises:
        BadParams: Before anything is written.
    """
    project = project.resolve()
    if commit and name:
        return _variant_of(project, commit, name)
    if commit:
        return _at(project, commit)
    raw = overridden(project / "params.yaml", overrides)
    params.check(raw)
    with waiting(project / ".checkpoints" / "workspace.lock", "prepares a run"):
        return _laid_out(project, raw, tuple(overrides), name)


def _at(project: Path, commit: str) -> Workspace:
    """Lay out a commit for a scheduled run."""
    with waiting(project / ".checkpoints" / "workspace.lock", "prepares a run"):
        set_up_dvc(project)
        space = Workspace(scheduled.lay_out(project, commit), project, commit=commit)
        leftovers.clear(space.folder)
    space.params()
    return space


def _variant_of(project: Path, commit: str, name: str) -> Workspace:
    """Lay out a variant with the params of a commit."""
    text = git(project, "show", f"{commit}:./params.yaml")
    raw = yaml_text.parse(text, f"params.yaml of {commit[:12]}")
    params.check(raw)
    with waiting(project / ".checkpoints" / "workspace.lock", "prepares a run"):
        return _laid_out(project, raw, (f"commit={commit}",), name)


def _laid_out(
    project: Path, raw: dict[str, Any], overrides: tuple[str, ...], name: str | None
) -> Workspace:
    """Lay out what a run needs, while no other process does; return where."""
    if not overrides:
        set_up_dvc(project)
        leftovers.clear(project)
        return Workspace(project, project)
    folder = project / "variants" / (slug([name]) if name else slug(overrides))
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        _copy(project / name, folder / name)
    link(folder / "data", project / "data")
    write_text(folder / "params.yaml", yaml.safe_dump(raw, sort_keys=False))
    _set_up_variant(project, folder)
    leftovers.clear(folder)
    return Workspace(folder, project, overrides)


def slug(overrides: Sequence[str]) -> str:
    """Return a folder name for a variant."""
    words = ",".join(sorted(overrides))
    safe = re.sub(r"[^A-Za-z0-9_.,=-]+", "_", words)
    if safe == words and len(safe) <= 80:
        return safe
    return f"{safe[:70]}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"


def _copy(source: Path, target: Path) -> None:
    """Bring a file up to date without touching one that is equal already."""
    if source.exists() and not (target.exists() and target.read_bytes() == source.read_bytes()):
        write_text(target, source.read_text("utf-8"))


def set_up_dvc(project: Path) -> None:
    """Initialise DVC where a copy of the project has none, or has no git above it."""
    in_git = subprocess.run(
        ["git", "-C", str(project), "rev-parse", "--git-dir"], capture_output=True, check=False
    )
    make_dvc_folder(project)
    local = project / ".dvc" / "config.local"
    if in_git.returncode != 0 and not local.exists():
        write_text(local, "[core]\n    no_scm = true\n")


def _set_up_variant(project: Path, folder: Path) -> None:
    set_up_dvc(project)
    cache = project / ".dvc" / "cache"
    config = "[core]\n    analytics = false\n    no_scm = true\n[cache]\n"
    config += f"    dir = {cache}\n    type = reflink,hardlink,copy\n"
    target = folder / ".dvc" / "config"
    if not target.exists() or target.read_text("utf-8") != config:
        shutil.rmtree(folder / ".dvc", ignore_errors=True)
        write_text(target, config)
