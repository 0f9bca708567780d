"""Make the databases once, so that no run waits for it or races for it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flows.workspace import set_up_dvc


def set_up(project: Path) -> None:
    """Initialise DVC, MLflow's SQLite and Prefect's SQLite; what exists is left alone."""
    set_up_dvc(project)
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(_create, command) for command in _databases(project)]
        for job in jobs:
            job.result()


def _databases(project: Path) -> list[list[str]]:
    commands = []
    if "MLFLOW_TRACKING_URI" not in os.environ:
        commands.append([sys.executable, "-m", "mlflow", "db", "upgrade", sqlite(project)])
    if "PREFECT_API_URL" not in os.environ:
        commands.append([sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"])
    return commands


def _create(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = " ".join(command[2:])
        raise RuntimeError(f"`{words}` failed: {(done.stderr or done.stdout).strip()[-2000:]}")


def serve_history(project: Path, port: int) -> None:
    """Become an MLflow server on the project's store; ends with Ctrl-C."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", sqlite(project))
    if uri.startswith("http"):
        print(f"MLflow keeps this project's history at {uri}")
        return
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
