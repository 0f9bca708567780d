"""How long the released code and ours search channels, down to the same physical multiply-adds.

ResNet-20 on CIFAR-10, batches of 128, performance-weighted with the thesis's settings. Their
searches get pictures that are ready in memory, so their loader and augmentation, which ours pays
for, cost them nothing. Then both networks are tuned alike, and compared on the test split. Times
are seconds of processor time, so that a busy machine changes them little.
"""

import copy
import os
import platform
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import released_checkout
import torch
from released_checkout import Enough, as_released, run
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from faircompress.compression.channels import Budget, ChannelWidths, read_widths
from faircompress.compression.compress import chosen, compress
from faircompress.compression.cut import cut
from faircompress.config.params import load
from faircompress.data.dataset import Split
from faircompress.data.sources.cifar10 import cifar10
from faircompress.networks.layers import scored
from faircompress.networks.network import Network, build, probabilities
from faircompress.training.fit import fabric_for, fit
from faircompress.training.objectives.cross_entropy import cross_entropy

TRAIN, TEST, EPOCHS, SPEEDUP, SMALL = 10_000, 5_000, 2, 2.0, 8
PW = ".performance_weighted={min_weight: 0.5, gamma: 1.0}"
RECIPE = [
    "train.model=resnet20", f"train.epochs={EPOCHS}", "train.lr=0.003", "prune.min_channels=0",
    "prune.scoring.name=performance_weighted", f"prune.scoring{PW}",
    "prune.finetune.name=performance_weighted", f"prune.finetune{PW}", "prune.lr=0.001",
]  # fmt: skip
AUTOBOT = ["prune.criterion.name=autobot", "prune.rounds=1"]
TAYLOR = ["prune.criterion.name=taylor", "prune.rounds=8"]


def measure(
    released: SimpleNamespace, root: str, *, iterations: int, cuts: int | None, tune: int
) -> None:
    """Train a network, cut it by both codes with both criteria, and print a table."""
    options = f"prune.criterion.autobot={{iterations: {iterations}, lr: 0.7, beta: 5.3}}"
    splits = {"train": _split(root, "train", TRAIN), "test": _split(root, "test", TEST)}
    dense = trained(splits["train"])
    wide = read_widths(dense.net, dense.blank((32, 32)))
    pictures = dense.normalised(torch.from_numpy(splits["train"].images)).contiguous()
    data = TensorDataset(pictures, torch.from_numpy(splits["train"].labels))
    print(f"\n{_machine()}; dense AUROC {_auroc(dense, splits['test']):.4f}\n")
    _print("criterion", "code", "what ran", "speed-up, physical", "seconds", "ratio", "AUROC tuned")
    print("|---|---|---|---:|---:|---:|---:|")
    for name, search, choices in (
        ("AutoBot", partial(their_autobot, released, data, iterations), [*AUTOBOT, options]),
        ("Taylor", partial(their_taylor, released, data, cuts), TAYLOR),
    ):
        theirs = search(Found(wide), dense.net)
        masked = _cut_by(dense, theirs)
        auroc = _tuned_auroc(masked, dense, splits, tune) if tune and theirs.flags else "-"
        reached = f"{theirs.speedup:.3f}"
        _print(name, "released", theirs.what, reached, f"{theirs.seconds:.0f}", "", auroc)
        how = load(Path("params.yaml"), [*RECIPE, *choices, f"prune.speedup={reached}"]).prune
        start = time.process_time()
        ours, achieved = compress(dense, splits["train"], how)
        seconds = time.process_time() - start
        auroc = _tuned_auroc(ours, dense, splits, tune) if tune else "-"
        ratio, reached = f"{theirs.seconds / seconds:.1f}", f"{achieved.speedup:.3f}"
        what = f"{how.rounds} round(s), with loading and augmentation"
        _print(name, "ours", what, reached, f"{seconds:.0f}", ratio, auroc)


