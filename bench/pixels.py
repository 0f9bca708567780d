"""What the fixed cost of pixels is: files with normalisation's constants as they were, and now.

Takes the files of a project that ran (`artifacts/export`), puts one number a plane back where they
hold as many numbers as the picture has pixels, and times both in turns. Equal bits are checked.

    OMP_NUM_THREADS=1 python bench/pixels.py artifacts/export [--pairs 60] [--batches 1 64]
"""

import argparse
from pathlib import Path

import numpy as np
import onnx

from faircompress.export import runtime, timing
from faircompress.export.planes import CONSTANTS
from faircompress.export.ports import INPUT


def as_it_was(file: Path) -> bytes:
    """Return a file with one number a plane, as it is written without `export.planes`."""
    model = onnx.load(file)
    wide = {f"{name}_planes": name for name in CONSTANTS}
    kept = [node for node in model.graph.node if node.op_type != "Expand"]
    for node in kept:
        node.input[:] = [wide.get(name, name) for name in node.input]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    for tensor in [one for one in model.graph.initializer if one.name == "planes"]:
        model.graph.initializer.remove(tensor)
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
            time = timing.latency(before, now, pictures, batch=batch, repeats=asked.pairs)
            cells.append(f"{time.speedup:.2f} ({time.low:.2f}, {time.high:.2f})")
        more = file.stat().st_size - len(old)
        print(f"| {file.name} | {equal} | {more} | {' | '.join(cells)} |", flush=True)
    print(f"\n{timing.hardware(now)}, medians of {asked.pairs} pairs")


if __name__ == "__main__":
    main()
