"""A stage that hangs is ended in its time, with what it started."""

import subprocess
import sys
import time

import psutil
import pytest

from faircompress.orchestration import deadline

STUBBORN = (
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = [sys.executable, '-c', 'import signal, time; "
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)']\n"
    "print(subprocess.Popen(child).pid, flush=True)\n"
    "time.sleep(60)\n"
)


def test_a_process_that_will_not_end_is_killed_with_its_children(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadline, "GRACE", 0.2)
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(next(line for line in process.stdout if line.strip() != "1"))
    watch = deadline.Deadline(process.pid, 0.5)
    assert process.wait(20) == -9
    watch.cancel()
    assert watch.passed
    for _ in range(100):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie":
            break
        time.sleep(0.1)
    else:
        pytest.fail("its child lives on")


def test_who_is_in_time_is_let_be() -> None:
    watch = deadline.Deadline(1, 60)
    watch.cancel()
    assert not watch.passed
    deadline.Deadline(1, None).cancel()
