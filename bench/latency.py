"""How much of a speed-up in multiply-adds is left in milliseconds, beside Torch-Pruning?

A network with random weights is cut by us, with channels in multiples of 1, 8 and of what this
machine likes (``auto``): by magnitude, and the same share of every layer (``even``), as
Torch-Pruning's uniform pruner does (its share found by halving until it reaches the multiply-adds).
All are exported in the same wrapper, from pixels to probabilities, and timed beside the dense file,
taking turns, in processor time where there is one thread. Share is the measured speed-up over that
in multiply-adds. Weights do not matter for time, but where channels go does.
``OMP_NUM_THREADS=1 python bench/latency.py`` prints Markdown.
"""

import argparse
import copy
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch_pruning as tp
from paired import paired
from torch import nn

from faircompress.compression.channels import Budget, read_widths
from faircompress.compression.cut import cut
from faircompress.config.widths import widths_kept
from faircompress.data.dataset import Facts
from faircompress.export import runtime, timing
from faircompress.export.liked_width import liked_width
from faircompress.export.to_onnx import to_onnx, words
from faircompress.export.trial_cut import by_magnitude
from faircompress.networks import network as networks
from faircompress.networks.layers import head, scored
from faircompress.networks.network import Network

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--side", type=int, default=224, help="pixels")
    parser.add_argument("--speedups", type=float, nargs="+", default=[4, 16])
    parser.add_argument("--round-to", nargs="+", default=["1", "8", "auto"])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=40)
    asked = parser.parse_args()
    facts = Facts(("no", "yes"), (), (asked.side, asked.side), MEAN, STD, "", {})
    pictures = np.random.default_rng(0).integers(0, 256, (64, *facts.size, 3), np.uint8)
    torch.manual_seed(0)
    net = networks.build(asked.model, 2).eval()
    dense = Network(net, asked.model, 2, MEAN, STD)
    liked = liked_width(asked.device)
    ends = "".join(f" ms, batch {b} | faster (95 %) | share |" for b in asked.batches)
    print(f"| {asked.model}, {asked.side} px | MACs |{ends}")
    print("|---|--:|" + "--:|--:|--:|" * len(asked.batches), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        first = opened(dense, facts, Path(folder) / "dense.onnx", asked)
        for speedup in asked.speedups:
            for name, made in smaller(dense, facts, speedup, asked.round_to, liked):
                other = opened(made, facts, Path(folder) / "pruned.onnx", asked)
                reached = macs(dense, facts) / macs(made, facts)
                cells = []
                for batch in asked.batches:
                    pairs = max(8, asked.pairs // batch)
                    time = paired(first, other, pictures, batch=batch, pairs=pairs)
                    share = time.faster / reached
                    cells.append(f"{time.milliseconds:.2f} | {time} | {share:.2f}")
                print(f"| {name} | {reached:.2f} | {' | '.join(cells)} |", flush=True)
        where = timing.hardware(first)
    print(f"\n{where}, liked multiple {liked}, medians of {asked.pairs} pairs a picture")


def opened(
    network: Network, facts: Facts, path: Path, asked: argparse.Namespace
) -> "InferenceSession":
    """Write a network's file and open it, as the stage `export` does."""
    path.write_bytes(to_onnx(network, facts.size, opset=20, words=words(network, facts, params="")))
    return runtime.session(path, asked.device, threads=asked.threads)


def macs(network: Network, facts: Facts) -> float:
    """Return multiply-adds of a picture, by our counter."""
    return read_widths(network.net, network.blank(facts.size)).macs()


def smaller(
    dense: Network, facts: Facts, speedup: float, round_to: list[str], liked: int
) -> Iterator[tuple[str, Network]]:
    """Give the network cut in each way, and its name."""
    for kept, (name, score) in itertools.product(round_to, SCORES.items()):
        how = widths_kept("auto" if kept == "auto" else int(kept), liked)
        net, _ = cut(
            dense.net, score, dense.blank(facts.size), speedup=speedup, rounds=4, floor=0.05,
            round_to=how["round_to"], choices=how["choices"],
        )  # fmt: skip
        yield f"{name}, multiples of {kept}", like(dense, net)
    yield "Torch-Pruning, uniform", like(dense, uniform(dense, facts, speedup))


def evenly(net: nn.Module, number: int, budget: Budget) -> dict[str, torch.Tensor]:
    """Score channels by their number, so that every layer loses the same share."""
    return {n: torch.arange(float(len(m.weight))) / len(m.weight) for n, m in scored(net).items()}


SCORES = {"by magnitude": by_magnitude, "even": evenly}


def uniform(dense: Network, facts: Facts, speedup: float) -> nn.Module:
    """Return Torch-Pruning's network: the smallest share of each layer that reaches a speed-up."""
    example, whole = dense.blank(facts.size), macs(dense, facts)
    low, high = 0.0, 0.98
    for _ in range(12):
        middle = (low + high) / 2
        net = pruned_by_share(dense.net, example, middle)
        low, high = (
            (low, middle) if whole / macs(like(dense, net), facts) >= speedup else (middle, high)
        )
    return pruned_by_share(dense.net, example, high)


def pruned_by_share(dense: nn.Module, example: torch.Tensor, share: float) -> nn.Module:
    """Return a copy without a share of every layer's channels, as Torch-Pruning does it."""
    net = copy.deepcopy(dense)
    pruner = tp.pruner.MetaPruner(
        net, example, importance=tp.importance.MagnitudeImportance(p=2),
        pruning_ratio=share, ignored_layers=[head(net)],
    )  # fmt: skip
    pruner.step()
    return net.eval()


def like(dense: Network, net: nn.Module) -> Network:
    """Return a network that takes pictures as the dense one does."""
    return Network(net.eval(), dense.architecture, dense.classes, dense.mean, dense.std)


if __name__ == "__main__":
    main()
