"""What the fixed cost of pixels is: files that normalise by a product and a sum, and as they are.

Takes the files of a project that ran (`artifacts/export`), puts a product and a sum by plane in the
place of the one pass that `export.planes` writes, and times both in turns. Equal bits are checked.

    OMP_NUM_THREADS=1 python bench/pixels.py artifacts/export [--pairs 60] [--batches 1 64]
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import helper
from paired import paired

from faircompress.export import runtime, timing
from faircompress.export.planes import MEAN, SCALE, SHIFT, VARIANCE
from faircompress.export.ports import INPUT


def as_it_was(file: Path) -> bytes:
    """Return a file that multiplies and adds by plane, as `export.planes` finds it."""
    model = onnx.load(file)
    graph = model.graph
    (one,) = [node for node in graph.node if node.name == "normalise"]
    for tensor in graph.initializer:
        if tensor.name in (SCALE, SHIFT):
            tensor.dims[:] = [3, 1, 1]
    for tensor in [t for t in graph.initializer if t.name in (MEAN, VARIANCE)]:
        graph.initializer.remove(tensor)
    place = [*graph.node].index(one)
    nodes = [
        helper.make_node("Mul", [one.input[0], SCALE], ["scaled"]),
        helper.make_node("Add", ["scaled", SHIFT], [one.output[0]]),
    ]
    graph.node.remove(one)
    for node in reversed(nodes):
        graph.node.insert(place, node)
    written: bytes = model.SerializeToString()
    return written


def main() -> None:
    """Print a row a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64])
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    heads = "".join(f" faster, batch {b} (95 %) |" for b in asked.batches)
    print(f"| file | equal bits | bytes more |{heads}")
    print("|---|---|--:|" + "--:|" * len(asked.batches), flush=True)
    for file in sorted(asked.folder.glob("*.onnx")):
        old = as_it_was(file)
        before, now = (
            runtime.session(one, "cpu", threads=asked.threads) for one in (old, file.read_bytes())
        )
        side = [axis for axis in now.get_inputs()[0].shape[1:] if isinstance(axis, int)]
        pictures = np.random.default_rng(0).integers(0, 256, (64, *side), np.uint8)
        equal = np.array_equal(
            before.run(None, {INPUT: pictures})[0], now.run(None, {INPUT: pictures})[0]
        )
        cells = []
        for batch in asked.batches:
            cells.append(str(paired(before, now, pictures, batch=batch, pairs=asked.pairs)))
        more = file.stat().st_size - len(old)
        print(f"| {file.name} | {equal} | {more} | {' | '.join(cells)} |", flush=True)
    print(f"\n{timing.hardware(now)}, medians of {asked.pairs} pairs")


if __name__ == "__main__":
    main()
