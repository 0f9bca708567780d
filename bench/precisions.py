"""How small and how fast is a network in half precision and in 8-bit integers, on this machine?

A torchvision network with random weights is exported and reduced as the stage ``export`` does it.
Each file is timed beside the one in float32, taking turns, and all predict the same noise. Weights
and pictures do not matter for size and time; for harm they do, and only the gate can tell.
`python bench/precisions.py` prints Markdown.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

from faircompress.data.dataset import Facts
from faircompress.export import runtime, timing
from faircompress.export.quantize import to_fp16, to_int8
from faircompress.export.to_onnx import to_onnx, words
from faircompress.networks import network as networks
from faircompress.networks.network import Network


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--side", type=int, default=224, help="pixels")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--pairs", type=int, default=20)
    asked = parser.parse_args()
    pictures = np.random.default_rng(0).integers(0, 256, (32, asked.side, asked.side, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        paths = write(asked.model, pictures, Path(folder))
        opened = {name: runtime.session(path, "cpu") for name, path in paths.items()}
        expected = runtime.predict(opened["fp32"], pictures)
        where = timing.hardware(opened["fp32"])
        print(f"{asked.model}, {asked.side} px, {where['processor']}, {where['threads']} threads\n")
        heads = "".join(f" faster, batch {batch} (95 % interval) |" for batch in asked.batches)
        print(f"| file | bytes | of fp32 | largest difference |{heads}")
        print("|---|--:|--:|--:|" + "--:|" * len(asked.batches))
        for name, path in paths.items():
            size, whole = path.stat().st_size, paths["fp32"].stat().st_size
            found = runtime.predict(opened[name], pictures)
            cells = [f"{size:,}", f"{size / whole:.2f}", f"{np.abs(found - expected).max():.1e}"]
            for batch in asked.batches:
                time = timing.latency(
                    opened["fp32"], opened[name], pictures, batch=batch, repeats=asked.pairs
                )
                cells.append(f"{time.speedup:.2f} ({time.low:.2f}, {time.high:.2f})")
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


def write(model: str, pictures: np.ndarray, folder: Path) -> dict[str, Path]:
    """Write a network's file in each precision; return where."""
    torch.manual_seed(0)
    size = pictures.shape[1:3]
    facts = Facts(("no", "yes"), (), size, (0.5,) * 3, (0.25,) * 3, "", {})
    network = Network(networks.build(model, 2).eval(), model, 2, facts.mean, facts.std)
    whole = to_onnx(network, size, opset=20, words=words(network, facts, params=""))
    contents = {
        "fp32": whole,
        "fp16": to_fp16(whole),
        "int8": to_int8(whole, pictures, weight_bits=8),
        "int8, 7-bit weights": to_int8(whole, pictures, weight_bits=7),
    }
    for name, content in contents.items():
        (folder / f"{name}.onnx").write_bytes(content)
    return {name: folder / f"{name}.onnx" for name in contents}


if __name__ == "__main__":
    main()
