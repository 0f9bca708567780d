"""`faircompress`, and `python -m faircompress`: from the first import on it can be stopped."""

from faircompress.support.interrupts import INTERRUPTS


def main() -> None:
    """Run a command; stopped by a person or the system, end in one line."""
    INTERRUPTS.arm()
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
