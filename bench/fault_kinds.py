"""The faults of `bench/faults.py`: what hits which step, and how it is told what was lost."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fault_forks import Forked
from fault_results import RESULTS

HERE = Path(__file__).parent
PATIENCE = 240.0  # seconds after which a process is taken to hang
TEMPLATES = Path("templates")
FORKED = ("ledger", "numbers", "curve", "attest")  # steps for which importing is most of the work
FORKS: list[bool] = []  # not empty: they are forked from this process, which saves that
FAKETIME = "libfaketime/vendor/libfaketime/src/libfaketime.so.1"


@dataclass(frozen=True)
class Try:
    """What came of one try.

    Args:
        happened: Whether the fault did hit; else the step was faster.
        lost: Pieces of finished work that are gone, or results that are others.
        again: Pieces that were finished before the fault and computed again.
        message: What the user saw.
    """

    happened: bool
    lost: int = 0
    again: int = 0
    message: str = ""

    @property
    def survived(self) -> bool:
        """Tell whether nothing was lost and nothing finished was computed again."""
        return not self.lost and not self.again


@dataclass
class Place:
    """A folder with a step in it.

    Args:
        folder: Of this try, empty or a copy of a template.
        step: Name of the step, see ``fault_steps``.
        env: That its processes get besides.
    """

    folder: Path
    step: str
    env: dict[str, str] = field(default_factory=dict)

    def start(self, number: int = 1, **how: Any) -> "subprocess.Popen[str] | Forked":
        """Start the step."""
        env = {**os.environ, **self.env, **how.pop("env", {})}
        command = [sys.executable, str(HERE / "fault_steps.py"), self.step, str(self.folder)]
        if FORKS and self.step in FORKED and "LD_PRELOAD" not in env:
            return Forked([*command[1:], str(number)], env, how.get("preexec_fn"))
        return subprocess.Popen(
            [*command, str(number)], env=env, stderr=subprocess.PIPE, text=True,
            stdout=subprocess.DEVNULL, start_new_session=True, **how,
        )  # fmt: skip

    def run(self, number: int = 1, **how: Any) -> tuple[int, str]:
        """Take the step to its end; return code and last line of its errors."""
        return ended(self.start(number, **how))

    def work(self) -> list[str]:
        """Return the pieces of work that were done, as often as they were."""
        log = self.folder / "done.log"
        return log.read_text().splitlines() if log.exists() else []

    def finished(self) -> list[str]:
        """Return the pieces that are finished for sure, which nobody may compute again."""
        pieces = self.work()
        return pieces[:-1] if self.step == "dvc" else pieces  # DVC may not have noted the last

    def result(self) -> Any:
        """Return what must not depend on what happened."""
        return RESULTS[self.step](self.folder)


def ended(process: "subprocess.Popen[str] | Forked") -> tuple[int, str]:
    """Wait for a process; return its code and the last line that it said."""
    try:
        said = process.communicate(timeout=PATIENCE)[1].strip()
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return -99, "it hangs"
    lines = said.splitlines()
    errors = [line for line in lines if line.startswith("error: ")] or lines
    assert process.returncode is not None
    return process.returncode, errors[-1][:300] if errors else ""


def place(step: str, folder: Path) -> Place:
    """Give a step a folder: MLflow's with a database that is made once."""
    template = folder.parent / TEMPLATES / step
    shutil.rmtree(folder, ignore_errors=True)
    if template.exists():
        shutil.copytree(template, folder)
    else:
        folder.mkdir(parents=True)
    return Place(folder, step)


def judged(where: Place, first: tuple[int, str], again_from: list[str]) -> Try:
    """Take the step once more without a fault, and compare with one that met none."""
    code, said = where.run()
    if code:
        return Try(True, 1, 0, f"after the fault: {code} {said}")
    work = [piece for piece in again_from if where.work().count(piece) > 1]
    wanted = expected(where.step, where.folder.parent)
    lost = 0 if where.result() == wanted else 1
    return Try(True, lost, len(work), first[1] or f"killed ({first[0]})")


EXPECTED: dict[str, Any] = {}


