"""Ctrl-C and SIGTERM end a command in one line, and leave nobody behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from conftest import new_project
from test_resume import stage_of

from faircompress.support.interrupts import LINE

ARMED = """
import subprocess, sys, time
from faircompress.support.interrupts import INTERRUPTS
INTERRUPTS.patience = 1
INTERRUPTS.arm()
def work():
    child = subprocess.Popen(["sleep", "60"])
    print(child.pid, flush=True)
    time.sleep(60)
"""
ENDS = {
    "at once": "try:\n    work()\nfinally:\n    INTERRUPTS.leave()",
    "though it is ignored": """
while True:
    try:
        work()
    except KeyboardInterrupt:
        pass
""",
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_process_leaves_in_one_line_with_its_children(
    number: signal.Signals, code: int, end: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ARMED + ENDS[end]], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.send_signal(number)
    said = process.communicate(timeout=20)[1]
    assert (process.returncode, said) == (code, f"{LINE}\n")
    end = time.monotonic() + 5
    while psutil.pid_exists(child) and psutil.Process(child).status() != "zombie":
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("seconds", [0.15, 0.5])
def test_ctrl_c_is_one_line_while_the_program_is_still_loading(
    seconds: float, tmp_path: Path
) -> None:
    project = new_project(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "faircompress", "run"], cwd=project.folder,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:  # the first of ours that is loaded
        if "faircompress.support.interrupts" in line:
            break
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    lines = [x for x in process.communicate(timeout=30)[1].splitlines() if "import time:" not in x]
    assert (process.returncode, lines) == (130, [LINE])


def test_ctrl_c_during_a_stage_is_one_line_and_takes_the_stage_along(
    tmp_path: Path, prefect_server: dict[str, str]
) -> None:
    project = new_project(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "faircompress", "run"], cwd=tmp_path, start_new_session=True,
        env={**os.environ, **prefect_server}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while stage_of(project.folder) is None and process.poll() is None:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert said.endswith(f"{LINE}\n") and "Traceback" not in said and "failed" not in said
    end = time.monotonic() + 10
    while stage_of(project.folder) is not None:
        assert time.monotonic() < end
        time.sleep(0.1)
