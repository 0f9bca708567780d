"""A process that takes too long is ended, with everything that it started."""

import threading
from collections.abc import Iterable

import psutil

GRACE = 5.0  # seconds in which processes may end by themselves


class Deadline:
    """A limit on the time of a process.

    Args:
        pid: Its process id.
        limit: In seconds; None: there is none.
    """

    def __init__(self, pid: int, limit: float | None) -> None:
        self.pid, self.passed = pid, False
        self._timer = None if limit is None else threading.Timer(limit, self._end)
        if self._timer:
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Watch no longer; if the time is over, wait until all is ended."""
        if self._timer:
            self._timer.cancel()
            if self.passed:
                self._timer.join()

    def _end(self) -> None:
        self.passed = True
        try:
            first = psutil.Process(self.pid)
            family = [*first.children(recursive=True), first]
        except psutil.NoSuchProcess:
            return
        _ask(family)
        _, left = psutil.wait_procs(family, GRACE)
        for process in left:
            _kill(process)


def _ask(family: Iterable[psutil.Process]) -> None:
    for process in family:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
