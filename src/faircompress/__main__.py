"""`faircompress`, and `python -m faircompress`: from the first import on it can be stopped."""

import atexit
import gc
import os
import sys

from faircompress.support.interrupts import INTERRUPTS

# What is imported stays: to look for garbage after every 700 new objects, as Python does, takes a
# tenth of the time of a stage or a cached run
RARELY = (10_000, 10, 10)


def main() -> None:
    """Run a command; stopped by a person or the system, end in one line."""
    INTERRUPTS.arm()
    gc.set_threshold(*RARELY)
    codes: list[int] = []
    atexit.register(_leave, codes)  # the first that is registered is the last that is called
    try:
        from faircompress.cli.main import main as command  # here, because it takes a while

        command()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            codes.append(end.code or 0)
        raise
    except KeyboardInterrupt:
        INTERRUPTS.leave()
    finally:
        if INTERRUPTS.came.is_set():
            INTERRUPTS.leave()


def _leave(codes: list[int]) -> None:
    """End, once threads have ended and libraries have tidied up.

    Python would now take apart all that was imported, a third as long as importing it took.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (AttributeError, OSError, ValueError):  # Python knows what to say of a closed pipe
        return
    if codes:
        os._exit(codes[0])


if __name__ == "__main__":
    main()
