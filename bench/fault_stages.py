"""Faults of the real chain: killed in its stages, on a full disk, without its Prefect server."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import yaml
from fault_chain import (
    SAME,
    STAGES,
    Chain,
    copied,
    hashes,
    prefect_env,
    running,
    said,
    whole,
    written,
)
from fault_kinds import PATIENCE, Place, Try
from fault_servers import lose, servers


def killed_chain(where: Place, rng: random.Random) -> Try:
    """Kill a whole chain at any time, and all that it started."""
    return _killed(where, rng, rng.choice(STAGES), "", "flow")


def killed_in_stage(stage: str) -> Callable[[Place, random.Random], Try]:
    """Return a fault: while a stage works, it, DVC or the flow around it is killed."""

    def fault(where: Place, rng: random.Random) -> Try:
        return _killed(where, rng, stage, stage, rng.choice(("flow", "dvc", "stage")))

    return fault


def _killed(where: Place, rng: random.Random, first: str, stage: str, who: str) -> Try:
    env, project = prefect_env(), copied(where.folder / "project", first)
    chain = Chain(project, env)
    if stage and not _reached(chain, stage):
        return Try(False, message=f"{stage} was over before it was seen: {chain.ended()}")
    left = sum(whole().seconds[s] for s in STAGES[STAGES.index(first) :])
    time.sleep(rng.uniform(0, 0.9) * (whole().seconds[stage] if stage else left + 8))
    now = chain.stage()
    if chain.process.poll() is not None or (stage and (now is None or now[0] != stage)):
        chain.ended()
        return Try(False)
    _kill(chain, who, now[1] if now else 0)
    finished = _finished(project)
    code, words = chain.ended()
    trouble = words if who != "flow" and (code != 3 or "no sentence" in words) else ""
    return _again(project, env, finished, trouble, f"{who} killed: {words}" if code > 0 else
                  f"{who} killed in {now[0] if now else 'between two stages'}")  # fmt: skip


def _reached(chain: Chain, stage: str) -> bool:
    while chain.process.poll() is None:
        if (now := chain.stage()) and now[0] == stage:
            return True
        time.sleep(0.05)
    return False


def _kill(chain: Chain, who: str, stage: int) -> None:
    if who == "flow":
        os.killpg(chain.process.pid, signal.SIGKILL)
    elif who == "stage":
        os.kill(stage, signal.SIGKILL)
    else:
        with suppress(psutil.Error):
            psutil.Process(stage).parent().kill()


def _again(
    project: Path, env: Mapping[str, str], finished: Mapping[str, float], trouble: str, words: str
) -> Try:
    """Run the chain once more; compare with one that met no fault, and see who still runs."""
    code, after = Chain(project, env).ended()
    again = sum(written(project, stage) != when for stage, when in finished.items())
    others = [name for name, digest in hashes(project).items() if digest != whole().hashes[name]]
    if code != whole().code or "no sentence" in after:
        trouble = trouble or f"after the fault: {code} {after}"
    if open_runs := running(project, env):
        trouble = trouble or f"{open_runs} runs of dead processes still run, say the servers"
    lost = len(others) or int(bool(trouble))
    return Try(True, lost, again, trouble or (f"{others} differ" if others else words))


def full_disk(stage: str) -> Callable[[Place, random.Random], Try]:
    """Return a fault: a stage's own command finds that no file may get longer than a limit."""

    def fault(where: Place, rng: random.Random) -> Try:
        project = copied(where.folder / "project")
        files = [f for f in (project / "artifacts" / stage).rglob("*") if f.is_file()]
        limit = int(rng.random() * max(f.stat().st_size for f in files))
        known, kept = whole().hashes, rng.random() < 0.5
        if not kept:
            shutil.rmtree(project / "artifacts" / stage)
        code, words = _stage(project, stage, limit)
        if code == 0:
            return Try(False)
        own = [name for name in SAME[stage] if name.endswith(".json") is False or "/" in name]
        there = hashes(project)
        spoilt = [n for n in own if there[n] != (known[n] if kept else "none")]
        after = _stage(project, stage)
        others = [n for n, digest in hashes(project).items() if digest != known[n]]
        trouble = words if "no sentence" in words else after[1] if after[0] else ""
        lost = len(others) + len(spoilt) or int(bool(trouble))
        return Try(True, lost, 0, trouble or (f"{spoilt} {others} differ" if lost else words))

    return fault


def _stage(project: Path, stage: str, limit: int | None = None) -> tuple[int, str]:
    how: dict[str, Any] = {}
    if limit is not None:
        how["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    done = subprocess.run(
        [sys.executable, "-m", "faircompress", "stage", stage], cwd=project, text=True,
        capture_output=True, timeout=PATIENCE, **how,
    )  # fmt: skip
    return done.returncode, said(done.stderr)


def prefect_restarts(where: Place, rng: random.Random) -> Try:
    """Kill Prefect's server in the middle of a chain, and start it again after some seconds."""
    env, found = prefect_env(), servers("postgres", "prefect")
    project = copied(where.folder / "project", rng.choice(("prune", "export")))
    chain = Chain(project, env)
    while chain.stage() is None and chain.process.poll() is None:
        time.sleep(0.1)
    time.sleep(rng.uniform(0, 6))
    happened = chain.process.poll() is None
    lose(found, "prefect")
    time.sleep(rng.uniform(0, 10))
    found.start("prefect")
    code, words = chain.ended()
    trouble = words if "no sentence" in words else ""
    said_so = f"{code}: {words}" if code == 3 else "it went on by itself"
    result = _again(project, env, _finished(project), trouble, said_so)
    return Try(happened, result.lost, result.again, result.message)


def _finished(project: Path) -> dict[str, float]:
    """Return the stages that DVC has noted, and when each wrote its numbers."""
    known: Any = {}
    with suppress(OSError, yaml.YAMLError):  # half written, when it was killed
        known = yaml.safe_load((project / "dvc.lock").read_text())["stages"]
    return {stage: written(project, stage) for stage in STAGES if stage in known}
