"""Ctrl-C and SIGTERM end a command in one line and a few seconds, whatever it is waiting for."""

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

PATIENCE = 5.0  # seconds in which open records are closed
LINE = "Interrupted. What was finished is kept; the same command goes on from there."
SHOW_CURSOR = "\x1b[?25h"


class Interrupts:
    """What happens when somebody stops this process.

    An exception alone does not do it: it may reach Python where it is ignored, or code that waits
    for a server which was stopped by the same Ctrl-C.
    """

    def __init__(self) -> None:
        self.armed, self.number, self.patience = False, signal.SIGINT, PATIENCE
        self.came = threading.Event()

    def arm(self) -> None:
        """Listen; to be called once, in the main thread."""
        self.armed = True
        threading.Thread(target=self._watch, daemon=True).start()
        sys.unraisablehook = self._unraisable
        self.listen()

    def listen(self) -> None:
        """Listen (again, where a library put its own ears on), if this process ever did."""
        if self.armed:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._heard)

    def release(self) -> None:
        """Leave it to others again."""
        self.armed = False
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def leave(self, code: int | None = None) -> NoReturn:
        """Take the children along and exit, interrupted in one line and as shells expect.

        Args:
            code: To exit with, if it was not an interruption.
        """
        _end_children()
        if code is not None:
            sys.stdout.flush()
            os._exit(code)
        end = SHOW_CURSOR if sys.stderr.isatty() else ""
        os.write(2, f"{LINE}{end}\n".encode())  # print may be what was interrupted
        os._exit(128 + self.number)

    def _heard(self, number: int, _: FrameType | None) -> None:
        if self.came.is_set():
            self.leave()  # asked twice
        self.number = signal.Signals(number)
        self.came.set()
        raise KeyboardInterrupt

    def _unraisable(self, what: "sys.UnraisableHookArgs") -> None:
        """Say nothing of an interruption that came where Python ignores it."""
        if not self.came.is_set():
            sys.__unraisablehook__(what)

    def _watch(self) -> None:
        self.came.wait()
        time.sleep(self.patience)
        self.leave()


INTERRUPTS = Interrupts()


def _end_children() -> None:
    import psutil  # here, because most commands are never interrupted

    try:
        children = psutil.Process().children(recursive=True)
    except psutil.Error:
        return
    for child in children:
        try:
            child.terminate()
        except psutil.Error:
            continue
