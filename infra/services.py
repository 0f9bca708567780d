"""Every service of compose.yaml on this machine without containers, on the loopback only.

    python -m infra.services            # or: make services

starts PostgreSQL, an S3 store, MLflow, Prefect and a worker, prints their addresses, and ends them
with Ctrl-C. Data and invented passwords are kept in `.services`. The S3 store is moto's, made for
tests: it works in memory, and what it holds is written to `.services/objects` every few seconds.
"""

import argparse
import ctypes
import functools
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from faircompress.support.errors import StateError
from faircompress.support.files import read_json, write_json
from faircompress.support.locks import only_one
from infra import objects, postgres
from infra.composed import PORTS, Service, services

INVENTED = ("POSTGRES_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY")
# of compose.yaml, by the variable that names the same to a command by hand
KEYS = {
    "GATE_KEY": "FAIRCOMPRESS_GATE_KEY",
    "GATE_KEY_PASSPHRASE": "FAIRCOMPRESS_KEY_PASSPHRASE",
    "KNOWN_KEYS": "FAIRCOMPRESS_KNOWN_KEYS",
}
SHOWN = {"prefect": "Prefect", "mlflow": "MLflow", "objects": "S3", "postgres": "Postgres"}
PATIENCE = 300.0  # seconds until a server must be ready
SAVED = 10.0  # seconds between two looks at the S3 store


class Running:
    """Services that run as long as this value is open.

    Args:
        folder: Where they keep data, passwords and logs.
        ports: Where each server listens.
        only: Names of the services to start; all by default.
        values: Of variables of compose.yaml, in place of invented ones.
        major: Version of PostgreSQL for a new folder; the newest by default.
    """

    def __init__(
        self,
        folder: Path,
        ports: Mapping[str, int] = PORTS,
        only: Sequence[str] = (),
        values: Mapping[str, str] | None = None,
        major: int | None = None,
    ) -> None:
        self.folder, self.ports, self.major = folder.resolve(), dict(ports), major
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)  # PostgreSQL, which is not root, passes through
        self.values = values_of(self.folder) | dict(values or {})
        self.services = services(self.values, self.ports)
        self.only = tuple(only) or tuple(self.services)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.logs = ExitStack()
        self.waited: set[str] = set()  # started, and not known to be ready yet

    def __enter__(self) -> "Running":
        try:
            for name in self.services:
                if name in self.only:
                    for other in self.services[name].needs:
                        self.ready(other)
                    self.launch(name)
            for name in self.only:
                self.ready(name)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, name: str) -> None:
        """Start a service, and wait until it is ready.

        Raises:
            StateError: If it is not in time, or ended.
        """
        self.launch(name)
        self.ready(name)

    def launch(self, name: str) -> None:
        """Start a service."""
        service = self.services[name]
        log = self.logs.enter_context((self.folder / f"{name}.log").open("ab"))
        if name == "postgres":
            postgres.initialise(self.folder / name, service.env, self.ports[name], self.major)
        self.processes[name] = self._process(service, log)
        self.waited.add(name)

    def ready(self, name: str) -> None:
        """Wait until a service is ready that was started.

        Raises:
            StateError: If it is not in time, or ended.
        """
        if name not in self.waited:
            return
        self.waited.remove(name)
        service = self.services[name]
        if service.once:
            self._wait_for_end(service)
        else:
            self._wait_until_ready(service)
        if name == "objects":
            objects.load(self.client(), self.folder / name)

    def stop(self) -> None:
        """End what runs, the last one first; the S3 store's objects are kept."""
        for name in reversed(self.services):
            self.kill(name, postgres.STOP if name == "postgres" else signal.SIGTERM)
        self.logs.close()

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End one service; what the S3 store has in memory is written down first."""
        process = self.processes.get(name)
        if process is None:
            return
        if name == "objects" and process.poll() is None:
            self.save()
        del self.processes[name]
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def save(self) -> None:
        """Write down what the S3 store holds and is not written yet."""
        if "objects" in self.processes:
            objects.save(self.client(), self.folder / "objects")

    def client(self) -> objects.Store:
        """Return a client of the S3 store."""
        return objects.store(self.services["buckets"].env)

    def address(self, name: str) -> str:
        """Return where a server answers."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def _process(self, service: Service, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        how: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        outside = {n: v for n, v in os.environ.items() if n not in KEYS.values()}
        command, env = list(service.command), {**outside, **service.env}  # the worker's names keys
        number = signal.SIGTERM
        if service.name == "postgres":
            command = postgres.command(self.folder / "postgres", self.ports["postgres"])
            how |= postgres.options()
            number = postgres.STOP
        if service.name == "objects":
            command = [sys.executable, *objects.SERVER, "-p", str(self.ports["objects"])]
        how["preexec_fn"] = functools.partial(_end_with_parent, int(number))
        return subprocess.Popen(command, env=env, **how)

    def _wait_for_end(self, service: Service) -> None:
        code = self.processes.pop(service.name).wait(PATIENCE)
        if code:
            raise self._failed(service, f"ended with code {code}")

    def _wait_until_ready(self, service: Service) -> None:
        end = time.monotonic() + PATIENCE
        while not self._is_ready(service):
            if self.processes[service.name].poll() is not None:
                raise self._failed(service, "ended")
            if time.monotonic() > end:
                raise self._failed(service, f"is not ready after {PATIENCE:.0f} s")
            time.sleep(0.3)

    def _is_ready(self, service: Service) -> bool:
        """Ask as compose.yaml asks."""
        if service.name == "objects":
            return self.client().answers()
        words = list(service.health)
        if service.name == "postgres":
            words[0] = str(postgres.programs(self.folder / "postgres") / words[0])
            words.append(f"--port={self.ports['postgres']}")
        env = {**os.environ, **service.env}
        return not words or _succeeds(words, env)

    def _failed(self, service: Service, what: str) -> StateError:
        log = self.folder / f"{service.name}.log"
        last = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
        return StateError(f"the service {service.name} {what}: {' '.join(last)} (all in {log})")


