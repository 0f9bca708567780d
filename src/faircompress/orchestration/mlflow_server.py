"""``faircompress ui``: MLflow's server on a project's history, which says when it can be opened."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from faircompress.orchestration.setup import URI, sqlite
from faircompress.registry.moved_project import follow
from faircompress.support import servers
from faircompress.support.databases import of_mlflow, ready, sqlite_file
from faircompress.support.errors import MissingFileError, StateError
from faircompress.support.files import write_text
from faircompress.support.interrupts import INTERRUPTS

LOG = Path(".checkpoints") / "mlflow-server.log"
PATIENCE = 180.0  # seconds until it must listen


def serve_history(project: Path, port: int) -> None:
    """Serve the MLflow UI on the project's store until Ctrl-C; say its address when it listens.

    Args:
        project: Its folder.
        port: To listen on, on this machine only.

    Raises:
        MissingFileError: If nothing was run there.
        StateError: If the port is taken, or the server does not come up.
    """
    uri = os.environ.get(URI) or sqlite(project)
    if uri.startswith("http"):
        servers.require_mlflow(uri)
        print(f"MLflow keeps this project's history at {address(uri.rstrip('/'), project)}")
        return
    _raise_if_empty(project, uri)
    _raise_if_taken(port)
    server = f"http://127.0.0.1:{port}"
    INTERRUPTS.release()  # there is nothing to be kept or to go on with
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    process = _started(project, uri, port)
    with suppress(KeyboardInterrupt):
        try:
            where = address(server, project)
            _wait(process, server, project / LOG)
            print(f"MLflow UI: {where}\nOpen a run, then its Artifacts: gate/report.html. ", end="")
            print("Ctrl-C ends it.", flush=True)
            if process.wait():
                raise StateError(f"MLflow's server ended: {_last_words(project / LOG)}")
        finally:
            process.terminate()
            process.wait()


def address(server: str, project: Path) -> str:
    """Return where a server shows the verdicts of a project."""
    from faircompress.config.params import load
    from faircompress.registry.mlflow_runs import open_store
    from faircompress.registry.run_pages import view_address

    if not (project / "params.yaml").exists():
        return f"{server}/#/experiments?workflowType=machine_learning"
    return view_address(server, open_store(project), load(project / "params.yaml").key)


def _raise_if_empty(project: Path, uri: str) -> None:
    file = sqlite_file(uri)
    if file is None or file.exists():
        return
    if (project / "params.yaml").exists():
        raise MissingFileError(f"{file} is not there: nothing was run yet. Run faircompress run.")
    raise MissingFileError(
        f"{project} is no project: it has neither params.yaml nor mlflow.db. Go to a project's "
        "folder, name one with --project, or make one with faircompress init."
    )


def _raise_if_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StateError(
                f"port {port} cannot be used ({error.strerror}). Is faircompress ui running "
                f"already? Else name another: faircompress ui --port {port + 1}"
            ) from None


def _started(project: Path, uri: str, port: int) -> "subprocess.Popen[bytes]":
    """Start the server; what it says goes into a file, which is read only if it fails."""
    if file := sqlite_file(uri):
        ready(of_mlflow(file))
        follow(project, uri)
    write_text(_made(project / LOG), "")
    command = ["mlflow", "server", "--backend-store-uri", uri, "--host", "127.0.0.1"]
    more = ["--port", str(port), "--workers", "1"]
    with (project / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *command, *more], cwd=project, stdout=log, stderr=log
        )


def _made(file: Path) -> Path:
    file.parent.mkdir(exist_ok=True)
    return file


def _wait(process: "subprocess.Popen[bytes]", server: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while servers.trouble(f"{server}/health", patience=2):
        if process.poll() is not None or time.monotonic() > end:
            raise StateError(f"MLflow's server does not come up: {_last_words(log)}")
        time.sleep(0.2)


def _last_words(log: Path) -> str:
    words = log.read_text(errors="replace").strip().splitlines()
    return f"{words[-1] if words else 'it said nothing'} (all of it: {log})"
