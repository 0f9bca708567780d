"""What DVC leaves half written where it was killed or the disk was full, and then stumbles over."""

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from dvc.rwlock import SCHEMA as RWLOCK
from dvc.schema import COMPILED_LOCKFILE_SCHEMA as DVC_LOCK
from dvc.utils.serialize import YAMLFileCorruptedError, load_yaml
from voluptuous import Invalid


def clear(workspace: Path) -> None:
    """Take away a damaged ``dvc.lock``, and a lock of DVC that is damaged or of dead processes.

    Without ``dvc.lock`` results are found by what they were computed from, in the DVC cache.
    """
    lock, held = workspace / "dvc.lock", workspace / ".dvc" / "tmp" / "rwlock"
    if lock.exists() and not _is_sound(lock):
        kept = workspace / ".checkpoints" / "dvc.lock.damaged"
        kept.parent.mkdir(exist_ok=True)
        lock.replace(kept)
        words = f"{lock} was damaged and is now {kept}; what it named is looked for in the cache."
        print(words, file=sys.stderr)
    if held.exists() and not _is_alive(held):
        time.sleep(0.2)  # may be in the middle of being written
        if not _is_alive(held):
            held.unlink(missing_ok=True)


def _is_sound(lock: Path) -> bool:
    try:
        DVC_LOCK(load_yaml(str(lock)))
    except (Invalid, YAMLFileCorruptedError, UnicodeDecodeError):
        return False
    return True


def _is_alive(held: Path) -> bool:
    """Tell whether a lock of DVC can be read, and nobody in it is dead."""
    try:
        found = RWLOCK(json.loads(held.read_text("utf-8")))
    except FileNotFoundError:
        return True
    except (ValueError, Invalid):
        return False
    readers = [who for many in found["read"].values() for who in many]
    holders = [*found["write"].values(), *readers]
    return not holders or any(_is_at_work(who["pid"], who["cmd"]) for who in holders)


def _is_at_work(pid: int, command: str) -> bool:
    """Tell whether a process lives and is the one that was meant, not a later one of its number."""
    with suppress(psutil.Error):
        words = psutil.Process(pid).cmdline()
        return " ".join(words).endswith(" ".join(command.split()[1:]))
    return False
