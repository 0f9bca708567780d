"""What older runs leave behind is removed when params say so; see the section ``keep``.

What champions, challenger and an open review stand on is never touched.
"""

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from httpx import HTTPError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterParentFlowRunId,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.exceptions import PrefectException
from prefect.runtime import deployment

from faircompress.config.operation import seconds
from faircompress.config.params import Params
from faircompress.config.precisions import exported
from faircompress.orchestration import pool
from faircompress.orchestration.clone import name_of
from faircompress.orchestration.status import RUN_LOCK, TRAINING
from faircompress.registry import mlflow_runs, old_runs
from faircompress.registry.attestations import SCHEDULED
from faircompress.support.errors import FaircompressError
from faircompress.support.files import sha256
from faircompress.support.locks import is_held


def tidy(project: Path, chosen: Params) -> list[str]:
    """Remove what params no longer keep; return what went wrong, a sentence each."""
    keep = chosen.keep
    try:
        if keep.variants is not None:
            _variants(project, chosen.key, keep.variants)
        if keep.checkpoints is not None:
            _checkpoints(project, time.time() - seconds(keep.checkpoints))
        if keep.runs is not None:
            store = mlflow_runs.open_store(project)
            old_runs.remove(store, chosen.key, str(project / SCHEDULED), keep.runs)
        if keep.logs is not None:
            _logs(project, timedelta(seconds=seconds(keep.logs)))
    except (FaircompressError, HTTPError, PrefectException, OSError) as error:
        return [f"Old runs were not all removed: {error}"]
    return []


def _variants(project: Path, key: str, count: int) -> None:
    """Remove the folders of all but the latest variants."""
    needed = old_runs.protected_files(mlflow_runs.open_store(project), key)
    studies = tuple(f"{plan.stem}," for plan in project.glob("studies/*.yaml"))
    found = [file.parent for file in project.glob("variants/*/params.yaml")
             if not file.parent.name.startswith(studies)]  # fmt: skip
    found.sort(key=lambda folder: (folder / "params.yaml").stat().st_mtime)
    for folder in found[: max(len(found) - count, 0)]:
        if not (is_held(folder / RUN_LOCK) or needed & _files(folder)):
            shutil.rmtree(folder)


def _files(folder: Path) -> set[str]:
    """Return the sha256 of each file that a variant exported."""
    if not (folder / "artifacts" / "export").is_dir():
        return set()
    return {sha256(file) for file in exported(folder / "artifacts").values() if file.exists()}


def _checkpoints(project: Path, before: float) -> None:
    """Remove epochs of trainings that stopped before a time."""
    for folder in (project, project / SCHEDULED, *project.glob("variants/*")):
        if is_held(folder / RUN_LOCK):
            continue
        for training in _trainings(folder):
            if max((f.stat().st_mtime for f in training.rglob("*")), default=0) < before:
                shutil.rmtree(training)


def _trainings(folder: Path) -> Iterator[Path]:
    for stage in TRAINING:
        yield from (p for p in (folder / ".checkpoints" / stage).glob("*") if p.is_dir())


def _logs(project: Path, age: timedelta) -> None:
    """Remove finished runs, with their logs, from the Prefect server; it names 200 at a time."""
    before = FlowRunFilterEndTime.model_validate({"before_": datetime.now(UTC) - age})
    old = FlowRunFilter(end_time=before)
    with get_client(sync_client=True) as client:
        for ours in _deployments(client, project):
            while found := client.read_flow_runs(flow_run_filter=old, **ours):
                within = FlowRunFilterParentFlowRunId(any_=[run.id for run in found])
                _delete(client, FlowRunFilter(parent_flow_run_id=within))
                for run in found:
                    client.delete_flow_run(run.id)


def _delete(client: SyncPrefectClient, which: FlowRunFilter) -> None:
    while found := client.read_flow_runs(flow_run_filter=which):
        for run in found:
            client.delete_flow_run(run.id)


def _deployments(client: SyncPrefectClient, project: Path) -> Iterator[dict[str, Any]]:
    """Give filters of this clone's deployments: its own, and the project's in the pool it serves.

    The pool may be another project's as well, whose runs are not this one's to remove.
    """
    served = DeploymentFilterName(any_=[name_of(project)])
    yield {"deployment_filter": DeploymentFilter(name=served)}
    if not deployment.id:
        return
    name, ours = pool.of_run(client, project, deployment.id)
    if name:
        yield {
            "work_pool_filter": WorkPoolFilter(name=WorkPoolFilterName(any_=[name])),
            "deployment_filter": DeploymentFilter(name=DeploymentFilterName(any_=sorted(ours))),
        }
