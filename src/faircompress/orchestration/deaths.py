"""What a stage died of that had no time to say it itself: DVC tells its exit code, in passing."""

import re
import signal

EXITED = re.compile(r"exited with (-?\d+)$", re.MULTILINE)  # dvc/stage/exceptions.py
SHELL = 128  # what a shell adds to the number of the signal
CURES = {
    signal.SIGKILL: "This is how a machine that runs out of memory ends a process (`dmesg` tells). "
    "Set a smaller train.batch, prune.batch or prune.scoring_batch, or smaller pictures "
    "(data.resize); or somebody killed it by hand.",
    **dict.fromkeys(
        (signal.SIGTERM, signal.SIGINT, signal.SIGHUP),
        "Somebody, or the system as it shut down, ended it. Run it again: it goes on where it was.",
    ),
    signal.SIGXCPU: "A limit on processor time (`ulimit -t`) was reached.",
    signal.SIGILL: "A library was built for another processor.",
    signal.SIGBUS: "A disk, or the shared memory of a container, may be full.",
}
OTHER = (
    "A library crashed; this is no fault of the data or the params. Run it again: it goes on after "
    "the last epoch that was finished. `PYTHONFAULTHANDLER=1 faircompress stage {stage}` shows "
    "where it crashes; please report that, with data.resize, train.model and the processor."
)


def killed(stage: str, words: str) -> str:
    """Return how a stage was killed and what to do; nothing if it ended by itself.

    Args:
        stage: Its name.
        words: What DVC said.
    """
    codes = EXITED.findall(words)
    code = int(codes[-1]) if codes else 0
    number = -code if code < 0 else code - SHELL
    if number not in {found.value for found in signal.Signals}:
        return ""
    by = signal.Signals(number)
    cure = CURES.get(by, OTHER.format(stage=stage))
    return f"stage {stage} was killed by signal {by.name} ({number}). {cure}"
