"""The services end in good order, also where a script started them in the background."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, free_port

from infra.composed import PORTS


def test_sigterm_ends_services_that_a_script_started(tmp_path: Path) -> None:
    pytest.importorskip("moto", reason="needs the extra services")
    offset = free_port() - PORTS["objects"]
    command = [sys.executable, "-m", "infra.services", "--offset", str(offset), "--without"]
    others = ["postgres", "prefect", "mlflow", "buckets", "worker"]
    process = subprocess.Popen(
        [*command, *others], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as the shell does for &
    )  # fmt: skip
    assert process.stdout is not None
    while not process.stdout.readline().startswith("Logs and passwords"):
        assert process.poll() is None
    process.terminate()
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said.strip()) == (0, "Ended.")
