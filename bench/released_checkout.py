"""The thesis's released code, from a checkout of it, made to run on current torch.

Nothing of it is in this repository. The checkout is copied to a temporary folder, the few lines
of ``PATCHES`` are replaced there, and its own modules are imported from that copy.
"""

import contextlib
import copy
import importlib
import io
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from torch import nn
from torch.utils.data import Dataset


@dataclass(frozen=True)
class Patch:
    """One place in a file of theirs that is replaced, and why."""

    file: str
    old: str
    new: str
    why: str


WEIGHED = "weights = self.train_data.weight_fn(labels, old_outputs)\n"
SCORED = "            scores = torch.cat([score_module(c) for c in convs])\n"
SUMMED = "                    loss = loss1 + self.beta*loss2 + self.gamma*loss3\n"
PATCHES = (
    Patch(
        "prune/pruner.py",
        "from torch.utils.tensorboard import SummaryWriter\n",
        "",
        "used for logging only, and TensorBoard is not installed here",
    ),
    Patch(
        "prune/pruner.py",
        WEIGHED,
        WEIGHED.replace(")\n", ").detach()\n"),
        "else the scoring pass goes back a second time through the dense model's graph, an error",
    ),
    Patch(
        "prune/pruner.py",
        SCORED,
        SCORED + "            self.watch(data, convs, scores)\n",
        "shows which batch was scored, and with what result",
    ),
    Patch(
        "prune/pruner.py",
        SUMMED,
        SUMMED + "                    self.watch(data, bn_modules, loss1, loss2)\n",
        "shows which batch was taken, the bottlenecks, the data loss and g",
    ),
)


class Enough(Exception):
    """What was to be watched was seen."""


def load(checkout: Path) -> SimpleNamespace:
    """Import the released code.

    Returns:
        Its modules: ``pruner``, ``utils`` and ``models``.

    Raises:
        ValueError: If a line to be patched is not there exactly once.
    """
    home = Path(tempfile.mkdtemp(prefix="released-code-"))
    try:
        shutil.copytree(checkout, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
        for patch in PATCHES:
            _apply(patch, home)
        sys.path.insert(0, str(home))
        names = {"pruner": "prune.pruner", "utils": "prune.utils", "models": "models.models"}
        return SimpleNamespace(**{k: importlib.import_module(v) for k, v in names.items()})
    finally:
        if str(home) in sys.path:
            sys.path.remove(str(home))
        shutil.rmtree(home)


def _apply(patch: Patch, home: Path) -> None:
    path = home / patch.file
    text = path.read_text() if path.exists() else ""
    if text.count(patch.old) != 1:
        raise ValueError(
            f"{patch.file} of the checkout holds {patch.old.strip()!r} {text.count(patch.old)} "
            "times, needed: once. Check out commit 38711fc of robbiemeyer/pw_loss_pruning."
        )
    path.write_text(text.replace(patch.old, patch.new))


def as_released(released: SimpleNamespace, net: nn.Module) -> Any:
    """Return a copy of a network as their code takes it: a backbone, and a head of its own."""
    backbone = copy.deepcopy(net)
    head, backbone.head = cast(nn.Linear, backbone.head), nn.Identity()
    return released.models.BaseModel(backbone, head, head.out_features)


def taylor(released: SimpleNamespace, data: Dataset, **options: Any) -> Any:
    """Return their performance-weighted Taylor pruner, with the thesis's settings for CIFAR-10."""
    thesis = {"batches_bw_prunes": 4, "lr": 0.01, "batch_size": 128, "gamma": 1, "min_weight": 0.5}
    make = released.pruner.ScoreWeightedTaylorPrune
    return make(data, num_workers=0, **{**thesis, **options})


def autobot(released: SimpleNamespace, data: Dataset, **options: Any) -> Any:
    """Return their performance-weighted AutoBot, with the thesis's settings for CIFAR-10."""
    thesis = {"beta": 5.3, "gamma": 0, "lr": 0.7, "num_iters": 200, "batch_size": 128}
    weights = {"sw_gamma": 1, "min_weight": 0.5}
    make = released.pruner.ScoreWeightedAutoBot
    return make(data, num_workers=0, **{**thesis, **weights, **options})


def run(pruner: Any, model: Any, reduction: float, watch: Callable[..., None]) -> None:
    """Let a pruner of theirs work until it is done or ``watch`` has seen enough."""
    pruner.watch = watch
    with _quiet(), contextlib.suppress(Enough):
        pruner.prune(model, reduction)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
