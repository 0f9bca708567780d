"""Where a stage keeps what it must not lose if it is killed, outside of what DVC tracks."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faircompress.support.files import read_json, write_json


@contextmanager
def checkpoint(artifacts: Path, stage: str, *given: Any) -> Iterator[Path]:
    """Give a folder that outlives a kill, and goes when the work is done.

    Args:
        artifacts: The workspace's artifacts; checkpoints lie beside it.
        stage: Whose work it is.
        given: Everything the work depends on, as JSON values, the stage's code key among them.
            Other work of the same stage that was never finished is thrown away.
    """
    stem = hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()
    folder = artifacts.parent / ".checkpoints" / stage / stem[:16]
    for other in folder.parent.glob("*"):
        if other != folder and other.is_dir():
            shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Curve:
    """Numbers by epoch that survive a kill, since they are written down one epoch at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.epochs: dict[str, dict[str, float]] = read_json(path) if path.exists() else {}

    def add(self, epoch: int, numbers: dict[str, float]) -> None:
        """Keep the numbers of an epoch, in place of what a killed run said of it."""
        self.epochs[f"{epoch:04d}"] = numbers
        write_json(self.path, self.epochs)

    def last(self) -> dict[str, float]:
        """Return the numbers of the last epoch."""
        return self.epochs[max(self.epochs)]
