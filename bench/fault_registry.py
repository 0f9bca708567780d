"""A file on its way into the registry of real servers, while one of them, or the run, dies.

The chain is computed already; what is left is what a run does at its end: to tell MLflow, to write
down the verdict, to register the file and to move the alias.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from fault_chain import Chain, copied, prefect_env, whole
from fault_kinds import Place, Try
from fault_servers import lose, servers

EXPECTED: dict[str, Any] = {}  # what a registration that met no fault leaves, and its seconds


def registration_hit(name: str) -> Callable[[Place, random.Random], Try]:
    """Return a fault: a server dies while a run registers, and is started again."""

    def fault(where: Place, rng: random.Random) -> Try:
        found = servers("postgres", "objects", "mlflow", "prefect")
        undisturbed(where.folder.parent)
        project, env = _project(where.folder / "project")
        chain = Chain(project, env)
        _wait_until_told(project)
        time.sleep(rng.uniform(0, 0.9 * EXPECTED["seconds"]))
        happened = chain.process.poll() is None
        lose(found, name)
        time.sleep(rng.uniform(0, 5))
        found.start(name)
        code, words = chain.ended()
        happened = happened and (code != whole().code or bool(words))
        return _judged(project, env, happened, f"{code}: {words}" if code == 3 else "", words)

    return fault


def killed_registration(where: Place, rng: random.Random) -> Try:
    """Kill a run, and all that it started, while it registers."""
    undisturbed(where.folder.parent)
    project, env = _project(where.folder / "project")
    chain = Chain(project, env)
    _wait_until_told(project)
    time.sleep(rng.uniform(0, 0.9 * EXPECTED["seconds"]))
    if chain.process.poll() is not None:
        return Try(False)
    os.killpg(chain.process.pid, signal.SIGKILL)
    chain.process.wait()
    return _judged(project, env, True, "killed at any time", "")


def two_register(where: Place, rng: random.Random) -> Try:
    """Let two clones with one server register the same file at once: it becomes one version."""
    undisturbed(where.folder.parent)
    one, env = _project(where.folder / "one", f"m-{time.time_ns()}")
    other, _ = _project(where.folder / "two", params_of(one)["name"])
    both = [Chain(project, env) for project in (one, other)]
    ends = [chain.ended() for chain in both]
    troubles = [words for code, words in ends if code != whole().code]
    found = [left_by(project, env) for project in (one, other)]
    wrong = [f for f in found if f["registry"] != EXPECTED["left"]["registry"]]
    words = troubles[0] if troubles else f"{wrong[0]}" if wrong else "one waited for the other"
    return Try(True, len(troubles) or len(wrong), 0, words)


def undisturbed(scratch: Path) -> None:
    """Learn what a registration leaves that met no fault."""
    if not EXPECTED:
        project, env = _project(scratch / f"registered-{os.getpid()}")
        chain = Chain(project, env)
        _wait_until_told(project)
        start = time.monotonic()
        code, words = chain.ended()
        if code != whole().code:
            raise SystemExit(f"a registration fails without a fault: {code} {words}")
        EXPECTED.update(seconds=time.monotonic() - start, left=left_by(project, env))


def _project(folder: Path, name: str = "") -> tuple[Path, dict[str, str]]:
    """Return a computed project whose model no registry knows, and what reaches the servers."""
    found = servers("postgres", "objects", "mlflow", "prefect")
    project = copied(folder)
    (project / "params.yaml").write_text(
        yaml.safe_dump({**params_of(project), "name": name or f"m-{time.time_ns()}"})
    )
    return project, {**prefect_env(), "MLFLOW_TRACKING_URI": found.address("mlflow")}


def params_of(project: Path) -> dict[str, Any]:
    """Return the params of a project."""
    found: dict[str, Any] = yaml.safe_load((project / "params.yaml").read_text())
    return found


def _wait_until_told(project: Path) -> None:
    """Wait until the run has told MLflow that it began."""
    for _ in range(600):
        if (project / ".checkpoints" / "open_run.json").exists():
            return
        time.sleep(0.1)


def _judged(project: Path, env: Mapping[str, str], happened: bool, words: str, last: str) -> Try:
    """Run once more; see that the registry holds what one without a fault leaves."""
    code, after = Chain(project, env).ended()
    trouble = last if "no sentence" in last else ""
    if code != whole().code:
        trouble = f"after the fault: {code} {after}"
    found = left_by(project, env)
    if found != EXPECTED["left"]:
        trouble = trouble or f"left {found}, not {EXPECTED['left']}"
    return Try(happened, int(bool(trouble)), 0, trouble or words or "it went on by itself")


def left_by(project: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Return what the registry and the project say of a model, without ids and times."""
    from faircompress.orchestration import deployment
    from faircompress.registry import attestations, versions

    os.environ["MLFLOW_TRACKING_URI"] = env["MLFLOW_TRACKING_URI"]
    try:
        where = deployment.registry_of(project)
        made = versions.versions(where.store, where.model)
        experiment = [where.store.experiment(where.model)]
        open_ = where.store.client.search_runs(experiment, "attributes.status = 'RUNNING'")
        champion = deployment.champion(where)
        known = [r for r in attestations.records(project) if r.model == where.model]
        return {
            "registry": {
                "versions": [
                    [v.number, *(v.tags.get(k, "") for k in ("sha256", "verdict", "workspace"))]
                    for v in made
                ],
                "aliases": dict(sorted(where.aliases().items())),
                "champion": champion.number if champion else None,
            },
            "attested": [getattr(r, "act", getattr(r, "outcome", "")) for r in known],
            "running": len(open_),
        }
    finally:
        del os.environ["MLFLOW_TRACKING_URI"]
