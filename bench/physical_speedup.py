"""How much of a speed-up in multiply-adds is left in milliseconds, on the GPU or the CPU?

A torchvision network with random weights is cut by magnitude, exported, and timed beside its dense
file in the same precision, in turns. Weights do not matter for time. Fewer channels make less work
for a large GPU than it takes to start a kernel, so small batches gain little there.
``python bench/physical_speedup.py --device cuda`` prints Markdown.
"""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator, nn

from faircompress.compression.channels import Budget
from faircompress.compression.criteria.magnitude import magnitude
from faircompress.compression.cut import cut
from faircompress.data.dataset import Facts
from faircompress.export import runtime, timing
from faircompress.export.quantize import to_fp16
from faircompress.export.to_onnx import to_onnx, words
from faircompress.networks import network as networks
from faircompress.networks.network import Network
from faircompress.training.loss_function import LossFunction
from faircompress.training.objectives.cross_entropy import cross_entropy

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FACTS = Facts(("no", "yes"), (), (224, 224), (0.5,) * 3, (0.25,) * 3, "", {})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["resnet18", "resnet50"])
    parser.add_argument("--speedups", type=float, nargs="+", default=[4, 16])
    parser.add_argument("--round-to", type=int, default=8)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 128])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=40)
    asked = parser.parse_args()
    pictures = np.random.default_rng(0).integers(0, 256, (128, 224, 224, 3), np.uint8)
    print("| network | asked | MACs | precision | batch | dense, ms | pruned, ms | faster (95 %) |")
    print("|---|--:|--:|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for model in asked.models:
            dense = built(model)
            for speedup in asked.speedups:
                pruned, reached = smaller(dense, speedup, asked.round_to)
                for precision in ("fp32", "fp16"):
                    paths = [written(net, precision, Path(folder) / f"{i}.onnx")
                             for i, net in enumerate((dense, pruned))]  # fmt: skip
                    first, second = (opened(p, asked, half=precision == "fp16") for p in paths)
                    for batch in asked.batches:
                        found = timing.latency(
                            first, second, pictures, batch=batch, repeats=asked.pairs
                        )
                        print(f"| {model} | {speedup:g} | {reached:.2f} | {precision} | {batch} | "
                              f"{found.dense['median']:.2f} | {found.pruned['median']:.2f} | "
                              f"{found.speedup:.2f} ({found.low:.2f}, {found.high:.2f}) |",
                              flush=True)  # fmt: skip
                    where = timing.hardware(first)
    print(f"\n{where}, channels in multiples of {asked.round_to}, {asked.pairs} pairs")


def opened(path: Path, asked: argparse.Namespace, *, half: bool) -> "InferenceSession":
    """Open a file as the stage `export` does."""
    return runtime.session(path, asked.device, threads=asked.threads, half=half)


def built(model: str) -> Network:
    """Return a network of random weights."""
    torch.manual_seed(0)
    return Network(networks.build(model, 2).eval(), model, 2, FACTS.mean, FACTS.std)


def smaller(dense: Network, speedup: float, round_to: int) -> tuple[Network, float]:
    """Return the network cut by magnitude, and the speed-up in multiply-adds that was reached."""

    def score(net: nn.Module, number: int, budget: Budget) -> dict[str, torch.Tensor]:
        return magnitude(net, iter(()), LossFunction(cross_entropy), rng=Generator())

    net, achieved = cut(
        dense.net, score, dense.blank(FACTS.size),
        speedup=speedup, rounds=4, floor=0.05, round_to=round_to,
    )  # fmt: skip
    pruned = Network(net.eval(), dense.architecture, 2, dense.mean, dense.std)
    return pruned, achieved.speedup


def written(network: Network, precision: str, path: Path) -> Path:
    """Write a network's file; return where."""
    content = to_onnx(network, FACTS.size, opset=20, words=words(network, FACTS, params=""))
    path.write_bytes(to_fp16(content) if precision == "fp16" else content)
    return path


if __name__ == "__main__":
    main()