def _succeeds(words: Sequence[str], env: Mapping[str, str]) -> bool:
    quiet = subprocess.DEVNULL
    return subprocess.run(words, env=env, check=False, stdout=quiet, stderr=quiet).returncode == 0


def _end_with_parent(number: int) -> None:
    """See that a killed parent leaves no server behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, number)


def values_of(folder: Path) -> dict[str, str]:
    """Return values of the variables: passwords invented at the first start, then kept."""
    kept = folder / "secrets.json"
    if not kept.exists():
        write_json(kept, {name: secrets.token_urlsafe(24) for name in INVENTED})
        kept.chmod(0o600)
    here = {"WORKER_CHECKOUT": str(Path.cwd()), "WORKER_UID": "0", "WORKER_GID": "0"}
    given = {n: os.environ[n] for n in INVENTED if os.environ.get(n)}
    keys = {n: os.environ[v] for n, v in KEYS.items() if os.environ.get(v)}
    return {**here, **read_json(kept), **given, **keys}


def told(running: Running) -> str:
    """Return what to tell whoever started the services: of those that run, and no others."""
    here = running.only
    places = {name: running.address(name) for name in ("prefect", "mlflow", "objects")}
    places["postgres"] = f"127.0.0.1:{running.ports['postgres']}"
    lines = [f"{SHOWN[name]:8} {place}" for name, place in places.items() if name in here]
    lines += [f"Logs and passwords: {running.folder}. Ctrl-C ends all of them."]
    if "prefect" in here:
        lines += [f"export PREFECT_API_URL={places['prefect']}/api"]
    if "mlflow" in here:
        lines += [f"export MLFLOW_TRACKING_URI={places['mlflow']}"]
    return "\n".join(lines)


def main() -> None:
    """Start all services, and end them with Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m infra.services", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".services"), help="of their data")
    parser.add_argument("--offset", type=int, default=0, help="added to each port")
    parser.add_argument("--without", nargs="*", default=[], help="services to leave out: worker")
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # a script that starts it has SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    ports = {name: port + given.offset for name, port in PORTS.items()}
    with only_one(given.folder / "services.lock") as other:
        if other:
            sys.exit(f"error: process {other} runs the services of {given.folder}; stop it first")
        try:
            _run(Running(given.folder, ports, _chosen(given.without)))
        except StateError as error:
            sys.exit(f"error: {error}")
        except KeyboardInterrupt:
            print("\nEnded.", flush=True)


def _chosen(without: Sequence[str]) -> list[str]:
    return [name for name in (*PORTS, "buckets", "worker") if name not in without]


def _run(running: Running) -> None:
    print(f"Starting: {', '.join(running.only)}", flush=True)
    with running:
        print(told(running), flush=True)
        while True:
            time.sleep(SAVED)
            running.save()
            for name, process in running.processes.items():
                if process.poll() is not None:
                    print(f"{name} ended; see {running.folder / name}.log", flush=True)
            running.processes = {n: p for n, p in running.processes.items() if p.poll() is None}


if __name__ == "__main__":
    main()
