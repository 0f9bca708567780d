"""One run of a study: the chain as far as the pruned network, in a workspace of its own."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from faircompress.data.dataset import load_facts
from faircompress.orchestration.stage_tasks import Listener, dvc_repro
from faircompress.orchestration.study_files import fingerprint, finish
from faircompress.orchestration.workspace import Workspace, prepare, slug
from faircompress.study.plan import Cell
from faircompress.support.files import read_json


@dataclass(frozen=True)
class Job:
    """A run and where it goes.

    Args:
        cell: What is run.
        overrides: What that changes of params.yaml.
        project: Folder with ``params.yaml`` and ``dvc.yaml``.
        study: Folder of the study's results; named after it.
        threads: That its stages may compute with.
    """

    cell: Cell
    overrides: tuple[str, ...]
    project: Path
    study: Path
    threads: int

    @property
    def key(self) -> str:
        """Return the run's name."""
        return self.cell.key

    def workspace(self, cell: Cell | None = None) -> Path:
        """Return the folder of this run, or of the dense model it starts from."""
        return self.project / "variants" / workspace_name(self.study, cell or self.cell)


def workspace_name(study: Path, cell: Cell) -> str:
    """Return the name of a run's folder under ``variants/``."""
    return slug([f"{study.name},{cell.key}"])


@task(task_run_name="{job.key}", cache_policy=NO_CACHE)
def train_dense(job: Job) -> dict[str, Any]:
    """Train a dense model, unless that was done before; return what is known of it."""
    workspace = prepare(job.project, job.overrides, workspace_name(job.study, job.cell))
    dvc_repro(["source", "code", "validate", "train"], workspace.folder, Listener(), job.threads)
    return _finish(job, workspace)


@task(task_run_name="{job.key}", cache_policy=NO_CACHE)
def prune_one(job: Job) -> dict[str, Any]:
    """Prune a dense model by one method, unless that was done before; return what is known."""
    workspace = prepare(job.project, job.overrides, workspace_name(job.study, job.cell))
    dense = job.workspace(job.cell.dense) / "artifacts"
    known = job.study / "cells" / f"{job.key}.json"
    mark = fingerprint(workspace.params(), load_facts(dense / "validate").sha256)
    if known.exists() and read_json(known)["fingerprint"] == mark:
        return dict(read_json(known))
    workspace.artifacts.mkdir(exist_ok=True)
    shutil.copy(dense / "source.json", workspace.artifacts / "source.json")
    dvc_repro(["code", "validate", "train", "prune"], workspace.folder, Listener(), job.threads)
    return _finish(job, workspace)


def _finish(job: Job, workspace: Workspace) -> dict[str, Any]:
    return finish(job.study, job.cell, workspace.params(), workspace.artifacts, job.overrides)
