"""Make the databases once, so that no run waits for it or races for it."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prefect.settings import get_current_settings

from faircompress.orchestration.workspace import set_up_dvc
from faircompress.registry.moved_project import follow
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


def serve_history(project: Path, port: int) -> None:
    """Become an MLflow server on the project's store; ends with Ctrl-C."""
    uri = os.environ.get(URI) or sqlite(project)
    if uri.startswith("http"):
        print(f"MLflow keeps this project's history at {uri}")
        return
    if file := sqlite_file(uri):
        ready(of_mlflow(file))
        follow(project, uri)
    print(
        f"MLflow UI: http://127.0.0.1:{port}/#/experiments?workflowType=machine_learning\n"
        "Open a run, then Artifacts, gate/report.html. Ctrl-C ends it.",
        flush=True,
    )
    command = ["mlflow", "server", "--backend-store-uri", uri, "--host", "127.0.0.1"]
    more = ["--port", str(port), "--workers", "1"]
    os.chdir(project)
    os.execv(sys.executable, [sys.executable, "-m", *command, *more])


def sqlite(project: Path) -> str:
    """Return the address of the project's own MLflow store."""
    return f"sqlite:///{project / 'mlflow.db'}"