def expected(step: str, scratch: Path) -> Any:
    """Return the result of a step that met no fault."""
    if step not in EXPECTED:
        where = place(step, scratch / f"undisturbed-{step}-{os.getpid()}")
        code, said = where.run()
        if code:
            raise SystemExit(f"{step} fails without a fault: {said}")
        EXPECTED[step] = where.result()
        shutil.rmtree(where.folder)
    return EXPECTED[step]


def killed_at(what: str, pattern: str, most: int) -> Callable[[Place, random.Random], Try]:
    """Return a fault: the process dies at a place in the writing of a file."""

    def fault(where: Place, rng: random.Random) -> Try:
        at = f"{what}:{rng.randint(1, most)}:{pattern}"
        path = f"{HERE / 'faulty'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        counter = str(where.folder.with_suffix(".count"))
        first = where.run(env={"FAULT": at, "FAULT_COUNTER": counter, "PYTHONPATH": path})
        Path(counter).unlink(missing_ok=True)
        if first[0] == 0:
            return Try(False)
        return judged(where, (first[0], f"killed, {what} {pattern}"), where.finished())

    return fault


def killed_in(seconds: float) -> Callable[[Place, random.Random], Try]:
    """Return a fault: the process and its children die at any time."""

    def fault(where: Place, rng: random.Random) -> Try:
        process = where.start()
        quick = isinstance(process, Forked)
        time.sleep(rng.uniform(0, 0.3) if quick else rng.uniform(0.1, seconds))
        if process.poll() is not None:
            process.communicate()
            return Try(False)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return judged(where, (-9, "killed at any time"), where.finished())

    return fault


def disk_full(most: int) -> Callable[[Place, random.Random], Try]:
    """Return a fault: no file may get longer than a limit."""

    def fault(where: Place, rng: random.Random) -> Try:
        limit = rng.randint(0, most)
        first = where.run(
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        )
        return Try(False) if first[0] == 0 else judged(where, first, where.finished())

    return fault


def read_only(where: Place, rng: random.Random) -> Try:
    """Make the folder read-only for one try; root needs a mount for that."""
    with _read_only(where.folder) as refused:
        if refused:
            return Try(False, message=refused)
        first = where.run()
    return judged(where, first, where.finished()) if first[0] else Try(False)


@contextmanager
def _read_only(folder: Path) -> Iterator[str]:
    if os.geteuid():
        folder.chmod(0o555)
        yield ""
        folder.chmod(0o755)
        return
    bound = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, text=True)
    again = ["mount", "-o", "remount,ro,bind", str(folder)]
    if bound.returncode or subprocess.run(again, capture_output=True).returncode:
        yield f"cannot be tried: {bound.stderr.strip()}"
        return
    try:
        yield ""
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def clock_jumps(days: int, seconds: float) -> Callable[[Place, random.Random], Try]:
    """Return a fault: a process dies while the clock is wrong by days, the next has it right."""
    import importlib.util

    spec = importlib.util.find_spec("libfaketime")
    library = Path(spec.origin).parents[1] / FAKETIME if spec and spec.origin else None

    def fault(where: Place, rng: random.Random) -> Try:
        if library is None or not library.exists():
            return Try(False, message="libfaketime is not installed")
        env = {"LD_PRELOAD": str(library), "FAKETIME": f"{days:+d}d"}
        process = where.start(env={**env, "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        time.sleep(rng.uniform(0.1, seconds))
        early = process.poll() is None
        if early:
            os.killpg(process.pid, signal.SIGKILL)
        first = ended(process)
        if not early and first[0]:
            return Try(True, 1, 0, first[1])
        return judged(where, (0, f"clock wrong by {days} days, then right"), where.finished())

    return fault


def two_at_once(where: Place, rng: random.Random) -> Try:
    """Take the step in two processes at once."""
    both = [where.start(), where.start()]
    ends = [ended(process) for process in both]
    if any(code for code, _ in ends):
        return Try(True, 1, 0, "; ".join(said for _, said in ends))
    done = judged(where, (0, "both ended well; one waited"), [])
    return Try(
        True,
        done.lost,
        len(where.work()) - len({*where.work()}) if where.step == "dvc" else 0,
        done.message,
    )
