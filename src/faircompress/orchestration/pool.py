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


def of_run(
    client: SyncPrefectClient, project: Path, deployment: UUID | str
) -> tuple[str, set[str]]:
    """Return the work pool of a run's deployment, and the project's deployments in it, by name.

    Another project's may be in the same pool. The pool is empty if the deployment has none, or is
    gone.
    """
    try:
        found = client.read_deployment(UUID(str(deployment)))
    except ObjectNotFound:
        return "", set()
    return found.work_pool_name or "", {found.name, *(name for name, _ in _named(project))}


def _of_pool(project: Path) -> list[str]:
    """Return the names of deployments that retrain whoever asks, as the project's file has them."""
    return [name for name, polled in _named(project) if not polled]


def _named(project: Path) -> list[tuple[str, bool]]:
    """Return the deployments that the project's file names, and whether each looks for news."""
    try:
        found = yaml_text.read(project / FILE)["deployments"]
        return [
            (str(one["name"]), bool((one.get("parameters") or {}).get("polled")))
            for one in found
            if str(one["entrypoint"]).endswith(f":{RETRAIN}")
        ]
    except (OSError, UnicodeDecodeError, yaml_text.BadYaml, KeyError, TypeError, AttributeError):
        return []  # a user's file, which is not ours to complain about here


def _there(client: SyncPrefectClient, name: str) -> bool:
    try:
        client.read_deployment_by_name(name)
    except ObjectNotFound:
        return False
    return True
