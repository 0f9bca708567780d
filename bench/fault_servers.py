"""Faults of servers: real ones, killed, stopped and started again under the hands of a step."""

import atexit
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from fault_kinds import Place, Try, ended

sys.path.insert(0, str(Path(__file__).parents[1]))
from infra import postgres  # noqa: E402  # found by the line above
from infra.composed import PORTS  # noqa: E402  # found by the line above
from infra.services import Running  # noqa: E402  # found by the line above

SERVERS: list[Running] = []
PIECES = 3
ROOT = Path(__file__).parents[1]


def servers(*names: str) -> Running:
    """Return the servers of this process, with those that are needed; started once."""
    if not SERVERS:
        folder = Path(tempfile.mkdtemp(prefix="fault-servers-"))
        folder.chmod(0o711)
        SERVERS.append(Running(folder / "all", _free()))
        atexit.register(stop_servers)
    found = SERVERS[0]
    for name in names:
        if name not in found.processes and not found.services[name].once:
            found.start(name)
            if name == "objects":
                found.start("buckets")
    return found


def stop_servers() -> None:
    """End them and remove what they kept."""
    while SERVERS:
        found = SERVERS.pop()
        found.stop()
        shutil.rmtree(found.folder.parent, ignore_errors=True)


def lose(found: Running, name: str) -> None:
    """End a server as a loss of its machine would, with all that it started.

    MLflow's and Prefect's commands start the process that listens: it would outlive them.
    PostgreSQL is stopped at once, as by a restart of its service.
    """
    process = psutil.Process(found.processes[name].pid)
    inside = [] if name == "postgres" else process.children(recursive=True)
    found.kill(name, postgres.STOP if name == "postgres" else signal.SIGKILL)
    for one in inside:
        with suppress(psutil.NoSuchProcess):
            one.kill()


def _free() -> dict[str, int]:
    ports = {}
    for name in PORTS:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports[name] = int(probe.getsockname()[1])
    return ports


def killed_server(name: str, seconds: float) -> Callable[[Place, random.Random], Try]:
    """Return a fault: a server dies while a step talks to it, and is started again."""

    def fault(where: Place, rng: random.Random) -> Try:
        found = servers("postgres", "objects", "mlflow")
        step = _told(where, found)
        process = step.start()
        time.sleep(rng.uniform(0.5, seconds))
        lose(found, name)
        first = ended(process)
        found.start(name)
        return _judged(step, found, first)

    return fault


def silent(name: str, seconds: float) -> Callable[[Place, random.Random], Try]:
    """Return a fault: a server says nothing for some seconds, then goes on."""

    def fault(where: Place, rng: random.Random) -> Try:
        found = servers("postgres", "objects", "mlflow")
        step = _told(where, found)
        process = step.start()
        time.sleep(rng.uniform(0.5, 4.0))
        server = psutil.Process(found.processes[name].pid)
        silenced = [server, *server.children(recursive=True)]
        for one in silenced:
            one.suspend()
        time.sleep(seconds)
        for one in silenced:
            one.resume()
        return _judged(step, found, ended(process))

    return fault


def _told(where: Place, found: Running) -> Place:
    """Return the step `mlflow`, told to a server, in an experiment of its own."""
    name = f"{where.folder.name}-{time.time_ns()}"
    env = {"MLFLOW_TRACKING_URI": found.address("mlflow"), "FAULT_EXPERIMENT": name}
    return replace(where, step="mlflow", env=env)


def _judged(step: Place, found: Running, first: tuple[int, str]) -> Try:
    """Tell the server once more, and see that it holds one finished run, and all of it."""
    if first[0] not in (0, 3):
        return Try(True, 1, 0, f"no sentence: {first[1]}")
    code, said = step.run()
    if code:
        return Try(True, 1, 0, f"after the fault: {said}")
    from mlflow.tracking import MlflowClient

    client = MlflowClient(found.address("mlflow"))
    experiment = client.get_experiment_by_name(step.env["FAULT_EXPERIMENT"])
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], "attributes.status = 'FINISHED'")
    whole = [
        run
        for run in runs
        if len(client.get_metric_history(run.info.run_id, "train.loss")) == PIECES
        and [file.path for file in client.list_artifacts(run.info.run_id)] == ["note.txt"]
    ]
    lost = 0 if len(whole) == 1 else 1
    return Try(True, lost, max(len(runs) - 1, 0), first[1] or "it went on by itself")