def _print(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


@dataclass
class Found:
    """What a search of theirs came to, watched from outside."""

    widths: ChannelWidths
    what: str = ""
    seconds: float = 0.0
    speedup: float = 1.0
    flags: dict[str, Tensor] = field(default_factory=dict)

    def read(self, net: nn.Module, convs: list[Any]) -> None:
        """Note which channels are masked, and what is left if those of whole groups go."""
        names = [*scored(net)]
        self.flags = {n: c.include_flags.clone() for n, c in zip(names, convs, strict=True)}
        gone = {
            group.root: int(
                torch.stack([self.flags[name] for name in group.writers]).sum(0).eq(0).sum()
            )
            for group in self.widths.groups
        }
        self.speedup = self.widths.macs() / self.widths.macs(gone)


def their_autobot(
    released: SimpleNamespace, data: TensorDataset, iterations: int, found: Found, net: nn.Module
) -> Found:
    """Search by their AutoBot, which is asked for the speed-up by its own count."""
    bottlenecks: list[Any] = []

    def watch(data: Any, convs: Any, *values: Tensor) -> None:
        bottlenecks[:] = convs

    start = time.process_time()
    pruner = released_checkout.autobot(released, data, num_iters=iterations)
    run(pruner, as_released(released, net), 1 - 1 / SPEEDUP, watch)
    found.seconds = time.process_time() - start
    found.read(net, bottlenecks)
    found.what = f"{iterations + 1} iterations, asked for {SPEEDUP:g}"
    return found


def their_taylor(
    released: SimpleNamespace, data: TensorDataset, cuts: int | None, found: Found, net: nn.Module
) -> Found:
    """Search by their Taylor, which goes on until the physical speed-up is reached.

    With ``cuts`` only so many are timed, and how many are needed is counted with small batches.
    """
    count, seconds = _cut_one_by_one(released, data, found, net, cuts, 128)
    found.seconds, found.what = seconds, f"{count} cuts of one filter"
    if found.speedup < SPEEDUP:
        needed, _ = _cut_one_by_one(released, data, found, net, None, SMALL)
        found.seconds = seconds / (count + 1) * needed  # one more was scored
        found.what = f"{count} cuts timed, {needed} needed (counted with batches of {SMALL})"
        found.flags = {}
    return found


def _cut_one_by_one(
    released: SimpleNamespace,
    data: TensorDataset,
    found: Found,
    net: nn.Module,
    cuts: int | None,
    batch: int,
) -> tuple[int, float]:
    """Return how many cuts were made, and in how many seconds of processor time."""
    count = 0

    def watch(data: Any, convs: Any, scores: Tensor) -> None:
        nonlocal count
        found.read(net, convs)
        if found.speedup >= SPEEDUP or count == cuts:
            raise Enough
        count += 1

    start = time.process_time()
    pruner = released_checkout.taylor(released, data, batch_size=batch)
    run(pruner, as_released(released, net), 0.999, watch)
    return count, time.process_time() - start


def trained(split: Split) -> Network:
    """Train the dense network."""
    params = load(Path("params.yaml"), RECIPE)
    torch.manual_seed(params.train.seed)
    pixels = split.images / np.float32(255)
    mean, std = (tuple(moment((0, 1, 2)).tolist()) for moment in (pixels.mean, pixels.std))
    dense = Network(build("resnet20", 10), "resnet20", 10, mean, std)
    fabric = fabric_for(params.compute)
    fit(dense, split, cross_entropy, params.train, fabric, seed=params.train.seed, what="training")
    dense.net.eval()
    return dense


def _cut_by(dense: Network, found: Found) -> Network:
    """Return the network without the channels that all who write them have masked."""

    def score(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
        return found.flags

    net = copy.deepcopy(dense.net)
    if found.flags and found.speedup > 1:
        net, _ = cut(net, score, dense.blank((32, 32)), speedup=found.speedup)
    return Network(net, dense.architecture, dense.classes, dense.mean, dense.std)


def _tuned_auroc(pruned: Network, dense: Network, splits: dict[str, Split], epochs: int) -> str:
    params = load(Path("params.yaml"), [*RECIPE, f"prune.epochs={epochs}"])
    how, fabric = params.prune, fabric_for(params.compute)
    loss, train = chosen(how.finetune, "objectives"), splits["train"]
    teacher = copy.deepcopy(dense.net)  # fit freezes it, and the next search needs its gradients
    fit(pruned, train, loss, how, fabric, seed=1, what="fine-tuning", dense=teacher)
    return f"{_auroc(pruned, splits['test']):.4f}"


def _auroc(network: Network, test: Split) -> float:
    """Return the area under the curve, one class against the rest, mean over the classes."""
    said = probabilities(network, test.images).astype(float)
    said /= said.sum(1, keepdims=True)
    return float(roc_auc_score(test.labels, said, multi_class="ovr"))


def _split(root: str, name: str, rows: int) -> Split:
    raw = cifar10(root=root)
    here = np.flatnonzero((raw.rows["split"] == name).to_numpy())
    here = np.sort(np.random.default_rng(0).permutation(here)[:rows])
    images = np.stack([np.asarray(raw.read(row)) for row in here.tolist()])
    labels = raw.rows["label"].to_numpy(np.int64)[here]
    return Split(raw.rows.iloc[here].reset_index(drop=True), images, labels, labels, 10)


def _machine() -> str:
    cores, threads = os.cpu_count(), torch.get_num_threads()
    return f"{platform.machine()}, {cores} cores, {threads} thread(s), torch {torch.__version__}"
