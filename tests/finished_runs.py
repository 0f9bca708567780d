"""Runs of a finished project, as MLflow holds them."""

import shutil
import subprocess
from pathlib import Path

from conftest import Project
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

Finished = tuple[Project, subprocess.CompletedProcess[str]]


STAGES = ["source", "validate", "train", "screen", "prune", "export", "gate"]


MODEL = "faircompress-portraits"


AGREED = ("--reviewer", "Bob", "--reason", "a test")  # to other limits on the same test set


def client(project: Project) -> MlflowClient:
    return MlflowClient(f"sqlite:///{project.folder / 'mlflow.db'}")


def runs(project: Project) -> list[Run]:
    """Return the runs of the project's experiment, the oldest first."""
    mlflow = client(project)
    experiment = mlflow.get_experiment_by_name(MODEL)
    assert experiment is not None
    return mlflow.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])


def parents(project: Project) -> list[Run]:
    return [run for run in runs(project) if "mlflow.parentRunId" not in run.data.tags]


def copied(finished: Finished, folder: Path) -> Project:
    """Return a copy of the finished project that a test may change."""
    project, _ = finished
    shutil.copytree(project.folder, folder, dirs_exist_ok=True, symlinks=True)
    return Project(folder, project.env)
