"""Make the databases once, so that no run waits for it or races for it."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prefect.settings import get_current_settings

from faircompress.orchestration.workspace import set_up_dvc
from faircompress.support.databases import Database, of_mlflow, of_prefect, ready, sqlite_file

URI = "MLFLOW_TRACKING_URI"


def set_up(project: Path) -> None:
    """Initialise DVC, MLflow's SQLite and Prefect's SQLite; what exists is left alone.

    Raises:
        DatabaseUnfit: If one of them cannot be used and holds what must not be lost.
    """
    set_up_dvc(project)
    with ThreadPoolExecutor() as pool:
        list(pool.map(ready, _databases(project)))


def _databases(project: Path) -> list[Database]:
    """Return the databases that no server looks after."""
    found = []
    if file := sqlite_file(os.environ.get(URI) or sqlite(project)):
        found.append(of_mlflow(file))
    settings = get_current_settings()
    secret = settings.server.database.connection_url
    address = secret.get_secret_value() if secret else ""
    if not settings.api.url and (file := sqlite_file(address)):
        found.append(of_prefect(file))
    return found


def sqlite(project: Path) -> str:
    """Return the address of the project's own MLflow store."""
    return f"sqlite:///{project / 'mlflow.db'}"