def two_machines(where: Place, rng: random.Random) -> Try:
    """Let two clones that share a server promote at once: no version may be passed over."""
    from mlflow.tracking import MlflowClient

    found = servers("postgres", "objects", "mlflow")
    client, model = MlflowClient(found.address("mlflow")), f"m-{time.time_ns()}"
    client.create_registered_model(model)
    run = client.create_run("0").info.run_id
    for _ in range(1 + 2 * PIECES):
        client.create_model_version(model, f"runs:/{run}/none", run)
    client.set_registered_model_alias(model, "champion", "1")
    env = {"MLFLOW_TRACKING_URI": found.address("mlflow"), "FAULT_EXPERIMENT": model}
    clones = [replace(where, folder=where.folder / name, env=env) for name in ("one", "two")]
    for clone in clones:
        clone.folder.mkdir(parents=True)
        shutil.copy(ROOT / "params.yaml", clone.folder)
        shutil.copy(ROOT / "presets.yaml", clone.folder)
    ends = [ended(process) for process in [clone.start(n) for n, clone in enumerate(clones)]]
    last = client.get_registered_model(model).aliases
    made = [line.split()[-1] for clone in clones for line in clone.work()]
    passed_over = 2 * PIECES - len({*made})
    wrong = {k: str(v) for k, v in last.items()} != {
        "champion": str(1 + 2 * PIECES), "previous": str(2 * PIECES)
    }  # fmt: skip
    said = next((words for code, words in ends if code), "one waited for the other")
    return Try(True, passed_over or int(wrong), 0, said)


def queue(count: int) -> Callable[[Place, random.Random], Try]:
    """Return a fault: many runs wait, and the servers that know of them die and come back."""

    def fault(where: Place, rng: random.Random) -> Try:
        found = servers("postgres", "prefect")
        api = f"{found.address('prefect')}/api"
        flow = _asked(f"{api}/flows/", {"name": f"queued-{time.time_ns()}"})["id"]
        deployment = _asked(
            f"{api}/deployments/", {"name": "one", "flow_id": flow, "concurrency_limit": 1}
        )["id"]
        state = {"state": {"type": "SCHEDULED"}}
        for _ in range(count):
            _asked(f"{api}/deployments/{deployment}/create_flow_run", state)
        lose(found, "prefect")
        found.kill("postgres", signal.SIGQUIT)  # without a checkpoint, as after a loss of power
        found.start("postgres")
        found.start("prefect")
        wanted = {"deployments": {"id": {"any_": [deployment]}}}
        there = int(_asked(f"{api}/flow_runs/count", wanted))
        return Try(True, count - there, 0, f"{there} of {count} wait")

    return fault


def left_running(where: Place, rng: random.Random) -> Try:
    """Lose the process of runs, and the servers; who serves again says which of them are dead."""
    found = servers("postgres", "prefect")
    api, name = f"{found.address('prefect')}/api", f"clone-{time.time_ns()}"
    flow = _asked(f"{api}/flows/", {"name": "retrain"})["id"]
    deployment = _asked(f"{api}/deployments/", {"name": name, "flow_id": flow})["id"]
    runs = [
        _asked(f"{api}/deployments/{deployment}/create_flow_run", {})["id"]
        for _ in range(rng.randint(2, 6))
    ]
    for run in runs:
        running = {"state": {"type": "RUNNING", "name": "Running"}, "force": True}
        _asked(f"{api}/flow_runs/{run}/set_state", running)
    lose(found, "prefect")
    found.kill("postgres", signal.SIGQUIT)
    found.start("postgres")
    found.start("prefect")
    buried = _buried(where.folder, name, runs[0], api)
    left = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}},
            "deployments": {"id": {"any_": [deployment]}}}  # fmt: skip
    alive = int(_asked(f"{api}/flow_runs/count", left))
    wrong = abs(buried - len(runs) + 1) + abs(alive - 1)
    return Try(True, wrong, 0, f"{buried} of {len(runs)} crashed, {alive} at work goes on")


def _buried(folder: Path, name: str, alive: str, api: str) -> int:
    """Return how many runs were marked as crashed; one of them is held by a living process."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from faircompress.support.locks import waiting
    from flows.retrain import lock_of
    from flows.serve import bury

    with temporary_settings({PREFECT_API_URL: api}), waiting(lock_of(folder, alive), "is it"):
        return bury(folder, name)


def _asked(url: str, values: Mapping[str, Any]) -> Any:
    request = urllib.request.Request(
        url, json.dumps(values).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
