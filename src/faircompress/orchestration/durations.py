"""How long the chain still takes, from how long its stages took before.

A training tells by itself once some of it is done; what it is asked for may be more than before.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from faircompress.config.params import Params
from faircompress.support.files import read_json, write_json

FILE = Path(".checkpoints") / "durations.json"
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


def load(project: Path) -> dict[str, Taken]:
    """Return how long each stage took in this project before; nothing if that is not known."""
    file = project / FILE
    if not file.exists():
        return {}
    try:
        return {stage: Taken(**kept) for stage, kept in read_json(file).items()}
    except (ValueError, TypeError, AttributeError):  # half written or of another version: no loss
        return {}


def keep(project: Path, stage: str, taken: Taken) -> None:
    """Remember how long a stage took."""
    known = {name: asdict(one) for name, one in load(project).items()}
    (project / FILE).parent.mkdir(exist_ok=True)
    write_json(project / FILE, known | {stage: asdict(taken)})


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
