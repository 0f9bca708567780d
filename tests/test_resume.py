"""A killed stage loses nothing that was finished, and the next run goes on."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Project, new_project, with_own_code
from finished_runs import Finished


@pytest.fixture(scope="module")
def validated(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a project with code of its own and data that were validated."""
    project = new_project(tmp_path_factory.mktemp("resume"))
    project.set(train={"epochs": 4}, prune={"epochs": 4})
    with_own_code(project, project.folder / "code")
    validated = finished[0].folder / "artifacts/validate"
    shutil.copytree(validated, project.folder / "artifacts/validate")
    said = project.stage("code")
    assert said.returncode == 0, said.stderr
    return project


def killed_after_an_epoch(project: Project, stage: str) -> int:
    """Start a stage, kill it hard once an epoch is finished; return how many were."""
    process = subprocess.Popen(
        [sys.executable, "-m", "faircompress", "stage", stage], cwd=project.folder,
        stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1", **project.env},
    )  # fmt: skip
    curve, start = None, time.time()
    while curve is None and process.poll() is None:
        found = (project.folder / ".checkpoints" / stage).glob("*/weights.pt")
        fresh = [path for path in found if path.stat().st_mtime > start]
        curve = fresh[0].with_name("curve.json") if fresh else None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert curve is not None, f"{stage} ended before it could be killed"
    return len(json.loads(curve.read_text()))


@pytest.mark.parametrize("stage", ["train", "prune"])
def test_a_killed_stage_goes_on_though_a_docstring_changed_and_ends_in_the_same_numbers(
    validated: Project, stage: str
) -> None:
    epochs = killed_after_an_epoch(validated, stage)
    assert 1 <= epochs < 4
    assert not (validated.folder / "artifacts" / f"{stage}.json").exists()
    events = validated.folder / "events.jsonl"
    training = validated.folder / "code/faircompress/training/fit.py"
    training.write_text(training.read_text().replace('"""Move', '"""In other words: move'))
    resumed = Project(validated.folder, validated.env | {"FAIRCOMPRESS_EVENTS": str(events)})
    said = resumed.stage(stage)
    assert said.returncode == 0, said.stderr
    first = next(
        e["what"] for e in map(json.loads, events.read_text().splitlines())
        if "epoch" in e.get("what", "")
    )  # fmt: skip
    events.unlink()
    assert f"epoch {epochs + 1} of 4" in first or f"epoch {epochs} of 4" in first
    numbers = (validated.folder / "artifacts" / f"{stage}.json").read_bytes()
    assert not list((validated.folder / ".checkpoints" / stage).glob("*"))
    whole = validated.stage(stage)
    assert whole.returncode == 0, whole.stderr
    assert (validated.folder / "artifacts" / f"{stage}.json").read_bytes() == numbers


def test_other_params_do_not_resume_from_what_was_left(validated: Project) -> None:
    assert killed_after_an_epoch(validated, "train") >= 1
    left = {p.name for p in (validated.folder / ".checkpoints/train").iterdir()}
    validated.set(train={"seed": 2})
    assert killed_after_an_epoch(validated, "train") >= 1
    assert not left & {p.name for p in (validated.folder / ".checkpoints/train").iterdir()}


def test_a_killed_flow_takes_its_stage_along(
    tmp_path: Path, prefect_server: dict[str, str]
) -> None:
    new_project(tmp_path)
    flow = subprocess.Popen(
        [sys.executable, "-m", "faircompress", "run"], cwd=tmp_path,
        env={**os.environ, **prefect_server},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    pid = None
    while pid is None and flow.poll() is None:
        time.sleep(0.2)
        pid = stage_of(tmp_path)
    assert pid is not None
    flow.kill()
    flow.wait()
    waited = 0
    while stage_of(tmp_path) is not None and waited < 100:
        waited += 1
        time.sleep(0.1)
    assert waited < 100, f"stage {pid} outlived its flow by 10 s"


def stage_of(folder: Path) -> int | None:
    """Return the process that works on a stage in a folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_text().split("\0")
            if "stage" in words and (entry / "cwd").readlink() == folder:
                return int(entry.name)
        except OSError:
            continue
    return None
