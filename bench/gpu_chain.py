"""The chain after validation, on a GPU and on the CPU of the same machine: seconds and parity.

Each stage runs as `faircompress stage` runs it, on data that were validated before
(`faircompress run` leaves them in artifacts/validate), in a folder of its own for each device.
``python bench/gpu_chain.py artifacts/validate`` prints Markdown.
"""

import argparse
import importlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from faircompress.config.params import Params, load
from faircompress.support.files import read_json, write_json

PARAMS = Path(__file__).parent.parent / "params.yaml"
STAGES = ("train", "prune", "export", "gate")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("validated", type=Path)
    parser.add_argument("--devices", nargs="+", default=["cuda", "cpu"])
    parser.add_argument("-S", dest="changes", action="append", default=[], help="as of `run`")
    asked = parser.parse_args()
    print(f"torch {torch.__version__}, {os.cpu_count()} processors, changes: {asked.changes}\n")
    for device in asked.devices:
        params = load(PARAMS, [*asked.changes, f"compute.device={device}"])
        with tempfile.TemporaryDirectory() as folder:
            describe(device, *run_stages(params, asked.validated.resolve(), Path(folder)))


def run_stages(
    params: Params, validated: Path, artifacts: Path
) -> tuple[dict[str, float], dict[str, Any], Path]:
    """Run the stages in a folder; return seconds and numbers of each, and the folder."""
    (artifacts / "validate").symlink_to(validated)
    seconds, numbers = {}, {}
    for name in STAGES:
        if name == "gate":
            write_first_look(artifacts)
        stage = getattr(importlib.import_module(f"faircompress.stages.{name}"), name)
        start = time.perf_counter()
        numbers[name] = stage(params, artifacts)
        seconds[name] = time.perf_counter() - start
        write_json(artifacts / f"{name}.json", numbers[name])
    return seconds, numbers, artifacts


def write_first_look(artifacts: Path) -> None:
    """Write what the flow tells the gate of an empty registry: no champion, a first look."""
    export = read_json(artifacts / "export.json")
    looks = {file: 1 for key, file in export.items() if key.endswith("_sha256")}
    write_json(artifacts / "champion.json", {"champion": None, "original_champion": None})
    write_json(artifacts / "look.json", {"looks": looks, "released": 0, "test": ""})


def describe(
    device: str, seconds: dict[str, float], numbers: dict[str, Any], artifacts: Path
) -> None:
    """Print what came of the stages on a device."""
    where = read_json(artifacts / "export" / "latency.json")
    outcomes = {key: str(value) for key, value in numbers["gate"]["precisions"].items()}
    print(f"## {device}: {where['processor']}, {where['provider']}, ONNX Runtime "
          f"{where['onnxruntime']}\n")  # fmt: skip
    hashes = {name: numbers[name]["model_sha256"][:12] for name in ("train", "prune")}
    print(f"sha256 of the models: {hashes}; name a device twice to see whether they come again")
    print("seconds: " + ", ".join(f"{name} {taken:.1f}" for name, taken in seconds.items()))
    print(f"speed-up {numbers['prune']['speedup']:.2f}, outcomes {outcomes}\n")
    print("| file, split | largest difference to torch | clear decisions flipped | others |")
    print("|---|--:|--:|--:|")
    for name, far in read_json(artifacts / "export" / "parity.json").items():
        print(f"| {name} | {far['max_difference']:.1e} | {far['flips']} | {far['near_ties']} |")
    print("\n| precision | batch | dense fp32, ms | pruned, ms | faster (95 % interval) |")
    print("|---|--:|--:|--:|--:|")
    for precision, rows in where["times"].items():
        for row in rows:
            dense, pruned = row["dense"]["median"], row["pruned"]["median"]
            print(f"| {precision} | {row['batch']} | {dense:.2f} | {pruned:.2f} | "
                  f"{row['speedup']:.2f} ({row['low']:.2f}, {row['high']:.2f}) |")  # fmt: skip
    print(flush=True)


if __name__ == "__main__":
    main()
