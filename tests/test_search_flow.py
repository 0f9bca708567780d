"""A real search, small: killed hard in between, it goes on, and what was made is not made again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from conftest import Project

from faircompress.support.files import read_json

SEARCH = (
    sys.executable, "-m", "faircompress", "search", "--workers", "1", "--precision", "fp32",
    "--minutes", "0", "--chance", "0.5",
)  # fmt: skip


def test_a_search_that_is_killed_goes_on_where_it_was(
    finished: tuple[Project, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    project = Project(tmp_path / "project", finished[0].env)
    shutil.copytree(finished[0].folder, project.folder, symlinks=True)
    found = project.folder / "variants" / "search"
    made = found / "candidates" / "3x.json"
    killed = subprocess.Popen(
        [*SEARCH, "--line", "prune.epochs=1"], cwd=project.folder, stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", **project.env}, start_new_session=True,
    )  # fmt: skip
    while not made.exists() and killed.poll() is None:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert made.exists()
    assert not (found / "search.json").exists()
    written = made.stat().st_mtime_ns

    done = project.call(*SEARCH, "--line", "prune.epochs=1")
    assert done.returncode in (0, 2), done.stderr
    assert made.stat().st_mtime_ns == written
    told = read_json(found / "search.json")
    assert (told["candidates"], told["failed"]) == (2, {})  # 3x of params.yaml, and of the line
    assert told["overrides"][0] == "prune.speedup=3"
    assert "prune.epochs=1" in (found / "frontier.html").read_text("utf-8")
