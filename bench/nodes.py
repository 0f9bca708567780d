"""Which parts of a file do not get faster as their multiply-adds get fewer?

    OMP_NUM_THREADS=1 python bench/nodes.py [--model resnet18] [--side 224] [--speedups 4 16]

ONNX Runtime's own profile of the dense file and of those that `bench/latency.py` cuts (random
weights, `round_to: auto`): microseconds of each part, the shortest of many runs of a node, summed.
Convolutions are told by the side of what they give; in brackets millions of multiply-adds a
millisecond, channels as they are computed, in whole blocks.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from latency import MEAN, SCORES, STD, like

from faircompress.compression.cut import cut
from faircompress.config.widths import widths_kept
from faircompress.data.dataset import Facts
from faircompress.export.liked_width import liked_width
from faircompress.export.ports import INPUT
from faircompress.export.to_onnx import to_onnx, words
from faircompress.networks import network as networks
from faircompress.networks.network import Network

Part = tuple[float, float]  # microseconds, multiply-adds


def main() -> None:
    """Cut, profile, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--side", type=int, default=224, help="pixels")
    parser.add_argument("--speedups", type=float, nargs="+", default=[4, 16])
    parser.add_argument("--runs", type=int, default=60)
    asked = parser.parse_args()
    facts = Facts(("no", "yes"), (), (asked.side,) * 2, MEAN, STD, "", {})
    torch.manual_seed(0)
    net = networks.build(asked.model, 2).eval()
    dense = Network(net, asked.model, 2, MEAN, STD)
    found = {"dense": parts(dense, facts, asked.runs)}
    how = widths_kept("auto", liked_width("cpu"))
    for speedup in asked.speedups:
        for name, score in SCORES.items():
            made, _ = cut(
                net, score, dense.blank(facts.size), speedup=speedup, rounds=4, floor=0.05,
                round_to=how["round_to"], choices=how["choices"],
            )  # fmt: skip
            found[f"{speedup:g}x, {name}"] = parts(like(dense, made), facts, asked.runs)
    print("| part | " + " | ".join(found) + " |")
    print("|---|" + "--:|" * len(found))
    for part in found["dense"]:
        print(f"| {part} | " + " | ".join(cell(of.get(part)) for of in found.values()) + " |")
    sums = [sum(time for time, _ in of.values()) for of in found.values()]
    print("| all | " + " | ".join(f"{one:.0f}" for one in sums) + " |")


def cell(part: Part | None) -> str:
    """Return microseconds, and how fast multiply-adds are."""
    if part is None:
        return ""
    time, macs = part
    return f"{time:.0f} ({macs / time / 1000:.0f})" if macs else f"{time:.0f}"


def parts(network: Network, facts: Facts, runs: int) -> dict[str, Part]:
    """Profile a network's file."""
    content = to_onnx(network, facts.size, opset=20, words=words(network, facts, params=""))
    shortest: dict[str, float] = {}
    kinds: dict[str, tuple[str, float]] = {}
    for event in profile(content, facts.size, runs):
        name = event["name"]
        shortest[name] = min(event["dur"], shortest.get(name, np.inf))
        kinds[name] = kind_of(event)
    found: dict[str, Part] = defaultdict(lambda: (0.0, 0.0))
    seen = False
    for name, (kind, macs) in kinds.items():
        seen |= kind.startswith("convolutions")
        part = kind if kind else ("the rest" if seen else "pixels")
        found[part] = (found[part][0] + shortest[name], found[part][1] + macs)
    return dict(found)


def kind_of(event: dict) -> tuple[str, float]:
    """Return the part that a node belongs to, nothing where its place tells; and multiply-adds."""
    if event["args"]["op_name"] != "Conv":
        return "", 0.0
    (weight,) = event["args"]["input_type_shape"][1].values()
    (given,) = event["args"]["output_type_shape"][0].values()
    return f"convolutions at {given[-1]} px", float(np.prod(weight) * given[-1] * given[-2])


def profile(content: bytes, size: tuple[int, int], runs: int) -> list[dict]:
    """Return the events of nodes, in the order in which they ran; the first runs are left out."""
    with tempfile.TemporaryDirectory() as folder:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        opened = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        picture = np.random.default_rng(0).integers(0, 256, (1, *size, 3), np.uint8)
        for _ in range(runs):
            opened.run(None, {INPUT: picture})
        events = json.loads(Path(opened.end_profiling()).read_text())
    nodes = [e for e in events if e["cat"] == "Node" and e["name"].endswith("_kernel_time")]
    return nodes[len(nodes) // runs * 3 :]


if __name__ == "__main__":
    main()
