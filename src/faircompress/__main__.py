"""`faircompress`, and `python -m faircompress`: from the first import on it can be stopped."""

import gc

from faircompress.support.interrupts import INTERRUPTS

# What is imported stays: to look for garbage after every 700 new objects, as Python does, takes a
# tenth of the time of a stage or a cached run
RARELY = (10_000, 10, 10)


def main() -> None:
    """Run a command; stopped by a person or the system, end in one line."""
    INTERRUPTS.arm()
    gc.set_threshold(*RARELY)
    try:
        from faircompress.cli.main import main as command  # here, because it takes a while

        command()
    except KeyboardInterrupt:
        INTERRUPTS.leave()
    finally:
        if INTERRUPTS.came.is_set():
            INTERRUPTS.leave()


if __name__ == "__main__":
    main()
