"""A step in a process that is forked from this one: what it imports is there already.

It dies as any other does, and shares nothing with this process but what was imported. A step that
needs another environment from its first instruction on (a wrong clock) is started anew instead.
"""

import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
NEEDED = (
    "numpy", "faircompress.ledger.identity", "faircompress.ledger.looks",
    "faircompress.ledger.sets", "faircompress.ledger.record",
    "faircompress.support.checkpoints", "faircompress.support.files",
    "faircompress.registry.attestations", "faircompress.registry.signatures",
    "faircompress.registry.keys", "faircompress.support.environment",
    "cryptography.hazmat.primitives.serialization", "securesystemslib.signer",
    "securesystemslib.dsse",
)  # fmt: skip


def preload() -> None:
    """Import what the forked steps need."""
    for name in NEEDED:
        importlib.import_module(name)


class Forked:
    """A process, as far as the faults need one: as ``subprocess.Popen``.

    Args:
        words: What its command line would be.
        env: That it gets besides.
        before: Called in it first.
    """

    def __init__(
        self, words: list[str], env: Mapping[str, str], before: Callable[[], object] | None
    ) -> None:
        self.returncode: int | None = None
        self.file = tempfile.TemporaryFile("w+")  # noqa: SIM115  # it lives as long as this value
        self.pid = os.fork()
        if not self.pid:
            _become(words, env, before, self.file.fileno())
        with suppress(OSError):
            os.setpgid(self.pid, self.pid)

    def poll(self) -> int | None:
        """Return its code if it ended."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def communicate(self, timeout: float = 600.0) -> tuple[str, str]:
        """Wait for its end; return what it said on both outputs, the first of which is dropped."""
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("a forked step", timeout)
            time.sleep(0.005)
        self.file.seek(0)
        return "", self.file.read()


def _become(
    words: list[str], env: Mapping[str, str], before: Callable[[], object] | None, errors: int
) -> None:
    """Be the step, and end."""
    code = 1
    try:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.dup2(errors, 2)
        sys.stderr = os.fdopen(2, "w", buffering=1)
        os.environ.update(env)
        if before is not None:
            before()
        if env.get("FAULT"):
            _fault()
        sys.argv = words
        code = importlib.import_module("fault_steps").main()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _fault() -> None:
    """Do what a fresh Python does that finds ``faulty`` on its path."""
    spec = importlib.util.spec_from_file_location("faulty", HERE / "faulty" / "sitecustomize.py")
    assert spec is not None and spec.loader is not None
    sys.modules["faulty"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["faulty"])
