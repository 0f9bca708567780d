"""The deployments of a work pool. A pool is of one project: a run works where its worker is.

`infra/prefect.yaml` of the project names them; `faircompress serve` has a deployment of its own.
"""

import os
from pathlib import Path
from uuid import UUID

import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound

from faircompress.config import yaml_text
from faircompress.orchestration.clone import name_of
from faircompress.support.errors import MissingFileError

FILE = Path("infra") / "prefect.yaml"
RETRAIN = "retrain"  # the flow


def enter() -> dict[str, str]:
    """Go to the folder in which this run's worker was started: the pull step of the deployments.

    A folder in `infra/prefect.yaml` would be that of who deploys, on every machine.

    Raises:
        MissingFileError: If that is no clone of the project.
    """
    try:
        place = Path(psutil.Process(os.getppid()).cwd())
    except psutil.Error:
        place = Path(os.environ.get("PWD", "."))
    if not (place / "params.yaml").is_file():
        raise MissingFileError(
            f"the worker was started in {place}, where there is no params.yaml. Start it in a "
            "clone of the project: cd CLONE && prefect worker start --pool POOL"
        )
    os.chdir(place)
    return {"directory": str(place)}


def retraining(client: SyncPrefectClient, project: Path) -> str:
    """Return the deployment that retrains a project, as ``flow/name``; empty: there is none.

    It is that of `faircompress serve` in this clone, else one of the work pool.
    """
    named = [name_of(project), *_of_pool(project)]
    return next((name for one in named if _there(client, name := f"{RETRAIN}/{one}")), "")


def pool_of(client: SyncPrefectClient, deployment: UUID | str) -> str:
    """Return the work pool of a deployment; empty: it has none, or is gone."""
    try:
        return client.read_deployment(UUID(str(deployment))).work_pool_name or ""
    except ObjectNotFound:
        return ""


def _of_pool(project: Path) -> list[str]:
    """Return the names of deployments that retrain whoever asks, as the project's file has them."""
    try:
        found = yaml_text.read(project / FILE)["deployments"]
        return [
            str(one["name"])
            for one in found
            if str(one["entrypoint"]).endswith(f":{RETRAIN}")
            and not (one.get("parameters") or {}).get("polled")
        ]
    except (OSError, UnicodeDecodeError, yaml_text.BadYaml, KeyError, TypeError, AttributeError):
        return []  # a user's file, which is not ours to complain about here


def _there(client: SyncPrefectClient, name: str) -> bool:
    try:
        client.read_deployment_by_name(name)
    except ObjectNotFound:
        return False
    return True
