"""The real chain on little data, for faults to hit.

One chain that meets no fault is run first and kept; each try begins with a copy of it in which the
stages that are to be hit, and all after them, were never run.
"""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml
from fault_kinds import PATIENCE
from fault_servers import servers

ROOT = Path(__file__).parents[1]
STAGES = ("validate", "train", "screen", "prune", "export", "gate")
SMALL = (
    "data.portraits.train=640", "data.portraits.validation=320", "data.portraits.test_cell=80",
    "data.portraits.rare_share=0.05", "checks.min_subgroup=2", "train.epochs=2", "train.batch=64",
    "prune.speedup=3", "prune.rounds=2", "prune.criterion.taylor.steps=2", "prune.epochs=2",
    "prune.batch=64", "prune.scoring_batch=64", "prune.round_to=1", "export.latency_repeats=2",
    "export.precisions=[fp32]",
    "gate.rules=[{rule: change, metric: auroc, limit: 0.3, because: a try}]",
)  # fmt: skip
COPIED = ("params.yaml", "presets.yaml", "dvc.yaml", ".dvcignore", ".dvc/config")
SAME: Mapping[str, tuple[str, ...]] = {
    "validate": ("validate/data.parquet", "validate.json"), "train": ("train/model.pt",),
    "screen": (), "prune": ("prune/model.pt",), "export": ("export/pruned.onnx",),
    "gate": ("gate/verdict.json",),
}  # fmt: skip
PLACES = {
    "experiments": "artifact_location", "runs": "artifact_uri",
    "logged_models": "artifact_location", "model_versions": "storage_location",
}  # fmt: skip
KEPT = [Path()]  # where the undisturbed chain lies; `faults.py` says


@dataclass(frozen=True)
class Whole:
    """A chain that met no fault.

    Args:
        folder: Of its project.
        code: That it ended with.
        hashes: sha256 of what must not depend on faults, by name.
        seconds: Of each stage.
        total: Of the whole run.
    """

    folder: Path
    code: int
    hashes: Mapping[str, str]
    seconds: Mapping[str, float]
    total: float


@dataclass
class Chain:
    """A run of the chain in a process of its own, with all that it starts.

    Args:
        project: Where.
        env: What its process gets besides.
    """

    project: Path
    env: Mapping[str, str]
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        """Start it."""
        with self.words.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "faircompress", "run"], cwd=self.project, stdout=file,
                stderr=file, env={**os.environ, **self.env}, start_new_session=True,
            )  # fmt: skip

    @property
    def words(self) -> Path:
        """Return the file of what it says."""
        return self.project.with_suffix(".said")

    def stage(self) -> tuple[str, int] | None:
        """Return the stage that works now, and its process."""
        return stage_in(self.project)

    def ended(self) -> tuple[int, str]:
        """Wait for its end; return its code, and the last thing that it said."""
        try:
            code = self.process.wait(PATIENCE * 3)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return -99, "it hangs"
        return code, said(self.words.read_text("utf-8", "replace"))


def said(text: str) -> str:
    """Return the last thing that was said; a traceback is no sentence."""
    lines = text.strip().splitlines() or [""]
    errors = [number for number, line in enumerate(lines) if line.startswith("error: ")]
    words = " ".join(" ".join(lines[errors[-1] :] if errors else lines[-1:]).split())
    return f"no sentence: {words}" if "Traceback (most recent call last)" in text else words


def stage_in(project: Path) -> tuple[str, int] | None:
    """Return the stage that a process works on in a folder, and that process."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        with suppress(psutil.Error, IndexError):
            if "stage" in words and Path(process.cwd()) == project:
                return words[words.index("stage") + 1], process.pid
    return None


def prefect_env() -> dict[str, str]:
    """Return what a process needs to reach a Prefect server, which is started once."""
    return {"PREFECT_API_URL": f"{servers('postgres', 'prefect').address('prefect')}/api"}


def whole() -> Whole:
    """Return the chain that met no fault; it is run once, and kept where ``KEPT`` says."""
    folder, facts = KEPT[0] / "undisturbed", KEPT[0] / "undisturbed.json"
    if not facts.exists():
        shutil.rmtree(folder, ignore_errors=True)
        chain = Chain(_laid_out(folder), prefect_env())
        start, seen = time.monotonic(), dict.fromkeys(STAGES, 0.0)
        while chain.process.poll() is None:
            if (now := chain.stage()) and now[0] in seen:
                seen[now[0]] += 0.2
            time.sleep(0.2)
        code, words = chain.ended()
        if code not in (0, 1, 2):
            raise SystemExit(f"the chain fails without a fault: {code} {words}")
        facts.write_text(json.dumps([code, hashes(folder), seen, time.monotonic() - start]))
    return Whole(folder, *json.loads(facts.read_text()))


def copied(project: Path, without: str = "") -> Path:
    """Return a copy of the undisturbed chain in which a stage, and all after it, never ran."""
    done = whole().folder
    shutil.copytree(done, project, symlinks=True)
    with closing(sqlite3.connect(project / "mlflow.db")) as opened, opened:
        for table, column in PLACES.items():
            words = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"
            opened.execute(words, (str(done), str(project)))
    if without:
        shutil.rmtree(project / ".dvc/cache/runs", ignore_errors=True)
        lock = yaml.safe_load((project / "dvc.lock").read_text())
        for stage in STAGES[STAGES.index(without) :]:
            lock["stages"].pop(stage, None)
            shutil.rmtree(project / "artifacts" / stage, ignore_errors=True)
            (project / "artifacts" / f"{stage}.json").unlink(missing_ok=True)
        (project / "dvc.lock").write_text(yaml.safe_dump(lock))
    return project


def running(project: Path, env: Mapping[str, str]) -> int:
    """Return how many runs of the chain MLflow and Prefect believe to be at work in a project."""
    import urllib.request

    with closing(sqlite3.connect(project / "mlflow.db")) as opened:
        found = opened.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'").fetchone()[0]
    wanted = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}}
    request = urllib.request.Request(
        f"{env['PREFECT_API_URL']}/flow_runs/filter", json.dumps(wanted).encode(),
        {"Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as answer:
        runs = json.load(answer)
    return int(found) + sum(str(project) in json.dumps(run["parameters"]) for run in runs)


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


def written(project: Path, stage: str) -> float:
    """Return when a stage wrote its numbers."""
    file = project / "artifacts" / f"{stage}.json"
    return file.stat().st_mtime if file.exists() else 0.0


def hashes(project: Path) -> dict[str, str]:
    """Return the sha256 of what must not depend on faults, by name."""
    files = {name: project / "artifacts" / name for names in SAME.values() for name in names}
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "none"
        for name, file in files.items()
    }
