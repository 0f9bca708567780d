"""The real chain, on little data, killed at any time: in a stage or between two."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml
from fault_kinds import Place, Try
from fault_servers import servers

ROOT = Path(__file__).parents[1]
SMALL = (
    "data.portraits.train=640", "data.portraits.validation=320", "data.portraits.test_cell=80",
    "data.portraits.rare_share=0.05", "checks.min_subgroup=2", "train.epochs=2", "train.batch=64",
    "prune.speedup=3", "prune.rounds=2", "prune.criterion.taylor.steps=2", "prune.epochs=2",
    "prune.batch=64", "prune.scoring_batch=64", "export.latency_repeats=2",
    "export.precisions=[fp32]",
    "gate.rules=[{rule: change, metric: auroc, limit: 0.3, because: a try}]",
)  # fmt: skip
COPIED = ("params.yaml", "presets.yaml", "dvc.yaml", ".dvcignore", ".dvc/config")
SAME = ("train/model.pt", "prune/model.pt", "export/pruned.onnx", "gate/verdict.json")
WHOLE: dict[str, object] = {}  # seconds and hashes of a chain that met no fault


def killed_chain(where: Place, rng: random.Random) -> Try:
    """Kill the whole chain, run it again, and compare with one that nobody killed."""
    server = servers("postgres", "prefect").address("prefect")
    env = {**os.environ, "PREFECT_API_URL": f"{server}/api"}
    if not WHOLE:
        start = time.monotonic()
        undisturbed = _laid_out(where.folder / "undisturbed")
        WHOLE["code"] = _run(undisturbed, env).wait()
        WHOLE.update(seconds=time.monotonic() - start, hashes=_hashes(undisturbed))
    project = _laid_out(where.folder / "project")
    process = _run(project, env)
    time.sleep(rng.uniform(0.2, 0.95) * float(str(WHOLE["seconds"])))
    if process.poll() is not None:
        return Try(False)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = _finished(project)
    code = _run(project, env).wait()
    again = sum(1 for stage, when in finished.items() if _written(project, stage) != when)
    lost = int(code != WHOLE["code"] or _hashes(project) != WHOLE["hashes"])
    return Try(True, lost, again, f"killed after {', '.join(finished) or 'nothing'}; exit {code}")


def _laid_out(folder: Path) -> Path:
    """Return a small project in a folder."""
    from faircompress.config.overrides import overridden

    for name in COPIED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    small = overridden(folder / "params.yaml", SMALL)
    (folder / "params.yaml").write_text(yaml.safe_dump(small, sort_keys=False))
    return folder


def _run(project: Path, env: dict[str, str]) -> "subprocess.Popen[bytes]":
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, "-m", "faircompress", "run"], cwd=project, env=env, stdout=quiet,
        stderr=quiet, start_new_session=True,
    )  # fmt: skip


def _finished(project: Path) -> dict[str, float]:
    """Return the stages that DVC has noted, and when each wrote its numbers."""
    lock = project / "dvc.lock"
    known = yaml.safe_load(lock.read_text())["stages"] if lock.exists() else {}
    return {stage: _written(project, stage) for stage in known if stage not in ("source", "code")}


def _written(project: Path, stage: str) -> float:
    return (project / "artifacts" / f"{stage}.json").stat().st_mtime


def _hashes(project: Path) -> list[str]:
    files = [project / "artifacts" / name for name in SAME]
    return [hashlib.sha256(f.read_bytes()).hexdigest() if f.exists() else "none" for f in files]
