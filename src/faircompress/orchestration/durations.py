"""How long the chain still takes, from how long its stages took before.

A project's own runs say most. A new project hears what the same data and network took in this
user's other projects. A training tells by itself once some of it is done; what it is asked for may
be more than before.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from faircompress.config.params import Params
from faircompress.support.files import read_json, user_cache, write_json

FILE = Path(".checkpoints") / "durations.json"
MOST = 100  # data sets and networks that are remembered for other projects
CHAIN = ("validate", "train", "screen", "prune", "export", "gate")
TRAINING = ("train", "prune")
TRUSTED = 0.02  # share of a training from which on its own pace says more than an earlier run's


@dataclass(frozen=True)
class Taken:
    """How long a stage took.

    Args:
        seconds: That it took.
        epochs: Of training in it; 0: none.
    """

    seconds: float
    epochs: int


@dataclass(frozen=True)
class Left:
    """What is left of a run.

    Args:
        seconds: At least.
        is_all: Whether every stage that is left is counted.
    """

    seconds: float
    is_all: bool

    def __str__(self) -> str:
        """Say it as people do."""
        return f"{'about' if self.is_all else 'at least'} {in_words(self.seconds)} left"


def epochs_of(params: Params) -> dict[str, int]:
    """Return how many epochs each stage trains."""
    return {stage: getattr(params, stage).epochs for stage in TRAINING}


def likeness(params: Params) -> str:
    """Return a name that projects with the same data and network share."""
    alike = [params.data.model_dump(mode="json"), params.train.model]
    return hashlib.sha256(json.dumps(alike, sort_keys=True).encode()).hexdigest()[:16]


def load(project: Path, like: str = "") -> dict[str, Taken]:
    """Return how long each stage took before; nothing if that is not known.

    Args:
        project: Its own runs count first.
        like: As ``likeness``; else those of the user's other projects.
    """
    elsewhere = _elsewhere().get(like, {})
    return _taken(elsewhere) | _taken(_read(project / FILE))


def keep(project: Path, stage: str, taken: Taken, like: str = "") -> None:
    """Remember how long a stage took, here and for other projects."""
    (project / FILE).parent.mkdir(exist_ok=True)
    write_json(project / FILE, _read(project / FILE) | {stage: asdict(taken)})
    if not like:
        return
    known = _elsewhere()
    known[like] = known.pop(like, {}) | {stage: asdict(taken)}  # the last used stands last
    with suppress(OSError):
        user_cache().mkdir(parents=True, exist_ok=True)
        write_json(user_cache() / FILE.name, dict(list(known.items())[-MOST:]))


def _elsewhere() -> dict[str, Any]:
    found = _read(user_cache() / FILE.name)
    return {like: kept for like, kept in found.items() if isinstance(kept, dict)}


def _read(file: Path) -> dict[str, Any]:
    """Return what is remembered; half written or of another version it is no loss."""
    with suppress(OSError, ValueError):
        found = read_json(file)
        return found if isinstance(found, dict) else {}
    return {}


def _taken(found: Mapping[str, Any]) -> dict[str, Taken]:
    with suppress(TypeError):
        return {stage: Taken(**kept) for stage, kept in found.items()}
    return {}


def left(
    before: Mapping[str, Taken],
    epochs: Mapping[str, int],
    stage: str,
    seconds: float,
    share: float | None = None,
) -> Left | None:
    """Return what is left of a run; None: nothing is known.

    Args:
        before: How long stages took, in earlier runs and in this one.
        epochs: That stages train now.
        stage: At work.
        seconds: That it is at work.
        share: Of its training that is done; None: it does not say.
    """
    whole = _expected(before, epochs, stage)
    if share is not None and share >= TRUSTED:
        whole = seconds / share
    if stage not in CHAIN:
        return None
    after = CHAIN[CHAIN.index(stage) + 1 :]
    pace = dict(before)
    if whole is not None:
        pace[stage] = Taken(whole, epochs.get(stage, 0))
    times = [whole, *(_expected(pace, epochs, one) for one in after)]
    known = [time for time in times if time is not None]
    if not known:
        return None
    counted = sum(known) - (min(seconds, whole) if whole is not None else 0)
    return Left(max(counted, 0.0), len(known) == len(times))


def _expected(before: Mapping[str, Taken], epochs: Mapping[str, int], stage: str) -> float | None:
    """Return how long a stage takes; a fine-tuning that is new, as the training does by epoch."""
    taken = before.get(stage) or (before.get("train") if stage == "prune" else None)
    if taken is None:
        return None
    wanted = epochs.get(stage, 0)
    return taken.seconds * wanted / taken.epochs if taken.epochs and wanted else taken.seconds


def in_words(seconds: float) -> str:
    """Return seconds as people say them."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
