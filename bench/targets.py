"""Are the milliseconds and megabytes that a cut is told by true of the file that comes out?

    OMP_NUM_THREADS=1 python bench/targets.py [--models small:48 resnet18:224] [--pairs 40]

A network with random weights is cut to a half and a quarter of its dense file's time, then bytes,
by ``prune.target``'s own means. The file is exported and timed beside the dense one, in turns, in
processor time, since the machine may have more to do; so what is compared is how much faster it is.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from latency import MEAN, STD, like, opened
from paired import paired

from faircompress.compression.channels import read_widths
from faircompress.compression.cut import cut
from faircompress.config.targets import Target
from faircompress.config.widths import widths_kept
from faircompress.data.dataset import Facts
from faircompress.export.cut_limit import limit_of
from faircompress.export.liked_width import liked_width
from faircompress.export.trial_cut import by_magnitude, corrected
from faircompress.networks import network as networks
from faircompress.networks.network import Network
from faircompress.support.errors import InputError


def main() -> None:
    """Print a row a network and target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["small:48", "resnet18:224"])
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print("| network | target | MACs | predicted | came out (95 %) | missed by |")
    print("|---|--:|--:|--:|--:|--:|", flush=True)
    for word in asked.models:
        model, side = word.split(":")
        rows(model, side, asked)


def rows(model: str, side: str, asked: argparse.Namespace) -> None:
    """Print the rows of a network."""
    facts = Facts(("no", "yes"), (), (int(side),) * 2, MEAN, STD, "", {})
    torch.manual_seed(0)
    dense = Network(networks.build(model, 2).eval(), model, 2, MEAN, STD)
    whole = read_widths(dense.net, dense.blank(facts.size)).layer_widths()
    pictures = np.random.default_rng(0).integers(0, 256, (4, *facts.size, 3), np.uint8)
    liked = liked_width(asked.device)
    for kind, share in ((k, s) for k in ("latency_ms", "file_mb") for s in (2, 4)):
        limit = limit_of(Target(**{kind: 1e-9}), dense, facts, asked.device, block=liked)
        target = limit.cost(whole) / share
        goal = type(limit)(limit.cost, target, limit.unit, limit.key)
        how = widths_kept("auto", liked)
        try:
            if kind == "latency_ms":
                limit = corrected(goal, dense, facts, asked.device, floor=0.05, rounds=4, **how)
                goal = limit
            net, done = cut(
                dense.net, by_magnitude, dense.blank(facts.size), speedup=2, rounds=4, floor=0.05,
                round_to=how["round_to"], choices=how["choices"], limit=goal,
            )  # fmt: skip
        except InputError as error:
            print(f"| {model}, {side} px | dense over {share} | refused: {error} | | | |")
            continue
        predicted = limit.cost(whole) / (done.cost or 1)
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / name for name in ("dense.onnx", "pruned.onnx")]
            first = opened(dense, facts, files[0], asked)
            second = opened(like(dense, net), facts, files[1], asked)
            if kind == "latency_ms":
                found = paired(first, second, pictures, batch=1, pairs=asked.pairs)
                out, words = found.faster, f"{found}x faster"
            else:
                out = files[0].stat().st_size / files[1].stat().st_size
                words = f"{out:.2f}x smaller"
        print(
            f"| {model}, {side} px | {target:.3g} {limit.unit}, dense over {share} | "
            f"{done.speedup:.2f} | {predicted:.2f}x | {words} | {max(0.0, share / out - 1):.0%} |",
            flush=True,
        )
    print(f"\nliked multiple {liked}, {asked.pairs} pairs", flush=True)


if __name__ == "__main__":
    main()
